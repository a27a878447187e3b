/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns/ when memory runs out: a name that is edited stays whole, and -ENOMEM says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <string.h>

#include "dns/edit.h"
#include "dns/rdata.h"
#include "oom/failing.h"

enum { TYPE = 65280 };

static uint8_t octets[20000];

/* Edits, each of which needs memory of its own; *added counts those that went well. */
static int edit_much(struct arena *arena, struct node_edit *edit, struct node *node, size_t *added)
{
	int err = edit_begin(edit, arena, node);

	for (size_t size = sizeof(octets); err >= 0 && size > sizeof(octets) - 3; size--) {
		err = edit_add(edit, TYPE, 60, slice_make(octets, size));
		*added += err > 0;
	}
	if (err >= 0)
		err = edit_add(edit, TYPE + 1, 60, slice_make(octets, sizeof(octets)));
	return err >= 0 ? edit_end(edit, node) : err;
}

static void an_edited_name_stays_whole(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++) {
		struct arena arena = { 0 };
		struct node_edit edit = { 0 };
		struct node node = { 0 };
		struct rrset_record record;
		struct rrset set;
		size_t added = 0, found = 0;

		oom_fail_at(n);
		int err = edit_much(&arena, &edit, &node, &added);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		assert_true((node.size > 0) == !reached);
		if (edit_find(&edit, TYPE, &set))
			for (size_t pos = 0; rrset_next(&set, &pos, &record);)
				assert_int_equal(record.rdata.size, sizeof(octets) - found++);
		assert_int_equal(found, added);
		arena_done(&arena);
	}
	assert_true(n > 5);
}

enum { MANY = 3000 };

/* Adds and takes out by turns; without memory for a table each record is looked for among all. */
static int change_many(struct node_edit *edit, size_t *count)
{
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t old = i / 2, none = MANY;
		int err = edit_add(edit, TYPE, 60, slice_make(&i, sizeof(i)));

		if (err < 0)
			return err;
		++*count;
		assert_int_equal(edit_add(edit, TYPE, 60, slice_make(&i, sizeof(i))), 0);
		assert_false(edit_remove(edit, TYPE, slice_make(&none, sizeof(none))));
		if (i % 4 != 3)
			continue;
		assert_true(edit_remove(edit, TYPE, slice_make(&old, sizeof(old))));
		--*count;
	}
	return 0;
}

static void a_large_set_needs_no_table(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++) {
		struct arena arena = { 0 };
		struct node_edit edit = { .arena = &arena };
		struct rrset set = { 0 };
		size_t count = 0;

		oom_fail_at(n);
		int err = change_many(&edit, &count);
		reached = oom_failed();
		oom_fail_at(0);
		assert_true(err == 0 || (reached && err == -ENOMEM));
		assert_true(edit_find(&edit, TYPE, &set) == (count > 0));
		assert_int_equal(set.count, count);
		arena_done(&arena);
	}
	assert_true(n > 5);
}

static void a_form_that_cannot_be_checked_is_not_good(void **state)
{
	struct slice caa = slice_make("\0\5issuex", 8);

	(void)state;
	assert_true(rdata_valid(KNOT_RRTYPE_CAA, caa));
	for (unsigned n = 1; n <= 2; n++) {
		oom_fail_at(n);
		assert_false(rdata_valid(KNOT_RRTYPE_CAA, caa));
		assert_true(oom_failed());
	}
	oom_fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edited_name_stays_whole),
		cmocka_unit_test(a_large_set_needs_no_table),
		cmocka_unit_test(a_form_that_cannot_be_checked_is_not_good),
	};

	return cmocka_run_group_tests_name("dns out of memory", tests, NULL, NULL);
}
