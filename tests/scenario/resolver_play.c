/* SPDX-License-Identifier: MIT */
/*
 * Look-up cases without a network: the machine asks, the case's zones answer.
 */
#include "scenario/resolver_case.h"

#include <assert.h>

static int machine_play(const struct resolver_case *c, struct machine *m)
{
	struct slice room[CASE_RECORDS];
	struct machine_question q;
	struct machine_answer a;

	while (!machine_done(m)) {
		bool asked = machine_ask(m, &q);

		assert(asked);
		(void)asked;
		case_answer(c, &q, &a, room);
		int err = machine_answer(m, q.id, &a);
		if (err < 0)
			return err;
	}
	return 0;
}

int case_play(const struct resolver_case *c, uint64_t seed, struct onnet_result **ret)
{
	struct machine_setup setup = {
		.input = c->via[0] != '\0' ? MACHINE_VIA : MACHINE_REQUEST,
		.options = &c->options,
		.seed = seed,
	};
	struct avoid *avoid = NULL;
	struct machine *m = NULL;
	int err = avoid_new(&avoid);

	for (size_t i = 0; err == 0 && i < c->mark_count; i++)
		err = avoid_mark(avoid, &c->marks[i].endpoint, c->marks[i].mark, 0, 0);
	setup.avoid = avoid;
	if (err == 0)
		err = machine_new(&m, c->via[0] != '\0' ? c->via : c->input, &setup);
	if (err == 0)
		err = machine_play(c, m);
	if (err == 0)
		*ret = machine_result(m);
	else
		machine_free(m);
	avoid_free(avoid);
	return err;
}
