/* SPDX-License-Identifier: GPL-3.0-or-later */
/* publish/ when memory runs out: -ENOMEM each time, nothing half done, nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "oom/failing.h"
#include "publish/domain.h"
#include "publish/domain_view.h"
#include "publish/entry.h"

static int publish_range(struct arena *arena)
{
	struct changes c = { .arena = arena };
	struct entry_place place = { .range = true, .digits = 4, .suffix = "e164.arpa" };
	struct entry e[20];
	const char *why;

	if (number_prefix_parse(&place.number, "+1202555", &why) < 0)
		return -EINVAL;
	for (size_t i = 0; i < 20; i++)
		e[i] = (struct entry){ .uri = "sip:{number}@gw.example.net" };

	int err = entry_changes(&c, &place, e, 20, true, &why);
	assert_int_equal(c.count, err == 0 ? 21 : 0);
	for (size_t i = 1; err == 0 && i < c.count; i++) {
		struct entry_view v;

		err = entry_view(arena, &v, &c.at[i], NULL);
		if (err == 0)
			assert_string_equal(v.template, "sip:{number}@gw.example.net");
	}
	return err;
}

/* The records that the changes of a domain add, looked up. */
static int lookup(void *arg, const knot_dname_t *name, uint16_t type, const struct record **ret,
		  size_t *count)
{
	const struct changes *c = arg;
	struct record *found = arena_zero(c->arena, (c->count + 1) * sizeof(*found));
	size_t n = 0;

	if (found == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i].rclass == KNOT_CLASS_IN && c->at[i].type == type &&
		    knot_dname_is_case_equal(c->at[i].owner, name))
			found[n++] = c->at[i];
	*ret = found;
	*count = n;
	return 0;
}

static int publish_domain(struct arena *arena)
{
	struct domain_plan *plan = arena_zero(arena, sizeof(*plan));
	struct changes c = { .arena = arena };
	struct text fault = { 0 }, out = { 0 };
	const struct view_source source = { lookup, &c };
	struct domain_view view;

	if (plan == NULL)
		return -ENOMEM;
	plan->domain = (const uint8_t *)"\7example\3net";
	int err = domain_transports_parse(plan, "tls,tcp,udp", &fault);
	for (int i = 0; err == 0 && i < 3; i++)
		err = domain_server_parse(
			plan, arena,
			(const char *[]){ "a,address=192.0.2.1,address=2001:db8::1", "b", "c" }[i],
			i == 2, &fault);
	if (err == 0)
		err = domain_changes(&c, plan, plan->domain, NULL, 0, &fault);
	if (err == 0)
		err = domain_view(arena, &view, plan->domain, &source);
	if (err == 0) {
		assert_int_equal(view.transport_count, 3);
		assert_int_equal(view.transport[0].server_count, 3);
		domain_view_format(&out, &view);
		domain_view_json(&out, &view);
		err = out.failed ? -ENOMEM : 0;
	}
	text_done(&fault);
	text_done(&out);
	return err;
}

static void each_allocation_may_fail(int (*run)(struct arena *arena))
{
	unsigned n = 1;

	for (bool reached = true; reached; n++) {
		struct arena arena = { 0 };

		oom_fail_at(n);
		int err = run(&arena);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		arena_done(&arena);
	}
	assert_true(n > 5); /* it was worth it */
}

static void a_range_is_published_whole_or_not_at_all(void **state)
{
	(void)state;
	each_allocation_may_fail(publish_range);
}

static void a_domain_is_published_and_shown_whole_or_not_at_all(void **state)
{
	(void)state;
	each_allocation_may_fail(publish_domain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_published_whole_or_not_at_all),
		cmocka_unit_test(a_domain_is_published_and_shown_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
