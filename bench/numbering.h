/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What leads a block's numbers where they go. */
enum plan_kind {
	PLAN_FEW,  /* eight gateways in a block */
	PLAN_MANY, /* sixty-four gateways in a block, one number of twenty with several records */
	PLAN_OWN,  /* each number has a URI that no other has */
};

/* A number plan: so many numbers of +1, always the same ones. It holds none of them. */
struct plan {
	enum plan_kind kind;
	uint64_t numbers;
	uint64_t bound; /* an exchange is part of it where its hash is below */
	uint32_t ended; /* the block in which the last number lies */
	uint64_t last;  /* that number */
	uint64_t blocks;
	uint64_t records;
};

enum {
	PLAN_EXCHANGES = 800 * 800, /* +1 NPA NXX, each of both from 200 to 999 */
	PLAN_BLOCKS = PLAN_EXCHANGES * 10,
	PLAN_GATEWAYS = 64,
	PLAN_RECORDS_MAX = 3,
	PLAN_URI_MAX = 64,
};

/* A thousand numbers that begin alike. */
struct block {
	uint64_t first; /* number: eleven digits, the last three 0 */
	uint64_t used[16];
};

/* -ERANGE where +1 has not as many numbers. Takes a nanosecond a number. */
int plan_init(struct plan *ret, enum plan_kind kind, uint64_t numbers);

/* Whether the plan has blocks in this exchange (below PLAN_EXCHANGES): ten indexes from ten times it on. */
bool plan_exchange(const struct plan *plan, uint32_t exchange);

/* The block of this index (below PLAN_BLOCKS, in the order of numbers); false where it is not handed out. */
bool plan_block(const struct plan *plan, uint32_t index, struct block *ret);

/* The first number of a block, whether it is handed out or not. */
uint64_t block_first(uint32_t index);

/* Whether a number of the block (its last three digits) is in use. */
static inline bool block_has(const struct block *block, unsigned int slot)
{
	return (block->used[slot / 64] >> slot % 64 & 1) != 0;
}

/* How many records a number has, at most PLAN_RECORDS_MAX. */
unsigned int plan_records(const struct plan *plan, uint64_t number);

/* The URI of a number's record: "sip:+12025550123@gw17.example.net". Returns its length. */
size_t plan_uri(char ret[PLAN_URI_MAX], const struct plan *plan, uint64_t number,
		unsigned int record);

/* The same number each time for the same two. */
static inline uint64_t plan_mix(uint64_t what, uint64_t which)
{
	uint64_t x = (what + 1) * UINT64_C(0xff51afd7ed558ccd) + which;

	x ^= x >> 32;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	x ^= x >> 29;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 32;
}
