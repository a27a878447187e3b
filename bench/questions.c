/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked, and what must come back.
 *
 * A rate of answers says nothing unless the answers are right: a server that answers SERVFAIL or
 * an empty NOERROR to everything would win any race. So each line of a query file states what the
 * zone holds:
 *
 *	3.2.1.0.5.5.5.2.0.2.1.e164.example.net NAPTR 0 1 !sip:+12025550123@gw17.example.net!
 *	9.9.9.0.5.5.5.2.0.2.1.e164.example.net NAPTR 3 0
 *
 * (name, type, RCODE, number of answer records, octets that the message holds). The file is
 * turned into messages once, before the clock runs; they lie back to back in one pool and are
 * asked in the file's order, which the processor's prefetcher follows.
 *
 * RFC 1035 section 4 (messages), RFC 6891 section 6.1 (OPT), RFC 2308 section 3 (SOA in NXDOMAIN).
 */

#define _GNU_SOURCE
#include "questions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define QUERY_MAX 255
#define TEXT_MAX 255
#define OPT_SIZE 11u
#define AUTHORITATIVE 0x8400 /* QR and AA; TC, RD, RA, Z, AD and CD clear */

static const struct {
	const char *name;
	uint16_t value;
} types[] = {
	{ "A", 1 }, { "NS", 2 }, { "SOA", 6 }, { "AAAA", 28 }, { "SRV", 33 }, { "NAPTR", 35 },
};

static int type_parse(const char *text, uint16_t *ret)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, text) == 0) {
			*ret = types[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

/* Writes a name of plain labels (no escapes); NULL where a label or the room does not fit. */
static uint8_t *name_write(uint8_t *at, const uint8_t *end, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, ".");

		if (length == 0 || length > 63 || (size_t)(end - at) < length + 2)
			return NULL;
		*at++ = (uint8_t)length;
		memcpy(at, text, length);
		at += length;
		text += length;
		if (*text == '.')
			text++;
	}
	*at++ = 0;
	return at;
}

/* RFC 6891 section 6.1.2: root, OPT, payload size, extended RCODE and flags, no options. */
static uint8_t *opt_write(uint8_t *at)
{
	static const uint8_t opt[OPT_SIZE] = { 0, 0, 41, 1232 >> 8, 1232 & 0xff };

	memcpy(at, opt, sizeof(opt));
	return at + sizeof(opt);
}

/* Returns the query's length, 0 where the name or the type cannot be one. */
static size_t query_write(uint8_t at[QUERY_MAX], const char *name, const char *type, bool edns)
{
	uint16_t value;
	uint8_t *next = at + WIRE_HEADER;
	const uint8_t *end = at + QUERY_MAX - 4 - OPT_SIZE;

	if (type_parse(type, &value) < 0)
		return 0;
	memset(at, 0, WIRE_HEADER);
	wire_put16(at + WIRE_QDCOUNT, 1);
	next = name_write(next, end, name);
	if (next == NULL)
		return 0;
	next = wire_put16(next, value);
	next = wire_put16(next, 1);
	if (edns) {
		wire_put16(at + WIRE_ARCOUNT, 1);
		next = opt_write(next);
	}
	return (size_t)(next - at);
}

static int question_parse(const char *line, bool edns, uint8_t *at, struct question *ret)
{
	char name[256];
	char type[16];
	char text[TEXT_MAX + 1] = "";
	unsigned int rcode;
	unsigned int answers;

	if (sscanf(line, "%255s %15s %u %u %255s", name, type, &rcode, &answers, text) < 4)
		return -EINVAL;
	if (rcode > 15 || answers > 255)
		return -EINVAL;

	size_t length = query_write(at, name, type, edns);

	if (length == 0)
		return -EINVAL;
	memcpy(at + length, text, strlen(text));
	ret->length = (uint8_t)length;
	ret->text = (uint8_t)strlen(text);
	ret->rcode = (uint8_t)rcode;
	ret->answers = (uint8_t)answers;
	return 0;
}

/* Makes room for one more question and its octets: both arrays grow by doubling. */
static int questions_grow(struct questions *all, size_t *rooms, size_t used, size_t *octets)
{
	if (all->count == *rooms) {
		*rooms = *rooms > 0 ? *rooms * 2 : 4096;
		void *list = realloc(all->list, *rooms * sizeof(*all->list));
		if (list == NULL)
			return -ENOMEM;
		all->list = list;
	}
	if (*octets - used < QUERY_MAX + TEXT_MAX) {
		*octets = *octets > 0 ? *octets * 2 : 1 << 20;
		void *pool = realloc(all->pool, *octets);
		if (pool == NULL)
			return -ENOMEM;
		all->pool = pool;
	}
	return used > UINT32_MAX - QUERY_MAX - TEXT_MAX ? -EFBIG : 0;
}

int questions_read(struct questions *ret, const char *path, bool edns, unsigned int *ret_line)
{
	char line[1024];
	struct questions all = { 0 };
	size_t rooms = 0;
	size_t octets = 0;
	size_t used = 0;
	unsigned int number = 0;
	int err = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -errno;
	while (err == 0 && fgets(line, sizeof(line), file) != NULL) {
		number++;
		err = questions_grow(&all, &rooms, used, &octets);
		if (err < 0)
			break;

		struct question *q = &all.list[all.count];

		err = question_parse(line, edns, all.pool + used, q);
		if (err < 0)
			break;
		q->offset = (uint32_t)used;
		used += (size_t)q->length + q->text;
		all.count++;
	}
	fclose(file);
	if (err < 0) {
		free(all.list);
		free(all.pool);
		*ret_line = number;
		return err;
	}
	*ret = all;
	return 0;
}

bool answer_check(const struct questions *all, const struct question *q, const uint8_t *message,
		  size_t length, bool deep)
{
	const uint8_t *query = all->pool + q->offset;
	size_t asked = q->length - (query[WIRE_ARCOUNT + 1] > 0 ? OPT_SIZE : 0);

	if (length < asked || wire_get16(message + WIRE_FLAGS) != (AUTHORITATIVE | q->rcode) ||
	    wire_get16(message + WIRE_ANCOUNT) != q->answers)
		return false;
	if (wire_get16(message + WIRE_QDCOUNT) != 1 ||
	    memcmp(message + WIRE_HEADER, query + WIRE_HEADER, asked - WIRE_HEADER) != 0)
		return false;

	/* RFC 2308 section 3: "must include the SOA record in the authority section" */
	if (q->answers == 0 && wire_get16(message + WIRE_NSCOUNT) == 0)
		return false;
	if (deep && q->text > 0)
		return memmem(message, length, query + q->length, q->text) != NULL;
	return true;
}
