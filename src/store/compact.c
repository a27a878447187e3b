/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Giving free pages back. LMDB uses them again but never makes its file smaller; mdb_env_copy with
 * compaction writes one without them, page after page. Data file and checkpoint belong together, and two files
 * can't be changed in one step, so:
 *
 * - the store is opened, which recovers what was left behind, copied, and closed, which makes a last
 *   checkpoint: from here on the old data file is whole by itself;
 * - the checkpoint goes: a store without one is taken as its data file is;
 * - the new data file takes the place of the old one, by its name.
 *
 * The lock of the folder is held through all of it.
 */
#include "store/compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"

enum { PATH_ROOM = 4096 };

static const char data_name[] = "data.mdb", copy_name[] = "data.new", mark_name[] = "checkpoint";

static int sync_file(int fd)
{
	return fsync(fd) == 0 ? 0 : -errno;
}

static uint64_t size_at(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

/* The copy, on disk under its own name. */
static int make_copy(struct store *store, int folder)
{
	int fd = openat(folder, copy_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;

	int err = database_error(mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT));
	if (err == 0)
		err = sync_file(fd);
	close(fd);
	return err;
}

/* The copy in place of the data file. */
static int take_copy(int folder)
{
	if (unlinkat(folder, mark_name, 0) != 0 && errno != ENOENT)
		return -errno;

	int err = sync_file(folder);
	if (err == 0 && renameat(folder, copy_name, folder, data_name) != 0)
		err = -errno;
	return err == 0 ? sync_file(folder) : err;
}

static const char *explain(int err)
{
	switch (err) {
	case -ENOSPC:
		return "there is no room for the new file beside the old one";
	case -EBADMSG:
		return "the data file is damaged";
	default:
		return strerror(-err);
	}
}

int store_compact(const char *path, struct store_compact *ret, struct text *fault)
{
	struct store *store = NULL;
	int folder = -1, lock = -1;
	int err = store_open(&store, path, fault);

	if (err != 0)
		return err;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lock = fcntl(store->lock_fd, F_DUPFD_CLOEXEC, 0); /* the same lock */
	if (folder < 0 || lock < 0)
		err = -errno;

	struct store_compact sizes = { 0 };
	if (err == 0)
		err = make_copy(store, folder);
	if (err == 0)
		err = store_checkpoint(store);
	store_close(store);
	if (err == 0) {
		sizes.before = size_at(folder, data_name);
		sizes.after = size_at(folder, copy_name);
		err = take_copy(folder);
	}
	if (err == 0)
		*ret = sizes;
	else
		text_printf(fault, "cannot compact the store in %s: %s", path, explain(err));
	if (err != 0 && folder >= 0)
		unlinkat(folder, copy_name, 0);
	if (folder >= 0)
		close(folder);
	if (lock >= 0)
		close(lock);
	return err;
}
