/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet number list, number export, range list: what is published, for people, programs and
 * spreadsheets. A number's URIs are shown as they come out for it, a range's as they were written.
 */
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "cmd/command.h"
#include "cmd/listing.h"
#include "cmd/number.h"
#include "cmd/send.h"
#include "publish/csv.h"
#include "publish/table.h"

enum { OUTPUT_SIZE = 64 * 1024 }; /* octets gathered before they are written */

/* One number or range and its URIs; lives until the next one. */
struct group {
	const char *number;
	struct entry_place place;
	struct entry_view *view;
	size_t count;
};

/* What is done with each, in the order of numbers; an exit code. */
struct visitor {
	int (*visit)(const struct group *group, void *arg);
	void *arg;
};

static int each_group(struct session *s, const struct listing *l, const struct visitor *v)
{
	struct session scratch = *s; /* its arena lives for one group */
	const struct listing_item *item;
	size_t pos = 0, count;
	int code = 0;

	scratch.arena = (struct arena){ 0 };
	while (code == 0 && (count = listing_next(l, &pos, &item)) > 0) {
		struct group g = { .number = item->number };
		const char *why;

		g.place.range = l->ranges;
		g.place.digits = item->digits;
		struct record *r = arena_zero(&scratch.arena, count * sizeof(*r));
		if (r == NULL) {
			code = command_fail(EXIT_INTERNAL, "out of memory");
			break;
		}
		for (size_t i = 0; i < count; i++) {
			r[i].rdata = item[i].rdata;
			r[i].ttl = item[i].ttl;
		}
		if (!l->ranges && number_parse(&g.place.number, item->number, &why) < 0)
			continue;
		code = entry_views(&scratch, r, count, l->ranges ? NULL : &g.place.number, &g.view,
				   &g.count);
		if (code == 0)
			code = v->visit(&g, v->arg);
		arena_reset(&scratch.arena);
	}
	arena_done(&scratch.arena);
	return code;
}

/* What has been put together goes out when it is enough, and at the end. */
static int flush(struct text *out, size_t limit)
{
	if (out->failed)
		return command_fail(EXIT_INTERNAL, "out of memory");
	if (out->size < limit)
		return 0;
	if (fwrite(text_get(out), 1, out->size, stdout) != out->size)
		return command_fail(EXIT_INTERNAL, "writing failed: %m");
	text_reset(out);
	return 0;
}

struct list {
	struct text out;
	int number_width, service_width;
	size_t groups;
};

static int list_measure(const struct group *g, void *arg)
{
	struct list *list = arg;
	int width = (int)strlen(g->number);

	list->number_width = width > list->number_width ? width : list->number_width;
	for (size_t i = 0; i < g->count; i++) {
		width = (int)strlen(g->view[i].service);
		list->service_width = width > list->service_width ? width : list->service_width;
	}
	return 0;
}

static void line_format(struct list *list, const struct group *g, const struct entry_view *v)
{
	const char *uri = v->uri != NULL ? v->uri : v->template;

	text_printf(&list->out, "%-*s  ", list->number_width, g->number);
	if (g->place.range && g->place.digits > 0)
		text_printf(&list->out, "%6u  ", g->place.digits);
	else if (g->place.range)
		text_puts(&list->out, "   any  ");
	text_printf(&list->out, "%5u %10u  %-*s  %6u s  ", v->order, v->preference,
		    list->service_width, v->service, v->ttl);
	if (uri != NULL)
		text_visible(&list->out, slice_text(uri));
	else if (v->next != NULL)
		text_printf(&list->out, "(go on at %s)", v->next);
	else
		text_visible(&list->out, slice_text(v->regexp));
	if (v->note != NULL)
		text_printf(&list->out, "  (%s)", v->note);
	text_puts(&list->out, "\n");
}

static int list_visit(const struct group *g, void *arg)
{
	struct list *list = arg;

	for (size_t i = 0; i < g->count; i++)
		line_format(list, g, &g->view[i]);
	return flush(&list->out, OUTPUT_SIZE);
}

static int list_json(const struct group *g, void *arg)
{
	struct list *list = arg;

	text_puts(&list->out, list->groups++ == 0 ? "[\n" : ",\n");
	entry_group_json(&list->out, g->number, &g->place, g->view, g->count);
	return flush(&list->out, OUTPUT_SIZE);
}

static int list_show(struct session *s, const struct listing *l)
{
	struct list list = { .number_width = 6, .service_width = 7 };
	const struct visitor measure = { list_measure, &list };
	const struct visitor show = { s->json ? list_json : list_visit, &list };
	int code = 0;

	if (!s->json && l->count > 0) {
		code = each_group(s, l, &measure);
		text_printf(&list.out, "%-*s  %sorder preference  %-*s  %8s  URI\n",
			    list.number_width, l->ranges ? "prefix" : "number",
			    l->ranges ? "digits  " : "", list.service_width, "service", "TTL");
	}
	if (code == 0)
		code = each_group(s, l, &show);
	if (s->json)
		text_puts(&list.out, list.groups == 0 ? "[]\n" : "\n]\n");
	if (code == 0)
		code = flush(&list.out, 0);
	text_done(&list.out);
	return code;
}

static int list_run(struct session *s, int argc, char **argv, bool ranges)
{
	struct listing listing;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return command_misuse(s, "one prefix at most");
	int code = listing_read(s, &listing, argc == 2 ? argv[1] : NULL, ranges);
	if (code != 0)
		return code;
	code = list_show(s, &listing);
	listing_done(&listing);
	return code;
}

int number_list_run(struct session *s, int argc, char **argv)
{
	return list_run(s, argc, argv, false);
}

int range_list_run(struct session *s, int argc, char **argv)
{
	return list_run(s, argc, argv, true);
}

struct export
{
	struct text out;
	size_t left_out;
};

static int export_visit(const struct group *g, void *arg)
{
	struct export *export = arg;

	for (size_t i = 0; i < g->count; i++) {
		const struct entry_view *v = &g->view[i];
		const char *uri = v->template != NULL ? v->template : v->uri;
		const char *service = v->service;

		if (strncasecmp(service, "E2U+", 4) == 0)
			service += 4;
		else
			uri = NULL;
		if (uri == NULL || v->note != NULL) {
			fprintf(stderr, "onnet: %s, order %u, preference %u: left out: %s\n",
				g->number, v->order, v->preference,
				v->note != NULL ? v->note : "it leads to no URI by ENUM");
			export->left_out++;
			continue;
		}
		text_printf(&export->out, "%s,", g->number);
		csv_format(&export->out, slice_text(uri));
		text_printf(&export->out, ",%u,", v->ttl);
		csv_format(&export->out, slice_text(service));
		text_printf(&export->out, ",%u,%u\n", v->order, v->preference);
	}
	return flush(&export->out, OUTPUT_SIZE);
}

int number_export_run(struct session *s, int argc, char **argv)
{
	struct listing listing;
	struct export export = { .left_out = 0 };
	const struct visitor visitor = { export_visit, &export };

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return command_misuse(s, "one prefix at most");
	int code = listing_read(s, &listing, argc == 2 ? argv[1] : NULL, false);
	if (code != 0)
		return code;

	text_puts(&export.out, "number,uri,ttl,service,order,preference\n");
	code = each_group(s, &listing, &visitor);
	if (code == 0)
		code = flush(&export.out, 0);
	if (code == 0 && listing.passed_over > 0)
		fputs("onnet: ranges are not in this file: see onnet range list\n", stderr);
	text_done(&export.out);
	listing_done(&listing);
	return code == 0 && export.left_out > 0 ? EXIT_PARTLY : code;
}
