/* SPDX-License-Identifier: MIT */
/*
 * The explanation of a look-up: a tree of what was asked, what was answered, and what became of
 * each record, by which rule. A question stands below the record or the note that led to it, so
 * that the way down to a target reads from the top.
 *
 * It is kept in the look-up's arena, and only where somebody asked for it.
 */
#include "resolve/trace.h"

#include <stdarg.h>
#include <stdio.h>

#include "resolve/endpoint.h"
#include "tel/naptr.h"

static struct trace *trace_add(struct machine *m, struct trace *parent, enum trace_kind kind)
{
	if (!m->explain)
		return NULL;

	struct trace *t = machine_take(m, 1, sizeof(*t));
	if (parent == NULL)
		parent = m->trace;
	if (t == NULL || parent == NULL)
		return t;
	t->kind = kind;
	*(parent->last != NULL ? &parent->last->next : &parent->first) = t;
	parent->last = t;
	return t;
}

static const char *text_make(struct machine *m, const char *format, va_list args)
{
	char text[4 * NAME_TEXT_ROOM];

	vsnprintf(text, sizeof(text), format, args);
	return machine_printf(m, "%s", text);
}

struct trace *trace_root(struct machine *m)
{
	return trace_add(m, NULL, TRACE_NOTE);
}

struct trace *trace_note(struct machine *m, struct trace *parent, const char *rule,
			 const char *format, ...)
{
	struct trace *t = trace_add(m, parent, TRACE_NOTE);
	va_list args;

	if (t == NULL)
		return NULL;
	va_start(args, format);
	t->text = text_make(m, format, args);
	va_end(args);
	t->rule = rule;
	return t;
}

struct trace *trace_question(struct machine *m, struct trace *parent, const struct question *q)
{
	struct trace *t = trace_add(m, parent, TRACE_QUESTION);

	if (t != NULL)
		t->question = q;
	return t;
}

void trace_again(struct machine *m, struct trace *parent, const struct question *q)
{
	struct trace *t = trace_add(m, parent, TRACE_AGAIN);

	if (t != NULL)
		t->question = q;
}

static void judge(struct machine *m, struct trace *record, const char *rule, const char *format,
		  va_list args)
{
	record->judged = true;
	record->rule = rule;
	record->why = text_make(m, format, args);
}

void trace_take(struct machine *m, struct trace *record, const char *rule, const char *format, ...)
{
	va_list args;

	if (record == NULL)
		return;
	va_start(args, format);
	judge(m, record, rule, format, args);
	va_end(args);
	record->taken = true;
}

void trace_drop(struct machine *m, struct trace *record, const char *rule, const char *format, ...)
{
	va_list args;

	if (record == NULL)
		return;
	va_start(args, format);
	judge(m, record, rule, format, args);
	va_end(args);
	record->taken = false;
}

static void put_string(struct text *to, struct slice s)
{
	text_puts(to, "\"");
	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (c < ' ' || c > '~')
			text_printf(to, "\\%03u", (unsigned)c);
		else
			text_printf(to, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	text_puts(to, "\"");
}

static void put_name(struct text *to, struct slice name)
{
	char text[NAME_TEXT_ROOM];

	name_format(text, name);
	text_puts(to, text);
	if (!name_is_root(name))
		text_puts(to, ".");
}

static void put_naptr(struct text *to, struct slice rdata)
{
	struct naptr n;

	if (naptr_read(rdata, &n) < 0)
		return;
	text_printf(to, "%u %u ", n.order, n.preference);
	put_string(to, n.flags);
	text_puts(to, " ");
	put_string(to, n.services);
	text_puts(to, " ");
	put_string(to, n.regexp);
	text_puts(to, " ");
	put_name(to, n.replacement);
}

static void put_srv(struct text *to, struct slice rdata)
{
	struct reader r = read_begin(rdata.data, rdata.size);
	uint16_t priority = read_u16(&r);
	uint16_t weight = read_u16(&r);
	uint16_t port = read_u16(&r);
	struct slice target = read_name(&r);

	if (read_end(&r) < 0)
		return;
	text_printf(to, "%u %u %u ", priority, weight, port);
	put_name(to, target);
}

static void put_address(struct text *to, uint16_t type, struct slice rdata)
{
	char text[ADDRESS_TEXT_ROOM];
	union onnet_address a;

	if (rdata.size != (type == MACHINE_A ? 4 : 16))
		return;
	a = type == MACHINE_A ? address_v4(rdata.data, 0) : address_v6(rdata.data, 0);
	address_format(text, &a);
	text_puts(to, text);
}

/* In master file form; where it is malformed, as RFC 3597 5 writes what nobody understands. */
static void put_record(struct text *to, uint16_t type, struct slice rdata)
{
	size_t before = to->size;

	if (type == MACHINE_NAPTR)
		put_naptr(to, rdata);
	else if (type == MACHINE_SRV)
		put_srv(to, rdata);
	else
		put_address(to, type, rdata);
	if (to->size > before)
		return;
	text_printf(to, "\\# %zu ", rdata.size);
	for (size_t i = 0; i < rdata.size && i < 64; i++)
		text_printf(to, "%02X", rdata.data[i]);
	if (rdata.size > 64)
		text_puts(to, "...");
}

struct trace *trace_record(struct machine *m, struct trace *parent, uint16_t type,
			   struct slice rdata)
{
	struct trace *t = parent != NULL ? trace_add(m, parent, TRACE_RECORD) : NULL;
	struct text text = { 0 };

	if (t == NULL)
		return NULL;
	put_record(&text, type, rdata);
	t->text = machine_printf(m, "%s", text_get(&text));
	if (text.failed)
		m->no_memory = true;
	text_done(&text);
	return t;
}
