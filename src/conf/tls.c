/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS (RFC 7858, RFC 9103): the files of our certificate and of those whom we trust. Whether they
 * hold what they should is seen when they are loaded, by who uses them; here it is asked that a
 * private key is private, and that a server that is to speak TLS has both.
 */
#include "conf/tls.h"

static int tls_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	struct conf_tls *tls = ret;
	int err = section_read(r, TLS, node, tls);

	(void)row;
	if (err != 0 || (tls->certificate == NULL) == (tls->key == NULL))
		return err;
	return fault_add(r->faults, node->mark, "tls: a certificate and its key go together");
}

int tls_check(struct reading *r, const struct node *server)
{
	const struct node *listen = tree_find(server, "listen-tls");

	/* a section tls: with faults has had its line already */
	if (listen == NULL || r->conf->listen_tls_count == 0 || r->conf->tls.certificate != NULL ||
	    r->conf->tls.key != NULL)
		return 0;
	return fault_add(r->faults, listen->mark,
			 "listen-tls: it takes 'certificate' and 'key' in the section 'tls'");
}

const struct kind kind_tls = { .read = tls_read, .size = sizeof(struct conf_tls), .nested = true };
