/* SPDX-License-Identifier: MIT */
/* base/reader.h and base/writer.h: fields go in and out, ends are never passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/reader.h"
#include "base/writer.h"

static const uint8_t octets[] = {
	0x01,                                           /* u8 */
	0x02, 0x03,                                     /* u16 */
	0x04, 0x05, 0x06, 0x07,                         /* u32 */
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, /* u64 */
	0x03, 'a',  0,    'b',                          /* a character-string with a NUL in it */
};

static void fields_are_read_in_network_order(void **state)
{
	struct reader r = read_begin(octets, sizeof(octets));

	(void)state;
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0x04050607);
	assert_int_equal(read_u64(&r), 0x08090a0b0c0d0e0f);
	assert_int_equal(read_end(&r), -EBADMSG);
	struct slice s = read_string(&r);
	assert_int_equal(s.size, 3);
	assert_memory_equal(s.data, "a\0b", 3);
	assert_ptr_equal(s.data, octets + 16);
	assert_int_equal(read_end(&r), 0);
}

/* Every way to read, over a buffer that ends one octet too early: the sanitizer watches its end. */
static void nothing_is_read_past_the_end(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(octets); size++) {
		uint8_t *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy, octets, size);
		copy = realloc(copy, size > 0 ? size : 1);
		assert_non_null(copy);

		struct reader r = read_begin(copy, size);
		read_u8(&r);
		read_u16(&r);
		read_u32(&r);
		read_u64(&r);
		read_string(&r);
		assert_true(r.failed);
		assert_int_equal(read_end(&r), -EBADMSG);
		free(copy);
	}
}

static void a_failed_reader_gives_zeros_for_good(void **state)
{
	struct reader r = read_begin(octets, 2);

	(void)state;
	assert_int_equal(read_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(read_u8(&r), 0);
	assert_int_equal(read_u16(&r), 0);
	assert_int_equal(read_u64(&r), 0);
	assert_int_equal(read_string(&r).size, 0);
	assert_non_null(read_bytes(&r, 0).data);
	struct reader sub = read_sub(&r, 0);
	assert_true(sub.failed);
	assert_int_equal(read_end(&r), -EBADMSG);
}

static void an_inner_reader_ends_where_its_part_ends(void **state)
{
	struct reader r = read_begin(octets, sizeof(octets));

	(void)state;
	struct reader sub = read_sub(&r, 3);
	assert_int_equal(read_u16(&sub), 0x0102);
	assert_int_equal(read_end(&sub), -EBADMSG);
	assert_int_equal(read_u16(&sub), 0);
	assert_true(sub.failed);
	assert_false(r.failed);
	assert_int_equal(read_u8(&r), 0x04);

	sub = read_sub(&r, sizeof(octets));
	assert_true(sub.failed);
	assert_true(r.failed);
}

static void an_empty_reader_is_at_its_end(void **state)
{
	struct reader r = read_begin(NULL, 0);

	(void)state;
	assert_int_equal(read_left(&r), 0);
	assert_int_equal(read_end(&r), 0);
	assert_int_equal(read_u8(&r), 0);
	assert_int_equal(read_end(&r), -EBADMSG);
}

static void what_is_written_is_read_back(void **state)
{
	uint8_t buffer[sizeof(octets)];
	struct writer w = write_begin(buffer, sizeof(buffer));

	(void)state;
	write_u8(&w, 0x01);
	write_u16(&w, 0x0203);
	write_u32(&w, 0x04050607);
	write_u64(&w, 0x08090a0b0c0d0e0f);
	write_bytes(&w, "\003a\0b", 4);
	write_bytes(&w, NULL, 0);
	assert_false(w.full);
	assert_int_equal(write_size(&w), sizeof(octets));
	assert_int_equal(write_room(&w), 0);
	assert_memory_equal(buffer, octets, sizeof(octets));
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	uint8_t buffer[4] = { 0xee, 0xee, 0xee, 0xee };
	struct writer w = write_begin(buffer, 3);

	(void)state;
	write_u16(&w, 0x0102);
	write_u32(&w, 0x03040506);
	assert_true(w.full);
	assert_int_equal(write_size(&w), 2);
	/* It would fit, but something before it is missing. */
	write_u8(&w, 7);
	assert_int_equal(write_size(&w), 2);
	assert_memory_equal(buffer, "\x01\x02\xee\xee", 4);
}

static void integers_are_put_and_got_in_place(void **state)
{
	uint8_t at[4];

	(void)state;
	put_u16(at, 0xfffe);
	assert_int_equal(get_u16(at), 0xfffe);
	put_u32(at, 0xfffefdfc);
	assert_int_equal(get_u32(at), 0xfffefdfc);
	assert_memory_equal(at, "\xff\xfe\xfd\xfc", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_in_network_order),
		cmocka_unit_test(nothing_is_read_past_the_end),
		cmocka_unit_test(a_failed_reader_gives_zeros_for_good),
		cmocka_unit_test(an_inner_reader_ends_where_its_part_ends),
		cmocka_unit_test(an_empty_reader_is_at_its_end),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(integers_are_put_and_got_in_place),
	};

	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
