/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnetd import: a whole zone, or all its numbers, from a file. The file is read and packed here. Where a
 * server runs, it is handed what was packed and takes it over while it serves; where none does, it is put
 * into the store from here. Either way nothing has changed before all of it is there.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/onnetd.h"
#include "cmd/suffix.h"
#include "conf/conf.h"
#include "publish/rows.h"
#include "server/control.h"
#include "server/rights.h"
#include "server/sandbox.h"
#include "server/state.h"
#include "zone/import.h"

enum { SHOWN_TERMINAL_MS = 250, SHOWN_MS = 5000 };

static const char usage[] =
	"usage: onnetd import [-c FILE] [--csv] [--ttl SECONDS] [--suffix NAME] DOMAIN FILE\n"
	"\n"
	"Puts FILE in the place of the zone DOMAIN, while it is served. FILE is a zone file or, with\n"
	"--csv or a name that ends in .csv or .csv.gz, lines NUMBER,URI[,TTL[,SERVICE[,ORDER[,\n"
	"PREFERENCE]]]]; it may be packed with gzip; - is standard input. Such lines replace the\n"
	"numbers of the zone, and its other names stay; a zone file replaces all.\n"
	"\n"
	"  -c, --config FILE   the configuration (default /etc/onnet/onnet.yaml)\n"
	"      --csv           the file has lines of numbers\n"
	"      --ttl SECONDS   of lines that give none (default 60)\n"
	"      --suffix NAME   below which the numbers are (default: of the configuration, or DOMAIN)\n"
	"  -h, --help          this text\n";

struct import_command {
	const char *config, *domain, *path, *suffix;
	bool csv;
	uint32_t ttl;
	struct rows_place place;
	bool terminal;
	int64_t started_ms, shown_ms;
	int64_t phase_ms; /* when what is being done began */
};

/* --- progress --- */

static void print_left(int64_t ms)
{
	int64_t s = (ms + 999) / 1000;

	if (s >= 3600)
		fprintf(stderr, ", %" PRId64 ":%02" PRId64 ":%02" PRId64 " left", s / 3600,
			s / 60 % 60, s % 60);
	else
		fprintf(stderr, ", %" PRId64 ":%02" PRId64 " left", s / 60, s % 60);
}

/* Whether it is time to say something again. */
static bool is_due(struct import_command *c)
{
	int64_t now = clock_monotonic_ms();

	if (now - c->shown_ms < (c->terminal ? SHOWN_TERMINAL_MS : SHOWN_MS))
		return false;
	c->shown_ms = now;
	return true;
}

static void print_share(struct import_command *c, uint64_t done, uint64_t size)
{
	int64_t spent = clock_monotonic_ms() - c->phase_ms;

	if (size > 0 && done > 0 && done <= size) {
		fprintf(stderr, ", %.0f %%", 100.0 * (double)done / (double)size);
		print_left((int64_t)((double)spent * (double)(size - done) / (double)done));
	}
	fputs(c->terminal ? "" : "\n", stderr);
	fflush(stderr);
}

static void show_reading(const struct import_progress *progress, void *arg)
{
	struct import_command *c = arg;
	int64_t ms = clock_monotonic_ms() - c->started_ms;

	if (!is_due(c))
		return;
	fprintf(stderr, "%sreading: %" PRIu64 " records, %.0f a second",
		c->terminal ? "\r\033[K" : "", progress->records,
		(double)progress->records * 1000.0 / (double)(ms > 0 ? ms : 1));
	print_share(c, progress->octets, progress->size);
}

static void show_loading(struct import_command *c, uint64_t done, uint64_t size)
{
	if (!is_due(c))
		return;
	fprintf(stderr, "%sloading: %.1f MiB", c->terminal ? "\r\033[K" : "",
		(double)done / (1 << 20));
	print_share(c, done, size);
}

static void show_load(const struct store_load *load, void *arg)
{
	show_loading(arg, store_load_done(load), store_load_size(load));
}

static void clear_progress(const struct import_command *c)
{
	if (c->terminal)
		fputs("\r\033[K", stderr);
}

/* --- lines of numbers --- */

static int csv_begin(void **ret, const struct import_form *form)
{
	const struct import_command *c = form->arg;
	struct rows *rows;
	int err = rows_new(&rows, &c->place);

	if (err == 0)
		*ret = rows;
	return err;
}

static void csv_end(void *kept)
{
	rows_free(kept);
}

static int csv_read(struct import_batch *batch, void *kept, char *text, size_t size, uint64_t line)
{
	struct rows *rows = kept;
	uint64_t count = 0;
	int err = 0;

	rows_restart(rows);
	for (char *end, *stop = text + size; err == 0 && text < stop; text = end + 1, line++) {
		struct row row;

		end = memchr(text, '\n', (size_t)(stop - text));
		end = end != NULL ? end : stop;
		*end = '\0';

		int there = rows_read(rows, text, (size_t)(end - text), line == 1, &row);
		count += there != 0;
		if (there == 1)
			err = import_put(batch, row.key, line, &row.node);
		else if (there == -EINVAL)
			import_fault(batch, line, row.what, row.why);
		else
			err = there;
	}
	import_count(batch, count);
	return err;
}

static int csv_unite(struct import_batch *batch, struct slice key, uint64_t line,
		     const struct node *earlier, const struct node *later, struct arena *arena,
		     struct node *ret)
{
	int err = rows_unite(earlier, later, arena, ret);

	(void)key;
	if (err != -EMSGSIZE)
		return err;
	import_fault(batch, line, "", "a number has more URIs than fit a message");
	*ret = *earlier;
	return 0;
}

/* --- the zone --- */

static void say_done(const struct import_command *c, const char *what, uint64_t records)
{
	int64_t ms = clock_monotonic_ms() - c->started_ms;

	printf("%s: %" PRIu64 " records, %s; %.1f s, %.0f a second\n", c->domain, records, what,
	       (double)ms / 1000.0, (double)records * 1000.0 / (double)(ms > 0 ? ms : 1));
}

/* --- without a server --- */

static int switch_zone(struct store *store, const struct zone *zone, struct store_load *load,
		       bool numbers_only, struct import_serial *ret)
{
	struct store_txn *txn;
	int err = store_write_begin(store, &txn);

	if (err != 0)
		return err;
	err = import_switch(txn, zone, load, numbers_only, ret);
	if (err == 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

static int load_here(struct import_command *c, struct store *store, const struct zone *zone,
		     const struct pack_result *packed, uint64_t records)
{
	struct import_serial serial;
	struct store_load *load;
	char text[64];
	int err = store_load_new(&load, packed, zone->apex_labels);

	c->phase_ms = clock_monotonic_ms();
	if (err == 0) {
		err = import_load(store, load, show_load, c);
		if (err == 0)
			err = switch_zone(store, zone, load, c->csv, &serial);
		store_load_free(load);
	}
	clear_progress(c);
	if (err != 0) {
		fprintf(stderr, "onnetd: %s can't be stored: %s\n", c->domain, strerror(-err));
		return err;
	}
	snprintf(text, sizeof(text), "serial %" PRIu32, serial.after);
	say_done(c, text, records);
	return 0;
}

/* --- with one --- */

static int follow(struct import_command *c, int fd, uint64_t records)
{
	struct text line = { 0 };
	int there, err = -EPIPE;

	c->phase_ms = clock_monotonic_ms();
	while ((there = control_receive(fd, &line)) > 0) {
		const char *text = text_get(&line);
		uint64_t done, size;

		if (sscanf(text, "progress %" SCNu64 " %" SCNu64, &done, &size) == 2) {
			show_loading(c, done, size);
			continue;
		}
		clear_progress(c);
		err = strncmp(text, "done ", 5) == 0 ? 0 : -EIO;
		if (err == 0)
			say_done(c, text + 5, records);
		else
			fprintf(stderr, "onnetd: %s\n",
				strncmp(text, "failed ", 7) == 0 ? text + 7 : text);
		break;
	}
	if (there <= 0) {
		clear_progress(c);
		fprintf(stderr, "onnetd: the server ended before it was done; "
				"the zone is as it was, or see the log\n");
	}
	text_done(&line);
	return err;
}

/*
 * The server is called a second time, now that there is something to give: it would not have waited
 * for as long as a file takes.
 */
static int load_there(struct import_command *c, const char *folder,
		      const struct pack_result *packed, uint64_t records)
{
	char line[512];
	int size = snprintf(line, sizeof(line), "import %s %s %d %" PRIu64 " %" PRIu64, c->domain,
			    c->csv ? "numbers" : "zone", packed->cuts, packed->size[0],
			    packed->size[1]);
	int fd = -1, err = size < (int)sizeof(line) ? control_connect(&fd, folder) : -ENAMETOOLONG;

	if (err == 0)
		err = control_send(fd, line, packed->fd, PACK_FILES);
	if (err == 0)
		err = follow(c, fd, records);
	else
		fprintf(stderr,
			"onnetd: the server can't be told any more: %s; nothing was changed\n",
			strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

/* --- the command --- */

static int pack_file(struct import_command *c, const struct zone *zone, const char *folder,
		     struct pack **pack, struct pack_result *packed, uint64_t *records)
{
	const struct import_form csv = {
		.lines = true,
		.begin = csv_begin,
		.end = csv_end,
		.read = csv_read,
		.unite = csv_unite,
		.numbers_only = true,
		.arg = c,
	};
	const struct import_source source = {
		.zone = zone,
		.form = c->csv ? &csv : &import_master,
		.path = c->path,
		.folder = folder,
		.progress = show_reading,
		.arg = c,
	};
	struct text fault = { 0 };

	int err = import_pack(pack, packed, &source, records, &fault);
	clear_progress(c);
	if (err != 0) {
		fputs(text_get(&fault), stderr);
		fprintf(stderr, "onnetd: nothing was changed\n");
	}
	text_done(&fault);
	return err;
}

static int import(struct import_command *c, const struct state *state, const struct zone *zone)
{
	const char *folder = state->conf->storage;
	struct text fault = { 0 };
	struct store *store = NULL;
	struct pack *pack = NULL;
	struct pack_result packed;
	uint64_t records;
	int server;

	int err = control_connect(&server, folder);
	if (err == 0)
		close(server); /* it is there, and will be called when all is packed */
	else
		err = store_open(&store, folder, &fault);
	if (err != 0) {
		fprintf(stderr, "onnetd: %s\n", text_get(&fault));
		goto out;
	}
	err = pack_file(c, zone, folder, &pack, &packed, &records);
	if (err == 0)
		err = store != NULL ? load_here(c, store, zone, &packed, records) :
				      load_there(c, folder, &packed, records);
out:
	pack_free(pack);
	store_close(store);
	text_done(&fault);
	return err;
}

static int run(struct import_command *c, const struct state *state)
{
	const struct zone *zone = suffix_zone(state, c->domain);
	const struct conf *conf = state->conf;
	struct text fault = { 0 };

	if (zone == NULL) {
		fprintf(stderr, "onnetd: %s is no zone of %s\n", c->domain, conf->path);
		return -ENOENT;
	}
	if (zone->closed != NULL) {
		fprintf(stderr, "onnetd: %s is a copy: import it at its primary\n", c->domain);
		return -EPERM;
	}
	c->place.apex = zone->apex;
	c->place.e164 = c->suffix != NULL ?
				c->suffix :
				suffix_find(zone, conf->e164, conf->e164_count, c->domain);
	c->place.isn = c->suffix != NULL ? c->suffix :
					   suffix_find(zone, conf->isn, conf->isn_count, c->domain);
	c->place.ttl = c->ttl;

	int err = rights_follow(conf, &fault);
	if (err == 0)
		err = sandbox_enter_command(conf);
	if (err != 0)
		fputs(text_get(&fault), stderr);
	text_done(&fault);
	return err == 0 ? import(c, state, zone) : err;
}

static bool read_ttl(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*ret = (uint32_t)value;
	return *text >= '0' && *text <= '9' && *end == '\0' && value <= INT32_MAX;
}

/* -1, or the exit code with which to end. */
static int read_options(struct import_command *c, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "csv", no_argument, NULL, 'v' },
		{ "ttl", required_argument, NULL, 't' },
		{ "suffix", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		if (o == 'h') {
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		}
		if (o == 'c')
			c->config = optarg;
		else if (o == 'v')
			c->csv = true;
		else if (o == 's')
			c->suffix = optarg;
		else if (o != 't' || !read_ttl(optarg, &c->ttl)) {
			fputs(usage, stderr);
			return ONNETD_USAGE;
		}
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return ONNETD_USAGE;
	}
	c->domain = argv[optind];
	c->path = argv[optind + 1];
	c->csv = c->csv || suffix_is_csv(c->path);
	return -1;
}

int import_run(int argc, char **argv)
{
	struct import_command c = { .config = ONNETD_CONFIGURATION, .ttl = ENTRY_TTL };
	struct text fault = { 0 };
	struct state *state;
	int code = read_options(&c, argc, argv);

	if (code >= 0)
		return code;

	struct conf *conf = onnetd_conf(c.config);
	if (conf == NULL)
		return ONNETD_BAD_CONFIGURATION;
	if (state_new(&state, conf, &fault) != 0) {
		fputs(text_get(&fault), stderr);
		text_done(&fault);
		return ONNETD_BAD_CONFIGURATION;
	}
	c.terminal = isatty(STDERR_FILENO) == 1;
	c.started_ms = clock_monotonic_ms();
	c.phase_ms = c.started_ms;
	c.shown_ms = c.started_ms;
	code = run(&c, state) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	state_free(state);
	return code;
}
