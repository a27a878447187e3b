/* SPDX-License-Identifier: MIT */
/*
 * Enumservices (RFC 6116 3.4.3): "E2U+sip", "E2U+voice:tel+sms:tel". The field begins with E2U, or
 * ends in it in the form of RFC 2916 ("sip+E2U"); letter case means nothing. Compound services are
 * looked at from left to right. A type that is wanted has to stand there as it is: sms is not
 * sms:tel, and sip is not pstn:sip.
 *
 * "void" and "unused" say that a number is nobody's. They count unless somebody wants just them.
 */
#include "resolve/service.h"

#include <stdio.h>
#include <strings.h>

static const char *const nobodys[] = { "void", "unused" };

static bool text_equal(struct slice s, const char *text)
{
	return s.size == strlen(text) && strncasecmp((const char *)s.data, text, s.size) == 0;
}

/* The next of the words between plus signs; false: there is none left. */
static bool word_next(struct slice *rest, struct slice *ret)
{
	if (rest->data == NULL)
		return false;

	const uint8_t *plus = rest->size > 0 ? memchr(rest->data, '+', rest->size) : NULL;
	size_t size = plus != NULL ? (size_t)(plus - rest->data) : rest->size;
	*ret = slice_make(rest->data, size);
	*rest = plus != NULL ? slice_make(plus + 1, rest->size - size - 1) : slice_make(NULL, 0);
	return true;
}

/* What stands beside E2U; false: it is not there. */
static bool enumservices_find(struct slice services, struct slice *ret)
{
	enum { SIZE = 4 }; /* "E2U+" and "+E2U" */

	if (services.size <= SIZE)
		return false;

	size_t rest = services.size - SIZE;
	if (text_equal(slice_make(services.data, SIZE), "E2U+"))
		*ret = slice_make(services.data + SIZE, rest);
	else if (text_equal(slice_make(services.data + rest, SIZE), "+E2U"))
		*ret = slice_make(services.data, rest);
	else
		return false;
	return true;
}

static bool is_wanted(const struct machine *m, struct slice type)
{
	if (m->services == NULL)
		return type.size > 0;
	for (size_t i = 0; m->services[i] != NULL; i++)
		if (text_equal(type, m->services[i]))
			return true;
	return false;
}

static bool is_nobodys(const struct machine *m, struct slice type)
{
	const uint8_t *colon = type.size > 0 ? memchr(type.data, ':', type.size) : NULL;
	struct slice head =
		slice_make(type.data, colon != NULL ? (size_t)(colon - type.data) : type.size);

	if (m->services != NULL && is_wanted(m, type))
		return false;
	for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++)
		if (text_equal(head, nobodys[i]))
			return true;
	return false;
}

enum service_match service_match(struct machine *m, struct slice services, const char **type)
{
	enum service_match match = SERVICE_OTHER;
	struct slice rest;
	struct slice word;

	if (!enumservices_find(services, &rest))
		return SERVICE_FOREIGN;
	while (word_next(&rest, &word)) {
		if (is_nobodys(m, word)) {
			match = SERVICE_VOID;
		} else if (is_wanted(m, word)) {
			*type = service_text(m, word);
			return SERVICE_WANTED;
		}
	}
	return match;
}

const char *service_text(struct machine *m, struct slice services)
{
	char text[4 * UINT8_MAX + 1];
	char *to = text;

	for (size_t i = 0; i < services.size && i < UINT8_MAX; i++) {
		uint8_t c = services.data[i];

		if (c < ' ' || c > '~' || c == '\\')
			to += snprintf(to, 5, "\\%03u", (unsigned)c);
		else
			*to++ = (char)c;
	}
	*to = '\0';
	return machine_printf(m, "%s", text);
}
