/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_ENTRY_H
#define PUBLISH_ENTRY_H

#include "publish/changes.h"
#include "tel/number.h"

enum {
	ENTRY_ORDER = 100,
	ENTRY_PREFERENCE = 10, /* of the first URI, and what each further one has more */
	ENTRY_TTL = 60,        /* seconds */
};

/* One URI of a number or of a range, as a person gives it. */
struct entry {
	const char *uri;     /* {number} and {digits} stand for the number that was dialled */
	const char *service; /* as service_format() takes it; NULL: by the URI's scheme */
	uint16_t order;
	uint16_t preference;
	uint32_t ttl; /* seconds */
};

/* A number, or all numbers that have so many digits after a prefix. */
struct entry_place {
	struct number number; /* of a range: the prefix */
	bool range;
	unsigned digits; /* of a range: how many follow */
	const char *suffix;
};

/*
 * The owner name in the arena: of a range "*." and the prefix (RFC 4592). -ENAMETOOLONG: number
 * and suffix are no name; -ENOMEM.
 */
int entry_owner(struct arena *arena, const knot_dname_t **ret, const struct entry_place *place);

/* The NAPTR RDATA in the arena. -EINVAL and in why a sentence; -EMSGSIZE the same; -ENOMEM. */
int entry_rdata(struct arena *arena, struct slice *ret, const struct entry *e,
		const struct entry_place *place, const char **why);

/*
 * Appends what publishes the URIs at the place. replace: what was there goes, in the same update.
 * Errors as entry_rdata(); c is as it was then.
 */
int entry_changes(struct changes *c, const struct entry_place *place, const struct entry *e,
		  size_t count, bool replace, const char **why);

/* A NAPTR record as a person sees it. The texts lie in the arena. */
struct entry_view {
	uint16_t order;
	uint16_t preference;
	uint32_t ttl;
	const char *service;  /* the services field */
	const char *template; /* "sip:{number}@example.net"; NULL: no such form */
	const char *uri;      /* what the number leads to; NULL: nothing, or no number was given */
	const char *next;     /* the name where a record that is no end leads (RFC 6116 3.4.1) */
	const char *regexp;   /* the expression as it stands */
	const char *note;     /* what is wrong with it; NULL: nothing */
};

/* number NULL: do not apply the expression. -EBADMSG: the RDATA is no NAPTR; -ENOMEM. */
int entry_view(struct arena *arena, struct entry_view *ret, const struct record *r,
	       const struct number *number);

/*
 * The place a NAPTR owner stands for, if it is one below the suffix. The digits of a range are
 * what its expression says, 0 where it says nothing of the kind. The suffix is not copied. -ENOENT.
 */
int entry_place_read(struct entry_place *ret, enum number_kind kind, const char *suffix,
		     const struct record *r);

/* RFC 3403 4.1: the lower order first, within it the lower preference. For qsort(). */
int entry_view_compare(const void *a, const void *b);

/* One URI as a JSON object. */
void entry_view_json(struct text *out, const struct entry_view *v);

#endif
