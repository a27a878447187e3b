/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_RECORD_H
#define DNS_RECORD_H

#include <libknot/libknot.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/text.h"

/*
 * One resource record. Owner and RDATA belong to somebody else; no name in them is compressed.
 * Upper and lower case are as they were published.
 */
struct record {
	const knot_dname_t *owner;
	uint16_t type;   /* KNOT_RRTYPE_* or any other number */
	uint16_t rclass; /* KNOT_CLASS_* */
	uint32_t ttl;    /* seconds */
	struct slice rdata;
};

/*
 * Appends "OWNER TTL CLASS TYPE RDATA" without a line end: absolute names, backslashes and quotes
 * escaped as a master file wants them (RFC 1035 5.1). -ENOMEM.
 */
int record_format(struct text *ret, const struct record *r);

/*
 * Appends RDATA alone. What the type's own form can't hold comes out as "\# SIZE HEX" (RFC 3597 5),
 * so that rdata_parse() gives back the same octets for any input. -ENOMEM.
 */
int rdata_format(struct text *ret, uint16_t type, struct slice rdata);

/*
 * RDATA from its text form, one line or several in parentheses; names that do not end in a dot
 * are below origin. "\# SIZE HEX" is taken for every type. The octets lie in the arena. -EINVAL and
 * a reason in why (a constant) where the text is not RDATA of this type; -ENOMEM.
 */
int rdata_parse(struct arena *arena, struct slice *ret, const knot_dname_t *origin, uint16_t type,
		const char *text, const char **why);

/* "naptr", "TYPE65280" (RFC 3597 5) into the number: 0, or -EINVAL. */
int type_parse(uint16_t *ret, const char *text);

/* The mnemonic or "TYPEnnn". */
void type_format(struct text *ret, uint16_t type);

/*
 * A name from its text form into the arena; without a final dot it is below origin, or absolute
 * where origin is NULL. "@" is the origin. NULL: not a name, or no memory.
 */
knot_dname_t *name_parse(struct arena *arena, const knot_dname_t *origin, const char *text);

/* The same into ret. -EINVAL. */
int name_store(knot_dname_storage_t ret, const knot_dname_t *origin, const char *text);

/* Appends the name with its final dot, escaped as in a master file. */
void name_format(struct text *ret, const knot_dname_t *name);

#endif
