/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server/notify.h and what it stands on: who is told, when, and when no more. The times are made up, but where
 * the notifier's own thread talks to a socket of the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "server/notify_plan.h"

enum { NOW = 1000000, PATIENCE_MS = 20000 };

static struct fixture fixture;
static struct message message;

static void the_agenda_gives_what_comes_first(void **state)
{
	enum { ENTRIES = 100 };
	static struct agenda_entry entry[ENTRIES];
	struct agenda agenda;
	unsigned seed = 1;

	(void)state;
	assert_int_equal(agenda_init(&agenda, ENTRIES), 0);
	assert_null(agenda_first(&agenda));
	for (int round = 0; round < 20; round++) {
		size_t left = 0;
		int64_t last = 0;

		for (size_t i = 0; i < (size_t)ENTRIES * 3; i++) {
			struct agenda_entry *e = &entry[(unsigned)rand_r(&seed) % ENTRIES];

			if (rand_r(&seed) % 3 == 0)
				agenda_remove(&agenda, e);
			else
				agenda_put(&agenda, e, rand_r(&seed) % 50);
		}
		for (size_t i = 0; i < ENTRIES; i++)
			left += entry[i].place != 0;
		for (struct agenda_entry *e; (e = agenda_first(&agenda)) != NULL; left--) {
			assert_true(e->at >= last);
			last = e->at;
			agenda_remove(&agenda, e);
			assert_int_equal(e->place, 0);
		}
		assert_int_equal(left, 0);
	}
	agenda_done(&agenda);
}

static void a_peer_that_answers_is_told_of_each_change_once(void **state)
{
	struct notify_peer peer = { .tries = 0 };

	(void)state;
	assert_int_equal(notify_peer_step(&peer, NOW), NOTIFY_NOTHING);
	peer.changed = true;
	assert_int_equal(notify_peer_step(&peer, NOW), NOTIFY_SEND);
	assert_int_equal(notify_peer_step(&peer, NOW), NOTIFY_NOTHING);
	notify_peer_answered(&peer);
	assert_int_equal(notify_peer_step(&peer, NOW + 1000000), NOTIFY_NOTHING);
	peer.changed = true;
	assert_int_equal(notify_peer_step(&peer, NOW + 1000001), NOTIFY_SEND);
}

static void what_changes_while_an_answer_is_awaited_is_told_then(void **state)
{
	struct notify_peer peer = { .changed = true };

	(void)state;
	assert_int_equal(notify_peer_step(&peer, NOW), NOTIFY_SEND);
	peer.changed = true;
	assert_int_equal(notify_peer_step(&peer, NOW + 1), NOTIFY_NOTHING);
	notify_peer_answered(&peer);
	assert_int_equal(notify_peer_step(&peer, NOW + 2), NOTIFY_SEND);
	notify_peer_answered(&peer);
	assert_int_equal(notify_peer_step(&peer, NOW + 3), NOTIFY_NOTHING);
}

static void a_silent_peer_is_told_again_ever_later_and_then_given_up(void **state)
{
	struct notify_peer peer = { .changed = true };
	int64_t now = NOW, pause = NOTIFY_FIRST_MS;

	(void)state;
	for (int i = 0; i < NOTIFY_TRIES; i++) {
		assert_int_equal(notify_peer_step(&peer, now), NOTIFY_SEND);
		assert_int_equal(notify_peer_step(&peer, now + pause - 1), NOTIFY_NOTHING);
		now += pause;
		pause *= 2;
	}
	assert_int_equal(notify_peer_step(&peer, now), NOTIFY_GIVE_UP);
	assert_int_equal(notify_peer_step(&peer, now + 1000000), NOTIFY_NOTHING);
	peer.changed = true; /* the next change begins anew */
	assert_int_equal(notify_peer_step(&peer, now), NOTIFY_SEND);
}

static void a_change_that_came_last_is_told_after_giving_up(void **state)
{
	struct notify_peer peer = { .changed = true };
	int64_t now = NOW;

	(void)state;
	for (int i = 0; i < NOTIFY_TRIES; i++, now = peer.due)
		assert_int_equal(notify_peer_step(&peer, now), NOTIFY_SEND);
	peer.changed = true;
	assert_int_equal(notify_peer_step(&peer, now), NOTIFY_GIVE_UP);
	assert_int_equal(notify_peer_step(&peer, now), NOTIFY_SEND);
}

/* --- the plan --- */

static const char zone_text[] = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n";

/* A server with these zones. */
static void start_with(const char *zones)
{
	struct text yaml = { 0 };

	assert_int_equal(fixture_init(&fixture), 0);
	assert_int_equal(fixture_write(&fixture, "example.zone", zone_text), 0);
	text_puts(&yaml, fixture_keys);
	text_puts(&yaml, zones);
	if (fixture_start(&fixture, text_get(&yaml)) != 0)
		fail_msg("%s", text_get(&fixture.fault));
	text_done(&yaml);
}

static struct notify_zone *find(const struct notify_plan *plan, const char *name)
{
	knot_dname_storage_t apex;

	knot_dname_from_str(apex, name, sizeof(apex));
	return notify_plan_find(plan, apex);
}

static struct notify_plan *plan_for(const char *zones)
{
	struct notify_plan *plan;

	start_with(zones);
	assert_int_equal(notify_plan_new(&plan, fixture.state, NOW), 0);
	fixture_done(&fixture); /* the plan needs nothing of it */
	return plan;
}

static void a_plan_has_the_zones_that_somebody_wants_to_know_of(void **state)
{
	struct notify_plan *plan =
		plan_for("zone:\n"
			 "  - {domain: one, notify: [127.0.0.1, {address: \"::1@54\", key: "
			 "hmac-md5}]}\n"
			 "  - {domain: two}\n"
			 "  - {domain: three, notify: 127.0.0.2@55}\n");

	(void)state;
	assert_null(find(plan, "two"));
	assert_null(find(plan, "sub.one"));
	assert_int_equal(find(plan, "one")->count, 2);
	assert_null(find(plan, "one")->peer[0].key.name);
	assert_non_null(find(plan, "one")->peer[1].key.name);
	assert_int_equal(find(plan, "three")->count, 1);

	/* all are told, one after another */
	assert_ptr_equal(agenda_first(&plan->agenda), &find(plan, "one")->entry);
	assert_true(find(plan, "one")->entry.at < find(plan, "three")->entry.at);
	assert_true(find(plan, "one")->peer[0].changed);
	notify_plan_free(plan);
}

static void what_is_under_way_goes_on_after_a_reload(void **state)
{
	struct notify_plan *old = plan_for("zone:\n"
					   "  - {domain: one, notify: [127.0.0.1, 127.0.0.2]}\n"
					   "  - {domain: gone, notify: 127.0.0.1}\n");
	struct notify_plan *new = plan_for("zone:\n"
					   "  - {domain: one, notify: [127.0.0.3, 127.0.0.1, "
					   "{address: 127.0.0.2, key: hmac-md5}]}\n"
					   "  - {domain: new, notify: 127.0.0.1}\n");
	struct notify_zone *one = find(old, "one");

	(void)state;
	notify_peer_step(&one->peer[0], NOW);
	notify_peer_answered(&one->peer[0]);
	notify_peer_step(&one->peer[1], NOW);
	one->waits = true;
	one->told = NOW;
	notify_plan_follow(new, old, NOW);

	one = find(new, "one");
	assert_true(one->waits);
	assert_true(one->peer[0].changed);  /* it is new */
	assert_false(one->peer[1].changed); /* it was told */
	assert_true(one->peer[2].changed);  /* it has another key */
	assert_int_equal(one->peer[2].tries, 0);
	assert_int_equal(one->entry.at, NOW);
	assert_true(find(new, "new")->peer[0].changed);
	notify_plan_free(old);
	notify_plan_free(new);
}

static void a_zone_is_on_the_agenda_when_something_is_due(void **state)
{
	struct notify_plan *plan =
		plan_for("zone: {domain: one, notify: [127.0.0.1, 127.0.0.2]}\n");
	struct notify_zone *one = find(plan, "one");

	(void)state;
	for (int i = 0; i < 2; i++)
		notify_peer_step(&one->peer[i], NOW);
	one->peer[1].due = NOW + 5;
	notify_plan_schedule(plan, one, NOW);
	assert_int_equal(agenda_first(&plan->agenda)->at, NOW + 5);
	notify_peer_answered(&one->peer[1]);
	notify_plan_schedule(plan, one, NOW);
	assert_int_equal(agenda_first(&plan->agenda)->at, one->peer[0].due);
	one->waits = true;
	one->told = NOW;
	notify_plan_schedule(plan, one, NOW);
	assert_int_equal(agenda_first(&plan->agenda)->at, NOW + NOTIFY_RHYTHM_MS);
	one->waits = false;
	notify_peer_answered(&one->peer[0]);
	notify_plan_schedule(plan, one, NOW);
	assert_null(agenda_first(&plan->agenda));
	notify_plan_free(plan);
}

/* --- the thread --- */

static struct notifier *notifier;
static int peer_socket;

/* What came to the peer. */
static struct {
	struct sockaddr_in from;
	uint8_t wire[2048];
	size_t size;
	uint32_t serial;
} notice;

static void notifier_begin(const char *key)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(here);
	char zones[256];

	peer_socket = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(peer_socket, (struct sockaddr *)&here, size), 0);
	assert_int_equal(getsockname(peer_socket, (struct sockaddr *)&here, &size), 0);
	snprintf(zones, sizeof(zones),
		 "zone: {domain: example, file: example.zone, update: 127.0.0.1, "
		 "notify: {address: 127.0.0.1@%u%s}}\n",
		 ntohs(here.sin_port), key);
	start_with(zones);
	assert_int_equal(notifier_new(&notifier, fixture.store, fixture.state), 0);
	fixture.writer.notifier = notifier;
	assert_int_equal(notifier_start(notifier), 0);
}

static void notifier_end(void)
{
	notifier_stop(notifier);
	close(peer_socket);
	fixture_done(&fixture);
}

/* The next message to the peer; false where there is none in time. */
static bool notice_take(int timeout_ms)
{
	struct pollfd wait = { .fd = peer_socket, .events = POLLIN };
	socklen_t size = sizeof(notice.from);

	if (poll(&wait, 1, timeout_ms) <= 0)
		return false;

	ssize_t got = recvfrom(peer_socket, notice.wire, sizeof(notice.wire), 0,
			       (struct sockaddr *)&notice.from, &size);
	assert_true(got > KNOT_WIRE_HEADER_SIZE);
	notice.size = (size_t)got;

	uint8_t copy[sizeof(notice.wire)]; /* libknot takes the signature off */
	memcpy(copy, notice.wire, notice.size);
	knot_pkt_t *packet = knot_pkt_new(copy, (uint16_t)got, NULL);
	assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
	const knot_rrset_t *soa = knot_pkt_rr(knot_pkt_section(packet, KNOT_ANSWER), 0);
	assert_int_equal(soa->type, KNOT_RRTYPE_SOA);
	notice.serial = knot_soa_serial(soa->rrs.rdata);
	knot_pkt_free(packet);
	return true;
}

static void expect_notice(uint32_t serial)
{
	do
		assert_true(notice_take(PATIENCE_MS));
	while (notice.serial != serial);
}

/* Answers with an RCODE what came, unsigned. */
static void answer(uint8_t rcode)
{
	uint8_t wire[2048];
	size_t size = KNOT_WIRE_HEADER_SIZE + sizeof("\7example") + 4;

	memcpy(wire, notice.wire, size);
	knot_wire_set_qr(wire);
	knot_wire_set_rcode(wire, rcode);
	knot_wire_set_ancount(wire, 0);
	knot_wire_set_arcount(wire, 0);
	assert_int_equal(sendto(peer_socket, wire, size, 0, (struct sockaddr *)&notice.from,
				sizeof(notice.from)),
			 (ssize_t)size);
}

static void await_count(enum count what, uint64_t value)
{
	for (int i = 0; i < PATIENCE_MS && count_get(notifier_counts(notifier), what) < value; i++)
		usleep(1000);
	assert_int_equal(count_get(notifier_counts(notifier), what), value);
}

static void update(unsigned n)
{
	char line[64];
	const char *const lines[] = { line, NULL };

	snprintf(line, sizeof(line), "n%u.example. 60 IN A 192.0.2.1", n);
	fixture_ask(&fixture, message_update(&message, lines));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NOERROR");
}

/* RFC 1996 4.1, and what a message has (3.7, 4.4). */
static void a_peer_is_told_at_the_start_and_of_a_change(void **state)
{
	struct text text = { 0 };

	(void)state;
	notifier_begin("");
	expect_notice(1);
	show_message(&text, slice_make(notice.wire, notice.size));
	assert_string_equal(text_get(&text),
			    "NOERROR aa\n"
			    "answer example. 60 IN SOA ns.example. h.example. 1 2 3 4 5\n");
	assert_int_equal(knot_wire_get_opcode(notice.wire), KNOT_OPCODE_NOTIFY);
	assert_false(knot_wire_get_qr(notice.wire));
	answer(0);
	await_count(COUNT_NOTIFY_ANSWERED, 1);
	update(1);
	expect_notice(2);
	answer(KNOT_RCODE_NOTIMPL); /* RFC 1996 3.12: an answer all the same */
	await_count(COUNT_NOTIFY_ANSWERED, 2);
	text_done(&text);
	notifier_end();
}

/* However often it changes: a few messages, and the last state is told. */
static void the_last_of_many_changes_is_told(void **state)
{
	unsigned messages = 0;

	(void)state;
	notifier_begin("");
	for (unsigned n = 0; n < 500; n++) {
		update(n);
		while (notice_take(0)) {
			messages++;
			answer(0);
		}
	}
	while (notice.serial != 501) {
		assert_true(notice_take(PATIENCE_MS));
		messages++;
		answer(0);
	}
	assert_true(messages < 100);
	notifier_end();
}

static void nobody_is_told_of_an_update_that_fails(void **state)
{
	(void)state;
	notifier_begin("");
	expect_notice(1);
	answer(0);
	await_count(COUNT_NOTIFY_ANSWERED, 1);
	fixture_ask(&fixture, message_update(&message, (const char *const[]){
							       "other. 60 IN A 192.0.2.1", NULL }));
	update(1);
	expect_notice(2);
	answer(0);
	await_count(COUNT_NOTIFY_ANSWERED, 2);
	assert_int_equal(count_get(notifier_counts(notifier), COUNT_NOTIFY_SENT), 2);
	notifier_end();
}

/* RFC 8945 5.4, judged and signed by libknot. */
static void an_answer_counts_only_where_it_is_one(void **state)
{
	knot_tsig_key_t key;
	uint8_t wire[2048], mac[64];
	size_t size = KNOT_WIRE_HEADER_SIZE + sizeof("\7example") + 4, mac_size = sizeof(mac);

	(void)state;
	assert_int_equal(knot_tsig_key_init(&key, "hmac-sha256", "hmac-sha256", FIXTURE_SECRET), 0);
	notifier_begin(", key: hmac-sha256");
	expect_notice(1);
	answer(0);           /* not signed */
	notice.wire[0] ^= 1; /* another ID */
	answer(KNOT_RCODE_REFUSED);
	notice.wire[0] ^= 1;
	notice.wire[KNOT_WIRE_HEADER_SIZE + 1] = 'x'; /* another zone */
	answer(KNOT_RCODE_REFUSED);
	notice.wire[KNOT_WIRE_HEADER_SIZE + 1] = 'e';
	notice.wire[2] = 0; /* another opcode */
	answer(KNOT_RCODE_REFUSED);
	assert_true(notice_take(PATIENCE_MS)); /* so it is told again */

	knot_pkt_t *packet = knot_pkt_new(notice.wire, (uint16_t)notice.size, NULL);
	assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
	assert_non_null(packet->tsig_rr);
	assert_int_equal(knot_tsig_server_check(packet->tsig_rr, packet->wire, packet->size, &key),
			 KNOT_EOK);
	memcpy(wire, notice.wire, size);
	knot_wire_set_qr(wire);
	knot_wire_set_ancount(wire, 0);
	knot_wire_set_arcount(wire, 0);
	assert_int_equal(knot_tsig_sign(wire, &size, sizeof(wire),
					knot_tsig_rdata_mac(packet->tsig_rr),
					knot_tsig_rdata_mac_length(packet->tsig_rr), mac, &mac_size,
					&key, 0, 0),
			 KNOT_EOK);
	sendto(peer_socket, wire, size, 0, (struct sockaddr *)&notice.from, sizeof(notice.from));
	await_count(COUNT_NOTIFY_ANSWERED, 1);
	knot_pkt_free(packet);
	knot_tsig_key_deinit(&key);
	notifier_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_agenda_gives_what_comes_first),
		cmocka_unit_test(a_peer_that_answers_is_told_of_each_change_once),
		cmocka_unit_test(what_changes_while_an_answer_is_awaited_is_told_then),
		cmocka_unit_test(a_silent_peer_is_told_again_ever_later_and_then_given_up),
		cmocka_unit_test(a_change_that_came_last_is_told_after_giving_up),
		cmocka_unit_test(a_plan_has_the_zones_that_somebody_wants_to_know_of),
		cmocka_unit_test(what_is_under_way_goes_on_after_a_reload),
		cmocka_unit_test(a_zone_is_on_the_agenda_when_something_is_due),
		cmocka_unit_test(a_peer_is_told_at_the_start_and_of_a_change),
		cmocka_unit_test(the_last_of_many_changes_is_told),
		cmocka_unit_test(nobody_is_told_of_an_update_that_fails),
		cmocka_unit_test(an_answer_counts_only_where_it_is_one),
	};

	return cmocka_run_group_tests_name("server notify", tests, NULL, NULL);
}
