/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_ROWS_H
#define PUBLISH_ROWS_H

#include "dns/node.h"
#include "publish/import.h"

/* Where the numbers of a file lie. The names are in text form and are not copied. */
struct rows_place {
	const knot_dname_t *apex; /* of the zone that takes them */
	const char *e164;         /* suffix of +12025550123; NULL: such numbers have no place */
	const char *isn;          /* suffix of 123*543 */
	uint32_t ttl;             /* of lines that give none */
};

/*
 * The lines of an import file (publish/import.h), millions of them, as nodes: each number's NAPTR record
 * under the key of its name. Used by one thread at a time.
 */
struct rows;

int rows_new(struct rows **ret, const struct rows_place *place);
void rows_free(struct rows *rows);

/* What was read before is no neighbour of what comes. */
void rows_restart(struct rows *rows);

struct row {
	struct slice key; /* dns/key.h, below the apex */
	struct node node; /* of one record */
	const char *what; /* on failure: the field that is wrong, "" where none is to blame */
	const char *why;
};

/*
 * Reads a line, which is changed; size without its NUL. 1: a row, whose octets stay until the next
 * call; 0: an empty line; -EINVAL and a reason in ret; -ENOMEM. heading: it may be one of headings.
 */
int rows_read(struct rows *rows, char *line, size_t size, bool heading, struct row *ret);

/*
 * The NAPTR records of a number that stands at two places of a file, as one node: preferences that the later
 * lines do not give count on from the earlier ones. 10, 20 and so on are taken for not given. -ENOMEM,
 * -EMSGSIZE.
 */
int rows_unite(const struct node *earlier, const struct node *later, struct arena *arena,
	       struct node *ret);

#endif
