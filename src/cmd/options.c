/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options that mean the same everywhere. They may stand in front of the command's words, between
 * them and behind them: a person who adds --print to a command that is typed already need not go
 * back. Therefore they are taken out one by one, before the command reads its own with
 * getopt_long(3).
 */
#include "cmd/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	char letter; /* 0: none */
	bool value;
} common[] = {
	{ "config", 'c', true }, { "server", 0, true },  { "key", 'k', true },
	{ "zone", 0, true },     { "timeout", 0, true }, { "tcp", 0, false },
	{ "print", 0, false },   { "json", 0, false },   { "tls", 0, true },
};

const char options_help[] =
	"  -c, --config FILE        onnet.yaml to use; else ./onnet.yaml,\n"
	"                           ~/.config/onnet/onnet.yaml, /etc/onnet/onnet.yaml\n"
	"      --server ADDRESS[@PORT]  the DNS server; else the first listen: of onnet.yaml\n"
	"  -k, --key KEY            sign with this key: an id of onnet.yaml, a file (BIND key\n"
	"                           clause, K*.private), [ALGORITHM:]ID:SECRET, or none\n"
	"      --zone DOMAIN        the zone to change; else found\n"
	"      --print              show the update as an nsupdate script, send nothing\n"
	"      --json               print JSON (commands that show things)\n"
	"      --tcp                TCP from the start\n"
	"      --tls NAME           over TLS; the server's certificate must be for NAME\n"
	"      --timeout SECONDS    for each try, default 3\n";

/* Seconds with decimals. */
static int set_timeout(struct session *s, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (*end != '\0' || end == value || !(seconds >= 0.001 && seconds <= 3600)) {
		command_fail(EXIT_USAGE, "--timeout '%s': seconds, up to 3600", value);
		return -EINVAL;
	}
	s->timeout_ms = (unsigned)(seconds * 1000);
	return 0;
}

static int set(struct session *s, const char *name, const char *value)
{
	if (strcmp(name, "config") == 0)
		s->conf_path = value;
	else if (strcmp(name, "server") == 0)
		s->server = value;
	else if (strcmp(name, "key") == 0)
		s->key = value;
	else if (strcmp(name, "zone") == 0)
		s->zone = value;
	else if (strcmp(name, "tcp") == 0)
		s->tcp = true;
	else if (strcmp(name, "tls") == 0)
		s->tls = value;
	else if (strcmp(name, "print") == 0)
		s->print = true;
	else if (strcmp(name, "json") == 0)
		s->json = true;
	else
		return set_timeout(s, value);
	return 0;
}

/* How argv[0] names the option: 0 not at all; 1 it does; 2 with a value in the same word. */
static int matches(const char *word, size_t option, const char *own, const char **value)
{
	size_t size = strlen(common[option].name);

	if (strncmp(word, "--", 2) == 0) {
		if ((own != NULL && strcmp(own, common[option].name) == 0) ||
		    strncmp(word + 2, common[option].name, size) != 0)
			return 0;
		*value = word + 2 + size + 1;
		return word[2 + size] == '\0' ? 1 : word[2 + size] == '=' ? 2 : 0;
	}
	if (word[0] != '-' || common[option].letter == 0 || word[1] != common[option].letter)
		return 0;
	*value = word + 2;
	return word[2] == '\0' ? 1 : 2;
}

int options_take(struct session *s, char **argv, int *at, const char *own)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		const char *value = NULL;
		int form = matches(argv[*at], i, own, &value);

		if (form == 0)
			continue;
		if (form == 2 && !common[i].value) {
			command_fail(EXIT_USAGE, "--%s takes no value", common[i].name);
			return -EINVAL;
		}
		if (form == 1 && common[i].value) {
			if (argv[*at + 1] == NULL) {
				command_fail(EXIT_USAGE, "--%s needs a value", common[i].name);
				return -EINVAL;
			}
			value = argv[++*at];
		}
		++*at;
		int err = set(s, common[i].name, value);
		return err < 0 ? err : 1;
	}
	return 0;
}
