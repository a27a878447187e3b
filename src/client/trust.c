/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose certificates are believed: a file that the operator names, or what the system trusts. */
#include "client/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/session.h"

static int load(struct client_trust *trust, const char *authorities, struct text *fault)
{
	int count;

	if (authorities == NULL) {
		gnutls_certificate_set_x509_system_trust(trust->credentials);
		return 0; /* a system without any trusts nobody */
	}
	if (access(authorities, R_OK) != 0) {
		text_printf(fault, "tls: authorities: can't read '%s': %s\n", authorities,
			    strerror(errno));
		return -EINVAL;
	}
	count = gnutls_certificate_set_x509_trust_file(trust->credentials, authorities,
						       GNUTLS_X509_FMT_PEM);
	if (count > 0)
		return 0;
	text_printf(fault, "tls: authorities: no certificate in '%s'%s%s\n", authorities,
		    count < 0 ? ": " : "", count < 0 ? gnutls_strerror(count) : "");
	return count == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

int client_trust_new(struct client_trust **ret, const char *authorities, struct text *fault)
{
	struct client_trust *trust = calloc(1, sizeof(*trust));
	int err = -ENOMEM;

	if (trust != NULL)
		atomic_store(&trust->holders, 1);
	if (trust != NULL && gnutls_certificate_allocate_credentials(&trust->credentials) >= 0)
		err = load(trust, authorities, fault);
	if (err != 0)
		client_trust_free(trust);
	else
		*ret = trust;
	return err;
}

struct client_trust *client_trust_hold(struct client_trust *trust)
{
	if (trust != NULL)
		atomic_fetch_add(&trust->holders, 1);
	return trust;
}

void client_trust_free(struct client_trust *trust)
{
	if (trust == NULL || atomic_fetch_sub(&trust->holders, 1) > 1)
		return;
	if (trust->credentials != NULL)
		gnutls_certificate_free_credentials(trust->credentials);
	free(trust);
}
