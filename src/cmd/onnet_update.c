/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet update: scripts as nsupdate(1) reads them, so that what people have goes on working. The
 * words are rows of a table. Where nsupdate is silent this is not: a mistake names its line,
 * changes that no "send" follows are an error, and a refusal comes with the server's reason. As
 * nsupdate does, it goes on after an update that was refused, since each "send" stands for
 * itself.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/session.h"

struct script {
	struct session *s;
	const char *file;
	unsigned long line;
	const char *zone; /* of "zone"; NULL: found by the first name */
	uint32_t ttl;
	bool has_ttl;
	bool no_check;
	bool pending; /* something to send */
	bool quit;
	unsigned done, refused;
	int code; /* of the first refusal */
	char answer[512];
};

__attribute__((format(printf, 3, 4))) static int fault(const struct script *x, int code,
						       const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "onnet: %s:%lu: ", x->file, x->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

/* --- words --- */

/* The next word of the line, cut out of it; NULL: there is none, or a comment. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t");

	if (*word == '\0' || *word == ';')
		return NULL;
	size_t size = strcspn(word, " \t");
	*at = word + size;
	if (**at != '\0')
		*(*at)++ = '\0';
	return word;
}

/* Looks at the next word without taking it; "" where there is none. */
static const char *peek_word(char *at, char ret[32])
{
	at += strspn(at, " \t");
	snprintf(ret, 32, "%.*s", *at == ';' ? 0 : (int)strcspn(at, " \t"), at);
	return ret;
}

/* Seconds, or 1h30m as in zone files of BIND. */
static bool ttl_parse(const char *text, uint32_t *ret)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	uint64_t total = 0;

	if (*text < '0' || *text > '9' || strlen(text) > 20)
		return false;
	while (*text != '\0') {
		char *end;
		uint64_t value = strtoull(text, &end, 10);
		uint64_t factor = *end == '\0' ? 1 : 0;

		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if ((*end | 0x20) == units[i].unit)
				factor = units[i].seconds;
		if (end == text || factor == 0 || value > INT32_MAX)
			return false;
		total += value * factor;
		text = *end == '\0' ? end : end + 1;
	}
	if (total > INT32_MAX)
		return false;
	*ret = (uint32_t)total;
	return true;
}

static int read_name(struct script *x, char **at, const knot_dname_t **ret)
{
	const char *word = next_word(at);

	if (word == NULL)
		return fault(x, EXIT_INPUT, "a name is missing");
	*ret = name_parse(&x->s->arena, NULL, word);
	return *ret != NULL ? 0 : fault(x, EXIT_INPUT, "'%s' is no domain name", word);
}

static void skip_class(char **at)
{
	char word[32];

	peek_word(*at, word);
	if (strcasecmp(word, "IN") == 0 || strcasecmp(word, "ANY") == 0 ||
	    strcasecmp(word, "NONE") == 0)
		next_word(at);
}

/* What is left of the line, as RDATA; data NULL where there is nothing. */
static int read_rdata(struct script *x, char *at, uint16_t type, struct slice *ret)
{
	char word[32];
	const char *why;

	*ret = (struct slice){ 0 };
	if (peek_word(at, word)[0] == '\0')
		return 0;
	int err = rdata_parse(&x->s->arena, ret, (const knot_dname_t *)"", type, at, &why);
	if (err < 0)
		return fault(x, err == -EINVAL ? EXIT_INPUT : EXIT_INTERNAL, "%s", why);
	return 0;
}

static int read_type(struct script *x, char **at, uint16_t *ret)
{
	const char *word = next_word(at);

	if (word == NULL)
		return fault(x, EXIT_INPUT, "a record type is missing");
	if (type_parse(ret, word) < 0)
		return fault(x, EXIT_INPUT, "'%s' is no record type", word);
	return 0;
}

/* --- what goes into an update --- */

/* The update begins with its first prerequisite or change, whose name tells the zone. */
static int begin(struct script *x, const knot_dname_t *name)
{
	const knot_dname_t *zone;
	int code;

	if (x->pending)
		return 0;
	if (x->zone != NULL)
		code = session_name(x->s, x->zone, &zone, "zone");
	else
		code = session_zone(x->s, name, &zone);
	if (code == 0)
		code = session_update_begin(x->s, zone);
	x->pending = code == 0;
	return code == 0 ? 0 : fault(x, code, "this line is where it stopped");
}

static int do_prereq_form(struct script *x, char *at, uint16_t rclass, bool name_only)
{
	struct record r = { .type = KNOT_RRTYPE_ANY, .rclass = rclass };

	int code = read_name(x, &at, &r.owner);
	if (code == 0 && !name_only) {
		skip_class(&at);
		code = read_type(x, &at, &r.type);
		if (code == 0 && rclass == KNOT_CLASS_ANY)
			code = read_rdata(x, at, r.type, &r.rdata);
		if (r.rdata.data != NULL)
			r.rclass = KNOT_CLASS_IN; /* RFC 2136 2.4.2, "Value Dependent" */
	}
	if (code == 0)
		code = begin(x, r.owner);
	return code == 0 ? session_update_require(x->s, &r) : code;
}

static int do_nxdomain(struct script *x, char *at)
{
	return do_prereq_form(x, at, KNOT_CLASS_NONE, true);
}

static int do_yxdomain(struct script *x, char *at)
{
	return do_prereq_form(x, at, KNOT_CLASS_ANY, true);
}

static int do_nxrrset(struct script *x, char *at)
{
	return do_prereq_form(x, at, KNOT_CLASS_NONE, false);
}

static int do_yxrrset(struct script *x, char *at)
{
	return do_prereq_form(x, at, KNOT_CLASS_ANY, false);
}

static int do_add(struct script *x, char *at)
{
	struct record r = { .rclass = KNOT_CLASS_IN, .ttl = x->ttl };
	char word[32];
	bool has_ttl = x->has_ttl;

	int code = read_name(x, &at, &r.owner);
	if (code != 0)
		return code;
	if (ttl_parse(peek_word(at, word), &r.ttl)) {
		next_word(&at);
		has_ttl = true;
	}
	if (!has_ttl)
		return fault(x, EXIT_INPUT, "a TTL in seconds comes after the name");
	skip_class(&at);
	code = read_type(x, &at, &r.type);
	if (code == 0)
		code = read_rdata(x, at, r.type, &r.rdata);
	if (code != 0)
		return code;
	if (r.rdata.data == NULL)
		return fault(x, EXIT_INPUT, "RDATA is missing");

	const char *why = x->no_check ? NULL : check_record(r.type, r.rdata);
	if (why != NULL)
		return fault(x, EXIT_INPUT, "this NAPTR record would not work: %s", why);
	code = begin(x, r.owner);
	return code == 0 ? session_update_change(x->s, &r) : code;
}

static int do_delete(struct script *x, char *at)
{
	const knot_dname_t *owner;
	struct slice rdata = { 0 };
	uint16_t type = KNOT_RRTYPE_ANY;
	uint32_t ttl;
	char word[32];

	int code = read_name(x, &at, &owner);
	if (code != 0)
		return code;
	if (ttl_parse(peek_word(at, word), &ttl))
		next_word(&at); /* nsupdate takes one here and does not look at it */
	if (strcasecmp(peek_word(at, word), "ANY") != 0)
		skip_class(&at);
	if (peek_word(at, word)[0] != '\0')
		code = read_type(x, &at, &type);
	if (code == 0)
		code = read_rdata(x, at, type, &rdata);
	if (code == 0)
		code = begin(x, owner);
	return code == 0 ? session_update_delete(x->s, owner, type, rdata) : code;
}

/* --- where it goes --- */

static int set_text(struct script *x, const char **ret, char *text)
{
	*ret = text;
	return text != NULL ? 0 : fault(x, EXIT_INTERNAL, "out of memory");
}

static int do_server(struct script *x, char *at)
{
	const char *host = next_word(&at);
	const char *port = next_word(&at);

	if (host == NULL)
		return fault(x, EXIT_INPUT, "server ADDRESS [PORT]");
	client_free(x->s->client);
	x->s->client = NULL;
	return set_text(x, &x->s->server,
			port != NULL ? arena_printf(&x->s->arena, "%s@%s", host, port) :
				       arena_text(&x->s->arena, host));
}

static int do_zone(struct script *x, char *at)
{
	const char *name = next_word(&at);

	if (name == NULL)
		return fault(x, EXIT_INPUT, "zone NAME");
	if (x->pending)
		return fault(x, EXIT_INPUT, "\"zone\" comes before what is to change in it");
	return set_text(x, &x->zone, arena_text(&x->s->arena, name));
}

static int do_key(struct script *x, char *at)
{
	const char *name = next_word(&at);
	const char *secret = next_word(&at);

	if (name == NULL || secret == NULL)
		return fault(x, EXIT_INPUT, "key [ALGORITHM:]NAME SECRET");
	return set_text(x, &x->s->key, arena_printf(&x->s->arena, "%s:%s", name, secret));
}

static int do_ttl(struct script *x, char *at)
{
	const char *word = next_word(&at);

	if (word == NULL || !ttl_parse(word, &x->ttl))
		return fault(x, EXIT_INPUT, "ttl SECONDS");
	x->has_ttl = true;
	return 0;
}

static int do_class(struct script *x, char *at)
{
	const char *word = next_word(&at);

	if (word == NULL || strcasecmp(word, "IN") != 0)
		return fault(x, EXIT_INPUT, "class IN is all there is");
	return 0;
}

static int do_local(struct script *x, char *at)
{
	(void)at;
	return fault(x, 0, "note: \"local\" is not needed and left out");
}

static int do_nothing(struct script *x, char *at)
{
	(void)x;
	(void)at;
	return 0;
}

static int do_unable(struct script *x, char *at)
{
	(void)at;
	return fault(x, EXIT_INPUT, "GSS-TSIG is not known here; use a key");
}

/* --- doing it --- */

static int refused(struct script *x, const struct client_answer *answer)
{
	struct text words = { 0 };

	client_refusal(&words, x->s->client, answer);
	snprintf(x->answer, sizeof(x->answer), "%s", text_get(&words));
	text_done(&words);
	if (answer->rcode == KNOT_RCODE_NOERROR) {
		x->done++;
		return 0;
	}
	fault(x, 0, "%s", x->answer);
	x->refused++;
	if (x->code == 0)
		x->code = answer->rcode == KNOT_RCODE_NXDOMAIN ||
					  answer->rcode == KNOT_RCODE_NXRRSET ||
					  answer->rcode == KNOT_RCODE_YXDOMAIN ||
					  answer->rcode == KNOT_RCODE_YXRRSET ?
				  EXIT_PREREQUISITE :
				  EXIT_REFUSED;
	return 0;
}

static int do_send(struct script *x, char *at)
{
	struct client_answer answer;

	(void)at;
	if (!x->pending)
		return 0;
	x->pending = false;
	if (x->s->print)
		return session_update_send(x->s);
	int code = session_update_try(x->s, &answer);
	if (code != 0)
		return fault(x, code, "this update was not acknowledged");
	return refused(x, &answer);
}

static int do_show(struct script *x, char *at)
{
	(void)at;
	printf("; to be sent:\n%s", x->pending ? text_get(&x->s->script) : "");
	return 0;
}

static int do_answer(struct script *x, char *at)
{
	(void)at;
	printf("; %s\n", x->answer[0] != '\0' ? x->answer : "nothing has been sent");
	return 0;
}

static int do_quit(struct script *x, char *at)
{
	(void)at;
	x->quit = true;
	return 0;
}

static const struct {
	const char *name; /* one word, or two with a blank between */
	int (*run)(struct script *x, char *at);
} words[] = {
	{ "update add", do_add },
	{ "update delete", do_delete },
	{ "update del", do_delete },
	{ "prereq nxdomain", do_nxdomain },
	{ "prereq yxdomain", do_yxdomain },
	{ "prereq nxrrset", do_nxrrset },
	{ "prereq yxrrset", do_yxrrset },
	{ "add", do_add },
	{ "delete", do_delete },
	{ "del", do_delete },
	{ "nxdomain", do_nxdomain },
	{ "yxdomain", do_yxdomain },
	{ "nxrrset", do_nxrrset },
	{ "yxrrset", do_yxrrset },
	{ "server", do_server },
	{ "zone", do_zone },
	{ "key", do_key },
	{ "ttl", do_ttl },
	{ "class", do_class },
	{ "send", do_send },
	{ "show", do_show },
	{ "answer", do_answer },
	{ "quit", do_quit },
	{ "exit", do_quit },
	{ "local", do_local },
	{ "debug", do_nothing },
	{ "check-names", do_nothing },
	{ "gsstsig", do_unable },
	{ "oldgsstsig", do_unable },
	{ "realm", do_unable },
};

static int run_line(struct script *x, char *at)
{
	char name[64];
	const char *first = next_word(&at);

	if (first == NULL)
		return at[strspn(at, " \t")] == ';' ?
			       0 :
			       do_send(x, at); /* nsupdate(1): a blank line sends */
	snprintf(name, sizeof(name), "%s", first);
	if (strcasecmp(first, "update") == 0 || strcasecmp(first, "prereq") == 0) {
		const char *second = next_word(&at);

		if (second != NULL)
			snprintf(name, sizeof(name), "%s %s", first, second);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].name, name) == 0)
			return words[i].run(x, at);
	return fault(x, EXIT_INPUT, "'%s' is no command of nsupdate", name);
}

static int run_script(struct script *x, FILE *in)
{
	bool person = isatty(fileno(in));
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int code = 0;

	while (!x->quit && (code == 0 || person)) {
		if (person) {
			fputs("> ", stdout);
			fflush(stdout);
		}
		size = getline(&line, &room, in);
		if (size < 0)
			break;
		x->line++;
		while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
			line[--size] = '\0';
		code = run_line(x, line);
	}
	free(line);
	if (person)
		return x->code;
	if (code == 0 && x->pending)
		code = fault(x, EXIT_INPUT,
			     "the script ends without \"send\": its last changes were not sent");
	code = code != 0 ? code : x->code;
	return code != 0 && x->done > 0 ? EXIT_PARTLY : code;
}

static int run_update(struct session *s, int argc, char **argv)
{
	static const struct option options[] = { { "no-check", no_argument, NULL, 'n' }, { 0 } };
	struct script x = { .s = s, .file = "stdin", .zone = s->zone };
	FILE *in = stdin;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'n')
			return command_misuse(s, NULL);
		x.no_check = true;
	}
	if (argc - optind > 1)
		return command_misuse(s, "one file");
	if (optind < argc && strcmp(argv[optind], "-") != 0) {
		x.file = argv[optind];
		in = fopen(x.file, "re");
		if (in == NULL)
			return command_fail(EXIT_INPUT, "%s: %s", x.file, strerror(errno));
	}
	int code = run_script(&x, in);
	if (in != stdin)
		fclose(in);
	if (x.refused > 0 && x.done > 0)
		fprintf(stderr, "onnet: %u updates were done, %u were not\n", x.done, x.refused);
	return code;
}

const struct command command_update = {
	.name = "update",
	.run = run_update,
	.usage = "[FILE] [--no-check]",
	.brief = "run an nsupdate script",
	.help = "Reads FILE or standard input: server, zone, key, ttl, prereq, update, send, show, answer, quit\n"
		"as in nsupdate(1). With --print the script is checked and shown, nothing is sent.\n"
		"\n"
		"  --no-check   do not look whether NAPTR records can work\n",
};
