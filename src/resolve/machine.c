/* SPDX-License-Identifier: MIT */
/*
 * The look-up machine: a look-up as plain calls, without sockets, clocks or waiting.
 *
 * Its parts are a number's search (search.c, rules.c: RFC 6116) and the location of servers
 * (locate.c, target.c: RFC 3263). Each is a small state machine of its own that says which
 * questions it needs, stands still until all of these are answered, and takes its next step then.
 * This file holds what they share: the table of questions, in which each is asked once whoever
 * needs it, the bounds, and the order of the parts:
 *
 *	a number    NUMBER, then FOLLOW where that was asked for
 *	a SIP URI   LOCATE
 *	user=phone  NUMBER, and LOCATE where the number leads nowhere
 *	a Via       LOCATE
 *
 * Memory is one arena, which becomes the result's. A failed allocation sets a flag that stays, and
 * the call that was made returns -ENOMEM; no step in between has to look.
 *
 * What a look-up can cost is bounded whatever the answers are (machine.h): questions, records of
 * one answer, expressions, addresses, URIs and targets. Questions beyond their bound count as
 * failed.
 */
#include "resolve/machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/input.h"
#include "resolve/locate.h"
#include "resolve/lookup.h"
#include "resolve/search.h"
#include "resolve/trace.h"

void *machine_take(struct machine *m, size_t count, size_t size)
{
	void *data = arena_zero(&m->arena, count > 0 ? count * size : 1);

	if (data == NULL)
		m->no_memory = true;
	return data;
}

const char *machine_printf(struct machine *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);

	char *text = size >= 0 ? machine_take(m, (size_t)size + 1, 1) : NULL;
	if (text == NULL)
		return "";
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

/* SplitMix64: a counter through a mixer; more than enough to share load with. */
static uint64_t random_next(struct machine *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t machine_draw(struct machine *m, uint64_t bound)
{
	uint64_t uneven = UINT64_MAX - UINT64_MAX % bound;
	uint64_t value;

	do
		value = random_next(m);
	while (value >= uneven);
	return value % bound;
}

bool machine_has_transport(const struct machine *m, enum transport t)
{
	return t != TRANSPORT_NONE && machine_transport_rank(m, t) < ONNET_TRANSPORTS;
}

unsigned machine_transport_rank(const struct machine *m, enum transport t)
{
	unsigned rank = 0;

	while (rank < ONNET_TRANSPORTS && m->transports[rank] != t)
		rank++;
	return rank;
}

enum onnet_error error_worse(enum onnet_error a, enum onnet_error b)
{
	static const uint8_t rank[] = {
		[ONNET_NXDOMAIN] = 1, [ONNET_NO_RECORDS] = 2, [ONNET_NO_MATCH] = 3,
		[ONNET_LOOP] = 4,     [ONNET_TIMEOUT] = 5,    [ONNET_SERVFAIL] = 6,
		[ONNET_BOGUS] = 7,
	};

	return rank[b] > rank[a] ? b : a;
}

static void question_fail(struct question *q, enum onnet_error error)
{
	q->answered = true;
	q->error = error;
}

struct question *machine_need(struct machine *m, struct slice name, enum machine_type type,
			      struct trace *parent)
{
	for (struct question *q = m->questions; q != NULL; q = q->next) {
		if (q->type == type && name_equal(q->name, name)) {
			trace_again(m, parent, q);
			return q;
		}
	}
	if (m->question_count == MACHINE_QUESTIONS_MAX) {
		trace_note(m, parent, NULL, "no more questions: %u were asked", m->question_count);
		return &m->refused;
	}

	struct question *q = machine_take(m, 1, sizeof(*q));
	void *copy = arena_copy(&m->arena, name.data, name.size);
	if (q == NULL || copy == NULL) {
		m->no_memory = true;
		return &m->refused;
	}
	q->id = m->question_count++;
	q->name = slice_make(copy, name.size);
	q->type = (uint16_t)type;
	q->trace = trace_question(m, parent, q);
	*(m->last != NULL ? &m->last->next : &m->questions) = q;
	m->last = q;
	if (m->expired)
		question_fail(q, ONNET_TIMEOUT);
	else if (m->unasked == NULL)
		m->unasked = q;
	return q;
}

static size_t list_size(const char *const *list)
{
	size_t size = 0;

	while (list != NULL && list[size] != NULL)
		size++;
	return size;
}

/* The list of texts with all that is in it. */
static const char *const *list_copy(struct machine *m, const char *const *list)
{
	size_t size = list_size(list);
	const char **copy = machine_take(m, size + 1, sizeof(*copy));

	for (size_t i = 0; copy != NULL && i < size; i++) {
		copy[i] = arena_text(&m->arena, list[i]);
		if (copy[i] == NULL)
			m->no_memory = true;
	}
	return m->no_memory ? NULL : copy;
}

static bool transports_read(struct machine *m, const enum onnet_transport *transports)
{
	static const enum onnet_transport usual[ONNET_TRANSPORTS] = { ONNET_UDP, ONNET_TCP,
								      ONNET_TLS };
	unsigned count = 0;

	if (transports[0] == ONNET_TRANSPORT_NONE)
		transports = usual;
	for (; count < ONNET_TRANSPORTS && transports[count] != ONNET_TRANSPORT_NONE; count++) {
		enum transport t = (enum transport)transports[count];

		if (t >= TRANSPORT_COUNT || machine_has_transport(m, t))
			return false;
		m->transports[count] = t;
	}
	return true;
}

static int options_read(struct machine *m, const struct onnet_lookup_options *options)
{
	static const struct onnet_lookup_options none;
	static const char *const e164_usual[] = { "e164.arpa", NULL };
	static const char *const isn_usual[] = { "freenum.org", NULL };
	const unsigned both = ONNET_FAMILY_V4 | ONNET_FAMILY_V6;

	if (options == NULL)
		options = &none;
	if (!transports_read(m, options->transports) || (options->families & ~both) != 0)
		return -EINVAL;
	m->families = options->families != 0 ? options->families : both;
	m->services = options->services != NULL ? list_copy(m, options->services) : NULL;
	m->own_suffixes = options->e164_suffixes != NULL;
	m->e164_suffixes = m->own_suffixes ? list_copy(m, options->e164_suffixes) : e164_usual;
	m->isn_suffixes = options->isn_suffixes != NULL ? list_copy(m, options->isn_suffixes) :
							  isn_usual;
	m->follow = options->follow;
	m->infrastructure = options->infrastructure;
	m->explain = options->explain;
	m->has_prefer = options->prefer != NULL;
	if (m->has_prefer)
		m->prefer = *options->prefer;
	return m->no_memory ? -ENOMEM : 0;
}

static void machine_fail(struct machine *m, enum onnet_error error, const char *reason)
{
	m->result.error = error;
	m->result.reason = reason;
	m->state = MACHINE_DONE;
	trace_note(m, m->trace, NULL, "%s", reason);
}

static void begin_via(struct machine *m)
{
	struct sip_via via;
	const char *why = NULL;

	m->result.kind = ONNET_KIND_SIP;
	if (sip_via_parse(slice_text(m->result.input), &via, &why) < 0) {
		machine_fail(m, ONNET_BAD_URI, why);
		return;
	}
	m->location = locate_via(m, &via);
	m->state = MACHINE_LOCATE;
}

static void begin_request(struct machine *m)
{
	struct input input;

	input_read(m->result.input, &input);
	m->result.kind = input.kind;
	if (input.error != ONNET_OK) {
		machine_fail(m, input.error, input.reason);
		return;
	}
	if (input.has_uri && !(input.has_number && m->own_suffixes)) {
		m->location = locate_uri(m, &input.uri, m->trace);
		m->state = MACHINE_LOCATE;
		return;
	}
	m->search = search_begin(m, &input);
	m->state = MACHINE_NUMBER;
}

/* The result of a number, or what comes after it. */
static void number_end(struct machine *m)
{
	const struct search *s = m->search;

	if (s->uri_count == 0 && s->error != ONNET_UNALLOCATED && s->input.has_uri) {
		/* user=phone at somebody's domain: the domain knows the number. */
		m->location = locate_uri(m, &s->input.uri, m->trace);
		m->state = MACHINE_LOCATE;
		return;
	}
	m->result.kind = s->input.number.kind == NUMBER_ISN ? ONNET_KIND_ISN : ONNET_KIND_ENUM;
	m->result.error = s->error;
	m->result.reason = s->reason;
	m->result.uris = s->uris;
	m->result.uri_count = s->uri_count;
	m->state = MACHINE_DONE;
	if (m->follow && s->uri_count > 0) {
		m->followed = locate_uris(m, s->uris, s->uri_count);
		m->state = MACHINE_FOLLOW;
	}
}

static void location_end(struct machine *m)
{
	m->result.kind = ONNET_KIND_SIP;
	m->result.error = m->location->error;
	m->result.reason = m->location->reason;
	m->result.targets = m->location->targets;
	m->result.target_count = m->location->target_count;
	m->state = MACHINE_DONE;
}

static bool follow_step(struct machine *m)
{
	struct onnet_uri *uris = m->search->uris;
	bool done = true;

	for (size_t i = 0; i < m->search->uri_count; i++)
		if (m->followed[i] != NULL && !locate_step(m, m->followed[i]))
			done = false;
	for (size_t i = 0; done && i < m->search->uri_count; i++) {
		const struct location *l = m->followed[i];

		if (l == NULL)
			continue;
		uris[i].error = l->error;
		uris[i].targets = l->targets;
		uris[i].target_count = l->target_count;
	}
	return done;
}

static void security_sum(struct machine *m)
{
	bool any = false;
	bool secure = true;

	for (const struct question *q = m->questions; q != NULL; q = q->next) {
		if (!q->answered || q->security == ONNET_UNCHECKED)
			continue;
		any = true;
		secure = secure && q->security == ONNET_SECURE;
	}
	m->result.security = !any ? ONNET_UNCHECKED : secure ? ONNET_SECURE : ONNET_INSECURE;
	m->result.questions = m->question_count;
}

static int machine_step(struct machine *m)
{
	if (m->state == MACHINE_NUMBER && !m->no_memory && search_step(m, m->search))
		number_end(m);
	if (m->state == MACHINE_LOCATE && !m->no_memory && locate_step(m, m->location))
		location_end(m);
	if (m->state == MACHINE_FOLLOW && !m->no_memory && follow_step(m))
		m->state = MACHINE_DONE;
	if (m->state == MACHINE_DONE)
		security_sum(m);
	return m->no_memory ? -ENOMEM : 0;
}

int machine_new(struct machine **ret, const char *input, const struct machine_setup *setup)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return -ENOMEM;
	m->dnssec = setup->dnssec;
	m->avoid = setup->avoid;
	m->now_ms = setup->now_ms;
	m->source = setup->source;
	m->source_arg = setup->source_arg;
	m->random = setup->seed;
	m->rules_left = MACHINE_RULES_MAX;
	m->refused = (struct question){ .answered = true, .error = ONNET_SERVFAIL };

	int err = options_read(m, setup->options);
	if (err == 0) {
		m->result.reason = "";
		m->result.input = arena_text(&m->arena, input);
		m->trace = trace_root(m);
		if (m->result.input == NULL)
			m->no_memory = true;
		else if (setup->input == MACHINE_VIA)
			begin_via(m);
		else
			begin_request(m);
		err = machine_step(m);
	}
	if (err < 0) {
		machine_free(m);
		return err;
	}
	*ret = m;
	return 0;
}

void machine_free(struct machine *m)
{
	if (m == NULL)
		return;
	arena_done(&m->arena);
	free(m);
}

bool machine_ask(struct machine *m, struct machine_question *ret)
{
	struct question *q = m->unasked;

	if (q == NULL || m->no_memory || m->state == MACHINE_DONE)
		return false;
	m->unasked = q->next;
	*ret = (struct machine_question){ .id = q->id, .name = q->name, .type = q->type };
	return true;
}

/* Keeps the records, in one piece; a malformed one is kept too, its reader will say so. */
static void records_copy(struct machine *m, struct question *q, const struct machine_answer *a)
{
	size_t count = a->count < MACHINE_RECORDS_MAX ? a->count : MACHINE_RECORDS_MAX;
	struct slice *records = machine_take(m, count, sizeof(*records));
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += a->records[i].size;
	uint8_t *to = machine_take(m, size, 1);
	if (records == NULL || to == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		size_t octets = a->records[i].size;

		if (octets > 0)
			memcpy(to, a->records[i].data, octets);
		records[i] = slice_make(to, octets);
		to += octets;
	}
	q->records = records;
	q->count = count;
	q->dropped = a->count - count;
}

static enum onnet_error answer_error(const struct machine_answer *a)
{
	switch (a->outcome) {
	case MACHINE_TIMED_OUT:
		return ONNET_TIMEOUT;
	case MACHINE_FAILED:
		return ONNET_SERVFAIL;
	case MACHINE_BOGUS:
		return ONNET_BOGUS;
	case MACHINE_ANSWERED:
		break;
	}
	if (a->nxdomain)
		return ONNET_NXDOMAIN;
	return a->count > 0 ? ONNET_OK : ONNET_NO_RECORDS;
}

int machine_answer(struct machine *m, unsigned id, const struct machine_answer *answer)
{
	struct question *q = m->questions;

	while (q != NULL && q->id != id)
		q = q->next;
	if (m->no_memory)
		return -ENOMEM;
	if (q == NULL || q->answered || m->state == MACHINE_DONE)
		return 0;

	q->answered = true;
	q->error = answer_error(answer);
	q->whence = answer->whence;
	q->security = answer->security;
	q->alias = answer->alias;
	q->ttl = answer->ttl;
	if (m->dnssec == ONNET_DNSSEC_REQUIRE && answer->outcome == MACHINE_ANSWERED &&
	    answer->security != ONNET_SECURE) {
		q->error = ONNET_BOGUS;
		q->unsigned_refused = true;
	}
	if (q->error == ONNET_OK)
		records_copy(m, q, answer);
	return machine_step(m);
}

int machine_expire(struct machine *m)
{
	m->expired = true;
	m->unasked = NULL;
	for (struct question *q = m->questions; q != NULL; q = q->next)
		if (!q->answered)
			question_fail(q, ONNET_TIMEOUT);

	/* Whatever is needed now is answered at once, so a step at a time leads to the end. */
	while (!m->no_memory && m->state != MACHINE_DONE)
		machine_step(m);
	return m->no_memory ? -ENOMEM : 0;
}

bool machine_done(const struct machine *m)
{
	return m->state == MACHINE_DONE && !m->no_memory;
}

struct onnet_result *machine_result(struct machine *m)
{
	return &m->result;
}

void onnet_result_free(struct onnet_result *result)
{
	machine_free((struct machine *)result);
}
