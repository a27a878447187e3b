/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store/store.h: opening, zones, the change log, transactions. Look-ups are in store_find.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libknot/libknot.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/edit.h"
#include "fixture/folder.h"
#include "store/compact.h"
#include "store/store.h"

static char folder[FOLDER_ROOM], place[FOLDER_PATH_ROOM];
static const knot_dname_t *const example = (const knot_dname_t *)"\7example";
static const knot_dname_t *const other = (const knot_dname_t *)"\5other";

static int folder_begin(void **state)
{
	(void)state;
	if (folder_make(folder) != 0)
		return -1;
	folder_path(place, folder, "store");
	return 0;
}

static int folder_end(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

static struct store *open_store(void)
{
	struct text fault = { 0 };
	struct store *store = NULL;

	if (store_open(&store, place, &fault) != 0)
		fail_msg("%s", text_get(&fault));
	text_done(&fault);
	return store;
}

static void a_folder_is_made_for_its_owner_alone(void **state)
{
	struct stat status;

	(void)state;
	store_close(open_store());
	assert_int_equal(stat(place, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	store_close(NULL);
}

/* The errno of store_open() in another process. */
static int open_elsewhere(char *why, size_t room)
{
	int ends[2], result = 0;

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct text fault = { 0 };
		struct store *store = NULL;
		int err = store_open(&store, place, &fault);

		if (write(ends[1], text_get(&fault), fault.size) != (ssize_t)fault.size)
			_exit(255);
		_exit(-err);
	}
	close(ends[1]);
	ssize_t size = read(ends[0], why, room - 1);
	why[size > 0 ? size : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	return -WEXITSTATUS(result);
}

static void a_store_serves_one_process(void **state)
{
	struct store *store = open_store();
	char why[512], wanted[64];

	(void)state;
	assert_int_equal(open_elsewhere(why, sizeof(why)), -EBUSY);
	snprintf(wanted, sizeof(wanted), "is in use by process %ld", (long)getpid());
	assert_non_null(strstr(why, wanted));
	store_close(store);
	assert_int_equal(open_elsewhere(why, sizeof(why)), 0);
	store_close(open_store());
}

/* Another process that does for a moment what a reader does before it reads. */
static void who_opens_it_for_a_moment_is_waited_for(void **state)
{
	char lock[FOLDER_PATH_ROOM], octet;
	int ends[2], result = 0;

	(void)state;
	store_close(open_store());
	folder_path(lock, place, "onnetd.lock");
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(lock, O_RDWR | O_TRUNC);

		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ||
		    write(fd, "123 opening", 11) != 11 || write(ends[1], "x", 1) != 1)
			_exit(1);
		usleep(50000);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &octet, 1), 1);
	store_close(open_store());
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);
}

static const knot_dname_t *const beside = (const knot_dname_t *)"\6beside";

/* What another process reads at the name a.beside, opening the store for reading alone. */
static int read_elsewhere(char *value, size_t room)
{
	int ends[2], result = 0;

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const knot_dname_t *name = (const knot_dname_t *)"\1a\6beside";
		struct text fault = { 0 };
		struct store *store = NULL;
		struct store_txn *txn;
		struct store_zone zone;
		struct node node = { 0 };
		int err = store_open_reader(&store, place, &fault);

		if (err == 0)
			err = store_read_begin(store, &txn);
		if (err == 0)
			err = store_zone_get(txn, beside, &zone);
		if (err == 0)
			err = store_node_get(txn, &zone, name, &node);
		if (write(ends[1], node.data, node.size) != (ssize_t)node.size)
			_exit(255);
		if (err == 0)
			store_read_end(txn);
		store_close(store);
		_exit(-err);
	}
	close(ends[1]);
	ssize_t size = read(ends[0], value, room);
	memset(value + (size > 0 ? size : 0), 0, room - (size_t)(size > 0 ? size : 0));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	return -WEXITSTATUS(result);
}

static struct store_txn *begin(struct store *store);
static void put(struct store_txn *txn, struct store_zone *zone, const char *name, uint16_t type,
		const char *value);

static void another_process_reads_beside_it(void **state)
{
	static const char *const values[] = { "first", "second" };
	struct store *store = open_store();
	char octets[256], lock[FOLDER_PATH_ROOM];
	struct store_zone zone;

	(void)state;
	assert_int_equal(read_elsewhere(octets, sizeof(octets)), -ENOENT);
	for (size_t i = 0; i < 2; i++) {
		struct store_txn *txn = begin(store);

		assert_int_equal(store_zone_make(txn, beside, &zone), 0);
		put(txn, &zone, "\1a\6beside", 1, values[i]);
		assert_int_equal(store_zone_put(txn, beside, &zone), 0);
		assert_int_equal(store_write_commit(txn), 0);
		assert_int_equal(read_elsewhere(octets, sizeof(octets)), 0);
		assert_non_null(memmem(octets, sizeof(octets), values[i], strlen(values[i])));
	}

	/* not before that one has done with opening */
	folder_path(lock, place, "onnetd.lock");
	FILE *file = fopen(lock, "r+");
	assert_non_null(file);
	fprintf(file, "%ld opening", (long)getpid());
	fclose(file);
	assert_int_equal(read_elsewhere(octets, sizeof(octets)), -EAGAIN);
	store_close(store);

	/* where nobody has it, the reader does what opening takes */
	assert_int_equal(read_elsewhere(octets, sizeof(octets)), 0);
	assert_non_null(memmem(octets, sizeof(octets), "second", 6));
}

static void wait_for(int end)
{
	char octet;

	if (read(end, &octet, 1) != 1)
		_exit(255);
}

static void go_on(int end)
{
	if (write(end, "", 1) != 1)
		_exit(255);
}

/* A server that makes a change when it is told to go on, and then ends, well or not. */
static pid_t start_server(int ready, int go, bool well)
{
	pid_t pid = fork();
	struct store_zone zone;

	if (pid != 0)
		return pid;
	struct store *store = open_store();
	go_on(ready);
	wait_for(go);
	struct store_txn *txn = begin(store);
	if (store_zone_make(txn, beside, &zone) != 0 || store_write_commit(txn) != 0)
		_exit(1);
	if (well)
		store_close(store);
	_exit(0);
}

/* A reader; its exit code is what it is told when it has read all. */
static pid_t start_reader(int ready, int go)
{
	pid_t pid = fork();
	struct text fault = { 0 };
	struct store_txn *txn;
	struct store *store;

	if (pid != 0)
		return pid;
	if (store_open_reader(&store, place, &fault) != 0 || store_read_begin(store, &txn) != 0)
		_exit(1);
	go_on(ready);
	wait_for(go);
	_exit(-store_reader_check(store));
}

static void a_reader_learns_that_its_server_was_killed(void **state)
{
	int ready[2], go_server[2], go_reader[2], result;

	(void)state;
	for (int well = 0; well < 2; well++) {
		assert_true(pipe(ready) == 0 && pipe(go_server) == 0 && pipe(go_reader) == 0);
		pid_t server = start_server(ready[1], go_server[0], well);
		wait_for(ready[0]);
		pid_t reader = start_reader(ready[1], go_reader[0]);
		wait_for(ready[0]);
		go_on(go_server[1]);
		assert_int_equal(waitpid(server, &result, 0), server);
		assert_int_equal(result, 0);

		struct store *store = open_store();
		go_on(go_reader[1]);
		assert_int_equal(waitpid(reader, &result, 0), reader);
		assert_int_equal(WEXITSTATUS(result), well ? 0 : ESTALE);
		store_close(store);
		for (int i = 0; i < 2; i++)
			assert_true(close(ready[i]) == 0 && close(go_server[i]) == 0 &&
				    close(go_reader[i]) == 0);
	}
}

static void what_cannot_be_opened_is_said(void **state)
{
	static const struct {
		const char *name, *file, *why;
		int err;
	} table[] = {
		{ "file", "file", "is not a folder", -ENOTDIR },
		{ "none/store", NULL, "cannot make the storage folder", -ENOENT },
		{ "damaged", "damaged/data.mdb", "it is damaged, or of another kind of machine",
		  -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text fault = { 0 };
		struct store *store = NULL;
		char path[FOLDER_PATH_ROOM], octets[16384];

		memset(octets, 'x', sizeof(octets));
		folder_path(path, folder, table[i].name);
		if (table[i].file != NULL && strchr(table[i].file, '/') != NULL)
			mkdir(path, 0700);
		if (table[i].file != NULL)
			assert_int_equal(
				folder_write(folder, table[i].file, octets, sizeof(octets)), 0);
		assert_int_equal(store_open(&store, path, &fault), table[i].err);
		assert_null(store);
		if (strstr(text_get(&fault), table[i].why) == NULL)
			fail_msg("%s", text_get(&fault));
		text_done(&fault);
	}
}

static struct store_txn *begin(struct store *store)
{
	struct store_txn *txn = NULL;

	assert_int_equal(store_write_begin(store, &txn), 0);
	return txn;
}

/* A node with one record of this type that holds the value. */
static void make_node(struct arena *arena, struct node *ret, uint16_t type, const char *value)
{
	struct node_edit edit = { .arena = arena };

	assert_int_equal(edit_add(&edit, type, 60, slice_text(value)), 1);
	assert_int_equal(edit_end(&edit, ret), 0);
}

static void put(struct store_txn *txn, struct store_zone *zone, const char *name, uint16_t type,
		const char *value)
{
	struct arena arena = { 0 };
	struct node node = { 0 };

	if (value != NULL)
		make_node(&arena, &node, type, value);
	assert_int_equal(store_node_put(txn, zone, (const knot_dname_t *)name, &node), 0);
	arena_done(&arena);
}

/* The value of put(), NULL: no such name. */
static const char *get(struct store_txn *txn, const struct store_zone *zone, const char *name)
{
	static char value[64];
	struct node node;
	struct rrset set;
	struct rrset_record record;
	size_t pos = 0;

	assert_int_equal(store_node_get(txn, zone, (const knot_dname_t *)name, &node), 0);
	if (node.size == 0)
		return NULL;
	assert_true(node_at(&node, 0, &set) && rrset_next(&set, &pos, &record));
	memcpy(value, record.rdata.data, record.rdata.size);
	value[record.rdata.size] = '\0';
	return value;
}

static void names_are_there_after_a_restart(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = begin(store);
	struct store_zone zone;

	(void)state;
	assert_int_equal(store_zone_get(txn, example, &zone), -ENOENT);
	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	put(txn, &zone, "\1a\7example", KNOT_RRTYPE_A, "kept");
	assert_int_equal(store_zone_put(txn, example, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
	store_close(store);

	store = open_store();
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, (const knot_dname_t *)"\7EXAMPLE", &zone), 0);
	assert_int_equal(zone.names, 1);
	assert_int_equal(zone.apex_labels, 1);
	assert_string_equal(get(txn, &zone, "\1A\7exAMple"), "kept");
	store_read_end(txn);
	store_close(store);
}

static void an_abort_leaves_nothing(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = begin(store);
	struct store_zone zone;

	(void)state;
	assert_int_equal(store_zone_make(txn, other, &zone), 0);
	put(txn, &zone, "\5other", KNOT_RRTYPE_A, "gone");
	store_write_abort(txn);
	store_write_abort(NULL);

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, other, &zone), -ENOENT);
	store_read_end(txn);
	store_read_end(NULL);
	store_close(store);
}

static void a_snapshot_stays_as_it_was_until_it_is_renewed(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = begin(store), *reader = NULL;
	struct store_zone zone, seen;

	(void)state;
	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	put(txn, &zone, "\7example", KNOT_RRTYPE_A, "old");
	assert_int_equal(store_zone_put(txn, example, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);

	assert_int_equal(store_read_begin(store, &reader), 0);
	uint64_t before = store_snapshot(reader);
	txn = begin(store);
	put(txn, &zone, "\7example", KNOT_RRTYPE_A, "new");
	assert_string_equal(get(reader, &zone, "\7example"), "old");
	assert_int_equal(store_write_commit(txn), 0);
	assert_string_equal(get(reader, &zone, "\7example"), "old");
	assert_int_equal(store_snapshot(reader), before);

	store_read_reset(reader);
	assert_int_equal(store_read_renew(reader), 0);
	assert_true(store_snapshot(reader) != before);
	assert_int_equal(store_zone_get(reader, example, &seen), 0);
	assert_string_equal(get(reader, &seen, "\7example"), "new");
	store_read_end(reader);
	store_close(store);
}

static void names_and_cuts_are_counted(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *value; /* NULL: taken away */
		uint64_t names, cuts;
	} table[] = {
		{ "\7example", KNOT_RRTYPE_NS, "x", 1, 0 }, /* the apex is no cut */
		{ "\1a\7example", KNOT_RRTYPE_A, "x", 2, 0 },
		{ "\1a\7example", KNOT_RRTYPE_A, "y", 2, 0 },
		{ "\1a\7example", KNOT_RRTYPE_NS, "y", 2, 1 },
		{ "\1A\7example", KNOT_RRTYPE_NS, "z", 2, 1 },
		{ "\1b\7example", KNOT_RRTYPE_DNAME, "z", 3, 2 },
		{ "\1c\7example", KNOT_RRTYPE_A, NULL, 3, 2 },
		{ "\1a\7example", KNOT_RRTYPE_A, "x", 3, 1 },
		{ "\7example", KNOT_RRTYPE_DNAME, "x", 3, 2 },
		{ "\7example", KNOT_RRTYPE_NS, "x", 3, 1 },
		{ "\1b\7example", KNOT_RRTYPE_A, NULL, 2, 0 },
		{ "\1b\7example", KNOT_RRTYPE_A, NULL, 2, 0 },
		{ "\1a\7example", KNOT_RRTYPE_A, NULL, 1, 0 },
	};
	struct store *store = open_store();
	struct store_txn *txn = begin(store);
	struct store_zone zone;

	(void)state;
	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		put(txn, &zone, table[i].name, table[i].type, table[i].value);
		if (zone.names != table[i].names || zone.cuts != table[i].cuts)
			fail_msg("row %zu: %u names, %u cuts", i, (unsigned)zone.names,
				 (unsigned)zone.cuts);
	}
	store_write_abort(txn);
	store_close(store);
}

/* "0042.example." */
static const char *numbered_name(unsigned number)
{
	static char name[] = "\4nnnn\7example";

	for (int i = 4; i > 0; i--, number /= 10)
		name[i] = (char)('0' + number % 10);
	return name;
}

static void a_zone_made_anew_has_none_of_its_old_names(void **state)
{
	enum { NAMES = 3000 };
	struct store *store = open_store();
	struct store_txn *txn = begin(store);
	struct store_zone zone, second, old;

	(void)state;
	assert_int_equal(store_zone_make(txn, other, &second), 0);
	put(txn, &second, "\5other", KNOT_RRTYPE_A, "beside");
	assert_int_equal(store_zone_put(txn, other, &second), 0);
	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	for (unsigned i = 0; i < NAMES; i++) {
		put(txn, &zone, numbered_name(i), KNOT_RRTYPE_A, "old");
	}
	assert_int_equal(zone.names, NAMES);
	assert_int_equal(store_log_add(txn, &zone, slice_text("entry")), 0);
	assert_int_equal(store_zone_put(txn, example, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);

	old = zone;
	txn = begin(store);
	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	assert_int_equal(zone.names, 0);
	assert_int_equal(zone.cuts, 0);
	assert_int_equal(zone.id, old.id); /* the change log stays */
	assert_int_equal(zone.log_next, old.log_next);
	assert_true(zone.tree != old.tree);
	for (unsigned i = 0; i < NAMES; i++)
		assert_null(get(txn, &zone, numbered_name(i)));
	assert_string_equal(get(txn, &second, "\5other"), "beside");
	store_write_abort(txn);

	/* a sweep takes nothing that is still a zone's */
	assert_int_equal(store_sweep(store, SIZE_MAX), 0);
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_string_equal(get(txn, &old, numbered_name(123)), "old");
	store_read_end(txn);
	store_close(store);
}

/* How many of the names of make_names() are there. */
static unsigned count_names(struct store *store, const struct store_zone *zone)
{
	struct store_txn *txn = NULL;
	unsigned count = 0;

	assert_int_equal(store_read_begin(store, &txn), 0);
	for (unsigned i = 0; i < 3000; i++)
		count += get(txn, zone, numbered_name(i)) != NULL;
	store_read_end(txn);
	return count;
}

/* Makes the zone with 3000 names, and again without. */
static struct store_zone make_names_twice(struct store *store)
{
	struct store_txn *txn = begin(store);
	struct store_zone zone, again;

	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	for (unsigned i = 0; i < 3000; i++)
		put(txn, &zone, numbered_name(i), KNOT_RRTYPE_A, "old");
	assert_int_equal(store_zone_put(txn, example, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
	assert_int_equal(store_sweep(store, SIZE_MAX), 0); /* what it had before */
	txn = begin(store);
	assert_int_equal(store_zone_make(txn, example, &again), 0);
	assert_int_equal(store_write_commit(txn), 0);
	assert_int_equal(count_names(store, &zone), 3000);
	return zone;
}

static void names_without_a_zone_are_swept_bit_by_bit(void **state)
{
	struct store *store = open_store();
	unsigned turns = 0, before = 3000;

	(void)state;
	struct store_zone zone = make_names_twice(store);
	while (store_sweep(store, 500) == 1) {
		unsigned now = count_names(store, &zone);

		assert_in_range(before - now, 400, 500);
		before = now;
		turns++;
	}
	assert_in_range(turns, 5, 7);
	assert_int_equal(count_names(store, &zone), 0);
	assert_int_equal(store_sweep(store, 500), 0);
	assert_false(store_sweep_due(store));

	/* what a process leaves behind the next one finds */
	zone = make_names_twice(store);
	store_close(store);
	store = open_store();
	assert_int_equal(count_names(store, &zone), 3000);
	assert_int_equal(store_sweep(store, 2000), 1);
	assert_int_equal(count_names(store, &zone), 1000);
	assert_int_equal(store_sweep(store, 2000), 0);
	assert_int_equal(count_names(store, &zone), 0);
	store_close(store);
}

static void a_compaction_waits_for_the_sweep(void **state)
{
	struct store *store = open_store();
	struct store_compact sizes = { 0 };
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];

	(void)state;
	make_names_twice(store);
	assert_int_equal(store_compact_live(store, &sizes, &fault), -EINPROGRESS);
	assert_non_null(strstr(text_get(&fault), "still being taken away"));
	folder_path(path, store_folder(store), "data.new");
	assert_int_equal(access(path, F_OK), -1);
	while (store_sweep(store, 500) > 0)
		;
	assert_int_equal(store_compact_live(store, &sizes, &fault), 0);
	assert_true(sizes.after < sizes.before);
	text_done(&fault);
	store_close(store);
}

static void the_log_keeps_its_entries_in_order_and_drops_the_oldest(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = begin(store);
	struct store_zone zone, second;
	struct slice entry;
	char text[32];

	(void)state;
	assert_int_equal(store_zone_make(txn, (const knot_dname_t *)"\3log", &zone), 0);
	assert_int_equal(store_zone_make(txn, (const knot_dname_t *)"\6beside", &second), 0);
	assert_int_equal(store_log_add(txn, &second, slice_text("beside")), 0);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "entry %04u", i);
		assert_int_equal(store_log_add(txn, &zone, slice_text(text)), 0);
		if (i >= 4)
			assert_int_equal(store_log_drop(txn, &zone), 0);
		assert_int_equal(zone.log_next, i + 1);
		assert_int_equal(zone.log_size, (i < 4 ? i + 1 : 4) * 10);
	}
	assert_int_equal(zone.log_first, 96);
	assert_int_equal(store_log_get(txn, &zone, 95, &entry), -ENOENT);
	assert_int_equal(store_log_get(txn, &zone, 100, &entry), -ENOENT);
	assert_int_equal(store_log_get(txn, &zone, 96, &entry), 0);
	assert_true(slice_equal(entry, slice_text("entry 0096")));
	assert_int_equal(store_log_get(txn, &second, 0, &entry), 0);
	assert_true(slice_equal(entry, slice_text("beside")));

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(store_log_drop(txn, &zone), 0);
	assert_int_equal(zone.log_first, zone.log_next);
	assert_int_equal(zone.log_size, 0);
	assert_int_equal(store_log_drop(txn, &zone), -ENOENT);
	assert_int_equal(store_log_add(txn, &zone, slice_text("next")), 0);
	assert_int_equal(store_log_get(txn, &zone, 100, &entry), 0);
	assert_true(slice_equal(entry, slice_text("next")));
	store_write_abort(txn);
	store_close(store);
}

static bool disk_fails;

/* In place of the C library's: what LMDB writes with, the last page of a commit above all. */
ssize_t failing_pwrite(int fd, const void *data, size_t size, off_t at) __asm__("pwrite");

ssize_t failing_pwrite(int fd, const void *data, size_t size, off_t at)
{
	if (disk_fails && size < 4096) {
		errno = EIO;
		return -1;
	}
	if (lseek(fd, at, SEEK_SET) < 0)
		return -1;
	return write(fd, data, size);
}

static void a_commit_whose_end_fails_takes_a_new_start(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = begin(store), *reader = NULL;
	struct store_zone zone;

	(void)state;
	assert_int_equal(store_zone_make(txn, example, &zone), 0);
	put(txn, &zone, "\1a\7example", 1, "before");
	assert_int_equal(store_zone_put(txn, example, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);

	txn = begin(store);
	put(txn, &zone, "\1a\7example", 1, "after");
	disk_fails = true;
	assert_int_equal(store_write_commit(txn), -EIO);
	disk_fails = false;
	assert_int_equal(store_read_begin(store, &reader), -ENOTRECOVERABLE);
	assert_int_equal(store_write_begin(store, &txn), -ENOTRECOVERABLE);
	store_close(store);

	store = open_store();
	assert_int_equal(store_read_begin(store, &reader), 0);
	assert_int_equal(store_zone_get(reader, example, &zone), 0);
	assert_string_equal(get(reader, &zone, "\1a\7example"), "before");
	store_read_end(reader);
	store_close(store);
}

/* Writes another number of the store's form, as a version would that knows no checkpoints. */
static void write_format(uint32_t format)
{
	char checkpoint[FOLDER_PATH_ROOM];
	MDB_val key = { .mv_data = (void *)(uintptr_t) "\xff"
						       "format",
			.mv_size = 7 };
	MDB_val value = { .mv_data = &format, .mv_size = sizeof(format) };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi zones;

	assert_int_equal(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 4);
	assert_int_equal(mdb_env_open(env, place, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "zones", 0, &zones), 0);
	assert_int_equal(mdb_put(txn, zones, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	folder_path(checkpoint, place, "checkpoint");
	assert_true(unlink(checkpoint) == 0 || errno == ENOENT);
}

/* More than a record of the journal may have. */
static int write_much(struct store *store, unsigned count)
{
	static uint8_t octets[60000];
	struct store_txn *txn = begin(store);
	struct store_zone zone;
	struct arena arena = { 0 };
	struct node node = { 0 };
	struct node_edit edit = { .arena = &arena };
	int err = store_zone_make(txn, example, &zone);

	if (err == 0)
		err = edit_add(&edit, KNOT_RRTYPE_TXT, 60, slice_make(octets, sizeof(octets))) - 1;
	if (err == 0)
		err = edit_end(&edit, &node);
	for (unsigned i = 0; err == 0 && i < count; i++)
		err = store_node_put(txn, &zone, (const knot_dname_t *)numbered_name(i), &node);
	if (err == 0)
		err = store_zone_put(txn, example, &zone);
	arena_done(&arena);
	if (err == 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

static void a_commit_of_any_size_outlives_its_process(void **state)
{
	enum { COUNT = 700 };
	struct store_txn *txn = NULL;
	struct store_zone zone;
	int result = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(write_much(open_store(), COUNT) != 0);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);

	struct store *store = open_store();
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, example, &zone), 0);
	assert_int_equal(zone.names, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		struct node node;

		assert_int_equal(
			store_node_get(txn, &zone, (const knot_dname_t *)numbered_name(i), &node),
			0);
		assert_true(node.size > 60000);
	}
	store_read_end(txn);
	store_close(store);
}

static void a_data_file_of_another_store_is_refused(void **state)
{
	struct text fault = { 0 };
	struct store *store = NULL;
	char data[FOLDER_PATH_ROOM], checkpoint[FOLDER_PATH_ROOM];

	(void)state;
	folder_path(data, place, "data.mdb");
	folder_path(checkpoint, place, "checkpoint");
	for (int i = 0; i < 2; i++) {
		store = open_store();
		struct store_txn *txn = begin(store);
		struct store_zone zone;
		assert_int_equal(store_zone_make(txn, other, &zone), 0);
		assert_int_equal(store_write_commit(txn), 0);
		store_close(store);
	}
	assert_int_equal(unlink(data), 0);
	assert_int_equal(store_open(&store, place, &fault), -ESTALE);
	assert_non_null(strstr(text_get(&fault), "remove checkpoint"));
	text_done(&fault);

	/* what it says helps */
	assert_int_equal(unlink(checkpoint), 0);
	store_close(open_store());
}

static void a_store_of_another_form_is_not_touched(void **state)
{
	struct text fault = { 0 };
	struct store *store = NULL;

	(void)state;
	store_close(open_store());
	write_format(1);
	assert_int_equal(store_open(&store, place, &fault), -EPROTO);
	assert_non_null(strstr(text_get(&fault), "another version"));
	text_done(&fault);
	write_format(2);
	store_close(open_store());
}

static void *make_checkpoint(void *arg)
{
	return store_checkpoint(arg) == 0 ? arg : NULL;
}

/* A checkpoint is a reader, too: it waits for its turn. */
static void a_store_outlives_a_crowd_of_readers(void **state)
{
	struct store *store = open_store();
	struct store_txn *reader[2048], *txn = begin(store);
	struct store_zone zone;
	pthread_t thread;
	void *made = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(store_zone_make(txn, (const uint8_t *)"\5crowd", &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
	while (store_read_begin(store, &reader[count]) == 0)
		count++;
	assert_int_equal(pthread_create(&thread, NULL, make_checkpoint, store), 0);
	usleep(20000);
	while (count > 0)
		store_read_end(reader[--count]);
	pthread_join(thread, &made);
	assert_non_null(made);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_is_made_for_its_owner_alone),
		cmocka_unit_test(a_store_serves_one_process),
		cmocka_unit_test(who_opens_it_for_a_moment_is_waited_for),
		cmocka_unit_test(another_process_reads_beside_it),
		cmocka_unit_test(a_reader_learns_that_its_server_was_killed),
		cmocka_unit_test(what_cannot_be_opened_is_said),
		cmocka_unit_test(names_are_there_after_a_restart),
		cmocka_unit_test(an_abort_leaves_nothing),
		cmocka_unit_test(a_snapshot_stays_as_it_was_until_it_is_renewed),
		cmocka_unit_test(names_and_cuts_are_counted),
		cmocka_unit_test(a_zone_made_anew_has_none_of_its_old_names),
		cmocka_unit_test(names_without_a_zone_are_swept_bit_by_bit),
		cmocka_unit_test(a_compaction_waits_for_the_sweep),
		cmocka_unit_test(the_log_keeps_its_entries_in_order_and_drops_the_oldest),
		cmocka_unit_test(a_commit_whose_end_fails_takes_a_new_start),
		cmocka_unit_test(a_commit_of_any_size_outlives_its_process),
		cmocka_unit_test(a_store_outlives_a_crowd_of_readers),
		cmocka_unit_test(a_data_file_of_another_store_is_refused),
		cmocka_unit_test(a_store_of_another_form_is_not_touched),
	};

	return cmocka_run_group_tests_name("store", tests, folder_begin, folder_end);
}
