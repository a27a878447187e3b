/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_SUM_H
#define STORE_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Inside store/ only: a sum of 64 bits over octets, by which what was written whole is told from
 * what was torn, stale or damaged. Eight octets at a time go through one wide multiplication,
 * whose halves are folded into each other. Another salt makes it another sum: where the salt is
 * a random number, nobody can prepare octets that pass.
 */
static inline uint64_t sum_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t sum_octets(uint64_t salt, const void *data, size_t size)
{
	static const uint64_t k1 = 0x9e3779b97f4a7c15, k2 = 0xd6e8feb86659fd93;
	const uint8_t *octets = data;
	uint64_t sum = sum_mix(salt ^ k1, size ^ k2), word;

	for (; size >= sizeof(word); octets += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, octets, sizeof(word));
		sum = sum_mix(sum ^ word, k1 ^ salt) + k2;
	}
	word = 0;
	if (size > 0)
		memcpy(&word, octets, size);
	return sum_mix(sum ^ word, k2 ^ salt);
}

#endif
