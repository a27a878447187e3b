/* SPDX-License-Identifier: MIT */
/*
 * SIP and SIPS URIs (RFC 3261 19.1, grammar in 25.1):
 *
 *	sip:user:password@host:port;uri-parameters?headers
 *
 * Only what says where a request goes is kept (RFC 3263 4: host or maddr, port, transport), but
 * the whole has to be sound: a URI that we half understand would send a call somewhere. The user
 * part may hold ; and ? and /, so it is cut off at the @ before anything else; an @ elsewhere is
 * escaped. The number of user=phone stands in it as a telephone-subscriber.
 */
#include "tel/sip_uri.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* What the parts may hold beside letters, digits and escapes (RFC 3261 25.1). */
static const char mark[] = "-_.!~*'()";
static const char in_user[] = "&=+$,;?/";
static const char in_password[] = "&=+$,";
static const char in_parameter[] = "[]/:&+$";
static const char in_header[] = "[]/?:+$";
static const char in_token[] = "-.!%*_+`'~";

enum { VALUE_ROOM = 300 }; /* the longest that means something is an maddr */

static bool is_alphanum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_in(uint8_t c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Whether text is of unreserved characters, those of extra, and escapes. */
static bool is_made_of(struct slice text, const char *extra)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (c == '%') {
			if (i + 2 >= text.size || hex_value(text.data[i + 1]) < 0 ||
			    hex_value(text.data[i + 2]) < 0)
				return false;
			i += 2;
		} else if (!is_alphanum(c) && !is_in(c, mark) && !is_in(c, extra)) {
			return false;
		}
	}
	return true;
}

/* Without escapes; they are known to be sound. -EMSGSIZE, -EINVAL for a NUL. */
static int decode(struct slice text, char *ret, size_t room)
{
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++, size++) {
		int c = text.data[i];

		if (c == '%' && i + 2 < text.size) {
			c = hex_value(text.data[i + 1]) << 4 | hex_value(text.data[i + 2]);
			i += 2;
		}
		if (c == '\0')
			return -EINVAL;
		if (size + 1 >= room)
			return -EMSGSIZE;
		ret[size] = (char)c;
	}
	ret[size] = '\0';
	return 0;
}

static bool starts(struct slice text, const char *prefix)
{
	size_t size = strlen(prefix);

	return text.size >= size && strncasecmp((const char *)text.data, prefix, size) == 0;
}

static struct slice skip(struct slice text, size_t size)
{
	return slice_make(text.data + size, text.size - size);
}

/* Cuts off what stands before the first c; the rest begins with c, or is empty. */
static struct slice cut(struct slice *text, const char *set)
{
	size_t size = 0;

	while (size < text->size && !is_in(text->data[size], set))
		size++;

	struct slice head = slice_make(text->data, size);
	*text = skip(*text, size);
	return head;
}

static const char *userinfo_read(struct slice text, struct sip_uri *uri)
{
	uri->user = cut(&text, ":");
	if (uri->user.size == 0)
		return "there is no user before the @";
	if (!is_made_of(uri->user, in_user))
		return "the user part has characters that must be escaped";
	if (text.size > 0 && !is_made_of(skip(text, 1), in_password))
		return "the password has characters that must be escaped";
	return NULL;
}

static const char *transport_read(const char *value, struct sip_uri *uri)
{
	for (const char *c = value; *c != '\0'; c++)
		if (!is_alphanum((uint8_t)*c) && !is_in((uint8_t)*c, in_token))
			return "transport= is not followed by a word";
	if (value[0] == '\0')
		return "transport= names none";
	uri->has_transport = true;
	uri->transport = transport_find(slice_text(value));
	return NULL;
}

/* An maddr is not escaped, so what it stands for is in the URI itself. */
static const char *maddr_read(struct slice value, struct sip_uri *uri)
{
	const char *why = NULL;

	uri->has_maddr = true;
	return sip_host_parse(value, &uri->maddr, &why) < 0 ? why : NULL;
}

/* ttl = 1*3DIGIT ; 0 to 255 */
static const char *ttl_fault(const char *value)
{
	size_t size = strspn(value, "0123456789");
	unsigned ttl = 0;

	for (size_t i = 0; i < size && size <= 3; i++)
		ttl = ttl * 10 + (unsigned)(value[i] - '0');
	return size < 1 || size > 3 || value[size] != '\0' || ttl > 255 ?
		       "ttl= is a number from 0 to 255" :
		       NULL;
}

/* Those of which one at most may be there, for they mean something to us or to the grammar. */
static const char *const known[] = { "transport", "user", "method", "ttl", "maddr", "lr" };
enum { TRANSPORT, USER, METHOD, TTL, MADDR, LR, KNOWN_COUNT };

static const char *parameter_mean(unsigned which, struct slice raw, struct sip_uri *uri)
{
	char value[VALUE_ROOM];

	if (which == MADDR)
		return maddr_read(raw, uri);
	if (which == METHOD || which == LR)
		return NULL;
	if (decode(raw, value, sizeof(value)) < 0)
		return "a parameter is longer than it can be, or has a NUL in it";
	if (which == TRANSPORT)
		return transport_read(value, uri);
	if (which == TTL)
		return ttl_fault(value);
	uri->phone = strcasecmp(value, "phone") == 0;
	return NULL;
}

/* uri-parameter = pname [ "=" pvalue ] */
static const char *parameter_read(struct slice text, struct sip_uri *uri, unsigned *seen)
{
	struct slice name = cut(&text, "=");
	bool has_value = text.size > 0;
	struct slice value = has_value ? skip(text, 1) : text;
	char word[16];

	if (name.size == 0)
		return "a parameter has no name";
	if (!is_made_of(name, in_parameter) || !is_made_of(value, in_parameter))
		return "a parameter has characters that must be escaped";
	if (has_value && value.size == 0)
		return "a parameter has nothing after its =";
	if (decode(name, word, sizeof(word)) < 0)
		return NULL; /* longer than what we know */

	for (unsigned i = 0; i < KNOWN_COUNT; i++) {
		if (strcasecmp(word, known[i]) != 0)
			continue;
		/* RFC 3261 19.1.1: "any given parameter-name MUST NOT appear more than once" */
		if ((*seen & 1u << i) != 0)
			return "a parameter stands there twice";
		*seen |= 1u << i;
		return has_value || i == LR ? parameter_mean(i, value, uri) :
					      "a parameter has no value";
	}
	return NULL;
}

/* headers = "?" header *( "&" header ); header = hname "=" hvalue */
static const char *headers_fault(struct slice text)
{
	for (;;) {
		struct slice value = cut(&text, "&");
		struct slice name = cut(&value, "=");

		if (name.size == 0 || value.size == 0)
			return "a header is written as name=value";
		if (!is_made_of(name, in_header) || !is_made_of(skip(value, 1), in_header))
			return "a header has characters that must be escaped";
		if (text.size == 0)
			return NULL;
		text = skip(text, 1);
	}
}

static const char *rest_read(struct slice text, struct sip_uri *uri)
{
	unsigned seen = 0;

	while (text.size > 0 && text.data[0] == ';') {
		text = skip(text, 1);

		const char *fault = parameter_read(cut(&text, ";?"), uri, &seen);
		if (fault != NULL)
			return fault;
	}
	if (text.size == 0)
		return NULL;
	if (text.data[0] != '?')
		return "something stands behind the host that does not belong there";
	return headers_fault(skip(text, 1));
}

static const char *uri_read(struct slice text, struct sip_uri *uri)
{
	const char *fault;

	if (starts(text, "sips:")) {
		uri->secure = true;
		text = skip(text, 5);
	} else if (starts(text, "sip:")) {
		text = skip(text, 4);
	} else {
		return "it does not begin with sip: or sips:";
	}

	const uint8_t *at = text.size > 0 ? memchr(text.data, '@', text.size) : NULL;
	if (at != NULL) {
		size_t size = (size_t)(at - text.data);

		fault = userinfo_read(slice_make(text.data, size), uri);
		if (fault != NULL)
			return fault;
		text = skip(text, size + 1);
	}
	if (sip_hostport_parse(text, &uri->host, &uri->port, &text, &fault) < 0)
		return fault;
	return rest_read(text, uri);
}

int sip_uri_parse(struct slice text, struct sip_uri *ret, const char **why)
{
	struct sip_uri uri = { 0 };
	const char *fault = uri_read(text, &uri);

	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}
	*ret = uri;
	return 0;
}

int sip_user_decode(const struct sip_uri *uri, char *ret, size_t room)
{
	return uri->user.size > 0 ? decode(uri->user, ret, room) : -EINVAL;
}
