/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines as nodes, fast. The long way, that of publish/import.h and publish/entry.h, checks all there is to
 * check and takes microseconds. But in a file of millions of lines most are alike but for the number:
 *
 *	+12025550123,sip:+12025550123@gw7.example.net
 *
 * Digits that are the line's own number change nothing in how a URI becomes an expression: each comes
 * out where it went in. So what the long way made of one line is kept, with the places of those
 * digits, and a line that differs in nothing else takes it over. Only digits behind the
 * scheme of the URI count, and only lines in the plainest writing: digits with or without a +, no quotes.
 */
#include "publish/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "base/writer.h"
#include "dns/edit.h"
#include "dns/key.h"
#include "dns/name.h"

enum {
	DIGITS_MAX = 20,   /* of a number that can go the short way */
	REST_MAX = 400,    /* octets of a line behind its number, the same */
	PLACES_MAX = 64,   /* own digits in a record, the same */
	NODE_ROOM = 1400,  /* every node of one NAPTR record fits */
	KNOWN_SIZE = 4096, /* lines that are kept */
	MARK = 1,          /* stands for an own digit; no URI has this octet */
};

/* What a line became. */
struct known {
	uint32_t uris; /* the number's lines before it */
	uint16_t rest_size;
	uint16_t node_size;
	uint16_t places;
	uint8_t digits;             /* of the number; 0: the place is free */
	uint16_t place[PLACES_MAX]; /* in the node, one own digit after another */
	char rest[REST_MAX];        /* with marks */
	uint8_t node[NODE_ROOM];
};

struct rows {
	struct rows_place place;
	struct arena arena;
	knot_dname_storage_t owner;
	uint8_t key[KEY_MAX];
	uint8_t node[NODE_ROOM];
	char number[NUMBER_TEXT_ROOM]; /* of the line before */
	uint32_t uris;                 /* lines of it so far */

	/* the key of E.164 numbers: these octets, then those digits that do not belong to the apex */
	bool quick;
	uint8_t suffix[KEY_MAX];
	size_t suffix_size;
	char lead[DIGITS_MAX + 1]; /* digits that belong to the apex */
	size_t lead_size;
	struct known *known[KNOWN_SIZE];
	uint64_t missed[KNOWN_SIZE]; /* hash of the line that was not known there last */
};

/* The octets before the digits in the keys of E.164 numbers, where all such numbers have the same. */
static void find_suffix(struct rows *rows)
{
	const knot_dname_t *apex = rows->place.apex, *at = apex;
	knot_dname_storage_t suffix;
	size_t labels = knot_dname_labels(apex, NULL);

	if (rows->place.e164 == NULL || name_store(suffix, NULL, rows->place.e164) != 0)
		return;
	if (knot_dname_size(suffix) + (size_t)2 * DIGITS_MAX > KNOT_DNAME_MAXLEN)
		return;
	if (name_depth(suffix, apex) >= 0) {
		rows->suffix_size = key_write(rows->suffix, suffix, labels);
		rows->quick = true;
		return;
	}
	/* 4.4.e164.arpa: numbers from +44 on */
	int depth = name_depth(apex, suffix);
	if (depth < 0 || depth > DIGITS_MAX)
		return;
	rows->lead_size = (size_t)depth;
	for (size_t i = rows->lead_size; i > 0; i--, at += *at + 1) {
		if (at[0] != 1 || at[1] < '0' || at[1] > '9')
			return;
		rows->lead[i - 1] = (char)at[1];
	}
	rows->quick = true;
}

int rows_new(struct rows **ret, const struct rows_place *place)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return -ENOMEM;
	rows->place = *place;
	find_suffix(rows);
	*ret = rows;
	return 0;
}

void rows_free(struct rows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; i < KNOWN_SIZE; i++)
		free(rows->known[i]);
	arena_done(&rows->arena);
	free(rows);
}

void rows_restart(struct rows *rows)
{
	rows->number[0] = '\0';
	rows->uris = 0;
}

/* --- the long way --- */

static int fail(struct row *ret, const char *what, const char *why)
{
	ret->what = what;
	ret->why = why;
	return -EINVAL;
}

/* The key of the number's name. */
static int make_key(struct rows *rows, const struct entry_place *place, struct row *ret)
{
	const knot_dname_t *apex = rows->place.apex, *owner;
	int err = entry_owner(&rows->arena, &owner, place);

	if (err == -ENAMETOOLONG)
		return fail(ret, "", "the number and its suffix are too long for a name");
	if (err != 0)
		return err;
	if (name_depth(owner, apex) < 0)
		return fail(ret, "", "the number is not in the zone");
	ret->key =
		slice_make(rows->key, key_write(rows->key, owner, knot_dname_labels(apex, NULL)));
	return 0;
}

/* The node of an entry; *why where it is none. */
static int make_node(struct rows *rows, uint8_t node[NODE_ROOM], const struct entry *entry,
		     size_t *size, const char **why)
{
	static const struct entry_place any = { 0 };
	struct slice rdata;
	int err = entry_rdata(&rows->arena, &rdata, entry, &any, why);

	if (err != 0)
		return err;
	*size = node_write_one(node, NODE_ROOM, KNOT_RRTYPE_NAPTR, entry->ttl, rdata);
	return *size > 0 ? 0 : -EMSGSIZE;
}

static int read_fields(struct rows *rows, const struct csv_line *fields, struct row *ret)
{
	struct import_row row;
	const char *why = NULL;
	char text[NUMBER_TEXT_ROOM];
	size_t size;

	if (import_row_read(&row, fields, rows->place.ttl, &why) < 0)
		return fail(ret, fields->field[0], why);

	struct entry_place place = { .number = row.number,
				     .suffix = row.number.kind == NUMBER_ISN ? rows->place.isn :
									       rows->place.e164 };
	if (place.suffix == NULL)
		return fail(ret, fields->field[0], "there is no suffix for this kind of number");

	int err = make_key(rows, &place, ret);
	if (err != 0)
		return err;
	number_format(text, &row.number);
	if (strcmp(text, rows->number) != 0) {
		strcpy(rows->number, text);
		rows->uris = 0;
	}
	if (!row.preference_given) {
		uint64_t preference = (uint64_t)ENTRY_PREFERENCE * (rows->uris + UINT64_C(1));

		row.entry.preference =
			(uint16_t)(preference > UINT16_MAX ? UINT16_MAX : preference);
	}
	err = make_node(rows, rows->node, &row.entry, &size, &why);
	if (err == -ENOMEM)
		return err;
	if (err != 0)
		return fail(ret, row.entry.uri, why);
	rows->uris++;
	ret->node = (struct node){ .data = rows->node, .size = size };
	return 1;
}

static int read_slowly(struct rows *rows, char *line, bool heading, struct row *ret)
{
	struct csv_line fields;
	const char *why = NULL;

	arena_reset(&rows->arena);
	if (csv_split(&fields, line, &why) < 0)
		return fail(ret, "", why);
	if (fields.count == 0 || (heading && import_is_heading(&fields)))
		return 0;
	return read_fields(rows, &fields, ret);
}

/* --- the short way --- */

/* A line taken apart as far as the short way goes. */
struct plain {
	char digit[DIGITS_MAX + 1];
	size_t digits;
	uint32_t uris;
	size_t rest_size;
	char rest[REST_MAX]; /* behind the comma, own digits marked */
	size_t marks;
	uint64_t hash;
};

/* Marks the number's digits in the URI, behind its scheme. */
static void mark_digits(struct plain *p)
{
	char *end = memchr(p->rest, ',', p->rest_size);
	char *stop = end != NULL ? end : p->rest + p->rest_size;
	char *at = memchr(p->rest, ':', (size_t)(stop - p->rest));

	while (at != NULL && (size_t)(stop - at) >= p->digits) {
		at = memmem(at, (size_t)(stop - at), p->digit, p->digits);
		if (at == NULL)
			return;
		memset(at, MARK, p->digits);
		at += p->digits;
		p->marks += p->digits;
	}
}

static uint64_t hash_rest(const struct plain *p)
{
	uint64_t h = p->rest_size * 31 + p->uris;
	size_t i = 0;

	for (uint64_t word; i + sizeof(word) <= p->rest_size; i += sizeof(word)) {
		memcpy(&word, p->rest + i, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	for (; i < p->rest_size; i++)
		h = (h ^ (uint8_t)p->rest[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

/* Whether the line is of the plainest writing; it is not changed. */
static bool plain_read(const struct rows *rows, struct plain *p, const char *line, size_t size)
{
	const char *at = line + (*line == '+');

	p->digits = 0;
	while (*at >= '0' && *at <= '9' && p->digits < DIGITS_MAX)
		p->digit[p->digits++] = *at++;
	if (*at != ',' || p->digits <= rows->lead_size || p->digit[0] == '0')
		return false;
	p->digit[p->digits] = '\0';
	at++;
	p->rest_size = size - (size_t)(at - line);
	while (p->rest_size > 0 && (at[p->rest_size - 1] == '\n' || at[p->rest_size - 1] == '\r'))
		p->rest_size--;
	if (p->rest_size == 0 || p->rest_size > REST_MAX ||
	    memcmp(p->digit, rows->lead, rows->lead_size) != 0)
		return false;
	memcpy(p->rest, at, p->rest_size);
	if (memchr(p->rest, '"', p->rest_size) != NULL ||
	    memchr(p->rest, MARK, p->rest_size) != NULL ||
	    memchr(p->rest, '\r', p->rest_size) != NULL)
		return false;
	p->uris = rows->number[0] == '+' && strcmp(rows->number + 1, p->digit) == 0 ? rows->uris :
										      0;
	p->marks = 0;
	mark_digits(p);
	p->hash = hash_rest(p);
	return true;
}

static bool is_known(const struct known *known, const struct plain *p)
{
	return known != NULL && known->digits > 0 && known->uris == p->uris &&
	       known->rest_size == p->rest_size &&
	       (known->places == 0 || known->digits == p->digits) &&
	       memcmp(known->rest, p->rest, p->rest_size) == 0;
}

/* The row that a line known by its pattern makes. */
static int take_known(struct rows *rows, struct known *known, const struct plain *p,
		      struct row *ret)
{
	uint8_t *key = rows->key;

	for (size_t i = 0, digit = 0; i < known->places; i++) {
		known->node[known->place[i]] = (uint8_t)p->digit[digit];
		digit = digit + 1 == p->digits ? 0 : digit + 1;
	}
	memcpy(key, rows->suffix, rows->suffix_size);
	key += rows->suffix_size;
	for (size_t i = rows->lead_size; i < p->digits; i++) {
		*key++ = (uint8_t)p->digit[i];
		*key++ = 0;
	}
	rows->number[0] = '+';
	memcpy(rows->number + 1, p->digit, p->digits + 1);
	rows->uris = p->uris + 1;
	ret->key = slice_make(rows->key, (size_t)(key - rows->key));
	ret->node = (struct node){ .data = known->node, .size = known->node_size };
	return 1;
}

/* The line with other digits at the marks: each is another than before. */
static void fill_marks(char *line, const struct plain *p, unsigned shift)
{
	size_t digit = 0;

	memcpy(line, p->rest, p->rest_size);
	line[p->rest_size] = '\0';
	for (size_t i = 0; i < p->rest_size; i++) {
		if (line[i] != MARK)
			continue;
		line[i] = (char)('0' + (p->digit[digit] - '0' + (int)shift) % 10);
		digit = digit + 1 == p->digits ? 0 : digit + 1;
	}
}

/* What the long way makes of the rest of a line, its own digits shifted. */
static int make_shifted(struct rows *rows, const struct plain *p, unsigned shift,
			uint8_t node[NODE_ROOM], size_t *size)
{
	char line[DIGITS_MAX + 2 + REST_MAX + 1];
	struct csv_line fields;
	struct import_row row;
	const char *why;

	memcpy(line, p->digit, p->digits);
	line[p->digits] = ',';
	fill_marks(line + p->digits + 1, p, shift);
	if (csv_split(&fields, line, &why) < 0 ||
	    import_row_read(&row, &fields, rows->place.ttl, &why) < 0)
		return -EINVAL;
	if (!row.preference_given)
		row.entry.preference = (uint16_t)(ENTRY_PREFERENCE * (p->uris + 1));
	return make_node(rows, node, &row.entry, size, &why);
}

/* Keeps what a line became, if all its own digits are found again in it. */
static void learn(struct rows *rows, const struct plain *p)
{
	struct known **place = &rows->known[p->hash % KNOWN_SIZE];
	uint8_t shifted[NODE_ROOM];
	size_t size, shifted_size, places = 0;

	/* a line that comes but once is not worth it */
	if (rows->missed[p->hash % KNOWN_SIZE] != p->hash || p->uris > 100) {
		rows->missed[p->hash % KNOWN_SIZE] = p->hash;
		return;
	}
	if (*place == NULL)
		*place = calloc(1, sizeof(struct known));

	struct known *known = *place;
	if (known == NULL)
		return; /* the long way does without */
	known->digits = 0;
	if (make_shifted(rows, p, 0, known->node, &size) != 0 ||
	    make_shifted(rows, p, 1, shifted, &shifted_size) != 0 || size != shifted_size)
		return;
	for (size_t i = 0; i < size; i++) {
		if (known->node[i] == shifted[i])
			continue;
		if (places == PLACES_MAX)
			return;
		known->place[places++] = (uint16_t)i;
	}
	if (places != p->marks)
		return;
	known->places = (uint16_t)places;
	known->node_size = (uint16_t)size;
	known->uris = p->uris;
	known->rest_size = (uint16_t)p->rest_size;
	memcpy(known->rest, p->rest, p->rest_size);
	known->digits = (uint8_t)p->digits;
}

int rows_read(struct rows *rows, char *line, size_t size, bool heading, struct row *ret)
{
	struct plain p;

	if (memchr(line, '\0', size) != NULL)
		return fail(ret, "", "a NUL octet; is this a text file in UTF-8?");
	if (heading && strncmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3; /* byte order mark, as spreadsheets put it */
		size -= 3;
	}
	if (!rows->quick || !plain_read(rows, &p, line, size))
		return read_slowly(rows, line, heading, ret);

	struct known *known = rows->known[p.hash % KNOWN_SIZE];
	if (is_known(known, &p))
		return take_known(rows, known, &p, ret);

	int there = read_slowly(rows, line, heading, ret);
	if (there == 1)
		learn(rows, &p);
	return there;
}

/* --- a number at two places --- */

/* Whether preferences are those that lines get which say none: 10, 20, 30 ... */
static bool is_counted(const struct rrset *set)
{
	struct rrset_record record;
	uint32_t wanted = ENTRY_PREFERENCE;

	for (size_t pos = 0; rrset_next(set, &pos, &record); wanted += ENTRY_PREFERENCE)
		if (record.rdata.size < 4 || get_u16(record.rdata.data + 2) != wanted)
			return false;
	return true;
}

int rows_unite(const struct node *earlier, const struct node *later, struct arena *arena,
	       struct node *ret)
{
	struct node_edit edit;
	struct rrset before = { 0 }, set;
	struct rrset_record record;
	int err = edit_begin(&edit, arena, earlier);

	node_find(earlier, KNOT_RRTYPE_NAPTR, &before);
	for (size_t i = 0; err >= 0 && node_at(later, i, &set); i++) {
		bool count_on = set.type == KNOT_RRTYPE_NAPTR && is_counted(&set);

		for (size_t pos = 0; err >= 0 && rrset_next(&set, &pos, &record);) {
			uint8_t *rdata = arena_copy(arena, record.rdata.data, record.rdata.size);

			if (rdata == NULL)
				return -ENOMEM;
			if (count_on) {
				uint32_t preference = get_u16(rdata + 2) +
						      (uint32_t)ENTRY_PREFERENCE * before.count;

				put_u16(rdata + 2,
					(uint16_t)(preference > UINT16_MAX ? UINT16_MAX :
									     preference));
			}
			err = edit_add(&edit, set.type, record.ttl,
				       slice_make(rdata, record.rdata.size));
		}
	}
	return err < 0 ? err : edit_end(&edit, ret);
}
