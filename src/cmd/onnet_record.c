/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet record: any record of any type. RDATA is in master-file form (RFC 1035 5.1), all names
 * are absolute, with or without final dot. The shell has taken quotes off by the time we see
 * words, so where RDATA comes as several words, those that are empty or hold blanks, semicolons
 * or parentheses get theirs back.
 *
 * A deletion asks that there be something to delete (RFC 2136 2.4.1, 2.4.4), so that a mistyped
 * name is told and not called done.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/check.h"
#include "cmd/session.h"

enum { DEFAULT_TTL = 3600 };

/*
 * Asked for one by one where no type is given; servers answer ANY as little as they may (RFC
 * 8482).
 */
static const uint16_t shown_types[] = {
	KNOT_RRTYPE_SOA, KNOT_RRTYPE_NS,    KNOT_RRTYPE_CNAME, KNOT_RRTYPE_DNAME, KNOT_RRTYPE_NAPTR,
	KNOT_RRTYPE_SRV, KNOT_RRTYPE_A,     KNOT_RRTYPE_AAAA,  KNOT_RRTYPE_MX,    KNOT_RRTYPE_TXT,
	KNOT_RRTYPE_PTR, KNOT_RRTYPE_CAA,   KNOT_RRTYPE_TLSA,  KNOT_RRTYPE_SVCB,  KNOT_RRTYPE_HTTPS,
	KNOT_RRTYPE_URI, KNOT_RRTYPE_SSHFP, KNOT_RRTYPE_DS,    KNOT_RRTYPE_LOC,   KNOT_RRTYPE_HINFO,
};

struct arguments {
	const knot_dname_t *name;
	uint32_t ttl;
	uint16_t type;      /* KNOT_RRTYPE_ANY: none given */
	struct slice rdata; /* data NULL: none given */
	bool no_check;
};

static int ttl_parse(const char *text, uint32_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	/* RFC 2181 8: "a maximum value of 2147483647" */
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value > INT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static void add_word(struct text *line, const char *word, bool alone)
{
	bool paren = strcmp(word, "(") == 0 || strcmp(word, ")") == 0;
	bool bare = paren || (word[0] != '\0' && strpbrk(word, " \t;()") == NULL);

	if (alone || bare || strchr(word, '"') != NULL)
		text_puts(line, word);
	else
		text_printf(line, "\"%s\"", word);
}

static int rdata_read(struct session *s, struct arguments *a, int argc, char **argv)
{
	struct text line = { 0 };
	const char *why;
	int code = 0;

	for (int i = 0; i < argc; i++) {
		text_puts(&line, i > 0 ? " " : "");
		add_word(&line, argv[i], argc == 1 && strcmp(argv[i], "") != 0);
	}
	int err = rdata_parse(&s->arena, &a->rdata, (const knot_dname_t *)"", a->type,
			      text_get(&line), &why);
	if (err < 0) {
		struct text type = { 0 };

		bool naptr = a->type == KNOT_RRTYPE_NAPTR && strchr(text_get(&line), '\\') != NULL;
		type_format(&type, a->type);
		code = command_fail(err == -EINVAL ? EXIT_INPUT : EXIT_INTERNAL, "%s %s: %s%s",
				    text_get(&type), text_get(&line), why,
				    naptr ? " (a backslash is written twice here)" : "");
		text_done(&type);
	}
	text_done(&line);
	return code;
}

/* NAME [TTL] [IN] [TYPE [RDATA...]] */
static int arguments_read(struct session *s, struct arguments *a, int argc, char **argv)
{
	int at = 1;

	if (argc < 1)
		return command_misuse(s, "which name?");
	int code = session_name(s, argv[0], &a->name, "name");
	if (code != 0)
		return code;
	if (at < argc && ttl_parse(argv[at], &a->ttl) == 0)
		at++;
	if (at < argc && strcasecmp(argv[at], "IN") == 0)
		at++;
	a->type = KNOT_RRTYPE_ANY;
	if (at < argc && type_parse(&a->type, argv[at]) < 0)
		return command_fail(EXIT_INPUT, "'%s' is no record type", argv[at]);
	if (at < argc)
		at++;
	if (at < argc && knot_rrtype_is_metatype(a->type))
		return command_fail(EXIT_INPUT, "%s records can't be in a zone", argv[at - 1]);
	return at < argc ? rdata_read(s, a, argc - at, argv + at) : 0;
}

static int options_read(struct session *s, struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = { { "ttl", required_argument, NULL, 't' },
						 { "no-check", no_argument, NULL, 'n' },
						 { 0 } };
	int option;

	*a = (struct arguments){ .ttl = DEFAULT_TTL };
	/* "+": RDATA may start with a hyphen */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'n')
			a->no_check = true;
		else if (option != 't')
			return command_misuse(s, NULL);
		else if (ttl_parse(optarg, &a->ttl) < 0)
			return command_misuse(s, "--ttl '%s': seconds, up to 2147483647", optarg);
	}
	return arguments_read(s, a, argc - optind, argv + optind);
}

static int say(const struct session *s, const char *what, const struct arguments *a)
{
	struct text line = { 0 };

	if (s->print)
		return EXIT_DONE;
	text_printf(&line, "%s ", what);
	name_format(&line, a->name);
	if (a->type != KNOT_RRTYPE_ANY) {
		text_puts(&line, " ");
		type_format(&line, a->type);
	}
	if (a->rdata.data != NULL) {
		text_puts(&line, " ");
		rdata_format(&line, a->type, a->rdata);
	}
	puts(text_get(&line));
	text_done(&line);
	return EXIT_DONE;
}

static int run_add(struct session *s, int argc, char **argv)
{
	struct arguments a;
	const knot_dname_t *zone;

	int code = options_read(s, &a, argc, argv);
	if (code != 0)
		return code;
	if (a.rdata.data == NULL)
		return command_misuse(s, "a type and RDATA are missing");
	const char *why = a.no_check ? NULL : check_record(a.type, a.rdata);
	if (why != NULL)
		return command_fail(EXIT_INPUT, "this NAPTR record would not work: %s", why);
	code = session_zone(s, a.name, &zone);
	if (code == 0)
		code = session_update_begin(s, zone);
	if (code == 0)
		code = session_update_add(s, a.name, a.ttl, a.type, a.rdata);
	if (code == 0)
		code = session_update_send(s);
	return code == 0 ? say(s, "added", &a) : code;
}

static int delete_send(struct session *s, const struct arguments *a)
{
	struct client_answer answer;

	if (s->print)
		return session_update_send(s);
	int code = session_update_try(s, &answer);
	if (code != 0)
		return code;
	if (answer.rcode == KNOT_RCODE_NXDOMAIN || answer.rcode == KNOT_RCODE_NXRRSET) {
		say(s, "nothing to delete:", a);
		return EXIT_NOT_FOUND;
	}
	code = session_refused(s, &answer);
	return code == 0 ? say(s, "deleted", a) : code;
}

static int run_delete(struct session *s, int argc, char **argv)
{
	struct arguments a;
	const knot_dname_t *zone;

	int code = options_read(s, &a, argc, argv);
	if (code == 0)
		code = session_zone(s, a.name, &zone);
	if (code == 0)
		code = session_update_begin(s, zone);
	if (code != 0)
		return code;

	struct record there = { a.name, a.type, KNOT_CLASS_ANY, 0, { 0 } };
	code = session_update_require(s, &there);
	if (code == 0)
		code = session_update_delete(s, a.name, a.type, a.rdata);
	return code == 0 ? delete_send(s, &a) : code;
}

/* --- show --- */

static void record_json(struct text *out, const struct record *r, bool first)
{
	struct text part = { 0 };

	text_puts(out, first ? "\n  {\"name\": " : ",\n  {\"name\": ");
	name_format(&part, r->owner);
	text_json(out, slice_text(text_get(&part)));
	text_printf(out, ", \"ttl\": %u, \"type\": ", r->ttl);
	text_reset(&part);
	type_format(&part, r->type);
	text_json(out, slice_text(text_get(&part)));
	text_puts(out, ", \"data\": ");
	text_reset(&part);
	rdata_format(&part, r->type, r->rdata);
	text_json(out, slice_text(text_get(&part)));
	text_puts(out, "}");
	out->failed = out->failed || part.failed;
	text_done(&part);
}

/* Appends what the server has of one type; *found counts. */
static int show_type(struct session *s, const struct arguments *a, uint16_t type, struct text *out,
		     size_t *found)
{
	const struct record *list;
	size_t count;

	int code = session_lookup(s, a->name, type, &list, &count);
	for (size_t i = 0; code == 0 && i < count; i++) {
		/* An alias is shown where it was asked for, else once with the CNAMEs. */
		if (list[i].type != type && a->type == KNOT_RRTYPE_ANY)
			continue;
		if (s->json) {
			record_json(out, &list[i], *found == 0);
		} else {
			record_format(out, &list[i]);
			text_puts(out, "\n");
		}
		++*found;
	}
	return code;
}

static int run_show(struct session *s, int argc, char **argv)
{
	struct arguments a;
	struct text out = { 0 };
	size_t found = 0;

	int code = options_read(s, &a, argc, argv);
	if (code != 0)
		return code;
	if (a.rdata.data != NULL)
		return command_misuse(s, "a name and a type, no more");
	if (a.type != KNOT_RRTYPE_ANY)
		code = show_type(s, &a, a.type, &out, &found);
	for (size_t i = 0; a.type == KNOT_RRTYPE_ANY && code == 0 &&
			   i < sizeof(shown_types) / sizeof(shown_types[0]);
	     i++)
		code = show_type(s, &a, shown_types[i], &out, &found);
	if (out.failed)
		code = command_fail(EXIT_INTERNAL, "out of memory");
	if (code == 0 && s->json)
		printf("[%s%s]\n", text_get(&out), found > 0 ? "\n" : "");
	else if (code == 0)
		fputs(text_get(&out), stdout);
	text_done(&out);
	if (code == 0 && found == 0 && !s->json)
		return command_fail(EXIT_NOT_FOUND,
				    a.type == KNOT_RRTYPE_ANY ?
					    "there is nothing at %s" :
					    "there is nothing of that type at %s",
				    argv[optind]);
	return code == 0 && found == 0 ? EXIT_NOT_FOUND : code;
}

static const struct command commands[] = {
	{ .name = "add",
	  .run = run_add,
	  .usage = "[--ttl SECONDS] NAME [TTL] TYPE RDATA...",
	  .brief = "add a record",
	  .help = "RDATA is as in a zone file, in one argument or several; in quotes where the shell\n"
		  "would take something away. All names are absolute. In a NAPTR record a backslash is\n"
		  "written twice; \"onnet number set\" needs none.\n"
		  "\n"
		  "  --ttl SECONDS   default 3600\n"
		  "  --no-check      do not look whether a NAPTR record can work\n" },
	{ .name = "delete",
	  .run = run_delete,
	  .usage = "NAME [TYPE [RDATA...]]",
	  .brief = "delete a record, those of a type, or all at a name" },
	{ .name = "show",
	  .run = run_show,
	  .usage = "NAME [TYPE]",
	  .brief = "show what the server has at a name",
	  .help = "Without TYPE the usual types are asked for one by one.\n" },
	{ .name = NULL },
};

const struct command command_record = {
	.name = "record",
	.sub = commands,
	.brief = "records of any type",
};
