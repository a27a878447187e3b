/* SPDX-License-Identifier: MIT */
/*
 * The worked look-up cases of resolver.json and resolver-more.json, each a test: the machine asks,
 * the case's zones answer, and the result is one of those that are right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/endpoint.h"
#include "scenario/resolver_case.h"

enum { CASES_MAX = 1000, SEEDS = 20, ITEM_ROOM = 1024 };

/* What a result comes to, item by item. */
struct items {
	char text[ONNET_TARGETS_MAX][ITEM_ROOM];
	const char *host[ONNET_TARGETS_MAX];
	size_t count;
};

static struct resolver_case the_case;
static struct items items;

static void item_add(const struct onnet_target *t)
{
	const union onnet_address *a = &t->endpoint.address;
	char address[ADDRESS_TEXT_ROOM];

	address_format(address, a);
	snprintf(items.text[items.count], ITEM_ROOM,
		 a->any.sa_family == AF_INET6 ? "[%s]:%u/%s" : "%s:%u/%s", address, address_port(a),
		 onnet_transport_name(t->endpoint.transport));
	items.host[items.count++] = t->host;
}

static const char *outcome_of(const struct resolver_case *c, const char *endpoint)
{
	for (size_t i = 0; i < c->outcome_count; i++)
		if (strcmp(c->outcome_of[i], endpoint) == 0)
			return c->outcomes[i];
	return "timeout";
}

/* RFC 3263 4.3: which outcomes go on with the next target. */
static bool goes_on(const char *outcome)
{
	return strcmp(outcome, "timeout") == 0 || strncmp(outcome, "503", 3) == 0 ||
	       strncmp(outcome, "transport", 9) == 0;
}

/* The items of a result; of attempts those that are made, and how they end. */
static const char *items_take(const struct resolver_case *c, const struct onnet_result *r,
			      const char *what)
{
	const char *final = NULL;

	items.count = 0;
	if (strcmp(what, "error") == 0) {
		snprintf(items.text[items.count++], ITEM_ROOM, "%s",
			 r->error == ONNET_OK ? "none" : onnet_error_name(r->error));
		return NULL;
	}
	for (size_t i = 0; i < r->uri_count && strcmp(what, "uris") == 0; i++)
		snprintf(items.text[items.count++], ITEM_ROOM, "%s", r->uris[i].uri);
	for (size_t i = 0; i < r->target_count && strcmp(what, "uris") != 0; i++) {
		item_add(&r->targets[i]);
		if (strcmp(what, "attempts") != 0)
			continue;
		final = outcome_of(c, items.text[items.count - 1]);
		if (!goes_on(final))
			break;
	}
	return final;
}

static bool node_match(const struct case_expectation *e, size_t node, size_t at);

/* Members [node, end) in the order that is left to them; used: those that have their place. */
static bool members_match(const struct case_expectation *e, size_t group, size_t at, uint64_t used)
{
	const struct case_node *g = &e->nodes[group];
	bool left = false;

	for (size_t i = group + 1; i < g->end;
	     i = e->nodes[i].kind == NODE_ITEM ? i + 1 : e->nodes[i].end) {
		if ((used & 1ull << i) != 0)
			continue;
		left = true;
		if (node_match(e, i, at) &&
		    members_match(e, group, at + e->nodes[i].items, used | 1ull << i))
			return true;
		if (g->kind == NODE_IN)
			return false;
	}
	return !left;
}

static bool node_match(const struct case_expectation *e, size_t node, size_t at)
{
	const struct case_node *n = &e->nodes[node];

	if (n->kind != NODE_ITEM)
		return members_match(e, node, at, 0);
	return at < items.count && strcasecmp(items.text[at], n->text) == 0;
}

static bool list_match(const struct case_expectation *e)
{
	size_t at = 0;

	for (size_t i = 0; i < e->count;
	     i = e->nodes[i].kind == NODE_ITEM ? i + 1 : e->nodes[i].end) {
		if (!node_match(e, i, at))
			return false;
		at += e->nodes[i].items;
	}
	return at == items.count;
}

static const struct case_expectation *expectation_find(const struct resolver_case *c,
						       const struct onnet_result *r)
{
	for (size_t i = 0; i < c->expectation_count; i++) {
		const struct case_expectation *e = &c->expectations[i];
		const char *final = items_take(c, r, e->what);

		if (list_match(e) &&
		    (e->final == NULL || (final != NULL && strcmp(e->final, final) == 0)))
			return e;
	}
	return NULL;
}

static void result_show(const struct resolver_case *c, const struct onnet_result *r)
{
	char *text = NULL;

	print_message("%s: error %s, %zu targets, %zu URIs\n", c->id, onnet_error_name(r->error),
		      r->target_count, r->uri_count);
	items_take(c, r, r->uri_count > 0 ? "uris" : "targets");
	for (size_t i = 0; i < items.count; i++)
		print_message("    %s\n", items.text[i]);
	if (onnet_result_explain(r, &text) == 0)
		print_message("%s", text);
	free(text);
}

static void shares_check(const struct resolver_case *c, const struct case_expectation *e)
{
	for (size_t i = 0; i < e->first_count; i++) {
		const struct case_first *f = &e->first[i];
		unsigned hits = 0;
		size_t at = 0;

		for (size_t n = 0; n < f->node;
		     n = e->nodes[n].kind == NODE_ITEM ? n + 1 : e->nodes[n].end)
			at += e->nodes[n].items;
		for (unsigned trial = 0; trial < f->trials; trial++) {
			struct onnet_result *r;

			assert_int_equal(case_play(c, trial + 1, &r), 0);
			items_take(c, r, "targets");
			hits += strcasecmp(items.text[at], f->key) == 0 ||
				strcasecmp(items.host[at], f->key) == 0;
			onnet_result_free(r);
		}
		double share = (double)hits / f->trials;
		if (fabs(share - f->share) > f->tolerance)
			fail_msg("%s: %s is first in %.3f of all, not %.3f", c->id, f->key, share,
				 f->share);
	}
}

static void a_case_ends_as_it_should(void **state)
{
	const struct case_expectation *e = NULL;

	case_read(*state, &the_case);
	the_case.options.explain = true;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct onnet_result *r;
		char *json;

		assert_int_equal(case_play(&the_case, seed, &r), 0);
		e = expectation_find(&the_case, r);
		if (e == NULL)
			result_show(&the_case, r);
		assert_int_equal(onnet_result_json(r, &json), 0);
		assert_non_null(strstr(json, "\"trace\":["));
		free(json);
		onnet_result_free(r);
		assert_non_null(e);
	}
	the_case.options.explain = false;
	shares_check(&the_case, e);
}

int main(void)
{
	static const char *const *lines[CASES_MAX];
	static struct CMUnitTest tests[CASES_MAX];
	size_t count = case_find(lines, CASES_MAX);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){
			.name = *lines[i] + strlen("case "),
			.test_func = a_case_ends_as_it_should,
			.initial_state = (void *)lines[i],
		};
	return _cmocka_run_group_tests("resolver", tests, count, NULL, NULL);
}
