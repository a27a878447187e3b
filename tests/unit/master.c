/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Master files: what is read, in which order, and which line is blamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns/master.h"

static const knot_dname_t origin[] = "\7example\3net";

/* All that the reader says, line by line; the folder of the files is cut off. */
struct heard {
	struct text text;
	int stop_after; /* 0: never */
};

static const char *base_name(const char *path)
{
	return strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
}

static int hear_record(const struct record *r, const struct master_place *place, void *arg)
{
	struct heard *h = arg;

	text_printf(&h->text, "%s:%d ", base_name(place->file), (int)place->line);
	assert_int_equal(record_format(&h->text, r), 0);
	text_puts(&h->text, "\n");
	return h->stop_after > 0 && --h->stop_after == 0 ? 77 : 0;
}

static void hear_fault(const struct master_place *place, const char *why, void *arg)
{
	struct heard *h = arg;

	assert_true(strlen(why) > 0);
	text_printf(&h->text, "%s:%d fault\n", base_name(place->file), (int)place->line);
}

static const struct master_handler handler = { hear_record, hear_fault };

static void lines_become_records_or_faults(void **state)
{
	static const struct {
		const char *name, *in, *out;
		int err;
	} rows[] = {
		{ "nothing", "", "", 0 },
		{ "no line end", "a A 192.0.2.1", "t:1 a.example.net. 900 IN A 192.0.2.1\n", 0 },
		{ "the owner of the line before", "a A 192.0.2.1\n\tA 192.0.2.2\n",
		  "t:1 a.example.net. 900 IN A 192.0.2.1\n"
		  "t:2 a.example.net. 900 IN A 192.0.2.2\n",
		  0 },
		{ "$TTL and $ORIGIN", "$TTL 1h\n$ORIGIN Sub\na IN A 192.0.2.1\n@ 5 A 192.0.2.2\n",
		  "t:3 a.Sub.example.net. 3600 IN A 192.0.2.1\n"
		  "t:4 Sub.example.net. 5 IN A 192.0.2.2\n",
		  0 },
		{ "a relative origin below a relative one, with a comment",
		  "$ORIGIN a\n$origin\tb;c\n@ A 192.0.2.1\n",
		  "t:3 b.a.example.net. 900 IN A 192.0.2.1\n", 0 },
		{ "an origin below one that no record follows",
		  "x A 192.0.2.1\n$ORIGIN other.\n; comment\n\n$ORIGIN a\n@ A 192.0.2.1\n",
		  "t:1 x.example.net. 900 IN A 192.0.2.1\nt:6 a.other. 900 IN A 192.0.2.1\n", 0 },
		{ "an origin that is none", "$ORIGIN a..b\nx A 192.0.2.1\n", "t:1 fault\n",
		  -EINVAL },
		{ "several lines",
		  "a NAPTR ( 1 2 ; first\n \"u\" \"E2U+sip\"\n \"!.*!\\\\1!\" . )\n",
		  "t:3 a.example.net. 900 IN NAPTR 1 2 \"u\" \"E2U+sip\" \"!.*!\\\\1!\" .\n", 0 },
		{ "a fault between two records", "a A 192.0.2.1\nb A 192.0.2\nc A 192.0.2.3\n",
		  "t:1 a.example.net. 900 IN A 192.0.2.1\nt:2 fault\n"
		  "t:3 c.example.net. 900 IN A 192.0.2.3\n",
		  -EINVAL },
		{ "octets that are no record of the type", "a A \\# 3 000000\nb A \\# 4 c0000201\n",
		  "t:1 fault\nt:2 b.example.net. 900 IN A 192.0.2.1\n", -EINVAL },
		{ "unknown directive", "$FOO x\na A 192.0.2.1\n", "t:1 fault\n", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct heard h = { 0 };

		print_message("# %s\n", rows[i].name);
		assert_int_equal(
			master_read_text(slice_text(rows[i].in), "t", origin, 900, &handler, &h),
			rows[i].err);
		assert_string_equal(text_get(&h.text), rows[i].out);
		text_done(&h.text);
	}
}

static void the_receiver_can_stop(void **state)
{
	struct heard h = { .stop_after = 1 };

	(void)state;
	assert_int_equal(master_read_text(slice_text("a A 192.0.2.1\nb A 192.0.2.2\n"), "t", origin,
					  900, &handler, &h),
			 77);
	assert_string_equal(text_get(&h.text), "t:1 a.example.net. 900 IN A 192.0.2.1\n");
	text_done(&h.text);
}

/* --- files --- */

static char folder[64];

static char *write_file(char path[128], const char *name, const char *octets)
{
	snprintf(path, 128, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(octets, file);
	assert_int_equal(fclose(file), 0);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/onnet-master-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "zone", "part", "deeper", "self" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void included_files_are_relative_and_leave_the_origin_alone(void **state)
{
	struct heard h = { 0 };
	char path[128];

	(void)state;
	write_file(path, "deeper", "d A 192.0.2.4\nbad\n");
	write_file(path, "part", "$ORIGIN other.\np A 192.0.2.2\n$INCLUDE deeper\n");
	write_file(path, "zone",
		   "$TTL 7\na A 192.0.2.1\n$INCLUDE part\n$INCLUDE deeper Sub.example.org.\n"
		   "\tA 192.0.2.3\nz A 192.0.2\ny A 192.0.2.9\n");
	assert_int_equal(master_read(path, origin, 900, &handler, &h), -EINVAL);
	assert_string_equal(text_get(&h.text), "zone:2 a.example.net. 7 IN A 192.0.2.1\n"
					       "part:2 p.other. 7 IN A 192.0.2.2\n"
					       "deeper:1 d.other. 7 IN A 192.0.2.4\n"
					       "deeper:2 fault\n"
					       "deeper:1 d.Sub.example.org. 7 IN A 192.0.2.4\n"
					       "deeper:2 fault\n"
					       "zone:5 a.example.net. 7 IN A 192.0.2.3\n"
					       "zone:6 fault\n"
					       "zone:7 y.example.net. 7 IN A 192.0.2.9\n");
	text_done(&h.text);
}

static void a_file_that_includes_itself_ends(void **state)
{
	struct heard h = { 0 };
	char path[128];

	(void)state;
	write_file(path, "self", "$INCLUDE self\n");
	assert_int_equal(master_read(path, origin, 900, &handler, &h), -EINVAL);
	assert_string_equal(text_get(&h.text), "self:1 fault\n");
	text_done(&h.text);
}

static void a_file_that_is_not_there_is_a_fault_of_who_names_it(void **state)
{
	struct heard h = { 0 };
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/nothing", folder);
	assert_int_equal(master_read(path, origin, 900, &handler, &h), -EINVAL);
	assert_int_equal(master_read(folder, origin, 900, &handler, &h), -EINVAL);
	write_file(path, "zone", "$INCLUDE nothing\na A 192.0.2.1\n");
	assert_int_equal(master_read(path, origin, 900, &handler, &h), -EINVAL);

	char expected[256];
	snprintf(expected, sizeof(expected),
		 "nothing:0 fault\n%s:0 fault\nzone:1 fault\n"
		 "zone:2 a.example.net. 900 IN A 192.0.2.1\n",
		 base_name(folder));
	assert_string_equal(text_get(&h.text), expected);
	text_done(&h.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_records_or_faults),
		cmocka_unit_test(the_receiver_can_stop),
		cmocka_unit_test_setup_teardown(
			included_files_are_relative_and_leave_the_origin_alone, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_includes_itself_ends, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_a_fault_of_who_names_it,
						make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
