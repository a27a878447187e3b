/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening and closing. LMDB maps the file into memory: a restart has nothing to load, and readers
 * never wait. What was committed is kept by the keeper (keeper.c), and found again by recover.c,
 * before LMDB opens the file and after.
 *
 * The map is as large as the address space lets it be (1 TiB if possible); the file below it
 * grows as it is written to, so that nothing has to be resized while it serves.
 *
 * One process at a time: a lock on a file of our own says so before LMDB is touched. Others may
 * read beside it, as soon as the file tells that it has done with opening.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/compact.h"
#include "store/database.h"
#include "store/folder.h"
#include "store/recover.h"

enum { READERS_MAX = 1024, DATABASES = 4, PATH_ROOM = 4096, FORMAT = 2 };

enum { OWNER_ROOM = 32, LOCK_TRIES = 200, LOCK_PAUSE_MS = 10 };

/* Stands behind the number of the process in the lock file until the store is open. */
static const char opening[] = " opening";

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

static int sync_parent(const char *path)
{
	char parent[PATH_ROOM];

	if (snprintf(parent, sizeof(parent), "%s/..", path) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	return folder_sync(parent);
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

/* Says in the locked file who has it. The number is for people; the lock holds without it. */
static void write_owner(int fd, const char *state)
{
	char owner[32];
	int size = snprintf(owner, sizeof(owner), "%ld%s", (long)getpid(), state);

	if (pwrite(fd, owner, (size_t)size, 0) != size || ftruncate(fd, size) != 0)
		return;
}

/*
 * Who only recovers the store for reading has it for a moment, and says "opening" all that time:
 * that is waited for. owner: what the file says in the end.
 */
static int lock_file(int fd, char owner[OWNER_ROOM])
{
	static const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000 };

	for (int try = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; try++) {
		ssize_t size = pread(fd, owner, OWNER_ROOM - 1, 0);

		owner[size > 0 ? size : 0] = '\0';
		/* nothing: it was only just locked */
		if (try == LOCK_TRIES || (*owner != '\0' && strstr(owner, opening) == NULL))
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int lock_folder(const char *path, int *ret, struct text *fault)
{
	char name[PATH_ROOM], owner[OWNER_ROOM] = "";

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
	if (lock_file(fd, owner) != 0) {
		size_t digits = strspn(owner, "0123456789");

		text_printf(fault,
			    "storage %s is in use by process %.*s; stop that one, or give this "
			    "server a storage of its own",
			    path, digits > 0 ? (int)digits : 1, digits > 0 ? owner : "?");
		close(fd);
		return -EBUSY;
	}
	write_owner(fd, opening);
	*ret = fd;
	return 0;
}

int database_open(MDB_env **ret, const char *path, unsigned flags)
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
		err = mdb_env_open(env, path, MDB_NOTLS | flags, 0600);
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
	int err = mdb_get(txn, store->zones, &key, &value);

	if (err == MDB_NOTFOUND && !store->reader)
		err = mdb_put(txn, store->zones, &key, &value, 0);
	if (err != 0)
		return database_error(err);
	if (value.mv_size != sizeof(format) || memcmp(value.mv_data, &format, sizeof(format)) != 0)
		return -EPROTO;
	return 0;
}

static int open_tables(struct store *store, MDB_txn *txn, unsigned flags)
{
	int err = mdb_dbi_open(txn, NULL, 0, &store->main);

	if (err == 0)
		err = mdb_dbi_open(txn, "zones", flags, &store->zones);

	if (err == 0)
		err = mdb_dbi_open(txn, "nodes", flags, &store->nodes);
	if (err == 0)
		err = mdb_dbi_open(txn, "log", flags, &store->log);
	return database_error(err);
}

int database_tables(struct store *store, unsigned flags)
{
	bool reader = store->reader;
	MDB_txn *txn;
	int err = mdb_txn_begin(store->env, NULL, reader ? MDB_RDONLY : 0, &txn);

	if (err != 0)
		return database_error(err);
	err = open_tables(store, txn, flags);
	if (err == 0)
		err = check_format(store, txn);
	if (err == 0)
		return database_error(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return err;
}

static const char *explain_open(int err)
{
	switch (err) {
	case -EAGAIN:
		return "a server is just opening it; try again";
	case -EBADMSG:
		return "it is damaged, or of another kind of machine";
	case -ESTALE:
		return "data.mdb is older than the file checkpoint, or of another store; if it is "
		       "what you want, remove checkpoint";
	case -EPROTO:
		return "another version of onnetd made it; let that one export the zones";
	default:
		return strerror(-err);
	}
}

/* The last number that was given to a tree. */
static int find_limit(struct store *store)
{
	struct store_txn *txn;
	int err = store_read_begin(store, &txn);

	if (err != 0)
		return err;
	err = zone_last_number(txn, &store->sweep.limit);
	store_read_end(txn);
	return err;
}

struct data *data_use(struct store *store)
{
	pthread_mutex_lock(&store->data_lock);
	struct data *data = store->data;
	data->users++;
	pthread_mutex_unlock(&store->data_lock);
	return data;
}

void data_leave(struct store *store, struct data *data)
{
	pthread_mutex_lock(&store->data_lock);
	bool last = --data->users == 0;
	pthread_mutex_unlock(&store->data_lock);
	if (!last)
		return;
	mdb_env_close(data->env);
	free(data);
}

void data_replace(struct store *store, struct data *data)
{
	pthread_mutex_lock(&store->data_lock);
	struct data *old = atomic_exchange(&store->data, data);
	pthread_mutex_unlock(&store->data_lock);
	store->env = data->env;
	if (old != NULL)
		data_leave(store, old);
}

int data_begin(struct store *store)
{
	struct data *data = calloc(1, sizeof(*data));

	if (data == NULL)
		return -ENOMEM;
	*data = (struct data){ .env = store->env, .users = 1 };
	data_replace(store, data);
	return 0;
}

/* All that there is to do in the folder that is locked. */
static int open_locked(struct store *store, const char *path)
{
	struct checkpoint last;
	int dead = 0, err = recover_begin(path, &last);

	compact_forget(path);

	/* before the first checkpoint LMDB has to see to it itself that nothing is lost */
	if (err == 0)
		err = database_open(&store->env, path, last.snapshot != 0 ? MDB_NOSYNC : 0);
	if (err != 0)
		return err;
	err = data_begin(store);
	if (err != 0)
		return err;
	mdb_reader_check(store->env, &dead); /* places that a killed process left behind */
	err = database_tables(store, store->reader ? 0 : MDB_CREATE);
	if (err == 0)
		err = folder_sync(path);
	if (err == 0)
		err = keeper_init(store, path);
	if (err == 0)
		err = recover_end(store, path, &last);
	if (err == 0)
		err = database_error(mdb_env_set_flags(store->env, MDB_NOSYNC, 1));
	if (err == 0)
		err = find_limit(store);
	return err == 0 ? keeper_start(store) : err;
}

static struct store *store_new(const char *path)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->path = strdup(path);
	if (store->path == NULL) {
		free(store);
		return NULL;
	}
	pthread_mutex_init(&store->data_lock, NULL);
	store->lock_fd = -1;
	sweep_init(&store->sweep);
	return store;
}

/* The store as its owner has it, who says "opening" in the lock file until then. */
static int open_owner(struct store **ret, const char *path, struct text *fault)
{
	struct store *store = store_new(path);

	if (store == NULL)
		return -ENOMEM;

	int err = make_folder(path, fault);
	if (err == 0)
		err = lock_folder(path, &store->lock_fd, fault);
	if (err != 0)
		goto out;
	err = open_locked(store, path);
	if (err != 0)
		text_printf(fault, "cannot open the store in %s: %s", path, explain_open(err));
out:
	if (err != 0)
		store_close(store);
	else
		*ret = store;
	return err;
}

int store_open(struct store **ret, const char *path, struct text *fault)
{
	int err = open_owner(ret, path, fault);

	if (err == 0)
		write_owner((*ret)->lock_fd, "");
	return err;
}

const char *store_folder(const struct store *store)
{
	return store->path;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	keeper_stop(store);
	keeper_done(store);
	if (store->data != NULL)
		data_leave(store, store->data);
	else if (store->env != NULL)
		mdb_env_close(store->env);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	redo_done(&store->redo);
	sweep_done(&store->sweep);
	pthread_mutex_destroy(&store->data_lock);
	free(store->path);
	free(store);
}

/* Whether the process that has the lock has done with opening. */
static int check_server(const char *path)
{
	char name[PATH_ROOM], owner[OWNER_ROOM] = "";

	if (snprintf(name, sizeof(name), "%s/onnetd.lock", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;

	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	ssize_t size = read(fd, owner, sizeof(owner) - 1);
	close(fd);
	return size > 0 && strstr(owner, opening) == NULL ? 0 : -EAGAIN;
}

/* The table of readers that the folder has now. */
static int find_table(const char *path, ino_t *ret)
{
	char name[PATH_ROOM];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s/lock.mdb", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	if (stat(name, &st) != 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static int open_reader(struct store *store, const char *path)
{
	ino_t table = 0;
	int err = check_server(path);

	if (err == 0)
		err = find_table(path, &table);
	if (err == 0)
		err = database_open(&store->env, path, MDB_RDONLY);
	if (err == 0)
		err = data_begin(store);
	if (err == 0)
		err = database_tables(store, 0);
	if (err == 0)
		err = find_table(path, &store->table);
	return err == 0 && table != store->table ? -EAGAIN : err;
}

int store_open_reader(struct store **ret, const char *path, struct text *fault)
{
	size_t size = fault->size;
	struct store *store = NULL;
	int err = open_owner(&store, path, fault);

	/*
	 * after this the data file is whole, and a server that starts now finds nothing to recover
	 */
	if (err == 0) {
		int lock = fcntl(store->lock_fd, F_DUPFD_CLOEXEC, 0); /* the same lock */

		store_close(store);
		if (lock < 0)
			return -errno;
		write_owner(lock, "");
		close(lock);
	} else if (err != -EBUSY) {
		return err;
	}
	fault->size = size; /* that a process serves it is no fault here */
	if (fault->data != NULL)
		fault->data[size] = '\0';

	store = store_new(path);
	if (store == NULL)
		return -ENOMEM;
	store->reader = true;
	err = open_reader(store, path);
	if (err == 0) {
		*ret = store;
		return 0;
	}
	text_printf(fault, "cannot read the store in %s: %s", path, explain_open(err));
	store_close(store);
	return err;
}

/*
 * A file that was compacted away stays as it is; one that was recovered got a new table of readers.
 */
int store_reader_check(struct store *store)
{
	char name[PATH_ROOM];
	struct stat own, now;
	ino_t table = 0;
	int fd, err = 0;

	if (!store->reader)
		return 0;
	if (snprintf(name, sizeof(name), "%s/data.mdb", store->path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	err = database_error(mdb_env_get_fd(store->env, &fd));
	if (err != 0)
		return err;
	if (fstat(fd, &own) != 0 || stat(name, &now) != 0)
		return -errno;
	if (own.st_ino != now.st_ino)
		return 0;
	err = find_table(store->path, &table);
	return err == 0 && table != store->table ? -ESTALE : err;
}
