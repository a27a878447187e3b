/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses with a port, "192.0.2.1@53", and prefixes, "192.0.2.0/24". The '@' is there because
 * ':' stands in IPv6 addresses; who writes "[::1]:53" or "192.0.2.1:53" is told how it goes here.
 *
 * An IPv4 address may reach us mapped into IPv6 (RFC 4291 2.5.5.2). It is the same peer and meets
 * the same prefixes, so a prefix is never written in the mapped form.
 */
#include "conf/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESS_TEXT = INET6_ADDRSTRLEN };

int decimal_parse(uint64_t *ret, const char *text, uint64_t most)
{
	uint64_t value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		uint64_t digit = (uint64_t)(*text - '0');
		if (digit > most || value > (most - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

/* The octets of an address without port or length, the first size characters of text. */
static int octets_parse(struct conf_prefix *ret, const char *text, size_t size)
{
	struct conf_prefix prefix = { .family = AF_UNSPEC };
	char copy[ADDRESS_TEXT];

	if (size >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (inet_pton(AF_INET, copy, prefix.octets) == 1) {
		prefix.family = AF_INET;
		prefix.length = 32;
	} else if (inet_pton(AF_INET6, copy, prefix.octets) == 1) {
		prefix.family = AF_INET6;
		prefix.length = 128;
	} else {
		return -EINVAL;
	}
	*ret = prefix;
	return 0;
}

static bool is_mapped(const uint8_t octets[16])
{
	static const uint8_t head[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(octets, head, sizeof(head)) == 0;
}

/* What to write in place of "[ADDRESS]", "[ADDRESS]:PORT" or "ADDRESS:PORT", if it is one of these. */
static void remedy_find(const char *text, char why[REMEDY_SIZE])
{
	struct conf_prefix prefix;
	const char *colon = strrchr(text, ':');
	const char *bracket = strchr(text, ']');
	const char *port = "";
	size_t skip = text[0] == '[' ? 1 : 0;
	size_t size = 0;
	uint64_t number;

	snprintf(why, REMEDY_SIZE, "no IPv4 or IPv6 address");
	if (skip == 1 && bracket != NULL) {
		size = (size_t)(bracket - text) - 1;
		port = bracket + 1;
	} else if (skip == 0 && colon != NULL) {
		size = (size_t)(colon - text);
		port = colon;
	}
	if (octets_parse(&prefix, text + skip, size) < 0)
		return;
	if (port[0] == '\0')
		snprintf(why, REMEDY_SIZE, "write it as %.*s", (int)size, text + skip);
	else if ((port[0] == ':' || port[0] == '@') &&
		 decimal_parse(&number, port + 1, UINT16_MAX) == 0)
		snprintf(why, REMEDY_SIZE, "write it as %.*s@%s", (int)size, text + skip, port + 1);
}

static void address_set(struct conf_address *address, const struct conf_prefix *from, uint16_t port)
{
	*address = (struct conf_address){ .size = 0 };
	if (from->family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

		memcpy(&in.sin_addr, from->octets, sizeof(in.sin_addr));
		memcpy(&address->socket, &in, sizeof(in));
		address->size = sizeof(in);
	} else {
		struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

		memcpy(&in.sin6_addr, from->octets, sizeof(in.sin6_addr));
		memcpy(&address->socket, &in, sizeof(in));
		address->size = sizeof(in);
	}
}

int address_parse(struct conf_address *ret, const char *text, uint16_t default_port,
		  char why[REMEDY_SIZE])
{
	const char *at = strchr(text, '@');
	size_t size = at != NULL ? (size_t)(at - text) : strlen(text);
	struct conf_prefix prefix;
	uint64_t port = default_port;

	if (octets_parse(&prefix, text, size) < 0) {
		remedy_find(text, why);
		return -EINVAL;
	}
	if (prefix.family == AF_INET6 && is_mapped(prefix.octets)) {
		snprintf(why, REMEDY_SIZE, "an IPv4 address in IPv6; write the IPv4 address");
		return -EINVAL;
	}
	if (at != NULL && (decimal_parse(&port, at + 1, UINT16_MAX) < 0 || port == 0)) {
		snprintf(why, REMEDY_SIZE, "behind '@' a port from 1 to 65535 is wanted");
		return -EINVAL;
	}
	address_set(ret, &prefix, (uint16_t)port);
	return 0;
}

/* Bits beyond the length to zero; true where one was set. */
static bool prefix_mask(struct conf_prefix *prefix)
{
	bool found = false;

	for (unsigned i = 0; i < sizeof(prefix->octets); i++) {
		unsigned kept = prefix->length > i * 8 ? prefix->length - i * 8 : 0;
		uint8_t mask = (uint8_t)(kept >= 8 ? 0xff : 0xff00 >> kept);

		found = found || (prefix->octets[i] & ~mask) != 0;
		prefix->octets[i] = (uint8_t)(prefix->octets[i] & mask);
	}
	return found;
}

int prefix_parse(struct conf_prefix *ret, const char *text, char why[REMEDY_SIZE])
{
	const char *slash = strchr(text, '/');
	size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct conf_prefix prefix;
	uint64_t length = 0;

	if (octets_parse(&prefix, text, size) < 0) {
		snprintf(why, REMEDY_SIZE,
			 strchr(text, '@') != NULL ? "a rule's address has no port" :
						     "no IPv4 or IPv6 address or prefix");
		return -EINVAL;
	}
	if (prefix.family == AF_INET6 && is_mapped(prefix.octets)) {
		snprintf(why, REMEDY_SIZE, "IPv4 addresses in IPv6; write the IPv4 prefix");
		return -EINVAL;
	}
	if (slash != NULL) {
		if (decimal_parse(&length, slash + 1, prefix.length) < 0) {
			snprintf(why, REMEDY_SIZE, "behind '/' a length from 0 to %u is wanted",
				 prefix.length);
			return -EINVAL;
		}
		prefix.length = (uint8_t)length;
	}
	if (prefix_mask(&prefix)) {
		char masked[ADDRESS_TEXT];

		inet_ntop(prefix.family, prefix.octets, masked, sizeof(masked));
		snprintf(why, REMEDY_SIZE, "bits beyond its length are set; write it as %s/%u",
			 masked, prefix.length);
		return -EINVAL;
	}
	*ret = prefix;
	return 0;
}

int conf_address_parse(struct conf_address *ret, const char *text, uint16_t default_port)
{
	char why[REMEDY_SIZE];

	return address_parse(ret, text, default_port, why);
}

int conf_prefix_parse(struct conf_prefix *ret, const char *text)
{
	char why[REMEDY_SIZE];

	return prefix_parse(ret, text, why);
}

bool conf_address_equal(const struct conf_address *a, const struct conf_address *b)
{
	return a->size == b->size && memcmp(&a->socket, &b->socket, a->size) == 0;
}

bool conf_prefix_match(const struct conf_prefix *prefix, const struct sockaddr *address)
{
	struct conf_prefix peer = { .family = address->sa_family, .length = prefix->length };

	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		memcpy(peer.octets, &in.sin_addr, sizeof(in.sin_addr));
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;

		memcpy(&in, address, sizeof(in));
		memcpy(peer.octets, &in.sin6_addr, sizeof(in.sin6_addr));
		if (is_mapped(peer.octets)) {
			memmove(peer.octets, peer.octets + 12, 4);
			memset(peer.octets + 4, 0, sizeof(peer.octets) - 4);
			peer.family = AF_INET;
		}
	}
	if (peer.family != prefix->family)
		return false;
	prefix_mask(&peer);
	return memcmp(peer.octets, prefix->octets, sizeof(peer.octets)) == 0;
}
