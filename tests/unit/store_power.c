/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was acknowledged survives a loss of power, at any moment and whatever of the unsynced writes
 * has reached the disk; what was under way is there whole or not at all. A process makes
 * transactions of all kinds, one after another, while another thread asks for checkpoints and
 * compactions; at some operation on a file the power goes. The next process gets what the disk then
 * has, must find exactly what was committed, and goes on from there, until its own end. That may
 * come while it opens the store, too. In some lives single operations fail: what is refused then
 * must not come back.
 *
 * ONNET_POWER_ROUNDS: how often. ONNET_POWER_SEED: another run; it is printed where one fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/edit.h"
#include "fixture/folder.h"
#include "fixture/power.h"
#include "store/compact.h"
#include "store/store.h"

enum { NAMES = 48, LOG_KEPT = 5, BULK_NAMES = 40, OPERATIONS = 900, ROUNDS_A_STORE = 20 };

static const knot_dname_t *const apex = (const knot_dname_t *)"\7example";
static const knot_dname_t *const bulk_apex = (const knot_dname_t *)"\4bulk";

/* What a store has to hold, after "done" transactions. In memory that all processes share. */
struct model {
	uint64_t done; /* transactions that were acknowledged; the next one may be there, too */
	uint32_t value[NAMES]; /* of the transaction that put it; 0: there is no such name */
	uint64_t log_first;
	uint32_t bulk; /* the transaction that made the bulk zone */
};

static struct shared {
	struct model slot[2]; /* one of them counts, while the other is written */
	atomic_uint current;
	uint64_t seed, rounds, opened, compacted;
	char why[256];
} * shared;

static char folder[FOLDER_ROOM], place[2][FOLDER_PATH_ROOM];
static const char *image_place;
static bool disk_fails;
static uint64_t image_seed;

static const struct model *model(void)
{
	return &shared->slot[atomic_load(&shared->current)];
}

static void set_model(const struct model *next)
{
	unsigned other = 1 - atomic_load(&shared->current);

	shared->slot[other] = *next;
	atomic_store(&shared->current, other);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a + 1) * UINT64_C(0x9e3779b97f4a7c15) ^
		     (b + 1) * UINT64_C(0xd6e8feb86659fd93);

	x ^= x >> 29;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 32;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 29;
}

__attribute__((format(printf, 1, 2))) static _Noreturn void give_up(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(shared->why, sizeof(shared->why), format, arguments);
	va_end(arguments);
	_exit(1);
}

static void expect(int err, const char *what)
{
	if (err != 0)
		give_up("%s: %s", what, strerror(-err));
}

/* Names of three kinds: the apex, numbers of four blocks, plain ones. */
static const knot_dname_t *name_at(unsigned i)
{
	static char name[64];

	if (i == 0)
		return apex;
	if (i % 2 == 0)
		snprintf(name, sizeof(name), "\1%u\1%u\1%u\1%u\7example", i / 2 % 10, i / 4 % 10,
			 i / 8 % 10, i / 2 % 4);
	else
		snprintf(name, sizeof(name), "\5n%04u\7example", i);
	return (const knot_dname_t *)name;
}

enum kind { KIND_SMALL, KIND_LARGE, KIND_ANEW, KIND_BULK };

static enum kind kind_of(uint64_t number)
{
	uint64_t random = mix(number, 77) % 200;

	return random < 180 ? KIND_SMALL :
	       random < 188 ? KIND_LARGE :
	       random < 194 ? KIND_ANEW :
			      KIND_BULK;
}

/* What transaction number does to the model. */
static void step(struct model *model, uint64_t number)
{
	enum kind kind = kind_of(number);

	model->done = number;
	if (kind == KIND_BULK) {
		model->bulk = (uint32_t)number;
		return;
	}
	if (kind == KIND_ANEW)
		memset(model->value, 0, sizeof(model->value));
	model->value[0] = (uint32_t)number;
	for (unsigned i = 0; i < 1 + mix(number, 1) % 8; i++) {
		uint64_t random = mix(number, 100 + i);

		model->value[1 + random % (NAMES - 1)] = (random >> 32) % 4 == 0 ? 0 :
										   (uint32_t)number;
	}
	if (number - model->log_first > LOG_KEPT)
		model->log_first++;
}

/* The records of a name that was put by this transaction: long in a large one. */
static void make_node(struct arena *arena, struct node *ret, uint32_t value)
{
	static uint8_t octets[60000];
	size_t size = kind_of(value) == KIND_LARGE ? 20000 + value % 40000 : 4 + value % 60;
	struct node_edit edit = { .arena = arena };

	for (size_t i = 0; i < size; i++)
		octets[i] = (uint8_t)(value >> (8 * (i % 4)));
	if (edit_add(&edit, 65280, 60, slice_make(octets, size)) != 1 || edit_end(&edit, ret) != 0)
		give_up("no node");
}

static void put(struct store_txn *txn, struct store_zone *zone, const knot_dname_t *name,
		uint32_t value)
{
	struct arena arena = { 0 };
	struct node node = { 0 };

	if (value != 0)
		make_node(&arena, &node, value);
	expect(store_node_put(txn, zone, name, &node), "store_node_put");
	arena_done(&arena);
}

/* Where nothing can be kept any more, this life ends. */
static int go_on(int err)
{
	if (err == -ENOTRECOVERABLE)
		power_cut();
	if (err != 0 && !disk_fails)
		give_up("refused: %s", strerror(-err));
	return err;
}

/* A tree filled without the journal, made to last, and then given to its zone. */
static int do_bulk(struct store *store, uint64_t number)
{
	struct store_txn *txn;
	struct store_zone zone = { .apex_labels = 1,
				   .id = 1000,
				   .tree = 1000000 + (uint32_t)number };

	if (go_on(store_write_begin_bulk(store, &txn)) != 0)
		return -EIO;
	for (unsigned i = 0; i < BULK_NAMES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "\1%u\1%u\1%u\4bulk", i % 10, i / 10, 3);
		put(txn, &zone, (const knot_dname_t *)name, (uint32_t)number);
	}
	int err = go_on(store_write_commit(txn));
	if (err == 0)
		err = go_on(store_checkpoint(store));
	if (err == 0)
		err = go_on(store_write_begin(store, &txn));
	if (err != 0)
		return err;
	expect(store_zone_put(txn, bulk_apex, &zone), "store_zone_put");
	return go_on(store_write_commit(txn));
}

/* 0: it was acknowledged. Else it was refused. */
static int do_transaction(struct store *store, uint64_t number)
{
	struct model after = *model();
	struct store_txn *txn;
	struct store_zone zone;

	step(&after, number);
	if (kind_of(number) == KIND_BULK)
		return do_bulk(store, number);
	if (go_on(store_write_begin(store, &txn)) != 0)
		return -EIO;
	int err = store_zone_get(txn, apex, &zone);
	if (err == -ENOENT || kind_of(number) == KIND_ANEW)
		err = store_zone_make(txn, apex, &zone);
	expect(err, "store_zone_make");
	put(txn, &zone, apex, 1); /* twice in one transaction */
	for (unsigned i = 0; i < NAMES; i++)
		if (after.value[i] != model()->value[i] || after.value[i] == number)
			put(txn, &zone, name_at(i), after.value[i]);
	while (zone.log_next < number)
		expect(store_log_add(txn, &zone, slice_make(&zone.log_next, 8)), "store_log_add");
	while (zone.log_first < after.log_first)
		expect(store_log_drop(txn, &zone), "store_log_drop");
	expect(store_zone_put(txn, apex, &zone), "store_zone_put");
	return go_on(store_write_commit(txn));
}

static uint32_t value_of(struct store_txn *txn, const struct store_zone *zone,
			 const knot_dname_t *name)
{
	struct node node, wanted;
	struct arena arena = { 0 };
	struct rrset set;
	struct rrset_record record;
	size_t pos = 0;
	uint32_t value = 0;

	expect(store_node_get(txn, zone, name, &node), "store_node_get");
	if (node.size == 0)
		return 0;
	if (!node_at(&node, 0, &set) || !rrset_next(&set, &pos, &record))
		give_up("a damaged node");
	memcpy(&value, record.rdata.data, sizeof(value));
	make_node(&arena, &wanted, value);
	if (wanted.size != node.size || memcmp(wanted.data, node.data, node.size) != 0)
		give_up("a damaged node of %u", value);
	arena_done(&arena);
	return value;
}

static void check_log(struct store_txn *txn, const struct store_zone *zone,
		      const struct model *wanted)
{
	if (zone->log_first != wanted->log_first)
		give_up("the log starts at %u, not %u", (unsigned)zone->log_first,
			(unsigned)wanted->log_first);
	for (uint64_t i = zone->log_first; i < zone->log_next; i++) {
		struct slice entry;

		expect(store_log_get(txn, zone, i, &entry), "store_log_get");
		if (entry.size != 8 || memcmp(entry.data, &i, 8) != 0)
			give_up("entry %u of the log", (unsigned)i);
	}
}

static void check_bulk(struct store_txn *txn, const struct model *wanted)
{
	struct store_zone zone;
	int err = store_zone_get(txn, bulk_apex, &zone);

	if (wanted->bulk == 0) {
		if (err != -ENOENT)
			give_up("a bulk zone");
		return;
	}
	expect(err, "bulk zone");
	for (unsigned i = 0; i < BULK_NAMES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "\1%u\1%u\1%u\4bulk", i % 10, i / 10, 3);
		if (value_of(txn, &zone, (const knot_dname_t *)name) != wanted->bulk)
			give_up("name %u of the bulk zone of %u", i, wanted->bulk);
	}
}

/*
 * Whether the store has what the model has, or what it has after the transaction that was under
 * way.
 */
static void check_store(struct store *store)
{
	struct model now = *model(), next = now;
	struct store_txn *txn;
	struct store_zone zone, bulk;

	step(&next, next.done + 1);
	expect(store_read_begin(store, &txn), "store_read_begin");
	int err = store_zone_get(txn, apex, &zone);
	uint32_t found = err == 0 ? value_of(txn, &zone, apex) : 0;
	bool is_next = found == next.value[0] && found != now.value[0];
	if (kind_of(next.done) == KIND_BULK)
		is_next = store_zone_get(txn, bulk_apex, &bulk) == 0 &&
			  bulk.tree == 1000000 + next.done;
	if (is_next)
		now = next;
	if (now.value[0] != 0) {
		expect(err, "store_zone_get");
		for (unsigned i = 0; i < NAMES; i++)
			if (value_of(txn, &zone, name_at(i)) != now.value[i])
				give_up("after %u: name %u is %u, not %u", (unsigned)now.done, i,
					value_of(txn, &zone, name_at(i)), now.value[i]);
		check_log(txn, &zone, &now);
	}
	check_bulk(txn, &now);
	store_read_end(txn);
	set_model(&now);
	shared->opened++;
}

static void lose_power(void)
{
	enum power_loss loss = (enum power_loss)(mix(image_seed, 5) % POWER_LOSSES);

	power_image(image_place, loss, mix(image_seed, 6));
	_exit(0);
}

static bool compacts;

/* What may take place beside transactions: a checkpoint, or a compaction. */
static int interfere(struct store *store, uint64_t turn)
{
	struct store_compact sizes;
	struct text fault = { 0 };

	if (!compacts || mix(image_seed, 2000 + turn) % 2 != 0)
		return store_checkpoint(store);
	while (store_sweep(store, 100) > 0)
		;

	int err = store_compact_live(store, &sizes, &fault);
	if (err != 0 && err != -EAGAIN && err != -EINPROGRESS && err != -ENOTRECOVERABLE &&
	    !disk_fails)
		give_up("%s", text_get(&fault));
	text_done(&fault);
	shared->compacted += err == 0;
	return err == -ENOTRECOVERABLE ? err : 0;
}

static void *hurry(void *arg)
{
	uint64_t turn = 0;

	do
		usleep((useconds_t)(mix(image_seed, 1000 + turn++) % 3000));
	while (interfere(arg, turn) == 0);
	return NULL;
}

/* One life of a process: ends by loss of power. */
static _Noreturn void live(const char *from, const char *to, uint64_t seed)
{
	struct text fault = { 0 };
	struct store *store;
	pthread_t thread;

	image_place = to;
	image_seed = seed;
	compacts = mix(seed, 4) % 2 == 0;
	power_begin(from, 1 + mix(seed, 1) % (compacts ? 3 * OPERATIONS : OPERATIONS), lose_power);
	int err = 0;
	if (mix(seed, 7) % 4 == 0)
		err = store_compact(from, &(struct store_compact){ 0 }, &fault);
	if (err == 0)
		err = store_open(&store, from, &fault);
	if (err != 0)
		give_up("%s", text_get(&fault));
	check_store(store);
	disk_fails = mix(seed, 3) % 3 == 0;
	power_fail(disk_fails ? 60 : 0, seed);
	if (mix(seed, 2) % 4 != 0 && pthread_create(&thread, NULL, hurry, store) != 0)
		give_up("no thread");
	for (unsigned i = 0; i < 300; i++) {
		struct model next = *model();

		step(&next, next.done + 1);
		if (do_transaction(store, next.done) != 0) {
			next = *model();
			next.done++;
		}
		set_model(&next);
		if (mix(seed, 10 + i) % 8 == 0 && store_sweep(store, 10) < 0 && !disk_fails)
			give_up("store_sweep");
	}
	power_cut();
	abort();
}

static void make_empty(const char *path)
{
	folder_remove(path);
	if (mkdir(path, 0700) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static void what_was_acknowledged_survives_a_loss_of_power(void **state)
{
	const char *rounds = getenv("ONNET_POWER_ROUNDS"), *seed = getenv("ONNET_POWER_SEED");
	uint64_t count = rounds != NULL ? strtoul(rounds, NULL, 10) : 200;

	(void)state;
	shared->seed = seed != NULL ? strtoul(seed, NULL, 10) : (uint64_t)getpid();
	for (uint64_t round = 0; round < count; round++) {
		int status = 0;

		if (round % ROUNDS_A_STORE == 0) {
			make_empty(place[0]);
			set_model(&(struct model){ 0 });
		}
		make_empty(place[1]);
		pid_t pid = fork();
		if (pid == 0)
			live(place[0], place[1], mix(shared->seed, round));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status != 0)
			fail_msg("seed %lu, round %lu, %u transactions: status %x: %s",
				 (unsigned long)shared->seed, (unsigned long)round,
				 (unsigned)model()->done, (unsigned)status, shared->why);
		make_empty(place[0]);
		folder_remove(place[0]);
		assert_int_equal(rename(place[1], place[0]), 0);
	}
	print_message("%lu losses of power, %lu times opened, %lu times compacted\n",
		      (unsigned long)count, (unsigned long)shared->opened,
		      (unsigned long)shared->compacted);
	assert_true(shared->opened > count / 2);
}

static int setup(void **state)
{
	(void)state;
	if (folder_make(folder) != 0)
		return -1;
	folder_path(place[0], folder, "0");
	folder_path(place[1], folder, "1");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	folder_remove(folder);
	return munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_acknowledged_survives_a_loss_of_power),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
