/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TSIG keys in the forms of BIND's tools. */
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

#include "client/key.h"

#define SECRET "c2VjcmV0LXNlY3JldC1zZWNyZXQ="

/* "hmac-sha256 ops" and that the secret is the one above. */
static void assert_key(knot_tsig_key_t *key, const char *expected)
{
	char name[256], is[300];

	assert_non_null(knot_dname_to_str(name, key->name, sizeof(name)));
	snprintf(is, sizeof(is), "%s %s", dnssec_tsig_algorithm_to_name(key->algorithm), name);
	assert_string_equal(is, expected);
	assert_int_equal(key->secret.size, 20);
	assert_memory_equal(key->secret.data, "secret-secret-secret", 20);
	knot_tsig_key_deinit(key);
}

static void a_line_is_a_key(void **state)
{
	static const struct {
		const char *in;
		int err;
		const char *out;
	} rows[] = {
		{ "ops:" SECRET, 0, "hmac-sha256 ops." },
		{ "hmac-md5:ops:" SECRET, 0, "hmac-md5 ops." },
		{ "HMAC-SHA512:ops.example.net.:" SECRET, 0, "hmac-sha512 ops.example.net." },
		{ "hmac-md5.sig-alg.reg.int:ops:" SECRET, 0, "hmac-md5 ops." },
		{ "hmac-sha1.:ops:" SECRET, 0, "hmac-sha1 ops." },
		{ "ops", -ENOENT, NULL },
		{ "ops:", -EINVAL, NULL },
		{ ":", -EINVAL, NULL },
		{ "ops:not base64", -EINVAL, NULL },
		{ "hmac-sha3:ops:" SECRET, -EINVAL, NULL },
		{ "hmac-sha2567:ops:" SECRET, -EINVAL, NULL },
		{ "a..b:" SECRET, -EINVAL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		knot_tsig_key_t key = { 0 };
		struct text fault = { 0 };

		print_message("# %s\n", rows[i].in);
		assert_int_equal(client_key_parse(&key, rows[i].in, &fault), rows[i].err);
		if (rows[i].err == 0)
			assert_key(&key, rows[i].out);
		else
			assert_true(fault.size > 0);
		text_done(&fault);
	}
}

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/onnet-key-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int read_file(knot_tsig_key_t *ret, const char *name, const char *octets, const char *id,
		     struct text *fault)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(octets, file);
	assert_int_equal(fclose(file), 0);
	int err = client_key_read(ret, path, id, fault);
	unlink(path);
	return err;
}

#define CLAUSE(id) "key \"" id "\" {\n\talgorithm hmac-sha256;\n\tsecret \"" SECRET "\";\n};\n"
#define PRIVATE(number) \
	"Private-key-format: v1.3\nAlgorithm: " number "\nKey: " SECRET "\nBits: AAA=\n"

static void files_of_other_tools_are_keys(void **state)
{
	static const struct {
		const char *name, *file, *in, *id;
		int err;
		const char *out;
	} rows[] = {
		{ "tsig-keygen", "k", CLAUSE("ops"), NULL, 0, "hmac-sha256 ops." },
		{ "the first of two", "k", CLAUSE("one") CLAUSE("two"), NULL, 0,
		  "hmac-sha256 one." },
		{ "the one that is named", "k", CLAUSE("one") CLAUSE("Two"), "two.", 0,
		  "hmac-sha256 two." },
		{ "comments, no quotes, other order", "k",
		  "# a\n// key x {\n/* key y { } */ key ops { secret " SECRET
		  "; algorithm hmac-sha1; };",
		  NULL, 0, "hmac-sha1 ops." },
		{ "a whole named.conf", "k",
		  "options { directory \"/\"; };\nzone \"x\" { allow-update { key other; }; };\n"
		  "server 192.0.2.1 { keys { other; }; };\n" CLAUSE("ops"),
		  NULL, 0, "hmac-sha256 ops." },
		{ "dnssec-keygen, md5", "Kops.+157+00001.private", PRIVATE("157 (HMAC_MD5)"), NULL,
		  0, "hmac-md5 ops." },
		{ "dnssec-keygen, sha512", "Kops.example.net.+165+00001.private",
		  PRIVATE("165 (HMAC_SHA512)"), NULL, 0, "hmac-sha512 ops.example.net." },
		{ "dnssec-keygen, public half", "Kops.+161+00001.key",
		  "ops. IN KEY 512 3 161 c2VjcmV0LXNlY3Jl dC1zZWNyZXQ=\n", NULL, 0,
		  "hmac-sha1 ops." },
		{ "no clause", "k", "options { };\n", NULL, -EINVAL, NULL },
		{ "no such clause", "k", CLAUSE("one"), "two", -EINVAL, NULL },
		{ "no secret", "k", "key ops { algorithm hmac-md5; };", NULL, -EINVAL, NULL },
		{ "cut short", "k", "key ops {", NULL, -EINVAL, NULL },
		{ "cut shorter", "k", "key", NULL, -EINVAL, NULL },
		{ "nothing", "k", "", NULL, -EINVAL, NULL },
		{ "renamed", "ops.private", PRIVATE("157"), NULL, -EINVAL, NULL },
		{ "a DNSSEC key", "Kexample.net.+013+00001.private",
		  PRIVATE("13 (ECDSAP256SHA256)"), NULL, -EINVAL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		knot_tsig_key_t key = { 0 };
		struct text fault = { 0 };

		print_message("# %s\n", rows[i].name);
		assert_int_equal(read_file(&key, rows[i].file, rows[i].in, rows[i].id, &fault),
				 rows[i].err);
		if (rows[i].err == 0)
			assert_key(&key, rows[i].out);
		else
			assert_true(fault.size > 0);
		text_done(&fault);
	}
}

static void a_file_that_is_not_there_is_named(void **state)
{
	knot_tsig_key_t key;
	struct text fault = { 0 };

	(void)state;
	assert_int_equal(client_key_read(&key, "/nowhere/ops.key", NULL, &fault), -ENOENT);
	assert_non_null(strstr(text_get(&fault), "/nowhere/ops.key"));
	text_done(&fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_key),
		cmocka_unit_test_setup_teardown(files_of_other_tools_are_keys, make_folder,
						remove_folder),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
