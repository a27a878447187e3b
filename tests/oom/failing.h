/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Allocations that fail when told to. The usual test:
 *
 *	for (unsigned n = 1;; n++) {
 *		oom_fail_at(n);
 *		int err = thing_under_test();
 *		bool reached = oom_failed();
 *		oom_fail_at(0);
 *		if (!reached)
 *			break;                       // fewer than n allocations: all were tried
 *		assert_int_equal(err, -ENOMEM);
 *	}
 *
 * Counted are the calls made by our own objects, not those inside shared libraries.
 */
#ifndef TESTS_OOM_FAILING_H
#define TESTS_OOM_FAILING_H

#include <stdbool.h>

/* Start counting at zero and let allocation n from now fail, once; 0: none fails. */
void oom_fail_at(unsigned n);

/* Allocations asked for since the last oom_fail_at(), the failed one included. */
unsigned oom_count(void);

/* Whether the failure asked for by the last oom_fail_at() has happened. */
bool oom_failed(void);

#endif
