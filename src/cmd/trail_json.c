/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A change log for programs: onnet(1) says what is in it. */
#include <stdio.h>

#include "cmd/send.h"
#include "cmd/trail.h"
#include "cmd/when.h"
#include "zone/history.h"

static const char *const kind_words[] = {
	[HISTORY_CHANGE] = "change",
	[HISTORY_MADE] = "made",
	[HISTORY_REPLACED] = "replaced",
	[HISTORY_NUMBERS] = "numbers-replaced",
};

static void json_text(struct text *out, const char *word, struct text *value)
{
	text_printf(out, "\"%s\": ", word);
	text_json(out, slice_text(text_get(value)));
	out->failed = out->failed || value->failed;
	text_reset(value);
}

/* The number and URI of a NAPTR record that has them. */
static void json_number(struct session *s, struct text *out, const struct record *r)
{
	struct entry_place place;
	struct entry_view view;
	struct text text = { 0 };
	char number[NUMBER_TEXT_ROOM];

	if (trail_place(s, r, &place)) {
		number_format(number, &place.number);
		text_puts(&text, number);
		text_puts(out, ", ");
		json_text(out, place.range ? "prefix" : "number", &text);
	}
	if (r->type == KNOT_RRTYPE_NAPTR && entry_view(&s->arena, &view, r, NULL) == 0 &&
	    view.template != NULL) {
		text_puts(&text, view.template);
		text_puts(out, ", ");
		json_text(out, "template", &text);
	}
	text_done(&text);
}

static void json_record(struct session *s, struct text *out, const struct trail_record *from)
{
	const struct record *r = &from->record;
	struct text text = { 0 };

	name_format(&text, r->owner);
	text_puts(out, "{");
	json_text(out, "name", &text);
	text_printf(out, ", \"ttl\": %u, ", r->ttl);
	type_format(&text, r->type);
	json_text(out, "type", &text);
	if (from->cut) {
		text_puts(out, ", \"data\": null");
	} else {
		text_puts(out, ", ");
		rdata_format(&text, r->type, r->rdata);
		json_text(out, "data", &text);
		json_number(s, out, r);
	}
	text_puts(out, "}");
	text_done(&text);
}

static void json_list(struct session *s, struct text *out, const char *word,
		      const struct trail_list *list)
{
	text_printf(out, ",\n  \"%s\": [", word);
	for (const struct trail_record *r = list->first; r != NULL; r = r->next) {
		text_puts(out, r == list->first ? "\n    " : ",\n    ");
		json_record(s, out, r);
	}
	text_puts(out, "]");
}

static void json_entry(struct session *s, struct text *out, const struct trail_entry *entry)
{
	const struct audit_head *head = &entry->head;
	struct text text = { 0 };
	char time[WHEN_ROOM];

	when_format_json(time, head->time);
	text_printf(out, "{\"time\": \"%s\", ", time);
	name_format(&text, entry->zone);
	json_text(out, "zone", &text);
	text_printf(out, ", \"kind\": \"%s\", \"serial_before\": %u, \"serial\": %u",
		    head->kind < sizeof(kind_words) / sizeof(kind_words[0]) ?
			    kind_words[head->kind] :
			    "?",
		    head->serial_before, head->serial_after);
	text_puts(out, ", ");
	if (*head->key != 0) {
		trail_name(&text, head->key);
		json_text(out, "key", &text);
	} else {
		text_puts(out, "\"key\": null");
	}
	text_puts(out, ", ");
	if (head->peer.size > 0) {
		trail_peer(&text, head->peer);
		json_text(out, "address", &text);
	} else {
		text_puts(out, "\"address\": null");
	}
	if (head->kind != HISTORY_CHANGE)
		text_printf(out, ", \"names\": %ju", (uintmax_t)head->names);
	json_list(s, out, "removed", &entry->removed);
	json_list(s, out, "added", &entry->added);
	text_printf(out, ",\n  \"others\": %ju}", (uintmax_t)head->others);
	text_done(&text);
}

int trail_json(struct session *s, const struct trail *trail)
{
	struct text out = { 0 };

	text_puts(&out, "[");
	for (size_t i = 0; i < trail->count; i++) {
		text_puts(&out, i == 0 ? "\n" : ",\n");
		json_entry(s, &out, &trail->entry[i]);
	}
	text_puts(&out, trail->count > 0 ? "\n]\n" : "]\n");
	return text_show(&out);
}
