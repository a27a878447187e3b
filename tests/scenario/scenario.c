/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the stories beside this file (their form: README.md) without sockets. Each file
 * is read into steps; each story is a test of its own, with a server that has the file's zones as
 * they are written. What a step expects is compared in the text form of records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/record.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "scenario/story.h"

enum { TESTS_MAX = 1024 };

static struct fixture fixture;
static struct message message;

static struct slice response(void)
{
	return slice_make(fixture.response.wire, fixture.response.size);
}

/* Every zone with its file, and a key that may change all of them. */
static void server_begin(const struct story_file *file)
{
	struct text yaml = { 0 };

	assert_int_equal(fixture_init(&fixture), 0);
	text_puts(&yaml, fixture_keys);
	text_puts(&yaml, "zone:\n");
	for (size_t i = 0; i < file->zone_count; i++) {
		const struct story_zone *zone = &file->zone[i];
		struct text text = { 0 };
		char name[32];

		snprintf(name, sizeof(name), "zone%zu", i);
		text_printf(&text, "$ORIGIN %s\n$TTL 3600\n%s", zone->name, zone->text);
		assert_int_equal(fixture_write(&fixture, name, text_get(&text)), 0);
		text_printf(&yaml,
			    "  - {domain: \"%s\", file: %s, update: hmac-sha256, "
			    "transfer: 127.0.0.1, naptr-check: %s, number-ranges: %s}\n",
			    zone->name, name, zone->unchecked ? "off" : "on",
			    zone->ranges ? "on" : "off");
		text_done(&text);
	}
	if (fixture_start(&fixture, text_get(&yaml)) != 0)
		fail_msg("%s", text_get(&fixture.fault));
	text_done(&yaml);
}

static void take_query(const struct story_step *step)
{
	uint16_t type;

	assert_int_equal(type_parse(&type, step->word[2]), 0);
	message_begin(&message, KNOT_OPCODE_QUERY, step->word[1], type);
	message_opt(&message, 1232, step->word[3] != NULL ? 0x8000 : 0, (struct slice){ 0 });
	fixture_ask(&fixture, message_get(&message));
	story_compare_response(step, response());
}

/* "prereq KIND NAME [TYPE [RDATA]]" as a record of section 1 (RFC 2136 2.4). */
static void add_prerequisite(const char *kind, const char *name, const char *rest)
{
	struct text line = { 0 };
	const char *class = *kind == 'y' ? "ANY" : "NONE";
	size_t type_size = strcspn(rest, " ");

	if (strcmp(kind + 1, "xdomain") == 0)
		text_printf(&line, "%s 0 %s ANY", name, class);
	else if (rest[type_size] != '\0')
		text_printf(&line, "%s 0 IN %s", name, rest);
	else
		text_printf(&line, "%s 0 %s %s", name, class, rest);
	message_record(&message, 1, text_get(&line));
	text_done(&line);
}

/* "update add NAME TTL TYPE RDATA", "update delete NAME [TYPE [RDATA]]" (RFC 2136 2.5). */
static void add_update(const char *kind, const char *name, const char *rest)
{
	struct text line = { 0 };
	size_t size = strcspn(rest, " ");

	if (strcmp(kind, "add") == 0)
		text_printf(&line, "%s %.*s IN %s", name, (int)size, rest, rest + size + 1);
	else if (*rest == '\0')
		text_printf(&line, "%s 0 ANY ANY", name);
	else if (rest[size] == '\0')
		text_printf(&line, "%s 0 ANY %s", name, rest);
	else
		text_printf(&line, "%s 0 NONE %s", name, rest);
	message_record(&message, 2, text_get(&line));
	text_done(&line);
}

static void take_update(const struct story_step *step)
{
	message_begin(&message, KNOT_OPCODE_UPDATE, step->word[1], KNOT_RRTYPE_SOA);
	for (size_t i = 0; i < step->line_count; i++) {
		char kind[32] = "", name[1024] = "";
		int used = 0;

		if (sscanf(step->line[i], "%*s %31s %1023s %n", kind, name, &used) < 2)
			continue;
		const char *rest = used > 0 ? step->line[i] + used : "";
		if (strncmp(step->line[i], "prereq ", 7) == 0)
			add_prerequisite(kind, name, rest);
		else if (strncmp(step->line[i], "update ", 7) == 0)
			add_update(kind, name, rest);
	}
	message_sign(&message, &(struct message_signature){ .key = "hmac-sha256" });
	fixture_ask(&fixture, message_get(&message));
	story_compare_rcode(step, response());
}

static void take_content(const struct story_step *step)
{
	struct story_set is = { 0 };

	fixture.tcp = true;
	message_question(&message, step->word[1], KNOT_RRTYPE_AXFR);
	if (fixture_ask(&fixture, message_get(&message)) != RESPONSE_STREAM)
		fail_msg("%s: no transfer", step->where);
	while (fixture_stream(&fixture))
		story_set_take(&is, response(), "answer ", " SOA ");
	fixture.tcp = false;
	story_compare_content(step, &is);
}

static void take_serial(struct story_file *file, const struct story_step *step)
{
	struct story_zone *zone = story_zone_find(file, step->word[1]);
	struct story_set is = { 0 };

	assert_non_null(zone);
	fixture_ask(&fixture, message_question(&message, step->word[1], KNOT_RRTYPE_SOA));
	story_set_take(&is, response(), "answer ", NULL);
	story_compare_serial(step, zone, &is);
}

static void story_run(void **state)
{
	struct story *story = *state;

	server_begin(story->file);
	for (size_t i = 0; i < story->file->zone_count; i++)
		story->file->zone[i].serial = story->file->zone[i].serial_written;
	for (size_t i = 0; i < story->step_count; i++) {
		const struct story_step *step = &story->step[i];

		switch (step->word[0][0]) {
		case 'q':
			take_query(step);
			break;
		case 'u':
			take_update(step);
			break;
		case 'c':
			take_content(step);
			break;
		default:
			take_serial(story->file, step);
		}
	}
	fixture_done(&fixture);
}

int main(void)
{
	static struct CMUnitTest tests[TESTS_MAX]; /* static: what it leads to is no leak */
	size_t count = 0;
	glob_t paths;

	if (glob("tests/scenario/*.txt", 0, NULL, &paths) != 0) {
		fprintf(stderr, "no scenarios: start this in the root of the tree\n");
		return 1;
	}
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		struct story_file *file = story_file_read(paths.gl_pathv[i]);

		for (size_t k = 0; k < file->story_count && count < TESTS_MAX; k++)
			tests[count++] = (struct CMUnitTest){
				.name = file->story[k].title,
				.test_func = story_run,
				.initial_state = &file->story[k],
			};
	}
	globfree(&paths);
	/* cmocka's macros count an array; this one is filled in part. */
	return _cmocka_run_group_tests("scenario", tests, count, NULL, NULL);
}
