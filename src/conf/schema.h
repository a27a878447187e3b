/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/fault.h"
#include "conf/tree.h"

/* A file on its way into a configuration. */
struct reading {
	struct conf *conf;
	struct faults *faults;
	int (*type_parse)(const char *name);
	bool key_may_come; /* the rule at hand may name a key that is not declared */
};

/* The mappings that a file is made of. */
enum section {
	FILE_TOP,
	TLS,
	SERVER,
	KEY,
	ZONE,
	MEMBER,
	NUMBER,
	UPDATE_RULE,
	TRANSFER_RULE,
	FORWARD_RULE,
	PEER
};

struct row;

/*
 * Puts what a node says to ret, which has room for it. Returns 0; -EINVAL with a fault noted and ret
 * untouched or zero, upon which reading goes on; or -ENOMEM, upon which it ends.
 */
typedef int row_read(struct reading *r, const struct row *row, const struct node *node, void *ret);

/* What kind of thing a value is. */
struct kind {
	row_read *read; /* gets a NODE_WORD, unless nested */
	size_t size;    /* of what is put to ret */
	bool nested;    /* a mapping, perhaps in a short form */

	/*
	 * Where a list must not hold the same thing twice: octets that are equal for the same
	 * thing, at most IDENTITY_SIZE; none for a thing that is faulty anyway.
	 */
	size_t (*identity)(const void *thing, uint8_t *ret);
	const char *called; /* the word in a mapping that tells things apart */
};

enum { IDENTITY_SIZE = 255 };

/* A word that may stand in a section. */
struct row {
	enum section section;
	const char *word;
	const struct kind *kind;
	size_t at; /* where the value, or the pointer to the values, goes */
	size_t count_at;
	bool many;
	bool member; /* of a zone: may stand in MEMBER as well */
	bool required;
	uint64_t least, most;    /* of a number, or of how many there are in a list (most 0: any) */
	const char *fallback[2]; /* what is read where the word is missing; NULL: nothing is */
};

/* Reads a mapping into the struct at base. Returns as a row_read does. */
int section_read(struct reading *r, enum section section, const struct node *node, void *base);

/* How messages call a section. */
const char *section_name(enum section section);

#endif
