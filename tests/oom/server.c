/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store, zones and the server when memory runs out: whatever was to be done is done whole or
 * not at all, is answered with SERVFAIL or not at all, and goes well when it is tried again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "dns/audit.h"
#include "fixture/import.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "oom/failing.h"
#include "server/catalog.h"
#include "server/scrape.h"

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 3600\n"
				"@ SOA ns hostmaster 1 7200 900 1209600 300\n"
				"@ NS ns\nns A 192.0.2.53\na TXT \"x\"\nb CAA 0 issue \"x\"\n"
				"3.2.1 NAPTR 1 1 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n";

static int server_begin(void **state)
{
	(void)state;
	if (fixture_init(&fixture) != 0)
		return -1;
	log_limit(0);
	return fixture_zone(&fixture, zone_text);
}

static int server_end(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static struct slice response(void)
{
	return slice_make(fixture.response.wire, fixture.response.size);
}

static const char *ask(const char *name)
{
	fixture_ask(&fixture, message_question(&message, name, KNOT_RRTYPE_A));
	return show_rcode(response());
}

/* Starting, from the configuration to the first answer. */
static void a_server_starts_whole_or_not_at_all(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++) {
		static struct fixture other;

		assert_int_equal(fixture_init(&other), 0);
		log_limit(0);
		oom_fail_at(n);
		int err = fixture_zone(&other, zone_text);
		reached = oom_failed();
		oom_fail_at(0);
		if (reached && err != 0 && err != -ENOMEM && err != -EINVAL)
			fail_msg("allocation %u: %d", n, err);
		if (!reached)
			assert_int_equal(err, 0);
		assert_true(other.started == (err == 0));

		/* Once more, with memory: whatever the first one left is no hindrance. */
		fixture_stop(&other);
		text_reset(&other.fault);
		if (fixture_zone(&other, zone_text) != 0)
			fail_msg("allocation %u: %s", n, text_get(&other.fault));
		fixture_ask(&other,
			    message_question(&message, "3.2.1.example.", KNOT_RRTYPE_NAPTR));
		assert_string_equal(
			show_rcode(slice_make(other.response.wire, other.response.size)),
			"NOERROR");
		fixture_done(&other);
	}
	assert_true(n > 30);
}

static void an_import_says_that_memory_ran_out(void **state)
{
	const struct zone *zone = zone_table_at(fixture.state->zones, 0);
	char path[FOLDER_PATH_ROOM];
	bool reached = true;
	unsigned n = 1;

	(void)state;
	folder_path(path, fixture.folder, "example.zone");
	for (; reached; n++) {
		struct text fault = { 0 };
		struct store_txn *txn;

		assert_int_equal(store_write_begin(fixture.store, &txn), 0);
		oom_fail_at(n);
		int err = import_file(txn, zone, path, &fault);
		reached = oom_failed();
		oom_fail_at(0);
		store_write_abort(txn);
		if (reached)
			assert_true(err == -ENOMEM || err == -EINVAL || (err == 0 && fault.failed));
		else
			assert_int_equal(err, 0);
		text_done(&fault);
	}
	assert_true(n > 5);
}

/* Each allocation of one request fails in turn: SERVFAIL, or silence, may come of it. */
static unsigned request_try(struct slice request)
{
	static uint8_t copy[MESSAGE_ROOM];
	bool reached = true;
	unsigned n = 1;

	memcpy(copy, request.data, request.size);
	request.data = copy;
	for (; reached; n++) {
		oom_fail_at(n);
		enum response outcome = fixture_ask(&fixture, request);
		reached = oom_failed();
		oom_fail_at(0);
		if (reached && outcome == RESPONSE_READY)
			assert_string_equal(show_rcode(response()), "SERVFAIL");
		else if (!reached && outcome == RESPONSE_READY)
			assert_string_equal(show_rcode(response()), "NOERROR");
		arena_done(&fixture.responder.arena); /* so that the next one has to ask again */
	}
	return n;
}

static void a_plain_query_needs_no_memory(void **state)
{
	(void)state;
	assert_int_equal(request_try(message_question(&message, "ns.example.", KNOT_RRTYPE_A)), 2);
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, (struct slice){ 0 });
	assert_int_equal(request_try(message_get(&message)), 2);
}

static void a_signed_query_is_answered_or_fails(void **state)
{
	(void)state;
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_sign(&message, &(struct message_signature){ 0 });
	assert_true(request_try(message_get(&message)) > 2);
}

static void a_scrape_is_whole_or_fails(void **state)
{
	struct shared shared = { .store = fixture.store, .state = fixture.state };
	struct observed observed = { .shared = &shared,
				     .store = fixture.store,
				     .writer = &fixture.writer };
	bool reached = true;
	unsigned n = 1;

	(void)state;
	observed_init(&observed);
	counts_join(&observed.counts, &fixture.responder.counts);
	for (; reached; n++) {
		struct text text = { 0 };

		oom_fail_at(n);
		int err = scrape(&observed, &text);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		if (err == 0)
			assert_non_null(strstr(text_get(&text),
					       "\nonnet_zone_serial{zone=\"example\"} 1\n"));
		text_done(&text);
	}
	assert_true(n > 5);
	observed_done(&observed);
}

static void a_transfer_begins_or_fails(void **state)
{
	(void)state;
	fixture.tcp = true;
	message_begin(&message, KNOT_OPCODE_QUERY, "example.", KNOT_RRTYPE_AXFR);
	message_sign(&message, &(struct message_signature){ 0 });
	assert_true(request_try(message_get(&message)) > 4);
	assert_true(fixture_stream(&fixture));
	assert_string_equal(show_rcode(response()), "NOERROR");
	fixture.tcp = false;
}

static void a_change_log_begins_or_fails(void **state)
{
	static const uint8_t option[] = {
		0xff, 0x05, 0, 28,                               /* OPTION_AUDIT */
		1,    0,    0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* version, serial, since */
		0xff, 0xff, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* until, limit, names */
	};

	(void)state;
	fixture.tcp = true;
	message_begin(&message, KNOT_OPCODE_QUERY, "example.", AUDIT_TYPE);
	message_opt(&message, 1232, 0, slice_make(option, sizeof(option)));
	message_sign(&message, &(struct message_signature){ 0 });
	assert_true(request_try(message_get(&message)) > 4);
	assert_true(fixture_stream(&fixture));
	assert_string_equal(show_rcode(response()), "NOERROR");
	fixture.tcp = false;
}

/* A zone whose transfer is made up as it goes; what can't be had ends it, and nothing else. */
static void a_transfer_of_ranges_goes_on_or_ends(void **state)
{
	static struct fixture other;
	static const char text[] = "$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\n"
				   "*.1 NAPTR 1 1 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n"
				   "5.4.3.2.1 TXT \"x\"\n9.2.1 TXT \"y\"\n";
	bool reached = true;
	unsigned n = 1;

	(void)state;
	assert_int_equal(fixture_init(&other), 0);
	assert_int_equal(fixture_write(&other, "example.zone", text), 0);
	assert_int_equal(fixture_start(&other, "zone:\n  - domain: example\n"
					       "    file: example.zone\n"
					       "    transfer: 127.0.0.1\n"
					       "    number-ranges: on\n"),
			 0);
	other.tcp = true;
	for (; reached; n++) {
		struct slice request = message_question(&message, "example.", KNOT_RRTYPE_AXFR);

		oom_fail_at(n);
		enum response outcome = fixture_ask(&other, request);
		bool sent = outcome == RESPONSE_STREAM && fixture_stream(&other);
		reached = oom_failed();
		oom_fail_at(0);
		assert_true(sent || reached);
	}
	assert_true(n > 4);
	fixture_done(&other);
}

static void post(const char *line)
{
	const char *const lines[] = { line, NULL };

	fixture_ask(&fixture, message_update(&message, lines));
	assert_string_equal(show_rcode(response()), "NOERROR");
}

/* Where the difference can't be made the zone goes out, or the SOA alone, or nothing does. */
static void a_difference_goes_out_or_the_zone_does(void **state)
{
	(void)state;
	post("difference.example. 60 IN A 192.0.2.1");
	post("difference.example. 60 IN A 192.0.2.2");
	for (int tcp = 0; tcp < 2; tcp++) {
		bool reached = true;
		unsigned n = 1;

		fixture.tcp = tcp != 0;
		for (; reached; n++) {
			message_begin(&message, KNOT_OPCODE_QUERY, "example.", KNOT_RRTYPE_IXFR);
			message_record(&message, 2, "example. 0 IN SOA . . 1 0 0 0 0");
			oom_fail_at(n);
			enum response outcome = fixture_ask(&fixture, message_get(&message));
			bool sent = outcome == RESPONSE_READY ||
				    (outcome == RESPONSE_STREAM && fixture_stream(&fixture));
			reached = oom_failed();
			oom_fail_at(0);
			assert_true(sent || reached);
			if (sent && strcmp(show_rcode(response()), "NOERROR") != 0)
				assert_true(reached);
			arena_done(&fixture.responder.arena);
		}
		assert_true(n > 6);
	}
	fixture.tcp = false;
}

static void a_notifier_is_made_whole_or_not_at_all(void **state)
{
	static struct fixture other;
	struct notifier *notifier = NULL;
	unsigned n = 1;
	int err;

	(void)state;
	assert_int_equal(fixture_init(&other), 0);
	assert_int_equal(
		fixture_start(&other,
			      "key: {id: k, algorithm: hmac-sha256, secret: \"" FIXTURE_SECRET
			      "\"}\nzone: {domain: example, notify: [127.0.0.1@1, "
			      "{address: \"::1@1\", key: k}]}\n"),
		0);
	do {
		oom_fail_at(n++);
		err = notifier_new(&notifier, other.store, other.state);
		oom_fail_at(0);
		assert_true(err == 0 || err == -ENOMEM);
	} while (err != 0);
	assert_true(n > 8);
	n = 1;
	do {
		oom_fail_at(n++);
		err = notifier_use(notifier, other.state);
		oom_fail_at(0);
		assert_true(err == 0 || err == -ENOMEM);
	} while (err != 0);
	assert_true(n > 6);
	notifier_stop(notifier);
	fixture_done(&other);
}

/* The n-th allocation fails between the arrival of an update and its response. */
static void update_try(unsigned n, bool *reached)
{
	char name[32], line[64];
	uint64_t before;

	snprintf(name, sizeof(name), "n%u.example.", n);
	snprintf(line, sizeof(line), "%s 60 IN A 192.0.2.1", name);
	ask("example.");
	before = store_snapshot(fixture.responder.view.txn);
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_record(&message, 1, "a.example. 0 IN TXT \"x\"");
	message_record(&message, 2, line);
	message_record(&message, 2, "b.example. 60 IN CAA 0 issue \"y\"");
	message_sign(&message, &(struct message_signature){ .time = 0, .key = "hmac-sha512" });

	/* nothing is kept from the one before */
	job_pool_done(&fixture.responder.jobs);
	arena_done(&fixture.writer.arena);
	arena_done(&fixture.writer.group_arena);
	receipts_done(&fixture.writer.receipts);
	oom_fail_at(n);
	enum response outcome = fixture_ask(&fixture, message_get(&message));
	*reached = oom_failed();
	oom_fail_at(0);

	bool done = outcome != RESPONSE_NONE && fixture.response.size > 0 &&
		    strcmp(show_rcode(response()), "NOERROR") == 0;
	assert_true(done || *reached);
	if (!done && fixture.response.size > 0 && strcmp(show_rcode(response()), "SERVFAIL") != 0 &&
	    strcmp(show_rcode(response()), "FORMERR") != 0)
		fail_msg("allocation %u: %s", n, show_rcode(response()));

	/* what was acknowledged is there; what was refused has left nothing */
	assert_string_equal(ask(name), done ? "NOERROR" : "NXDOMAIN");
	assert_true((store_snapshot(fixture.responder.view.txn) != before) == done);
}

static void an_update_is_carried_out_whole_or_not_at_all(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++)
		update_try(n, &reached);
	assert_true(n > 6);
}

static const char catalog_text[] = "$TTL 0\n@ SOA ns h 1 2 3 4 5\n@ NS invalid.\n"
				   "version TXT \"2\"\n"
				   "a.zones PTR a.\ngroup.a.zones TXT \"g\"\n"
				   "b.zones PTR b.\ncoo.b.zones PTR other.\n";

/* What a catalog says: taken up as a whole, or nothing of it. */
static void a_catalog_is_followed_whole_or_not_at_all(void **state)
{
	static struct fixture other;
	unsigned n = 1;
	bool reached = true;

	(void)state;
	assert_int_equal(fixture_init(&other), 0);
	log_limit(0);
	assert_int_equal(fixture_write(&other, "cat.zone", catalog_text), 0);
	assert_int_equal(fixture_start(&other, "zone: {domain: cat, catalog: consumer, file: "
					       "cat.zone, member: {primary: 10.0.0.1}}\n"),
			 0);
	for (; reached; n++) {
		struct text fault = { 0 };
		struct catalogs *catalogs = NULL;
		struct state *whole = NULL;
		size_t count = 0;

		oom_fail_at(n);
		int err = catalogs_new(&catalogs, other.store, other.state->file, &fault);
		if (err == 0) {
			const struct conf_zone *zones = catalogs_zones(catalogs, &count);

			err = state_again(&whole, other.state, zones, count, &fault);
		}
		if (err == 0)
			err = catalogs_apply(catalogs, other.store);
		reached = oom_failed();
		oom_fail_at(0);
		if (reached)
			assert_int_equal(err, -ENOMEM);
		else
			assert_int_equal(err, 0);
		if (whole != NULL)
			assert_int_equal(zone_table_count(whole->zones), 3);
		state_free(whole);
		catalogs_free(catalogs);
		text_done(&fault);
	}
	assert_true(n > 10);

	struct text fault = { 0 };
	struct catalogs *catalogs;
	assert_int_equal(catalogs_new(&catalogs, other.store, other.state->file, &fault), 0);
	assert_false(catalogs_differ(catalogs));
	catalogs_free(catalogs);
	fixture_stop(&other);
	fixture_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_starts_whole_or_not_at_all),
		cmocka_unit_test(an_import_says_that_memory_ran_out),
		cmocka_unit_test(a_plain_query_needs_no_memory),
		cmocka_unit_test(a_signed_query_is_answered_or_fails),
		cmocka_unit_test(a_scrape_is_whole_or_fails),
		cmocka_unit_test(a_transfer_begins_or_fails),
		cmocka_unit_test(a_change_log_begins_or_fails),
		cmocka_unit_test(a_transfer_of_ranges_goes_on_or_ends),
		cmocka_unit_test(a_difference_goes_out_or_the_zone_does),
		cmocka_unit_test(a_notifier_is_made_whole_or_not_at_all),
		cmocka_unit_test(an_update_is_carried_out_whole_or_not_at_all),
		cmocka_unit_test(a_catalog_is_followed_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("server out of memory", tests, server_begin, server_end);
}
