/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet number: the URIs of one number, set as a whole in one update, shown as they come out, and
 * taken away. Lists of numbers are in onnet_list.c, files of them in onnet_import.c.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/number.h"
#include "cmd/send.h"
#include "publish/table.h"

static int out_of_memory(void)
{
	return command_fail(EXIT_INTERNAL, "out of memory");
}

int entry_options(struct session *s, int argc, char **argv, struct entry_options *ret)
{
	static const struct option options[] = {
		{ "service", required_argument, NULL, 's' },
		{ "order", required_argument, NULL, 'o' },
		{ "preference", required_argument, NULL, 'p' },
		{ "ttl", required_argument, NULL, 't' },
		{ "add", no_argument, NULL, 'a' },
		{ "digits", required_argument, NULL, 'd' },
		{ 0 },
	};
	struct entry_options o = { .order = ENTRY_ORDER, .ttl = ENTRY_TTL };
	int option, code = 0;

	optind = 0;
	opterr = 0;
	while (code == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			o.service = optarg;
		else if (option == 'o')
			code = option_amount(s, "order", optarg, UINT16_MAX, &o.order);
		else if (option == 'p')
			code = option_amount(s, "preference", optarg, UINT16_MAX, &o.preference);
		else if (option == 't')
			code = option_amount(s, "ttl", optarg, INT32_MAX, &o.ttl);
		else if (option == 'd' && ret->range)
			code = option_amount(s, "digits", optarg, NUMBER_DIGITS_MAX, &o.digits);
		else if (option == 'a' && !ret->range)
			o.add = true;
		else
			code = command_misuse(s, "not an option here: %s", argv[optind - 1]);
		o.preference_given |= option == 'p';
	}
	if (code != 0)
		return code;
	o.range = ret->range;
	o.argument = argv + optind;
	o.arguments = (size_t)(argc - optind);
	*ret = o;
	return 0;
}

int entry_list(struct session *s, const struct entry_options *o, const struct entry **ret)
{
	size_t count = o->arguments - 1;
	struct entry *list = arena_zero(&s->arena, count * sizeof(*list));
	uint32_t preference = o->preference_given ? o->preference : ENTRY_PREFERENCE;

	if (list == NULL)
		return out_of_memory();
	for (size_t i = 0; i < count; i++, preference += ENTRY_PREFERENCE) {
		if (preference > UINT16_MAX)
			return command_fail(EXIT_INPUT,
					    "the preference would be %u; 65535 is the most",
					    preference);
		list[i] = (struct entry){
			.uri = o->argument[i + 1],
			.service = o->service,
			.order = (uint16_t)o->order,
			.preference = (uint16_t)preference,
			.ttl = o->ttl,
		};
	}
	*ret = list;
	return 0;
}

int entry_publish(struct session *s, const struct place *place, const struct entry *entry,
		  size_t count, bool replace)
{
	struct changes changes = { .arena = &s->arena };
	const knot_dname_t *zone;
	const char *why = NULL;

	for (size_t i = 0; i < count; i++) {
		struct slice rdata;
		int err = entry_rdata(&s->arena, &rdata, &entry[i], &place->entry, &why);

		if (err == -ENOMEM)
			return out_of_memory();
		if (err < 0)
			return command_fail(EXIT_INPUT, "'%s': %s", entry[i].uri, why);
	}
	if (entry_changes(&changes, &place->entry, entry, count, replace, &why) < 0)
		return out_of_memory();

	int code = session_zone(s, place->owner, &zone);
	return code == 0 ? send_changes(s, zone, &changes) : code;
}

/* With --add and no --preference: behind all URIs that the number has. */
static int preference_after(const struct found *found, struct entry_options *o)
{
	uint32_t last = 0;

	for (size_t i = 0; found->kind == FOUND_OWN && i < found->count; i++) {
		struct slice rdata = found->record[i].rdata;

		if (rdata.size < 4)
			continue;
		uint32_t preference = (uint32_t)(rdata.data[2] << 8 | rdata.data[3]);
		last = preference > last ? preference : last;
	}
	o->preference = last + ENTRY_PREFERENCE;
	o->preference_given = true;
	return 0;
}

/*
 * RFC 4592 2.2.2, 4.4: names between the range and the number now exist, though empty, and where
 * a name exists the wildcard above it answers no more; but for a server with number ranges.
 */
static void warn_range(struct session *s, const struct number *n, const struct found *found)
{
	struct number part = *n;
	char text[NUMBER_TEXT_ROOM];
	size_t digits = strlen(n->digits), shared = strlen(found->place.entry.number.digits);

	if (digits < shared + 2)
		return;
	part.digits[shared + 1] = '\0';
	number_format(text, &part);
	fprintf(stderr,
		"onnet: warning: the range %s no longer answers for other "
		"numbers that start with %s\n"
		"       (a wildcard ends where names exist, RFC 4592). To give them back to it:\n",
		place_range_text(&s->arena, &found->place.entry), text);
	for (size_t length = shared + 1; length < digits; length++) {
		part = *n;
		part.digits[length] = '\0';
		number_format(text, &part);
		fprintf(stderr, "         onnet range set %s --digits %zu URI\n", text,
			digits - length);
	}
}

static int run_set(struct session *s, int argc, char **argv)
{
	struct entry_options o = { 0 };
	struct lookup lookup = { .session = s };
	struct found found = { 0 };
	struct number number;
	struct place place;
	const struct entry *entry;
	char text[NUMBER_TEXT_ROOM];
	int code = entry_options(s, argc, argv, &o);

	if (code == 0 && o.arguments < 2)
		code = command_misuse(s, "a number and at least one URI");
	if (code == 0)
		code = place_number(o.argument[0], false, &number);
	if (code == 0)
		code = place_first(s, &number, false, 0, &place);
	if (code != 0)
		return code;

	/* With --print nobody needs to be there to be asked. */
	if (!s->print) {
		int err = place_find(&lookup, &place, &found);

		if (err < 0 && err != -ENOENT)
			return lookup_exit(&lookup, err, place.owner_text);
	}
	if (o.add && !o.preference_given && !s->print)
		preference_after(&found, &o);
	code = entry_list(s, &o, &entry);
	if (code == 0)
		code = entry_publish(s, &place, entry, o.arguments - 1, !o.add);
	if (code != 0 || s->print)
		return code;

	number_format(text, &number);
	for (size_t i = 1; i < o.arguments; i++)
		printf("%s: %s%s\n", text, o.add ? "added " : "", o.argument[i]);
	if (found.kind == FOUND_RANGE && !found.ranges)
		warn_range(s, &number, &found);
	return 0;
}

/*
 * The first suffix under which something answers for the number; else FOUND_NOTHING at the first.
 */
static int find_number(struct lookup *l, const struct number *n, struct found *ret)
{
	const char *const *suffix;
	size_t count;
	struct found first = { 0 };
	int code = place_suffixes(l->session, n->kind, &suffix, &count);

	if (code == 0 && count == 0)
		return place_first(l->session, n, false, 0, &first.place);
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct place place;
		struct found found;

		code = place_at(l->session,
				&(struct entry_place){ .number = *n, .suffix = suffix[i] }, &place);
		if (code != 0)
			break;
		int err = place_find(l, &place, &found);
		if (err < 0 && (err != -ENOENT || i + 1 == count))
			return lookup_exit(l, err, place.owner_text);
		if (err < 0)
			continue;
		if (found.kind != FOUND_NOTHING) {
			*ret = found;
			return 0;
		}
		if (first.place.owner == NULL)
			first = found;
	}
	*ret = first;
	return code;
}

int entry_views(struct session *s, const struct record *record, size_t count,
		const struct number *number, struct entry_view **ret, size_t *ret_count)
{
	struct entry_view *views = arena_zero(&s->arena, (count + 1) * sizeof(*views));
	size_t filled = 0;

	if (views == NULL)
		return out_of_memory();
	for (size_t i = 0; i < count; i++) {
		int err = entry_view(&s->arena, &views[filled], &record[i], number);

		if (err == -ENOMEM)
			return out_of_memory();
		filled += err == 0;
	}
	qsort(views, filled, sizeof(*views), entry_view_compare);
	*ret = views;
	*ret_count = filled;
	return 0;
}

int entry_table(struct session *s, const struct entry_view *view, size_t count)
{
	struct table table = { .arena = &s->arena, .columns = 7 };
	struct text out = { 0 };

	table_row(&table, (const char *const[]){ "order", "preference", "service", "URI",
						 "template", "TTL", "note" });
	for (size_t i = 0; i < count; i++) {
		const struct entry_view *v = &view[i];
		const char *uri = v->uri != NULL ? v->uri : v->template;
		const char *cell[] = {
			arena_printf(&s->arena, "%u", v->order),
			arena_printf(&s->arena, "%u", v->preference),
			v->service,
			uri != NULL     ? uri :
			v->next != NULL ? arena_printf(&s->arena, "(go on at %s)", v->next) :
					  v->regexp,
			v->template != NULL && uri != NULL && strcmp(v->template, uri) != 0 ?
				v->template :
				"",
			arena_printf(&s->arena, "%u s", v->ttl),
			v->note,
		};

		table_row(&table, cell);
	}
	table_format(&out, &table, "  ");
	out.failed |= table.failed;
	return text_show(&out);
}

static void uris_json(struct text *out, const struct entry_view *view, size_t count)
{
	text_puts(out, ", \"uris\": [");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ", ");
		entry_view_json(out, &view[i]);
	}
	text_puts(out, "]}");
}

static void place_json(struct text *out, const char *number, const struct entry_place *place)
{
	text_puts(out, place->range ? "{\"prefix\": " : "{\"number\": ");
	text_json(out, slice_text(number));
	if (place->range && place->digits > 0)
		text_printf(out, ", \"digits\": %u", place->digits);
}

void entry_group_json(struct text *out, const char *number, const struct entry_place *place,
		      const struct entry_view *view, size_t count)
{
	place_json(out, number, place);
	uris_json(out, view, count);
}

/* The same with the name where it was found, and the range that it is from. */
static int show_json(const char *number, const struct found *found, const struct entry_view *view,
		     size_t count)
{
	const struct entry_place plain = { .range = false };
	struct text out = { 0 };
	char prefix[NUMBER_TEXT_ROOM];

	place_json(&out, number, &plain);
	text_puts(&out, ", \"owner\": ");
	text_json(&out, slice_text(found->place.owner_text));
	if (found->kind == FOUND_RANGE) {
		number_format(prefix, &found->place.entry.number);
		text_puts(&out, ", \"range\": ");
		place_json(&out, prefix, &found->place.entry);
		text_puts(&out, "}");
	}
	uris_json(&out, view, count);
	text_puts(&out, "\n");
	return text_show(&out);
}

/* Whether a caller gets anywhere. */
static bool leads_somewhere(const struct entry_view *view, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (view[i].uri != NULL || view[i].next != NULL)
			return true;
	return false;
}

static int run_show(struct session *s, int argc, char **argv)
{
	struct lookup lookup = { .session = s };
	struct number number;
	struct found found = { 0 };
	struct entry_view *view;
	size_t count;
	char text[NUMBER_TEXT_ROOM];

	if (argc != 2 || argv[1][0] == '-')
		return command_misuse(s, "one number");
	int code = place_number(argv[1], false, &number);
	if (code == 0)
		code = find_number(&lookup, &number, &found);
	if (code == 0)
		code = entry_views(s, found.record, found.count, &number, &view, &count);
	if (code != 0)
		return code;

	number_format(text, &number);
	if (s->json) {
		code = show_json(text, &found, view, count);
		return code == 0 && !leads_somewhere(view, count) ? EXIT_NOT_FOUND : code;
	}
	if (found.kind == FOUND_NOTHING)
		return command_fail(EXIT_NOT_FOUND, "%s: nothing at %s", text,
				    found.place.owner_text);
	if (found.kind == FOUND_RANGE)
		printf("%s   by the range %s, at %s\n", text,
		       place_range_text(&s->arena, &found.place.entry), found.place.owner_text);
	else
		printf("%s   at %s\n", text, found.place.owner_text);
	code = entry_table(s, view, count);
	return code == 0 && !leads_somewhere(view, count) ? EXIT_NOT_FOUND : code;
}

/* Deletes the records whose URI, as it was written or as it comes out, is among those named. */
static int unset_some(struct session *s, const struct found *found, const struct number *n,
		      struct changes *c, char **uri)
{
	char text[NUMBER_TEXT_ROOM];

	number_format(text, n);
	for (; *uri != NULL; uri++) {
		bool there = false;

		for (size_t i = 0; i < found->count; i++) {
			struct entry_view v;

			if (entry_view(&s->arena, &v, &found->record[i], n) < 0)
				continue;
			if ((v.uri == NULL || strcmp(v.uri, *uri) != 0) &&
			    (v.template == NULL || strcmp(v.template, *uri) != 0))
				continue;
			changes_delete(c, found->place.owner, KNOT_RRTYPE_NAPTR,
				       found->record[i].rdata);
			there = true;
		}
		if (!there)
			return command_fail(EXIT_NOT_FOUND, "%s does not lead to %s", text, *uri);
	}
	return c->failed ? out_of_memory() : 0;
}

static int run_unset(struct session *s, int argc, char **argv)
{
	struct lookup lookup = { .session = s };
	struct changes changes = { .arena = &s->arena };
	struct number number;
	struct found found = { 0 };
	const knot_dname_t *zone;
	char text[NUMBER_TEXT_ROOM];

	if (argc < 2 || argv[1][0] == '-')
		return command_misuse(s, "which number?");
	int code = place_number(argv[1], false, &number);
	if (code != 0)
		return code;
	number_format(text, &number);
	if (s->print && argc == 2)
		code = place_first(s, &number, false, 0, &found.place);
	else
		code = find_number(&lookup, &number, &found);
	if (code != 0)
		return code;
	if (found.kind == FOUND_RANGE)
		return command_fail(EXIT_NOT_FOUND,
				    "%s has nothing of its own; the range %s answers for it", text,
				    place_range_text(&s->arena, &found.place.entry));
	if (found.kind == FOUND_NOTHING && !s->print)
		return command_fail(EXIT_NOT_FOUND, "%s: nothing at %s", text,
				    found.place.owner_text);

	if (argc == 2)
		changes_delete_set(&changes, found.place.owner, KNOT_RRTYPE_NAPTR);
	else
		code = unset_some(s, &found, &number, &changes, argv + 2);
	if (code == 0)
		code = session_zone(s, found.place.owner, &zone);
	if (code == 0)
		code = send_changes(s, zone, &changes);
	if (code == 0 && !s->print)
		printf("%s: %s taken away\n", text, argc == 2 ? "all URIs" : "URI");
	return code;
}

static const char set_help[] =
	"The number then leads to these URIs and to no others; the first is tried first.\n"
	"In a URI {number} stands for the number as dialled, {digits} for it without \"+\".\n"
	"\n"
	"  --service NAME      sip, h323, pstn:tel, voice:tel+sms:tel ...; default: by the URI\n"
	"  --order N           default 100\n"
	"  --preference N      of the first URI, default 10; each further one has 10 more\n"
	"  --ttl SECONDS       default 60\n"
	"  --add               keep what is there, and come after it\n";

static const char import_help[] =
	"Each line: NUMBER,URI[,TTL[,SERVICE[,ORDER[,PREFERENCE]]]]; a first line of headings\n"
	"is skipped. A number on several lines has several URIs. Numbers in the file lose what\n"
	"they had before, unless --add; others are not touched. A bad line is reported and\n"
	"left out. The file goes out in updates of some hundred numbers: a number's lines that\n"
	"follow each other are one step, the whole file is not.\n"
	"\n"
	"  --add               keep what is there\n"
	"  --all-or-nothing    check every line first, and send nothing where one is bad; stop\n"
	"                      when the server refuses something. What was sent before that\n"
	"                      stays, unless the file fits one update (some hundred numbers)\n"
	"  --from LINE         go on where an interrupted import said\n"
	"  --ttl SECONDS       of lines that give none, default 60\n";

static const struct command commands[] = {
	{ .name = "set",
	  .run = run_set,
	  .usage = "NUMBER URI... [--service NAME] [--order N] [--preference N] [--ttl SECONDS] "
		   "[--add]",
	  .brief = "publish the URIs of a number",
	  .help = set_help },
	{ .name = "show",
	  .run = run_show,
	  .usage = "NUMBER",
	  .brief = "show where a number leads, and by which records" },
	{ .name = "unset",
	  .run = run_unset,
	  .usage = "NUMBER [URI...]",
	  .brief = "take a number's URIs away, or some of them" },
	{ .name = "list",
	  .run = number_list_run,
	  .usage = "[PREFIX]",
	  .brief = "list numbers (by zone transfer)" },
	{ .name = "import",
	  .run = number_import_run,
	  .usage = "FILE.csv|- [--add] [--all-or-nothing] [--from LINE] [--ttl SECONDS]",
	  .brief = "publish the numbers of a file",
	  .help = import_help },
	{ .name = "export",
	  .run = number_export_run,
	  .usage = "[PREFIX]",
	  .brief = "write numbers as CSV, as import reads it (by zone transfer)" },
	{ .name = NULL },
};

const struct command command_number = {
	.name = "number",
	.sub = commands,
	.brief = "numbers and the URIs they lead to",
};
