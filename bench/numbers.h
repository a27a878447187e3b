/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Octets that a number's text forms need, with the closing zero. */
#define NUMBER_NAME_MAX 256
#define NUMBER_URI_MAX 64

struct number_range {
	uint64_t first;
	uint32_t count;
};

/* Numbers in the order in which a file gives them. */
struct numbers {
	struct number_range *list;
	size_t count;
	size_t at;       /* the range of the next number */
	uint32_t offset; /* and how many of it have been taken */
};

/*
 * Reads a file of lines "FIRST COUNT", each standing for COUNT numbers in sequence. The list is
 * never freed. 0, -EINVAL, -ENOMEM or what fopen() said.
 */
int numbers_read(struct numbers *ret, const char *path);

/* The next number; 0 when all have been taken. */
uint64_t numbers_next(struct numbers *all);

/* A number's URI as it stands in its record, the delimiters with it. Returns its length. */
unsigned int number_uri(char ret[NUMBER_URI_MAX], uint64_t number);

/* A number's owner name under a suffix, as text. */
void number_name(char ret[NUMBER_NAME_MAX], uint64_t number, const char *suffix);

/* Writes a number's NAPTR record; the owner ends in a pointer to the name at octet 12. */
uint8_t *number_write(uint8_t *at, uint64_t number);
