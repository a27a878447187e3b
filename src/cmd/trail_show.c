/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change log for people. What changed is shown set by set, what went before
 * what came, numbers as numbers and their URIs as they were written (publish/entry.h). A SOA record of
 * which nothing but the serial changed is left out: each change has that.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/number.h"
#include "cmd/send.h"
#include "cmd/trail.h"
#include "cmd/when.h"
#include "dns/rdata.h"
#include "publish/table.h"
#include "zone/history.h"

enum { LINES_MAX = 20, WIDTH_MAX = 60 /* columns of an entry */ };

/* --- names and numbers --- */

static bool read_place(const char *const *suffix, size_t count, enum number_kind kind,
		       const struct record *r, struct entry_place *ret)
{
	for (size_t i = 0; i < count; i++)
		if (entry_place_read(ret, kind, suffix[i], r) == 0)
			return true;
	return false;
}

bool trail_place(struct session *s, const struct record *r, struct entry_place *ret)
{
	const struct conf *conf = NULL;

	if (r->type != KNOT_RRTYPE_NAPTR)
		return false;
	if (s->conf_looked)
		session_conf(s, &conf);
	if (conf == NULL)
		return s->zone != NULL && read_place(&s->zone, 1, NUMBER_E164, r, ret);
	return read_place(conf->e164, conf->e164_count, NUMBER_E164, r, ret) ||
	       read_place(conf->isn, conf->isn_count, NUMBER_ISN, r, ret);
}

void trail_name(struct text *out, const knot_dname_t *name)
{
	name_format(out, name);
	if (!out->failed && out->size > 1 && *name != 0)
		out->data[--out->size] = '\0';
}

void trail_label(struct session *s, struct text *out, const struct record *r)
{
	struct entry_place place;
	char number[NUMBER_TEXT_ROOM];

	if (!trail_place(s, r, &place)) {
		trail_name(out, r->owner);
	} else if (place.range) {
		text_puts(out, place_range_text(&s->arena, &place));
	} else {
		number_format(number, &place.number);
		text_puts(out, number);
	}
}

void trail_peer(struct text *out, struct slice peer)
{
	char text[INET6_ADDRSTRLEN] = "-";

	if (peer.size > 0)
		inet_ntop(peer.size == 4 ? AF_INET : AF_INET6, peer.data, text, sizeof(text));
	text_puts(out, text);
}

void trail_who(struct text *out, const struct audit_head *head)
{
	if (*head->key != 0) {
		text_puts(out, "key ");
		trail_name(out, head->key);
	} else {
		text_puts(out, head->peer.size > 0 ? "no key" : "the server itself");
	}
	if (head->peer.size > 0) {
		text_puts(out, " from ");
		trail_peer(out, head->peer);
	}
}

bool trail_same_soa(const struct record *a, const struct record *b)
{
	uint8_t copy[2 * KNOT_DNAME_MAXLEN + 20];
	size_t at;

	if (a->ttl != b->ttl || a->rdata.size != b->rdata.size || a->rdata.size > sizeof(copy) ||
	    !rdata_valid(KNOT_RRTYPE_SOA, a->rdata) || !rdata_valid(KNOT_RRTYPE_SOA, b->rdata))
		return false;
	memcpy(copy, b->rdata.data, b->rdata.size);
	at = rdata_soa_serial_at(a->rdata);
	if (at != rdata_soa_serial_at(b->rdata))
		return false;
	memcpy(copy + at, a->rdata.data + at, sizeof(uint32_t));
	return slice_equal(a->rdata, slice_make(copy, b->rdata.size));
}

static bool is_plain_serial(const struct trail_entry *entry)
{
	const struct record *old = trail_find(&entry->removed, KNOT_RRTYPE_SOA);
	const struct record *new = trail_find(&entry->added, KNOT_RRTYPE_SOA);

	return old != NULL && new != NULL &&trail_same_soa(old, new);
}

/* --- the records of an entry in the order in which they are shown --- */

struct shown {
	const struct trail_record *from;
	char sign; /* '-', '+' */
	size_t sequence;
	const char *label, *type, *data;
};

static int compare_shown(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;
	int order = knot_dname_cmp(x->from->record.owner, y->from->record.owner);

	if (order == 0)
		order = (int)x->from->record.type - (int)y->from->record.type;
	if (order == 0)
		order = (x->sign == '+') - (y->sign == '+');
	if (order == 0)
		order = x->sequence < y->sequence ? -1 : 1;
	return order;
}

static void add_shown(struct shown *list, size_t *count, const struct trail_list *from, char sign,
		      bool soa)
{
	for (const struct trail_record *r = from->first; r != NULL; r = r->next)
		if (soa || r->record.type != KNOT_RRTYPE_SOA) {
			list[*count] =
				(struct shown){ .from = r, .sign = sign, .sequence = *count };
			++*count;
		}
}

static struct shown *sort_shown(struct session *s, const struct trail_entry *entry, bool swapped,
				size_t *count)
{
	size_t room = entry->removed.count + entry->added.count + 1;
	struct shown *list = arena_zero(&s->arena, room * sizeof(*list));
	bool soa = !is_plain_serial(entry);

	*count = 0;
	if (list == NULL)
		return NULL;
	add_shown(list, count, swapped ? &entry->added : &entry->removed, '-', soa);
	add_shown(list, count, swapped ? &entry->removed : &entry->added, '+', soa);
	qsort(list, *count, sizeof(*list), compare_shown);
	return list;
}

/* --- a table --- */

/* The text for a terminal, in the arena; the text is emptied. */
static const char *keep(struct session *s, struct text *text)
{
	struct text visible = { 0 };

	text_visible(&visible, slice_text(text_get(text)));

	const char *copy =
		text->failed || visible.failed ? NULL : arena_text(&s->arena, text_get(&visible));
	text_done(&visible);
	text_reset(text);
	return copy != NULL ? copy : "?";
}

static void fill_shown(struct session *s, struct shown *shown)
{
	const struct record *r = &shown->from->record;
	struct entry_view view = { 0 };
	struct text text = { 0 };
	bool uri = !shown->from->cut && r->type == KNOT_RRTYPE_NAPTR &&
		   entry_view(&s->arena, &view, r, NULL) == 0 && view.template != NULL;

	trail_label(s, &text, r);
	shown->label = keep(s, &text);
	type_format(&text, r->type);
	shown->type = keep(s, &text);
	if (shown->from->cut) {
		text_puts(&text, "(too large to be shown)");
	} else if (uri) {
		text_printf(&text, "%u %u %s %s", view.order, view.preference, view.service,
			    view.template);
	} else {
		rdata_format(&text, r->type, r->rdata);
	}
	shown->data = keep(s, &text);
	text_done(&text);
}

static int wider(int width, const char *text, int most)
{
	int size = (int)strlen(text);

	return size > width && size <= most ? size : width;
}

static void put_lines(struct session *s, struct text *out, struct shown *list, size_t count)
{
	int label = 0, type = 0, data = 0;

	for (size_t i = 0; i < count; i++) {
		fill_shown(s, &list[i]);
		label = wider(label, list[i].label, WIDTH_MAX);
		type = wider(type, list[i].type, WIDTH_MAX);
		data = wider(data, list[i].data, WIDTH_MAX);
	}
	for (size_t i = 0; i < count; i++)
		text_printf(out, "    %c %-*s  %-*s  %-*s  %u s\n", list[i].sign, label,
			    list[i].label, type, list[i].type, data, list[i].data,
			    list[i].from->record.ttl);
}

int trail_records(struct session *s, struct text *out, const struct trail_entry *entry,
		  const struct trail_style *style, bool swapped)
{
	size_t count;
	struct shown *list = sort_shown(s, entry, swapped, &count);
	size_t lines = style->full || count <= LINES_MAX ? count : LINES_MAX - 1;

	if (list == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	put_lines(s, out, list, lines);
	if (lines < count)
		text_printf(out, "      and %zu more records; --full shows all\n", count - lines);
	if (entry->head.others > 0)
		text_printf(out, "      and %ju records of other names\n",
			    (uintmax_t)entry->head.others);
	if (count == 0 && entry->head.others == 0 && entry->head.kind == HISTORY_CHANGE)
		text_puts(out, "      nothing but the serial\n");
	return 0;
}

static const char *const kind_texts[] = {
	[HISTORY_MADE] = "the zone was made; it had",
	[HISTORY_REPLACED] = "the whole zone was replaced; it then had",
	[HISTORY_NUMBERS] = "its numbers were replaced; it then had",
};

enum { KINDS = sizeof(kind_texts) / sizeof(kind_texts[0]) };

struct columns {
	const char *zone, *key, *peer;
	char time[WHEN_ROOM];
};

static void fill_columns(struct session *s, struct columns *c, const struct trail_entry *entry,
			 const struct trail_style *style)
{
	struct text text = { 0 };

	when_format(c->time, entry->head.time, style->utc);
	trail_name(&text, entry->zone);
	c->zone = keep(s, &text);
	if (*entry->head.key != 0)
		trail_name(&text, entry->head.key);
	else
		text_puts(&text, "-");
	c->key = keep(s, &text);
	if (entry->head.peer.size > 0)
		trail_peer(&text, entry->head.peer);
	else
		text_puts(&text, "this server");
	c->peer = keep(s, &text);
	text_done(&text);
}

struct widths {
	int time, zone, key, peer;
};

static void put_columns(struct text *out, const struct columns *c, const char *serial,
			const struct widths *w, bool zones)
{
	text_printf(out, "%-*s  %10s  %-*s  ", w->time, c->time, serial, w->key, c->key);
	if (zones)
		text_printf(out, "%-*s  %s\n", w->peer, c->peer, c->zone);
	else
		text_printf(out, "%s\n", c->peer);
}

static int put_entry(struct session *s, struct text *out, const struct trail_entry *entry,
		     const struct columns *c, const struct widths *w,
		     const struct trail_style *style)
{
	uint8_t kind = entry->head.kind;
	char serial[16];

	snprintf(serial, sizeof(serial), "%u", entry->head.serial_after);
	put_columns(out, c, serial, w, style->zones);
	if (kind != HISTORY_CHANGE && kind < KINDS)
		text_printf(out, "    * %s %ju names\n", kind_texts[kind],
			    (uintmax_t)entry->head.names);
	return trail_records(s, out, entry, style, false);
}

int trail_table(struct session *s, const struct trail *trail, const struct trail_style *style)
{
	struct columns *c = arena_zero(&s->arena, (trail->count + 1) * sizeof(*c));
	const struct columns heads = { "zone", "key", "from", "time" };
	struct widths w = { .time = 4, .zone = 4, .key = 3, .peer = 4 };
	struct text out = { 0 };
	int code = 0;

	if (c == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	for (size_t i = 0; i < trail->count; i++) {
		fill_columns(s, &c[i], &trail->entry[i], style);
		w.time = wider(w.time, c[i].time, WHEN_ROOM);
		w.key = wider(w.key, c[i].key, WIDTH_MAX);
		w.peer = wider(w.peer, c[i].peer, WIDTH_MAX);
	}
	put_columns(&out, &heads, "serial", &w, style->zones);
	for (size_t i = 0; code == 0 && i < trail->count; i++)
		code = put_entry(s, &out, &trail->entry[i], &c[i], &w, style);
	if (code == 0)
		return text_show(&out);
	text_done(&out);
	return code;
}
