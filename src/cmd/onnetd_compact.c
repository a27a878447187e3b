/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnetd compact: gives the free pages of the store back to the file system. Free pages are used
 * again by what comes next, so this pays after much was taken away for good, and is not done
 * where there is little to gain. A running server does it while it serves.
 */
#include "cmd/onnetd.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "server/control.h"
#include "server/rights.h"
#include "server/sandbox.h"
#include "store/compact.h"
#include "store/stat.h"

static const char usage[] =
	"usage: onnetd compact [-c FILE] [--force]\n"
	"\n"
	"  -c, --config FILE  the configuration (default /etc/onnet/onnet.yaml)\n"
	"      --force        even where less than a tenth of the file is free\n";

enum { GAIN_MIN = 10 /* percent */ };

/* How much of the data file is free, in percent. */
static int find_gain(const char *storage, unsigned *ret, struct text *fault)
{
	struct store_stat stat;
	struct store_txn *txn;
	struct store *store;
	int err = store_open_reader(&store, storage, fault);

	if (err != 0)
		return err;
	err = store_read_begin(store, &txn);
	if (err == 0) {
		err = store_stat(txn, &stat);
		store_read_end(txn);
	}
	store_close(store);
	if (err == 0)
		*ret = (unsigned)(stat.pages_free * 100 / stat.pages);
	return err;
}

/* A running server does it, and says how it went. */
static int compact_there(int fd, struct store_compact *ret, struct text *fault)
{
	struct text line = { 0 };
	int err = control_send(fd, "compact", NULL, 0);
	int there = err == 0 ? control_receive(fd, &line) : 0;
	const char *text = text_get(&line);

	err = -EIO;
	if (there > 0 && sscanf(text, "done %" SCNu64 " %" SCNu64, &ret->before, &ret->after) == 2)
		err = 0;
	else if (there > 0 && strncmp(text, "failed ", 7) == 0)
		text_puts(fault, text + 7);
	else
		text_puts(fault, "the server ended before it was done");
	text_done(&line);
	return err;
}

static int compact_store(const char *storage, struct store_compact *ret, struct text *fault)
{
	int server;

	if (control_connect(&server, storage) != 0)
		return store_compact(storage, ret, fault);
	int err = compact_there(server, ret, fault);
	close(server);
	return err;
}

static int compact(const struct conf *conf, bool force)
{
	const char *storage = conf->storage;
	struct store_compact sizes;
	struct text fault = { 0 };
	unsigned gain = 0;
	int err = access(storage, F_OK) == 0 ? 0 : -errno;

	if (err != 0) /* to look at it must not make it */
		text_printf(&fault, "storage %s: %s", storage, strerror(-err));
	else
		err = rights_follow(conf, &fault);
	if (err == 0)
		err = sandbox_enter_command(conf);
	if (err == 0)
		err = find_gain(storage, &gain, &fault);
	if (err == 0 && gain < GAIN_MIN && !force) {
		printf("%s: %u%% of the data file is free; left as it is\n", storage, gain);
		return EXIT_SUCCESS;
	}
	if (err == 0)
		err = compact_store(storage, &sizes, &fault);
	if (err == 0)
		printf("%s: %.1f MiB before, %.1f MiB now\n", storage,
		       (double)sizes.before / (1 << 20), (double)sizes.after / (1 << 20));
	else
		fprintf(stderr, "onnetd: %s\n", fault.size > 0 ? text_get(&fault) : strerror(-err));
	text_done(&fault);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int compact_run(int argc, char **argv)
{
	static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
					       { "force", no_argument, NULL, 'f' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	const char *path = ONNETD_CONFIGURATION;
	bool force = false;

	for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'f':
			force = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return ONNETD_USAGE;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return ONNETD_USAGE;
	}

	struct conf *conf = onnetd_conf(path);
	if (conf == NULL)
		return ONNETD_BAD_CONFIGURATION;
	int code = compact(conf, force);
	conf_free(conf);
	return code;
}
