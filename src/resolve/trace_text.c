/* SPDX-License-Identifier: MIT */
/*
 * The explanation for people, a line for each thing seen, indented by what led to it:
 *
 *	example.com. NAPTR: 3 records, TTL 3600, from the network
 *	  - 50 50 "s" "SIPS+D2T" "" _sips._tcp.example.com. -- the client has no tls (RFC 3263 4.1)
 *	  + 90 50 "s" "SIP+D2T" "" _sip._tcp.example.com. -- SIP over tcp (RFC 3263 4.1)
 *	    _sip._tcp.example.com. SRV: 2 records, TTL 3600, from the network
 *
 * and for programs, the same tree as JSON. What follows from an entry is its "then".
 */
#include "resolve/trace.h"

enum { DEPTH_MAX = 64 }; /* far beyond what a look-up makes */

const char *trace_type(uint16_t type)
{
	switch (type) {
	case MACHINE_A:
		return "A";
	case MACHINE_AAAA:
		return "AAAA";
	case MACHINE_SRV:
		return "SRV";
	case MACHINE_NAPTR:
		return "NAPTR";
	default:
		return "?";
	}
}

void trace_outcome(struct text *to, const struct question *q)
{
	if (!q->answered)
		text_puts(to, "not answered yet");
	else if (q->unsigned_refused)
		text_puts(to, "not signed, and DNSSEC is required");
	else if (q->error == ONNET_NO_RECORDS)
		text_puts(to, "no such records");
	else if (q->error != ONNET_OK)
		text_puts(to, onnet_error_text(q->error));
	else
		text_printf(to, "%zu record%s", q->count, q->count == 1 ? "" : "s");
	if (q->dropped > 0)
		text_printf(to, " (%zu more left out)", q->dropped);
}

static bool has_answer(const struct question *q)
{
	return q->answered &&
	       (q->error == ONNET_OK || q->error == ONNET_NO_RECORDS || q->error == ONNET_NXDOMAIN);
}

static void question_name(char ret[NAME_TEXT_ROOM + 1], const struct question *q)
{
	name_format(ret, q->name);
	if (!name_is_root(q->name))
		strcat(ret, ".");
}

static void question_text(struct text *to, const struct trace *t)
{
	const struct question *q = t->question;
	char name[NAME_TEXT_ROOM + 1];

	question_name(name, q);
	text_printf(to, "%s %s: ", name, trace_type(q->type));
	if (t->kind == TRACE_AGAIN) {
		text_puts(to, "as above");
		return;
	}
	trace_outcome(to, q);
	if (!has_answer(q))
		return;
	text_printf(to, ", TTL %u, from the %s", q->ttl,
		    q->whence == MACHINE_FROM_CACHE ? "cache" : "network");
	if (q->alias)
		text_puts(to, ", by an alias");
	if (q->security == ONNET_SECURE)
		text_puts(to, ", signed");
}

static void line_text(struct text *to, const struct trace *t, unsigned depth)
{
	text_printf(to, "%*s", (int)(2 * depth), "");
	switch (t->kind) {
	case TRACE_QUESTION:
	case TRACE_AGAIN:
		question_text(to, t);
		break;
	case TRACE_RECORD:
		text_printf(to, "%s %s", !t->judged ? " " : t->taken ? "+" : "-", t->text);
		if (t->why != NULL && t->why[0] != '\0')
			text_printf(to, " -- %s", t->why);
		break;
	case TRACE_NOTE:
		text_puts(to, t->text);
		break;
	}
	if (t->rule != NULL)
		text_printf(to, " (%s)", t->rule);
	text_puts(to, "\n");
}

static void tree_text(struct text *to, const struct trace *t, unsigned depth)
{
	for (; t != NULL; t = t->next) {
		line_text(to, t, depth);
		if (depth < DEPTH_MAX)
			tree_text(to, t->first, depth + 1);
	}
}

void trace_text(struct text *to, const struct trace *root)
{
	tree_text(to, root->first, 0);
}

static void put_member(struct text *to, const char *name, const char *value)
{
	text_printf(to, ",\"%s\":", name);
	text_json(to, slice_text(value));
}

static void question_json(struct text *to, const struct trace *t)
{
	const struct question *q = t->question;
	char name[NAME_TEXT_ROOM + 1];
	struct text outcome = { 0 };

	question_name(name, q);
	text_puts(to, "\"question\":");
	text_json(to, slice_text(name));
	put_member(to, "type", trace_type(q->type));
	if (t->kind == TRACE_AGAIN) {
		text_puts(to, ",\"again\":true");
		return;
	}
	trace_outcome(&outcome, q);
	put_member(to, "answer", text_get(&outcome));
	to->failed = to->failed || outcome.failed;
	text_done(&outcome);
	text_puts(to, ",\"error\":");
	if (q->error == ONNET_OK)
		text_puts(to, "null");
	else
		text_json(to, slice_text(onnet_error_name(q->error)));
	text_printf(to, ",\"records\":%zu", q->count);
	if (!has_answer(q))
		return;
	text_printf(to, ",\"ttl\":%u", q->ttl);
	put_member(to, "from", q->whence == MACHINE_FROM_CACHE ? "cache" : "network");
	if (q->alias)
		text_puts(to, ",\"alias\":true");
	if (q->security != ONNET_UNCHECKED)
		put_member(to, "dnssec", q->security == ONNET_SECURE ? "secure" : "insecure");
}

static void tree_json(struct text *to, const struct trace *t, unsigned depth);

static void node_json(struct text *to, const struct trace *t, unsigned depth)
{
	text_puts(to, "{");
	if (t->kind == TRACE_QUESTION || t->kind == TRACE_AGAIN) {
		question_json(to, t);
	} else {
		text_puts(to, t->kind == TRACE_NOTE ? "\"note\":" : "\"record\":");
		text_json(to, slice_text(t->text));
	}
	if (t->judged)
		text_printf(to, ",\"taken\":%s", t->taken ? "true" : "false");
	if (t->why != NULL && t->why[0] != '\0')
		put_member(to, "why", t->why);
	if (t->rule != NULL)
		put_member(to, "rule", t->rule);
	if (t->first != NULL && depth < DEPTH_MAX) {
		text_puts(to, ",\"then\":");
		tree_json(to, t->first, depth + 1);
	}
	text_puts(to, "}");
}

static void tree_json(struct text *to, const struct trace *t, unsigned depth)
{
	text_puts(to, "[");
	for (const struct trace *at = t; at != NULL; at = at->next) {
		if (at != t)
			text_puts(to, ",");
		node_json(to, at, depth);
	}
	text_puts(to, "]");
}

void trace_json(struct text *to, const struct trace *root)
{
	tree_json(to, root->first, 0);
}
