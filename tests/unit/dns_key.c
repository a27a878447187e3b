/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns/key.h: octets whose order is the canonical order of names, for names of any octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dns/key.h"
#include "dns/record.h"

struct name {
	knot_dname_storage_t octets;
};

static void name_read(struct name *ret, const char *text)
{
	struct arena arena = { 0 };
	knot_dname_t *name = name_parse(&arena, NULL, text);

	if (name == NULL)
		fail_msg("%s", text);
	memcpy(ret->octets, name, knot_dname_size(name));
	arena_done(&arena);
}

static int octets_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int keys_compare(const knot_dname_t *a, const knot_dname_t *b)
{
	uint8_t x[KEY_MAX], y[KEY_MAX];
	size_t x_size = key_write(x, a, 0);
	size_t y_size = key_write(y, b, 0);

	return octets_compare(x, x_size, y, y_size);
}

static void the_order_of_keys_is_the_example_of_rfc_4034_6_1(void **state)
{
	static const char *const names[] = {
		".",
		"example.",
		"a.example.",
		"yljkjljk.a.example.",
		"Z.a.example.",
		"zABC.a.EXAMPLE.",
		"z.example.",
		"\\001.z.example.",
		"*.z.example.",
		"\\200.z.example.",
		"example0.", /* a longer label comes after all that is below the shorter one */
	};
	enum { COUNT = sizeof(names) / sizeof(names[0]) };

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t k = 0; k < COUNT; k++) {
			struct name a, b;

			name_read(&a, names[i]);
			name_read(&b, names[k]);
			int order = keys_compare(a.octets, b.octets);
			if ((order > 0) - (order < 0) != (i > k) - (i < k))
				fail_msg("%s and %s: %d", names[i], names[k], order);
		}
	}
}

static void octets_that_need_escapes_keep_their_order(void **state)
{
	static const char *const rising[] = {
		"a.",       "\\000.a.",      "\\000\\000.a.", "\\000\\001.a.", "\\000\\002.a.",
		"\\001.a.", "\\001\\000.a.", "\\001\\001.a.", "\\002.a.",      "\\..a.",
		"@.a.",     "[.a.",          "A.a.",          "b.a.",          "\\255.a.",
		"a\\000.",  "a\\001.",       "a\\002.",       "aa.",
	};

	(void)state;
	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++) {
		struct name a, b;

		name_read(&a, rising[i - 1]);
		name_read(&b, rising[i]);
		if (keys_compare(a.octets, b.octets) >= 0)
			fail_msg("%s is not before %s", rising[i - 1], rising[i]);
	}
}

/* RFC 4034 6.1 in its own words, label by label from the right. */
static int canonical_compare(const knot_dname_t *a, const knot_dname_t *b)
{
	const uint8_t *x[KNOT_DNAME_MAXLABELS], *y[KNOT_DNAME_MAXLABELS];
	size_t x_count = 0, y_count = 0;

	for (; *a != 0; a += *a + 1)
		x[x_count++] = a;
	for (; *b != 0; b += *b + 1)
		y[y_count++] = b;
	for (size_t i = 1; i <= x_count && i <= y_count; i++) {
		uint8_t p[64], q[64];

		memcpy(p, x[x_count - i], (size_t)x[x_count - i][0] + 1);
		memcpy(q, y[y_count - i], (size_t)y[y_count - i][0] + 1);
		for (size_t k = 1; k <= p[0]; k++)
			p[k] = (uint8_t)(p[k] >= 'A' && p[k] <= 'Z' ? p[k] + 32 : p[k]);
		for (size_t k = 1; k <= q[0]; k++)
			q[k] = (uint8_t)(q[k] >= 'A' && q[k] <= 'Z' ? q[k] + 32 : q[k]);
		int order = octets_compare(p + 1, p[0], q + 1, q[0]);
		if (order != 0)
			return order;
	}
	return (x_count > y_count) - (x_count < y_count);
}

/* Labels of few different octets, so that names often share some. */
static void name_make(struct name *ret)
{
	static const uint8_t octets[] = { 0, 1, 2, '.', 'a', 'A', 'b', 0xff };
	size_t at = 0;

	for (size_t labels = (size_t)rand() % 6; labels > 0; labels--) {
		size_t length = 1 + (size_t)rand() % (rand() % 8 == 0 ? 60 : 3);

		if (at + length + 2 > KNOT_DNAME_MAXLEN)
			break;
		ret->octets[at++] = (uint8_t)length;
		while (length-- > 0)
			ret->octets[at++] = octets[rand() % 8];
	}
	ret->octets[at] = 0;
}

static void the_order_of_keys_is_the_canonical_order_of_any_names(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		struct name a, b;

		name_make(&a);
		name_make(&b);
		int wanted = canonical_compare(a.octets, b.octets);
		int order = keys_compare(a.octets, b.octets);
		if ((order > 0) - (order < 0) != (wanted > 0) - (wanted < 0))
			fail_msg("round %d: %d, should be %d", i, order, wanted);
	}
}

static void a_key_gives_back_its_name_in_lower_case(void **state)
{
	static const struct {
		const char *apex, *name;
	} table[] = {
		{ ".", "." },
		{ ".", "Example." },
		{ "example.", "Example." },
		{ "Example.", "a.B.\\000\\001\\002\\.\\255.EXAMPLE." },
		{ "a.b.c.", "_sip._udp.a.b.c." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct name apex, name, read;
		uint8_t key[KEY_MAX];

		name_read(&apex, table[i].apex);
		name_read(&name, table[i].name);
		size_t size = key_write(key, name.octets, knot_dname_labels(apex.octets, NULL));
		assert_int_equal(key_name(read.octets, key, size, apex.octets),
				 knot_dname_size(name.octets));
		assert_true(knot_dname_is_case_equal(read.octets, name.octets));
	}
}

static void a_key_gives_back_any_name(void **state)
{
	(void)state;
	srand(2);
	for (int i = 0; i < 50000; i++) {
		struct name name, read;
		uint8_t key[KEY_MAX];

		name_make(&name);
		size_t size = key_write(key, name.octets, 0);
		assert_int_equal(key_name(read.octets, key, size, (const uint8_t *)""),
				 knot_dname_size(name.octets));
		knot_dname_to_lower(name.octets);
		assert_memory_equal(read.octets, name.octets, knot_dname_size(name.octets));
	}
}

/* 255 octets in labels of this length, the last one shorter, each octet the same. */
static void longest_make(struct name *ret, size_t length, uint8_t octet)
{
	size_t at = 0;

	while (at + 2 < KNOT_DNAME_MAXLEN) {
		size_t room = KNOT_DNAME_MAXLEN - 2 - at, size = room < length ? room : length;

		ret->octets[at] = (uint8_t)size;
		memset(ret->octets + at + 1, octet, size);
		at += size + 1;
	}
	ret->octets[at] = 0;
	if (at == KNOT_DNAME_MAXLEN - 2)
		assert_true(length == 1);
	else
		assert_int_equal(at, KNOT_DNAME_MAXLEN - 1);
}

static void the_longest_names_fit(void **state)
{
	static const size_t lengths[] = { 1, 2, 7, 62, 63 };
	static const uint8_t octets[] = { 0, 1, 'A', 0xff };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t k = 0; k < sizeof(octets); k++) {
			struct name name, read;
			uint8_t *key = malloc(KEY_MAX); /* so that a sanitizer sees its end */

			longest_make(&name, lengths[i], octets[k]);
			size_t size = key_write(key, name.octets, 0);
			assert_true(size <= KEY_MAX);
			assert_int_equal(key_name(read.octets, key, size, (const uint8_t *)""),
					 knot_dname_size(name.octets));
			assert_true(knot_dname_is_case_equal(read.octets, name.octets));
			free(key);
		}
	}
}

static void octets_that_are_no_key_are_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t size;
	} table[] = {
		{ "a", 1 },      /* not closed */
		{ "\0", 1 },     /* an empty label */
		{ "a\0\0", 3 },  /* the same further on */
		{ "\1", 1 },     /* half of an escape */
		{ "a\0b\1", 4 }, /* the same further on */
	};
	struct name read;
	uint8_t key[600];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(key_name(read.octets, (const uint8_t *)table[i].octets,
					  table[i].size, (const uint8_t *)""),
				 0);

	memset(key, 'a', sizeof(key));
	key[64] = 0; /* a label of 64 octets */
	assert_int_equal(key_name(read.octets, key, 65, (const uint8_t *)""), 0);
	for (size_t i = 1; i < sizeof(key); i += 2)
		key[i] = 0; /* 300 labels */
	key[64] = 'a';
	assert_int_equal(key_name(read.octets, key, sizeof(key), (const uint8_t *)""), 0);
	assert_int_equal(key_name(read.octets, key, 2 * 127, (const uint8_t *)""), 255);
	assert_int_equal(key_name(read.octets, key, 2 * 127, (const uint8_t *)"\1x"), 0);
}

static void shared_labels_are_counted_from_the_apex_down(void **state)
{
	static const struct {
		const char *a, *b;
		size_t labels;
	} table[] = {
		{ "a.", "b.", 0 },
		{ "a.", "a.", 1 },
		{ "x.a.", "a.", 1 },
		{ "a.", "aa.", 0 },
		{ "x.b.a.", "y.B.A.", 2 },
		{ "x.b.a.", "x.c.a.", 1 },
		{ "xx.b.a.", "x.b.a.", 2 },
		{ ".", "a.", 0 },
		{ "\\000.a.", "\\001.a.", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct name a, b;
		uint8_t x[KEY_MAX], y[KEY_MAX];
		size_t size = 99;

		name_read(&a, table[i].a);
		name_read(&b, table[i].b);
		size_t x_size = key_write(x, a.octets, 0), y_size = key_write(y, b.octets, 0);
		assert_int_equal(key_shared_labels(x, x_size, y, y_size, &size), table[i].labels);
		assert_int_equal(size, key_labels_size(x, x_size, table[i].labels));
		assert_int_equal(key_shared_labels(y, y_size, x, x_size, &size), table[i].labels);
		assert_int_equal(size, key_labels_size(y, y_size, table[i].labels));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_keys_is_the_example_of_rfc_4034_6_1),
		cmocka_unit_test(octets_that_need_escapes_keep_their_order),
		cmocka_unit_test(the_order_of_keys_is_the_canonical_order_of_any_names),
		cmocka_unit_test(a_key_gives_back_its_name_in_lower_case),
		cmocka_unit_test(a_key_gives_back_any_name),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(octets_that_are_no_key_are_refused),
		cmocka_unit_test(shared_labels_are_counted_from_the_apex_down),
	};

	return cmocka_run_group_tests_name("dns key", tests, NULL, NULL);
}
