/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENARIO_RESOLVER_CASE_H
#define TESTS_SCENARIO_RESOLVER_CASE_H

#include "resolve/avoid.h"
#include "resolve/machine.h"
#include "resolve/name.h"

/* The lines of all cases, NULL at the end (resolver_cases.py). */
extern const char *const resolver_cases[];

enum {
	CASE_RECORDS = 256,
	CASE_LIST = 16,
	CASE_NODES = 64,
	CASE_EXPECTATIONS = 8,
};

struct case_record {
	struct name owner;
	uint16_t type;
	uint32_t ttl;
	uint16_t size;
	uint8_t rdata[512];
};

enum case_node_kind { NODE_ITEM, NODE_ANY, NODE_IN };

/* What comes where: an item, or a group of the nodes up to end. */
struct case_node {
	enum case_node_kind kind;
	const char *text;
	size_t end;   /* the index behind the group */
	size_t items; /* that it stands for */
};

struct case_first {
	size_t node;
	char key[128];
	double share;
	double tolerance;
	unsigned trials;
};

struct case_expectation {
	const char *what; /* "targets", "uris", "attempts", "error" */
	const char *final;
	struct case_node nodes[CASE_NODES];
	size_t count;
	struct case_first first[CASE_LIST];
	size_t first_count;
};

/* A case; texts point into its lines. */
struct resolver_case {
	const char *id;
	struct name zones[CASE_LIST];
	size_t zone_count;
	struct case_record records[CASE_RECORDS];
	size_t record_count;
	const char *kind;
	const char *input;
	char via[300];
	struct onnet_lookup_options options;
	struct onnet_endpoint prefer;
	const char *suffixes[CASE_LIST];
	const char *services[CASE_LIST];
	struct onnet_marked marks[CASE_LIST];
	size_t mark_count;
	char outcome_of[CASE_LIST][128];
	const char *outcomes[CASE_LIST];
	size_t outcome_count;
	struct case_expectation expectations[CASE_EXPECTATIONS];
	size_t expectation_count;
};

/* The case that begins at the line; gives the line behind it. */
const char *const *case_read(const char *const *lines, struct resolver_case *ret);

/* How many lines say "case", and where they are. */
size_t case_find(const char *const **ret, size_t room);

/* As the authoritative servers of its zones answer, aliases followed; the records are in room. */
void case_answer(const struct resolver_case *c, const struct machine_question *q,
		 struct machine_answer *ret, struct slice room[CASE_RECORDS]);

/* Plays the case to its end. As machine_new() and machine_answer(). */
int case_play(const struct resolver_case *c, uint64_t seed, struct onnet_result **ret);

#endif
