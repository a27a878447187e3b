/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole zones on their way into the store of a running server: slices that the writer's thread loads between
 * updates, which are only ever as late as a slice takes.
 */
#include "server/load.h"

#include <errno.h>
#include <time.h>

#include "zone/import.h"

struct slice_task {
	struct store *store;
	struct store_load *load;
};

static int load_slice(void *arg)
{
	struct slice_task *task = arg;
	struct store_txn *txn;
	int err = store_write_begin_bulk(task->store, &txn);

	if (err != 0)
		return err;

	int more = store_load_some(task->load, txn, IMPORT_SLICE);
	if (more < 0) {
		store_write_abort(txn);
		return more;
	}
	err = store_write_commit(txn);
	return err == 0 ? more : err;
}

int load_call(struct update_writer *writer, const atomic_bool *stopping, int (*task)(void *arg),
	      void *arg)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	while (!atomic_load(stopping)) {
		int result = writer_call(writer, task, arg);

		if (result != -EAGAIN)
			return result;
		nanosleep(&pause, NULL);
	}
	return -ECANCELED;
}

int load_all(struct update_writer *writer, const atomic_bool *stopping, struct store_load *load,
	     int (*shown)(const struct store_load *load, void *arg), void *arg)
{
	struct slice_task task = { .store = writer->store, .load = load };
	int more = 1, err = 0;

	atomic_fetch_add(&writer->loads, 1);
	while (err == 0 && more > 0) {
		more = load_call(writer, stopping, load_slice, &task);
		err = more < 0 ? more : shown != NULL ? shown(load, arg) : 0;
	}
	if (err == 0)
		err = store_checkpoint(writer->store);
	atomic_fetch_sub(&writer->loads, 1);
	return err;
}

static int free_load(void *arg)
{
	store_load_free(arg);
	return 0;
}

void load_free(struct update_writer *writer, const atomic_bool *stopping, struct store_load *load)
{
	if (load != NULL && load_call(writer, stopping, free_load, load) != 0)
		store_load_free(load);
}
