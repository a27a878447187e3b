/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where numbers lie: under which suffix, at which name, and who answers there.
 *
 * An answer does not say whether a wildcard made it (RFC 4592 3.3.1), but the name below does:
 * under a name that exists there is no answer, while a wildcard that made the answer makes the
 * same one for any name below. So a probe below the number tells its own records from a range,
 * and probes further up tell how far up the range begins.
 */
#include "cmd/place.h"

#include <errno.h>

int place_suffixes(struct session *s, enum number_kind kind, const char *const **ret, size_t *count)
{
	return kind == NUMBER_E164 ? session_e164(s, ret, count) : session_isn(s, ret, count);
}

int place_at(struct session *s, const struct entry_place *entry, struct place *ret)
{
	struct place place = { .entry = *entry };
	struct text text = { 0 };

	int err = entry_owner(&s->arena, &place.owner, entry);
	if (err == -ENAMETOOLONG)
		return command_fail(EXIT_INPUT,
				    "the number and the suffix %s are too long for a name",
				    entry->suffix);
	if (err < 0)
		return command_fail(EXIT_INTERNAL, "out of memory");
	name_format(&text, place.owner);
	if (text.size > 1 && !text.failed)
		text.data[text.size - 1] = '\0';
	place.owner_text = text.failed ? NULL : arena_text(&s->arena, text_get(&text));
	text_done(&text);
	if (place.owner_text == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	*ret = place;
	return 0;
}

int place_first(struct session *s, const struct number *n, bool range, unsigned digits,
		struct place *ret)
{
	const char *const *suffix;
	size_t count;
	int code = place_suffixes(s, n->kind, &suffix, &count);

	if (code != 0)
		return code;
	if (count == 0)
		return command_fail(
			EXIT_INPUT,
			"no suffix for %s numbers: configure one or name it with --zone",
			n->kind == NUMBER_ISN ? "ISN" : "E.164");
	return place_at(
		s,
		&(struct entry_place){
			.number = *n, .range = range, .digits = digits, .suffix = suffix[0] },
		ret);
}

int place_number(const char *text, bool prefix, struct number *ret)
{
	const char *why = "";
	int err = prefix ? number_prefix_parse(ret, text, &why) : number_parse(ret, text, &why);

	if (err < 0)
		return command_fail(EXIT_INPUT, "'%s': %s", text, why);
	return 0;
}

static bool same_records(const struct record *a, size_t a_count, const struct record *b,
			 size_t b_count)
{
	for (size_t i = 0; i < a_count; i++) {
		bool there = false;

		for (size_t k = 0; k < b_count; k++)
			there |= slice_equal(a[i].rdata, b[k].rdata);
		if (!there)
			return false;
	}
	return a_count == b_count;
}

/* 1: below this name the same is answered; 0: not. */
static int probe(struct lookup *l, const knot_dname_t *name, const struct found *found)
{
	const knot_dname_t *below = name_parse(&l->session->arena, name, "_probe");
	const struct record *r;
	size_t count;

	if (below == NULL)
		return 0;

	int err = lookup_records(l, below, KNOT_RRTYPE_NAPTR, &r, &count);
	if (err == -ENOENT)
		return 0;
	if (err < 0)
		return err;
	return count > 0 && same_records(found->record, found->count, r, count);
}

/* What the range's expression says of itself. */
static void range_read(struct found *found)
{
	struct entry_place *entry = &found->place.entry, read;
	struct record r = found->record[0];

	r.owner = found->place.owner;
	if (entry_place_read(&read, entry->number.kind, entry->suffix, &r) == 0)
		*entry = read;
}

int place_find(struct lookup *l, const struct place *place, struct found *ret)
{
	struct found found = { .place = *place };

	int err = lookup_records(l, place->owner, KNOT_RRTYPE_NAPTR, &found.record, &found.count);
	if (err < 0)
		return err;
	found.kind = found.count > 0 ? FOUND_OWN : FOUND_NOTHING;
	found.ranges = l->ranges;

	int same = found.count > 0 ? probe(l, place->owner, &found) : 0;
	struct entry_place above = place->entry;
	while (same > 0 && above.number.digits[0] != '\0') {
		above.number.digits[strlen(above.number.digits) - 1] = '\0';
		above.range = true;

		struct place range;
		if (place_at(l->session, &above, &range) != 0)
			return -EIO;
		same = probe(l, range.owner + 1 + range.owner[0], &found);
		if (same <= 0)
			break;
		found.kind = FOUND_RANGE;
		found.place = range;
	}
	if (same < 0)
		return same;
	if (found.kind == FOUND_RANGE)
		range_read(&found);
	*ret = found;
	return 0;
}

/* "*" asked for as a name is matched by a wildcard further up as well (RFC 4592 2.2.1). */
int place_find_range(struct lookup *l, const struct place *place, struct found *ret)
{
	struct found found = { .kind = FOUND_NOTHING, .place = *place };
	int above = 0;

	int err = lookup_records(l, place->owner, KNOT_RRTYPE_NAPTR, &found.record, &found.count);
	if (err < 0)
		return err;
	if (found.count > 0 && place->entry.number.digits[0] != '\0') {
		const knot_dname_t *prefix = place->owner + 1 + place->owner[0];

		above = probe(l, prefix + 1 + prefix[0], &found);
	}
	if (above < 0)
		return above;
	if (found.count > 0 && above == 0) {
		found.kind = FOUND_RANGE;
		range_read(&found);
	}
	*ret = found;
	return 0;
}

const char *place_range_text(struct arena *arena, const struct entry_place *range)
{
	char number[NUMBER_TEXT_ROOM];

	number_format(number, &range->number);

	const char *text = range->digits == 0 ?
				   arena_printf(arena, "%s", number) :
				   arena_printf(arena, "%s, %u more digit%s", number, range->digits,
						range->digits == 1 ? "" : "s");
	return text != NULL ? text : "";
}
