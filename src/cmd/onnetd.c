/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnetd, the server: command line, signals, and the life of the process. SIGHUP reads the
 * configuration again; SIGTERM and SIGINT end the server after what was begun. A word in front of all options
 * is a command, which works on the store and serves nobody.
 */
#include "cmd/onnetd.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/supervisor.h"
#include "cmd/watchdog.h"
#include "dns/record.h"
#include "server/peer.h"
#include "server/server.h"

#ifndef ONNET_VERSION
#define ONNET_VERSION "unknown"
#endif

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "compact", compact_run },
	{ "export", export_run },
	{ "import", import_run },
	{ "stat", stat_run },
};

static const char usage[] =
	"usage: onnetd [-c FILE] [--check] [--verbose]\n"
	"       onnetd stat [-c FILE] [--json]\n"
	"       onnetd import [-c FILE] [--csv] [--ttl SECONDS] [--suffix NAME] DOMAIN FILE\n"
	"       onnetd export [-c FILE] [--csv] [--suffix NAME] DOMAIN [FILE]\n"
	"       onnetd compact [-c FILE] [--force]\n"
	"\n"
	"  -c, --config FILE  the configuration (default /etc/onnet/onnet.yaml)\n"
	"      --check        read the configuration, say what is wrong, and end\n"
	"  -v, --verbose      log more\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n"
	"\n"
	"SIGHUP reads the configuration again; SIGTERM ends. See onnetd(8).\n";

struct options {
	const char *path;
	bool check;
};

static int type_number(const char *name)
{
	uint16_t type;

	return type_parse(&type, name) == 0 ? type : -EINVAL;
}

/* Lines of a fault text, one log line each. */
static void log_fault(struct text *fault)
{
	char *rest = fault->data;

	for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0')
			log_error("%s", line);
	text_reset(fault);
}

struct conf *onnetd_conf(const char *path)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	int err = conf_read(&conf, path, type_number, &fault);

	if (err != 0 && fault.size == 0)
		text_printf(&fault, "%s: %s", path, strerror(-err));
	log_fault(&fault);
	text_done(&fault);
	return conf;
}

static void reload(struct server *server, const char *path)
{
	struct text fault = { 0 };

	supervisor_tell_reloading();

	struct conf *conf = onnetd_conf(path);
	int err = conf != NULL ? server_reload(server, conf, &fault) : -EINVAL;

	log_fault(&fault);
	text_done(&fault);
	if (err == 0)
		log_info("%s read again", path);
	else
		log_error("%s not taken; the server goes on as it was", path);
	server_reloaded(server, err == 0);
	supervisor_tell_status("READY=1", server_observed(server));
}

static void log_start(const struct conf *conf)
{
	struct text text = { 0 };
	char address[PEER_TEXT_ROOM];

	for (size_t i = 0; i < conf->listen_count; i++) {
		peer_format(address, (const struct sockaddr *)&conf->listen[i].socket);
		text_printf(&text, "%s%s", i > 0 ? " " : "", address);
	}
	log_info("onnetd %s: %zu zones, storage %s, starting at %s", ONNET_VERSION,
		 conf->zone_count, conf->storage, text_get(&text));
	text_done(&text);
}

/* Serves until a signal ends it. All threads are started with these signals blocked. */
static int serve(const struct options *options, struct conf *conf, const sigset_t *signals)
{
	struct server *server = NULL;
	struct watchdog *watchdog = NULL;
	struct text fault = { 0 };

	log_start(conf);

	int err = server_start(&server, conf, &fault);
	log_fault(&fault);
	text_done(&fault);
	if (err != 0)
		return EXIT_FAILURE;
	log_info("ready");
	supervisor_tell_status("READY=1", server_observed(server));
	err = watchdog_start(&watchdog, server_observed(server));
	if (err != 0)
		log_error("no watchdog: %s", strerror(-err));

	for (int number = 0;
	     sigwait(signals, &number) == 0 && (number == SIGHUP || number == SERVER_FOLLOW);) {
		if (number == SIGHUP)
			reload(server, options->path);
		else
			server_follow(server);
	}
	log_info("ending");
	supervisor_tell("STOPPING=1\nSTATUS=ending");
	watchdog_stop(watchdog);
	return server_stop(server) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(struct conf *conf, const char *path)
{
	struct text fault = { 0 };
	int err = server_check(conf, &fault);

	log_fault(&fault);
	text_done(&fault);
	if (err != 0)
		return ONNETD_BAD_CONFIGURATION;
	printf("%s: good\n", path);
	return EXIT_SUCCESS;
}

/* -1, or the exit code with which to end. */
static int read_options(struct options *ret, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' },
		{ "verbose", no_argument, NULL, 'v' },      { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "c:vhV", longs, NULL)) != -1;) {
		switch (c) {
		case 'c':
			ret->path = optarg;
			break;
		case 'k':
			ret->check = true;
			break;
		case 'v':
			log_limit(LOG_LEVEL_DEBUG);
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("onnetd " ONNET_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return ONNETD_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "onnetd: '%s' is not understood\n%s", argv[optind], usage);
		return ONNETD_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = { .path = ONNETD_CONFIGURATION };
	sigset_t signals;

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);

	int code = read_options(&options, argc, argv);
	if (code >= 0)
		return code;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SERVER_FOLLOW);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error like a full disk */

	struct conf *conf = onnetd_conf(options.path);
	if (conf == NULL)
		return ONNETD_BAD_CONFIGURATION;
	return options.check ? check(conf, options.path) : serve(&options, conf, &signals);
}
