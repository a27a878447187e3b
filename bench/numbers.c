/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers that updates add, and the records that they become.
 *
 * A file says which (bench/plan.py writes it): one number a line, all over the zone, for single
 * changes; a thousand a line, in sequence, for large ones. What is added has a record like those
 * of the plan, so that the two differ in nothing but the moment of their arrival:
 *
 *	NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:+12025550123@gw59.example.net!" .
 *
 * RFC 6116 section 3.2 (owner names of numbers), RFC 3403 section 4.1 (NAPTR).
 */

#include "numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define GATEWAYS 64
#define TTL 60
#define TYPE_NAPTR 35
#define CLASS_IN 1
#define ZONE_POINTER (0xc000 | WIRE_HEADER)

int numbers_read(struct numbers *ret, const char *path)
{
	struct numbers all = { 0 };
	size_t rooms = 0;
	int fields = 2;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -errno;
	for (;;) {
		if (all.count == rooms) {
			rooms = rooms > 0 ? rooms * 2 : 4096;
			void *list = realloc(all.list, rooms * sizeof(*all.list));
			if (list == NULL)
				break;
			all.list = list;
		}

		struct number_range *r = &all.list[all.count];

		fields = fscanf(file, "%" SCNu64 " %" SCNu32, &r->first, &r->count);
		if (fields != 2 || r->first == 0 || r->count == 0)
			break;
		all.count++;
	}
	fclose(file);
	if (fields != EOF) {
		free(all.list);
		return all.count == rooms ? -ENOMEM : -EINVAL;
	}
	*ret = all;
	return 0;
}

uint64_t numbers_next(struct numbers *all)
{
	if (all->at == all->count)
		return 0;

	const struct number_range *r = &all->list[all->at];
	uint64_t number = r->first + all->offset;

	if (++all->offset == r->count) {
		all->at++;
		all->offset = 0;
	}
	return number;
}

unsigned int number_uri(char ret[NUMBER_URI_MAX], uint64_t number)
{
	int length = snprintf(ret, NUMBER_URI_MAX, "!sip:+%" PRIu64 "@gw%" PRIu64 ".example.net!",
			      number, number % GATEWAYS);

	return (unsigned int)length;
}

void number_name(char ret[NUMBER_NAME_MAX], uint64_t number, const char *suffix)
{
	char *at = ret;

	for (; number > 0; number /= 10) {
		*at++ = (char)('0' + number % 10);
		*at++ = '.';
	}
	snprintf(at, NUMBER_NAME_MAX - (size_t)(at - ret), "%s", suffix);
}

/* RFC 3403 section 4.1: order, preference, flags, services, regexp, replacement. */
static uint8_t *naptr_write(uint8_t *at, uint64_t number)
{
	static const char strings[] = "\1u\7E2U+sip";
	static const char pattern[] = "!^.*$";
	char uri[NUMBER_URI_MAX];
	unsigned int length = number_uri(uri, number);

	at = wire_put16(at, 100);
	at = wire_put16(at, 10);
	memcpy(at, strings, sizeof(strings) - 1);
	at += sizeof(strings) - 1;
	*at++ = (uint8_t)(sizeof(pattern) - 1 + length);
	memcpy(at, pattern, sizeof(pattern) - 1);
	at += sizeof(pattern) - 1;
	memcpy(at, uri, length);
	at += length;
	*at++ = 0;
	return at;
}

uint8_t *number_write(uint8_t *at, uint64_t number)
{
	for (uint64_t rest = number; rest > 0; rest /= 10) {
		*at++ = 1;
		*at++ = (uint8_t)('0' + rest % 10);
	}
	at = wire_put16(at, ZONE_POINTER);
	at = wire_put16(at, TYPE_NAPTR);
	at = wire_put16(at, CLASS_IN);
	at = wire_put16(at, 0);
	at = wire_put16(at, TTL);

	uint8_t *rdata = at + 2;
	uint8_t *end = naptr_write(rdata, number);

	wire_put16(at, (unsigned int)(end - rdata));
	return end;
}
