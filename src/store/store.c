/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening and closing. LMDB maps the file into memory: a restart has nothing to load, readers
 * never wait, and a commit that has returned survives a crash, since pages are never overwritten
 * while a snapshot or the last good state needs them.
 *
 * The map is as large as the address space lets it be (1 TiB if possible); the file below it
 * grows as it is written to, so that nothing has to be resized while it serves.
 *
 * One process at a time: a lock on a file of our own says so before LMDB is touched.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"

enum { READERS_MAX = 1024, DATABASES = 4, PATH_ROOM = 4096, FORMAT = 2 };

static const size_t map_size_max = (size_t)1 << 40, map_size_min = (size_t)1 << 28;

int database_error(int code)
{
	switch (code) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return -ENOSPC;
	case MDB_READERS_FULL:
		return -EAGAIN;
	case MDB_PANIC:
		return -ENOTRECOVERABLE;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return -EBADMSG;
	default:
		return code > 0 ? -code : -EIO;
	}
}

/* A folder is on disk only when what names it is. */
static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	int err = fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
	close(fd);
	return err;
}

static int sync_parent(const char *path)
{
	char parent[PATH_ROOM];

	if (snprintf(parent, sizeof(parent), "%s/..", path) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	return sync_folder(parent);
}

static int make_folder(const char *path, struct text *fault)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return sync_parent(path);
	if (errno != EEXIST) {
		int err = -errno;

		text_printf(fault, "cannot make the storage folder %s: %s", path, strerror(-err));
		return err;
	}
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		text_printf(fault, "storage %s is not a folder", path);
		return -ENOTDIR;
	}
	return 0;
}

static int lock_folder(const char *path, int *ret, struct text *fault)
{
	char name[PATH_ROOM], owner[32] = "";

	if (snprintf(name, sizeof(name), "%s/onnetd.lock", path) >= (int)sizeof(name)) {
		text_puts(fault, "the path of the storage folder is too long");
		return -ENAMETOOLONG;
	}

	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		int err = -errno;

		text_printf(fault, "cannot open %s: %s", name, strerror(-err));
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		ssize_t size = read(fd, owner, sizeof(owner) - 1);

		text_printf(fault,
			    "storage %s is in use by process %.*s; stop that one, or give this "
			    "server a storage of its own",
			    path, (int)(size > 0 ? size : 1), size > 0 ? owner : "?");
		close(fd);
		return -EBUSY;
	}

	int size = snprintf(owner, sizeof(owner), "%ld", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, owner, (size_t)size, 0) != size) {
		/* the number is for people; the lock holds without it */
	}
	*ret = fd;
	return 0;
}

/* Opens the environment with the largest map that there is room for. */
static int open_environment(MDB_env **ret, const char *path)
{
	int err = ENOMEM;

	for (size_t size = map_size_max; size >= map_size_min && err == ENOMEM; size /= 2) {
		MDB_env *env;

		err = mdb_env_create(&env);
		if (err != 0)
			return database_error(err);
		mdb_env_set_mapsize(env, size);
		mdb_env_set_maxreaders(env, READERS_MAX);
		mdb_env_set_maxdbs(env, DATABASES);
		err = mdb_env_open(env, path, MDB_NOTLS, 0600);
		if (err == 0)
			*ret = env;
		else
			mdb_env_close(env);
	}
	return database_error(err);
}

/* The form of what is stored; another form takes another number. */
static int check_format(const struct store *store, MDB_txn *txn)
{
	static const char name[] = "\xff"
				   "format"; /* no name starts with a label of 255 octets */
	uint32_t format = FORMAT;
	MDB_val key = { .mv_data = (void *)(uintptr_t)name, .mv_size = sizeof(name) - 1 };
	MDB_val value = { .mv_data = &format, .mv_size = sizeof(format) };
	int err = mdb_put(txn, store->zones, &key, &value, MDB_NOOVERWRITE);

	if (err != MDB_KEYEXIST)
		return database_error(err);
	if (value.mv_size != sizeof(format) || memcmp(value.mv_data, &format, sizeof(format)) != 0)
		return -EPROTO;
	return 0;
}

static int open_databases(struct store *store)
{
	MDB_txn *txn;
	int err = mdb_txn_begin(store->env, NULL, 0, &txn);

	if (err != 0)
		return database_error(err);
	err = mdb_dbi_open(txn, NULL, 0, &store->main);
	if (err == 0)
		err = mdb_dbi_open(txn, "zones", MDB_CREATE, &store->zones);
	if (err == 0)
		err = mdb_dbi_open(txn, "nodes", MDB_CREATE, &store->nodes);
	if (err == 0)
		err = mdb_dbi_open(txn, "log", MDB_CREATE, &store->log);
	err = err == 0 ? check_format(store, txn) : database_error(err);
	if (err == 0)
		return database_error(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return err;
}

static const char *explain_open(int err)
{
	switch (err) {
	case -EBADMSG:
		return "it is damaged, or of another kind of machine";
	case -EPROTO:
		return "another version of onnetd made it; let that one export the zones";
	default:
		return strerror(-err);
	}
}

int store_open(struct store **ret, const char *path, struct text *fault)
{
	struct store *store = calloc(1, sizeof(*store));
	int dead = 0;

	if (store == NULL)
		return -ENOMEM;
	store->lock_fd = -1;

	int err = make_folder(path, fault);
	if (err == 0)
		err = lock_folder(path, &store->lock_fd, fault);
	if (err != 0)
		goto out;

	err = open_environment(&store->env, path);
	if (err == 0) {
		mdb_reader_check(store->env, &dead); /* places that a killed process left behind */
		err = open_databases(store);
	}
	if (err == 0)
		err = sync_folder(path);
	if (err != 0)
		text_printf(fault, "cannot open the store in %s: %s", path, explain_open(err));
out:
	if (err != 0)
		store_close(store);
	else
		*ret = store;
	return err;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->env != NULL)
		mdb_env_close(store->env);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}
