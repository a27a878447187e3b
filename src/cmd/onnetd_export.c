/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnetd export: a zone as a zone file, or its numbers as lines that onnetd import takes. One snapshot
 * is read, beside a running server if there is one, so that what is written is the zone as it was
 * at one moment.
 *
 * A line says all there is about a record, or it is not written: each is read again the way an
 * import reads it, and has to come out as the record that is stored.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/onnetd.h"
#include "cmd/suffix.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/record.h"
#include "publish/rows.h"
#include "server/rights.h"
#include "server/sandbox.h"
#include "server/state.h"
#include "tel/naptr.h"
#include "zone/export.h"

enum { WRITE_SIZE = 1 << 18, SHOWN_MAX = 20 };

static const char usage[] =
	"usage: onnetd export [-c FILE] [--csv] [--suffix NAME] DOMAIN [FILE]\n"
	"\n"
	"Writes the zone DOMAIN as a zone file, in canonical order, or with --csv or a FILE that ends in\n"
	".csv or .csv.gz its numbers as lines NUMBER,URI,TTL[,SERVICE,ORDER,PREFERENCE]; what such a line\n"
	"can't say is told and left out. A name that ends in .gz packs it. Default: standard output.\n"
	"\n"
	"  -c, --config FILE   the configuration (default /etc/onnet/onnet.yaml)\n"
	"      --csv           lines of numbers\n"
	"      --suffix NAME   below which the numbers are (default: of the configuration, or DOMAIN)\n"
	"  -h, --help          this text\n";

struct export_command {
	const char *config, *domain, *path, *suffix;
	bool csv;
	const struct zone *zone;
	const char *e164, *isn;
	struct rows *rows;
	struct export_file *file;
	struct text out;
	struct arena arena; /* of a name */
	uint64_t left_out;
};

static int write_full(struct export_command *c)
{
	int err = c->out.size < WRITE_SIZE ? 0 : export_write(c->file, &c->out);

	if (c->out.size >= WRITE_SIZE)
		text_reset(&c->out);
	return c->out.failed ? -ENOMEM : err;
}

static int each_record(const knot_dname_t *name, const struct node *node, void *arg)
{
	struct export_command *c = arg;
	struct rrset_record record;
	struct rrset set;
	int err = 0;

	for (size_t i = 0; err == 0 && node_at(node, i, &set); i++)
		for (size_t pos = 0; err == 0 && rrset_next(&set, &pos, &record);) {
			const struct record r = { name, set.type, KNOT_CLASS_IN, record.ttl,
						  record.rdata };

			err = record_format(&c->out, &r);
			text_puts(&c->out, "\n");
		}
	return err == 0 ? write_full(c) : err;
}

/* --- lines of numbers --- */

static void leave_out(struct export_command *c, const knot_dname_t *name, const char *why)
{
	knot_dname_txt_storage_t text = "";

	if (c->left_out++ >= SHOWN_MAX)
		return;
	knot_dname_to_str(text, name, sizeof(text));
	fprintf(stderr, "%s: %s\n", text, why);
}

static bool find_number(const struct export_command *c, const knot_dname_t *name,
			struct number *ret)
{
	knot_dname_txt_storage_t text;

	if (knot_dname_to_str(text, name, sizeof(text)) == NULL)
		return false;
	return number_from_owner(ret, NUMBER_E164, text, c->e164) == 0 ||
	       number_from_owner(ret, NUMBER_ISN, text, c->isn) == 0;
}

/* "!^.*$!sip:a@b!" is what most are; "" where it is not of that form or something is escaped. */
static struct slice plain_uri(struct slice regexp)
{
	static const char head[] = "!^.*$!";
	size_t size = strlen(head);

	if (regexp.size < size + 2 || memcmp(regexp.data, head, size) != 0 ||
	    memchr(regexp.data, '\\', regexp.size) != NULL ||
	    memchr(regexp.data, '"', regexp.size) != NULL ||
	    memchr(regexp.data, ',', regexp.size) != NULL)
		return (struct slice){ 0 };
	return slice_make(regexp.data + size, regexp.size - size - 1);
}

/* The URI of a record, as a person would give it. NULL: it has none. */
static int add_uri(struct export_command *c, struct text *line, const struct record *r,
		   const struct naptr *naptr)
{
	struct slice uri = plain_uri(naptr->regexp);
	struct entry_view view;

	if (uri.size > 0) {
		text_add(line, uri.data, uri.size);
		return 0;
	}

	int err = entry_view(&c->arena, &view, r, NULL);
	if (err != 0)
		return err == -ENOMEM ? err : -EINVAL;
	if (view.template == NULL)
		return -EINVAL;
	csv_format(line, slice_text(view.template));
	return 0;
}

/* Whether the line, read again, is this record and no other. The line is not changed. */
static int is_same(struct export_command *c, const struct text *line, const struct record *r)
{
	uint8_t *node = arena_take(&c->arena, NODE_ONE_RDATA + r->rdata.size);
	char *copy = arena_text(&c->arena, text_get(line));
	struct row row;

	if (node == NULL || copy == NULL || line->failed)
		return -ENOMEM;

	size_t size =
		node_write_one(node, NODE_ONE_RDATA + r->rdata.size, r->type, r->ttl, r->rdata);
	int there = rows_read(c->rows, copy, line->size, false, &row);
	if (there != 1)
		return there == -ENOMEM ? there : 0;
	return row.node.size == size && memcmp(row.node.data, node, size) == 0;
}

/* The line of a record: short where that says all, else with all fields. 1; 0: no line says it. */
static int add_line(struct export_command *c, const struct number *number, const struct record *r)
{
	struct text line = { 0 };
	char text[NUMBER_TEXT_ROOM];
	struct naptr naptr;
	int same = 0;

	if (naptr_read(r->rdata, &naptr) != 0)
		return 0;
	number_format(text, number);
	text_printf(&line, "%s,", text);

	int err = add_uri(c, &line, r, &naptr);
	text_printf(&line, ",%" PRIu32, r->ttl);
	if (err == 0)
		same = is_same(c, &line, r);
	if (err == 0 && same == 0) {
		struct slice service = naptr.services;

		if (service.size > 4 && memcmp(service.data, "E2U+", 4) == 0)
			service = slice_make(service.data + 4, service.size - 4);
		text_puts(&line, ",");
		csv_format(&line, service);
		text_printf(&line, ",%u,%u", naptr.order, naptr.preference);
		same = is_same(c, &line, r);
	}
	if (err == 0 && same > 0) {
		text_puts(&line, "\n");
		text_add(&c->out, line.data, line.size);
	}
	text_done(&line);
	return err == -ENOMEM ? err : same;
}

static int each_number(const knot_dname_t *name, const struct node *node, void *arg)
{
	struct export_command *c = arg;
	struct rrset_record record;
	struct number number;
	struct rrset set;

	if (!find_number(c, name, &number)) {
		if (node_find(node, KNOT_RRTYPE_NAPTR, &set))
			leave_out(c, name, "the name is no number");
		return 0;
	}
	rows_restart(c->rows);
	for (size_t i = 0; node_at(node, i, &set); i++) {
		if (set.type != KNOT_RRTYPE_NAPTR) {
			leave_out(c, name, "a number has other records than NAPTR");
			continue;
		}
		for (size_t pos = 0; rrset_next(&set, &pos, &record);) {
			const struct record r = { name, set.type, KNOT_CLASS_IN, record.ttl,
						  record.rdata };

			arena_reset(&c->arena);
			int there = add_line(c, &number, &r);
			if (there < 0)
				return there;
			if (there == 0)
				leave_out(c, name, "no line says what this NAPTR record says");
		}
	}
	return write_full(c);
}

/* --- the command --- */

static int write_zone(struct export_command *c, struct store *store, struct store_txn *txn)
{
	const struct rows_place place = {
		.apex = c->zone->apex, .e164 = c->e164, .isn = c->isn, .ttl = ENTRY_TTL
	};
	int err = c->csv ? rows_new(&c->rows, &place) : 0;

	if (err == 0)
		err = export_open(&c->file, c->path);
	if (err != 0)
		return err;
	err = export_zone(txn, c->zone->apex, c->csv ? each_number : each_record, c);
	if (err == 0)
		err = export_write(c->file, &c->out);
	if (err == 0)
		err = store_reader_check(store);

	int closed = export_close(c->file, err == 0);
	return err == 0 ? closed : err;
}

static int export(struct export_command *c, const struct conf *conf)
{
	const char *folder = conf->storage;
	struct text fault = { 0 };
	struct store *store = NULL;
	struct store_txn *txn = NULL;
	int err = access(folder, F_OK) == 0 ? 0 : -errno;

	if (err == 0) {
		rights_borrow(conf); /* where it was not closed well, files are made there */
		err = store_open_reader(&store, folder, &fault);
		rights_return();
	}
	if (err == 0)
		err = sandbox_enter_command(conf);
	if (err == 0)
		err = store_read_begin(store, &txn);
	if (err == 0)
		err = write_zone(c, store, txn);
	if (err != 0)
		fprintf(stderr, "onnetd: %s: %s\n", c->domain,
			fault.size > 0 ? text_get(&fault) :
			err == -ENOENT ? "the store does not have this zone" :
			err == -ESTALE ? "the server was started anew meanwhile; do it again" :
					 strerror(-err));
	if (c->left_out > SHOWN_MAX)
		fprintf(stderr, "and %" PRIu64 " more\n", c->left_out - SHOWN_MAX);
	store_read_end(txn);
	store_close(store);
	rows_free(c->rows);
	text_done(&c->out);
	arena_done(&c->arena);
	text_done(&fault);
	return err;
}

static int run(struct export_command *c, const struct state *state)
{
	const struct conf *conf = state->conf;

	c->zone = suffix_zone(state, c->domain);
	if (c->zone == NULL) {
		fprintf(stderr, "onnetd: %s is no zone of %s\n", c->domain, conf->path);
		return EXIT_FAILURE;
	}
	c->e164 = c->suffix != NULL ? c->suffix :
				      suffix_find(c->zone, conf->e164, conf->e164_count, c->domain);
	c->isn = c->suffix != NULL ? c->suffix :
				     suffix_find(c->zone, conf->isn, conf->isn_count, c->domain);
	if (export(c, conf) != 0)
		return EXIT_FAILURE;
	return c->left_out == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* -1, or the exit code with which to end. */
static int read_options(struct export_command *c, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "csv", no_argument, NULL, 'v' },
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
		else
			break;
	}
	if (optind > argc || argc - optind < 1 || argc - optind > 2) {
		fputs(usage, stderr);
		return ONNETD_USAGE;
	}
	c->domain = argv[optind];
	c->path = argc - optind > 1 ? argv[optind + 1] : "-";
	c->csv = c->csv || suffix_is_csv(c->path);
	return -1;
}

int export_run(int argc, char **argv)
{
	struct export_command c = { .config = ONNETD_CONFIGURATION };
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
	code = run(&c, state);
	state_free(state);
	return code;
}
