/* SPDX-License-Identifier: MIT */
/*
 * The NAPTR records of a number, as rules (RFC 6116 5, RFC 3402 3): from the digits to URIs.
 *
 * The records of one name are tried by ORDER, and within one order by PREFERENCE. ORDER is local to
 * the records of one name (RFC 6116 5.2). A terminal rule, flag u, gives a URI where its service is
 * wanted and its expression fits. A non-terminal one, with no flag, goes on with the records of its
 * replacement, for the same digits; what these give stands in its place. Once an order gave
 * anything, higher ones are not looked at. "On any problem with one record go on with the next": a
 * record that is malformed, of another application, or leads nowhere is as if it were not there.
 *
 * Five non-terminal rules in a row are followed, one more is a loop, as is a name that is among
 * those on the way (5.2.1). Those of one order are asked for together.
 */
#include "resolve/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "resolve/pstn.h"
#include "resolve/service.h"
#include "resolve/trace.h"
#include "tel/expression.h"

static const char rule_order[] = "RFC 3403 4.1";
static const char rule_flags[] = "RFC 6116 3.4.1";
static const char rule_services[] = "RFC 6116 3.4.3";
static const char rule_steps[] = "RFC 6116 5.2.1";
static const char rule_expression[] = "RFC 3402 3.2";

struct rules *rules_begin(struct machine *m, struct slice name, const char *subject,
			  const struct rules *parent, struct trace *trace)
{
	struct rules *r = machine_take(m, 1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->subject = subject;
	r->parent = parent;
	r->steps = parent != NULL ? parent->steps + 1 : 0;
	r->naptr = machine_need(m, name, MACHINE_NAPTR, trace);
	return r;
}

static int rule_compare(const void *a, const void *b)
{
	const struct rule *x = a;
	const struct rule *y = b;

	if (x->naptr.order != y->naptr.order)
		return x->naptr.order < y->naptr.order ? -1 : 1;
	if (x->naptr.preference != y->naptr.preference)
		return x->naptr.preference < y->naptr.preference ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static bool rules_read(struct machine *m, struct rules *r)
{
	r->rules = machine_take(m, r->naptr->count, sizeof(*r->rules));
	if (r->rules == NULL)
		return false;
	for (size_t i = 0; i < r->naptr->count; i++) {
		struct rule *rule = &r->rules[r->count];
		struct slice rdata = r->naptr->records[i];

		rule->at = i;
		rule->trace = trace_record(m, r->naptr->trace, MACHINE_NAPTR, rdata);
		if (naptr_read(rdata, &rule->naptr) < 0)
			trace_drop(m, rule->trace, rule_order, "it is malformed");
		else
			r->count++;
	}
	qsort(r->rules, r->count, sizeof(*r->rules), rule_compare);
	return true;
}

static bool is_on_the_way(const struct rules *r, struct slice name)
{
	for (; r != NULL; r = r->parent)
		if (name_equal(r->naptr->name, name))
			return true;
	return false;
}

static void rule_loops(struct machine *m, struct rules *r, struct rule *rule, const char *why)
{
	trace_drop(m, rule->trace, rule_steps, "%s", why);
	rule->dropped = true;
	r->error = error_worse(r->error, ONNET_LOOP);
}

static void rule_go_on(struct machine *m, struct rules *r, struct rule *rule)
{
	struct slice name = rule->naptr.replacement;

	if (name_is_root(name) || rule->naptr.regexp.size > 0) {
		trace_drop(m, rule->trace, rule_flags,
			   "a rule that goes on has a replacement and no regexp");
		rule->dropped = true;
	} else if (is_on_the_way(r, name)) {
		rule_loops(m, r, rule, "it leads back to where it came from");
	} else if (r->steps == MACHINE_STEPS_MAX) {
		rule_loops(m, r, rule, "five rules that go on are enough");
	} else {
		trace_take(m, rule->trace, rule_steps, "goes on with its replacement");
		rule->next = rules_begin(m, name, r->subject, r, rule->trace);
	}
}

/* What an expression made has a scheme, and nothing in it that no URI has (RFC 3986 2). */
static bool is_uri(const struct text *text)
{
	const char *s = text_get(text);
	size_t size = text->size;
	size_t scheme = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789+-.");

	if (scheme == 0 || s[scheme] != ':' || !((s[0] | 0x20) >= 'a' && (s[0] | 0x20) <= 'z'))
		return false;
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 127 || strchr("<>\"", s[i]) != NULL)
			return false;
	return scheme + 1 < size;
}

static void rule_apply(struct machine *m, struct rules *r, struct rule *rule, const char *type)
{
	struct text text = { 0 };

	if (m->rules_left == 0) {
		trace_drop(m, rule->trace, NULL, "%d rules were tried", MACHINE_RULES_MAX);
		return;
	}
	m->rules_left--;

	int err = expression_apply(rule->naptr.regexp, slice_text(r->subject), &text);
	if (err == -ENOMEM || text.failed)
		m->no_memory = true;
	else if (err == -ENOENT)
		trace_drop(m, rule->trace, rule_expression, "the number does not match");
	else if (err < 0)
		trace_drop(m, rule->trace, rule_expression, "its expression is wrong");
	else if (!is_uri(&text))
		trace_drop(m, rule->trace, rule_expression, "what it makes is not a URI");
	else
		rule->uri = machine_take(m, 1, sizeof(*rule->uri));
	if (rule->uri != NULL) {
		struct onnet_uri *uri = &rule->uri->uri;

		uri->uri = machine_printf(m, "%s", text_get(&text));
		uri->service = service_text(m, rule->naptr.services);
		uri->type = type;
		uri->ttl = r->naptr->ttl;
		uri->order = rule->naptr.order;
		uri->preference = rule->naptr.preference;
		pstn_read(m, uri->uri, &uri->pstn);
		trace_take(m, rule->trace, rule_expression, "%s: %s", type, uri->uri);
	}
	text_done(&text);
}

static void rule_end(struct machine *m, struct rules *r, struct rule *rule)
{
	const struct naptr *n = &rule->naptr;
	const char *type = NULL;

	switch (service_match(m, n->services, &type)) {
	case SERVICE_FOREIGN:
		trace_drop(m, rule->trace, rule_services, "it is not about numbers");
		break;
	case SERVICE_OTHER:
		trace_drop(m, rule->trace, rule_services, "none of its services is wanted");
		break;
	case SERVICE_VOID:
		trace_take(m, rule->trace, "draft-ietf-enum-void", "nobody has this number");
		rule->is_void = true;
		break;
	case SERVICE_WANTED:
		/* RFC 3403 4.1: "A record containing both is considered to be in error" */
		if (!name_is_root(n->replacement))
			trace_drop(m, rule->trace, rule_order,
				   n->regexp.size > 0 ? "it has both a regexp and a replacement" :
							"it has a replacement and no regexp");
		else if (n->regexp.size == 0)
			trace_drop(m, rule->trace, rule_expression, "it has no expression");
		else
			rule_apply(m, r, rule, type);
		break;
	}
}

/* Judges a rule; one that goes on asks its question. */
static void rule_try(struct machine *m, struct rules *r, struct rule *rule)
{
	struct slice flags = rule->naptr.flags;

	if (flags.size == 0)
		rule_go_on(m, r, rule);
	else if (flags.size == 1 && (flags.data[0] | 0x20) == 'u')
		rule_end(m, r, rule);
	else
		trace_drop(m, rule->trace, rule_flags, "its flag is neither u nor empty");
}

static void group_begin(struct machine *m, struct rules *r)
{
	r->start = r->end;
	while (r->end < r->count && r->rules[r->end].naptr.order == r->rules[r->start].naptr.order)
		r->end++;
	for (size_t i = r->start; i < r->end && !m->no_memory; i++)
		rule_try(m, r, &r->rules[i]);
}

static bool group_waiting(struct machine *m, struct rules *r)
{
	bool waiting = false;

	for (size_t i = r->start; i < r->end; i++)
		if (r->rules[i].next != NULL && !rules_step(m, r->rules[i].next))
			waiting = true;
	return waiting;
}

/* Puts together what the group gave; true: it decided. */
static bool group_end(struct rules *r)
{
	struct rules_uri **last = &r->uris;
	bool nobody = false;

	for (size_t i = r->start; i < r->end; i++) {
		struct rule *rule = &r->rules[i];
		const struct rules *next = rule->next;

		nobody = nobody || rule->is_void || (next != NULL && next->unallocated);
		*last = rule->uri != NULL ? rule->uri : next != NULL ? next->uris : NULL;
		while (*last != NULL)
			last = &(*last)->next;
		/* A dead end is no news, but a server that did not answer is. */
		if (next != NULL && next->uris == NULL && !next->unallocated)
			r->error = error_worse(r->error, next->error);
	}
	r->unallocated = r->uris == NULL && nobody;
	return r->uris != NULL || r->unallocated;
}

static void rest_drop(struct machine *m, struct rules *r)
{
	for (size_t i = r->end; i < r->count; i++)
		trace_drop(m, r->rules[i].trace, rule_order, "a record of order %u was accepted",
			   r->rules[r->start].naptr.order);
}

bool rules_step(struct machine *m, struct rules *r)
{
	if (m->no_memory)
		return false;
	if (r->state == RULES_ASKED && r->naptr->answered) {
		r->error = r->naptr->error;
		r->state = RULES_DONE;
		if (r->error == ONNET_OK && rules_read(m, r)) {
			r->error = ONNET_NO_MATCH;
			r->state = RULES_GROUP;
			group_begin(m, r);
		}
	}
	while (r->state == RULES_GROUP && !m->no_memory && !group_waiting(m, r)) {
		if (group_end(r)) {
			rest_drop(m, r);
			r->state = RULES_DONE;
		} else if (r->end == r->count) {
			r->state = RULES_DONE;
		} else {
			group_begin(m, r);
		}
	}
	return r->state == RULES_DONE;
}
