/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY = 16 /* octets */ };

/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a short MAC, and a hash for tables whose slots nobody who does
 * not know the key can aim at. As octets the result stands with its lowest first.
 */
uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *data, size_t size);

#endif
