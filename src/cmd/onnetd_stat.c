/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnetd stat: what the store holds and what it takes up, beside a running server or without one.
 * All of it is counted in one snapshot; nothing is changed and nobody waits.
 *
 * Of a zone that is a copy it shows when it was last known to be good, as the store has it: a server notes that
 * within an eighth of the time after which it expires, and within an hour. Copies that were never fetched are
 * shown, too: they are what an operator looks for.
 */
#include "cmd/onnetd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "cmd/grid.h"
#include "cmd/served.h"
#include "conf/conf.h"
#include "dns/record.h"
#include "server/copy.h"
#include "server/peer.h"
#include "server/rights.h"
#include "server/sandbox.h"
#include "store/stat.h"

static const char usage[] =
	"usage: onnetd stat [-c FILE] [--json]\n"
	"\n"
	"  -c, --config FILE  the configuration (default /etc/onnet/onnet.yaml)\n"
	"      --json         for programs; sizes in octets\n";

/* A zone of the store, or a copy that is not there yet. */
struct line {
	const char *domain;
	const struct served_zone *served; /* NULL: it is not */
	struct copy_version version;
	struct store_zone zone;
	struct store_zone_stat stat;
};

struct report {
	struct arena arena;
	const struct conf *conf;
	struct served *served;
	struct store_stat store;
	struct line *line;
	size_t lines;
	uint64_t numbers;        /* of all zones */
	uint64_t numbers_octets; /* of their entries */
	uint64_t octets;         /* of all entries for names */
};

/* --- gathering --- */

static bool is_copy(const struct line *line)
{
	return line->served != NULL && line->served->conf->primary_count > 0;
}

/* Seconds since 1970; 0: there is nothing that could. */
static uint64_t expires(const struct line *line)
{
	const struct copy_version *v = &line->version;

	return v->checked != 0 ? v->checked + v->timers.expire : 0;
}

static const char *domain_text(struct arena *arena, const knot_dname_t *apex)
{
	struct text text = { 0 };

	name_format(&text, apex);
	if (text.size > 1 && !text.failed)
		text.data[text.size - 1] = '\0'; /* the final dot says nothing here */

	const char *copy = text.failed ? NULL : arena_text(arena, text_get(&text));
	text_done(&text);
	return copy;
}

/* A line to be filled in; the last one. NULL: no memory. */
static struct line *line_new(struct report *r, const knot_dname_t *apex)
{
	struct line *all = realloc(r->line, (r->lines + 1) * sizeof(*all));

	if (all == NULL)
		return NULL;
	r->line = all;
	all[r->lines] = (struct line){ .domain = domain_text(&r->arena, apex),
				       .served = served_find(r->served, apex) };
	return all[r->lines].domain != NULL ? &all[r->lines++] : NULL;
}

static int line_add(struct report *r, struct store_txn *txn, const knot_dname_t *apex,
		    const struct store_zone *zone)
{
	struct line *line = line_new(r, apex);
	struct zone named;

	if (line == NULL)
		return -ENOMEM;
	line->zone = *zone;

	int err = knot_dname_store(named.apex, apex) > 0 ? 0 : -EINVAL;
	if (err == 0)
		err = store_zone_stat(txn, zone, &line->stat);
	if (err == 0)
		err = copy_version_get(&line->version, txn, &named);
	r->numbers += line->stat.numbers;
	r->numbers_octets += line->stat.numbers_octets;
	r->octets += line->stat.numbers_octets + line->stat.names_octets;
	return err;
}

/* Copies that the store does not have. */
static int gather_absent(struct report *r, struct store_txn *txn)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < served_count(r->served); i++) {
		const struct served_zone *served = served_at(r->served, i);
		struct store_zone zone;

		if (served->conf->primary_count == 0)
			continue;
		err = store_zone_get(txn, served->zone->apex, &zone);
		if (err == -ENOENT)
			err = line_new(r, served->zone->apex) != NULL ? 0 : -ENOMEM;
	}
	return err;
}

static int gather(struct report *r, struct store *store)
{
	knot_dname_storage_t apex = { 0xff };
	struct store_zone zone;
	struct store_txn *txn;
	int err = store_read_begin(store, &txn);

	if (err != 0)
		return err;
	err = store_stat(txn, &r->store);
	while (err == 0 && (err = store_zone_next(txn, apex, &zone)) == 0)
		err = line_add(r, txn, apex, &zone);
	if (err == -ENOENT)
		err = gather_absent(r, txn);
	store_read_end(txn);
	return err;
}

static double ratio(uint64_t a, uint64_t b)
{
	return b > 0 ? (double)a / (double)b : 0;
}

/*
 * Octets that a number takes, with its share of what the pages of all names have beside their
 * entries.
 */
static double octets_per_number(const struct report *r)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < r->store.tables; i++)
		if (strcmp(r->store.table[i].name, "names") == 0)
			pages = r->store.table[i].pages;
	return ratio(pages * r->store.page_size, r->octets) * ratio(r->numbers_octets, r->numbers);
}

/* --- for people --- */

/* "12,345,678" */
static const char *count_text(struct arena *arena, uint64_t count)
{
	char digits[24], text[32];
	int size = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	size_t at = 0;

	for (int i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return arena_text(arena, text);
}

/* "1.5 GiB": three digits are enough at night. */
static const char *size_text(struct arena *arena, uint64_t octets)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double amount = (double)octets;
	size_t unit = 0;

	while (amount >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		amount /= 1024;
		unit++;
	}
	return arena_printf(arena, amount < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", amount,
			    units[unit]);
}

static const char *age_text(struct arena *arena, uint64_t seconds)
{
	if (seconds < 120)
		return arena_printf(arena, "%llu s", (unsigned long long)seconds);
	if (seconds < 2 * 3600)
		return arena_printf(arena, "%llu min", (unsigned long long)(seconds / 60));
	if (seconds < 2 * 86400)
		return arena_printf(arena, "%.1f h", (double)seconds / 3600);
	return arena_printf(arena, "%.1f d", (double)seconds / 86400);
}

static void store_format(struct text *out, struct report *r)
{
	const struct store_stat *s = &r->store;
	struct arena *arena = &r->arena;
	uint64_t used = s->pages - s->pages_free;

	text_printf(out, "storage %s\n\n", r->conf->storage);
	text_printf(out, "data file        %10s\n", size_text(arena, s->file_size));
	text_printf(out, "  in use         %10s  %.0f%%\n", size_text(arena, used * s->page_size),
		    100 * ratio(used, s->pages));
	text_printf(out, "  free           %10s  used again before the file grows\n",
		    size_text(arena, s->pages_free * s->page_size));
	if (s->pages_held > 0 && s->reader_oldest < s->snapshot)
		text_printf(out, "    held back    %10s  by readers of older snapshots\n",
			    size_text(arena, s->pages_held * s->page_size));
	if (s->journal_size > 0)
		text_printf(out, "journal          %10s\n", size_text(arena, s->journal_size));
	if (s->checkpoint > 0)
		text_printf(out, "last checkpoint  %10s  ago, %s commits before this snapshot\n",
			    age_text(arena, clock_wall_s() - s->checkpoint_s),
			    count_text(arena, s->snapshot - s->checkpoint));
	if (s->readers > 0)
		text_printf(out, "readers          %10s  of %s; the oldest is %s commits behind\n",
			    count_text(arena, s->readers), count_text(arena, s->readers_max),
			    count_text(arena, s->snapshot - s->reader_oldest));
	else
		text_printf(out, "readers          %10s  no server is running\n", "none");
	if (r->numbers > 0)
		text_printf(out, "a number takes   %10s  octets, all in all\n",
			    arena_printf(arena, "%.2f", octets_per_number(r)));
	text_printf(out, "compaction saves %10s  %.0f%% of the file\n\n",
		    size_text(arena, s->pages_free * s->page_size),
		    100 * ratio(s->pages_free, s->pages));
}

static void tables_format(struct text *out, struct report *r, struct grid *grid)
{
	static const char *const heads[GRID_COLUMNS] = { "table", "entries", "depth", "pages",
							 "size" };
	const struct store_stat *s = &r->store;
	struct arena *arena = &r->arena;

	grid->rows = 0;
	grid_row(grid, heads);
	for (size_t i = 0; i < s->tables; i++) {
		const struct store_table *t = &s->table[i];
		const char *cell[GRID_COLUMNS] = { t->name, count_text(arena, t->entries),
						   count_text(arena, t->depth),
						   count_text(arena, t->pages),
						   size_text(arena, t->pages * s->page_size) };

		grid_row(grid, cell);
	}
	grid_format(out, grid);
}

static void zones_format(struct text *out, struct report *r, struct grid *grid)
{
	static const char *const heads[GRID_COLUMNS] = { "zone",   "serial",    "numbers",
							 "blocks", "B/number",  "other names",
							 "size",   "change log" };
	struct arena *arena = &r->arena;

	grid->rows = 0;
	grid_row(grid, heads);
	for (size_t i = 0; i < r->lines; i++) {
		const struct line *l = &r->line[i];
		const struct store_zone_stat *z = &l->stat;
		const char *cell[GRID_COLUMNS] = {
			l->served != NULL ? l->domain :
					    arena_printf(arena, "%s (not served)", l->domain),
			l->version.there ? arena_printf(arena, "%u", l->version.serial) : "-",
			count_text(arena, z->numbers),
			count_text(arena, z->blocks),
			z->numbers > 0 ?
				arena_printf(arena, "%.2f", ratio(z->numbers_octets, z->numbers)) :
				"-",
			count_text(arena, z->names),
			size_text(arena, z->numbers_octets + z->names_octets),
			arena_printf(arena, "%s in %s", size_text(arena, l->zone.log_size),
				     count_text(arena, l->zone.log_next - l->zone.log_first)),
		};

		grid_row(grid, cell);
	}
	text_puts(out, "\n");
	grid_format(out, grid);
}

/* "127.0.0.1@53, 192.0.2.1@53" */
static const char *primaries_text(struct arena *arena, const struct conf_zone *conf)
{
	const char *all = conf->primary_count > 0 ? "" : "itself";

	for (size_t i = 0; i < conf->primary_count && all != NULL; i++) {
		char name[PEER_TEXT_ROOM];

		peer_format(name, (const struct sockaddr *)&conf->primary[i].address.socket);
		all = arena_printf(arena, "%s%s%s", all, i > 0 ? ", " : "", name);
	}
	return all;
}

static const char *checked_text(struct arena *arena, const struct line *l, uint64_t now)
{
	uint64_t checked = l->version.checked;

	if (!is_copy(l))
		return "-";
	if (!l->version.there)
		return "not fetched yet";
	if (checked == 0)
		return "not yet";
	return arena_printf(arena, "%s ago", age_text(arena, checked < now ? now - checked : 0));
}

static const char *expiry_text(struct arena *arena, const struct line *l, uint64_t now)
{
	uint64_t time = expires(l);

	if (!is_copy(l) || time == 0)
		return "-";
	if (time <= now)
		return arena_printf(arena, "%s ago", age_text(arena, now - time));
	return arena_printf(arena, "in %s", age_text(arena, time - now));
}

/* Zones that come from elsewhere: copies, and what catalogs list. */
static void copies_format(struct text *out, struct report *r, struct grid *grid)
{
	static const char *const heads[GRID_COLUMNS] = { "copy", "of", "checked", "expires",
							 "catalog" };
	uint64_t now = clock_wall_s();
	struct arena *arena = &r->arena;

	grid->rows = 0;
	grid_row(grid, heads);
	for (size_t i = 0; i < r->lines; i++) {
		const struct line *l = &r->line[i];

		if (!is_copy(l) && (l->served == NULL || l->served->catalog == NULL))
			continue;

		const char *cell[GRID_COLUMNS] = {
			l->domain, primaries_text(arena, l->served->conf),
			checked_text(arena, l, now), expiry_text(arena, l, now),
			l->served->catalog != NULL ? l->served->catalog : "-"
		};
		grid_row(grid, cell);
	}
	if (grid->rows == 1)
		return;
	text_puts(out, "\n");
	grid_format(out, grid);
}

/* --- for programs --- */

struct field {
	const char *name;
	uint64_t value;
};

static void fields_json(struct text *out, const struct field *field, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_printf(out, ", \"%s\": %llu", field[i].name,
			    (unsigned long long)field[i].value);
}

/* Where a zone comes from, if from elsewhere. */
static void origin_json(struct text *out, const struct line *l)
{
	const struct served_zone *served = l->served;

	text_printf(out, ", \"role\": %s",
		    served == NULL ? "null" :
		    is_copy(l)     ? "\"copy\"" :
				     "\"primary\"");
	if (served != NULL && served->catalog != NULL) {
		text_puts(out, ", \"catalog\": ");
		text_json(out, slice_text(served->catalog));
	}
	if (!is_copy(l))
		return;
	text_puts(out, ", \"primaries\": [");
	for (size_t i = 0; i < served->conf->primary_count; i++) {
		char name[PEER_TEXT_ROOM];

		peer_format(name,
			    (const struct sockaddr *)&served->conf->primary[i].address.socket);
		text_puts(out, i > 0 ? ", " : "");
		text_json(out, slice_text(name));
	}
	text_printf(out, "], \"fetched\": %s", l->version.there ? "true" : "false");
	fields_json(out,
		    (const struct field[]){ { "checked", l->version.checked },
					    { "expires", expires(l) } },
		    2);
}

static void zone_json(struct text *out, const struct line *l)
{
	const struct field fields[] = {
		{ "serial", l->version.serial },
		{ "numbers", l->stat.numbers },
		{ "blocks", l->stat.blocks },
		{ "numbers_size", l->stat.numbers_octets },
		{ "names", l->stat.names },
		{ "names_size", l->stat.names_octets },
		{ "log_entries", l->zone.log_next - l->zone.log_first },
		{ "log_size", l->zone.log_size },
	};

	text_puts(out, "{\"domain\": ");
	text_json(out, slice_text(l->domain));
	text_printf(out, ", \"served\": %s", l->served != NULL ? "true" : "false");
	origin_json(out, l);
	fields_json(out, fields, sizeof(fields) / sizeof(fields[0]));
	text_puts(out, "}");
}

static void report_json(struct text *out, const struct report *r)
{
	const struct store_stat *s = &r->store;
	const struct field fields[] = {
		{ "file_size", s->file_size },
		{ "page_size", s->page_size },
		{ "pages", s->pages },
		{ "pages_free", s->pages_free },
		{ "pages_held", s->pages_held },
		{ "compaction_saves", s->pages_free * s->page_size },
		{ "snapshot", s->snapshot },
		{ "readers", s->readers },
		{ "readers_max", s->readers_max },
		{ "reader_oldest", s->reader_oldest },
		{ "journal_size", s->journal_size },
		{ "checkpoint", s->checkpoint },
		{ "checkpoint_time", s->checkpoint_s },
		{ "numbers", r->numbers },
	};

	text_puts(out, "{\"storage\": ");
	text_json(out, slice_text(r->conf->storage));
	fields_json(out, fields, sizeof(fields) / sizeof(fields[0]));
	text_printf(out, ", \"octets_per_number\": %.3f,\n \"tables\": [", octets_per_number(r));
	for (size_t i = 0; i < s->tables; i++) {
		const struct store_table *t = &s->table[i];

		text_puts(out, i > 0 ? ",\n  {\"name\": " : "\n  {\"name\": ");
		text_json(out, slice_text(t->name));
		fields_json(out,
			    (const struct field[]){ { "entries", t->entries },
						    { "depth", t->depth },
						    { "pages", t->pages } },
			    3);
		text_puts(out, "}");
	}
	text_puts(out, "],\n \"zones\": [");
	for (size_t i = 0; i < r->lines; i++) {
		text_puts(out, i > 0 ? ",\n  " : "\n  ");
		zone_json(out, &r->line[i]);
	}
	text_puts(out, "]}\n");
}

/* --- the command --- */

static int report_show(struct report *r, bool json)
{
	struct grid *grid = arena_zero(&r->arena, sizeof(*grid));
	struct text out = { 0 };

	if (grid == NULL)
		return -ENOMEM;
	if (json) {
		report_json(&out, r);
	} else {
		store_format(&out, r);
		tables_format(&out, r, grid);
		if (r->lines > 0)
			zones_format(&out, r, grid);
		copies_format(&out, r, grid);
	}
	int err = out.failed ? -ENOMEM : 0;
	if (err == 0)
		err = fputs(text_get(&out), stdout) >= 0 && fflush(stdout) == 0 ? 0 : -EIO;
	text_done(&out);
	return err;
}

static int stat_show(const struct conf *conf, bool json)
{
	struct report report = { .conf = conf };
	struct text fault = { 0 };
	struct store *store = NULL;
	int err = access(conf->storage, F_OK) == 0 ? 0 : -errno;

	if (err != 0) /* to look at it must not make it */
		text_printf(&fault, "storage %s: %s", conf->storage, strerror(-err));
	else
		err = rights_follow(conf, &fault);
	if (err == 0)
		err = sandbox_enter_command(conf);
	if (err == 0)
		err = store_open_reader(&store, conf->storage, &fault);
	if (err == 0)
		err = served_new(&report.served, store, conf, &fault);
	if (err == 0)
		err = gather(&report, store);
	if (err == 0)
		err = report_show(&report, json);
	served_free(report.served);
	store_close(store);
	if (err != 0)
		fprintf(stderr, "onnetd: %s\n", fault.size > 0 ? text_get(&fault) : strerror(-err));
	text_done(&fault);
	free(report.line);
	arena_done(&report.arena);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int stat_run(int argc, char **argv)
{
	static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
					       { "json", no_argument, NULL, 'j' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	const char *path = ONNETD_CONFIGURATION;
	bool json = false;

	for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		if (c == 'h') {
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		}
		if (c != 'c' && c != 'j') {
			fputs(usage, stderr);
			return ONNETD_USAGE;
		}
		if (c == 'c')
			path = optarg;
		else
			json = true;
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return ONNETD_USAGE;
	}

	struct conf *conf = onnetd_conf(path);
	if (conf == NULL)
		return ONNETD_BAD_CONFIGURATION;
	int code = stat_show(conf, json);
	conf_free(conf);
	return code;
}
