/* SPDX-License-Identifier: MIT */
/*
 * Expressions from URIs and back, so that nobody has to write them.
 *
 * A person writes sip:{number}@example.net. What is published is a pattern that takes the dialled
 * number apart and a replacement that refers to its groups. There are few such patterns, all of one
 * shape:
 *
 *	^ ( \+? ( 1202555 [0-9]{4} ) ) $
 *
 * The outer group is {number}, the inner one {digits}; each is there only where the URI asks for
 * it. The plus sign is optional where any number is meant, so that the same expression serves
 * ENUM, whose subject has one (RFC 6116 3.1), and ISN, whose subject has none. The digits are those
 * of a block of numbers, or .* for any.
 *
 * Reading goes the same way, and also knows .+ for .*, a missing ^ or $ beside them, and a
 * single number written out in full: that is how people write such patterns by hand.
 */
#include <errno.h>
#include <stdio.h>

#include "base/reader.h"
#include "base/writer.h"
#include "tel/expression.h"

static const char number_mark[] = "{number}";
static const char digits_mark[] = "{digits}";

/* First choice first: "!" is what everyone writes, and the only one that some readers know. */
static const char delimiters[] = "!#~%/,;_";

/* What a pattern of the shape above says. */
struct shape {
	unsigned number_group; /* which group is {number}; 0: none */
	unsigned digits_group;
	unsigned following; /* digits after the written ones; 0: the pattern has no {n} */
};

static bool starts_with(const char *text, const char *mark)
{
	return strncmp(text, mark, strlen(mark)) == 0;
}

/* RFC 3986 3.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ), then ":". */
static bool has_scheme(const char *uri)
{
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	size_t size = strspn(uri, LETTERS);

	if (size > 0)
		size += strspn(uri + size, LETTERS "0123456789+-.");
	return size > 0 && uri[size] == ':' && uri[size + 1] != '\0';
#undef LETTERS
}

static const char *uri_fault(const char *uri)
{
	if (!has_scheme(uri))
		return "a URI starts with its scheme, as in sip:alice@example.net";
	for (const char *at = uri; *at != '\0'; at++) {
		if (starts_with(at, number_mark) || starts_with(at, digits_mark))
			at += strlen(number_mark) - 1;
		else if (*at == '{' || *at == '}')
			return "only {number} and {digits} stand between braces in a URI";
		else if (*at <= ' ' || *at > '~')
			return "a URI has neither blanks nor control characters nor letters "
			       "beyond ASCII: write them as %20 and the like";
	}
	return NULL;
}

static char delimiter_choose(const char *uri)
{
	for (const char *at = delimiters; *at != '\0'; at++)
		if (strchr(uri, *at) == NULL)
			return *at;
	return delimiters[0];
}

static void write_text(struct writer *w, const char *text)
{
	write_bytes(w, text, strlen(text));
}

/* The groups are numbered by their opening parentheses: the outer one is first. */
static struct shape shape_of(const char *uri)
{
	struct shape shape = { 0 };

	if (strstr(uri, number_mark) != NULL)
		shape.number_group = 1;
	if (strstr(uri, digits_mark) != NULL)
		shape.digits_group = shape.number_group + 1;
	return shape;
}

static void replacement_write(struct writer *w, const char *uri, struct shape shape, char delimiter)
{
	for (const char *at = uri; *at != '\0'; at++) {
		bool number = starts_with(at, number_mark);

		if (number || starts_with(at, digits_mark)) {
			unsigned group = number ? shape.number_group : shape.digits_group;

			write_u8(w, '\\');
			write_u8(w, (uint8_t)('0' + group));
			at += strlen(number_mark) - 1;
		} else {
			if (*at == '\\' || *at == delimiter)
				write_u8(w, '\\');
			write_u8(w, (uint8_t)*at);
		}
	}
}

/* plus: the pattern for the sign, "" for none; digits: the one for the digits. */
static int build(struct text *ret, const char *plus, const char *digits, const char *uri,
		 const char **why)
{
	uint8_t buffer[EXPRESSION_MAX];
	struct writer w = write_begin(buffer, sizeof(buffer));
	struct shape shape = shape_of(uri);
	char delimiter = delimiter_choose(uri);
	const char *fault = uri_fault(uri);

	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}

	write_u8(&w, (uint8_t)delimiter);
	write_text(&w, shape.number_group > 0 ? "^(" : "^");
	write_text(&w, plus);
	write_text(&w, shape.digits_group > 0 ? "(" : "");
	write_text(&w, digits);
	write_text(&w, shape.digits_group > 0 ? ")" : "");
	write_text(&w, shape.number_group > 0 ? ")$" : "$");
	write_u8(&w, (uint8_t)delimiter);
	replacement_write(&w, uri, shape, delimiter);
	write_u8(&w, (uint8_t)delimiter);
	if (w.full) {
		*why = "the URI is too long: a NAPTR expression has room for 255 characters";
		return -EMSGSIZE;
	}

	text_add(ret, buffer, write_size(&w));
	if (ret->failed) {
		*why = "out of memory";
		return -ENOMEM;
	}
	return 0;
}

int expression_build(struct text *ret, const char *uri, const char **why)
{
	/* A sign that need not be matched is needed only where the digits after it are asked for. */
	return build(ret, strstr(uri, digits_mark) != NULL ? "\\+?" : "", ".*", uri, why);
}

int expression_build_range(struct text *ret, const struct number *prefix, unsigned digits,
			   const char *uri, const char **why)
{
	char pattern[NUMBER_DIGITS_MAX + sizeof("[0-9]{999}")];

	if (digits == 0 || strlen(prefix->digits) + digits > NUMBER_DIGITS_MAX) {
		*why = "a range has at least one digit after its prefix, and 120 digits at most";
		return -EINVAL;
	}
	snprintf(pattern, sizeof(pattern), "%s[0-9]{%u}", prefix->digits, digits);
	return build(ret, prefix->kind == NUMBER_E164 ? "\\+" : "", pattern, uri, why);
}

static bool take(struct reader *r, const char *text)
{
	size_t size = strlen(text);

	if (read_left(r) < size || memcmp(r->pos, text, size) != 0)
		return false;
	read_bytes(r, size);
	return true;
}

static size_t take_digits(struct reader *r)
{
	size_t size = 0;

	for (; read_left(r) > 0 && *r->pos >= '0' && *r->pos <= '9'; size++)
		read_u8(r);
	return size;
}

/* [0-9]{n}, or nothing at all: 0. False: it starts so and goes on otherwise. */
static bool take_class(struct reader *r, unsigned *ret)
{
	unsigned number = 0;

	if (take(r, "[0-9]{")) {
		for (; read_left(r) > 0 && *r->pos >= '0' && *r->pos <= '9'; read_u8(r))
			if (number <= NUMBER_DIGITS_MAX)
				number = number * 10 + (*r->pos - (unsigned)'0');
		if (number == 0 || number > NUMBER_DIGITS_MAX || !take(r, "}"))
			return false;
	}
	*ret = number;
	return true;
}

/* False: the pattern is of another shape. */
static bool shape_read(struct slice pattern, struct shape *ret)
{
	struct reader r = read_begin(pattern.data, pattern.size);
	struct shape shape = { 0 };

	bool start = take(&r, "^");
	bool outer = take(&r, "(");
	bool plus = take(&r, "\\+");
	if (plus)
		take(&r, "?");
	bool inner = take(&r, "(");

	size_t written = take_digits(&r);
	bool any = take(&r, ".*") || take(&r, ".+");
	if (!any && !take_class(&r, &shape.following))
		return false;

	bool closed = (!inner || take(&r, ")")) && (!outer || take(&r, ")"));
	bool end = take(&r, "$");
	if (!closed || read_left(&r) > 0)
		return false;
	if (any ? written > 0 || (inner && !plus) :
		  !start || !end || (written == 0 && shape.following == 0))
		return false;

	shape.number_group = outer ? 1 : 0;
	shape.digits_group = inner ? shape.number_group + 1 : 0;
	*ret = shape;
	return true;
}

/* False: it has a reference without a name, or text that would read as a mark. */
static bool uri_write(struct writer *w, struct slice replacement, struct shape shape)
{
	for (size_t i = 0; i < replacement.size; i++) {
		uint8_t c = replacement.data[i];
		unsigned group = 0;

		if (c == '\\') {
			c = replacement.data[++i];
			group = c >= '1' && c <= '9' ? c - (unsigned)'0' : 0;
		}
		if (group == 0 && c != '{' && c != '}')
			write_u8(w, c);
		else if (group > 0 && group == shape.number_group)
			write_text(w, number_mark);
		else if (group > 0 && group == shape.digits_group)
			write_text(w, digits_mark);
		else
			return false;
	}
	return !w->full;
}

int expression_describe(struct slice regexp, struct text *ret)
{
	uint8_t buffer[EXPRESSION_MAX / 2 * sizeof(number_mark)];
	struct writer w = write_begin(buffer, sizeof(buffer));
	struct expression e;
	struct shape shape;
	const char *why;

	if (expression_read(regexp, &e, &why) < 0 || !shape_read(e.pattern, &shape) ||
	    !uri_write(&w, e.replacement, shape))
		return -ENOENT;
	text_add(ret, buffer, write_size(&w));
	return ret->failed ? -ENOMEM : 0;
}

int expression_range_digits(struct slice regexp, unsigned *ret)
{
	struct expression e;
	struct shape shape;
	const char *why;

	if (expression_read(regexp, &e, &why) < 0 || !shape_read(e.pattern, &shape) ||
	    shape.following == 0)
		return -ENOENT;
	*ret = shape.following;
	return 0;
}
