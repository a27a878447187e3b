/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_RULES_H
#define RESOLVE_RULES_H

#include "resolve/lookup.h"
#include "tel/naptr.h"

/* What a terminal rule gave. */
struct rules_uri {
	struct rules_uri *next;
	struct onnet_uri uri;
};

/* A NAPTR record of a number. */
struct rule {
	struct naptr naptr;
	size_t at; /* in the answer */
	bool dropped;
	bool is_void;          /* says that nobody has the number */
	struct rules *next;    /* of a non-terminal rule */
	struct rules_uri *uri; /* of a terminal one that fits */
	struct trace *trace;
};

enum rules_state {
	RULES_ASKED, /* for the records */
	RULES_GROUP, /* the rules of one order are being tried */
	RULES_DONE,
};

/* The NAPTR records of one name, and what they lead to. */
struct rules {
	enum rules_state state;
	struct question *naptr;
	const struct rules *parent; /* whose non-terminal rule led here */
	unsigned steps;             /* non-terminal rules so far */
	const char *subject;
	struct rule *rules;
	size_t count;
	size_t start; /* the group: those of one order */
	size_t end;
	struct rules_uri *uris; /* in order */
	bool unallocated;
	enum onnet_error error; /* without URIs: why */
};

/* Begins with the records of a name. subject lives as long as the machine. NULL: no memory. */
struct rules *rules_begin(struct machine *m, struct slice name, const char *subject,
			  const struct rules *parent, struct trace *trace);

/* As far as the answers go; true: done, and uris, unallocated or error are there. */
bool rules_step(struct machine *m, struct rules *r);

#endif
