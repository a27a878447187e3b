/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/count.h and server/exposition.h: each counter has a name, and sums are what was added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libknot/libknot.h>
#include <string.h>

#include "base/clock.h"
#include "server/count.h"
#include "server/exposition.h"
#include "server/scrape.h"

static size_t metric_size(const char *name)
{
	return strcspn(name, "{");
}

static void each_counter_has_a_name_that_no_other_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNTS; i++) {
		const char *name = count_names[i].name;

		assert_non_null(name);
		assert_non_null(count_names[i].help);
		assert_memory_equal(name, "onnet_", 6);
		assert_memory_equal(name + metric_size(name) - 6, "_total", 6);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(name, count_names[j].name);
	}
}

/* Between two rows of a metric there is no row of another one, since a head stands once. */
static void rows_of_a_metric_stand_together(void **state)
{
	(void)state;
	for (size_t i = 1; i < COUNTS; i++) {
		const char *name = count_names[i].name;
		size_t size = metric_size(name);

		if (strncmp(count_names[i - 1].name, name, size) == 0 &&
		    metric_size(count_names[i - 1].name) == size)
			continue;
		for (size_t j = 0; j < i; j++)
			assert_false(metric_size(count_names[j].name) == size &&
				     memcmp(count_names[j].name, name, size) == 0);
	}
}

static void a_row_says_what_it_counts(void **state)
{
	(void)state;
	assert_string_equal(count_names[count_of_type(KNOT_RRTYPE_NAPTR)].name,
			    "onnet_queries_by_type_total{type=\"NAPTR\"}");
	assert_int_equal(count_of_type(KNOT_RRTYPE_ANY), COUNT_TYPE_ANY);
	assert_int_equal(count_of_type(0), COUNT_TYPE_OTHER);
	assert_int_equal(count_of_type(65280), COUNT_TYPE_OTHER);
	assert_string_equal(
		count_names[count_of_rcode(COUNT_RCODE_NOERROR, KNOT_RCODE_NOTZONE)].name,
		"onnet_query_responses_total{rcode=\"NOTZONE\"}");
	assert_string_equal(
		count_names[count_of_rcode(COUNT_UPDATE_NOERROR, KNOT_RCODE_NXRRSET)].name,
		"onnet_updates_total{rcode=\"NXRRSET\"}");
	assert_int_equal(count_of_rcode(COUNT_UPDATE_NOERROR, 11), COUNT_UPDATE_OTHER);
	assert_int_equal(count_of_rcode(COUNT_RCODE_NOERROR, KNOT_RCODE_BADCOOKIE),
			 COUNT_RCODE_BADCOOKIE);
}

static void an_update_is_counted_by_rcode_and_by_what_was_wrong(void **state)
{
	static const struct {
		uint16_t rcode, error;
		enum count why;
	} table[] = {
		{ KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADSIG, COUNT_REFUSED_SIGNATURE },
		{ KNOT_RCODE_NOTAUTH, 0, COUNT_REFUSED_ZONE },
		{ KNOT_RCODE_NOTZONE, 0, COUNT_REFUSED_ZONE },
		{ KNOT_RCODE_REFUSED, 0, COUNT_REFUSED_ACCESS },
		{ KNOT_RCODE_FORMERR, 0, COUNT_REFUSED_FORM },
		{ KNOT_RCODE_YXRRSET, 0, COUNT_REFUSED_PREREQUISITE },
		{ KNOT_RCODE_NXDOMAIN, 0, COUNT_REFUSED_PREREQUISITE },
		{ KNOT_RCODE_SERVFAIL, 0, COUNT_REFUSED_STORE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		static struct counts counts;

		memset(&counts, 0, sizeof(counts));
		count_update(&counts, table[i].rcode, table[i].error);
		assert_int_equal(count_get(&counts, table[i].why), 1);
		assert_int_equal(
			count_get(&counts, count_of_rcode(COUNT_UPDATE_NOERROR, table[i].rcode)),
			1);
	}

	struct counts good = { .untimed = 0 };
	count_update(&good, KNOT_RCODE_NOERROR, 0);
	for (size_t i = 0; i < COUNTS; i++)
		assert_int_equal(count_get(&good, (enum count)i), i == COUNT_UPDATE_NOERROR);
}

static void counters_of_all_threads_are_added_up(void **state)
{
	static struct counts a, b;
	const struct counts *list = NULL;
	uint64_t below[BUCKETS];

	(void)state;
	counts_join(&list, &a);
	counts_join(&list, &b);
	count_add(&a, COUNT_TRUNCATED, 3);
	count_add(&b, COUNT_TRUNCATED, 4);
	assert_int_equal(counts_sum(list, COUNT_TRUNCATED), 7);

	count_spread(&a, HISTOGRAM_GROUP, 1, 1);    /* at a bound is below it */
	count_spread(&a, HISTOGRAM_GROUP, 3, 2);    /* above 2, up to 4 */
	count_spread(&b, HISTOGRAM_GROUP, 2000, 1); /* beyond all bounds */
	assert_int_equal(counts_spread(list, HISTOGRAM_GROUP, below), 1 + 2 * 3 + 2000);
	assert_int_equal(below[0], 1);
	assert_int_equal(below[1], 1);
	assert_int_equal(below[2], 3);
	assert_int_equal(below[BUCKETS - 2], 3);
	assert_int_equal(below[BUCKETS - 1], 4);
}

static void bounds_of_a_histogram_rise(void **state)
{
	(void)state;
	for (size_t h = 0; h < HISTOGRAMS; h++)
		for (size_t i = 1; i < BUCKETS - 1; i++)
			assert_true(histogram_names[h].bound[i] > histogram_names[h].bound[i - 1]);
}

static void all_queries_of_a_run_get_the_time_of_the_run(void **state)
{
	static struct counts counts;
	uint64_t below[BUCKETS];
	int64_t began = clock_monotonic_us() - 2000000;

	(void)state;
	assert_true(count_time(&counts, began) >= began + 2000000);
	counts_spread(&counts, HISTOGRAM_QUERY, below);
	assert_int_equal(below[BUCKETS - 1], 0);

	counts.untimed = 5;
	count_time(&counts, began);
	assert_true(counts_spread(&counts, HISTOGRAM_QUERY, below) >= 5 * 2000000);
	assert_int_equal(below[BUCKETS - 2], 0);
	assert_int_equal(below[BUCKETS - 1], 5);
	assert_int_equal(counts.untimed, 0);
}

static void a_label_is_escaped(void **state)
{
	struct text text = { 0 };

	(void)state;
	exposition_label(&text, "m", "zone", "a\\032b\"c\nd");
	assert_string_equal(text_get(&text), "m{zone=\"a\\\\032b\\\"c\\nd\"}");
	text_done(&text);
}

static void a_metric_is_a_head_and_lines(void **state)
{
	struct text text = { 0 };

	(void)state;
	exposition_head(&text, "m_total{a=\"b\"}", "counter", "A sentence.");
	exposition_count(&text, "m_total{a=\"b\"}", UINT64_MAX);
	exposition_gauge(&text, "g", "Another.", 1795914196);
	exposition_value(&text, "h", 0.5);
	assert_string_equal(text_get(&text), "# HELP m_total A sentence.\n"
					     "# TYPE m_total counter\n"
					     "m_total{a=\"b\"} 18446744073709551615\n"
					     "# HELP g Another.\n# TYPE g gauge\ng 1795914196\n"
					     "h 0.5\n");
	text_done(&text);
}

static void counters_are_written_with_one_head_for_each_metric(void **state)
{
	static struct counts counts;
	struct text text = { 0 };
	const char *at;

	(void)state;
	count_add(&counts, COUNT_TYPE_NAPTR, 12);
	count_spread(&counts, HISTOGRAM_COMMIT, 1500000, 2);
	scrape_counts(&counts, &text);
	at = strstr(text_get(&text), "# TYPE onnet_queries_by_type_total counter\n");
	assert_non_null(at);
	assert_null(strstr(at + 1, "# TYPE onnet_queries_by_type_total"));
	assert_non_null(strstr(at, "\nonnet_queries_by_type_total{type=\"NAPTR\"} 12\n"));
	at = strstr(at, "# TYPE onnet_commit_duration_seconds histogram\n");
	assert_non_null(at);
	assert_non_null(strstr(at, "\nonnet_commit_duration_seconds_bucket{le=\"1\"} 0\n"));
	assert_non_null(strstr(at, "\nonnet_commit_duration_seconds_bucket{le=\"5\"} 2\n"));
	assert_non_null(strstr(at, "\nonnet_commit_duration_seconds_bucket{le=\"+Inf\"} 2\n"));
	assert_non_null(strstr(at, "\nonnet_commit_duration_seconds_sum 3\n"));
	assert_non_null(strstr(at, "\nonnet_commit_duration_seconds_count 2\n"));
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_has_a_name_that_no_other_has),
		cmocka_unit_test(rows_of_a_metric_stand_together),
		cmocka_unit_test(a_row_says_what_it_counts),
		cmocka_unit_test(an_update_is_counted_by_rcode_and_by_what_was_wrong),
		cmocka_unit_test(counters_of_all_threads_are_added_up),
		cmocka_unit_test(bounds_of_a_histogram_rise),
		cmocka_unit_test(all_queries_of_a_run_get_the_time_of_the_run),
		cmocka_unit_test(a_label_is_escaped),
		cmocka_unit_test(a_metric_is_a_head_and_lines),
		cmocka_unit_test(counters_are_written_with_one_head_for_each_metric),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
