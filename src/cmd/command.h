/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

struct session;

/* How onnet ends; onnet(1) "EXIT STATUS" has the same list. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_INTERNAL = 1,     /* out of memory, our own mistake */
	EXIT_USAGE = 2,        /* the command line */
	EXIT_INPUT = 3,        /* a file, a number, a record, the configuration */
	EXIT_UNREACHABLE = 4,  /* no answer, or none that can be trusted */
	EXIT_REFUSED = 5,      /* the server said no */
	EXIT_PREREQUISITE = 6, /* what the update asked for was not so */
	EXIT_NOT_FOUND = 7,    /* nothing there */
	EXIT_PARTLY = 8,       /* some of it was done */
};

/*
 * A word of the command line. Either sub (a table that ends with a NULL name) or run is set.
 * argv[0] of run is the command's own word, what follows its options and arguments, with the
 * options common to all commands taken out already. It returns an exit code and has said why on
 * stderr.
 */
struct command {
	const char *name;
	const struct command *sub;
	int (*run)(struct session *s, int argc, char **argv);
	const char *usage; /* arguments: "NUMBER URI... [--ttl SECONDS]" */
	const char *brief; /* one line: "publish a number" */
	const char *help;  /* more lines for "onnet help", options above all; NULL: none */
	/*
	 * A common option that this command takes itself, "server" without dashes; it then means
	 * the common one only in front of the command's words. NULL: none.
	 */
	const char *own;
};

extern const struct command command_domain;
extern const struct command command_key;
extern const struct command command_log;
extern const struct command command_number;
extern const struct command command_range;
extern const struct command command_record;
extern const struct command command_resolve;
extern const struct command command_undo;
extern const struct command command_update;
extern const struct command command_zone;

/*
 * Prints how the command that is running is used, on stderr; returns EXIT_USAGE. format NULL:
 * nothing more.
 */
int command_misuse(struct session *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The command that runs, and how it is used, for "onnet help". */
struct text;
void command_help(struct text *ret, const char *words, const struct command *command);

/* "onnet: ..." on stderr; returns code. */
int command_fail(enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
