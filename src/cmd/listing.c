/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All numbers, or all ranges, of the zones below which numbers are published, by AXFR (RFC 5936).
 * A zone is fetched once, however many suffixes lie in it. What a transfer delivers counts only
 * when the whole of it was right, so nothing is printed before its end.
 */
#include "cmd/listing.h"

#include <errno.h>
#include <stdlib.h>

enum { SUFFIXES_MAX = 64 };

struct source {
	enum number_kind kind;
	const char *suffix;
	const knot_dname_t *zone;
};

struct fetch {
	struct listing *listing;
	struct source source[SUFFIXES_MAX];
	size_t sources;
	const knot_dname_t *zone; /* that is being transferred */
};

static int add_sources(struct session *s, struct fetch *f, enum number_kind kind)
{
	const char *const *suffix;
	size_t count;
	int code = place_suffixes(s, kind, &suffix, &count);

	for (size_t i = 0; code == 0 && i < count && f->sources < SUFFIXES_MAX; i++) {
		struct source *source = &f->source[f->sources];
		const knot_dname_t *name;

		*source = (struct source){ .kind = kind, .suffix = suffix[i] };
		code = session_name(s, suffix[i], &name, "suffix");
		if (code == 0)
			code = session_zone(s, name, &source->zone);
		f->sources += code == 0;
	}
	return code;
}

/*
 * Whether there is a suffix for this kind without asking for one: who has no ISNs lists the rest.
 * Where neither kind has one, E.164 is asked for, which says what is missing.
 */
static bool kind_is_configured(const struct session *s, const struct conf *conf,
			       enum number_kind kind)
{
	if (s->zone != NULL)
		return true;
	if (conf == NULL || conf->e164_count + conf->isn_count == 0)
		return kind == NUMBER_E164;
	return kind == NUMBER_E164 ? conf->e164_count > 0 : conf->isn_count > 0;
}

static int add_all_sources(struct session *s, struct fetch *f)
{
	static const enum number_kind kinds[] = { NUMBER_E164, NUMBER_ISN };
	const struct conf *conf;
	int code = session_conf(s, &conf);

	for (size_t i = 0; code == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind_is_configured(s, conf, kinds[i]))
			code = add_sources(s, f, kinds[i]);
	return code;
}

static int listing_put(struct listing *l, const struct entry_place *place, const struct record *r)
{
	char text[NUMBER_TEXT_ROOM];

	if (l->count == l->room) {
		size_t room = l->room * 2 + 1024;
		struct listing_item *item = realloc(l->item, room * sizeof(*item));

		if (item == NULL)
			return -ENOMEM;
		l->item = item;
		l->room = room;
	}
	number_format(text, &place->number);

	struct listing_item item = {
		.number = arena_text(&l->arena, text),
		.rdata = slice_make(arena_copy(&l->arena, r->rdata.data, r->rdata.size),
				    r->rdata.size),
		.ttl = r->ttl,
		.digits = place->digits,
	};
	if (item.number == NULL || item.rdata.data == NULL)
		return -ENOMEM;
	l->item[l->count++] = item;
	return 0;
}

static int take_record(const struct record *r, void *arg)
{
	struct fetch *f = arg;
	struct listing *l = f->listing;

	if (r->type != KNOT_RRTYPE_NAPTR)
		return 0;
	for (size_t i = 0; i < f->sources; i++) {
		struct entry_place place;

		if (!knot_dname_is_case_equal(f->source[i].zone, f->zone) ||
		    entry_place_read(&place, f->source[i].kind, f->source[i].suffix, r) < 0)
			continue;
		if (l->filtered && !number_has_prefix(&place.number, &l->prefix))
			return 0;
		if (place.range != l->ranges) {
			l->passed_over++;
			return 0;
		}
		return listing_put(l, &place, r);
	}
	return 0;
}

/* By number; the URIs of one are sorted when they are shown. */
static int compare_items(const void *a, const void *b)
{
	const struct listing_item *x = a, *y = b;

	return strcmp(x->number, y->number);
}

int listing_read(struct session *s, struct listing *ret, const char *prefix, bool ranges)
{
	struct listing listing = { .ranges = ranges, .filtered = prefix != NULL };
	struct fetch *f = arena_zero(&s->arena, sizeof(*f));
	int code = 0;

	if (f == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	f->listing = &listing;
	if (prefix != NULL)
		code = place_number(prefix, true, &listing.prefix);
	if (code == 0)
		code = prefix != NULL ? add_sources(s, f, listing.prefix.kind) :
					add_all_sources(s, f);
	for (size_t i = 0; code == 0 && i < f->sources; i++) {
		bool done = false;

		f->zone = f->source[i].zone;
		for (size_t k = 0; k < i; k++)
			done |= knot_dname_is_case_equal(f->source[k].zone, f->zone);
		if (done)
			continue;
		code = session_transfer(s, f->zone, take_record, f);
		if (code == -ENOMEM)
			code = command_fail(EXIT_INTERNAL, "out of memory");
	}
	if (code != 0) {
		listing_done(&listing);
		return code;
	}
	if (listing.count > 0)
		qsort(listing.item, listing.count, sizeof(*listing.item), compare_items);
	*ret = listing;
	return 0;
}

void listing_done(struct listing *listing)
{
	free(listing->item);
	arena_done(&listing->arena);
	*listing = (struct listing){ 0 };
}

size_t listing_next(const struct listing *listing, size_t *pos, const struct listing_item **ret)
{
	size_t start = *pos, end = start;

	while (end < listing->count &&
	       strcmp(listing->item[end].number, listing->item[start].number) == 0)
		end++;
	*ret = listing->item + start;
	*pos = end;
	return end - start;
}
