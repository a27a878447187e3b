/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A number plan (numbering.c) written out: as a zone file or CSV for a server to take in, as questions for
 * bench-generate, as numbers for bench-update.
 *
 *	bench-plan [-k few|many|own] [-n NUMBERS] [-z ZONE] count
 *	bench-plan ...                                     csv|zone
 *	bench-plan ...                                     questions|used|mix|vacant COUNT
 *
 *   count      one line of JSON: numbers, records, blocks
 *   csv        number,uri for each record, sorted by number: what "onnetd import" takes
 *   zone       a zone file, in the same order
 *   questions  COUNT of them: nine of ten about numbers in use, one not (NXDOMAIN), half of those
 *              in a block that is handed out and half in one that is not
 *   used       the same, but all of them in use: what updates do not change
 *   mix        what SIP clients ask to place calls: three of five as above, the rest NAPTR and SRV
 *              of the domain and addresses of its servers
 *   vacant     COUNT numbers that are not in use, no two alike, all over the plan's blocks: single
 *              changes as ported numbers arrive. Where the blocks have no more, from others.
 *
 * All come out the same each time. Form of the questions: questions.c, of the numbers: numbers.c.
 * Exit: 0; 1 where it can't be written; 2 for wrong usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "numbering.h"

#define ROOM (1 << 20)
#define LINE_MAX_OCTETS 1024 /* of all records of a number */
#define DOMAIN "example.net"

struct output {
	size_t size;
	char octets[ROOM];
};

static struct output output;
static struct plan plan;
static const char *zone = "e164.example.net";
static char number_tail[64]; /* ".ZONE" with its dot */
static uint64_t seed;
static uint32_t exchanges[PLAN_EXCHANGES]; /* those of the plan */
static uint64_t exchange_count;

static void output_flush(void)
{
	for (size_t done = 0; done < output.size;) {
		ssize_t n = write(STDOUT_FILENO, output.octets + done, output.size - done);

		if (n < 0 && errno != EINTR) {
			fprintf(stderr, "bench-plan: %s\n", strerror(errno));
			exit(1);
		}
		done += n > 0 ? (size_t)n : 0;
	}
	output.size = 0;
}

/* Room for one number; what is written there is counted by output_end(). */
static char *output_begin(void)
{
	if (ROOM - output.size < LINE_MAX_OCTETS)
		output_flush();
	return output.octets + output.size;
}

static void output_end(const char *end)
{
	output.size = (size_t)(end - output.octets);
}

static char *put(char *at, const char *text)
{
	size_t size = strlen(text);

	memcpy(at, text, size);
	return at + size;
}

static char *put_number(char *at, uint64_t number)
{
	for (int i = 10; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + 11;
}

/* The owner of a number's records: 12025550123 -> 3.2.1.0.5.5.5.2.0.2.1.e164.example.net */
static char *put_name(char *at, uint64_t number)
{
	for (int i = 0; i < 11; i++, number /= 10) {
		*at++ = (char)('0' + number % 10);
		*at++ = '.';
	}
	return put(at, number_tail);
}

static void number_csv(uint64_t number)
{
	unsigned int count = plan_records(&plan, number);
	char *at = output_begin();

	for (unsigned int i = 0; i < count; i++) {
		*at++ = '+';
		at = put_number(at, number);
		*at++ = ',';
		at += plan_uri(at, &plan, number, i);
		*at++ = '\n';
	}
	output_end(at);
}

static void number_zone(uint64_t number)
{
	static const char *const service[PLAN_RECORDS_MAX] = {
		". 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!",
		". 60 IN NAPTR 100 20 \"u\" \"E2U+pstn:tel\" \"!^.*$!",
		". 60 IN NAPTR 100 30 \"u\" \"E2U+email:mailto\" \"!^.*$!",
	};
	unsigned int count = plan_records(&plan, number);
	char *at = output_begin();

	for (unsigned int i = 0; i < count; i++) {
		at = put(put_name(at, number), service[i]);
		at += plan_uri(at, &plan, number, i);
		at = put(at, "!\" .\n");
	}
	output_end(at);
}

static void plan_each(void (*each)(uint64_t number))
{
	struct block block;

	for (uint32_t index = 0; index <= plan.ended; index++) {
		if (!plan_block(&plan, index, &block))
			continue;
		for (unsigned int slot = 0; slot < 1000; slot++)
			if (block_has(&block, slot))
				each(block.first + slot);
	}
	output_flush();
}

static void zone_head(void)
{
	char *at = output_begin();

	at += sprintf(at,
		      "%s. 3600 IN SOA ns1." DOMAIN ". hostmaster." DOMAIN
		      ". 1 3600 600 604800 60\n"
		      "%s. 3600 IN NS ns1." DOMAIN ".\n%s. 3600 IN NS ns2." DOMAIN ".\n",
		      zone, zone, zone);
	output_end(at);
}

static uint64_t draw(uint64_t below)
{
	return plan_mix(seed++, UINT64_C(0x6116)) % below;
}

static void exchanges_find(void)
{
	for (uint32_t i = 0; i < PLAN_EXCHANGES; i++)
		if (plan_exchange(&plan, i))
			exchanges[exchange_count++] = i;
}

/* A number in a block that is handed out, in use or not. */
static uint64_t draw_number(bool used)
{
	struct block block;

	for (;;) {
		unsigned int slot = (unsigned int)draw(1000);

		uint32_t exchange = exchanges[draw(exchange_count)];

		if (plan_block(&plan, exchange * 10 + (uint32_t)draw(10), &block) &&
		    block_has(&block, slot) == used && block.first + slot <= plan.last)
			return block.first + slot;
	}
}

/* A number in a block that is not handed out. */
static uint64_t draw_outside(void)
{
	struct block block;

	for (;;) {
		uint32_t index = (uint32_t)draw(PLAN_BLOCKS);

		if (!plan_block(&plan, index, &block))
			return block_first(index) + draw(1000);
	}
}

static void number_question(bool used)
{
	char uri[PLAN_URI_MAX + 1];
	char *at = output_begin();
	uint64_t kind = used ? 0 : draw(20);
	uint64_t number = kind < 18 ? draw_number(true) :
			  kind < 19 ? draw_number(false) :
				      draw_outside();

	at = put_name(at, number);
	if (kind < 18) {
		uri[plan_uri(uri, &plan, number, 0)] = '\0';
		at += sprintf(at, " NAPTR 0 %u !%s!\n", plan_records(&plan, number), uri);
	} else {
		at = put(at, " NAPTR 3 0\n");
	}
	output_end(at);
}

/* Of 40 questions about the domain 8 are NAPTR, 14 SRV and 18 addresses. */
static void domain_question(void)
{
	static const char *const service[] = { "_sips._tcp", "_sip._tcp", "_sip._udp" };
	char *at = output_begin();
	uint64_t kind = draw(40);

	if (kind < 8)
		at = put(at, DOMAIN " NAPTR 0 3 SIPS+D2T\n");
	else if (kind < 22)
		at += sprintf(at, "%s." DOMAIN " SRV 0 4\n", service[draw(3)]);
	else
		at += sprintf(at, "gw%u." DOMAIN " %s 0 1\n", (unsigned int)draw(PLAN_GATEWAYS),
			      kind < 34 ? "A" : "AAAA");
	output_end(at);
}

static void questions_write(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		number_question(false);
	output_flush();
}

static void used_write(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		number_question(true);
	output_flush();
}

static void mix_write(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		if (draw(5) < 3)
			number_question(false);
		else
			domain_question();
	}
	output_flush();
}

/* Numbers seen so far: a table of twice as many places, open addressing. */
static bool seen(uint64_t *table, uint64_t rooms, uint64_t number)
{
	uint64_t at = plan_mix(number, 0) % rooms;

	for (; table[at] != 0; at = (at + 1) % rooms)
		if (table[at] == number)
			return true;
	table[at] = number;
	return false;
}

static void vacant_write(uint64_t count)
{
	uint64_t rooms = count * 2 + 1;
	uint64_t *table = calloc(rooms, sizeof(*table));
	uint64_t inside = plan.numbers / 3; /* the blocks have more, but not many more */

	if (table == NULL) {
		fprintf(stderr, "bench-plan: %s\n", strerror(ENOMEM));
		exit(1);
	}
	for (uint64_t i = 0; i < count;) {
		uint64_t number = i < inside ? draw_number(false) : draw_outside();
		char *at;

		if (seen(table, rooms, number))
			continue;
		at = output_begin();
		output_end(put(put_number(at, number), " 1\n"));
		i++;
	}
	output_flush();
	free(table);
}

static void count_write(void)
{
	printf("{\"numbers\": %lu, \"records\": %lu, \"blocks\": %lu}\n", plan.numbers,
	       plan.records, plan.blocks);
}

static int kind_parse(enum plan_kind *ret, const char *text)
{
	static const char *const names[] = { "few", "many", "own" };

	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum plan_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Does what the words say. -EINVAL: they say nothing that there is. */
static int run(const char *what, const char *count)
{
	static const struct {
		const char *name;
		void (*write)(uint64_t count);
	} counted[] = { { "questions", questions_write },
			{ "used", used_write },
			{ "mix", mix_write },
			{ "vacant", vacant_write } };

	if (count == NULL && strcmp(what, "count") == 0) {
		count_write();
	} else if (count == NULL && strcmp(what, "csv") == 0) {
		plan_each(number_csv);
	} else if (count == NULL && strcmp(what, "zone") == 0) {
		zone_head();
		plan_each(number_zone);
	} else {
		for (size_t i = 0; count != NULL && i < sizeof(counted) / sizeof(counted[0]); i++) {
			if (strcmp(counted[i].name, what) == 0) {
				exchanges_find();
				counted[i].write(strtoull(count, NULL, 10));
				return 0;
			}
		}
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	enum plan_kind kind = PLAN_FEW;
	uint64_t numbers = 1000000;
	int err = 0;

	for (int letter; err == 0 && (letter = getopt(argc, argv, "k:n:z:")) > 0;) {
		if (letter == 'k')
			err = kind_parse(&kind, optarg);
		else if (letter == 'n')
			numbers = strtoull(optarg, NULL, 10);
		else if (letter == 'z')
			zone = optarg;
		else
			err = -EINVAL;
	}
	if (err == 0 && (argc - optind < 1 || argc - optind > 2 || numbers == 0 ||
			 strlen(zone) >= sizeof(number_tail)))
		err = -EINVAL;
	if (err == 0) {
		strcpy(number_tail, zone);
		err = plan_init(&plan, kind, numbers);
		if (err == 0)
			err = run(argv[optind], argv[optind + 1]);
	}
	if (err == -ERANGE) {
		fprintf(stderr, "bench-plan: +1 has not so many numbers\n");
		return 1;
	}
	if (err < 0)
		fprintf(stderr,
			"usage: bench-plan [-k few|many|own] [-n NUMBERS] [-z ZONE] "
			"count|csv|zone|questions COUNT|used COUNT|mix COUNT|vacant COUNT\n");
	return err < 0 ? 2 : 0;
}
