/* SPDX-License-Identifier: MIT */
/*
 * Matching a POSIX extended regular expression at a bounded cost.
 *
 * For each node of the pattern, from the leaves up, a relation is computed: a matrix of bits in
 * which row i has bit j where the node matches the octets [i, j) of the subject. A sequence is the
 * product of two such matrices, alternatives are their union, a repetition is a power or a closure.
 * Nothing is tried and taken back: the worst there is, 255 octets of pattern and of subject, takes
 * some tens of milliseconds, and a telephone number, whose rows fit one word, a few microseconds.
 *
 * Groups come afterwards. The root's matrix says where the match is (1003.1 9.1: the leftmost, and
 * there the longest); from it the tree is taken apart downwards, each piece from left to right as
 * long as it can be with the rest still matching, and of a repetition only the last round counts.
 * All of it is looked up in the matrices.
 */
#include "tel/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = (PATTERN_SUBJECT_MAX + 1 + 63) / 64, TEMPORARIES = 3 };

struct match {
	const struct pattern *pattern;
	struct slice subject;
	bool icase;
	unsigned places;    /* between octets: subject.size + 1 */
	unsigned words;     /* of a row */
	size_t size;        /* words of a matrix */
	uint64_t *matrices; /* one for each node, then TEMPORARIES */
};

static uint64_t *matrix(const struct match *m, unsigned node)
{
	return m->matrices + node * m->size;
}

static uint64_t *row(const struct match *m, unsigned node, unsigned from)
{
	return matrix(m, node) + from * m->words;
}

static void bit_set(uint64_t *bits, unsigned place)
{
	bits[place / 64] |= UINT64_C(1) << place % 64;
}

static bool bit_test(const uint64_t *bits, unsigned place)
{
	return bits[place / 64] >> place % 64 & 1;
}

/* The first set bit at or after place; places where there is none. */
static unsigned bit_next(const struct match *m, const uint64_t *bits, unsigned place)
{
	for (unsigned word = place / 64; word < m->words; word++) {
		uint64_t left = bits[word];

		if (word == place / 64)
			left &= ~UINT64_C(0) << place % 64;
		if (left != 0)
			return word * 64 + (unsigned)__builtin_ctzll(left);
	}
	return m->places;
}

static void row_join(const struct match *m, uint64_t *to, const uint64_t *from)
{
	for (unsigned word = 0; word < m->words; word++)
		to[word] |= from[word];
}

/* to = a, then b; to is neither of them. */
static void multiply(const struct match *m, uint64_t *to, const uint64_t *a, const uint64_t *b)
{
	memset(to, 0, m->size * sizeof(*to));
	for (unsigned i = 0; i < m->places; i++) {
		const uint64_t *from = a + i * m->words;

		for (unsigned k = bit_next(m, from, 0); k < m->places; k = bit_next(m, from, k + 1))
			row_join(m, to + i * m->words, b + k * m->words);
	}
}

static void identity_add(const struct match *m, uint64_t *to)
{
	for (unsigned i = 0; i < m->places; i++)
		bit_set(to + i * m->words, i);
}

/* to = a any number of times. Rows further right are ready when they are needed. */
static void closure(const struct match *m, uint64_t *to, const uint64_t *a)
{
	memset(to, 0, m->size * sizeof(*to));
	for (unsigned i = m->places; i-- > 0;) {
		const uint64_t *from = a + i * m->words;
		uint64_t *end = to + i * m->words;

		bit_set(end, i);
		for (unsigned k = bit_next(m, from, i + 1); k < m->places;
		     k = bit_next(m, from, k + 1))
			row_join(m, end, to + k * m->words);
	}
}

/* to = to, then a, times over. a is used up, spare overwritten; squaring takes few steps. */
static void multiply_power(const struct match *m, uint64_t *to, uint64_t *a, uint64_t *spare,
			   unsigned times)
{
	size_t octets = m->size * sizeof(*to);

	while (times > 0) {
		if (times % 2 == 1) {
			multiply(m, spare, to, a);
			memcpy(to, spare, octets);
		}
		times /= 2;
		if (times > 0) {
			multiply(m, spare, a, a);
			memcpy(a, spare, octets);
		}
	}
}

static void repeat_fill(const struct match *m, unsigned index)
{
	const struct pattern_node *node = &m->pattern->nodes[index];
	const uint64_t *once = matrix(m, node->left);
	uint64_t *to = matrix(m, index);
	uint64_t *power = matrix(m, m->pattern->count);
	uint64_t *spare = matrix(m, m->pattern->count + 1u);
	uint64_t *any = matrix(m, m->pattern->count + 2u);
	size_t octets = m->size * sizeof(*to);
	unsigned more = node->open ? 0 : node->high - node->low;

	identity_add(m, to);
	if (node->low > 0) {
		memcpy(power, once, octets);
		multiply_power(m, to, power, spare, node->low);
	}

	/* Each round that takes something takes an octet: so many rounds are as good as any number. */
	if (node->open || more >= m->subject.size) {
		if (node->open || more > 0) {
			closure(m, any, once);
			multiply(m, spare, to, any);
			memcpy(to, spare, octets);
		}
	} else if (more > 0) {
		memcpy(power, once, octets);
		identity_add(m, power);
		multiply_power(m, to, power, spare, more);
	}
}

static uint8_t other_case(uint8_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return c ^ 0x20;
	return c;
}

static bool leaf_accepts(const struct match *m, const struct pattern_node *node, uint8_t c)
{
	const uint8_t *set;

	switch (node->kind) {
	case PATTERN_ANY:
		return true;
	case PATTERN_OCTET:
		return c == node->value || (m->icase && other_case(c) == node->value);
	case PATTERN_SET:
		set = m->pattern->sets[node->value];
		if (set[c / 8] >> c % 8 & 1)
			return true;
		c = other_case(c);
		return m->icase && (set[c / 8] >> c % 8 & 1);
	default:
		return false;
	}
}

/* The relation of one node; those below it are there. */
static void node_fill(const struct match *m, unsigned index)
{
	const struct pattern_node *node = &m->pattern->nodes[index];
	uint64_t *to = matrix(m, index);
	unsigned last = m->places - 1;

	switch (node->kind) {
	case PATTERN_EMPTY:
		identity_add(m, to);
		break;
	case PATTERN_START:
		bit_set(to, 0);
		break;
	case PATTERN_END:
		bit_set(to + last * m->words, last);
		break;
	case PATTERN_GROUP:
		memcpy(to, matrix(m, node->left), m->size * sizeof(*to));
		break;
	case PATTERN_SEQUENCE:
		multiply(m, to, matrix(m, node->left), matrix(m, node->right));
		break;
	case PATTERN_EITHER:
		memcpy(to, matrix(m, node->left), m->size * sizeof(*to));
		for (unsigned i = 0; i < m->places; i++)
			row_join(m, to + i * m->words, row(m, node->right, i));
		break;
	case PATTERN_REPEAT:
		repeat_fill(m, index);
		break;
	default:
		for (unsigned i = 0; i < last; i++)
			if (leaf_accepts(m, node, m->subject.data[i]))
				bit_set(to + i * m->words, i + 1);
	}
}

/* The last place that is in both; -1 where there is none. */
static int last_common(const struct match *m, const uint64_t *a, const uint64_t *b)
{
	for (unsigned word = m->words; word-- > 0;) {
		uint64_t both = a[word] & b[word];

		if (both != 0)
			return (int)(word * 64) + 63 - __builtin_clzll(both);
	}
	return -1;
}

/* Splits what a sequence matched: the left piece takes as much as leaves the rest a match. */
static uint16_t sequence_split(const struct match *m, const struct pattern_node *node,
			       struct span span)
{
	uint16_t at = span.end;

	while (!bit_test(row(m, node->left, span.start), at) ||
	       !bit_test(row(m, node->right, at), span.end))
		at--;
	return at;
}

/*
 * Finds the last round of a repetition that matched the span, each round being as long as it
 * can be. False: there was no round. can[n] has the places from which the end can be reached once
 * n rounds are done; the rounds above the lower bound of an open repetition count as one.
 */
static bool repeat_last(const struct match *m, const struct pattern_node *node, struct span span,
			struct span *ret)
{
	uint64_t can[PATTERN_REPEAT_MAX + 1][WORDS_MAX];
	unsigned top = node->open ? node->low : node->high;

	for (unsigned n = top + 1; n-- > 0;) {
		memset(can[n], 0, sizeof(can[n]));
		if (n >= node->low)
			bit_set(can[n], span.end);
		for (unsigned at = span.end + 1u; at-- > span.start;) {
			const uint64_t *ends = row(m, node->left, at);

			if (n < top ? last_common(m, ends, can[n + 1]) >= 0 :
				      node->open && last_common(m, ends, can[n]) > (int)at)
				bit_set(can[n], at);
		}
	}

	bool found = false;
	for (unsigned n = 0; span.start < span.end || n < node->low; found = true) {
		n += n < top ? 1 : 0;
		ret->start = span.start;
		ret->end = (uint16_t)last_common(m, row(m, node->left, span.start), can[n]);
		span.start = ret->end;
	}
	return found;
}

/* Sets the groups at and below a node that matched the span. */
static void groups_set(const struct match *m, unsigned index, struct span span, struct span *ret)
{
	for (;;) {
		const struct pattern_node *node = &m->pattern->nodes[index];
		uint16_t split;

		switch (node->kind) {
		case PATTERN_GROUP:
			if (node->value < PATTERN_GROUPS)
				ret[node->value] = span;
			index = node->left;
			break;
		case PATTERN_SEQUENCE:
			split = sequence_split(m, node, span);
			groups_set(m, node->left, (struct span){ span.start, split }, ret);
			span.start = split;
			index = node->right;
			break;
		case PATTERN_EITHER:
			index = bit_test(row(m, node->left, span.start), span.end) ? node->left :
										     node->right;
			break;
		case PATTERN_REPEAT:
			if (m->pattern->nodes[node->left].kind <= PATTERN_END ||
			    !repeat_last(m, node, span, &span))
				return;
			index = node->left;
			break;
		default:
			return;
		}
	}
}

/* The whole match: leftmost, then longest. */
static bool whole_find(const struct match *m, struct span *ret)
{
	unsigned root = m->pattern->count - 1u;

	for (unsigned start = 0; start < m->places; start++) {
		int end = last_common(m, row(m, root, start), row(m, root, start));

		if (end >= 0) {
			*ret = (struct span){ (uint16_t)start, (uint16_t)end };
			return true;
		}
	}
	return false;
}

int pattern_match(const struct pattern *p, struct slice subject, bool icase,
		  struct span ret[PATTERN_GROUPS])
{
	struct match m = {
		.pattern = p,
		.subject = subject,
		.icase = icase,
		.places = (unsigned)subject.size + 1,
	};
	struct span groups[PATTERN_GROUPS] = { 0 };
	int err = 0;

	if (subject.size > PATTERN_SUBJECT_MAX)
		return -EMSGSIZE;
	m.words = (m.places + 63) / 64;
	m.size = (size_t)m.places * m.words;
	m.matrices = calloc((size_t)p->count + TEMPORARIES, m.size * sizeof(*m.matrices));
	if (m.matrices == NULL)
		return -ENOMEM;

	for (unsigned i = 0; i < p->count; i++)
		node_fill(&m, i);
	if (whole_find(&m, &groups[0])) {
		if (p->groups > 0)
			groups_set(&m, p->count - 1u, groups[0], groups);
		memcpy(ret, groups, sizeof(groups));
	} else {
		err = -ENOENT;
	}
	free(m.matrices);
	return err;
}
