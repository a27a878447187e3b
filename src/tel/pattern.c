/* SPDX-License-Identifier: MIT */
/*
 * POSIX extended regular expressions (IEEE 1003.1 9.4), read into a tree.
 *
 * Why not regcomp(): patterns come from strangers. One of 28 octets, (.(1?|((.?)?)*){0,21}1?|.)?x,
 * keeps a C library busy for a minute, others take a hundred megabytes to match, and no simple
 * bound tells them from the harmless ones. It also reads more than POSIX defines (\w, \<, {,3}) and
 * depends on the locale. So patterns are read here, and matched in match.c at a cost that is
 * bounded by their size.
 *
 * Accepted is what POSIX defines and other readers of NAPTR records agree on (RFC 3402 3.2), so
 * that a published record means the same to all. What POSIX leaves undefined is refused for the
 * same reason: a repetition of nothing or of a repetition, an empty alternative, a lone {, a
 * backslash before a letter (\d is not POSIX) or a digit (an ERE has no back references). An
 * empty pair of parentheses passes, as everyone agrees on it.
 *
 * The reader keeps pieces on a stack. At | and ) and the end, the pieces since the last ( or | are
 * folded from the right into a chain of sequence nodes, because the leftmost piece has the first
 * choice of length when a match is taken apart.
 */
#include "tel/pattern.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { NONE = 0xffff };

/* An open parenthesis, or the outermost level. */
struct level {
	uint16_t base;   /* where its pieces start on the stack */
	uint16_t either; /* the alternatives so far, or NONE */
	uint8_t number;
};

struct parser {
	struct pattern *pattern;
	const uint8_t *at;
	const uint8_t *end;
	uint8_t delimiter;
	const char *why; /* NULL: all well */
	bool repeatable; /* the last piece may be followed by a repetition */
	uint16_t pieces[PATTERN_MAX + 1];
	uint16_t piece_count;
	struct level levels[PATTERN_MAX + 1];
	uint16_t depth;
	uint8_t repeats[PATTERN_NODES_MAX]; /* the product of repetitions inside one another */
};

static void fail(struct parser *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
}

/* Two nodes for each octet are enough: itself, and the sequence that it is part of. */
static uint16_t node_add(struct parser *p, struct pattern_node node, uint8_t repeats)
{
	assert(p->pattern->count < PATTERN_NODES_MAX);
	p->pattern->nodes[p->pattern->count] = node;
	p->repeats[p->pattern->count] = repeats;
	return p->pattern->count++;
}

static void piece_add(struct parser *p, enum pattern_kind kind, uint8_t value)
{
	struct pattern_node node = { .kind = (uint8_t)kind, .value = value };

	p->pieces[p->piece_count++] = node_add(p, node, 1);
	p->repeatable = kind != PATTERN_START && kind != PATTERN_END;
}

static uint16_t join(struct parser *p, enum pattern_kind kind, uint16_t left, uint16_t right)
{
	struct pattern_node node = { .kind = (uint8_t)kind, .left = left, .right = right };
	uint8_t a = p->repeats[left];
	uint8_t b = p->repeats[right];

	return node_add(p, node, a > b ? a : b);
}

/* Folds the pieces since the last ( or | into one alternative of the innermost level. */
static void alternative_end(struct parser *p)
{
	struct level *level = &p->levels[p->depth];

	if (p->piece_count == level->base) {
		fail(p, "there is nothing on one side of a | in the pattern");
		return;
	}

	uint16_t node = p->pieces[--p->piece_count];
	while (p->piece_count > level->base)
		node = join(p, PATTERN_SEQUENCE, p->pieces[--p->piece_count], node);
	level->either = level->either == NONE ? node : join(p, PATTERN_EITHER, level->either, node);
	p->repeatable = false;
}

static void group_open(struct parser *p)
{
	p->levels[++p->depth] = (struct level){
		.base = p->piece_count,
		.either = NONE,
		.number = ++p->pattern->groups,
	};
	p->repeatable = false;
}

static void group_close(struct parser *p)
{
	struct level *level = &p->levels[p->depth];

	if (p->depth == 0) {
		fail(p, "the pattern has a ) without its (: write \\) for a parenthesis");
		return;
	}
	if (p->piece_count == level->base && level->either == NONE)
		piece_add(p, PATTERN_EMPTY, 0);
	alternative_end(p);
	if (p->why != NULL)
		return;

	struct pattern_node node = {
		.kind = PATTERN_GROUP,
		.value = level->number,
		.left = level->either,
	};
	p->pieces[p->piece_count++] = node_add(p, node, p->repeats[level->either]);
	p->depth--;
	p->repeatable = true;
}

/* c: what is to be said about it where there is nothing to repeat. */
static void repeat(struct parser *p, uint8_t low, uint8_t high, bool open, char c)
{
	if (!p->repeatable) {
		fail(p, c == '+' ? "a + in the pattern repeats nothing: write \\+ for a plus sign" :
			c == '*' ? "a * in the pattern repeats nothing: write \\* for a star" :
			c == '?' ? "a ? in the pattern repeats nothing: write \\? for a mark" :
				   "a { in the pattern repeats nothing: write \\{ for a brace");
		return;
	}

	uint16_t left = p->pieces[p->piece_count - 1];
	unsigned times = high > 1 ? high : low > 1 ? low : 1;
	if (times * p->repeats[left] > PATTERN_REPEAT_MAX) {
		fail(p, "repetitions inside one another come to more than 255 in the pattern");
		return;
	}

	struct pattern_node node = {
		.kind = PATTERN_REPEAT,
		.low = low,
		.high = high,
		.open = open,
		.left = left,
	};
	p->pieces[p->piece_count - 1] = node_add(p, node, (uint8_t)(times * p->repeats[left]));
	p->repeatable = false; /* POSIX leaves a** undefined */
}

/* Up to three digits of a bound. -1: none, or over RE_DUP_MAX. */
static int bound_number(struct parser *p)
{
	int number = -1;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
		number = (number < 0 ? 0 : number * 10) + (*p->at++ - '0');
		if (number > PATTERN_REPEAT_MAX)
			return -1;
	}
	return number;
}

/* {n}, {n,} or {n,m}; the brace is behind us. */
static void bound_read(struct parser *p)
{
	static const char why[] = "a { in the pattern is no repetition such as {4} or {3,5} with "
				  "bounds up to 255: write \\{ for a brace";
	int low = bound_number(p);
	int high = low;
	bool open = false;

	if (p->at < p->end && *p->at == ',') {
		p->at++;
		open = p->at < p->end && *p->at == '}';
		high = open ? 0 : bound_number(p);
	}
	if (low < 0 || high < 0 || (!open && high < low) || p->at == p->end || *p->at != '}') {
		fail(p, why);
		return;
	}
	p->at++;
	repeat(p, (uint8_t)low, (uint8_t)high, open, '{');
}

static void escape_read(struct parser *p)
{
	uint8_t c = p->at < p->end ? *p->at++ : 0;

	if (c == p->delimiter && c != 0)
		piece_add(p, PATTERN_OCTET, c);
	else if (c >= '0' && c <= '9')
		fail(p, "a back reference in the pattern is not POSIX: they stand in the "
			"replacement only");
	else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		fail(p, "a backslash before a letter in the pattern is not POSIX: write [0-9] for "
			"\\d, [[:space:]] for \\s");
	else if (c == 0)
		fail(p, "the pattern ends in a backslash or has a NUL in it");
	else
		piece_add(p, PATTERN_OCTET, c);
}

/* [:name:] in the POSIX locale, as pairs of first and last octet. */
static const struct {
	const char *name;
	const char *ranges;
} classes[] = {
	{ "alnum", "09AZaz" },   { "alpha", "AZaz" },
	{ "blank", "\t\t  " },   { "cntrl", "\1\37\177\177" },
	{ "digit", "09" },       { "graph", "!~" },
	{ "lower", "az" },       { "print", " ~" },
	{ "punct", "!/:@[`{~" }, { "space", "\t\r  " },
	{ "upper", "AZ" },       { "xdigit", "09AFaf" },
};

static void set_add(uint8_t *set, uint8_t first, uint8_t last)
{
	for (unsigned c = first; c <= last; c++)
		set[c / 8] |= (uint8_t)(1u << c % 8);
}

static bool class_add(uint8_t *set, struct slice name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!slice_equal(name, slice_text(classes[i].name)))
			continue;
		for (const char *range = classes[i].ranges; *range != '\0'; range += 2)
			set_add(set, (uint8_t)range[0], (uint8_t)range[1]);
		return true;
	}
	return false;
}

/* The name in [:name:], [.name.] or [=name=], whose [ and mark are behind us. */
static struct slice set_name(struct parser *p, uint8_t mark)
{
	const uint8_t *start = p->at;

	for (; p->end - p->at >= 2; p->at++) {
		if (p->at[0] == mark && p->at[1] == ']') {
			p->at += 2;
			return slice_make(start, (size_t)(p->at - 2 - start));
		}
	}
	p->at = p->end;
	return slice_make(start, 0);
}

/*
 * One element of a bracket expression: an octet, which can begin or end a range, or a class, which
 * is added to the set; then -1. Between brackets a backslash is an ordinary octet, unless
 * it goes with the delimiter (RFC 3402 3.2: escapeddelim).
 */
static int element_read(struct parser *p, uint8_t *set)
{
	uint8_t c = *p->at++;
	uint8_t next = p->at < p->end ? *p->at : 0;

	if (c == '\0')
		fail(p, "the pattern has a NUL in it");
	if (c == '\\' && next == p->delimiter) {
		p->at++;
		return next;
	}
	if (c != '[' || (next != ':' && next != '.' && next != '='))
		return c;

	p->at++;
	struct slice name = set_name(p, next);
	if (next != ':' && name.size == 1)
		return name.data[0];
	if (next != ':')
		fail(p, "a [. .] or [= =] in the pattern holds something else than one character");
	else if (!class_add(set, name))
		fail(p, "a [: :] in the pattern is none of the POSIX classes such as [:digit:]");
	return -1;
}

/* A bracket expression (9.3.5); its [ is behind us. */
static void set_read(struct parser *p)
{
	uint8_t index = p->pattern->set_count++;
	uint8_t *set = p->pattern->sets[index];
	bool inverse = p->at < p->end && *p->at == '^';

	memset(set, 0, sizeof(p->pattern->sets[index]));
	if (inverse)
		p->at++;
	for (bool first = true; p->why == NULL; first = false) {
		if (p->at == p->end) {
			fail(p, "the pattern has a [ without its ]: write \\[ for a bracket");
			return;
		}
		if (*p->at == ']' && !first)
			break;

		int low = element_read(p, set);
		int high = low;
		if (p->end - p->at >= 2 && p->at[0] == '-' && p->at[1] != ']') {
			p->at++;
			high = element_read(p, set);
			if (low < 0 || high < low ||
			    (p->at < p->end && p->at[0] == '-' && p->end - p->at >= 2 &&
			     p->at[1] != ']'))
				fail(p, "a range between [ and ] in the pattern runs backwards or "
					"has no two ends: put a - that is meant itself last");
		}
		if (high >= 0 && p->why == NULL)
			set_add(set, (uint8_t)low, (uint8_t)high);
	}
	p->at++;
	for (size_t i = 0; inverse && i < sizeof(p->pattern->sets[index]); i++)
		set[i] = (uint8_t)~set[i];
	piece_add(p, PATTERN_SET, index);
}

static void octet_read(struct parser *p)
{
	uint8_t c = *p->at++;

	switch (c) {
	case '\\':
		escape_read(p);
		break;
	case '(':
		group_open(p);
		break;
	case ')':
		group_close(p);
		break;
	case '|':
		alternative_end(p);
		break;
	case '[':
		set_read(p);
		break;
	case '{':
		bound_read(p);
		break;
	case '*':
		repeat(p, 0, 0, true, '*');
		break;
	case '+':
		repeat(p, 1, 0, true, '+');
		break;
	case '?':
		repeat(p, 0, 1, false, '?');
		break;
	case '^':
		piece_add(p, PATTERN_START, 0);
		break;
	case '$':
		piece_add(p, PATTERN_END, 0);
		break;
	case '.':
		piece_add(p, PATTERN_ANY, 0);
		break;
	case '\0':
		fail(p, "the pattern has a NUL in it");
		break;
	default:
		piece_add(p, PATTERN_OCTET, c);
	}
}

int pattern_read(struct pattern *ret, struct slice text, uint8_t delimiter, const char **why)
{
	struct parser p;

	p.pattern = ret;
	p.at = text.data;
	p.end = text.data + text.size;
	p.delimiter = delimiter;
	p.why = NULL;
	p.repeatable = false;
	p.piece_count = 0;
	p.depth = 0;
	p.levels[0] = (struct level){ .either = NONE };
	ret->count = 0;
	ret->set_count = 0;
	ret->groups = 0;

	if (text.size == 0)
		fail(&p, "the pattern is empty: write ^.*$ for every number");
	if (text.size > PATTERN_MAX)
		fail(&p, "the pattern is longer than 255 octets");
	while (p.at < p.end && p.why == NULL)
		octet_read(&p);
	if (p.depth > 0)
		fail(&p, "the pattern has a ( without its ): write \\( for a parenthesis");
	if (p.why == NULL)
		alternative_end(&p);
	if (p.why != NULL) {
		*why = p.why;
		return -EINVAL;
	}
	return 0;
}
