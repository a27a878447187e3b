/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet, the tool: finds the command that is meant and runs it. Commands are a tree of words;
 * all that is common to them (options, server, key, zone, update) is the session's.
 */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/trust.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "conf/suggest.h"

static int run_help(struct session *s, int argc, char **argv);

static const struct command command_words_help = {
	.name = "help",
	.run = run_help,
	.usage = "[COMMAND]",
	.brief = "this, or how a command is used",
};

static const struct command *const commands[] = {
	&command_resolve, &command_number, &command_range,      &command_domain,
	&command_record,  &command_update, &command_log,        &command_undo,
	&command_zone,    &command_key,    &command_words_help,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* --- finding the command --- */

static const struct command *find_first(const char *word)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, word) == 0)
			return commands[i];
	return NULL;
}

static const struct command *find_sub(const struct command *of, const char *word)
{
	for (const struct command *c = of->sub; c->name != NULL; c++)
		if (strcmp(c->name, word) == 0)
			return c;
	return NULL;
}

static int unknown_word(const struct command *of, const char *words, const char *word)
{
	struct suggest suggest = { .word = word };

	for (size_t i = 0; of == NULL && i < COMMANDS; i++)
		suggest_add(&suggest, commands[i]->name);
	for (const struct command *c = of != NULL ? of->sub : NULL; c != NULL && c->name != NULL;
	     c++)
		suggest_add(&suggest, c->name);
	if (suggest.best != NULL)
		return command_fail(EXIT_USAGE, "there is no '%s%s'; did you mean '%s%s'?", words,
				    word, words, suggest.best);
	return command_fail(EXIT_USAGE, "there is no '%s%s'; there are: %s", words, word,
			    suggest.all);
}

/* --- help --- */

static void list_command(struct text *out, const char *before, const struct command *c)
{
	struct text line = { 0 };

	if (c->sub != NULL) {
		struct text words = { 0 };

		text_printf(&words, "%s%s ", before, c->name);
		for (const struct command *sub = c->sub; sub->name != NULL; sub++)
			list_command(out, text_get(&words), sub);
		text_done(&words);
		return;
	}
	text_printf(&line, "%s%s", before, c->name);
	text_printf(out, "  %-16s %s\n", text_get(&line), c->brief != NULL ? c->brief : "");
	text_done(&line);
}

void command_help(struct text *ret, const char *words, const struct command *command)
{
	if (command->sub != NULL) {
		char before[64];

		text_printf(ret, "%s\n\n", command->brief != NULL ? command->brief : command->name);
		snprintf(before, sizeof(before), "%s ", words);
		for (const struct command *sub = command->sub; sub->name != NULL; sub++)
			list_command(ret, before, sub);
		text_printf(ret, "\n\"onnet help %s COMMAND\" says more.\n", words);
		return;
	}
	text_printf(ret, "onnet %s %s\n", words, command->usage != NULL ? command->usage : "");
	if (command->brief != NULL)
		text_printf(ret, "\n%s\n", command->brief);
	if (command->help != NULL)
		text_printf(ret, "\n%s", command->help);
	text_printf(ret, "\nOptions of all commands:\n%s", options_help);
}

static int show(struct text *text)
{
	fputs(text_get(text), stdout);
	text_done(text);
	return EXIT_DONE;
}

static void help_all(FILE *to)
{
	struct text out = { 0 };

	text_puts(&out,
		  "onnet finds the servers that a call goes to, and publishes phone numbers and "
		  "SIP domains\nin the DNS.\n\nonnet [OPTIONS] COMMAND ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		list_command(&out, "", commands[i]);
	text_printf(&out, "\nOptions of all commands:\n%s", options_help);
	text_puts(&out, "  -h, --help               how a command is used\n"
			"  -V, --version            print the version\n"
			"\n\"onnet help COMMAND\" says more; onnet(1) all.\n");
	fputs(text_get(&out), to);
	text_done(&out);
}

static int run_help(struct session *s, int argc, char **argv)
{
	const struct command *command = NULL;
	struct text out = { 0 };
	char words[64] = "";

	(void)s;
	if (argc < 2) {
		help_all(stdout);
		return EXIT_DONE;
	}
	for (int i = 1; i < argc; i++) {
		const struct command *next = command == NULL      ? find_first(argv[i]) :
					     command->sub != NULL ? find_sub(command, argv[i]) :
								    NULL;

		if (next == NULL && (command == NULL || command->sub != NULL))
			return unknown_word(command, words, argv[i]);
		if (next == NULL)
			break;
		command = next;
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s ", argv[i]);
	}
	words[strlen(words) - 1] = '\0';
	command_help(&out, words, command);
	return show(&out);
}

int command_fail(enum exit_code code, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("onnet: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return (int)code;
}

int command_misuse(struct session *s, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	if (format != NULL) {
		fprintf(stderr, "onnet %s: ", s->words);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	fprintf(stderr, "usage: onnet %s %s\n", s->words,
		s->command->usage != NULL ? s->command->usage : "");
	if (s->command->help != NULL)
		fprintf(stderr, "\"onnet help %s\" says more.\n", s->words);
	return EXIT_USAGE;
}

/* --- running --- */

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* The common options and words up to the command that runs. Returns 0, or an exit code plus 1. */
static int find_command(struct session *s, int argc, char **argv, int *at)
{
	char before[sizeof(s->words) + 1] = "";
	size_t size = 0;

	while (*at < argc && (s->command == NULL || s->command->sub != NULL)) {
		const char *word = argv[*at];
		int taken = options_take(s, argv, at, NULL);

		if (taken < 0)
			return EXIT_USAGE + 1;
		if (taken > 0)
			continue;
		if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
			puts("onnet " ONNET_VERSION);
			return EXIT_DONE + 1;
		}
		if (is_help(word)) {
			char *words[] = { argv[0], s->words, NULL };

			return run_help(s, s->command != NULL ? 2 : 1, words) + 1;
		}
		if (word[0] == '-')
			return command_fail(EXIT_USAGE,
					    "'%s' is no option of all commands; "
					    "\"onnet help\" has a list",
					    word) +
			       1;

		const struct command *next = s->command == NULL ? find_first(word) :
								  find_sub(s->command, word);
		if (next == NULL)
			return unknown_word(s->command, before, word) + 1;
		s->command = next;
		size += (size_t)snprintf(s->words + size, sizeof(s->words) - size, "%s%s",
					 size > 0 ? " " : "", word);
		snprintf(before, sizeof(before), "%s ", s->words);
		++*at;
	}
	if (s->command == NULL) {
		help_all(stderr);
		return EXIT_USAGE + 1;
	}
	if (s->command->sub != NULL) {
		struct text out = { 0 };

		command_help(&out, s->words, s->command);
		fputs(text_get(&out), stderr);
		text_done(&out);
		return EXIT_USAGE + 1;
	}
	return 0;
}

/* Takes the common options out of what follows the command's words, then runs it. */
static int run_command(struct session *s, int argc, char **argv, int at)
{
	char **own = arena_take(&s->arena, (size_t)(argc - at + 2) * sizeof(*own));
	int count = 0;

	if (own == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	own[count++] = argv[at - 1];
	while (at < argc) {
		if (strcmp(argv[at], "--") == 0)
			break;
		if (is_help(argv[at])) {
			struct text out = { 0 };

			command_help(&out, s->words, s->command);
			return show(&out);
		}
		int taken = options_take(s, argv, &at, s->command->own);
		if (taken < 0)
			return EXIT_USAGE;
		if (taken == 0)
			own[count++] = argv[at++];
	}
	while (at < argc)
		own[count++] = argv[at++];
	own[count] = NULL;
	return s->command->run(s, count, own);
}

static void session_done(struct session *s)
{
	client_update_free(s->update);
	client_free(s->client);
	client_trust_free(s->trust);
	knot_tsig_key_deinit(&s->tsig);
	conf_free(s->conf);
	text_done(&s->script);
	arena_done(&s->arena);
}

int main(int argc, char **argv)
{
	struct session session = { 0 };
	int at = 1;

	/* LC_CTYPE alone: numbers and messages are the same everywhere */
	setlocale(LC_CTYPE, "");
	int code = find_command(&session, argc, argv, &at);
	code = code != 0 ? code - 1 : run_command(&session, argc, argv, at);
	session_done(&session);
	if (fflush(stdout) != 0 && code == EXIT_DONE)
		code = command_fail(EXIT_INTERNAL, "the output can't be written");
	return code;
}
