/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Giving free pages back. LMDB uses them again but never makes its file smaller; mdb_env_copy with
 * compaction writes one without them, page after page. What is committed while it does so is noted
 * down in the form of the journal, and done again in the new file: each item says what a key has
 * afterwards, so it does no harm that the copy has the first of them already.
 *
 * When there is little left to catch up with, the write transaction is taken, so that nobody
 * commits, and the files change places. Data file and checkpoint belong together, and two files
 * can't be changed in one step, so:
 *
 * - the old data file is synced: from here on it is whole by itself;
 * - the checkpoint goes: a store without one is taken as its data file is, and its journal is
 *   cleared;
 * - the new data file and its table of readers take the names of the old ones, the table first: who
 *   opens the old file with the new table reads a file that nobody writes to;
 * - the new file gets its first checkpoint.
 *
 * Snapshots have numbers, by which others know whether anything changed: the copy's begin far above
 * those of the old file.
 */
#include "store/compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"
#include "store/folder.h"
#include "store/recover.h"

enum {
	PATH_ROOM = 4096,
	ROUNDS_MAX = 8,
	LITTLE = 1 << 20,      /* octets to catch up with at the end */
	APPLY_SLICE = 1 << 18, /* octets of items in a transaction, about */
};

static const uint64_t snapshots_ahead = (uint64_t)1 << 32;

static const char data_name[] = "data.mdb", lock_name[] = "lock.mdb", mark_name[] = "checkpoint";
static const char copy_name[] = "data.new", copy_lock_name[] = "data.new-lock";

/* The path of a file in the store's folder. */
static const char *in_folder(char ret[PATH_ROOM], const char *folder, const char *name)
{
	/* the folder's own path was short enough for longer names when the store was opened */
	snprintf(ret, PATH_ROOM, "%s/%s", folder, name);
	return ret;
}

static uint64_t size_of(const char *folder, const char *name)
{
	char file[PATH_ROOM];
	struct stat st;

	return stat(in_folder(file, folder, name), &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int file_remove(const char *folder, const char *name)
{
	char file[PATH_ROOM];

	return unlink(in_folder(file, folder, name)) == 0 || errno == ENOENT ? 0 : -errno;
}

static int file_rename(const char *folder, const char *from, const char *to)
{
	char a[PATH_ROOM], b[PATH_ROOM];

	return rename(in_folder(a, folder, from), in_folder(b, folder, to)) == 0 ? 0 : -errno;
}

struct compact {
	struct store *store;
	struct store fresh; /* the copy, as far as transactions need a store */
	struct follower follower;
};

void compact_forget(const char *folder)
{
	file_remove(folder, copy_name);
	file_remove(folder, copy_lock_name);
}

static int check_followed(struct compact *c)
{
	pthread_mutex_lock(&c->store->keeper.lock);
	bool lost = c->follower.lost;
	pthread_mutex_unlock(&c->store->keeper.lock);
	return lost ? -EAGAIN : 0;
}

/*
 * The copy, on disk under its own name. followed: who is told what is committed meanwhile; NULL:
 * nobody commits.
 */
static int make_copy(MDB_env *env, const char *folder, struct compact *followed)
{
	char file[PATH_ROOM];
	MDB_envinfo info;
	MDB_stat stat;
	int fd = open(in_folder(file, folder, copy_name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0600);

	if (fd < 0)
		return -errno;

	int err = database_error(mdb_env_copyfd2(env, fd, MDB_CP_COMPACT));
	if (err == 0 && followed != NULL)
		err = check_followed(followed);
	if (err == 0)
		err = database_error(mdb_env_info(env, &info));
	if (err == 0)
		err = database_error(mdb_env_stat(env, &stat));
	if (err == 0)
		err = checkpoint_renumber(fd, stat.ms_psize, info.me_last_txnid + snapshots_ahead);
	if (err == 0 && fsync(fd) != 0)
		err = -errno;
	close(fd);
	return err;
}

/* The copy in place of the data file, which is whole by itself. */
static int take_copy(const char *folder)
{
	int err = file_remove(folder, mark_name);

	if (err == 0)
		err = folder_sync(folder);
	if (err == 0)
		err = file_rename(folder, copy_lock_name, lock_name);
	if (err == -ENOENT) /* nobody has opened the copy */
		err = file_remove(folder, lock_name);
	if (err == 0)
		err = file_rename(folder, copy_name, data_name);
	return err == 0 ? folder_sync(folder) : err;
}

static const char *explain(int err)
{
	switch (err) {
	case -ENOSPC:
		return "there is no room for the new file beside the old one";
	case -EBADMSG:
		return "the data file is damaged";
	case -EBUSY:
		return "it is being done already";
	case -EINPROGRESS:
		return "names that no zone has any more are still being taken away; try it again "
		       "later";
	case -EAGAIN:
		return "too much was changed meanwhile; try it again later";
	case -ENOTRECOVERABLE:
		return "the disk failed; onnetd has to be started anew";
	default:
		return strerror(-err);
	}
}

int store_compact(const char *path, struct store_compact *ret, struct text *fault)
{
	struct store *store = NULL;
	int err = store_open(&store, path, fault);

	if (err != 0)
		return err;

	int lock = fcntl(store->lock_fd, F_DUPFD_CLOEXEC, 0); /* the same lock */
	err = lock >= 0 ? make_copy(store->env, path, NULL) : -errno;
	if (err == 0)
		err = store_checkpoint(store);
	store_close(store);

	struct store_compact sizes = { size_of(path, data_name), size_of(path, copy_name) };
	if (err == 0)
		err = take_copy(path);
	if (err == 0) {
		*ret = sizes;
	} else {
		compact_forget(path);
		text_printf(fault, "cannot compact the store in %s: %s", path, explain(err));
	}
	if (lock >= 0)
		close(lock);
	return err;
}

/* --- while it is in use --- */

/* What a sweep commits can't be followed, so that there is no use in a copy before its end. */
static int follow(struct compact *c)
{
	struct keeper *keeper = &c->store->keeper;
	int err = 0;

	if (store_sweep_due(c->store))
		return -EINPROGRESS;

	pthread_mutex_lock(&keeper->lock);
	if (keeper->follower != NULL)
		err = -EBUSY;
	else
		keeper->follower = &c->follower;
	pthread_mutex_unlock(&keeper->lock);
	return err;
}

static void unfollow(struct compact *c)
{
	pthread_mutex_lock(&c->store->keeper.lock);
	c->store->keeper.follower = NULL;
	pthread_mutex_unlock(&c->store->keeper.lock);
	free(c->follower.data);
}

static int open_copy(struct compact *c)
{
	struct store *fresh = &c->fresh;
	char file[PATH_ROOM];

	pthread_mutex_init(&fresh->data_lock, NULL);
	sweep_init(&fresh->sweep);

	int err = database_open(&fresh->env, in_folder(file, c->store->path, copy_name),
				MDB_NOSUBDIR | MDB_NOSYNC);
	if (err == 0)
		err = data_begin(fresh);
	if (err == 0)
		err = database_tables(fresh, 0);

	/* LMDB counts tables as they are opened, and transactions take them by these numbers */
	if (err == 0 && (fresh->zones != c->store->zones || fresh->nodes != c->store->nodes ||
			 fresh->log != c->store->log))
		err = -EIO;
	return err;
}

/* Leaves the copy to the store it is for, or closes it. */
static void close_copy(struct compact *c, bool taken)
{
	struct store *fresh = &c->fresh;

	if (!taken && fresh->data != NULL)
		data_leave(fresh, fresh->data);
	else if (!taken && fresh->env != NULL)
		mdb_env_close(fresh->env);
	redo_done(&fresh->redo);
	sweep_done(&fresh->sweep);
	pthread_mutex_destroy(&fresh->data_lock);
}

/* Does in the copy what these items say; ends txn, which is the copy's. */
static int apply(struct store_txn *txn, struct slice items)
{
	int err = items.size > 0 ? recover_redo(txn, items) : 0;

	if (err == 0 && items.size > 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

/*
 * The same in several transactions: LMDB keeps each page that one of them touches in memory until
 * its end, and that memory for good.
 */
static int apply_all(struct compact *c, struct slice items)
{
	struct redo_item item;
	size_t begin = 0, end = 0;
	int more = 1, err = 0;

	while (err == 0 && more > 0) {
		struct store_txn *txn;

		do
			more = redo_next(items, &end, &item);
		while (more > 0 && end - begin < APPLY_SLICE);
		err = more < 0 ? more : store_write_begin_bulk(&c->fresh, &txn);
		if (err == 0)
			err = apply(txn, slice_make(items.data + begin, end - begin));
		begin = end;
	}
	return err;
}

/*
 * Where the old file's sync fails, the kernel may have dropped what it was to write, and all is
 * lost.
 */
static int sync_both(struct compact *c, bool *lost)
{
	int err = database_error(mdb_env_sync(c->fresh.env, 1));

	if (err != 0)
		return err;
	err = database_error(mdb_env_sync(c->store->env, 1));
	*lost = err != 0;
	return err;
}

/* Catches up until there is little left; then both files are on disk but for that. */
static int catch_up(struct compact *c)
{
	struct keeper *keeper = &c->store->keeper;
	int err = 0;

	for (int round = 0; err == 0 && round < ROUNDS_MAX; round++) {
		pthread_mutex_lock(&keeper->lock);
		struct follower items = c->follower;
		c->follower = (struct follower){ .lost = items.lost };
		pthread_mutex_unlock(&keeper->lock);

		err = items.lost ? -EAGAIN : 0;
		if (err == 0 && items.size > 0)
			err = apply_all(c, slice_make(items.data, items.size));
		free(items.data);
		if (items.size < LITTLE)
			break;
	}
	bool lost = false;
	if (err == 0)
		err = sync_both(c, &lost);
	if (lost) {
		pthread_mutex_lock(&keeper->lock);
		keeper_lose(c->store);
		pthread_mutex_unlock(&keeper->lock);
	}
	return err;
}

/*
 * The files change places. Called with the lock of the keeper and the store's write transaction,
 * and with the copy's, which it ends.
 */
static int change_files(struct compact *c, struct store_txn *txn, bool *taken)
{
	struct keeper *keeper = &c->store->keeper;

	while (keeper->syncing || keeper->growing)
		pthread_cond_wait(&keeper->changed, &keeper->lock);

	int err = c->follower.lost ? -EAGAIN : 0;
	if (err == 0)
		err = apply(txn, slice_make(c->follower.data, c->follower.size));
	else
		store_write_abort(txn);
	if (err == 0 && atomic_load(&keeper->lost))
		err = -ENOTRECOVERABLE;
	bool lost = false;
	if (err == 0)
		err = sync_both(c, &lost);
	if (lost)
		keeper_lose(c->store);
	if (err != 0)
		return err;

	err = take_copy(c->store->path); /* from here on there is no way back */
	if (err == 0) {
		*taken = true;
		err = keeper_change_file(c->store, c->fresh.data);
	}
	if (err != 0)
		keeper_lose(c->store);
	return err;
}

static int change_over(struct compact *c, bool *taken)
{
	struct data *old = data_use(c->store);
	struct store_txn *txn;
	MDB_txn *stop;
	int err = store_write_begin_bulk(&c->fresh, &txn);

	if (err == 0) {
		err = database_error(mdb_txn_begin(old->env, NULL, 0, &stop));
		if (err != 0)
			store_write_abort(txn);
	}
	if (err == 0) {
		pthread_mutex_lock(&c->store->keeper.lock);
		err = change_files(c, txn, taken);
		pthread_mutex_unlock(&c->store->keeper.lock);
		mdb_txn_abort(stop);
	}
	data_leave(c->store, old);
	return err;
}

static int compact(struct compact *c, struct store_compact *ret)
{
	bool taken = false;
	int err = make_copy(c->store->env, c->store->path, c);

	if (err == 0)
		err = open_copy(c);
	if (err == 0)
		err = catch_up(c);

	struct store_compact sizes = { .before = size_of(c->store->path, data_name) };
	if (err == 0)
		err = change_over(c, &taken);
	close_copy(c, taken);
	if (err == 0) {
		sizes.after = size_of(c->store->path, data_name);
		*ret = sizes;
	}
	return err;
}

int store_compact_live(struct store *store, struct store_compact *ret, struct text *fault)
{
	struct compact *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	if (c != NULL) {
		c->store = store;
		err = follow(c);
		if (err == 0) {
			err = compact(c, ret);
			unfollow(c);
			if (err != 0)
				compact_forget(store->path);
		}
	}
	free(c);
	if (err != 0)
		text_printf(fault, "cannot compact the store in %s: %s", store->path, explain(err));
	return err;
}
