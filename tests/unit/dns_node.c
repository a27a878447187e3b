/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns/rrset.h and dns/node.h: record sets as octets, and nodes that hold them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "dns/edit.h"
#include "dns/record.h"

static struct slice rdata_read(struct arena *arena, uint16_t type, const char *text)
{
	struct slice rdata = { 0 };
	const char *why = "";

	if (rdata_parse(arena, &rdata, (const knot_dname_t *)"", type, text, &why) != 0)
		fail_msg("%s: %s", text, why);
	return rdata;
}

static uint16_t type_read(const char *text)
{
	uint16_t type = 0;

	assert_int_equal(type_parse(&type, text), 0);
	return type;
}

/* "TTL RDATA; TTL RDATA" */
static void set_show(struct text *ret, const struct rrset *set)
{
	struct rrset_record record;

	for (size_t pos = 0; rrset_next(set, &pos, &record);) {
		text_printf(ret, "%s%u ", ret->size > 0 ? "; " : "", record.ttl);
		rdata_format(ret, set->type, record.rdata);
	}
}

static void records_are_added_and_removed_one_by_one(void **state)
{
	static const struct {
		const char *type;
		struct {
			int32_t ttl; /* -1: remove */
			const char *rdata;
			int result;
		} steps[4];
		const char *out;
	} table[] = {
		{ "A", { { 60, "192.0.2.1", 1 } }, "60 192.0.2.1" },
		{ "A", { { 60, "192.0.2.1", 1 }, { 60, "192.0.2.1", 0 } }, "60 192.0.2.1" },
		{ "A",
		  { { 60, "192.0.2.2", 1 }, { 60, "192.0.2.1", 1 } },
		  "60 192.0.2.2; 60 192.0.2.1" },
		/* RFC 2181 5.2: one TTL for the set, the newest, also by a duplicate */
		{ "A",
		  { { 60, "192.0.2.1", 1 }, { 90, "192.0.2.2", 1 }, { 30, "192.0.2.1", 1 } },
		  "30 192.0.2.1; 30 192.0.2.2" },
		{ "A", { { 0, "192.0.2.1", 1 } }, "0 192.0.2.1" },
		{ "A", { { -1, "192.0.2.1", 0 } }, "" },
		{ "A", { { 60, "192.0.2.1", 1 }, { -1, "192.0.2.1", 1 } }, "" },
		{ "A",
		  { { 60, "192.0.2.1", 1 }, { 60, "192.0.2.2", 1 }, { -1, "192.0.2.1", 1 } },
		  "60 192.0.2.2" },
		/* names compare without regard to case; what was there first stays as it is */
		{ "NS", { { 60, "NS.Example.", 1 }, { 60, "ns.example.", 0 } }, "60 NS.Example." },
		{ "NS", { { 60, "NS.Example.", 1 }, { -1, "ns.EXAMPLE.", 1 } }, "" },
		{ "SRV",
		  { { 60, "1 2 5060 A.", 1 }, { 60, "1 2 5060 a.", 0 }, { 60, "1 2 5061 a.", 1 } },
		  "60 1 2 5060 A.; 60 1 2 5061 a." },
		/* text is octets */
		{ "TXT", { { 60, "\"a\"", 1 }, { 60, "\"A\"", 1 } }, "60 \"a\"; 60 \"A\"" },
		/* types of which a name has one record: a new one takes the place */
		{ "CNAME", { { 60, "a.", 1 }, { 90, "b.", 1 } }, "90 b." },
		{ "DNAME", { { 60, "a.", 1 }, { 90, "b.", 1 } }, "90 b." },
		{ "SOA",
		  { { 60, "a. b. 1 2 3 4 5", 1 }, { 60, "a. b. 2 2 3 4 5", 1 } },
		  "60 a. b. 2 2 3 4 5" },
		{ "CNAME", { { 60, "a.", 1 }, { 60, "a.", 0 }, { -1, "a.", 1 } }, "" },
		{ "TYPE65280",
		  { { 60, "\\# 0", 1 }, { 60, "\\# 1 00", 1 } },
		  "60 \\# 0; 60 \\# 1 00" },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct node_edit edit = { .arena = &arena };
		struct rrset set = { .type = type_read(table[i].type) };
		struct text text = { 0 };

		for (size_t k = 0; k < 4 && table[i].steps[k].rdata != NULL; k++) {
			struct slice rdata = rdata_read(&arena, set.type, table[i].steps[k].rdata);
			int32_t ttl = table[i].steps[k].ttl;
			int result = ttl < 0 ? edit_remove(&edit, set.type, rdata) :
					       edit_add(&edit, set.type, (uint32_t)ttl, rdata);

			if (result != table[i].steps[k].result)
				fail_msg("row %zu step %zu: %d", i, k, result);
			if (!edit_find(&edit, set.type, &set))
				set = (struct rrset){ .type = set.type };
			assert_true(rrset_has(&set, rdata) == (ttl >= 0));
		}
		set_show(&text, &set);
		assert_string_equal(text_get(&text), table[i].out);
		text_done(&text);
	}
	arena_done(&arena);
}

static void a_set_is_the_octets_of_a_message(void **state)
{
	static const uint8_t wanted[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1,
					  0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 2 };
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct rrset set;

	(void)state;
	edit_add(&edit, KNOT_RRTYPE_A, 7, slice_make("\xc0\0\2\1", 4));
	edit_add(&edit, KNOT_RRTYPE_A, 60, slice_make("\xc0\0\2\2", 4));
	assert_true(edit_find(&edit, KNOT_RRTYPE_A, &set));
	assert_int_equal(set.count, 2);
	assert_int_equal(set.size, sizeof(wanted));
	assert_memory_equal(set.wire, wanted, sizeof(wanted));
	assert_int_equal(rrset_ttl(&set), 60);
	arena_done(&arena);
}

static void a_set_that_would_not_fit_a_message_is_refused(void **state)
{
	static uint8_t octets[65535];
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	size_t most = RRSET_SIZE_MAX - RRSET_RECORD_HEAD;
	struct rrset set;

	(void)state;
	assert_int_equal(edit_add(&edit, 65280, 1, slice_make(octets, most + 1)), -EMSGSIZE);
	assert_false(edit_find(&edit, 65280, &set));
	assert_int_equal(edit_add(&edit, 65280, 1, slice_make(octets, most)), 1);
	assert_int_equal(edit_add(&edit, 65280, 1, slice_make(octets, 0)), -EMSGSIZE);
	assert_true(edit_find(&edit, 65280, &set));
	assert_int_equal(set.size, RRSET_SIZE_MAX);
	assert_int_equal(set.count, 1);
	arena_done(&arena);
}

static void a_record_that_is_there_is_no_reason_to_refuse_a_full_set(void **state)
{
	static uint8_t octets[RRSET_SIZE_MAX - RRSET_RECORD_HEAD];
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct rrset set;

	(void)state;
	assert_int_equal(edit_add(&edit, 65280, 1, slice_make(octets, sizeof(octets))), 1);
	assert_int_equal(edit_add(&edit, 65280, 1, slice_make(octets, sizeof(octets))), 0);
	assert_int_equal(edit_add(&edit, 65280, 2, slice_make(octets, sizeof(octets))), 1);
	assert_true(edit_find(&edit, 65280, &set));
	assert_int_equal(rrset_ttl(&set), 2);
	arena_done(&arena);
}

/* A set of this type whose records tell the version. */
static struct rrset set_make(struct arena *arena, uint16_t type, unsigned version)
{
	struct node_edit edit = { .arena = arena };
	struct rrset set = { .type = type };
	uint8_t rdata[4];

	put_u32(rdata, version);
	for (unsigned i = 0; i < version % 4; i++) {
		rdata[0] = (uint8_t)i;
		assert_int_equal(edit_add(&edit, type, version, slice_make(rdata, 4)), 1);
	}
	edit_find(&edit, type, &set);
	return set;
}

/* Puts a set into a node, in place of the one of its type. */
static void put(struct arena *arena, struct node *node, const struct rrset *set)
{
	struct node_edit edit;
	struct rrset_record record;

	assert_int_equal(edit_begin(&edit, arena, node), 0);
	edit_clear(&edit, set->type);
	for (size_t pos = 0; set->count > 0 && rrset_next(set, &pos, &record);)
		assert_int_equal(edit_add(&edit, set->type, record.ttl, record.rdata), 1);
	assert_int_equal(edit_end(&edit, node), 0);
}

static void a_set_that_is_changed_often_takes_little_room(void **state)
{
	enum { RECORDS = 3000, ROUNDS = 20 };
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct rrset set;
	uint8_t rdata[4];

	(void)state;
	for (unsigned i = 0; i < RECORDS; i++) {
		put_u32(rdata, i);
		assert_int_equal(edit_add(&edit, KNOT_RRTYPE_A, 60, slice_make(rdata, 4)), 1);
	}
	assert_true(edit_find(&edit, KNOT_RRTYPE_A, &set));

	const uint8_t *wire = set.wire;
	for (unsigned i = 0; i < ROUNDS * 100; i++) {
		put_u32(rdata, i % RECORDS);
		assert_true(edit_remove(&edit, KNOT_RRTYPE_A, slice_make(rdata, 4)));
		assert_int_equal(edit_add(&edit, KNOT_RRTYPE_A, 60, slice_make(rdata, 4)), 1);
	}
	assert_true(edit_find(&edit, KNOT_RRTYPE_A, &set));
	assert_int_equal(set.count, RECORDS);
	assert_ptr_equal(set.wire, wire); /* where it lay when it was full */
	arena_done(&arena);
}

static void a_node_holds_what_was_put_last_by_rising_type(void **state)
{
	enum { TYPES = 12, FIRST = 65280 };
	struct arena arena = { 0 };
	struct node node = { 0 };
	unsigned versions[TYPES] = { 0 };
	struct rrset set;

	(void)state;
	srand(3);
	for (unsigned round = 1; round < 5000; round++) {
		size_t at = (size_t)rand() % TYPES, found = 0;

		versions[at] = round;
		set = set_make(&arena, (uint16_t)(FIRST + at), round);
		put(&arena, &node, &set);
		for (size_t i = 0; i < TYPES; i++) {
			struct rrset wanted = set_make(&arena, (uint16_t)(FIRST + i), versions[i]);

			assert_true(node_find(&node, (uint16_t)(FIRST + i), &set) ==
				    (wanted.count > 0));
			if (wanted.count == 0)
				continue;
			assert_true(rrset_identical(&set, &wanted));
			assert_int_equal(set.count, wanted.count);
			assert_true(node_at(&node, found++, &set));
			assert_true(rrset_identical(&set, &wanted));
		}
		assert_false(node_at(&node, found, &set));
		assert_true((node.size == 0) == (found == 0));
		if (round % 50 == 0) {
			struct node copy = { arena_copy(&arena, node.data, node.size), node.size };
			struct arena next = { 0 };

			assert_true(node_identical(&node, &copy));
			node.data = arena_copy(&next, node.data, node.size);
			arena_done(&arena);
			arena = next;
		}
	}
	arena_done(&arena);
}

static void a_node_without_octets_has_nothing(void **state)
{
	struct node node = { 0 };
	struct arena arena = { 0 };
	struct rrset set = { .type = KNOT_RRTYPE_A };

	(void)state;
	assert_false(node_find(&node, KNOT_RRTYPE_A, &set));
	assert_false(node_at(&node, 0, &set));
	put(&arena, &node, &set);
	assert_int_equal(node.size, 0);

	set = set_make(&arena, 65280, 1);
	put(&arena, &node, &set);
	assert_false(node_identical(&node, &(struct node){ 0 }));
	set.count = 0;
	put(&arena, &node, &set);
	assert_true(node_identical(&node, &(struct node){ 0 }));
	assert_false(node_find(&node, 65280, &set));
	arena_done(&arena);
}

static void a_node_is_read_at_any_address(void **state)
{
	struct arena arena = { 0 };
	struct node node = { 0 };
	struct rrset set = set_make(&arena, 65280, 3), found;

	(void)state;
	put(&arena, &node, &set);
	for (size_t shift = 0; shift < 8; shift++) {
		uint8_t *octets = malloc(node.size + shift);

		memcpy(octets + shift, node.data, node.size);
		assert_true(node_find(&(struct node){ octets + shift, node.size }, 65280, &found));
		assert_true(rrset_identical(&set, &found));
		free(octets);
	}
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_added_and_removed_one_by_one),
		cmocka_unit_test(a_set_is_the_octets_of_a_message),
		cmocka_unit_test(a_set_that_would_not_fit_a_message_is_refused),
		cmocka_unit_test(a_record_that_is_there_is_no_reason_to_refuse_a_full_set),
		cmocka_unit_test(a_set_that_is_changed_often_takes_little_room),
		cmocka_unit_test(a_node_holds_what_was_put_last_by_rising_type),
		cmocka_unit_test(a_node_without_octets_has_nothing),
		cmocka_unit_test(a_node_is_read_at_any_address),
	};

	return cmocka_run_group_tests_name("dns node", tests, NULL, NULL);
}
