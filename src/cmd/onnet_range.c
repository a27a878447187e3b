/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet range: a block of numbers behind one wildcard NAPTR record (RFC 4592, RFC 6116). Its
 * expression takes exactly the numbers of the block.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/number.h"
#include "cmd/send.h"

static int run_set(struct session *s, int argc, char **argv)
{
	struct entry_options o = { .range = true };
	struct number prefix;
	struct place place;
	const struct entry *entry;
	int code = entry_options(s, argc, argv, &o);

	if (code == 0 && o.arguments < 2)
		code = command_misuse(s, "a prefix and a URI");
	if (code == 0 && o.digits == 0)
		code = command_misuse(s, "--digits N: how many digits follow the prefix?");
	if (code == 0)
		code = place_number(o.argument[0], true, &prefix);
	if (code == 0)
		code = place_first(s, &prefix, true, o.digits, &place);
	if (code == 0)
		code = entry_list(s, &o, &entry);
	if (code == 0)
		code = entry_publish(s, &place, entry, o.arguments - 1, true);
	if (code != 0 || s->print)
		return code;
	for (size_t i = 1; i < o.arguments; i++)
		printf("%s: %s\n", place_range_text(&s->arena, &place.entry), o.argument[i]);
	return 0;
}

/* The range that begins at this prefix. */
static int find_range(struct session *s, const char *text, struct found *ret)
{
	struct lookup lookup = { .session = s };
	struct number prefix;
	struct place place;
	int code = place_number(text, true, &prefix);

	if (code == 0)
		code = place_first(s, &prefix, true, 0, &place);
	if (code != 0)
		return code;

	int err = place_find_range(&lookup, &place, ret);
	if (err < 0)
		return lookup_exit(&lookup, err, place.owner_text);
	if (ret->kind == FOUND_NOTHING)
		return command_fail(EXIT_NOT_FOUND, "no range at %s", place.owner_text);
	return 0;
}

static int run_show(struct session *s, int argc, char **argv)
{
	struct found found;
	struct entry_view *view;
	size_t count;
	struct text out = { 0 };
	char prefix[NUMBER_TEXT_ROOM];

	if (argc != 2 || argv[1][0] == '-')
		return command_misuse(s, "one prefix");
	int code = find_range(s, argv[1], &found);
	if (code == 0)
		code = entry_views(s, found.record, found.count, NULL, &view, &count);
	if (code != 0)
		return code;
	if (s->json) {
		number_format(prefix, &found.place.entry.number);
		entry_group_json(&out, prefix, &found.place.entry, view, count);
		text_puts(&out, "\n");
		return text_show(&out);
	}
	printf("%s   at %s\n", place_range_text(&s->arena, &found.place.entry),
	       found.place.owner_text);
	return entry_table(s, view, count);
}

static int run_unset(struct session *s, int argc, char **argv)
{
	struct changes changes = { .arena = &s->arena };
	const knot_dname_t *zone;
	struct found found = { 0 };
	struct number prefix;
	int code;

	if (argc != 2 || argv[1][0] == '-')
		return command_misuse(s, "one prefix");
	if (s->print) {
		code = place_number(argv[1], true, &prefix);
		if (code == 0)
			code = place_first(s, &prefix, true, 0, &found.place);
	} else {
		code = find_range(s, argv[1], &found);
	}
	if (code == 0)
		code = session_zone(s, found.place.owner, &zone);
	if (code != 0)
		return code;

	changes_delete_set(&changes, found.place.owner, KNOT_RRTYPE_NAPTR);
	if (changes.failed)
		return command_fail(EXIT_INTERNAL, "out of memory");
	code = send_changes(s, zone, &changes);
	if (code == 0 && !s->print)
		printf("%s: taken away\n", place_range_text(&s->arena, &found.place.entry));
	return code;
}

static const char set_help[] =
	"All numbers with exactly N digits after the prefix lead to the URI. {number} in it\n"
	"stands for the number as dialled, {digits} for it without \"+\". Several URIs have\n"
	"rising preferences.\n"
	"\n"
	"A number of its own inside the block comes before the range, but takes its\n"
	"neighbours out of it (RFC 4592), unless the server has number-ranges on (see\n"
	"onnet.yaml(5)): \"number set\" says which.\n"
	"\n"
	"  --digits N          how many digits follow the prefix\n"
	"  --service NAME      default: by the URI\n"
	"  --order N           default 100\n"
	"  --preference N      of the first URI, default 10\n"
	"  --ttl SECONDS       default 60\n";

static const struct command commands[] = {
	{ .name = "set",
	  .run = run_set,
	  .usage = "PREFIX --digits N URI... [--service NAME] [--order N] [--preference N] "
		   "[--ttl SECONDS]",
	  .brief = "lead a block of numbers to a URI",
	  .help = set_help },
	{ .name = "show", .run = run_show, .usage = "PREFIX", .brief = "show where a range leads" },
	{ .name = "unset", .run = run_unset, .usage = "PREFIX", .brief = "take a range away" },
	{ .name = "list",
	  .run = range_list_run,
	  .usage = "[PREFIX]",
	  .brief = "list ranges (by zone transfer)" },
	{ .name = NULL },
};

const struct command command_range = {
	.name = "range",
	.sub = commands,
	.brief = "blocks of numbers that lead to one place",
};
