/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers and ranges as NAPTR records, there and back.
 *
 * A number is the name of its reversed digits under a suffix, and each of its URIs a NAPTR record
 * with flag "u" there (RFC 6116 3). A range is the same with "*" below the digits that all its
 * numbers share (RFC 4592); the wildcard alone would answer for numbers of any length, so the
 * expression matches just so many digits and a client takes nothing else for an answer.
 *
 * The way back keeps to what a person wrote: the URI with {number} in it where the expression is
 * of that form, what comes out of it for the number that was asked for, and a note where nothing
 * does.
 */
#include "publish/entry.h"

#include <errno.h>

#include "publish/service.h"
#include "tel/expression.h"
#include "tel/naptr.h"

enum { NAPTR_RDATA_MAX = 2 + 2 + 3 * 256 + KNOT_DNAME_MAXLEN };

int entry_owner(struct arena *arena, const knot_dname_t **ret, const struct entry_place *place)
{
	char text[NUMBER_OWNER_ROOM + 2] = "*.";
	char *at = place->range ? text + 2 : text;
	knot_dname_storage_t name;

	int err = number_owner(at, NUMBER_OWNER_ROOM, &place->number, place->suffix);
	if (err < 0)
		return err;
	if (knot_dname_from_str(name, text, sizeof(name)) == NULL)
		return -ENAMETOOLONG; /* "*." was too much */

	const knot_dname_t *owner = arena_copy(arena, name, knot_dname_size(name));
	if (owner == NULL)
		return -ENOMEM;
	*ret = owner;
	return 0;
}

static int entry_expression(struct text *ret, const struct entry *e,
			    const struct entry_place *place, const char **why)
{
	if (place->range)
		return expression_build_range(ret, &place->number, place->digits, e->uri, why);
	return expression_build(ret, e->uri, why);
}

int entry_rdata(struct arena *arena, struct slice *ret, const struct entry *e,
		const struct entry_place *place, const char **why)
{
	static const uint8_t root[1] = { 0 };
	uint8_t buffer[NAPTR_RDATA_MAX];
	struct writer w = write_begin(buffer, sizeof(buffer));
	struct text regexp = { 0 }, services = { 0 };

	int err = service_format(&services, e->service, e->uri, why);
	if (err < 0)
		goto out;
	err = entry_expression(&regexp, e, place, why);
	if (err < 0)
		goto out;

	struct naptr naptr = {
		.order = e->order,
		.preference = e->preference,
		.flags = slice_text(
			"u"), /* RFC 6116 3.4.2.1: the end, and what comes out is a URI */
		.services = slice_make(services.data, services.size),
		.regexp = slice_make(regexp.data, regexp.size),
		.replacement = slice_make(root, sizeof(root)),
	};

	*why = "the services are longer than 255 octets";
	err = naptr_write(&w, &naptr);
	if (err < 0)
		goto out;
	err = naptr_check(&naptr, why);
	if (err < 0)
		goto out;

	const uint8_t *data = arena_copy(arena, buffer, write_size(&w));
	err = -ENOMEM;
	if (data == NULL)
		goto out;
	*ret = slice_make(data, write_size(&w));
	err = 0;
out:
	text_done(&regexp);
	text_done(&services);
	return err;
}

int entry_changes(struct changes *c, const struct entry_place *place, const struct entry *e,
		  size_t count, bool replace, const char **why)
{
	const struct changes before = *c;
	const knot_dname_t *owner;

	int err = entry_owner(c->arena, &owner, place);
	if (err == -ENAMETOOLONG) {
		*why = "the number and its suffix are too long for a name";
		return -EINVAL;
	}
	if (err < 0)
		return err;
	if (replace)
		changes_delete_set(c, owner, KNOT_RRTYPE_NAPTR);
	for (size_t i = 0; i < count; i++) {
		struct slice rdata;

		err = entry_rdata(c->arena, &rdata, &e[i], place, why);
		if (err < 0) {
			*c = before;
			return err;
		}
		changes_add(c, owner, e[i].ttl, KNOT_RRTYPE_NAPTR, rdata);
	}
	return c->failed ? -ENOMEM : 0;
}

static const char *slice_keep(struct arena *arena, struct slice s)
{
	return arena_printf(arena, "%.*s", (int)s.size, (const char *)s.data);
}

/* The text moves into the arena; NULL: no memory. */
static const char *text_keep(struct arena *arena, struct text *text)
{
	const char *kept = text->failed ? NULL : arena_text(arena, text_get(text));

	text_done(text);
	return kept;
}

/* What the expression makes of the number, into v->uri or v->note. */
static int view_apply(struct arena *arena, struct entry_view *v, const struct naptr *naptr,
		      const struct number *number)
{
	char subject[NUMBER_TEXT_ROOM];
	struct text uri = { 0 };

	number_subject(subject, number);

	int err = expression_apply(naptr->regexp, slice_text(subject), &uri);
	if (err == 0) {
		v->uri = text_keep(arena, &uri);
		return v->uri == NULL ? -ENOMEM : 0;
	}
	text_done(&uri);
	if (err == -ENOENT)
		v->note = "the expression does not match this number";
	return err == -ENOMEM ? err : 0;
}

static int view_expression(struct arena *arena, struct entry_view *v, const struct naptr *naptr,
			   const struct number *number)
{
	struct text template = { 0 };

	int err = expression_describe(naptr->regexp, &template);
	if (err == 0) {
		v->template = text_keep(arena, &template);
		if (v->template == NULL)
			return -ENOMEM;
	} else {
		text_done(&template);
		if (err == -ENOMEM)
			return err;
	}
	return number == NULL ? 0 : view_apply(arena, v, naptr, number);
}

int entry_view(struct arena *arena, struct entry_view *ret, const struct record *r,
	       const struct number *number)
{
	struct naptr naptr;
	struct entry_view v = { .ttl = r->ttl };

	int err = naptr_read(r->rdata, &naptr);
	if (err < 0)
		return err;
	v.order = naptr.order;
	v.preference = naptr.preference;
	v.service = slice_keep(arena, naptr.services);
	v.regexp = slice_keep(arena, naptr.regexp);
	if (v.service == NULL || v.regexp == NULL)
		return -ENOMEM;

	err = naptr_check(&naptr, &v.note);
	if (err == -ENOMEM)
		return err;
	if (err < 0) {
		*ret = v;
		return 0;
	}

	bool end = naptr.flags.size == 1 && (naptr.flags.data[0] | 0x20) == 'u';
	if (end && naptr.regexp.size > 0) {
		err = view_expression(arena, &v, &naptr, number);
		if (err < 0)
			return err;
	} else if (end) {
		v.note = "the expression is empty";
	} else if (naptr.regexp.size > 0) {
		v.note = "no end: what the expression makes is the next name to ask";
	} else {
		struct text next = { 0 };

		name_format(&next, naptr.replacement.data);
		v.next = text_keep(arena, &next);
		if (v.next == NULL)
			return -ENOMEM;
	}
	*ret = v;
	return 0;
}

/*
 * A range's prefix may have no digits, and then its name is no number's. With one more digit in
 * front it always is one, and that digit is the last one of the number.
 */
static int prefix_from_owner(struct number *ret, enum number_kind kind, const char *parent,
			     const char *suffix)
{
	char owner[NUMBER_OWNER_ROOM + 2] = "0.";
	struct number n;

	if (strlen(parent) >= NUMBER_OWNER_ROOM)
		return -ENOENT;
	strcpy(owner + 2, parent);

	int err = number_from_owner(&n, kind, owner, suffix);
	if (err < 0)
		return err;
	n.digits[strlen(n.digits) - 1] = '\0';
	*ret = n;
	return 0;
}

int entry_place_read(struct entry_place *ret, enum number_kind kind, const char *suffix,
		     const struct record *r)
{
	knot_dname_txt_storage_t owner;
	struct entry_place place = { .suffix = suffix };
	struct naptr naptr;

	if (knot_dname_to_str(owner, r->owner, sizeof(owner)) == NULL)
		return -ENOENT;
	place.range = knot_dname_is_wildcard(r->owner);

	int err = place.range ? prefix_from_owner(&place.number, kind, owner + 2, suffix) :
				number_from_owner(&place.number, kind, owner, suffix);
	if (err < 0)
		return -ENOENT;
	if (place.range && naptr_read(r->rdata, &naptr) == 0)
		(void)expression_range_digits(naptr.regexp, &place.digits);
	*ret = place;
	return 0;
}

int entry_view_compare(const void *a, const void *b)
{
	const struct entry_view *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	return strcmp(x->regexp, y->regexp);
}

void entry_view_json(struct text *out, const struct entry_view *v)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "service", v->service }, { "uri", v->uri },       { "template", v->template },
		{ "next", v->next },       { "regexp", v->regexp }, { "note", v->note },
	};

	text_printf(out, "{\"order\": %u, \"preference\": %u, \"ttl\": %u", v->order, v->preference,
		    v->ttl);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].value == NULL)
			continue;
		text_printf(out, ", \"%s\": ", texts[i].name);
		text_json(out, slice_text(texts[i].value));
	}
	text_puts(out, "}");
}
