/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A carrier's number plan, the same each time, without a list of its numbers.
 *
 * Numbers are handed out to carriers in blocks of a thousand. An exchange (+1, six digits, ten
 * blocks) is part of the plan or not; where it is, three blocks of ten are handed out, and in each
 * 30 to 95 % of the numbers are in use. All of this comes from hashes of the exchange, the block and the
 * number, so whoever wants to know about one number need not have seen the others: a plan of a
 * billion numbers is asked about, or written out in order, in no memory at all.
 *
 * The plan ends with its last number, in the order of numbers; a little more than what is
 * wanted would be there otherwise.
 */
#include "numbering.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCKS_OF_TEN 3
#define FILL_LEAST 300 /* of a thousand */
#define FILL_MOST 950
#define NUMBERS_OF_EXCHANGE (10.0 * BLOCKS_OF_TEN / 10 * (FILL_LEAST + FILL_MOST) / 2)

/* Questions to the hash, so that one answer does not follow from another. */
enum { WHICH_EXCHANGE = 1, WHICH_BLOCK, WHICH_NUMBERS, WHICH_WAY, WHICH_RECORDS, WHICH_NAME };

uint64_t block_first(uint32_t index)
{
	uint64_t exchange = index / 10;

	return 10000000000 + (200 + exchange / 800) * 10000000 + (200 + exchange % 800) * 10000 +
	       index % 10 * 1000;
}

/* Sixteen bits of the hash for each number, compared with the block's share. */
static void block_fill(struct block *ret, uint32_t index, unsigned int share)
{
	uint64_t seed = plan_mix(index, WHICH_NUMBERS);
	unsigned int bound = share * 65536 / 1000;

	memset(ret->used, 0, sizeof(ret->used));
	for (unsigned int slot = 0; slot < 1000; slot += 4) {
		uint64_t draw = plan_mix(seed, slot);
		uint64_t bits = 0;

		for (unsigned int i = 0; i < 4; i++, draw >>= 16)
			bits |= (uint64_t)((draw & 0xffff) < bound) << i;
		ret->used[slot / 64] |= bits << slot % 64;
	}
}

static void block_cut(struct block *block, unsigned int end)
{
	for (unsigned int slot = end; slot < 1000; slot++)
		block->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

bool plan_exchange(const struct plan *plan, uint32_t exchange)
{
	return exchange <= plan->ended / 10 && plan_mix(exchange, WHICH_EXCHANGE) < plan->bound;
}

bool plan_block(const struct plan *plan, uint32_t index, struct block *ret)
{
	uint64_t draw;

	if (index > plan->ended || !plan_exchange(plan, index / 10))
		return false;
	draw = plan_mix(index, WHICH_BLOCK);
	if (draw % 10 >= BLOCKS_OF_TEN)
		return false;
	ret->first = block_first(index);
	block_fill(ret, index,
		   FILL_LEAST + (unsigned int)(draw / 10 % (FILL_MOST - FILL_LEAST + 1)));
	if (index == plan->ended)
		block_cut(ret, (unsigned int)(plan->last % 1000) + 1);
	return true;
}

static unsigned int block_count(const struct block *block)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < 16; i++)
		count += (unsigned int)__builtin_popcountll(block->used[i]);
	return count;
}

/* The number of the block with so many in front of it. */
static uint64_t block_nth(const struct block *block, uint64_t before)
{
	for (unsigned int slot = 0; slot < 1000; slot++)
		if (block_has(block, slot) && before-- == 0)
			return block->first + slot;
	return block->first;
}

static void count_records(struct plan *plan, const struct block *block)
{
	for (unsigned int slot = 0; slot < 1000; slot++)
		if (block_has(block, slot))
			plan->records += plan_records(plan, block->first + slot);
}

int plan_init(struct plan *ret, enum plan_kind kind, uint64_t numbers)
{
	double wanted = (double)numbers / NUMBERS_OF_EXCHANGE;
	double share = (wanted * 1.01 + 6 * sqrt(wanted) + 6) / PLAN_EXCHANGES;
	struct plan plan = { .kind = kind, .numbers = numbers, .ended = UINT32_MAX };
	uint64_t found = 0;

	plan.bound = share < 1 ? (uint64_t)(share * 0x1p64) : UINT64_MAX;
	for (uint32_t index = 0; index < PLAN_BLOCKS; index++) {
		struct block block;
		unsigned int count;

		if (!plan_block(&plan, index, &block))
			continue;
		count = block_count(&block);
		plan.blocks++;
		if (found + count >= numbers) {
			plan.last = block_nth(&block, numbers - found - 1);
			plan.ended = index;
			plan_block(&plan, index, &block);
		}
		if (kind == PLAN_MANY)
			count_records(&plan, &block);
		found += count;
		if (plan.ended != UINT32_MAX)
			break;
	}
	if (plan.ended == UINT32_MAX)
		return -ERANGE;
	if (kind != PLAN_MANY)
		plan.records = numbers;
	*ret = plan;
	return 0;
}

unsigned int plan_records(const struct plan *plan, uint64_t number)
{
	uint64_t draw;

	if (plan->kind != PLAN_MANY)
		return 1;
	draw = plan_mix(number, WHICH_RECORDS) % 100;
	return draw >= 5 ? 1 : draw == 0 ? 3 : 2;
}

static char *put(char *at, const char *text, size_t size)
{
	memcpy(at, text, size);
	return at + size;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_number(char *at, uint64_t number)
{
	for (int i = 10; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + 11;
}

static char *put_gateway(char *at, unsigned int gateway)
{
	if (gateway >= 10)
		*at++ = (char)('0' + gateway / 10);
	*at++ = (char)('0' + gateway % 10);
	return at;
}

/* Eight of the gateways, others for each block, or all of them. */
static unsigned int gateway_of(const struct plan *plan, uint64_t number)
{
	uint64_t draw = plan_mix(number, WHICH_WAY);

	if (plan->kind == PLAN_FEW)
		draw = draw % 8 + plan_mix(number / 1000, WHICH_WAY) % 8 * 8;
	return (unsigned int)(draw % PLAN_GATEWAYS);
}

size_t plan_uri(char ret[PLAN_URI_MAX], const struct plan *plan, uint64_t number,
		unsigned int record)
{
	static const char hex[] = "0123456789abcdef";
	char *at = ret;

	if (record == 1) {
		at = put_number(PUT(at, "tel:+"), number);
	} else if (record == 2) {
		at = PUT(put_number(PUT(at, "mailto:"), number), "@example.net");
	} else if (plan->kind == PLAN_OWN) {
		uint64_t draw = plan_mix(number, WHICH_NAME);

		at = PUT(at, "sip:");
		for (unsigned int i = 0; i < 12; i++, draw >>= 4)
			*at++ = hex[draw & 15];
		at = PUT(at, "@example.net");
	} else {
		at = PUT(put_number(PUT(at, "sip:+"), number), "@gw");
		at = PUT(put_gateway(at, gateway_of(plan, number)), ".example.net");
	}
	return (size_t)(at - ret);
}
