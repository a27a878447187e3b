/* SPDX-License-Identifier: MIT */
/*
 * Hosts and ports as SIP URIs and Via headers have them (RFC 3261 25.1).
 *
 * A host is a name, an IPv4 address or an IPv6 address in brackets, and the grammar keeps them
 * apart: the last label of a name begins with a letter, so that 192.0.2.300 is nothing at all and
 * not a name that somebody could register. Labels are of letters, digits and inner hyphens.
 */
#include "tel/sip_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_TEXT_MAX = 253, LABEL_MAX = 63 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* IPv4address = 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT; each below 256. */
static bool ipv4_read(struct slice text, uint8_t ret[4])
{
	size_t at = 0;

	for (unsigned part = 0; part < 4; part++) {
		unsigned value = 0;
		size_t start = at;

		while (at < text.size && at < start + 3 && is_digit(text.data[at]))
			value = value * 10 + text.data[at++] - '0';
		if (at == start || value > 255)
			return false;
		if (part < 3 && (at == text.size || text.data[at++] != '.'))
			return false;
		ret[part] = (uint8_t)value;
	}
	return at == text.size;
}

static bool ipv6_read(struct slice text, uint8_t ret[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL)
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return inet_pton(AF_INET6, copy, ret) == 1;
}

/* hostname = *( domainlabel "." ) toplabel [ "." ] */
static const char *name_fault(struct slice text)
{
	size_t size = text.size > 1 && text.data[text.size - 1] == '.' ? text.size - 1 : text.size;
	size_t label = 0; /* where it starts */

	if (size > NAME_TEXT_MAX)
		return "the host name is longer than a domain name can be";
	for (size_t i = 0; i <= size; i++) {
		if (i < size && text.data[i] != '.') {
			if (!is_digit(text.data[i]) && !is_letter(text.data[i]) &&
			    text.data[i] != '-')
				return "a host name has letters, digits, hyphens and dots only";
			continue;
		}
		if (i == label)
			return "the host name has an empty label";
		if (i - label > LABEL_MAX)
			return "the host name has a label of more than 63 characters";
		if (text.data[label] == '-' || text.data[i - 1] == '-')
			return "a label of a host name neither begins nor ends with a hyphen";
		if (i == size && !is_letter(text.data[label]))
			return "the host is neither a name nor an IP address";
		label = i + 1;
	}
	return NULL;
}

static int fail(const char **why, const char *reason)
{
	*why = reason;
	return -EINVAL;
}

int sip_host_parse(struct slice text, struct sip_host *ret, const char **why)
{
	struct sip_host host = { .text = text };

	if (text.size == 0)
		return fail(why, "the host is missing");
	if (text.data[0] == '[') {
		if (text.data[text.size - 1] != ']')
			return fail(why, "the bracket around the IPv6 address is not closed");
		host.kind = SIP_HOST_IPV6;
		host.text = slice_make(text.data + 1, text.size - 2);
		if (!ipv6_read(host.text, host.address))
			return fail(why, "what stands in brackets is not an IPv6 address");
	} else if (ipv4_read(text, host.address)) {
		host.kind = SIP_HOST_IPV4;
	} else {
		const char *fault = name_fault(text);

		host.kind = SIP_HOST_NAME;
		if (fault != NULL)
			return fail(why, fault);
	}
	*ret = host;
	return 0;
}

/* The octets of the host: up to its bracket, or to the first thing that no host has in it. */
static size_t host_size(struct slice text)
{
	size_t size = 0;

	if (text.size > 0 && text.data[0] == '[') {
		const uint8_t *end = memchr(text.data, ']', text.size);
		return end != NULL ? (size_t)(end - text.data) + 1 : text.size;
	}
	while (size < text.size && strchr(":;?, \t", text.data[size]) == NULL)
		size++;
	return size;
}

int sip_hostport_parse(struct slice text, struct sip_host *ret, uint16_t *port, struct slice *rest,
		       const char **why)
{
	size_t at = host_size(text);
	struct sip_host host;
	uint32_t value = 0;

	int err = sip_host_parse(slice_make(text.data, at), &host, why);
	if (err < 0)
		return err;
	if (at < text.size && text.data[at] == ':') {
		size_t start = ++at;

		while (at < text.size && is_digit(text.data[at]) && value <= UINT16_MAX)
			value = value * 10 + text.data[at++] - '0';
		if (value > UINT16_MAX || (at > start && value == 0))
			return fail(why, "a port is a number from 1 to 65535");
	}
	*ret = host;
	*port = (uint16_t)value;
	*rest = slice_make(text.data + at, text.size - at);
	return 0;
}
