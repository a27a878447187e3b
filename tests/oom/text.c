/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records, master files, keys and updates when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "client/key.h"
#include "client/update.h"
#include "dns/master.h"
#include "oom/failing.h"

static const knot_dname_t zone[] = "\7example\3net";

static int take_record(const struct record *r, const struct master_place *place, void *arg)
{
	(void)place;
	return record_format(arg, r);
}

static int read_master(void)
{
	static const struct master_handler handler = { take_record, NULL };
	struct text out = { 0 };
	int err = master_read_text(slice_text("$ORIGIN a\nx 60 A 192.0.2.1\ny 60 SRV 1 2 3 z\n"),
				   "t", zone, 60, &handler, &out);

	text_done(&out);
	return err;
}

static int parse_rdata(void)
{
	struct arena arena = { 0 };
	struct slice rdata;
	const char *why;
	int err = rdata_parse(&arena, &rdata, zone, KNOT_RRTYPE_SRV, "1 2 3 sip1", &why);

	arena_done(&arena);
	return err;
}

static int parse_key(void)
{
	knot_tsig_key_t key;
	struct text fault = { 0 };
	int err = client_key_parse(&key, "hmac-md5:ops:c2VjcmV0", &fault);

	if (err == 0)
		knot_tsig_key_deinit(&key);
	text_done(&fault);
	return err;
}

static int fill_update(void)
{
	struct client_update *u = NULL;
	struct record r = {
		zone, KNOT_RRTYPE_A, KNOT_CLASS_IN, 60, { (const uint8_t *)"abcd", 4 }
	};
	int err = client_update_new(&u, zone, 0);

	for (int i = 0; err == 0 && i < 100; i++)
		err = client_update_add(u, &r);
	if (err == 0)
		err = client_update_require(u, &r);
	if (err == 0 && client_update_message(u).data == NULL)
		err = -ENOMEM;
	client_update_free(u);
	return err;
}

/* Runs it with the first, second, third ... allocation failing. */
static void try_all(int (*run)(void))
{
	for (unsigned n = 1;; n++) {
		oom_fail_at(n);
		int err = run();
		bool reached = oom_failed();

		oom_fail_at(0);
		if (!reached) {
			assert_int_equal(err, 0);
			assert_true(n > 1);
			return;
		}
		assert_int_equal(err, -ENOMEM);
	}
}

static void a_master_file_says_so(void **state)
{
	(void)state;
	try_all(read_master);
}

static void rdata_says_so(void **state)
{
	(void)state;
	try_all(parse_rdata);
}

static void a_key_says_so(void **state)
{
	(void)state;
	try_all(parse_key);
}

static void an_update_says_so(void **state)
{
	(void)state;
	try_all(fill_update);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_master_file_says_so),
		cmocka_unit_test(rdata_says_so),
		cmocka_unit_test(a_key_says_so),
		cmocka_unit_test(an_update_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
