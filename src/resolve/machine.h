/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_MACHINE_H
#define RESOLVE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "onnet/resolve.h"

struct avoid;
struct machine;

/* What a look-up may cost, whatever the answers are. */
enum {
	MACHINE_QUESTIONS_MAX = 128, /* that one look-up asks */
	MACHINE_RECORDS_MAX = 256,   /* looked at in one answer; what is beyond is dropped */
	MACHINE_RULES_MAX = 128,     /* expressions applied */
	MACHINE_STEPS_MAX = 5,       /* non-terminal rules in a row (RFC 6116 5.2.1) */
	MACHINE_ADDRESSES_MAX = 32,  /* of one host */
	MACHINE_INPUT_MAX = 8192,    /* octets */
};

/* Types of records that are asked for, as on the wire. */
enum machine_type {
	MACHINE_A = 1,
	MACHINE_AAAA = 28,
	MACHINE_SRV = 33,
	MACHINE_NAPTR = 35,
};

enum machine_input {
	MACHINE_REQUEST, /* a URI or a number */
	MACHINE_VIA,     /* a Via: where the response goes */
};

/*
 * The source address that the host would use towards a destination (RFC 6724 5), as connect() on a
 * datagram socket tells. 0; or negative: there is no way to it.
 */
typedef int machine_source(void *arg, const union onnet_address *destination,
			   union onnet_address *ret);

struct machine_setup {
	enum machine_input input;
	const struct onnet_lookup_options *options; /* copied */
	enum onnet_dnssec dnssec;
	uint64_t seed;             /* of the draws; look-ups that differ in nothing draw alike */
	const struct avoid *avoid; /* outlives the machine; NULL: nothing failed */
	int64_t now_ms;            /* of the clock of avoid */
	machine_source *source;    /* NULL: destinations are ordered without it */
	void *source_arg;
};

/* A question that the look-up needs answered. */
struct machine_question {
	unsigned id;       /* 0, 1, 2 ... */
	struct slice name; /* wire form, as long as the machine lives; letter case as given */
	uint16_t type;
};

enum machine_whence {
	MACHINE_FROM_NETWORK,
	MACHINE_FROM_CACHE,
};

enum machine_outcome {
	MACHINE_ANSWERED,  /* with records, or without: rcode says which kind of nothing */
	MACHINE_TIMED_OUT, /* nobody answered */
	MACHINE_FAILED,    /* SERVFAIL, REFUSED, no server, an answer that is none */
	MACHINE_BOGUS,     /* did not pass validation */
};

struct machine_answer {
	enum machine_outcome outcome;
	bool nxdomain; /* the name does not exist (at the end of a chain of aliases) */
	enum onnet_security security;
	enum machine_whence whence;
	const struct slice *records; /* RDATA of the type asked for, names in it not compressed;
					those at the end of a chain of aliases */
	size_t count;
	uint32_t ttl; /* seconds: the least on the chain; of a negative answer its own */
	bool alias;   /* there was a chain of aliases */
};

/*
 * A look-up without I/O: it says which questions it needs, is given answers, and ends in a result.
 * options: see above. -ENOMEM, -EINVAL: an option makes no sense.
 */
int machine_new(struct machine **ret, const char *input, const struct machine_setup *setup);

void machine_free(struct machine *m);

/*
 * The next question that was not handed out yet; false: none now. Those that do not depend on
 * one another come without an answer in between: take them until there are none.
 */
bool machine_ask(struct machine *m, struct machine_question *ret);

/*
 * Gives the answer to a question that was handed out; a second answer to it is ignored. The answer
 * is copied. -ENOMEM: the look-up is of no use any more and gives no result.
 */
int machine_answer(struct machine *m, unsigned id, const struct machine_answer *answer);

/* Time is up: all that is not answered counts as timed out, and the look-up is done. -ENOMEM */
int machine_expire(struct machine *m);

bool machine_done(const struct machine *m);

/*
 * Takes the result of a machine that is done, and the machine with it: the result is the caller's,
 * onnet_result_free() ends both.
 */
struct onnet_result *machine_result(struct machine *m);

#endif
