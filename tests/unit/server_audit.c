/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/audit.h, dns/audit.h: the change log in messages, and what may be asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/audit.h"
#include "dns/option.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "zone/history.h"

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n*.w A 192.0.2.77\n";

static int server_begin(void **state)
{
	(void)state;
	return fixture_init(&fixture) != 0 || fixture_zone(&fixture, zone_text) != 0;
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

static void update(const char *key, const char *const *lines)
{
	fixture.tcp = false;
	message_update(&message, lines);
	if (key != NULL)
		message_sign(&message, &(struct message_signature){ .key = key });
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(show_rcode(response()), "NOERROR");
	fixture.tcp = true;
}

static void one(const char *key, const char *line)
{
	update(key, (const char *const[]){ line, NULL });
}

static enum response ask_option(const char *name, struct slice data)
{
	uint8_t option[OPTION_HEAD + AUDIT_QUESTION_MAX + 1];
	struct writer w = write_begin(option, sizeof(option));

	write_u16(&w, OPTION_AUDIT);
	write_u16(&w, (uint16_t)data.size);
	write_bytes(&w, data.data, data.size);
	message_begin(&message, KNOT_OPCODE_QUERY, name, AUDIT_TYPE);
	message_opt(&message, 1232, 0, slice_make(option, write_size(&w)));
	return fixture_ask(&fixture, message_get(&message));
}

static enum response ask(const struct audit_question *question)
{
	uint8_t data[AUDIT_QUESTION_MAX];

	return ask_option("example.", slice_make(data, audit_question_write(data, question)));
}

static void show_record(struct text *ret, const char *sign, struct slice data)
{
	struct record r;
	size_t offset = 0;

	assert_int_equal(audit_record_read(&r, data, &offset), 1);
	assert_int_equal(offset, data.size);
	text_puts(ret, sign);
	record_format(ret, &r);
	text_puts(ret, "\n");
}

static void show_one(struct text *ret, struct slice rdata)
{
	struct slice data = slice_make(rdata.data + 1, rdata.size - 1);
	struct audit_head head;
	struct audit_end end;

	switch (rdata.data[0]) {
	case AUDIT_ENTRY:
		assert_int_equal(audit_head_read(&head, data), 0);
		text_printf(ret, "%u %u", head.kind, head.serial_after);
		if (*head.key != 0)
			text_printf(ret, " %.*s", head.key[0], head.key + 1);
		if (head.peer.size > 0)
			text_printf(ret, " from %u", head.peer.data[0]);
		if (head.others > 0)
			text_printf(ret, " others %ju", (uintmax_t)head.others);
		text_puts(ret, "\n");
		break;
	case AUDIT_REMOVED:
		show_record(ret, "- ", data);
		break;
	case AUDIT_ADDED:
		show_record(ret, "+ ", data);
		break;
	case AUDIT_NOW:
		show_record(ret, "now ", data);
		break;
	case AUDIT_SEARCHING:
		assert_int_equal(data.size, 8);
		text_puts(ret, "searching\n");
		break;
	default:
		assert_int_equal(rdata.data[0], AUDIT_END);
		assert_int_equal(audit_end_read(&end, data), 0);
		text_printf(ret, "end %ju%s\n", (uintmax_t)end.entries, end.more ? " more" : "");
	}
}

/* All that comes, a line each; SOA records as "soa". The number of messages. */
static size_t stream_read(struct text *ret)
{
	size_t messages = 0;

	for (; fixture_stream(&fixture); messages++) {
		knot_pkt_t *packet =
			knot_pkt_new(fixture.response.wire, (uint16_t)fixture.response.size, NULL);

		assert_non_null(packet);
		assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
		assert_int_equal(knot_wire_get_rcode(packet->wire), KNOT_RCODE_NOERROR);
		assert_in_range(fixture.response.size, 12, 20000);
		const knot_pktsection_t *section = knot_pkt_section(packet, KNOT_ANSWER);
		assert_int_not_equal(section->count, 0);
		for (uint16_t i = 0; i < section->count; i++) {
			const knot_rrset_t *set = knot_pkt_rr(section, i);
			const knot_rdata_t *rdata = set->rrs.rdata;

			assert_true(knot_dname_is_equal(set->owner, (const uint8_t *)"\7example"));
			if (set->type == KNOT_RRTYPE_SOA)
				text_puts(ret, "soa\n");
			else
				show_one(ret, slice_make(rdata->data, rdata->len));
		}
		knot_pkt_free(packet);
	}
	return messages;
}

static void expect(const struct audit_question *question, const char *wanted)
{
	struct text text = { 0 };

	assert_int_equal(ask(question), RESPONSE_STREAM);
	stream_read(&text);
	assert_string_equal(text_get(&text), wanted);
	text_done(&text);
}

#define SOA(serial) "example. 60 IN SOA ns.example. h.example. " serial " 2 3 4 5\n"
#define MADE "1 1\n"
#define FIRST \
	"0 2 hmac-sha256 from 127\n- " SOA("1") "+ " SOA("2") "+ a.example. 60 IN A 192.0.2.1\n"
#define SECOND                                                                \
	"0 3 from 127\n- " SOA("2") "- a.example. 60 IN A 192.0.2.1\n+ " SOA( \
		"3") "+ a.example. 60 IN A 192.0.2.2\n+ b.c.example. 60 IN A 192.0.2.3\n"

static void changes_come_newest_first_as_they_were_asked_for(void **state)
{
	const struct audit_question all = { .until = UINT64_MAX };
	struct audit_question q;

	(void)state;
	one("hmac-sha256", "a.example. 60 IN A 192.0.2.1");
	update(NULL, (const char *const[]){ "a.example. 0 ANY A", "a.example. 60 IN A 192.0.2.2",
					    "b.c.example. 60 IN A 192.0.2.3", NULL });
	expect(&all, "soa\n" SECOND FIRST MADE "end 3\nsoa\n");

	q = all;
	q.limit = 1;
	expect(&q, "soa\n" SECOND "end 3 more\nsoa\n");
	q.limit = 3;
	expect(&q, "soa\n" SECOND FIRST MADE "end 3\nsoa\n");
	q = all;
	q.key = (const knot_dname_t *)"\13HMAC-sha256";
	expect(&q, "soa\n" FIRST "end 3\nsoa\n");
	q.key = (const knot_dname_t *)"\3ops";
	expect(&q, "soa\nend 3\nsoa\n");

	/* a name and what is below it; how a zone was made is about all names */
	q = all;
	q.name = (const knot_dname_t *)"\1C\7example";
	expect(&q, "soa\n0 3 from 127 others 2\n+ b.c.example. 60 IN A 192.0.2.3\n" MADE
		   "end 3\nsoa\n");
	q.name = (const knot_dname_t *)"\7EXAMPLE";
	expect(&q, "soa\n" SECOND FIRST MADE "end 3\nsoa\n");

	q = all;
	q.since = (uint64_t)1 << 40;
	expect(&q, "soa\nend 3\nsoa\n");
	q.since = 0;
	q.until = 1;
	expect(&q, "soa\nend 3\nsoa\n");
}

static void one_entry_comes_with_what_is_there_now(void **state)
{
	struct audit_question q = { .one = true, .serial = 3 };

	(void)state;
	expect(&q, "soa\n" SECOND "now example. 60 IN NS ns.example.\n"
		   "now example. 60 IN SOA ns.example. h.example. 3 2 3 4 5\n"
		   "now a.example. 60 IN A 192.0.2.2\n"
		   "now example. 60 IN NS ns.example.\n"
		   "now example. 60 IN SOA ns.example. h.example. 3 2 3 4 5\n"
		   "now a.example. 60 IN A 192.0.2.2\n"
		   "now b.c.example. 60 IN A 192.0.2.3\n"
		   "end 3\nsoa\n");
	q.serial = 1;
	expect(&q, "soa\n" MADE "end 3\nsoa\n");
	q.serial = 99;
	expect(&q, "soa\nend 3\nsoa\n");

	/* what a wildcard would answer is not there */
	one(NULL, "x.w.example. 60 IN A 192.0.2.1");
	one(NULL, "x.w.example. 0 ANY ANY");
	q.serial = 4;
	struct text text = { 0 };
	assert_int_equal(ask(&q), RESPONSE_STREAM);
	stream_read(&text);
	assert_null(strstr(text_get(&text), "now x.w"));
	assert_null(strstr(text_get(&text), "192.0.2.77"));
	text_done(&text);
}

static void a_log_of_many_messages_is_whole(void **state)
{
	const struct audit_question all = { .until = UINT64_MAX };
	struct audit_question q = all;
	struct text text = { 0 };
	char line[12000], name[64];
	size_t entries = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		int size = snprintf(line, sizeof(line), "t%d.example. 60 IN TXT", i);

		for (int k = 0; k < 50; k++)
			size += snprintf(line + size, sizeof(line) - (size_t)size, " %0200d", i);
		one(NULL, line);
	}
	assert_int_equal(ask(&all), RESPONSE_STREAM);
	assert_in_range(stream_read(&text), 180, 320);
	for (const char *at = text_get(&text); (at = strstr(at, "\n+ t")) != NULL; at++)
		entries++;
	assert_int_equal(entries, 300);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "\n+ t%d.example.", i);
		assert_non_null(strstr(text_get(&text), name));
	}

	/* a search that finds nothing is no single piece of work */
	q.key = (const knot_dname_t *)"\6nobody";
	text_reset(&text);
	assert_int_equal(ask(&q), RESPONSE_STREAM);
	assert_in_range(stream_read(&text), 3, 5);
	assert_memory_equal(text_get(&text), "soa\n", 4);
	assert_non_null(strstr(text_get(&text), "searching\n"));
	assert_null(strstr(text_get(&text), "+ "));
	text_done(&text);
}

static void who_may_not_transfer_may_not_read_it(void **state)
{
	const struct audit_question all = { .until = UINT64_MAX };
	uint8_t octets[AUDIT_QUESTION_MAX];
	size_t size = audit_question_write(octets, &all);

	(void)state;
	fixture.peer.sin_addr.s_addr = htonl(0x0a000001);
	assert_int_equal(ask(&all), RESPONSE_READY);
	assert_string_equal(show_rcode(response()), "REFUSED");
	fixture.peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

	assert_int_equal(ask_option("a.example.", slice_make(octets, size)), RESPONSE_READY);
	assert_string_equal(show_rcode(response()), "NOTAUTH");
	for (size_t cut = 0; cut < size; cut++) {
		assert_int_equal(ask_option("example.", slice_make(octets, cut)), RESPONSE_READY);
		assert_string_equal(show_rcode(response()), "FORMERR");
	}
	octets[0] = 2;
	assert_int_equal(ask_option("example.", slice_make(octets, size)), RESPONSE_READY);
	assert_string_equal(show_rcode(response()), "FORMERR");
	fixture.tcp = false;
	assert_int_equal(ask(&all), RESPONSE_READY);
	assert_string_equal(show_rcode(response()), "FORMERR");

	/* without the option it is a type like others */
	fixture_ask(&fixture, message_question(&message, "example.", AUDIT_TYPE));
	assert_string_equal(show_rcode(response()), "NOERROR");
	one(NULL, "own.example. 60 IN TYPE65284 \\# 2 0102");
	fixture_ask(&fixture, message_question(&message, "own.example.", AUDIT_TYPE));
	struct text text = { 0 };
	show_message(&text, response());
	assert_non_null(strstr(text_get(&text), "TYPE65284 \\# 2 0102"));
	text_done(&text);
	fixture.tcp = true;
}

static void refusals_do_not_fill_the_log(void **state)
{
	const struct audit_question question = { 0 };
	struct log_bound *bound = &fixture.responder.refused;

	(void)state;
	fixture.now_ms += 5000;
	fixture.peer.sin_addr.s_addr = htonl(0x0a000001);
	for (int i = 0; i < LOG_BOUND_LINES + 7; i++)
		assert_int_equal(ask(&question), RESPONSE_READY);
	assert_int_equal(bound->more, 7);
	bound->more = 0;
	fixture.peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void what_is_older_than_the_log_age_is_not_told(void **state)
{
	const struct audit_question all = { .until = UINT64_MAX };
	struct text text = { 0 };
	struct history history;
	struct store_zone record;
	struct store_txn *txn;
	struct slice entry;

	(void)state;
	zone_table_at(fixture.state->zones, 0)->log_age = 1;
	assert_int_equal(store_write_begin(fixture.store, &txn), 0);
	assert_int_equal(store_zone_get(txn, (const uint8_t *)"\7example", &record), 0);
	const struct history old = { .kind = HISTORY_REPLACED, .time = 1000 };
	assert_int_equal(history_tell(txn, &record, &old, NULL), 0);
	assert_int_equal(store_log_get(txn, &record, record.log_next - 1, &entry), 0);
	assert_int_equal(history_read(entry, &history), 0);
	assert_int_equal(store_zone_put(txn, (const uint8_t *)"\7example", &record), 0);
	assert_int_equal(store_write_commit(txn), 0);
	assert_int_equal(ask(&all), RESPONSE_STREAM);
	stream_read(&text);
	assert_memory_equal(text_get(&text), "soa\nend ", 8);
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_come_newest_first_as_they_were_asked_for),
		cmocka_unit_test(one_entry_comes_with_what_is_there_now),
		cmocka_unit_test(a_log_of_many_messages_is_whole),
		cmocka_unit_test(who_may_not_transfer_may_not_read_it),
		cmocka_unit_test(refusals_do_not_fill_the_log),
		cmocka_unit_test(what_is_older_than_the_log_age_is_not_told),
	};

	return cmocka_run_group_tests_name("server audit", tests, server_begin, server_end);
}
