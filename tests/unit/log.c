/* SPDX-License-Identifier: MIT */
/* base/log.h: one line, whole, that nobody else can forge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_bound.h"

static int pipe_ends[2];
static int real_stderr;

/* From here to caught() stderr goes into a pipe. */
static void catch (void)
{
	assert_int_equal(pipe(pipe_ends), 0);
	real_stderr = dup(STDERR_FILENO);
	dup2(pipe_ends[1], STDERR_FILENO);
	close(pipe_ends[1]);
}

/* What was written since catch(); lives until the next call. */
static const char *caught(void)
{
	static char lines[4096];

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	ssize_t size = read(pipe_ends[0], lines, sizeof(lines) - 1);
	close(pipe_ends[0]);
	lines[size < 0 ? 0 : size] = '\0';
	return lines;
}

static void a_line_says_its_level(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	catch ();
	log_info("zone=%s loaded", "example.net");
	log_warning("w");
	log_error("e");
	log_debug("not asked for");
	assert_string_equal(caught(), "zone=example.net loaded\nwarning: w\nerror: e\n");
}

static void the_journal_gets_its_prefix(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	catch ();
	log_error("e");
	log_info("i");
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(caught(), "<3>e\n<6>i\n");
}

static void lines_above_the_limit_are_dropped(void **state)
{
	(void)state;
	log_limit(LOG_LEVEL_ERROR);
	catch ();
	log_warning("w");
	log_error("e");
	log_limit(LOG_LEVEL_DEBUG);
	log_debug("d");
	log_limit(LOG_LEVEL_INFO);
	assert_string_equal(caught(), "error: e\ndebug: d\n");
}

static void nothing_in_a_line_can_start_another(void **state)
{
	(void)state;
	catch ();
	log_info("key=%s", "a\nerror: forged\r\x1b[2J\x7f");
	assert_string_equal(caught(), "key=a?error: forged??[2J?\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
	char longer[3000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	catch ();
	log_error("%s", longer);
	const char *line = caught();
	assert_in_range(strlen(line), 1000, 1024);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void events_get_so_many_lines_a_second(void **state)
{
	struct log_bound bound = { .what = "doors shut" };
	unsigned lines = 0;

	(void)state;
	catch ();
	for (int i = 0; i < LOG_BOUND_LINES + 30; i++)
		lines += log_bound_pass(&bound, 1000 + i);
	assert_int_equal(lines, LOG_BOUND_LINES);
	assert_int_equal(log_bound_expire(&bound, 1700), 300);
	assert_int_equal(log_bound_expire(&bound, 2000), -1);
	assert_int_equal(log_bound_expire(&bound, 2000), -1);
	assert_true(log_bound_pass(&bound, 2100));
	assert_string_equal(caught(), "warning: doors shut: and 30 more within a second\n");

	/* whoever does not call expire() is told with the next event */
	catch ();
	for (int i = 0; i < LOG_BOUND_LINES + 30; i++)
		log_bound_pass(&bound, 5000);
	assert_true(log_bound_pass(&bound, 9000));
	assert_string_equal(caught(), "warning: doors shut: and 30 more within a second\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_its_level),
		cmocka_unit_test(the_journal_gets_its_prefix),
		cmocka_unit_test(lines_above_the_limit_are_dropped),
		cmocka_unit_test(nothing_in_a_line_can_start_another),
		cmocka_unit_test(a_long_line_is_cut_and_still_ends),
		cmocka_unit_test(events_get_so_many_lines_a_second),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
