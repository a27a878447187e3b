/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_SERIAL_H
#define DNS_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether serial a is ahead of b (RFC 1982 3.2). Where they are exactly half the circle apart, which
 * the RFC leaves open, neither is.
 */
static inline bool serial_after(uint32_t a, uint32_t b)
{
	return a != b && a - b < (uint32_t)1 << 31;
}

#endif
