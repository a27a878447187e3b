/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_RESOLVE_H
#define CMD_RESOLVE_H

#include "cmd/session.h"
#include "onnet/resolve.h"

/* A look-up without a result ends the tool with this plus its enum onnet_error: 10, 11 ... */
enum { EXIT_LOOKUP = 9 };

/* What the command line and onnet.yaml say. Everything lies in the session's arena. */
struct resolve_options {
	struct onnet_resolver_options resolver;
	const char *const *avoid; /* endpoints as text, checked; NULL at the end */
	const char *const *exclude;
	bool batch;
	bool explain;
	bool via;                  /* the inputs are Via headers */
	const char *const *inputs; /* NULL at the end */
	size_t input_count;
};

/* Reads them; an exit code. */
int resolve_options_read(struct session *s, int argc, char **argv, struct resolve_options *ret);

/* --- lines of standard input, as they come --- */

/* fd is to be set, the rest is zero. */
struct lines {
	int fd;
	char *data;
	size_t start, size; /* what is not handed out yet */
	size_t room;
	size_t seen;   /* of that, looked at without finding an end of line */
	bool skipping; /* what follows belongs to a line that was too long */
	bool ended;
};

/*
 * The next line without its end, as long as no other function here is called; NULL: none yet, or,
 * with ended, none any more. What a line has beyond 64 KiB is left out.
 */
char *lines_next(struct lines *lines);

/* Reads once, for lines_next() to have more; waits where there is nothing. 0, or negative errno. */
int lines_read(struct lines *lines);

void lines_done(struct lines *lines);

/* --- results --- */

/* Prints one result, and what to do about a failure. An exit code, that of the look-up. */
int resolve_show(const struct resolve_options *o, const struct onnet_result *result);

/* The result on one line, "INPUT<tab>ok<tab>TARGET..." */
void resolve_line(struct text *out, const struct onnet_result *result);

/* Targets as a table for people. */
void resolve_targets(struct text *out, const struct onnet_target *target, size_t count,
		     const char *indent);

/* What can be done about a look-up that failed: lines for a person; "" where nothing can. */
void resolve_advise(struct text *out, const struct resolve_options *o,
		    const struct onnet_result *result);

#endif
