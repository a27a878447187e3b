/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/redo.h, store/journal.h, store/checkpoint.h: what a store writes beside LMDB's data file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fixture/folder.h"
#include "store/checkpoint.h"
#include "store/journal.h"
#include "store/redo.h"

static char folder[FOLDER_ROOM];

static int folder_begin(void **state)
{
	(void)state;
	return folder_make(folder);
}

static int folder_end(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

static void put(struct redo *redo, enum redo_table table, const char *key, const char *value)
{
	struct redo_item item = {
		.table = table,
		.gone = value == NULL,
		.key = slice_text(key),
		.value = value == NULL ? (struct slice){ 0 } : slice_text(value),
	};

	assert_int_equal(redo_put(redo, &item), 0);
}

static struct slice items_of(struct redo *redo)
{
	redo_end(redo);
	if (redo->size == 0)
		return (struct slice){ 0 };
	return slice_make(redo->data + REDO_HEAD, redo->size - REDO_HEAD);
}

/* "table key=value ..." in order; "-" for a value that is gone. */
static const char *show(struct slice items)
{
	static struct text text;
	struct redo_item item;
	size_t offset = 0;
	int more;

	text_reset(&text);
	while ((more = redo_next(items, &offset, &item)) > 0) {
		text_printf(&text, "%d %.*s=", (int)item.table, (int)item.key.size,
			    (const char *)item.key.data);
		text_add(&text, item.value.data, item.value.size);
		text_puts(&text, item.gone ? "-; " : "; ");
	}
	assert_int_equal(more, 0);
	return text_get(&text);
}

static void a_key_has_its_last_value(void **state)
{
	static const struct {
		const char *key, *value;
		enum redo_table table;
	} table[] = {
		{ "apex", "one", REDO_NODES },
		{ "apex", "two", REDO_NODES },
		{ "apex", "other table", REDO_ZONES },
		{ "a", "x", REDO_NODES },
		{ "a", NULL, REDO_NODES },
		{ "b", NULL, REDO_LOG },
		{ "b", "again", REDO_LOG },
		{ "apex", "longer than before", REDO_NODES },
		{ "c", "", REDO_NODES },
	};
	struct redo redo = { 0 };

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		redo_reset(&redo);
		assert_string_equal(show(items_of(&redo)), "");
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			put(&redo, table[i].table, table[i].key, table[i].value);
		assert_string_equal(show(items_of(&redo)), "0 apex=other table; 1 a=-; 2 b=again; "
							   "1 apex=longer than before; 1 c=; ");
	}
	redo_done(&redo);
}

static void thousands_of_keys_are_told_apart(void **state)
{
	enum { KEYS = 5000 };
	struct redo redo = { 0 };
	struct redo_item item;
	size_t offset = 0, count = 0;
	char key[32], value[32];

	(void)state;
	redo_reset(&redo);
	for (int i = 0; i < 3 * KEYS; i++) {
		snprintf(key, sizeof(key), "key %d", i % KEYS);
		snprintf(value, sizeof(value), "%d", i);
		put(&redo, REDO_NODES, key, value);
	}

	struct slice items = items_of(&redo);
	for (; redo_next(items, &offset, &item) > 0; count++) {
		snprintf(key, sizeof(key), "%.*s", (int)item.key.size, (const char *)item.key.data);
		int number = atoi(key + 4);

		snprintf(value, sizeof(value), "%d", 2 * KEYS + number);
		assert_true(slice_equal(item.value, slice_text(value)));
	}
	assert_int_equal(count, KEYS);
	redo_done(&redo);
}

static void what_is_too_much_is_not_kept(void **state)
{
	static uint8_t octets[1 << 20];
	struct redo redo = { 0 };
	struct redo_item item = { .table = REDO_NODES,
				  .value = slice_make(octets, sizeof(octets)) };

	(void)state;
	redo_reset(&redo);
	for (uint32_t i = 0; i < 40; i++) {
		item.key = slice_make(&i, sizeof(i));
		assert_int_equal(redo_put(&redo, &item), 0);
		assert_int_equal(redo.whole, i < REDO_MAX >> 20 ? i < (REDO_MAX >> 20) - 1 : 0);
	}
	redo_end(&redo);
	assert_false(redo.whole);
	redo_reset(&redo);
	assert_true(redo.whole);
	put(&redo, REDO_LOG, "a", "b");
	assert_string_equal(show(items_of(&redo)), "2 a=b; ");
	redo_done(&redo);
}

static void damaged_items_are_refused(void **state)
{
	struct redo redo = { 0 };
	struct redo_item item;

	(void)state;
	redo_reset(&redo);
	put(&redo, REDO_NODES, "key", "value");

	struct slice items = items_of(&redo);
	for (size_t size = 1; size < items.size; size++) {
		uint8_t *copy = malloc(size);
		size_t offset = 0;

		assert_non_null(copy);
		memcpy(copy, items.data, size);
		assert_int_equal(redo_next(slice_make(copy, size), &offset, &item), -EBADMSG);
		free(copy);
	}
	redo_done(&redo);
}

static struct journal open_journal(void)
{
	struct journal journal;

	assert_int_equal(journal_open(&journal, folder), 0);
	return journal;
}

static void append(struct journal *journal, const char *text, size_t repeat)
{
	static uint8_t record[JOURNAL_HEAD + 100000];
	size_t size = strlen(text);

	for (size_t i = 0; i < repeat; i++)
		memcpy(record + JOURNAL_HEAD + i * size, text, size);
	size *= repeat;
	assert_true(journal_has_room(journal, size));
	assert_int_equal(journal_append(journal, record, JOURNAL_HEAD + size), 0);
}

static int take(void *arg, struct slice record)
{
	struct text *text = arg;

	text_add(text, record.data, record.size < 8 ? record.size : 8);
	text_puts(text, " ");
	return 0;
}

/* The first octets of each record, as far as they are read. */
static const char *replay(struct journal *journal, const struct journal_place *start)
{
	static struct text text;

	text_reset(&text);
	assert_int_equal(journal_replay(journal, start, take, &text), 0);
	return text_get(&text);
}

static struct journal make_journal(void)
{
	folder_remove(folder);
	assert_int_equal(mkdir(folder, 0700), 0);

	struct journal journal = open_journal();
	assert_false(journal_has_room(&journal, 1));
	assert_false(journal_can_hold(&journal, 1, 1));
	for (uint32_t i = 0; i < JOURNAL_SEGMENTS; i++)
		assert_int_equal(journal_grow(&journal, i, journal_size_min), 0);
	assert_true(journal_can_hold(&journal, 1, journal_size_min - JOURNAL_BLOCK - JOURNAL_HEAD));
	assert_false(journal_can_hold(&journal, 1, journal_size_min - JOURNAL_BLOCK));
	assert_int_equal(journal_turn(&journal, 1), 0);
	return journal;
}

static void records_are_read_again_in_order(void **state)
{
	struct journal journal = make_journal();
	struct journal_place start = journal.end, middle;

	(void)state;
	append(&journal, "one", 1);
	append(&journal, "two", 10000);
	middle = journal.end;
	append(&journal, "three", 1);
	assert_int_equal(journal_turn(&journal, 0), 0);
	append(&journal, "four", 1);
	struct journal_place end = journal.end;
	journal_close(&journal);

	journal = open_journal();
	assert_string_equal(replay(&journal, &start), "one twotwotw three four ");
	assert_memory_equal(&journal.end, &end, sizeof(end));
	assert_string_equal(replay(&journal, &middle), "three four ");
	assert_string_equal(replay(&journal, &end), "");
	append(&journal, "five", 1);
	assert_string_equal(replay(&journal, &middle), "three four five ");
	journal_close(&journal);
}

static void a_torn_record_is_the_end(void **state)
{
	enum { SIZE = JOURNAL_HEAD + 5 * 800 };
	struct journal journal = make_journal();
	struct journal_place start = journal.end, last;
	uint8_t whole[SIZE], torn[SIZE];

	(void)state;
	append(&journal, "first", 1);
	last = journal.end;
	append(&journal, "fifth", 800);
	assert_string_equal(replay(&journal, &start), "first fifthfif ");
	assert_int_equal(pread(journal.fd[1], whole, SIZE, (off_t)last.offset), SIZE);

	/* of two parts one is not there: zeros, or what was there before */
	for (size_t cut = 0; cut < SIZE; cut++) {
		for (int fill = 0; fill <= 0xff; fill += 0xff) {
			memset(torn, fill, SIZE);
			memcpy(torn, whole, cut);
			assert_int_equal(pwrite(journal.fd[1], torn, SIZE, (off_t)last.offset),
					 SIZE);
			assert_string_equal(replay(&journal, &start), "first ");
			memcpy(torn + cut, whole + cut, SIZE - cut);
			memset(torn, fill, cut + 1);
			assert_int_equal(pwrite(journal.fd[1], torn, SIZE, (off_t)last.offset),
					 SIZE);
			assert_string_equal(replay(&journal, &start), "first ");
		}
	}
	for (size_t i = 0; i < SIZE; i++) {
		memcpy(torn, whole, SIZE);
		torn[i] ^= (uint8_t)(1 << (i % 8));
		assert_int_equal(pwrite(journal.fd[1], torn, SIZE, (off_t)last.offset), SIZE);
		assert_string_equal(replay(&journal, &start), "first ");
	}
	assert_memory_equal(&journal.end, &last, sizeof(last));
	assert_int_equal(pwrite(journal.fd[1], whole, SIZE, (off_t)last.offset), SIZE);
	assert_string_equal(replay(&journal, &start), "first fifthfif ");
	journal_close(&journal);
}

static void a_damaged_record_before_others_is_told(void **state)
{
	struct journal journal = make_journal();
	struct journal_place start = journal.end, middle;
	struct text none = { 0 };
	uint8_t octet;

	(void)state;
	append(&journal, "one", 1);
	middle = journal.end;
	append(&journal, "two", 3000);
	append(&journal, "three", 1);
	for (off_t at = (off_t)middle.offset; at < (off_t)middle.offset + 9000; at += 50) {
		assert_int_equal(pread(journal.fd[1], &octet, 1, at), 1);
		octet ^= 0x10;
		assert_int_equal(pwrite(journal.fd[1], &octet, 1, at), 1);
		assert_int_equal(journal_replay(&journal, &start, take, &none), -EBADMSG);
		octet ^= 0x10;
		assert_int_equal(pwrite(journal.fd[1], &octet, 1, at), 1);
	}
	assert_string_equal(replay(&journal, &start), "one twotwotw three ");
	text_done(&none);
	journal_close(&journal);
}

static void records_of_an_earlier_use_are_not_read(void **state)
{
	struct journal journal = make_journal();
	struct journal_place start, old = journal.end;
	struct text none = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		append(&journal, "old", 1);
	assert_int_equal(journal_turn(&journal, 0), 0);
	start = journal.end;
	append(&journal, "new", 1);
	assert_string_equal(replay(&journal, &start), "new ");
	assert_int_equal(journal_turn(&journal, 1), 0);
	assert_string_equal(replay(&journal, &start), "new ");
	append(&journal, "newer", 1);
	assert_string_equal(replay(&journal, &start), "new newer ");

	/* where the segment that it starts in was used again, or is gone, nothing is right */
	assert_int_equal(journal_replay(&journal, &old, take, &none), -EBADMSG);
	assert_int_equal(ftruncate(journal.fd[0], 0), 0);
	assert_int_equal(journal_replay(&journal, &start, take, &none), -EBADMSG);
	text_done(&none);
	journal_close(&journal);
}

static void a_record_that_is_taken_back_was_never_there(void **state)
{
	struct journal journal = make_journal();
	struct journal_place start = journal.end;

	(void)state;
	append(&journal, "one", 1);
	append(&journal, "refused", 2000);
	assert_int_equal(journal_take_back(&journal), 0);
	assert_string_equal(replay(&journal, &start), "one ");
	append(&journal, "two", 1);
	append(&journal, "three", 1);
	assert_string_equal(replay(&journal, &start), "one two three ");
	journal_close(&journal);
}

static int refuse(void *arg, struct slice record)
{
	(void)record;
	return ++*(int *)arg == 2 ? -ENOSPC : 0;
}

static void who_reads_records_may_end_it(void **state)
{
	struct journal journal = make_journal();
	struct journal_place start = journal.end;
	int count = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		append(&journal, "record", 1);
	assert_int_equal(journal_replay(&journal, &start, refuse, &count), -ENOSPC);
	assert_int_equal(count, 2);
	journal_close(&journal);
}

static struct checkpoint make_checkpoint(uint64_t generation)
{
	struct checkpoint checkpoint;

	memset(&checkpoint, 0, sizeof(checkpoint));
	checkpoint.generation = generation;
	checkpoint.snapshot = 100 + generation;
	checkpoint.page_size = 4096;
	checkpoint.journal.sequence = 1000 + generation;
	return checkpoint;
}

static void the_newest_checkpoint_that_is_whole_counts(void **state)
{
	struct checkpoint one = make_checkpoint(1), two = make_checkpoint(2),
			  three = make_checkpoint(3), found;
	uint8_t block[JOURNAL_BLOCK], zeros[JOURNAL_BLOCK] = { 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(checkpoint_read(folder, &found), 0);
	assert_int_equal(found.snapshot, 0);
	assert_int_equal(checkpoint_create(folder, &one, &fd), 0);
	assert_int_equal(checkpoint_read(folder, &found), 0);
	assert_memory_equal(&found, &one, sizeof(one));
	assert_int_equal(checkpoint_write(fd, &two), 0);
	assert_int_equal(checkpoint_write(fd, &three), 0);
	assert_int_equal(checkpoint_read(folder, &found), 0);
	assert_memory_equal(&found, &three, sizeof(three));

	/* the third stands where the first was */
	assert_int_equal(pread(fd, block, sizeof(block), JOURNAL_BLOCK), JOURNAL_BLOCK);
	for (size_t cut = 0; cut < 8 + sizeof(found) + 8; cut++) {
		memset(block + 8 + sizeof(found) + 8 - cut - 1, 0, cut + 1);
		block[0] ^= 1;
		assert_int_equal(pwrite(fd, block, sizeof(block), JOURNAL_BLOCK), JOURNAL_BLOCK);
		assert_int_equal(checkpoint_read(folder, &found), 0);
		assert_memory_equal(&found, &two, sizeof(two));
	}
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros), 0), JOURNAL_BLOCK);
	assert_int_equal(checkpoint_read(folder, &found), -EBADMSG);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_has_its_last_value),
		cmocka_unit_test(thousands_of_keys_are_told_apart),
		cmocka_unit_test(what_is_too_much_is_not_kept),
		cmocka_unit_test(damaged_items_are_refused),
		cmocka_unit_test(the_newest_checkpoint_that_is_whole_counts),
		cmocka_unit_test(records_are_read_again_in_order),
		cmocka_unit_test(a_torn_record_is_the_end),
		cmocka_unit_test(a_damaged_record_before_others_is_told),
		cmocka_unit_test(records_of_an_earlier_use_are_not_read),
		cmocka_unit_test(a_record_that_is_taken_back_was_never_there),
		cmocka_unit_test(who_reads_records_may_end_it),
	};

	return cmocka_run_group_tests_name("store journal", tests, folder_begin, folder_end);
}
