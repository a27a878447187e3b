/* SPDX-License-Identifier: MIT */
#ifndef TEL_EXPRESSION_H
#define TEL_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"
#include "tel/number.h"

enum {
	EXPRESSION_MAX = 255,         /* octets, as in a character-string */
	EXPRESSION_SUBJECT_MAX = 255, /* octets */
};

/*
 * A substitution expression taken apart (RFC 3402 3.2): "!^(.*)$!sip:\1@example.net!i". The parts
 * are as on the wire, backslashes and all, and point into what was read.
 */
struct expression {
	uint8_t delimiter;
	struct slice pattern;
	struct slice replacement;
	bool icase;
};

/* Finds the parts. -EINVAL: *why is a sentence about it (static storage). */
int expression_read(struct slice regexp, struct expression *ret, const char **why);

/*
 * All that can be known without a subject: the parts, a pattern that is a POSIX extended regular
 * expression (tel/pattern.h), back references to groups that exist. Takes microseconds and no
 * memory. -EINVAL: *why is a sentence about it (static storage).
 */
int expression_check(struct slice regexp, const char **why);

/*
 * Adds to ret what the expression makes of the subject: the replacement alone, its back references
 * filled in. The cost is bounded whatever the expression is, and the locale has no influence.
 * -ENOENT: it does not match; -EINVAL: it fails expression_check(); -EMSGSIZE: the subject is too
 * long; -ENOMEM. Nothing is added on failure.
 */
int expression_apply(struct slice regexp, struct slice subject, struct text *ret);

/*
 * Adds to ret the expression for a URI in which {number} and {digits} stand for the number that
 * was dialled, with "+" as in +12025550123 and without (an ISN has none either way):
 *
 *	sip:alice@example.net     !^.*$!sip:alice@example.net!
 *	sip:{number}@example.net  !^(.*)$!sip:\1@example.net!
 *	sip:{digits}@example.net  !^\+?(.*)$!sip:\1@example.net!
 *
 * Another delimiter is taken where the URI has a "!".
 * -EINVAL: not a URI; -EMSGSIZE: longer than EXPRESSION_MAX; *why is a sentence about either.
 * -ENOMEM: *why says so. Nothing is added on failure.
 */
int expression_build(struct text *ret, const char *uri, const char **why);

/*
 * The same for a block of numbers: those that have just so many digits after the prefix, and no
 * others: !^(\+1202555[0-9]{4})$!sip:\1@example.net!
 */
int expression_build_range(struct text *ret, const struct number *prefix, unsigned digits,
			   const char *uri, const char **why);

/*
 * The way back, for people to look at: adds "sip:{number}@example.net" to ret. Knows what the two
 * above make, and the usual hand-written forms of the same.
 * -ENOENT: not of such a form; -ENOMEM. Nothing is added on failure.
 */
int expression_describe(struct slice regexp, struct text *ret);

/*
 * How many digits follow the prefix in an expression of expression_build_range(). -ENOENT: it is
 * not of that form.
 */
int expression_range_digits(struct slice regexp, unsigned *ret);

#endif
