/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a packed block costs, without store and server around it.
 *
 *	bench-block
 *
 * For each kind of number: octets of a number, and nanoseconds to read one (in a block that is in
 * the cache, and in one of many), to put one into a block that is being filled, to write a whole
 * block, and for all of an update of one number in a piece of a block, or of two: load, put, write.
 */
#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/writer.h"
#include "clock.h"
#include "store/block.h"

enum { COPIES = 4000, READS = 4096, ROUNDS = 300, ENTRY_MOST = 2000 };

static unsigned seed = 1;

static unsigned pick(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static void add_naptr(struct arena *arena, struct rrset *set, const char *service, const char *uri)
{
	size_t most = set->size + 400;
	uint8_t *wire = arena_take(arena, most);
	char expression[200];
	struct writer w = write_begin(wire, most);

	int length = snprintf(expression, sizeof(expression), "!^.*$!%s!", uri);
	size_t rdlength = 4 + 2 + 1 + strlen(service) + 1 + (size_t)length + 1;
	write_bytes(&w, set->wire, set->size);
	write_u16(&w, RRSET_OWNER);
	write_u16(&w, KNOT_RRTYPE_NAPTR);
	write_u16(&w, KNOT_CLASS_IN);
	write_u32(&w, 3600);
	write_u16(&w, (uint16_t)rdlength);
	write_u32(&w, 100 << 16 | 10);
	write_bytes(&w, "\1u", 2);
	write_u8(&w, (uint8_t)strlen(service));
	write_bytes(&w, service, strlen(service));
	write_u8(&w, (uint8_t)length);
	write_bytes(&w, expression, (size_t)length);
	write_u8(&w, 0);
	set->wire = wire;
	set->size = (uint32_t)write_size(&w);
	set->count++;
	set->type = KNOT_RRTYPE_NAPTR;
}

static void gateways(struct arena *arena, struct rrset *set, int slot, unsigned count)
{
	char uri[100];

	snprintf(uri, sizeof(uri), "sip:+12125551%03d@gw%u.example.net", slot, pick(count));
	add_naptr(arena, set, "E2U+sip", uri);
}

static void make_8(struct arena *arena, struct rrset *set, int slot)
{
	gateways(arena, set, slot, 8);
}

static void make_64(struct arena *arena, struct rrset *set, int slot)
{
	unsigned chance = pick(100);
	char uri[100];

	gateways(arena, set, slot, 64);
	snprintf(uri, sizeof(uri), "tel:+12125551%03d", slot);
	if (chance < 5)
		add_naptr(arena, set, "E2U+pstn:tel", uri);
	if (chance < 2)
		add_naptr(arena, set, "E2U+pstn:sip", uri);
}

static void make_own(struct arena *arena, struct rrset *set, int slot)
{
	static const char *const names[] = { "alice", "bob", "carol", "heidi", "maximilian" };
	char uri[100];

	(void)slot;
	snprintf(uri, sizeof(uri), "sip:%s.%s%u@pbx%u.example.net", names[pick(5)], names[pick(5)],
		 pick(100), pick(20));
	add_naptr(arena, set, "E2U+sip", uri);
}

static void make_one(struct arena *arena, struct rrset *set, int slot)
{
	gateways(arena, set, slot, 1);
}

static struct node nodes[BLOCK_SLOTS];

static void nodes_make(struct arena *arena, unsigned percent,
		       void (*make)(struct arena *, struct rrset *, int))
{
	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		struct rrset set = { 0 };

		nodes[slot] = (struct node){ 0 };
		if (pick(100) >= percent)
			continue;
		make(arena, &set, slot);
		if (node_make(arena, &set, 1, &nodes[slot]) != 0)
			abort();
	}
}

static void need(int err)
{
	if (err < 0)
		abort();
}

static size_t fill(struct block_edit *into)
{
	size_t count = 0;

	block_edit_begin(into, slice_text("2125551"));
	for (int slot = 0; slot < BLOCK_SLOTS; slot++)
		if (nodes[slot].size > 0) {
			need(block_edit_put(into, slot, &nodes[slot]));
			count++;
		}
	return count;
}

static struct block_edit *edit;
static struct block_room room;
static uint8_t packed[BLOCK_SLOTS * 100];
static struct slice pieces[BLOCK_SLOTS];
static size_t piece_count;

/* The block that is being edited in pieces, each as large as may be. */
static void cut(void)
{
	uint8_t *to = packed;

	piece_count = 0;
	for (int first = 0, end = 0; first < BLOCK_SLOTS; first = end) {
		struct slice piece;

		do
			need(block_edit_write(edit, first, end, &piece));
		while (piece.size <= ENTRY_MOST && ++end < BLOCK_SLOTS);
		need(block_edit_write(edit, first, end - 1, &piece));
		memcpy(to, piece.data, piece.size);
		pieces[piece_count++] = slice_make(to, piece.size);
		to += piece.size;
	}
}

static struct {
	const uint8_t *data;
	size_t size;
	int slot;
} reads[READS];

/* READS of any slots in use of any of these blocks. */
static void plan_reads(const struct slice *blocks, size_t count)
{
	for (size_t i = 0; i < READS; i++) {
		struct slice block = blocks[pick((unsigned)count)];

		reads[i].data = block.data;
		reads[i].size = block.size;
		reads[i].slot = block_next(block, (int)pick(BLOCK_SLOTS));
		if (reads[i].slot < 0)
			reads[i].slot = block_next(block, 0);
	}
}

static void do_read(size_t round)
{
	struct node node;

	(void)round;
	for (size_t i = 0; i < READS; i++)
		need(block_node(slice_make(reads[i].data, reads[i].size), reads[i].slot, &room,
				&node));
}

static void do_fill(size_t round)
{
	(void)round;
	fill(edit);
}

static void do_write(size_t round)
{
	struct slice octets;

	(void)round;
	need(block_edit_write(edit, 0, BLOCK_SLOTS - 1, &octets));
}

/* So many slots of a piece get what they have. */
static void change(struct slice piece, int slots)
{
	struct slice octets;
	int slot = -1;

	block_edit_begin(edit, slice_text("2125551"));
	need(block_edit_load(edit, piece));
	for (int i = 0; i < slots; i++) {
		slot = block_next(piece, slot + 1);
		need(block_edit_put(edit, slot, &nodes[slot]));
	}
	need(block_edit_write(edit, 0, BLOCK_SLOTS - 1, &octets));
}

static void do_update(size_t round)
{
	change(pieces[round % piece_count], 1);
}

static void do_updates(size_t round)
{
	change(pieces[round % piece_count], 2);
}

/* Nanoseconds of one, in the best of many rounds: what else the machine does comes and goes. */
static double best(void (*work)(size_t round), size_t count)
{
	uint64_t least = UINT64_MAX;

	for (size_t round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_ns();

		work(round);

		uint64_t took = clock_ns() - start;
		least = took < least ? took : least;
	}
	return (double)least / (double)count;
}

static void copies_make(struct slice *copies)
{
	for (size_t i = 0; i < COPIES; i++) {
		struct slice piece = pieces[i % piece_count];
		uint8_t *copy = malloc(piece.size);

		memcpy(copy, piece.data, piece.size);
		copies[i] = slice_make(copy, piece.size);
	}
}

static void run(const char *name, unsigned percent,
		void (*make)(struct arena *, struct rrset *, int))
{
	static struct slice copies[COPIES];
	struct arena arena = { 0 };
	size_t size = 0;

	nodes_make(&arena, percent, make);

	size_t numbers = fill(edit);
	double write = best(do_write, 1);
	cut();
	for (size_t i = 0; i < piece_count; i++)
		size += pieces[i].size;
	copies_make(copies);
	plan_reads(pieces, piece_count);
	double near = best(do_read, READS);
	plan_reads(copies, COPIES);
	double far = best(do_read, READS);
	double put = best(do_fill, numbers), update = best(do_update, 1),
	       updates = best(do_updates, 1);

	printf("%-12s %4zu in %2zu: %6.2f octets; read %6.1f ns, of many %6.1f; put %6.1f; "
	       "write %7.0f; a piece: update %6.0f, two %6.0f\n",
	       name, numbers, piece_count, (double)size / (double)numbers, near, far, put, write,
	       update, updates);
	for (size_t i = 0; i < COPIES; i++)
		free((void *)(uintptr_t)copies[i].data);
	arena_done(&arena);
}

int main(void)
{
	need(block_edit_new(&edit));
	run("1 gateway", 100, make_one);
	run("8 gateways", 100, make_8);
	run("8 gateways", 62, make_8);
	run("64 gateways", 100, make_64);
	run("64 gateways", 62, make_64);
	run("own URI", 100, make_own);
	run("a few", 2, make_8);
	block_room_done(&room);
	block_edit_free(edit);
	return 0;
}
