/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4: two rounds for each eight octets, four at the end. Octets are read with the lowest first
 * on any machine.
 */
#include "base/siphash.h"

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t read_low_first(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void turn(struct sip *s, int rounds)
{
	while (rounds-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = rotate(s->b, 13) ^ s->a;
		s->d = rotate(s->d, 16) ^ s->c;
		s->a = rotate(s->a, 32) + s->d;
		s->c += s->b;
		s->d = rotate(s->d, 21) ^ s->a;
		s->b = rotate(s->b, 17) ^ s->c;
		s->c = rotate(s->c, 32);
	}
}

static void take(struct sip *s, uint64_t word)
{
	s->d ^= word;
	turn(s, 2);
	s->a ^= word;
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *data, size_t size)
{
	const uint8_t *at = data;
	uint64_t k0 = read_low_first(key, 8), k1 = read_low_first(key + 8, 8);
	/* "somepseudorandomlygeneratedbytes" */
	struct sip s = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
			 k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u };
	size_t left = size;

	for (; left >= 8; left -= 8, at += 8)
		take(&s, read_low_first(at, 8));
	take(&s, (uint64_t)size << 56 | read_low_first(at, left));
	s.c ^= 0xff;
	turn(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}
