/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet number import: a file of numbers, streamed. A number's lines that follow each other are
 * one step of an update; its first step replaces what was published, later ones add. A line that
 * can't be published is reported by its number and left out. What ends the whole thing early, a
 * signal or a lost connection, leaves a line number with which to go on: all lines before it have
 * been answered for, and those after it may be sent again without harm.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/batch.h"
#include "cmd/command.h"
#include "cmd/number.h"
#include "cmd/send.h"
#include "publish/import.h"

enum { BATCH_SIZE = 40000, PROGRESS_MS = 250 };

struct import_options {
	const char *path;
	bool add, all_or_nothing;
	uint64_t from;
	uint32_t ttl;
};

/* Lines of one number that follow each other. */
struct pending {
	struct arena arena;
	struct changes changes;
	char number[NUMBER_TEXT_ROOM];
	uint64_t line;
	size_t uris;
	uint32_t after; /* the batch that an earlier step of the number went into */
};

struct import {
	struct session *session;
	struct import_options options;
	const char *name; /* of the file, for messages */
	FILE *file;
	uint64_t line;
	int64_t size; /* octets of the file, 0: not known */
	bool dry;     /* only looked at */
	struct import_numbers numbers;
	struct pending pending;
	uint64_t bad;

	bool open; /* a place and its batches are there */
	struct entry_place place;
	struct batches *batches;
	struct batch_totals before; /* of batches that are closed */

	bool terminal;
	int64_t started_ms, shown_ms;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void progress_clear(const struct import *im)
{
	if (im->terminal)
		fputs("\r\033[K", stderr);
}

static struct batch_totals totals(const struct import *im)
{
	struct batch_totals sum = im->before;

	if (im->batches != NULL) {
		struct batch_totals now = batches_totals(im->batches);

		sum.done += now.done;
		sum.refused += now.refused;
	}
	return sum;
}

static double rate(const struct import *im, uint64_t count)
{
	int64_t ms = clock_monotonic_ms() - im->started_ms;

	return ms <= 0 ? 0.0 : (double)count * 1000.0 / (double)ms;
}

static void progress_show(struct import *im)
{
	int64_t now = clock_monotonic_ms();

	if (!im->terminal || now - im->shown_ms < PROGRESS_MS)
		return;
	im->shown_ms = now;
	fputs("\r\033[K", stderr);
	if (im->dry)
		fprintf(stderr, "checking: line %" PRIu64, im->line);
	else
		fprintf(stderr, "%" PRIu64 " lines, %.0f a second", totals(im).done,
			rate(im, totals(im).done));
	if (im->size > 0)
		fprintf(stderr, ", %.0f %%", 100.0 * (double)ftello(im->file) / (double)im->size);
	fflush(stderr);
}

static void report_line(struct import *im, uint64_t line, const char *what, const char *why)
{
	progress_clear(im);
	fprintf(stderr, "%s:%" PRIu64 ": %s%s%s\n", im->name, line, what, *what != '\0' ? ": " : "",
		why);
}

static void bad_line(struct import *im, const char *what, const char *why)
{
	if (im->line < im->options.from)
		return;
	im->bad++;
	report_line(im, im->line, what, why);
}

static void step_refused(uint64_t line, const char *number, const char *why, void *arg)
{
	report_line(arg, line, number, why);
}

static int close_place(struct import *im)
{
	int code = im->batches == NULL ? 0 : batches_flush(im->batches);

	if (code != 0)
		return code;
	im->before = totals(im);
	batches_free(im->batches);
	im->batches = NULL;
	im->open = false;
	return 0;
}

/* Numbers of one kind lie under one suffix, and in one zone. */
static int open_place(struct import *im, enum number_kind kind)
{
	const struct batch_options options = {
		.stop_at_refusal = im->options.all_or_nothing,
		.limit = im->options.all_or_nothing ? 0 : BATCH_SIZE,
		.refused = step_refused,
		.arg = im,
	};
	const char *const *suffix;
	const knot_dname_t *name, *zone;
	size_t count;

	if (im->open && im->place.number.kind == kind)
		return 0;
	int code = close_place(im);
	if (code == 0)
		code = place_suffixes(im->session, kind, &suffix, &count);
	if (code != 0)
		return code;
	if (count == 0)
		return command_fail(
			EXIT_INPUT,
			"no suffix for %s numbers: configure one or name it with --zone",
			kind == NUMBER_ISN ? "ISN" : "E.164");
	im->place = (struct entry_place){ .number.kind = kind, .suffix = suffix[0] };
	im->open = true;
	if (im->dry)
		return 0;
	code = session_name(im->session, suffix[0], &name, "suffix");
	if (code == 0)
		code = session_zone(im->session, name, &zone);
	return code == 0 ? batches_new(&im->batches, im->session, zone, &options) : code;
}

/* Hands over the lines that are gathered. */
static int close_pending(struct import *im)
{
	struct pending *p = &im->pending;
	int code = 0;

	if (p->uris > 0 && !im->dry && p->line >= im->options.from) {
		code = batch_step(im->batches, &p->changes, p->line, p->number, p->after);
		if (code == EXIT_INPUT) {
			im->bad++;
			report_line(im, p->line, p->number, "more URIs than one update can hold");
			code = 0;
		}
		struct import_number *number = import_number(&im->numbers, p->number);
		if (number == NULL)
			return command_fail(EXIT_INTERNAL, "out of memory");
		number->batch = batch_current(im->batches);
	}
	p->uris = 0;
	p->number[0] = '\0';
	arena_reset(&p->arena);
	return code;
}

static int begin_pending(struct import *im, const struct number *n, const char *text)
{
	struct pending *p = &im->pending;
	int code = close_pending(im);

	if (code == 0)
		code = open_place(im, n->kind);
	if (code != 0)
		return code;
	strcpy(p->number, text);
	p->changes = (struct changes){ .arena = &p->arena };
	p->line = im->line;
	im->place.number = *n;
	return 0;
}

/* One line that is a number and a URI. */
static int take_row(struct import *im, struct import_row *row)
{
	struct pending *p = &im->pending;
	char text[NUMBER_TEXT_ROOM];
	struct slice rdata;
	const char *why = NULL;

	number_format(text, &row->number);

	/* A group of lines that were sent before is not continued by one that was not. */
	bool same = strcmp(text, p->number) == 0 &&
		    (p->line < im->options.from) == (im->line < im->options.from);
	int code = same ? 0 : begin_pending(im, &row->number, text);
	if (code != 0)
		return code;

	struct import_number *seen = import_number(&im->numbers, text);
	const knot_dname_t *owner = NULL;
	int err = entry_owner(&p->arena, &owner, &im->place);
	if (seen == NULL || err == -ENOMEM)
		return command_fail(EXIT_INTERNAL, "out of memory");
	if (err < 0) {
		bad_line(im, text, "the number and its suffix are too long for a name");
		return 0;
	}
	if (!row->preference_given) {
		uint64_t preference = ENTRY_PREFERENCE * ((uint64_t)seen->uris + 1);

		row->entry.preference =
			(uint16_t)(preference > UINT16_MAX ? UINT16_MAX : preference);
	}
	err = entry_rdata(&p->arena, &rdata, &row->entry, &im->place, &why);
	if (err == -ENOMEM)
		return command_fail(EXIT_INTERNAL, "out of memory");
	if (err < 0) {
		bad_line(im, row->entry.uri, why);
		return 0;
	}
	if (p->uris == 0) {
		p->after = seen->batch;
		if (seen->uris == 0 && !im->options.add)
			changes_delete_set(&p->changes, owner, KNOT_RRTYPE_NAPTR);
	}
	changes_add(&p->changes, owner, row->entry.ttl, KNOT_RRTYPE_NAPTR, rdata);
	p->uris++;
	seen->uris++;
	return p->changes.failed ? command_fail(EXIT_INTERNAL, "out of memory") : 0;
}

static int take_line(struct import *im, char *line, size_t size)
{
	struct csv_line fields;
	struct import_row row;
	const char *why = NULL;

	if (strlen(line) != size) {
		bad_line(im, "", "a NUL octet; is this a text file in UTF-8?");
		return 0;
	}
	if (im->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3; /* byte order mark, as spreadsheets put it */
	if (csv_split(&fields, line, &why) < 0) {
		bad_line(im, "", why);
		return 0;
	}
	if (fields.count == 0 || (im->line == 1 && import_is_heading(&fields)))
		return 0;
	if (import_row_read(&row, &fields, im->options.ttl, &why) < 0) {
		bad_line(im, fields.field[0], why);
		return 0;
	}
	return take_row(im, &row);
}

static int take_file(struct import *im)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int code = 0;

	im->started_ms = clock_monotonic_ms();
	im->line = 0;
	errno = 0;
	while (code == 0 && !interrupted && (size = getline(&line, &room, im->file)) >= 0) {
		im->line++;
		code = take_line(im, line, (size_t)size);
		if (im->terminal && im->line % 64 == 0)
			progress_show(im);
	}
	if (code == 0 && !interrupted && ferror(im->file))
		code = command_fail(EXIT_INPUT, "%s: %s", im->name, strerror(errno));
	if (code == 0)
		code = close_pending(im);
	if (code == 0 && im->batches != NULL)
		code = batches_flush(im->batches);
	free(line);
	progress_clear(im);
	return code;
}

/* All lines are looked at, and none is sent; an exit code. */
static int check_file(struct import *im)
{
	im->dry = true;
	int code = take_file(im);
	im->dry = false;
	im->open = false;
	import_numbers_done(&im->numbers);
	if (code == 0 && interrupted)
		return command_fail(EXIT_PARTLY, "interrupted; nothing was sent");
	if (code == 0 && im->bad > 0)
		return command_fail(EXIT_INPUT, "%" PRIu64 " bad line%s; nothing was sent", im->bad,
				    im->bad == 1 ? "" : "s");
	if (code == 0 && fseeko(im->file, 0, SEEK_SET) != 0)
		return command_fail(EXIT_INPUT, "%s: %s", im->name, strerror(errno));
	return code;
}

/* Where to go on: all lines before this one are settled. */
static uint64_t next_line(const struct import *im)
{
	uint64_t next = im->line + 1;

	if (im->pending.uris > 0 && im->pending.line < next)
		next = im->pending.line;
	if (im->batches != NULL) {
		uint64_t unsettled = batches_unsettled(im->batches);

		next = unsettled < next ? unsettled : next;
	}
	return next > im->options.from ? next : im->options.from;
}

static int summary(const struct import *im, int code)
{
	struct batch_totals sum = totals(im);
	FILE *out = im->session->print ? stderr : stdout;

	fprintf(out, "%" PRIu64 " line%s %s", sum.done, sum.done == 1 ? "" : "s",
		im->session->print ? "printed" : "published");
	if (sum.done >= 1000)
		fprintf(out, ", %.0f a second", rate(im, sum.done));
	if (im->bad > 0)
		fprintf(out, ", %" PRIu64 " bad", im->bad);
	if (sum.refused > 0)
		fprintf(out, ", %" PRIu64 " refused", sum.refused);
	fputc('\n', out);
	if (code != 0 || interrupted) {
		uint64_t next = next_line(im);

		fflush(out);
		fprintf(stderr,
			"onnet: stopped after line %" PRIu64 "; go on with --from %" PRIu64 "\n",
			next - 1, next);
	}
	if (code != 0)
		return code;
	if (interrupted)
		return EXIT_PARTLY;
	if (im->bad + sum.refused > 0)
		return sum.done > 0 ? EXIT_PARTLY : sum.refused > 0 ? EXIT_REFUSED : EXIT_INPUT;
	return 0;
}

static int read_options(struct session *s, int argc, char **argv, struct import_options *ret)
{
	static const struct option options[] = {
		{ "add", no_argument, NULL, 'a' },
		{ "all-or-nothing", no_argument, NULL, 'n' },
		{ "from", required_argument, NULL, 'f' },
		{ "ttl", required_argument, NULL, 't' },
		{ 0 },
	};
	struct import_options o = { .from = 1, .ttl = ENTRY_TTL };
	uint32_t from = 1;
	int option, code = 0;

	optind = 0;
	opterr = 0;
	while (code == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			o.add = true;
		else if (option == 'n')
			o.all_or_nothing = true;
		else if (option == 'f')
			code = option_amount(s, "from", optarg, UINT32_MAX, &from);
		else if (option == 't')
			code = option_amount(s, "ttl", optarg, INT32_MAX, &o.ttl);
		else
			code = command_misuse(s, "not an option: %s", argv[optind - 1]);
	}
	if (code == 0 && optind != argc - 1)
		code = command_misuse(s, "one file, or - for standard input");
	if (code != 0)
		return code;
	o.from = from > 0 ? from : 1;
	o.path = argv[optind];
	*ret = o;
	return 0;
}

/* Standard input that has to be read twice goes into a file that nobody sees. */
static FILE *keep_input(FILE *in)
{
	FILE *kept = tmpfile();
	char buffer[16384];
	size_t size;

	if (kept == NULL)
		return NULL;
	while ((size = fread(buffer, 1, sizeof(buffer), in)) > 0)
		fwrite(buffer, 1, size, kept);
	if (ferror(in) || fflush(kept) != 0 || fseeko(kept, 0, SEEK_SET) != 0) {
		fclose(kept);
		return NULL;
	}
	return kept;
}

static int open_file(struct import *im)
{
	bool input = strcmp(im->options.path, "-") == 0;
	struct stat status;

	im->name = input ? "stdin" : im->options.path;
	if (input)
		im->file = im->options.all_or_nothing ? keep_input(stdin) : stdin;
	else
		im->file = fopen(im->options.path, "re");
	if (im->file == NULL)
		return command_fail(EXIT_INPUT, "%s: %s", im->name, strerror(errno));
	if (fstat(fileno(im->file), &status) == 0 && S_ISREG(status.st_mode))
		im->size = status.st_size;
	return 0;
}

int number_import_run(struct session *s, int argc, char **argv)
{
	struct import im = { .session = s };
	struct sigaction action = { .sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND };
	int code = read_options(s, argc, argv, &im.options);

	if (code == 0)
		code = open_file(&im);
	if (code != 0)
		return code;
	im.terminal = isatty(STDERR_FILENO) && !s->print;
	sigaction(SIGINT, &action, NULL); /* a second one ends at once */
	sigaction(SIGTERM, &action, NULL);

	if (im.options.all_or_nothing)
		code = check_file(&im);
	if (code == 0)
		code = summary(&im, take_file(&im));
	batches_free(im.batches);
	import_numbers_done(&im.numbers);
	arena_done(&im.pending.arena);
	if (im.file != stdin)
		fclose(im.file);
	return code;
}
