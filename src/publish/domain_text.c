/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SIP domain on paper: the transports in the order in which they are tried, under each its
 * servers with the share of the calls they get, the reserve below them, and what is missing at
 * the end.
 */
#include "publish/domain_view.h"
#include "publish/table.h"

static const char *share_text(struct arena *arena, const struct view_server *server, bool alone)
{
	const char *share = server->share > 0 && server->share < 0.5 ?
				    "<1 %" :
				    arena_printf(arena, "%.0f %%", server->share);

	if (server->rank == 0 || share == NULL)
		return share;
	const char *reserve = server->rank == 1 ? "reserve" :
						  arena_printf(arena, "reserve %u", server->rank);
	if (alone || reserve == NULL)
		return reserve;
	return arena_printf(arena, "%s, %s", reserve, share);
}

static const char *addresses_text(struct arena *arena, const struct view_server *server)
{
	struct text text = { 0 };

	for (size_t i = 0; i < server->address_count; i++)
		text_printf(&text, "%s%s", i == 0 ? "" : ", ", server->address[i]);
	if (server->note != NULL)
		text_printf(&text, "%s(%s)", text.size == 0 ? "" : " ", server->note);

	const char *kept = text.failed ? NULL : arena_text(arena, text_get(&text));
	text_done(&text);
	return kept;
}

static void transport_format(struct text *out, const struct view_transport *t, struct arena *arena)
{
	struct table table = { .arena = arena, .columns = 3 };

	table_row(&table, (const char *const[]){ "", "", "" }); /* no heads */
	for (size_t i = 0; i < t->server_count; i++) {
		const struct view_server *s = &t->server[i];
		bool alone = (i == 0 || s[-1].rank != s->rank) &&
			     (i + 1 == t->server_count || s[1].rank != s->rank);
		const char *cell[] = {
			share_text(arena, s, alone),
			arena_printf(arena, "%s:%u", s->host, s->port),
			addresses_text(arena, s),
		};

		for (size_t k = 0; k < 3; k++)
			table.failed |= cell[k] == NULL;
		table_row(&table, cell);
	}
	if (table.failed) {
		out->failed = true;
		return;
	}

	struct text rows = { 0 };
	table_format(&rows, &table, "       ");
	if (rows.failed)
		out->failed = true;
	else
		text_puts(out, strchr(rows.data, '\n') + 1);
	text_done(&rows);
}

void domain_view_format(struct text *out, const struct domain_view *view)
{
	struct arena arena = { 0 };

	text_printf(out, "%s\n", view->domain);
	for (size_t i = 0; i < view->transport_count; i++) {
		const struct view_transport *t = &view->transport[i];

		text_printf(out, "\n  %2zu.  %s   %s", i + 1, t->transport->title, t->name);
		if (t->naptr)
			text_printf(out, "   order %u", t->order);
		text_puts(out, "\n");
		if (t->closed)
			text_puts(out, "       not offered: the target is \".\"\n");
		else if (t->server_count == 0)
			text_puts(out, "       no servers\n");
		else
			transport_format(out, t, &arena);
	}
	if (view->missing_count > 0)
		text_puts(out, "\nmissing:\n");
	for (size_t i = 0; i < view->missing_count; i++)
		text_printf(out, "  %s\n", view->missing[i]);
	arena_done(&arena);
}

static void member(struct text *out, const char *name, const char *value)
{
	text_printf(out, "\"%s\": ", name);
	text_json(out, slice_text(value));
}

static void texts_json(struct text *out, const char *name, const char *const *at, size_t count)
{
	text_printf(out, "\"%s\": [", name);
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ", ");
		text_json(out, slice_text(at[i]));
	}
	text_puts(out, "]");
}

static void server_json(struct text *out, const struct view_server *s)
{
	text_puts(out, "{");
	member(out, "host", s->host);
	text_printf(out, ", \"port\": %u, \"priority\": %u, \"weight\": %u", s->port, s->priority,
		    s->weight);
	text_printf(out, ", \"reserve\": %s, \"share\": %.1f, ", s->rank > 0 ? "true" : "false",
		    s->share);
	texts_json(out, "addresses", s->address, s->address_count);
	if (s->note != NULL) {
		text_puts(out, ", ");
		member(out, "note", s->note);
	}
	text_puts(out, "}");
}

static void transport_json(struct text *out, const struct view_transport *t)
{
	text_puts(out, "{");
	member(out, "transport", t->transport->name);
	if (t->naptr) {
		text_printf(out, ", \"order\": %u, \"preference\": %u, ", t->order, t->preference);
		member(out, "service", t->transport->service);
		text_puts(out, ", ");
		member(out, "flags", t->flags);
	}
	text_puts(out, ", ");
	member(out, "name", t->name);
	text_puts(out, ", \"servers\": [");
	for (size_t i = 0; i < t->server_count; i++) {
		text_puts(out, i == 0 ? "" : ", ");
		server_json(out, &t->server[i]);
	}
	text_puts(out, "]}");
}

void domain_view_json(struct text *out, const struct domain_view *view)
{
	text_puts(out, "{");
	member(out, "domain", view->domain);
	text_puts(out, ", \"transports\": [");
	for (size_t i = 0; i < view->transport_count; i++) {
		text_puts(out, i == 0 ? "" : ", ");
		transport_json(out, &view->transport[i]);
	}
	text_puts(out, "], ");
	texts_json(out, "missing", view->missing, view->missing_count);
	text_puts(out, "}\n");
}
