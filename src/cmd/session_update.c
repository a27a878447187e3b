/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One update, from a command's changes to the server's answer, or to a script for nsupdate
 * (--print). The script is put together as the changes come, in their order, in the words of
 * nsupdate(1), and holds no secret.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "cmd/session.h"

int session_update_begin(struct session *s, const knot_dname_t *zone)
{
	client_update_free(s->update);
	s->update = NULL;
	text_reset(&s->script);
	if (client_update_new(&s->update, zone, 0) < 0)
		return command_fail(EXIT_INTERNAL, "out of memory");
	return 0;
}

static int added(int err)
{
	if (err == -ENOSPC)
		return command_fail(EXIT_INPUT, "too many changes for one update (64 KiB)");
	return err < 0 ? command_fail(EXIT_INTERNAL, "out of memory") : 0;
}

/* " TYPE RDATA", as much of it as the record has */
static void add_data(struct text *script, const struct record *r)
{
	if (r->type != KNOT_RRTYPE_ANY) {
		text_add(script, " ", 1);
		type_format(script, r->type);
	}
	if (r->rclass != KNOT_CLASS_ANY && r->rdata.data != NULL && r->type != KNOT_RRTYPE_ANY) {
		text_add(script, " ", 1);
		rdata_format(script, r->type, r->rdata);
	}
	text_add(script, "\n", 1);
}

int session_update_change(struct session *s, const struct record *r)
{
	bool add = r->rclass == KNOT_CLASS_IN;
	int code = added(client_update_change(s->update, r));

	if (code != 0)
		return code;
	text_puts(&s->script, add ? "update add " : "update delete ");
	name_format(&s->script, r->owner);
	if (add)
		text_printf(&s->script, " %u", r->ttl);
	add_data(&s->script, r);
	return 0;
}

int session_update_add(struct session *s, const knot_dname_t *owner, uint32_t ttl, uint16_t type,
		       struct slice rdata)
{
	struct record r = { owner, type, KNOT_CLASS_IN, ttl, rdata };

	return session_update_change(s, &r);
}

int session_update_delete(struct session *s, const knot_dname_t *owner, uint16_t type,
			  struct slice rdata)
{
	struct record r = { owner, type, rdata.data != NULL ? KNOT_CLASS_NONE : KNOT_CLASS_ANY, 0,
			    rdata };

	return session_update_change(s, &r);
}

int session_update_require(struct session *s, const struct record *r)
{
	bool whole = r->type == KNOT_RRTYPE_ANY;
	bool no = r->rclass == KNOT_CLASS_NONE;
	int code = added(client_update_require(s->update, r));

	if (code != 0)
		return code;
	text_puts(&s->script, no ? (whole ? "prereq nxdomain " : "prereq nxrrset ") :
				   (whole ? "prereq yxdomain " : "prereq yxrrset "));
	name_format(&s->script, r->owner);
	if (no) {
		struct record bare = { r->owner, r->type, KNOT_CLASS_ANY, 0, { 0 } };

		add_data(&s->script, &bare);
	} else {
		add_data(&s->script, r);
	}
	return 0;
}

/* RFC 2136 in nsupdate's words: server, zone, what was gathered, send. */
static int print_script(struct session *s)
{
	struct text head = { 0 };
	struct client *client;

	int code = session_client(s, NULL, &client);
	if (code != 0)
		return code;
	const char *server = client_server(client);
	const char *at = strchr(server, '@');
	text_printf(&head, "server %.*s %s\nzone ", (int)(at - server), server, at + 1);
	name_format(&head, client_update_zone(s->update));
	text_puts(&head, "\n");
	if (head.failed || s->script.failed)
		code = command_fail(EXIT_INTERNAL, "out of memory");
	else
		printf("%s%ssend\n", text_get(&head), text_get(&s->script));
	text_done(&head);
	return code;
}

int session_update_try(struct session *s, struct client_answer *ret)
{
	struct client *client;

	int code = session_client(s, client_update_zone(s->update), &client);
	if (code != 0)
		return code;
	struct slice message = client_update_message(s->update);
	if (message.data == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	int err = client_exchange(client, ret, message.data, message.size);
	return err < 0 ? session_failed(s, err) : 0;
}

int session_update_send(struct session *s)
{
	struct client_answer answer;

	if (s->print)
		return print_script(s);
	int code = session_update_try(s, &answer);
	return code != 0 ? code : session_refused(s, &answer);
}
