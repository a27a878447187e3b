/* SPDX-License-Identifier: MIT */
/*
 * Whole look-ups with any answers. The octets choose the input, the options and, question by
 * question, what is answered: records put together from parts that mean something, which lead on
 * and around, or any octets. Whatever comes, the look-up ends within its bounds and says either
 * where to go or why not.
 */
#include <stdlib.h>

#include "base/reader.h"
#include "base/writer.h"
#include "fuzz/fuzz.h"
#include "resolve/endpoint.h"
#include "resolve/machine.h"
#include "tel/naptr.h"

enum { RECORDS_MAX = 300, OCTETS_MAX = 65536 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const char *const inputs[] = {
	"sip:a.example",
	"sips:a.example",
	"sip:a.example;transport=tcp",
	"sip:a.example:5060",
	"sip:192.0.2.1",
	"sip:+12@a.example;user=phone",
	"+12",
	"12*3",
};

static const char *const suffixes[] = { "a.example", "b.example", NULL };

/* Names in wire form that answers lead to, among them those that are asked for. */
static const struct slice names[] = {
	{ (const uint8_t *)"", 1 },
	{ (const uint8_t *)"\1a\7example", 11 },
	{ (const uint8_t *)"\1b\7example", 11 },
	{ (const uint8_t *)"\1c\7example", 11 },
	{ (const uint8_t *)"\1d\7example", 11 },
	{ (const uint8_t *)"\4_sip\4_tcp\1a\7example", 21 },
	{ (const uint8_t *)"\0012\0011\1a\7example", 15 },
	{ (const uint8_t *)"\0012\0011\1b\7example", 15 },
};

static const char *const flags[] = { "s", "u", "", "a", "S", "x" };

static const char *const services[] = {
	"SIP+D2T", "SIPS+D2T",     "SIP+D2U", "SIP+D2X", "E2U+sip",   "E2U+voice:tel+sip",
	"sip+E2U", "E2U+void:tel", "E2U",     "",        "+++E2U+++",
};

static const char *const regexps[] = {
	"",
	"!^.*$!sip:x@a.example!",
	"!^(.*)$!sip:\\1@b.example;user=phone!",
	"!^(.*)$!\\1!",
	"!((a*)*)*b!x:y!",
	"!^.*$!tel:+1;npdi;rn=+2!",
};

#define PICK(table, r) (table)[read_u8(r) % (sizeof(table) / sizeof((table)[0]))]

static void record_make(struct reader *r, uint16_t type, struct writer *w)
{
	if (type == MACHINE_NAPTR) {
		struct naptr n;

		n.order = read_u8(r) % 4;
		n.preference = read_u8(r) % 4;
		n.flags = slice_text(PICK(flags, r));
		n.services = slice_text(PICK(services, r));
		n.regexp = slice_text(PICK(regexps, r));
		n.replacement = PICK(names, r);
		naptr_write(w, &n);
	} else if (type == MACHINE_SRV) {
		uint8_t numbers = read_u8(r);

		write_u16(w, numbers & 3);
		write_u16(w, (uint16_t)((numbers & 0x1c) << 11));
		write_u16(w, numbers >> 5 == 0 ? 0 : 5060);
		struct slice name = PICK(names, r);
		write_bytes(w, name.data, name.size);
	} else {
		write_u32(w, 0xc0000200u | read_u8(r));
		for (unsigned i = 0; i < 3 && type == MACHINE_AAAA; i++)
			write_u32(w, read_u8(r));
	}
}

/* An answer out of the octets; records and octets are where it is put. */
static struct machine_answer answer_make(struct reader *r, uint16_t type, struct slice *records,
					 uint8_t *octets)
{
	struct machine_answer a = { .records = records };
	uint8_t form = read_u8(r);
	size_t count = read_u8(r);
	struct writer w = write_begin(octets, OCTETS_MAX);

	a.outcome = (form & 7) < 4 ? (enum machine_outcome)(form & 3) : MACHINE_ANSWERED;
	a.nxdomain = (form & 0x38) == 0x38;
	a.security = (enum onnet_security)(form % 3);
	a.ttl = form;
	if ((form & 0x40) != 0)
		count %= 8;
	for (; a.count < count && a.count < RECORDS_MAX; a.count++) {
		uint8_t *start = w.pos;

		if ((form & 0x80) != 0) {
			struct slice raw = read_bytes(r, read_u8(r));
			write_bytes(&w, raw.data, raw.size);
		} else {
			record_make(r, type, &w);
		}
		records[a.count] = slice_make(start, (size_t)(w.pos - start));
	}
	return a;
}

static void targets_check(const struct onnet_target *targets, size_t count)
{
	require(count <= ONNET_TARGETS_MAX);
	for (size_t i = 0; i < count; i++) {
		require(targets[i].endpoint.transport != ONNET_TRANSPORT_NONE);
		require(address_port(&targets[i].endpoint.address) != 0);
		require(targets[i].host != NULL && targets[i].domain != NULL);
		require(targets[i].share <= 1000000);
		for (size_t j = 0; j < i; j++)
			require(!endpoint_equal(&targets[i].endpoint, &targets[j].endpoint));
	}
}

static void result_check(struct onnet_result *r)
{
	char *text = NULL;

	require((r->error == ONNET_OK) == (r->target_count > 0 || r->uri_count > 0));
	require((r->error == ONNET_OK) == (r->reason[0] == '\0'));
	require(r->questions <= MACHINE_QUESTIONS_MAX);
	require(r->uri_count <= ONNET_URIS_MAX);
	targets_check(r->targets, r->target_count);
	for (size_t i = 0; i < r->uri_count; i++) {
		require(r->uris[i].uri[0] != '\0');
		targets_check(r->uris[i].targets, r->uris[i].target_count);
	}
	require(onnet_result_json(r, &text) == 0);
	free(text);
	require(onnet_result_explain(r, &text) == 0);
	free(text);
	onnet_result_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct slice records[RECORDS_MAX];
	static uint8_t octets[OCTETS_MAX];
	struct reader r = read_begin(data, size);
	uint8_t choice = read_u8(&r);
	struct onnet_lookup_options options = {
		.follow = (choice & 0x10) != 0,
		.explain = (choice & 0x20) != 0,
		.e164_suffixes = suffixes,
		.isn_suffixes = suffixes,
	};
	const struct machine_setup setup = {
		.options = &options,
		.dnssec = (choice & 0x40) != 0 ? ONNET_DNSSEC_REQUIRE : ONNET_DNSSEC_OFF,
		.seed = choice,
	};
	struct machine *m;
	struct machine_question q;

	require(machine_new(&m, inputs[choice & 7], &setup) == 0);
	while (!machine_done(m)) {
		/* With nothing left to answer from, time is up. */
		if (read_left(&r) == 0) {
			require(machine_expire(m) == 0);
			break;
		}
		require(machine_ask(m, &q));
		struct machine_answer a = answer_make(&r, q.type, records, octets);
		require(machine_answer(m, q.id, &a) == 0);
	}
	require(machine_done(m));
	result_check(machine_result(m));
	return 0;
}
