/* SPDX-License-Identifier: MIT */
/*
 * Numbers as people write them, as we print them, and as domain names.
 *
 * An E.164 number becomes a name by its digits in reverse, a label each, under a suffix (RFC 6116
 * 3.2). An ISN (ITAD Subscriber Number) is what a phone without letters dials in place of an
 * address of the form user@domain: subscriber*ITAD, where the ITAD number (RFC 3219 4) says whose
 * subscriber it is. Only the subscriber's digits are reversed; the ITAD number stays one label.
 *
 * Reading is generous with separators (RFC 3966 5.1.1, and what is pasted from elsewhere) and
 * strict about all that would make it another number: an extension, a national number, letters.
 */
#include "tel/number.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What means nothing between digits; the long ones are UTF-8, as web pages and phones have it. */
static const char *const separators[] = {
	" ",
	"\t",
	"-",
	".",
	"/",
	"(",
	")",
	"\xc2\xa0",     /* U+00A0 no-break space */
	"\xe2\x80\x8e", /* U+200E left-to-right mark */
	"\xe2\x80\x90", /* U+2010 hyphen */
	"\xe2\x80\x91", /* U+2011 no-break hyphen */
	"\xe2\x80\x93", /* U+2013 en dash */
	"\xe2\x80\xaa", /* U+202A left-to-right embedding */
	"\xe2\x80\xac", /* U+202C pop directional formatting */
	"\xe2\x80\xad", /* U+202D left-to-right override */
	"\xe2\x80\xaf", /* U+202F narrow no-break space */
	"\xe2\x88\x92", /* U+2212 minus sign */
};

/* Parameters of a tel: URI that make it more or less than the number before them (RFC 3966 3). */
static const struct {
	const char *name;
	const char *why;
} parameters[] = {
	{ "ext",
	  "an extension (;ext=) cannot be published: it is dialled after the number answers" },
	{ "isub", "an ISDN subaddress (;isub=) cannot be published: leave it out" },
	{ "phone-context",
	  "a number with ;phone-context= is local: write it with + and country code" },
	{ "postd", "digits dialled later (;postd=) cannot be published: leave them out" },
};

static size_t separator_size(const char *text)
{
	for (size_t i = 0; i < sizeof(separators) / sizeof(separators[0]); i++) {
		size_t size = strlen(separators[i]);

		if (strncmp(text, separators[i], size) == 0)
			return size;
	}
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Takes digits up to the first thing that is neither digit nor separator, and gives that place.
 * NULL: more than max.
 */
static const char *digits_read(char *ret, size_t max, const char *text, bool international)
{
	size_t size = 0;

	for (size_t skip;;) {
		if (is_digit(*text)) {
			if (size == max)
				return NULL;
			ret[size++] = *text++;
		} else if (international && size > 0 && strncmp(text, "(0)", 3) == 0) {
			text += 3; /* "+44 (0)20": the 0 is dialled inside the country only */
		} else if ((skip = separator_size(text)) > 0) {
			text += skip;
		} else {
			ret[size] = '\0';
			return text;
		}
	}
}

/* The parameters of a tel: URI: *(";" name ["=" value]). NULL where they change nothing. */
static const char *parameters_fault(const char *text)
{
	while (*text == ';') {
		size_t size = strcspn(++text, "=;");

		for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
			if (size == strlen(parameters[i].name) &&
			    strncasecmp(text, parameters[i].name, size) == 0)
				return parameters[i].why;
		text += strcspn(text, ";");
	}
	return NULL;
}

/* Why reading stopped at text; NULL at its end. */
static const char *rest_fault(const char *text, bool uri)
{
	if (*text == '\0')
		return NULL;
	if (*text == ';' && uri)
		return parameters_fault(text);
	if (*text == '+')
		return "the + stands once, before the first digit";
	if (*text == '*')
		return "an ISN has one *, between the subscriber's digits and the ITAD number";
	if (*text == 'x' || *text == 'X' || strncasecmp(text, "ext", 3) == 0)
		return "an extension cannot be published: it is dialled after the number answers";
	if (is_letter(*text))
		return "letters are no digits: write the digits that are dialled";
	return "a number has digits, a leading +, and blanks or any of - . / ( ) between them";
}

/* RFC 3219 4: an ITAD number is 32 bits; one label, so it has one way of writing. */
static const char *itad_fault(const char *itad)
{
	if (itad[0] == '\0')
		return "the ITAD number is missing after the *";
	if (itad[0] == '0')
		return "an ITAD number does not start with 0";
	if (strtoull(itad, NULL, 10) > UINT32_MAX)
		return "the ITAD number is larger than 4294967295";
	return NULL;
}

static const char *isn_read(struct number *n, const char *text, bool plus)
{
	n->kind = NUMBER_ISN;
	if (plus)
		return "an ISN has no +";

	text = digits_read(n->itad, NUMBER_ITAD_MAX, text, false);
	if (text == NULL)
		return "the ITAD number is larger than 4294967295";

	const char *fault = rest_fault(text, false);
	return fault != NULL ? fault : itad_fault(n->itad);
}

static const char *e164_read(const struct number *n, const char *rest, bool plus, bool uri)
{
	const char *fault = rest_fault(rest, uri);

	if (fault != NULL || plus)
		return fault;
	if (strncmp(n->digits, "00", 2) == 0)
		return "it starts with 00: write + in place of it, as in +442079460000";
	if (n->digits[0] == '0')
		return "it starts with 0 as inside one country: write + and the country code first";
	return NULL;
}

static int number_read(struct number *ret, const char *text, bool prefix, const char **why)
{
	struct number n = { .kind = NUMBER_E164 };
	const char *fault;

	text += strspn(text, " \t");
	bool uri = strncasecmp(text, "tel:", 4) == 0;
	if (uri)
		text += 4;
	for (size_t skip; (skip = separator_size(text)) > 0;)
		text += skip;
	bool plus = *text == '+';
	if (plus)
		text++;

	const char *rest = digits_read(n.digits, NUMBER_DIGITS_MAX, text, plus);
	if (rest == NULL)
		fault = "it has more digits than a domain name has room for";
	else if (*rest == '*' && !uri)
		fault = isn_read(&n, rest + 1, plus);
	else
		fault = e164_read(&n, rest, plus, uri);

	if (fault == NULL && n.digits[0] == '\0' && !(prefix && (plus || n.kind == NUMBER_ISN)))
		fault = "there is no digit in it";
	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}
	*ret = n;
	return 0;
}

int number_parse(struct number *ret, const char *text, const char **why)
{
	return number_read(ret, text, false, why);
}

int number_prefix_parse(struct number *ret, const char *text, const char **why)
{
	return number_read(ret, text, true, why);
}

bool number_has_prefix(const struct number *n, const struct number *prefix)
{
	return n->kind == prefix->kind && strcmp(n->itad, prefix->itad) == 0 &&
	       strncmp(n->digits, prefix->digits, strlen(prefix->digits)) == 0;
}

void number_format(char ret[NUMBER_TEXT_ROOM], const struct number *n)
{
	if (n->kind == NUMBER_E164)
		snprintf(ret, NUMBER_TEXT_ROOM, "+%s", n->digits);
	else
		snprintf(ret, NUMBER_TEXT_ROOM, "%s*%s", n->digits, n->itad);
}

void number_subject(char ret[NUMBER_TEXT_ROOM], const struct number *n)
{
	snprintf(ret, NUMBER_TEXT_ROOM, "%s%s", n->kind == NUMBER_E164 ? "+" : "", n->digits);
}

/* The octets of a name's text without its final dot. */
static size_t name_size(const char *name)
{
	size_t size = strlen(name);

	return size > 0 && name[size - 1] == '.' ? size - 1 : size;
}

/* The octets that the size octets of text take as labels in wire form (RFC 1035 3.1, 5.1). */
static size_t wire_size(const char *name, size_t size)
{
	size_t octets = size > 0 ? 1 :
				   0; /* the first label's length; a dot stands for the others */

	for (size_t i = 0; i < size; octets++)
		i += name[i] != '\\' ? 1 : i + 1 < size && is_digit(name[i + 1]) ? 4 : 2;
	return octets;
}

int number_owner(char *ret, size_t room, const struct number *n, const char *suffix)
{
	size_t digits = strlen(n->digits);
	size_t itad = strlen(n->itad);
	size_t below = name_size(suffix);
	size_t size = 2 * digits + (itad > 0 ? itad + 1 : 0) + below + (below > 0 ? 1 : 0);
	size_t octets = 2 * digits + (itad > 0 ? itad + 1 : 0) + wire_size(suffix, below) + 1;

	if (size == 0)
		size = 1; /* the root */
	if (size >= room || octets > 255)
		return -ENAMETOOLONG;

	char *at = ret;
	for (size_t i = digits; i > 0; i--) {
		*at++ = n->digits[i - 1];
		*at++ = '.';
	}
	if (itad > 0) {
		memcpy(at, n->itad, itad);
		at += itad;
		*at++ = '.';
	}
	memcpy(at, suffix, below);
	at += below;
	if (below > 0 || at == ret)
		*at++ = '.';
	*at = '\0';
	return 0;
}

/* The octets of owner that stand before ".suffix"; 0 where it is not below the suffix. */
static size_t head_size(const char *owner, const char *suffix)
{
	size_t size = name_size(owner);
	size_t below = name_size(suffix);

	if (below == 0)
		return size;
	if (size < below + 2 || owner[size - below - 1] != '.' ||
	    strncasecmp(owner + size - below, suffix, below) != 0)
		return 0;
	return size - below - 1;
}

int number_from_owner(struct number *ret, enum number_kind kind, const char *owner,
		      const char *suffix)
{
	struct number n = { .kind = kind };
	size_t head = head_size(owner, suffix);

	if (kind == NUMBER_ISN) {
		size_t itad = 0;

		while (itad < head && is_digit(owner[head - 1 - itad]))
			itad++;
		if (itad == 0 || itad > NUMBER_ITAD_MAX || itad + 2 > head ||
		    owner[head - 1 - itad] != '.')
			return -ENOENT;
		memcpy(n.itad, owner + head - itad, itad);
		if (itad_fault(n.itad) != NULL)
			return -ENOENT;
		head -= itad + 1;
	}

	/* What is left is "3.2.1": digits at even places, dots between them. */
	if (head % 2 == 0 || head / 2 >= NUMBER_DIGITS_MAX)
		return -ENOENT;
	for (size_t i = 0; i < head; i++)
		if (i % 2 == 0 ? !is_digit(owner[i]) : owner[i] != '.')
			return -ENOENT;
	for (size_t i = 0; i <= head / 2; i++)
		n.digits[i] = owner[head - 1 - 2 * i];
	*ret = n;
	return 0;
}
