/* SPDX-License-Identifier: MIT */
/*
 * Substitution expressions (RFC 3402 3.2): delimiter, pattern, delimiter, replacement, delimiter,
 * flags. They turn a number into a URI (RFC 6116 3.3).
 *
 * Their parts are found by the delimiter alone: a backslash takes the octet after it along, also
 * between brackets, so a delimiter in the pattern or the replacement needs one everywhere. In the
 * replacement \1 to \9 are groups of the pattern; \10 is group 1 and a zero, for a
 * reference is one digit; a backslash before anything else stands for that octet.
 *
 * The result is the replacement alone. What the pattern left unmatched on either side is dropped,
 * which is what resolvers do and differs from sed only for patterns that lack ^ and $.
 */
#include "tel/expression.h"

#include <errno.h>

#include "tel/pattern.h"

/* The part up to the next delimiter, which is stepped over; -EINVAL: there is none. */
static int part_read(struct slice *rest, uint8_t delimiter, struct slice *ret)
{
	for (size_t i = 0; i < rest->size; i++) {
		if (rest->data[i] == '\\') {
			i++;
		} else if (rest->data[i] == delimiter) {
			*ret = slice_make(rest->data, i);
			*rest = slice_make(rest->data + i + 1, rest->size - i - 1);
			return 0;
		}
	}
	return -EINVAL;
}

static const char *delimiter_fault(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return "a digit cannot be the delimiter: write !pattern!replacement!";
	if (c == '\\')
		return "a backslash cannot be the delimiter: write !pattern!replacement!";
	if (c == 'i' || c == 'I')
		return "the letter i cannot be the delimiter: write !pattern!replacement!";
	if (c == '\0')
		return "a NUL cannot be the delimiter: write !pattern!replacement!";
	return NULL;
}

static const char *flags_read(struct slice flags, uint8_t delimiter, bool *icase)
{
	if (flags.size > 0 && memchr(flags.data, delimiter, flags.size) != NULL)
		return "the delimiter is in the expression more than three times: put a backslash "
		       "before it, or take another delimiter";
	for (size_t i = 0; i < flags.size; i++) {
		/* RFC 3402 3.2: flags = "i" */
		if (flags.data[i] != 'i')
			return "after the last delimiter there is something else than the flag i";
		*icase = true;
	}
	return NULL;
}

int expression_read(struct slice regexp, struct expression *ret, const char **why)
{
	struct expression e = { 0 };
	struct slice rest;
	const char *fault;

	if (regexp.size == 0) {
		fault = "the expression is empty: write !pattern!replacement!";
	} else if (regexp.size > EXPRESSION_MAX) {
		fault = "the expression is longer than 255 octets";
	} else {
		e.delimiter = regexp.data[0];
		rest = slice_make(regexp.data + 1, regexp.size - 1);
		fault = delimiter_fault(e.delimiter);
		if (fault == NULL && (part_read(&rest, e.delimiter, &e.pattern) < 0 ||
				      part_read(&rest, e.delimiter, &e.replacement) < 0))
			fault = "the expression does not have its delimiter, which is its first "
				"character, three times: write !pattern!replacement!";
		if (fault == NULL)
			fault = flags_read(rest, e.delimiter, &e.icase);
	}
	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}
	*ret = e;
	return 0;
}

/* Whether there is a group for every back reference. */
static const char *replacement_fault(struct slice replacement, unsigned groups)
{
	static const char *const missing[10] = {
		[0] = "the replacement has \\0, but back references go from \\1 to \\9",
		[1] = "the replacement has the back reference \\1, but the pattern has no group (...)",
		[2] = "the replacement has the back reference \\2, but the pattern has fewer groups",
		[3] = "the replacement has the back reference \\3, but the pattern has fewer groups",
		[4] = "the replacement has the back reference \\4, but the pattern has fewer groups",
		[5] = "the replacement has the back reference \\5, but the pattern has fewer groups",
		[6] = "the replacement has the back reference \\6, but the pattern has fewer groups",
		[7] = "the replacement has the back reference \\7, but the pattern has fewer groups",
		[8] = "the replacement has the back reference \\8, but the pattern has fewer groups",
		[9] = "the replacement has the back reference \\9, but the pattern has fewer groups",
	};

	for (size_t i = 0; i < replacement.size; i++) {
		if (replacement.data[i] == '\\') {
			unsigned digit = replacement.data[++i] - (unsigned)'0';

			if (digit <= 9 && (digit == 0 || digit > groups))
				return missing[digit];
		}
		if (replacement.data[i] == '\0')
			return "the replacement has a NUL in it";
	}
	return NULL;
}

static int expression_compile(struct slice regexp, struct expression *ret, struct pattern *pattern,
			      const char **why)
{
	int err = expression_read(regexp, ret, why);

	if (err < 0)
		return err;
	err = pattern_read(pattern, ret->pattern, ret->delimiter, why);
	if (err < 0)
		return err;

	const char *fault = replacement_fault(ret->replacement, pattern->groups);
	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}
	return 0;
}

int expression_check(struct slice regexp, const char **why)
{
	struct expression e;
	struct pattern pattern;

	return expression_compile(regexp, &e, &pattern, why);
}

static void replacement_add(struct text *to, struct slice replacement, struct slice subject,
			    const struct span groups[PATTERN_GROUPS])
{
	for (size_t i = 0; i < replacement.size; i++) {
		uint8_t c = replacement.data[i];

		if (c == '\\') {
			c = replacement.data[++i];
			if (c >= '1' && c <= '9') {
				struct span group = groups[c - '0'];

				text_add(to, subject.data + group.start,
					 (size_t)(group.end - group.start));
				continue;
			}
		}
		text_add(to, &c, 1);
	}
}

int expression_apply(struct slice regexp, struct slice subject, struct text *ret)
{
	struct expression e;
	struct pattern pattern;
	struct span groups[PATTERN_GROUPS];
	struct text out = { 0 };
	const char *why;

	if (subject.size == 0)
		subject = slice_text("");
	int err = expression_compile(regexp, &e, &pattern, &why);
	if (err == 0)
		err = pattern_match(&pattern, subject, e.icase, groups);
	if (err < 0)
		return err;

	replacement_add(&out, e.replacement, subject, groups);
	if (!out.failed)
		text_add(ret, out.data, out.size);
	if (out.failed || ret->failed)
		err = -ENOMEM;
	text_done(&out);
	return err;
}
