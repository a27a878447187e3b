/* SPDX-License-Identifier: MIT */
/*
 * The Via header (RFC 3261 20.42, grammar in 25.1), which says where a response goes (18.2.2):
 *
 *	SIP/2.0/UDP host:port;received=192.0.2.1;rport=5070;branch=z9hG4bK87asdks7
 *
 * Blanks may stand around slashes, colons and semicolons, and there has to be one before the host.
 * received= holds a bare IPv6 address by the grammar; brackets around it are common, and taken.
 */
#include "tel/sip_via.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice text)
{
	while (text.size > 0 && is_blank(text.data[0]))
		text = slice_make(text.data + 1, text.size - 1);
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

static struct slice skip(struct slice text, size_t size)
{
	return slice_make(text.data + size, text.size - size);
}

/* What stands before the first c outside quotes; text goes on behind that c. */
static struct slice cut(struct slice *text, char c)
{
	bool quoted = false;
	size_t size = 0;

	for (; size < text->size; size++) {
		uint8_t at = text->data[size];

		if (at == '"')
			quoted = !quoted;
		else if (quoted && at == '\\' && size + 1 < text->size)
			size++;
		else if (!quoted && at == (uint8_t)c)
			break;
	}

	struct slice head = slice_make(text->data, size);
	*text = skip(*text, size < text->size ? size + 1 : size);
	return trim(head);
}

static bool is_word(struct slice text, const char *word)
{
	return text.size == strlen(word) &&
	       strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* sent-protocol = protocol-name SLASH protocol-version SLASH transport */
static const char *protocol_read(struct slice *text, struct sip_via *via)
{
	if (!is_word(cut(text, '/'), "SIP") || !is_word(cut(text, '/'), "2.0"))
		return "a Via begins with SIP/2.0/ and the transport";
	*text = trim(*text);

	size_t size = 0;
	while (size < text->size && !is_blank(text->data[size]))
		size++;
	via->transport = transport_find(slice_make(text->data, size));
	*text = trim(skip(*text, size));
	return NULL;
}

static const char *received_read(struct slice value, struct sip_via *via)
{
	const char *why;
	char copy[INET6_ADDRSTRLEN];

	if (value.size < sizeof(copy) && memchr(value.data, ':', value.size) != NULL &&
	    value.data[0] != '[') {
		memcpy(copy, value.data, value.size);
		copy[value.size] = '\0';
		if (inet_pton(AF_INET6, copy, via->received.address) != 1)
			return "received= is not an address";
		via->received.kind = SIP_HOST_IPV6;
		via->received.text = value;
	} else if (sip_host_parse(value, &via->received, &why) < 0 ||
		   via->received.kind == SIP_HOST_NAME) {
		return "received= is not an address";
	}
	via->has_received = true;
	return NULL;
}

/* Nothing is port 0; where it is no port, false. */
static bool port_read(struct slice text, uint16_t *ret)
{
	uint32_t port = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || port > UINT16_MAX)
			return false;
		port = port * 10 + text.data[i] - '0';
	}
	*ret = (uint16_t)port;
	return port <= UINT16_MAX && (port > 0 || text.size == 0);
}

static const char *parameter_read(struct slice text, struct sip_via *via)
{
	struct slice name = cut(&text, '=');
	struct slice value = trim(text);
	const char *why = NULL;

	if (is_word(name, "maddr")) {
		via->has_maddr = true;
		return sip_host_parse(value, &via->maddr, &why) < 0 ? why : NULL;
	}
	if (is_word(name, "received"))
		return received_read(value, via);
	if (is_word(name, "rport") && !port_read(value, &via->rport))
		return "rport= is not a port";
	return NULL;
}

/* sent-by = host [ COLON port ], with blanks around the colon. */
static const char *sent_by_read(struct slice text, struct sip_via *via)
{
	const uint8_t *end =
		text.size > 0 && text.data[0] == '[' ? memchr(text.data, ']', text.size) : NULL;
	struct slice bracket =
		slice_make(text.data, end != NULL ? (size_t)(end - text.data) + 1 : 0);
	struct slice rest = skip(text, bracket.size);
	struct slice host = cut(&rest, ':');
	const char *why = NULL;

	if (end != NULL && host.size > 0)
		return "something stands behind the host";
	if (sip_host_parse(end != NULL ? bracket : host, &via->sent_by, &why) < 0)
		return why;
	return port_read(trim(rest), &via->port) ? NULL : "a port is a number from 1 to 65535";
}

int sip_via_parse(struct slice text, struct sip_via *ret, const char **why)
{
	struct sip_via via = { 0 };

	text = cut(&text, ',');

	const char *fault = protocol_read(&text, &via);
	if (fault == NULL)
		fault = sent_by_read(cut(&text, ';'), &via);
	while (fault == NULL && text.size > 0)
		fault = parameter_read(cut(&text, ';'), &via);

	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}
	*ret = via;
	return 0;
}
