/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading is line by line. Records that a story expects are read and written again, so that they
 * compare as text with those of a response: names in lower case, since servers keep the case in
 * which a name was published or asked for, and the stories do not speak of it.
 */
#include "scenario/story.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/record.h"
#include "fixture/show.h"

static void check(bool holds, const char *path, unsigned number, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%u: %s\n", path, number, what);
	exit(1);
}

/* Words of a line in place. */
static void split(const char **word, char *line)
{
	size_t count = 0;

	for (char *next = strtok(line, " "); next != NULL && count + 1 < STORY_WORDS;
	     next = strtok(NULL, " "))
		word[count++] = next;
	word[count] = NULL;
}

static struct story_zone *zone_add(struct story_file *file, char *line)
{
	struct story_zone *zone = &file->zone[file->zone_count++];
	const char *word[STORY_WORDS];

	split(word, line);
	zone->name = word[1];
	zone->ranges = word[2] != NULL && strcmp(word[2], "ranges") == 0;
	zone->unchecked = word[2] != NULL && strcmp(word[2], "unchecked") == 0;
	zone->text = strdup("");
	return zone;
}

static void zone_line(struct story_zone *zone, const char *line)
{
	char *text = NULL;
	const char *soa = strstr(line, " SOA ");

	if (soa != NULL)
		sscanf(soa, " SOA %*s %*s %u", &zone->serial_written);
	if (asprintf(&text, "%s%s\n", zone->text, line) < 0)
		abort();
	free(zone->text);
	zone->text = text;
}

static struct story *story_add(struct story_file *file, const char *title)
{
	file->story = realloc(file->story, (file->story_count + 1) * sizeof(*file->story));
	if (file->story == NULL)
		abort();

	struct story *story = &file->story[file->story_count++];
	*story = (struct story){ .title = title, .file = file };
	story->step = calloc(STORY_STEPS, sizeof(*story->step));
	return story;
}

static struct story_step *step_add(struct story *story, const char *path, unsigned number,
				   char *line)
{
	struct story_step *step = &story->step[story->step_count++];
	const char *name = strrchr(path, '/');

	snprintf(step->where, sizeof(step->where), "%s:%u", name != NULL ? name + 1 : path, number);
	split(step->word, line);
	return step;
}

struct story_file *story_file_read(const char *path)
{
	static const char *const verbs[] = { "query", "update", "content", "serial" };
	struct story_file *file = calloc(1, sizeof(*file));
	FILE *stream = fopen(path, "r");
	struct story_zone *zone = NULL;
	struct story *story = NULL;
	struct story_step *step = NULL;
	char buffer[4096];
	unsigned number = 0;

	check(file != NULL && stream != NULL, path, 0, "can't be read");
	while (fgets(buffer, sizeof(buffer), stream) != NULL) {
		buffer[strcspn(buffer, "\n")] = '\0';
		number++;
		if (*buffer == '\0' || *buffer == '#')
			continue;

		char *line = strdup(buffer);
		if (*line == '\t' && step != NULL) {
			check(step->line_count < STORY_LINES, path, number, "too many lines");
			step->line[step->line_count++] = line + 1;
		} else if (*line == '\t') {
			check(zone != NULL, path, number, "belongs to nothing");
			zone_line(zone, line + 1);
			free(line);
		} else if (strncmp(line, "zone ", 5) == 0) {
			check(file->zone_count < STORY_ZONES, path, number, "too many zones");
			zone = zone_add(file, line);
		} else if (strncmp(line, "test ", 5) == 0) {
			story = story_add(file, line + 5);
			step = NULL;
		} else {
			bool known = false;

			for (size_t i = 0; i < 4; i++)
				known = known || strncmp(line, verbs[i], strlen(verbs[i])) == 0;
			check(known && story != NULL && story->step_count < STORY_STEPS, path,
			      number, "is no step");
			step = step_add(story, path, number, line);
		}
	}
	fclose(stream);
	check(file->story_count > 0, path, number, "has no story");
	return file;
}

struct story_zone *story_zone_find(struct story_file *file, const char *name)
{
	for (size_t i = 0; i < file->zone_count; i++)
		if (strcasecmp(file->zone[i].name, name) == 0)
			return &file->zone[i];
	return NULL;
}

/* --- sets of records --- */

static void set_add(struct story_set *set, const char *text, size_t size)
{
	char *record = strndup(text, size);

	assert_non_null(record);
	assert_true(set->count < STORY_SET);
	for (char *at = record; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	set->record[set->count++] = record;
}

/* "NAME TTL TYPE RDATA", read and written again. */
static void set_add_line(struct story_set *set, const char *where, const char *line)
{
	struct arena arena = { 0 };
	struct text text = { 0 };
	char name[1024], type[32];
	const char *why = "?";
	struct record record = { .rclass = KNOT_CLASS_IN };
	int used = 0;

	if (sscanf(line, "%1023s %u %31s %n", name, &record.ttl, type, &used) < 3 ||
	    type_parse(&record.type, type) != 0 ||
	    rdata_parse(&arena, &record.rdata, (const knot_dname_t *)"", record.type, line + used,
			&why) != 0)
		fail_msg("%s: %s: %s", where, line, why);
	record.owner = name_parse(&arena, NULL, name);
	assert_non_null(record.owner);
	record_format(&text, &record);
	set_add(set, text_get(&text), text.size);
	text_done(&text);
	arena_done(&arena);
}

void story_set_take(struct story_set *set, struct slice message, const char *begin,
		    const char *without)
{
	struct text text = { 0 };

	show_message(&text, message);
	for (const char *line = text_get(&text); *line != '\0';) {
		size_t size = strcspn(line, "\n"), skip = strlen(begin);

		if (strncmp(line, begin, skip) == 0 &&
		    (without == NULL || memmem(line, size, without, strlen(without)) == NULL))
			set_add(set, line + skip, size - skip);
		line += size + (line[size] != '\0');
	}
	text_done(&text);
}

static void set_done(struct story_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->record[i]);
	set->count = 0;
}

static bool set_has(const struct story_set *set, const char *record)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->record[i], record) == 0)
			return true;
	return false;
}

static void sets_compare(const char *where, const char *what, struct story_set *is,
			 struct story_set *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!set_has(is, wanted->record[i]))
			fail_msg("%s: %s lacks %s", where, what, wanted->record[i]);
	for (size_t i = 0; i < is->count; i++)
		if (!set_has(wanted, is->record[i]))
			fail_msg("%s: %s has %s", where, what, is->record[i]);
	if (is->count != wanted->count)
		fail_msg("%s: %s has a record twice", where, what);
	set_done(is);
	set_done(wanted);
}

/* --- what a step expects --- */

/* What stands behind the word in the step's line of it; fallback: there is none. */
static const char *said(const struct story_step *step, const char *word, const char *fallback)
{
	size_t size = strlen(word);

	for (size_t i = 0; i < step->line_count; i++)
		if (strncmp(step->line[i], word, size) == 0 && step->line[i][size] == ' ')
			return step->line[i] + size + 1;
	return fallback;
}

void story_compare_rcode(const struct story_step *step, struct slice response)
{
	const char *is = show_rcode(response), *wanted = said(step, "rcode", "NOERROR");

	if (strcmp(is, wanted) != 0)
		fail_msg("%s: %s, not %s", step->where, is, wanted);
}

static void wanted_read(struct story_set *wanted, const struct story_step *step, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i < step->line_count; i++)
		if (strncmp(step->line[i], word, size) == 0)
			set_add_line(wanted, step->where, step->line[i] + size);
}

/* "NAME TYPE", none of which is in the section. */
static void compare_absent(const struct story_step *step, const struct story_set *is)
{
	for (size_t i = 0; i < step->line_count; i++) {
		char name[1024], type[32];

		if (sscanf(step->line[i], "no-additional %1023s %31s", name, type) < 2)
			continue;
		for (size_t k = 0; k < is->count; k++) {
			char is_name[1024], is_type[32];

			assert_int_equal(
				sscanf(is->record[k], "%1023s %*s %*s %31s", is_name, is_type), 2);
			if (strcasecmp(name, is_name) == 0 && strcasecmp(type, is_type) == 0)
				fail_msg("%s: additional has %s", step->where, is->record[k]);
		}
	}
}

void story_compare_response(const struct story_step *step, struct slice response)
{
	struct story_set is = { 0 }, wanted = { 0 };
	bool authoritative = strcmp(said(step, "aa", "yes"), "no") != 0;

	story_compare_rcode(step, response);
	if (((response.data[2] & 4) != 0) != authoritative)
		fail_msg("%s: AA is %s", step->where, authoritative ? "clear" : "set");
	if ((response.data[2] & 2) != 0)
		fail_msg("%s: truncated", step->where);

	story_set_take(&is, response, "answer ", NULL);
	wanted_read(&wanted, step, "answer ");
	sets_compare(step->where, "answer", &is, &wanted);
	story_set_take(&is, response, "authority ", NULL);
	wanted_read(&wanted, step, "authority ");
	sets_compare(step->where, "authority", &is, &wanted);

	story_set_take(&is, response, "additional ", NULL);
	wanted_read(&wanted, step, "additional ");
	for (size_t i = 0; i < wanted.count; i++)
		if (!set_has(&is, wanted.record[i]))
			fail_msg("%s: additional lacks %s", step->where, wanted.record[i]);
	compare_absent(step, &is);
	set_done(&is);
	set_done(&wanted);
}

void story_compare_content(const struct story_step *step, struct story_set *is)
{
	struct story_set wanted = { 0 };

	for (size_t i = 0; i < step->line_count; i++)
		if (strncmp(step->line[i], "differs ", 8) != 0)
			set_add_line(&wanted, step->where, step->line[i]);
	sets_compare(step->where, "content", is, &wanted);
}

void story_compare_serial(const struct story_step *step, struct story_zone *zone,
			  struct story_set *soa)
{
	uint32_t now = 0, ahead;
	const char *wanted = step->word[2];
	bool good;

	if (soa->count != 1 || sscanf(soa->record[0], "%*s %*s in soa %*s %*s %u", &now) != 1)
		fail_msg("%s: no SOA", step->where);
	ahead = now - zone->serial;
	if (strcmp(wanted, "same") == 0)
		good = ahead == 0;
	else if (strcmp(wanted, "newer") == 0) /* RFC 1982 3.2 */
		good = ahead > 0 && ahead < (uint32_t)1 << 31;
	else
		good = now == strtoul(wanted, NULL, 10);
	if (!good)
		fail_msg("%s: serial %u, was %u", step->where, now, zone->serial);
	zone->serial = now;
	set_done(soa);
}
