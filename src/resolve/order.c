/* SPDX-License-Identifier: MIT */
/*
 * The order of a host's addresses (RFC 6724 6), for clients that have both families (RFC 7984 4.2).
 *
 * Of the rules of section 6 these are applied: 1 (no way there comes last), 2 (scopes that match),
 * 5 (labels that match), 6 (precedence), 8 (smaller scope), 9 (longest common prefix, among IPv6
 * addresses only, for among IPv4 it undoes the server's rotation) and 10 (as they came). Rules 3,
 * 4 and 7 ask for what a program cannot see. Where nobody tells source addresses, 6, 8 and 10 are
 * left: native IPv6 before IPv4 before tunnels and unique local addresses.
 *
 * IPv4 addresses stand in the policy table as IPv4-mapped ones (2.1), and private ones have global
 * scope (3.2).
 */
#include "resolve/order.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct policy {
	uint8_t prefix[16];
	uint8_t bits;
	uint8_t precedence;
	uint8_t label;
};

/* RFC 6724 2.1, longest prefix first. */
static const struct policy policies[] = {
	{ { [15] = 1 }, 128, 50, 0 },  { { [10] = 0xff, [11] = 0xff }, 96, 35, 4 },
	{ { 0 }, 96, 1, 3 },           { { 0x20, 0x01 }, 32, 5, 5 },
	{ { 0x20, 0x02 }, 16, 30, 2 }, { { 0x3f, 0xfe }, 16, 1, 12 },
	{ { 0xfe, 0xc0 }, 10, 1, 11 }, { { 0xfc, 0x00 }, 7, 3, 13 },
	{ { 0 }, 0, 40, 1 },
};

enum { SCOPE_LINK = 2, SCOPE_SITE = 5, SCOPE_GLOBAL = 14 };

struct candidate {
	union onnet_address address;
	uint8_t octets[16];
	uint8_t source[16];
	bool has_source;
	bool unreachable;
};

static void octets_of(uint8_t ret[16], const union onnet_address *a)
{
	memset(ret, 0, 16);
	if (a->any.sa_family == AF_INET6) {
		memcpy(ret, &a->v6.sin6_addr, 16);
	} else {
		ret[10] = 0xff;
		ret[11] = 0xff;
		memcpy(ret + 12, &a->v4.sin_addr, 4);
	}
}

static unsigned common_bits(const uint8_t a[16], const uint8_t b[16])
{
	unsigned bits = 0;

	while (bits < 128 && ((a[bits / 8] ^ b[bits / 8]) & 0x80u >> bits % 8) == 0)
		bits++;
	return bits;
}

static const struct policy *policy_find(const uint8_t octets[16])
{
	const struct policy *p = policies;

	while (common_bits(octets, p->prefix) < p->bits)
		p++;
	return p;
}

static bool is_v4(const uint8_t octets[16])
{
	return policy_find(octets)->label == 4;
}

/* RFC 6724 3.1 and 3.2 */
static unsigned scope_of(const uint8_t a[16])
{
	if (is_v4(a))
		return (a[12] == 169 && a[13] == 254) || a[12] == 127 ? SCOPE_LINK : SCOPE_GLOBAL;
	if (a[0] == 0xff)
		return a[1] & 0x0f;
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		return SCOPE_LINK;
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0)
		return SCOPE_SITE;
	return policy_find(a)->precedence == 50 ? SCOPE_LINK : SCOPE_GLOBAL; /* ::1 */
}

/* Positive where b goes first. */
static int by_source(const struct candidate *a, const struct candidate *b)
{
	/* Rule 1: "Avoid unusable destinations." */
	if (a->unreachable != b->unreachable)
		return a->unreachable ? 1 : -1;
	if (!a->has_source || !b->has_source)
		return 0;

	/* Rule 2: "Prefer matching scope." */
	bool a_scope = scope_of(a->octets) == scope_of(a->source);
	bool b_scope = scope_of(b->octets) == scope_of(b->source);
	if (a_scope != b_scope)
		return a_scope ? -1 : 1;

	/* Rule 5: "Prefer matching label." */
	bool a_label = policy_find(a->octets)->label == policy_find(a->source)->label;
	bool b_label = policy_find(b->octets)->label == policy_find(b->source)->label;
	if (a_label != b_label)
		return a_label ? -1 : 1;
	return 0;
}

static int compare(const struct candidate *a, const struct candidate *b)
{
	int order = by_source(a, b);
	if (order != 0)
		return order;

	/* Rule 6: "Prefer higher precedence." */
	order = policy_find(b->octets)->precedence - policy_find(a->octets)->precedence;
	if (order != 0)
		return order;

	/* Rule 8: "Prefer smaller scope." */
	order = (int)scope_of(a->octets) - (int)scope_of(b->octets);
	if (order != 0)
		return order;

	/* Rule 9: "Use longest matching prefix." */
	if (a->has_source && b->has_source && !is_v4(a->octets) && !is_v4(b->octets))
		return (int)common_bits(b->octets, b->source) -
		       (int)common_bits(a->octets, a->source);
	return 0; /* Rule 10: "Otherwise, leave the order unchanged." */
}

void addresses_order(union onnet_address *addresses, size_t count, machine_source *source,
		     void *arg)
{
	struct candidate sorted[MACHINE_ADDRESSES_MAX];

	for (size_t i = 0; i < count; i++) {
		struct candidate c = { .address = addresses[i] };
		union onnet_address from;
		size_t at = i;

		octets_of(c.octets, &addresses[i]);
		if (source != NULL && count > 1) {
			c.has_source = source(arg, &addresses[i], &from) >= 0;
			c.unreachable = !c.has_source;
			if (c.has_source)
				octets_of(c.source, &from);
		}
		for (; at > 0 && compare(&sorted[at - 1], &c) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = c;
	}
	for (size_t i = 0; i < count; i++)
		addresses[i] = sorted[i].address;
}
