/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_TRACE_H
#define RESOLVE_TRACE_H

#include "base/text.h"
#include "resolve/lookup.h"

enum trace_kind {
	TRACE_NOTE,     /* what was concluded */
	TRACE_QUESTION, /* with its answer */
	TRACE_AGAIN,    /* the same question once more */
	TRACE_RECORD,   /* of the answer above it */
};

/* A place in the explanation. Below it stands what followed from it. */
struct trace {
	struct trace *next;
	struct trace *first;
	struct trace *last;
	enum trace_kind kind;
	const struct question *question;
	const char *text;
	bool judged;
	bool taken;
	const char *rule; /* "RFC 3263 4.1"; NULL: none */
	const char *why;
};

/*
 * All of these do nothing and give NULL without explain. parent NULL is the root. Texts that are
 * rules live for ever, all else is copied.
 */
struct trace *trace_root(struct machine *m);
struct trace *trace_note(struct machine *m, struct trace *parent, const char *rule,
			 const char *format, ...) __attribute__((format(printf, 4, 5)));
struct trace *trace_question(struct machine *m, struct trace *parent, const struct question *q);
void trace_again(struct machine *m, struct trace *parent, const struct question *q);
struct trace *trace_record(struct machine *m, struct trace *parent, uint16_t type,
			   struct slice rdata);

/* What became of a record, and by which rule. */
void trace_take(struct machine *m, struct trace *record, const char *rule, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void trace_drop(struct machine *m, struct trace *record, const char *rule, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "NAPTR" */
const char *trace_type(uint16_t type);

/* In a few words what a question was answered: "3 records", "the name does not exist". */
void trace_outcome(struct text *to, const struct question *q);

/* The tree below the root as indented lines, and as a JSON array. */
void trace_text(struct text *to, const struct trace *root);
void trace_json(struct text *to, const struct trace *root);

#endif
