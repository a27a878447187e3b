/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet domain: the servers of a SIP domain, set as a whole in one update, and shown as a client
 * will find them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/amount.h"
#include "cmd/command.h"
#include "cmd/lookup.h"
#include "publish/domain.h"
#include "publish/domain_view.h"

/* "out of memory", or what the fault says. */
static int fail(int err, struct text *fault)
{
	int code = err == -EINVAL ? command_fail(EXIT_INPUT, "%s", text_get(fault))
				  : command_fail(EXIT_INTERNAL, "out of memory");

	text_done(fault);
	return code;
}

static int send_changes(struct session *s, const knot_dname_t *zone, const struct changes *c)
{
	int code = session_update_begin(s, zone);

	if (code == 0)
		code = changes_give(s, c);
	return code == 0 ? session_update_send(s) : code;
}

/*
 * The NAPTR records that are at the domain now. With --print a server that can't be asked is no
 * hindrance: NULL then stands for "not known".
 */
static int naptr_now(struct session *s, const knot_dname_t *domain, const struct record **ret,
		     size_t *count)
{
	int code = session_lookup(s, domain, KNOT_RRTYPE_NAPTR, ret, count);

	if (code == 0 && *ret == NULL)
		*ret = &(static const struct record){ 0 };
	if (code != 0 && s->print) {
		fputs("onnet: what is there now is not known: all NAPTR records at the domain are replaced\n",
		      stderr);
		*ret = NULL;
		*count = 0;
		return 0;
	}
	return code;
}

