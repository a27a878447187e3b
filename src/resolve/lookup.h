/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_LOOKUP_H
#define RESOLVE_LOOKUP_H

#include "base/arena.h"
#include "resolve/machine.h"
#include "resolve/name.h"
#include "tel/transport.h"

/* The inside of the machine: what its parts share. Nobody else includes this. */

struct trace;
struct location;
struct search;

/* A question and, once it is there, its answer. */
struct question {
	struct question *next;
	unsigned id;
	struct slice name;
	uint16_t type;
	bool answered;
	enum onnet_error error; /* ONNET_OK: there are records */
	bool unsigned_refused;  /* ONNET_BOGUS because DNSSEC is required */
	enum machine_whence whence;
	enum onnet_security security;
	bool alias;
	const struct slice *records;
	size_t count;   /* of those kept */
	size_t dropped; /* MACHINE_RECORDS_MAX and beyond */
	uint32_t ttl;
	struct trace *trace;
};

enum machine_state {
	MACHINE_NUMBER, /* a number is being looked up */
	MACHINE_LOCATE, /* the servers of the input are being located */
	MACHINE_FOLLOW, /* those of a number's URIs */
	MACHINE_DONE,
};

struct machine {
	struct onnet_result result; /* first: onnet_result_free() finds the machine by it */
	struct arena arena;         /* all that belongs to the look-up */
	enum machine_state state;

	enum transport transports[ONNET_TRANSPORTS]; /* zeros behind */
	unsigned families;
	const char *const *services;
	const char *const *e164_suffixes;
	const char *const *isn_suffixes;
	bool own_suffixes; /* e164_suffixes were asked for */
	bool follow;
	bool infrastructure;
	bool explain;
	bool has_prefer;
	struct onnet_endpoint prefer;
	enum onnet_dnssec dnssec;
	const struct avoid *avoid;
	int64_t now_ms;
	machine_source *source;
	void *source_arg;
	uint64_t random;

	struct question *questions;
	struct question *last;
	struct question *unasked;
	struct question refused; /* stands for questions beyond the bound */
	unsigned question_count;
	unsigned rules_left;
	bool no_memory; /* sticky */
	bool expired;

	struct search *search;
	struct location *location;
	struct location **followed; /* one for each URI; NULL: not a SIP URI */
	struct trace *trace;        /* the root; NULL without explain */
};

/* From the arena, cleared; NULL, and no_memory set, where there is none. */
void *machine_take(struct machine *m, size_t count, size_t size);

/* A sentence in the arena; "" where there is no memory. */
const char *machine_printf(struct machine *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The question, new or as it was asked before; its place in the explanation is below parent.
 * Never NULL: beyond the bounds it is one that has failed.
 */
struct question *machine_need(struct machine *m, struct slice name, enum machine_type type,
			      struct trace *parent);

/* An even draw from 0 ... bound - 1; bound is not 0. */
uint64_t machine_draw(struct machine *m, uint64_t bound);

bool machine_has_transport(const struct machine *m, enum transport t);

/* Where a transport stands in the client's list; behind it where it does not. */
unsigned machine_transport_rank(const struct machine *m, enum transport t);

/*
 * Which of two reasons for having nothing tells more: that a server did not answer over that a
 * rule did not fit, and that over a name that does not exist.
 */
enum onnet_error error_worse(enum onnet_error a, enum onnet_error b);

#endif
