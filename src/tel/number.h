/* SPDX-License-Identifier: MIT */
#ifndef TEL_NUMBER_H
#define TEL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum number_kind {
	NUMBER_E164, /* +12025550123; also short numbers of a private plan: +123 */
	NUMBER_ISN,  /* 123*543: a subscriber's digits and an ITAD number (RFC 3219 4) */
};

enum {
	NUMBER_DIGITS_MAX = 120, /* labels of one digit that leave a name room for a suffix */
	NUMBER_ITAD_MAX = 10,
	NUMBER_TEXT_ROOM = NUMBER_DIGITS_MAX + NUMBER_ITAD_MAX + 2,
	NUMBER_OWNER_ROOM = 1024, /* every name in text form, escapes and all, with its NUL */
};

/*
 * A number, or the digits that a block of numbers has in common (a prefix, possibly of none).
 * Plain data, no ownership; digits can be compared with strcmp().
 */
struct number {
	enum number_kind kind;
	char digits[NUMBER_DIGITS_MAX + 1];
	char itad[NUMBER_ITAD_MAX + 1]; /* "" for E.164 */
};

/*
 * Reads any usual writing: "+1 (202) 555-0123", "tel:+1-202-555-0123", "+44 (0)20 7946 0000",
 * "123*543". Blanks, hyphens, dots, slashes and parentheses mean nothing; "(0)" after a country
 * code is dropped; a tel: URI may carry parameters that do not make it another number.
 * Digits without "+" are taken as they stand, country code first: "12025550123" is
 * +12025550123. Where they start with 0, only the person knows what was meant: refused.
 * -EINVAL: no number, and *why is a sentence about it (static storage).
 */
int number_parse(struct number *ret, const char *text, const char **why);

/* The same for leading digits: "+1202555", "12*543"; "+" and "*543" are all there are. */
int number_prefix_parse(struct number *ret, const char *text, const char **why);

/* Whether the number starts with the prefix: same kind, same ITAD, and its digits first. */
bool number_has_prefix(const struct number *n, const struct number *prefix);

/* "+12025550123" or "123*543", as number_parse() reads it back. */
void number_format(char ret[NUMBER_TEXT_ROOM], const struct number *n);

/*
 * What a NAPTR expression is applied to: "+12025550123" (RFC 6116 3.1), and for an ISN the
 * subscriber's digits "123".
 */
void number_subject(char ret[NUMBER_TEXT_ROOM], const struct number *n);

/*
 * The domain name with its final dot: "3.2.1.SUFFIX." for E.164 (RFC 6116 3.2),
 * "3.2.1.543.SUFFIX." for ISN. A prefix gives the name above all its numbers; with no digits that
 * is "SUFFIX." or "543.SUFFIX.". The suffix is in text form, its final dot may be missing, "." is
 * the root. -ENAMETOOLONG: more than room (NUMBER_OWNER_ROOM does for every name), or more than
 * the 255 octets of a name.
 */
int number_owner(char *ret, size_t room, const struct number *n, const char *suffix);

/*
 * The way back: the number whose owner this is, letter case and final dots aside. -ENOENT: not
 * below the suffix, or no number of this kind ("*.3.2.1...", "_sip._udp...", the suffix itself).
 */
int number_from_owner(struct number *ret, enum number_kind kind, const char *owner,
		      const char *suffix);

#endif
