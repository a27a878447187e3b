/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* Where the fields of a DNS header lie (RFC 1035 section 4.1.1). */
enum {
	WIRE_ID = 0,
	WIRE_FLAGS = 2,
	WIRE_QDCOUNT = 4,
	WIRE_ANCOUNT = 6,
	WIRE_NSCOUNT = 8,
	WIRE_ARCOUNT = 10,
	WIRE_HEADER = 12, /* octets of a header */
};

/* Reads a number of 16 bits in network order. */
static inline uint16_t wire_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Writes a number of 16 bits in network order and returns the octet behind it. */
static inline uint8_t *wire_put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}
