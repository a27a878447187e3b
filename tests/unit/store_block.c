/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/block.h: what is put into a packed block comes out octet for octet, and takes little
 * room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/writer.h"
#include "dns/record.h"
#include "store/block.h"

enum { TTL = 3600, UNKNOWN = 65280 };

/* A node that is being written record by record, of any form. */
struct draft {
	struct arena arena;
	struct rrset sets[64];
	size_t count;
};

static void draft_record(struct draft *draft, uint16_t owner, uint16_t type, uint16_t class,
			 uint32_t ttl, struct slice rdata)
{
	struct rrset *set = draft->count > 0 ? &draft->sets[draft->count - 1] : NULL;

	if (set == NULL || set->type != type) {
		set = &draft->sets[draft->count++];
		*set = (struct rrset){ .type = type };
	}

	uint8_t *wire = arena_take(&draft->arena, set->size + RRSET_RECORD_HEAD + rdata.size);
	struct writer w = write_begin(wire, set->size + RRSET_RECORD_HEAD + rdata.size);
	write_bytes(&w, set->wire, set->size);
	write_u16(&w, owner);
	write_u16(&w, type);
	write_u16(&w, class);
	write_u32(&w, ttl);
	write_u16(&w, (uint16_t)rdata.size);
	write_bytes(&w, rdata.data, rdata.size);
	set->wire = wire;
	set->size = (uint32_t)write_size(&w);
	set->count++;
}

static void draft_add(struct draft *draft, uint16_t type, uint32_t ttl, struct slice rdata)
{
	draft_record(draft, RRSET_OWNER, type, KNOT_CLASS_IN, ttl, rdata);
}

static void draft_text(struct draft *draft, uint16_t type, const char *text)
{
	struct slice rdata = { 0 };
	const char *why = "";

	if (rdata_parse(&draft->arena, &rdata, (const knot_dname_t *)"", type, text, &why) != 0)
		fail_msg("%s: %s", text, why);
	draft_add(draft, type, TTL, rdata);
}

static struct node draft_node(struct draft *draft)
{
	struct node node = { 0 };

	assert_int_equal(node_make(&draft->arena, draft->sets, draft->count, &node), 0);
	return node;
}

static void draft_done(struct draft *draft)
{
	arena_done(&draft->arena);
	*draft = (struct draft){ 0 };
}

static void put(struct block_edit *edit, int slot, struct draft *draft)
{
	struct node node = draft_node(draft);

	assert_int_equal(block_edit_put(edit, slot, &node), 0);
	draft_done(draft);
}

/* "E2U+sip" to a URI that has the number in it. */
static void put_naptr(struct draft *draft, const char *service, const char *format, int slot,
		      unsigned other)
{
	char uri[200], text[300];

	snprintf(uri, sizeof(uri), format, slot, other);
	snprintf(text, sizeof(text), "100 10 \"u\" \"%s\" \"!^.*$!%s!\" .", service, uri);
	draft_text(draft, KNOT_RRTYPE_NAPTR, text);
}

static struct block_edit *edit_begin(const char *prefix)
{
	struct block_edit *edit = NULL;

	assert_int_equal(block_edit_new(&edit), 0);
	block_edit_begin(edit, slice_text(prefix));
	return edit;
}

static struct slice edit_end(struct block_edit *edit)
{
	struct slice block = { 0 };

	assert_int_equal(block_edit_write(edit, 0, BLOCK_SLOTS - 1, &block), 0);
	return block;
}

/* The slots of a block are these nodes, however one looks at it. */
static void check_block(struct slice block, const struct node *nodes)
{
	struct block_room room = { 0 };
	size_t count = 0;
	int before = -1;

	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		struct node node = { 0 };
		int found = block_node(block, slot, &room, &node);

		assert_int_equal(found, nodes[slot].size > 0);
		assert_true(node_identical(&node, &nodes[slot]));
		assert_int_equal(block_prev(block, slot), before);
		if (found == 0)
			continue;
		count++;
		assert_int_equal(block_next(block, before + 1), slot);
		assert_int_equal(block_next(block, slot), slot);
		before = slot;
	}
	assert_int_equal(block_next(block, before + 1), -1);
	assert_int_equal(block_prev(block, BLOCK_SLOTS), before);
	assert_int_equal(block_count(block), count);
	block_room_done(&room);
}

static void a_block_without_octets_has_no_slots(void **state)
{
	static const struct node nodes[BLOCK_SLOTS];
	struct block_edit *edit = edit_begin("1");

	(void)state;
	check_block((struct slice){ 0 }, nodes);
	assert_int_equal(edit_end(edit).size, 0);
	assert_int_equal(block_edit_load(edit, (struct slice){ 0 }), 0);
	assert_int_equal(block_edit_count(edit), 0);
	assert_int_equal(block_edit_next(edit, 0), -1);
	block_edit_free(edit);
}

/*
 * What stands in each node of a block whose number is 2025550xxx, and the octets that a full
 * block may take.
 */
static void nodes_of_every_form_come_out_as_they_were(void **state)
{
	static const struct {
		const char *name;
		uint16_t type[3];
		const char *rdata[3]; /* %03d: the slot */
		size_t most;
	} table[] = {
		{ "one gateway",
		  { KNOT_RRTYPE_NAPTR },
		  { "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:+12025550%03d@gw1.example.net!\" ." },
		  100 },
		{ "no plus, upper case",
		  { KNOT_RRTYPE_NAPTR },
		  { "100 10 \"U\" \"e2u+SIP\" \"!^.*$!SIP:2025550%03d@GW1.example.net!\" Rep." },
		  100 },
		{ "twice in one record",
		  { KNOT_RRTYPE_TXT },
		  { "\"12025550%1$03d to 12025550%1$03d;12025550%1$03d\"" },
		  100 },
		{ "the digits of another block",
		  { KNOT_RRTYPE_TXT },
		  { "\"12025551%03d\"" },
		  20000 },
		{ "more digits behind", { KNOT_RRTYPE_TXT }, { "\"12025550%03d0\"" }, 20000 },
		{ "in a name", { KNOT_RRTYPE_PTR }, { "x2025550%03d.example.NET." }, 100 },
		{ "several records of three types",
		  { KNOT_RRTYPE_TXT, KNOT_RRTYPE_NAPTR, KNOT_RRTYPE_NAPTR },
		  { "\"of 2025550%03d\"",
		    "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:+12025550%03d@gw1.example.net!\" .",
		    "100 20 \"u\" \"E2U+pstn:tel\" \"!^.*$!tel:+12025550%03d!\" ." },
		  250 },
		{ "addresses, the same at all", { KNOT_RRTYPE_A }, { "192.0.2.1" }, 30 },
		{ "no RDATA", { UNKNOWN }, { "\\# 0" }, 30 },
	};
	static struct draft drafts[BLOCK_SLOTS];
	static struct node nodes[BLOCK_SLOTS];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct block_edit *edit = edit_begin("2025550");

		for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
			for (size_t k = 0; k < 3 && table[i].rdata[k] != NULL; k++) {
				char text[300];

				snprintf(text, sizeof(text), table[i].rdata[k], slot);
				draft_text(&drafts[slot], table[i].type[k], text);
			}
			nodes[slot] = draft_node(&drafts[slot]);
			assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
		}

		struct slice block = edit_end(edit);
		check_block(block, nodes);
		if (block.size > table[i].most)
			fail_msg("%s: %zu octets", table[i].name, block.size);
		block_edit_free(edit);
		for (int slot = 0; slot < BLOCK_SLOTS; slot++)
			draft_done(&drafts[slot]);
	}
}

static size_t octets_of(struct block_edit *edit)
{
	size_t size = edit_end(edit).size;

	block_edit_free(edit);
	return size;
}

static void eight_gateways_take_less_than_650_octets(void **state)
{
	struct block_edit *edit = edit_begin("2125551");

	(void)state;
	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		struct draft draft = { 0 };

		put_naptr(&draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", slot,
			  8U + (unsigned)slot * 7919U % 8U);
		put(edit, slot, &draft);
	}

	size_t size = octets_of(edit);
	print_message("8 gateways: %zu octets\n", size);
	assert_true(size <= 650);
}

static size_t gateways_64(unsigned percent)
{
	struct block_edit *edit = edit_begin("2125551");
	unsigned seed = 1;

	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		struct draft draft = { 0 };
		unsigned chance = (unsigned)rand_r(&seed) % 100;

		if ((unsigned)rand_r(&seed) % 1000 >= percent * 10)
			continue;
		put_naptr(&draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", slot,
			  (unsigned)rand_r(&seed) % 64);
		if (chance < 5)
			put_naptr(&draft, "E2U+pstn:tel", "tel:+12125551%03d", slot, 0);
		if (chance < 2)
			put_naptr(&draft, "E2U+email:mailto", "mailto:12125551%03d@example.net",
				  slot, 0);
		put(edit, slot, &draft);
	}
	return octets_of(edit);
}

static void sixty_four_gateways_fit_half_a_page(void **state)
{
	size_t full = gateways_64(100), some = gateways_64(62);

	(void)state;
	print_message("64 gateways: %zu octets, %zu of 620 numbers\n", full, some);
	assert_true(full < 1990);
	assert_true(some < full);
}

static void a_few_numbers_take_little_more_than_their_records(void **state)
{
	struct block_edit *edit = edit_begin("2125551");
	struct draft draft = { 0 };

	(void)state;
	put_naptr(&draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", 123, 12);

	size_t record = draft.sets[0].size;
	put(edit, 123, &draft);
	assert_true(edit_end(edit).size <= record + 10);
	put_naptr(&draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", 999, 3);
	put(edit, 999, &draft);
	put_naptr(&draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", 0, 3);
	put(edit, 0, &draft);
	assert_true(octets_of(edit) <= record + 40);
}

/* A number's own URI, as they are in a company: name at host. */
static void put_person(struct draft *draft, unsigned *seed)
{
	static const char *const first[] = { "alice", "bob",   "carol",      "dave",
					     "erin",  "heidi", "maximilian", "jo" };
	static const char *const last[] = { "smith", "miller", "o-brien",      "kowalski",
					    "ng",    "garcia", "featherstone", "tan" };
	char text[300];

	snprintf(text, sizeof(text),
		 "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:%s.%s%u@pbx%u.example.net!\" .",
		 first[rand_r(seed) % 8], last[rand_r(seed) % 8], (unsigned)rand_r(seed) % 100,
		 (unsigned)rand_r(seed) % 20);
	draft_text(draft, KNOT_RRTYPE_NAPTR, text);
}

static void pieces_hold_all_slots_and_their_size_is_kept(void **state)
{
	enum { LIMIT = 2000, KEY = 40 /* what LMDB and the key take */ };
	static struct draft drafts[BLOCK_SLOTS];
	static struct node nodes[BLOCK_SLOTS];
	struct block_edit *edit = edit_begin("2125551"), *again = edit_begin("2125551");
	unsigned seed = 2;
	size_t total = 0, count = 0;

	(void)state;
	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		nodes[slot] = (struct node){ 0 };
		if (rand_r(&seed) % 100 >= 62)
			continue;
		put_person(&drafts[slot], &seed);
		nodes[slot] = draft_node(&drafts[slot]);
		assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
		count++;
	}
	for (int first = 0, end = 0; first < BLOCK_SLOTS; first = end) {
		struct slice piece = { 0 }, more = { 0 };

		while (end < BLOCK_SLOTS) {
			assert_int_equal(block_edit_write(edit, first, end, &more), 0);
			if (more.size > LIMIT)
				break;
			end++;
		}
		assert_int_equal(block_edit_write(edit, first, end - 1, &piece), 0);
		assert_true(piece.size <= LIMIT);
		total += piece.size + KEY;
		assert_int_equal(block_edit_load(again, piece), 0);
	}
	print_message("own URIs: %zu octets for each of %zu numbers\n", total / count, count);
	assert_true(total / count <= 40);

	struct slice block = edit_end(again);
	check_block(block, nodes);
	for (int slot = 0; slot < BLOCK_SLOTS; slot++)
		draft_done(&drafts[slot]);
	block_edit_free(edit);
	block_edit_free(again);
}

static void a_thousand_large_records_of_which_none_is_like_another(void **state)
{
	static struct draft drafts[BLOCK_SLOTS];
	static struct node nodes[BLOCK_SLOTS];
	struct block_edit *edit = edit_begin("1");
	uint8_t octets[300];
	unsigned seed = 3;

	(void)state;
	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		for (size_t i = 0; i < sizeof(octets); i++)
			octets[i] = (uint8_t)rand_r(&seed);
		draft_add(&drafts[slot], UNKNOWN, TTL, slice_make(octets, sizeof(octets)));
		nodes[slot] = draft_node(&drafts[slot]);
		assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
	}

	struct slice block = edit_end(edit);
	assert_true(block.size > 300000 && block.size < 320000);
	check_block(block, nodes);
	block_edit_free(edit);
	for (int slot = 0; slot < BLOCK_SLOTS; slot++)
		draft_done(&drafts[slot]);
}

/* Any node, from the usual to the odd. */
static void draft_random(struct draft *draft, int slot, unsigned *seed)
{
	static uint8_t big[60000];
	static const uint16_t types[] = { KNOT_RRTYPE_A, KNOT_RRTYPE_NAPTR, UNKNOWN };
	unsigned kind = (unsigned)rand_r(seed) % 1000, some = (unsigned)rand_r(seed);
	uint8_t octets[64];

	if (kind < 500) {
		put_naptr(draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", slot, some % 20);
		if (kind < 50)
			put_naptr(draft, "E2U+pstn:tel", "tel:+12125551%03d", slot, 0);
	} else if (kind < 700) {
		put_person(draft, seed);
	} else if (kind < 800) { /* sets whose records differ in TTL, in any number */
		for (unsigned i = 0; i < 1 + some % 5; i++) {
			snprintf((char *)octets, sizeof(octets), "+2125551%03d,%u", slot, some % 7);
			draft_add(draft, types[i / 2], some % 3 + i,
				  slice_make(octets, (size_t)rand_r(seed) % 12 + 3));
		}
	} else if (kind < 900) { /* octets that look like digits and lengths of others */
		size_t size = some % sizeof(octets);

		for (size_t i = 0; i < size; i++)
			octets[i] = (uint8_t)("0123456789.\0\377ab"[rand_r(seed) % 15]);
		draft_add(draft, KNOT_RRTYPE_TXT, some % 2, slice_make(octets, size));
	} else if (kind < 960) { /* many records */
		for (unsigned i = 0; i < some % 40 + 1; i++) {
			put_u32(octets, i * 7 + some % 3);
			draft_add(draft, KNOT_RRTYPE_A, TTL, slice_make(octets, 4));
		}
	} else if (kind < 990) { /* another owner, another class, a type twice */
		draft_record(draft, some % 2 ? 0xc00e : RRSET_OWNER, UNKNOWN, some % 4 + 1, 1,
			     slice_make("2125551000", some % 10));
		if (kind < 970)
			draft->sets[draft->count++] = draft->sets[0];
	} else {
		memset(big, (int)some % 5, sizeof(big));
		big[some % sizeof(big)] = 1;
		draft_add(draft, UNKNOWN + 1, TTL, slice_make(big, sizeof(big) - some % 3));
	}
}

static void check_edit(struct block_edit *edit, const struct node *nodes)
{
	struct block_room room = { 0 };
	size_t count = 0;

	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		struct node node = { 0 };
		int found = block_edit_node(edit, slot, &room, &node);

		assert_int_equal(found, nodes[slot].size > 0);
		assert_true(node_identical(&node, &nodes[slot]));
		assert_int_equal(block_edit_next(edit, slot) == slot, found);
		count += (size_t)found;
	}
	assert_int_equal(block_edit_count(edit), count);
	block_room_done(&room);
}

static void what_was_put_last_is_there_through_thousands_of_changes(void **state)
{
	enum { ROUNDS = 300 };
	static struct draft drafts[BLOCK_SLOTS];
	static struct node nodes[BLOCK_SLOTS];
	struct block_edit *edit = edit_begin("2125551"), *other = edit_begin("2125551");
	unsigned seed = 4;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned changes = 1U << rand_r(&seed) % 9;
		int from = rand_r(&seed) % 900, width = 1 << rand_r(&seed) % 10;
		bool remove = rand_r(&seed) % 3 == 0;

		for (unsigned i = 0; i < changes; i++) {
			int slot = (from + rand_r(&seed) % width) % BLOCK_SLOTS;

			draft_done(&drafts[slot]);
			nodes[slot] = (struct node){ 0 };
			if (!remove) {
				draft_random(&drafts[slot], slot, &seed);
				nodes[slot] = draft_node(&drafts[slot]);
			}
			assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
		}
		if (round % 4 == 0)
			check_edit(edit, nodes);

		struct slice block = edit_end(edit), twice;
		if (round % 4 == 1)
			check_block(block, nodes);
		block_edit_begin(other, slice_text("2125551"));
		assert_int_equal(block_edit_load(other, block), 0);
		twice = edit_end(other);
		assert_true(slice_equal(block, twice));
		if (round % 4 == 2)
			check_edit(other, nodes);
		if (round % 2 == 0) {
			struct block_edit *swap = edit;

			edit = other;
			other = swap;
		}
	}
	block_edit_free(edit);
	block_edit_free(other);
	for (int slot = 0; slot < BLOCK_SLOTS; slot++)
		draft_done(&drafts[slot]);
}

/* A node of the few that the block has over and over, so that it is changed as it is. */
static void draft_usual(struct draft *draft, int slot, unsigned *seed)
{
	unsigned kind = (unsigned)rand_r(seed) % 100, gateway = (unsigned)rand_r(seed) % 12;

	if (kind < 10) /* what no other slot has */
		put_person(draft, seed);
	else if (kind < 90)
		put_naptr(draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", slot, gateway);
	if (kind < 5 || kind > 80)
		put_naptr(draft, "E2U+pstn:tel", "tel:+12125551%03d", slot, 0);
}

static void a_change_of_one_slot_leaves_all_others(void **state)
{
	enum { ROUNDS = 6000 };
	static struct draft drafts[BLOCK_SLOTS];
	static struct node nodes[BLOCK_SLOTS];
	struct block_edit *edit = edit_begin("2125551");
	struct slice block = { 0 };
	uint8_t *octets = NULL;
	unsigned seed = 8;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		int width = round < ROUNDS / 3 ? 1000 : round < ROUNDS / 3 * 2 ? 300 : 40;
		int slot = rand_r(&seed) % width;

		draft_done(&drafts[slot]);
		nodes[slot] = (struct node){ 0 };
		if (rand_r(&seed) % 100 < (round % 2000 < 1000 ? 95 : 40)) {
			draft_usual(&drafts[slot], slot, &seed);
			nodes[slot] = draft_node(&drafts[slot]);
		}
		block_edit_begin(edit, slice_text("2125551"));
		assert_int_equal(block_edit_load(edit, block), 0);
		assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
		if (round % 100 == 0)
			check_edit(edit, nodes);
		block = edit_end(edit);
		octets = realloc(octets, block.size + 1);
		memcpy(octets, block.data, block.size);
		block.data = octets;
		if (round % 20 == 0)
			check_block(block, nodes);
	}
	free(octets);
	block_edit_free(edit);
	for (int slot = 0; slot < BLOCK_SLOTS; slot++)
		draft_done(&drafts[slot]);
}

static void a_part_has_the_slots_from_first_to_last(void **state)
{
	struct block_edit *edit = edit_begin("2125551");
	unsigned seed = 5;

	(void)state;
	for (int slot = 0; slot < BLOCK_SLOTS; slot += 3) {
		struct draft draft = { 0 };

		put_person(&draft, &seed);
		put(edit, slot, &draft);
	}
	for (int round = 0; round < 200; round++) {
		int first = rand_r(&seed) % BLOCK_SLOTS;
		int last = first + rand_r(&seed) % (BLOCK_SLOTS - first);
		struct slice block = { 0 };

		assert_int_equal(block_edit_write(edit, first, last, &block), 0);
		assert_int_equal(block_count(block), last / 3 - (first + 2) / 3 + 1);
		assert_int_equal(block_next(block, 0),
				 (first + 2) / 3 * 3 <= last ? (first + 2) / 3 * 3 : -1);
	}
	block_edit_free(edit);
}

static void a_block_that_is_changed_for_ever_does_not_grow(void **state)
{
	struct block_edit *edit = edit_begin("2125551");
	size_t first = 0;
	unsigned seed = 6;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct draft draft = { 0 };
		uint8_t octets[400];

		memset(octets, 0, sizeof(octets));
		put_u32(octets, i);
		put_u32(octets + sizeof(octets) - 4, i);
		draft_add(&draft, UNKNOWN, TTL, slice_make(octets, sizeof(octets)));
		put(edit, (int)(i % 10), &draft);
		if (i % 1000 == 10)
			first = first == 0 ? edit_end(edit).size : first;
		if (i % 1000 == 500)
			assert_true(edit_end(edit).size <= first + 10);
	}
	(void)seed;
	block_edit_free(edit);
}

static void a_block_of_megabytes_comes_out_as_it_was(void **state)
{
	static struct draft drafts[BLOCK_SLOTS];
	static struct node nodes[BLOCK_SLOTS];
	static uint8_t rdata[60000];
	struct block_edit *edit = edit_begin("1"), *other = edit_begin("1");
	unsigned seed = 9;

	(void)state;
	for (int slot = 0; slot < BLOCK_SLOTS; slot += 100) { /* nodes of 500 KB */
		for (uint16_t type = 0; type < 8; type++) {
			for (size_t i = 0; i < sizeof(rdata); i++)
				rdata[i] = (uint8_t)rand_r(&seed);
			draft_add(&drafts[slot], (uint16_t)(UNKNOWN + type), TTL,
				  slice_make(rdata, sizeof(rdata)));
		}
		nodes[slot] = draft_node(&drafts[slot]);
		assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
	}

	struct slice block = edit_end(edit);
	assert_true(block.size > 4800000);
	check_block(block, nodes);
	assert_int_equal(block_edit_load(other, block), 0);
	check_edit(other, nodes);
	draft_done(&drafts[100]);
	nodes[100] = (struct node){ 0 };
	assert_int_equal(block_edit_put(other, 100, &nodes[100]), 0);
	check_edit(other, nodes);
	block_edit_begin(other, slice_text("1"));
	assert_int_equal(edit_end(other).size, 0);
	block_edit_free(edit);
	block_edit_free(other);
	for (int slot = 0; slot < BLOCK_SLOTS; slot++)
		draft_done(&drafts[slot]);
}

static void what_is_no_node_is_not_put(void **state)
{
	struct block_edit *edit = edit_begin("1");
	struct draft draft = { 0 };

	(void)state;
	draft_text(&draft, KNOT_RRTYPE_A, "192.0.2.1");

	struct node node = draft_node(&draft);
	for (size_t size = 1; size < node.size; size++) {
		struct node part = { .data = node.data, .size = size };

		assert_int_equal(block_edit_put(edit, 1, &part), -EBADMSG);
	}
	assert_int_equal(block_edit_count(edit), 0);
	assert_int_equal(block_edit_put(edit, 1, &node), 0);
	draft_done(&draft);
	block_edit_free(edit);
}

/* All that can be read; whatever comes of it, nodes are good ones. */
static void read_all(struct slice block, struct block_edit *edit)
{
	struct block_room room = { 0 };
	struct node node;
	size_t steps = 0;

	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		int found = block_node(block, slot, &room, &node);

		assert_true(found == 0 || found == 1 || found == -EBADMSG);
		assert_true(found != 1 || (node.size > 0 && node_valid(&node)));
	}
	for (int slot = block_next(block, 0); slot >= 0; slot = block_next(block, slot + 1))
		assert_true(slot < BLOCK_SLOTS && steps++ < BLOCK_SLOTS);
	for (int slot = block_prev(block, 1000); slot >= 0; slot = block_prev(block, slot))
		assert_true(slot < BLOCK_SLOTS && steps++ < 2 * BLOCK_SLOTS);
	block_edit_begin(edit, (struct slice){ 0 });

	int err = block_edit_load(edit, block);
	assert_true(err == 0 || err == -EBADMSG);
	assert_true(err == 0 || block_edit_count(edit) == 0);
	block_room_done(&room);
}

static void damaged_octets_are_no_danger(void **state)
{
	struct block_edit *edit = edit_begin("2125551"), *other = edit_begin("");
	unsigned seed = 7;

	(void)state;
	for (int slot = 100; slot < 400; slot += 1 + rand_r(&seed) % 40) {
		struct draft draft = { 0 };

		put_naptr(&draft, "E2U+sip", "sip:+12125551%03d@gw%u.example.net", slot,
			  (unsigned)slot % 20);
		if (slot % 3 == 0)
			put_naptr(&draft, "E2U+pstn:tel", "tel:+12125551%03d", slot, 0);
		if (slot % 5 == 0)
			draft_record(&draft, 0xc010, UNKNOWN, 3, 1, slice_make("x", 1));
		put(edit, slot, &draft);
	}

	struct slice block = edit_end(edit);
	for (size_t size = 0; size < block.size; size++) {
		uint8_t *part = malloc(size + 1); /* so that what lies behind is not ours */

		part = realloc(part, size > 0 ? size : 1);
		memcpy(part, block.data, size);
		read_all(slice_make(part, size), other);
		free(part);
	}

	uint8_t *copy = malloc(block.size);
	memcpy(copy, block.data, block.size);
	for (size_t at = 0; at < block.size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			copy[at] ^= (uint8_t)(1U << bit);
			if (at < 80 || bit == at % 8)
				read_all(slice_make(copy, block.size), other);
			copy[at] ^= (uint8_t)(1U << bit);
		}
	free(copy);
	block_edit_free(edit);
	block_edit_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_without_octets_has_no_slots),
		cmocka_unit_test(nodes_of_every_form_come_out_as_they_were),
		cmocka_unit_test(eight_gateways_take_less_than_650_octets),
		cmocka_unit_test(sixty_four_gateways_fit_half_a_page),
		cmocka_unit_test(a_few_numbers_take_little_more_than_their_records),
		cmocka_unit_test(pieces_hold_all_slots_and_their_size_is_kept),
		cmocka_unit_test(a_thousand_large_records_of_which_none_is_like_another),
		cmocka_unit_test(what_was_put_last_is_there_through_thousands_of_changes),
		cmocka_unit_test(a_change_of_one_slot_leaves_all_others),
		cmocka_unit_test(a_part_has_the_slots_from_first_to_last),
		cmocka_unit_test(a_block_that_is_changed_for_ever_does_not_grow),
		cmocka_unit_test(a_block_of_megabytes_comes_out_as_it_was),
		cmocka_unit_test(what_is_no_node_is_not_put),
		cmocka_unit_test(damaged_octets_are_no_danger),
	};

	return cmocka_run_group_tests_name("store block", tests, NULL, NULL);
}
