/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One query, ready to be sent, and what a right answer to it has. */
struct question {
	uint32_t offset; /* of the query in the pool; its text follows it */
	uint8_t length;  /* of the query, octets */
	uint8_t text;    /* of the text, octets */
	uint8_t rcode;
	uint8_t answers;
};

struct questions {
	struct question *list;
	size_t count;
	uint8_t *pool;
};

/*
 * Reads a file of queries, one a line: NAME TYPE RCODE ANSWERS [TEXT]. The lists are never freed,
 * they live as long as the program. `edns` adds an OPT record to each query.
 * 0; -EINVAL with the line's number in `*ret_line`; -ENOMEM or what fopen() said.
 */
int questions_read(struct questions *ret, const char *path, bool edns, unsigned int *ret_line);

/* Whether a message is the right answer; the text is looked for only where `deep`. */
bool answer_check(const struct questions *all, const struct question *q, const uint8_t *message,
		  size_t length, bool deep);
