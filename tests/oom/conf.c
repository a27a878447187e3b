/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf_read() when memory runs out: -ENOMEM, nothing left behind, and no half of a configuration. */
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

#include "conf/conf.h"
#include "oom/failing.h"

static int type_parse(const char *name)
{
	return strcmp(name, "NAPTR") == 0 ? 35 : -EINVAL;
}

/* Enough zones that the arena needs several chunks and the text of the file several pieces. */
static void zones_write(FILE *file)
{
	for (int i = 0; i < 200; i++)
		fprintf(file,
			"  - domain: zone%d.example.net\n"
			"    file: zone%d.zone\n"
			"    transfer: [ops, 127.0.0.0/8]\n"
			"    update: {key: ops, numbers: [+1202, 12*543], types: [NAPTR]}\n",
			i, i);
}

static void each_allocation_may_fail(const char *end, int wanted)
{
	char path[] = "/tmp/conf-oom.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs("server: {listen: [127.0.0.1, '::1']}\n"
	      "key: {id: ops, algorithm: hmac-sha256, secret: b25uZXQ=}\n"
	      "zone:\n",
	      file);
	zones_write(file);
	fputs(end, file);
	assert_int_equal(fclose(file), 0);

	unsigned n = 1;
	for (bool reached = true; reached; n++) {
		struct text fault = { 0 };
		struct conf *conf = NULL;

		oom_fail_at(n);
		int err = conf_read(&conf, path, type_parse, &fault);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : wanted);
		assert_true((conf != NULL) == (err == 0));
		conf_free(conf);
		text_done(&fault);
	}
	assert_true(n > 10); /* it was worth it */
	remove(path);
}

static void a_good_file_is_read_whole_or_not_at_all(void **state)
{
	(void)state;
	each_allocation_may_fail("number: {e164: [e164.arpa, e164.example.net]}\n", 0);
}

static void a_bad_file_is_refused_either_way(void **state)
{
	(void)state;
	each_allocation_may_fail("  - domain: zone1.example.net\n"
				 "    update: [nobody, {types: [BOGUS]}]\n"
				 "sever: {}\n",
				 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_bad_file_is_refused_either_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
