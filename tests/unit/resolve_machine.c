/* SPDX-License-Identifier: MIT */
/*
 * resolve/machine.h: questions and answers one by one. What results from whole zones is in
 * tests/scenario/resolver*.json; here it is about when questions come, what failures do, and
 * bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "resolve/avoid.h"
#include "resolve/endpoint.h"
#include "resolve/machine.h"
#include "resolve/name.h"
#include "tel/naptr.h"

enum { TTL = 300, ASKED_MAX = 400, ROOM = 400 };

/* A look-up, and the questions that it has asked so far. */
struct play {
	struct machine *m;
	struct onnet_result *result;
	char asked[ASKED_MAX][NAME_TEXT_ROOM + 8];
	unsigned ids[ASKED_MAX];
	size_t count;
	size_t answered;
};

static struct play play;

static void play_asked(void)
{
	static const struct {
		uint16_t type;
		const char *name;
	} types[] = { { 1, "A" }, { 28, "AAAA" }, { 33, "SRV" }, { 35, "NAPTR" } };
	struct machine_question q;

	while (machine_ask(play.m, &q)) {
		char name[NAME_TEXT_ROOM];
		const char *type = "";

		for (size_t i = 0; i < 4; i++)
			if (types[i].type == q.type)
				type = types[i].name;
		name_format(name, q.name);
		assert_true(play.count < ASKED_MAX);
		play.ids[play.count] = q.id;
		snprintf(play.asked[play.count++], sizeof(play.asked[0]), "%s %s", name, type);
	}
	if (machine_done(play.m))
		play.result = machine_result(play.m);
}

static void play_begin(const char *input, const struct machine_setup *setup)
{
	memset(&play, 0, sizeof(play));
	assert_int_equal(machine_new(&play.m, input, setup), 0);
	play_asked();
}

static void play_end(void)
{
	if (play.result != NULL)
		onnet_result_free(play.result);
	else
		machine_free(play.m);
}

static void play_with(const char *input, const struct onnet_lookup_options *options)
{
	struct machine_setup setup = { .options = options };

	play_begin(input, &setup);
}

/* The questions that were asked since the last answer, with blanks between. */
static void expect_asked(const char *list)
{
	char all[2000] = "";

	for (size_t i = play.answered; i < play.count; i++) {
		strcat(all, i > play.answered ? ", " : "");
		strcat(all, play.asked[i]);
	}
	assert_string_equal(all, list);
}

static void answer_with(const char *question, const struct machine_answer *answer)
{
	for (size_t i = 0; i < play.count; i++) {
		if (strcmp(play.asked[i], question) != 0)
			continue;
		play.answered = play.count;
		assert_int_equal(machine_answer(play.m, play.ids[i], answer), 0);
		play_asked();
		return;
	}
	fail_msg("%s was not asked", question);
}

static void answer_outcome(const char *question, enum machine_outcome outcome)
{
	const struct machine_answer a = { .outcome = outcome, .ttl = TTL };

	answer_with(question, &a);
}

static void answer_none(const char *question)
{
	answer_outcome(question, MACHINE_ANSWERED);
}

static void answer_nxdomain(const char *question)
{
	const struct machine_answer a = { .nxdomain = true, .ttl = TTL };

	answer_with(question, &a);
}

static void answer_record(const char *question, struct slice rdata, uint32_t ttl)
{
	const struct machine_answer a = { .records = &rdata, .count = 1, .ttl = ttl };

	answer_with(question, &a);
}

static struct slice naptr_make(uint8_t room[ROOM], const char *flags, const char *services,
			       const char *regexp, const char *replacement)
{
	struct writer w = write_begin(room, ROOM);
	struct name name;

	assert_int_equal(name_parse(&name, slice_text(replacement)), 0);
	struct naptr n = {
		.order = 1,
		.preference = 1,
		.flags = slice_text(flags),
		.services = slice_text(services),
		.regexp = slice_text(regexp),
		.replacement = name_slice(&name),
	};
	assert_int_equal(naptr_write(&w, &n), 0);
	return slice_make(room, write_size(&w));
}

static struct slice srv_make(uint8_t room[ROOM], uint16_t priority, uint16_t port,
			     const char *target)
{
	struct writer w = write_begin(room, ROOM);
	struct name name;

	assert_int_equal(name_parse(&name, slice_text(target)), 0);
	write_u16(&w, priority);
	write_u16(&w, 1);
	write_u16(&w, port);
	write_bytes(&w, name.wire, name.size);
	return slice_make(room, write_size(&w));
}

static const uint8_t v4[] = { 192, 0, 2, 1 };
static const uint8_t v6[] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
#define V4 slice_make(v4, 4)
#define V6 slice_make(v6, 16)

static void questions_that_depend_on_nothing_go_out_together(void **state)
{
	uint8_t room[ROOM];

	(void)state;
	play_with("sip:a.example", NULL);
	expect_asked("a.example NAPTR");
	answer_none("a.example NAPTR");
	expect_asked("_sip._udp.a.example SRV, _sip._tcp.a.example SRV");
	answer_record("_sip._tcp.a.example SRV", srv_make(room, 1, 5060, "b.example"), TTL);
	expect_asked("");
	answer_record("_sip._udp.a.example SRV", srv_make(room, 1, 5060, "c.example"), TTL);
	expect_asked("c.example AAAA, c.example A, b.example AAAA, b.example A");
	assert_false(machine_done(play.m));
	answer_record("c.example A", V4, TTL);
	answer_none("c.example AAAA");
	answer_none("b.example A");
	answer_record("b.example AAAA", V6, TTL);
	assert_non_null(play.result);
	assert_int_equal(play.result->target_count, 2);
	assert_int_equal(play.result->targets[0].endpoint.transport, ONNET_UDP);
	assert_string_equal(play.result->targets[0].host, "c.example");
	assert_string_equal(play.result->targets[1].host, "b.example");
	assert_string_equal(play.result->targets[1].domain, "a.example");
	assert_int_equal(play.result->questions, 7);
	play_end();
}

static void what_two_need_is_asked_once(void **state)
{
	uint8_t room[ROOM];
	const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4 };

	(void)state;
	play_with("sip:a.example", &options);
	answer_none("a.example NAPTR");
	answer_record("_sip._udp.a.example SRV", srv_make(room, 1, 5060, "B.example"), TTL);
	answer_record("_sip._tcp.a.example SRV", srv_make(room, 1, 5060, "b.EXAMPLE"), TTL);
	expect_asked("B.example A");
	answer_record("B.example A", V4, TTL);
	assert_int_equal(play.result->target_count, 2);
	play_end();
}

static void answers_that_come_twice_or_to_nothing_are_ignored(void **state)
{
	const struct machine_answer a = { .outcome = MACHINE_FAILED };
	const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4 };

	(void)state;
	play_with("sip:a.example:5070", &options);
	assert_int_equal(machine_answer(play.m, 99, &a), 0);
	expect_asked("a.example A");
	answer_record("a.example A", V4, TTL);
	assert_int_equal(machine_answer(play.m, 0, &a), 0);
	assert_int_equal(play.result->error, ONNET_OK);
	play_end();
}

static void when_time_is_up_what_is_there_counts(void **state)
{
	(void)state;
	play_with("sip:a.example:5070", NULL);
	expect_asked("a.example AAAA, a.example A");
	answer_record("a.example A", V4, TTL);
	assert_false(machine_done(play.m));
	assert_int_equal(machine_expire(play.m), 0);
	assert_true(machine_done(play.m));
	play.result = machine_result(play.m);
	assert_int_equal(play.result->error, ONNET_OK);
	assert_int_equal(play.result->target_count, 1);
	play_end();
}

static void when_time_is_up_early_it_is_a_timeout(void **state)
{
	static const char *const inputs[] = { "sip:a.example", "+12025550123", "123*543" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		play_with(inputs[i], NULL);
		assert_int_equal(machine_expire(play.m), 0);
		assert_true(machine_done(play.m));
		play.result = machine_result(play.m);
		assert_int_equal(play.result->error, ONNET_TIMEOUT);
		assert_int_equal(play.result->target_count, 0);
		play_end();
	}
}

static void naptr_that_cannot_be_had_is_as_none(void **state)
{
	(void)state;
	play_with("sip:a.example", NULL);
	answer_outcome("a.example NAPTR", MACHINE_FAILED);
	expect_asked("_sip._udp.a.example SRV, _sip._tcp.a.example SRV");
	play_end();
}

static void srv_that_cannot_be_had_is_an_error_and_no_way_to_addresses(void **state)
{
	static const struct {
		enum machine_outcome outcome;
		enum onnet_error error;
	} table[] = {
		{ MACHINE_FAILED, ONNET_SERVFAIL },
		{ MACHINE_TIMED_OUT, ONNET_TIMEOUT },
		{ MACHINE_BOGUS, ONNET_BOGUS },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		play_with("sip:a.example;transport=tcp", NULL);
		expect_asked("_sip._tcp.a.example SRV");
		answer_outcome("_sip._tcp.a.example SRV", table[i].outcome);
		expect_asked("");
		assert_int_equal(play.result->error, table[i].error);
		play_end();
	}
}

static void one_srv_that_cannot_be_had_does_not_spoil_another(void **state)
{
	uint8_t room[ROOM];

	(void)state;
	play_with("sip:a.example", NULL);
	answer_nxdomain("a.example NAPTR");
	answer_outcome("_sip._udp.a.example SRV", MACHINE_FAILED);
	answer_record("_sip._tcp.a.example SRV", srv_make(room, 1, 5060, "b.example"), TTL);
	expect_asked("b.example AAAA, b.example A");
	answer_record("b.example A", V4, TTL);
	answer_outcome("b.example AAAA", MACHINE_FAILED);
	assert_int_equal(play.result->error, ONNET_OK);
	assert_int_equal(play.result->target_count, 1);
	play_end();
}

/* What is in the set is not known, so neither is that there is no server. */
static void beside_an_srv_that_cannot_be_had_nothing_is_decided(void **state)
{
	static const struct {
		const char *target; /* of the set that is there */
		enum machine_outcome outcome;
		enum onnet_error error;
	} table[] = {
		{ ".", MACHINE_FAILED, ONNET_SERVFAIL },
		{ ".", MACHINE_TIMED_OUT, ONNET_TIMEOUT },
		{ ".", MACHINE_ANSWERED, ONNET_SERVICE_NOT_AVAILABLE },
		{ "b.example", MACHINE_FAILED, ONNET_SERVFAIL },
		{ "b.example", MACHINE_TIMED_OUT, ONNET_TIMEOUT },
		{ "b.example", MACHINE_ANSWERED, ONNET_NO_RECORDS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t room[ROOM];

		play_with("sip:a.example", NULL);
		answer_none("a.example NAPTR");
		answer_record("_sip._udp.a.example SRV", srv_make(room, 1, 5060, table[i].target),
			      TTL);
		answer_outcome("_sip._tcp.a.example SRV", table[i].outcome);
		if (table[i].target[0] != '.') {
			answer_nxdomain("b.example AAAA");
			answer_nxdomain("b.example A");
		}
		assert_non_null(play.result);
		assert_int_equal(play.result->error, table[i].error);
		play_end();
	}
}

static void a_suffix_that_fails_makes_room_for_the_next(void **state)
{
	static const char *const suffixes[] = { "one.example", "two.example", NULL };
	const struct onnet_lookup_options options = { .e164_suffixes = suffixes };

	(void)state;
	play_with("+12", &options);
	expect_asked("2.1.one.example NAPTR");
	answer_outcome("2.1.one.example NAPTR", MACHINE_FAILED);
	expect_asked("2.1.two.example NAPTR");
	answer_nxdomain("2.1.two.example NAPTR");
	/* That one did not answer tells more than that the other has nothing. */
	assert_int_equal(play.result->error, ONNET_SERVFAIL);
	play_end();
}

static void bogus_naptr_ends_the_lookup(void **state)
{
	(void)state;
	play_with("sip:a.example", NULL);
	answer_outcome("a.example NAPTR", MACHINE_BOGUS);
	assert_int_equal(play.result->error, ONNET_BOGUS);
	play_end();
}

static void dnssec_is_told_and_required(void **state)
{
	static const struct {
		enum onnet_dnssec dnssec;
		enum onnet_security first;
		enum onnet_security second;
		enum onnet_error error;
		enum onnet_security security;
	} table[] = {
		{ ONNET_DNSSEC_OFF, ONNET_UNCHECKED, ONNET_UNCHECKED, ONNET_OK, ONNET_UNCHECKED },
		{ ONNET_DNSSEC_REPORT, ONNET_SECURE, ONNET_SECURE, ONNET_OK, ONNET_SECURE },
		{ ONNET_DNSSEC_REPORT, ONNET_SECURE, ONNET_INSECURE, ONNET_OK, ONNET_INSECURE },
		{ ONNET_DNSSEC_REQUIRE, ONNET_SECURE, ONNET_SECURE, ONNET_OK, ONNET_SECURE },
		{ ONNET_DNSSEC_REQUIRE, ONNET_SECURE, ONNET_INSECURE, ONNET_BOGUS, ONNET_INSECURE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4 };
		struct machine_setup setup = { .options = &options, .dnssec = table[i].dnssec };
		uint8_t room[ROOM];
		struct slice srv = srv_make(room, 1, 5060, "b.example");
		struct machine_answer a = { .records = &srv, .count = 1, .ttl = TTL };
		struct slice address = V4;

		play_begin("sip:a.example;transport=udp", &setup);
		a.security = table[i].first;
		answer_with("_sip._udp.a.example SRV", &a);
		a.security = table[i].second;
		a.records = &address;
		answer_with("b.example A", &a);
		assert_non_null(play.result);
		assert_int_equal(play.result->error, table[i].error);
		assert_int_equal(play.result->security, table[i].security);
		play_end();
	}
}

static void the_least_ttl_on_the_way_counts(void **state)
{
	static const uint32_t ttls[][3] = { { 10, 20, 30 }, { 20, 10, 30 }, { 30, 20, 10 } };
	const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t room[ROOM];

		play_with("sip:a.example", &options);
		answer_record("a.example NAPTR",
			      naptr_make(room, "s", "SIP+D2U", "", "_sip._udp.b.example"),
			      ttls[i][0]);
		answer_record("_sip._udp.b.example SRV", srv_make(room, 1, 5060, "c.example"),
			      ttls[i][1]);
		answer_record("c.example A", V4, ttls[i][2]);
		assert_int_equal(play.result->targets[0].ttl, 10);
		play_end();
	}
	play_with("sip:192.0.2.1", NULL);
	assert_int_equal(play.result->targets[0].ttl, 0);
	play_end();
}

static void a_set_of_any_size_ends_within_the_bounds(void **state)
{
	enum { COUNT = 1000 };
	static uint8_t rooms[COUNT][ROOM];
	static struct slice records[COUNT];
	struct machine_answer a = { .records = records, .count = COUNT, .ttl = TTL };

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		char name[40];

		snprintf(name, sizeof(name), "h%u.example", i);
		records[i] = srv_make(rooms[i], (uint16_t)i, 5060, name);
	}
	play_with("sip:a.example;transport=tcp", NULL);
	answer_with("_sip._tcp.a.example SRV", &a);
	assert_int_equal(play.count, MACHINE_QUESTIONS_MAX);
	for (size_t i = 1; i < play.count; i++) {
		if (strstr(play.asked[i], " AAAA") != NULL)
			answer_none(play.asked[i]);
		else
			answer_record(play.asked[i], V4, TTL);
	}
	assert_int_equal(play.result->error, ONNET_OK);
	assert_int_equal(play.result->target_count, 1); /* all at one address */
	play_end();
}

static void rules_that_spread_end_within_the_bounds(void **state)
{
	enum { COUNT = 20 };
	static uint8_t rooms[COUNT][ROOM];
	static const char *const suffixes[] = { "s.example", NULL };
	const struct onnet_lookup_options options = { .e164_suffixes = suffixes };
	struct slice records[COUNT];
	struct machine_answer a = { .records = records, .count = COUNT, .ttl = TTL };

	(void)state;
	play_with("+12", &options);
	for (size_t at = 0; at < play.count; at++) {
		/* Each name leads to twenty that nobody has seen. */
		for (unsigned i = 0; i < COUNT; i++) {
			char name[60];

			snprintf(name, sizeof(name), "n%zu-%u.example", at, i);
			records[i] = naptr_make(rooms[i], "", "", "", name);
		}
		answer_with(play.asked[at], &a);
	}
	assert_int_equal(play.count, MACHINE_QUESTIONS_MAX);
	assert_non_null(play.result);
	assert_int_not_equal(play.result->error, ONNET_OK);
	play_end();
}

static void expressions_are_applied_so_often_and_no_more(void **state)
{
	enum { COUNT = 200 };
	static uint8_t rooms[COUNT][ROOM];
	static const char *const suffixes[] = { "s.example", NULL };
	const struct onnet_lookup_options options = { .e164_suffixes = suffixes };
	struct slice records[COUNT];
	struct machine_answer a = { .records = records, .count = COUNT, .ttl = TTL };

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		records[i] = naptr_make(rooms[i], "u", "E2U+sip",
					i < COUNT - 1 ? "!((a*)*)*b!sip:x@y!" : "!^.*$!sip:x@y!",
					".");
	play_with("+12", &options);
	answer_with(play.asked[0], &a);
	assert_int_equal(play.result->error, ONNET_NO_MATCH);
	play_end();
}

static void a_number_goes_on_to_its_servers(void **state)
{
	static const char *const suffixes[] = { "s.example", NULL };
	const struct onnet_lookup_options options = {
		.families = ONNET_FAMILY_V4,
		.e164_suffixes = suffixes,
		.follow = true,
	};
	uint8_t rooms[4][ROOM];
	const struct slice records[] = {
		naptr_make(rooms[0], "u", "E2U+sip", "!^.*$!sip:x@a.example:5070!", "."),
		naptr_make(rooms[1], "u", "E2U+pstn:tel", "!^(.*)$!tel:\\1;NPDI;rn=+99;cic=+1-2!",
			   "."),
		naptr_make(rooms[2], "u", "E2U+sip", "!^.*$!sip:x@a..b!", "."),
		naptr_make(rooms[3], "u", "E2U+pstn:sip",
			   "!^.*$!sip:1;rn=+7@a.example;transport=tcp;npdi!", "."),
	};
	const struct machine_answer a = { .records = records, .count = 4, .ttl = TTL };

	(void)state;
	play_with("+12", &options);
	answer_with("2.1.s.example NAPTR", &a);
	expect_asked("_sip._tcp.a.example SRV, a.example A");
	answer_record("a.example A", V4, 7);
	answer_none("_sip._tcp.a.example SRV");
	assert_non_null(play.result); /* the address is known already */

	const struct onnet_uri *u = play.result->uris;
	assert_int_equal(play.result->uri_count, 4);
	assert_int_equal(u[0].target_count, 1);
	assert_int_equal(address_port(&u[0].targets[0].endpoint.address), 5070);
	assert_int_equal(u[0].targets[0].ttl, 7);
	assert_string_equal(u[1].uri, "tel:+12;NPDI;rn=+99;cic=+1-2");
	assert_true(u[1].pstn.npdi);
	assert_string_equal(u[1].pstn.rn, "+99");
	assert_string_equal(u[1].pstn.cic, "+1-2");
	assert_int_equal(u[1].target_count, 0);
	assert_int_equal(u[1].error, ONNET_OK);
	assert_int_equal(u[2].error, ONNET_BAD_URI);
	assert_int_equal(u[3].target_count, 1);
	assert_false(u[3].pstn.npdi); /* it stands behind the @ */
	assert_string_equal(u[3].pstn.rn, "+7");
	play_end();
}

/* Towards IPv4 there is a way, towards IPv6 none. */
static int source_v4(void *arg, const union onnet_address *destination, union onnet_address *ret)
{
	(void)arg;
	*ret = *destination;
	return destination->any.sa_family == AF_INET ? 0 : -ENETUNREACH;
}

static void the_host_says_which_family_comes_first(void **state)
{
	struct machine_setup setup = { .source = source_v4 };

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		play_begin("sip:a.example:5060", &setup);
		answer_record("a.example A", V4, TTL);
		answer_record("a.example AAAA", V6, TTL);
		assert_int_equal(play.result->target_count, 2);
		assert_int_equal(play.result->targets[0].endpoint.address.any.sa_family,
				 turn == 0 ? AF_INET : AF_INET6);
		play_end();
		setup.source = NULL;
	}
}

static void options_that_make_no_sense_are_refused(void **state)
{
	struct onnet_lookup_options options = { .families = 8 };
	struct machine_setup setup = { .options = &options };
	struct machine *m = NULL;

	(void)state;
	assert_int_equal(machine_new(&m, "sip:a.example", &setup), -EINVAL);
	options.families = 0;
	options.transports[0] = ONNET_UDP;
	options.transports[1] = ONNET_UDP;
	assert_int_equal(machine_new(&m, "sip:a.example", &setup), -EINVAL);
	options.transports[1] = (enum onnet_transport)77;
	assert_int_equal(machine_new(&m, "sip:a.example", &setup), -EINVAL);
	assert_null(m);
}

static void a_domain_with_nothing_is_told_what_was_looked_for(void **state)
{
	const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4 };

	(void)state;
	play_with("sip:a.example", &options);
	answer_none("a.example NAPTR");
	answer_nxdomain("_sip._udp.a.example SRV");
	answer_nxdomain("_sip._tcp.a.example SRV");
	expect_asked("a.example A");
	answer_none("a.example A");
	assert_int_equal(play.result->error, ONNET_NO_RECORDS);
	assert_non_null(strstr(play.result->reason,
			       "asked for a.example NAPTR, _sip._udp.a.example SRV, "
			       "_sip._tcp.a.example SRV, a.example A"));
	play_end();
}

static void a_domain_whose_servers_are_all_black_is_told_so(void **state)
{
	struct machine_setup setup = { .options = NULL };
	struct onnet_endpoint black;
	struct avoid *avoid;

	(void)state;
	assert_int_equal(onnet_endpoint_parse(&black, "192.0.2.1:5060/udp"), 0);
	assert_int_equal(avoid_new(&avoid), 0);
	assert_int_equal(avoid_mark(avoid, &black, ONNET_MARK_BLACK, 0, 0), 0);
	setup.avoid = avoid;
	play_begin("sip:a.example", &setup);
	answer_none("a.example NAPTR");
	answer_none("_sip._udp.a.example SRV");
	answer_none("_sip._tcp.a.example SRV");
	answer_none("a.example AAAA");
	answer_record("a.example A", V4, TTL);
	assert_int_equal(play.result->error, ONNET_SERVICE_NOT_AVAILABLE);
	assert_string_equal(play.result->reason, "all servers are left out for now");
	play_end();
	avoid_free(avoid);
}

static void a_result_is_told_as_json(void **state)
{
	const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4 };
	uint8_t room[ROOM];
	char *text = NULL;

	(void)state;
	play_with("sip:a.example;transport=udp", &options);
	answer_record("_sip._udp.a.example SRV", srv_make(room, 2, 5070, "b.example"), 60);
	answer_record("b.example A", V4, 50);
	assert_int_equal(onnet_result_json(play.result, &text), 0);
	assert_string_equal(
		text, "{\"input\":\"sip:a.example;transport=udp\",\"kind\":\"sip\",\"error\":null,"
		      "\"targets\":[{\"transport\":\"udp\",\"address\":\"192.0.2.1\",\"port\":5070,"
		      "\"host\":\"b.example\",\"domain\":\"a.example\",\"ttl\":50,\"priority\":2,"
		      "\"weight\":1,\"share\":1.000000,\"grey\":false}],\"uris\":[]}");
	free(text);
	assert_int_equal(onnet_result_explain(play.result, &text), 0);
	assert_string_equal(text, "");
	free(text);
	play_end();
}

static void an_explanation_tells_what_was_seen_and_by_which_rule(void **state)
{
	const struct onnet_lookup_options options = { .families = ONNET_FAMILY_V4,
						      .transports = { ONNET_UDP },
						      .explain = true };
	uint8_t rooms[2][ROOM];
	const struct slice records[] = {
		naptr_make(rooms[0], "s", "SIP+D2T", "", "_sip._tcp.a.example"),
		naptr_make(rooms[1], "s", "SIP+D2U", "", "_sip._udp.a.example"),
	};
	const struct machine_answer a = {
		.records = records,
		.count = 2,
		.ttl = 60,
		.whence = MACHINE_FROM_CACHE,
		.alias = true,
		.security = ONNET_SECURE,
	};
	char *text = NULL;

	(void)state;
	play_with("sip:a.example", &options);
	answer_with("a.example NAPTR", &a);
	answer_record("_sip._udp.a.example SRV", srv_make(rooms[0], 0, 5070, "b.example"), 50);
	answer_record("b.example A", V4, 40);
	assert_int_equal(onnet_result_explain(play.result, &text), 0);
	assert_string_equal(
		text,
		"a.example. NAPTR: 2 records, TTL 60, from the cache, by an alias, signed\n"
		"  - 1 1 \"s\" \"SIP+D2T\" \"\" _sip._tcp.a.example. -- the client has no tcp "
		"(RFC 3263 4.1)\n"
		"  + 1 1 \"s\" \"SIP+D2U\" \"\" _sip._udp.a.example. -- SIP over udp "
		"(RFC 3263 4.1)\n"
		"    _sip._udp.a.example. SRV: 1 record, TTL 50, from the network\n"
		"      + 0 1 5070 b.example. -- number 1 to try (RFC 2782)\n"
		"        b.example. A: 1 record, TTL 40, from the network\n"
		"            192.0.2.1\n");
	free(text);
	assert_int_equal(onnet_result_json(play.result, &text), 0);
	assert_non_null(strstr(text, "\"trace\":[{\"question\":\"a.example.\",\"type\":\"NAPTR\","
				     "\"answer\":\"2 records\",\"error\":null,\"records\":2,"
				     "\"ttl\":60,\"from\":\"cache\",\"alias\":true,"
				     "\"dnssec\":\"secure\",\"then\":[{\"record\":"));
	assert_non_null(strstr(text, "\"taken\":false,\"why\":\"the client has no tcp\","
				     "\"rule\":\"RFC 3263 4.1\"}"));
	free(text);
	play_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_that_depend_on_nothing_go_out_together),
		cmocka_unit_test(what_two_need_is_asked_once),
		cmocka_unit_test(answers_that_come_twice_or_to_nothing_are_ignored),
		cmocka_unit_test(when_time_is_up_what_is_there_counts),
		cmocka_unit_test(when_time_is_up_early_it_is_a_timeout),
		cmocka_unit_test(naptr_that_cannot_be_had_is_as_none),
		cmocka_unit_test(srv_that_cannot_be_had_is_an_error_and_no_way_to_addresses),
		cmocka_unit_test(one_srv_that_cannot_be_had_does_not_spoil_another),
		cmocka_unit_test(beside_an_srv_that_cannot_be_had_nothing_is_decided),
		cmocka_unit_test(a_suffix_that_fails_makes_room_for_the_next),
		cmocka_unit_test(bogus_naptr_ends_the_lookup),
		cmocka_unit_test(dnssec_is_told_and_required),
		cmocka_unit_test(the_least_ttl_on_the_way_counts),
		cmocka_unit_test(a_set_of_any_size_ends_within_the_bounds),
		cmocka_unit_test(rules_that_spread_end_within_the_bounds),
		cmocka_unit_test(expressions_are_applied_so_often_and_no_more),
		cmocka_unit_test(a_number_goes_on_to_its_servers),
		cmocka_unit_test(the_host_says_which_family_comes_first),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		cmocka_unit_test(a_domain_with_nothing_is_told_what_was_looked_for),
		cmocka_unit_test(a_domain_whose_servers_are_all_black_is_told_so),
		cmocka_unit_test(a_result_is_told_as_json),
		cmocka_unit_test(an_explanation_tells_what_was_seen_and_by_which_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
