/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making things last. LMDB syncs nothing: that would cost a write of every page that a change
 * touches, and of the meta page after them, before the change can be acknowledged. Instead:
 *
 * - What a transaction changes is written to the journal first, and synced: one write in place.
 *   Then LMDB commits, into the page cache. A reader never sees what would not survive, but for
 *   what can't be journalled (below), which readers see while its checkpoint is being made.
 * - Now and then a checkpoint makes the data file catch up. With no commit under way it takes
 *   LMDB's newest snapshot and the end of the journal; then, while commits go on, it syncs the data
 *   file, and says so in the checkpoint file. The journal up to there is out of use then.
 * - A read transaction stays on the snapshot of the checkpoint that counts. LMDB writes over no
 *   page of a snapshot that has a reader; so all that the checkpoint relies on stays as it was
 *   synced, whatever LMDB writes, and whatever of it reaches the disk.
 *
 * What can't be journalled (too much, or the journal fails) is committed and made to last by a
 * checkpoint, for which the commit waits; and nobody else commits until then, for a record in the
 * journal says nothing without what was before it. Where a checkpoint fails the store is lost: the
 * kernel may have dropped what it could not write. All that was acknowledged is in the last
 * checkpoint and the journal.
 *
 * A journalled transaction that LMDB then refuses (a full disk) must not come back: its record is
 * taken away before the failure is told, or else a checkpoint takes it out of use.
 */
#include "store/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/database.h"

/*
 * After so long changes are in the data file, and a segment that fills up faster than that is too
 * small.
 */
enum { INTERVAL_MS = 1000, TURN_MS = 2000, MOMENT_MS = 50 };

enum { FOLLOWER_MAX = 256 << 20 /* octets of changes that may wait to be caught up with */ };

static void tell(struct keeper *keeper)
{
	pthread_cond_broadcast(&keeper->changed);
}

static void wait_for_change(struct keeper *keeper)
{
	pthread_cond_wait(&keeper->changed, &keeper->lock);
}

/* The same, but no longer than that. */
static void wait_until(struct keeper *keeper, int64_t end_ms)
{
	struct timespec until = { .tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000 };

	pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
}

static bool is_lost(struct keeper *keeper)
{
	return atomic_load_explicit(&keeper->lost, memory_order_relaxed);
}

static void lose(struct keeper *keeper)
{
	atomic_store(&keeper->lost, true);
	tell(keeper);
}

void keeper_lose(struct store *store)
{
	lose(&store->keeper);
}

/* Commits wake the thread once; it sleeps until then. */
static void mark_dirty(struct keeper *keeper)
{
	if (keeper->dirty)
		return;
	keeper->dirty = true;
	keeper->due_ms = clock_monotonic_ms() + INTERVAL_MS;
	tell(keeper);
}

static uint32_t other_segment(const struct keeper *keeper)
{
	return 1 - keeper->journal.end.segment;
}

/* Whether nobody needs the segment any more in which the end of the journal is not. */
static bool other_is_free(const struct keeper *keeper)
{
	return !keeper->growing && keeper->last.journal.segment == keeper->journal.end.segment;
}

static void want_larger(struct keeper *keeper, uint64_t size)
{
	if (size > journal_size_max)
		size = journal_size_max;
	if (size > keeper->size)
		keeper->size = size;
}

static int turn(struct keeper *keeper)
{
	int64_t now = clock_monotonic_ms();
	uint32_t other = other_segment(keeper);

	if (keeper->turned_ms != 0 && now - keeper->turned_ms < TURN_MS)
		want_larger(keeper, 2 * keeper->journal.size[other]);
	keeper->turned_ms = now;
	keeper->asked++; /* so that the one that is full is soon out of use */
	tell(keeper);
	return journal_turn(&keeper->journal, other);
}

/* Makes room for a record of so many octets. -ENOSPC: there can be none. */
static int make_room(struct keeper *keeper, size_t size)
{
	while (!is_lost(keeper)) {
		if (journal_has_room(&keeper->journal, size))
			return 0;
		if (keeper->growing) {
			wait_for_change(keeper);
			continue;
		}
		if (!journal_can_hold(&keeper->journal, other_segment(keeper), size)) {
			want_larger(keeper, 4 * (uint64_t)size);
			return -ENOSPC;
		}
		if (other_is_free(keeper))
			return turn(keeper);
		want_larger(keeper, 2 * keeper->journal.size[keeper->journal.end.segment]);
		if (keeper->asked == keeper->done)
			keeper->asked++;
		tell(keeper);
		wait_for_change(keeper);
	}
	return -ENOTRECOVERABLE;
}

/* Whether a record is on disk. */
enum record { RECORD_NONE, RECORD_PERHAPS, RECORD_WRITTEN };

static enum record append(struct store *store)
{
	struct redo *redo = &store->redo;
	struct journal *journal = &store->keeper.journal;

	redo_end(redo);
	if (!redo->whole || make_room(&store->keeper, redo->size - REDO_HEAD) != 0)
		return RECORD_NONE;

	uint64_t sequence = journal->end.sequence;
	if (journal_append(journal, redo->data, redo->size) == 0)
		return RECORD_WRITTEN;
	/* a disk that takes no writes at all, as one that became read-only, has none of it */
	return journal->end.sequence == sequence ? RECORD_NONE : RECORD_PERHAPS;
}

/* Waits for a checkpoint, with the lock. */
static int wait_for_checkpoint(struct keeper *keeper)
{
	uint64_t ticket = ++keeper->asked;

	tell(keeper);
	while (!is_lost(keeper) && keeper->done < ticket)
		wait_for_change(keeper);
	return is_lost(keeper) ? -ENOTRECOVERABLE : 0;
}

/* The same, and nobody commits before. */
static int settle(struct keeper *keeper)
{
	keeper->barrier = true;

	int err = wait_for_checkpoint(keeper);
	keeper->barrier = false;
	tell(keeper);
	return err;
}

/* Tells who follows what a commit has changed. */
static void tell_follower(struct store *store, enum keeper_way way)
{
	struct follower *follower = store->keeper.follower;
	const struct redo *redo = &store->redo;

	if (follower == NULL || follower->lost)
		return;
	if (way != KEEPER_JOURNAL || !redo->whole) {
		follower->lost = true;
		return;
	}

	size_t more = redo->size - REDO_HEAD;
	if (follower->room - follower->size < more) {
		size_t room = 2 * (follower->size + more);
		uint8_t *data = room <= FOLLOWER_MAX ? realloc(follower->data, room) : NULL;

		if (data == NULL) {
			follower->lost = true;
			return;
		}
		follower->data = data;
		follower->room = room;
	}
	memcpy(follower->data + follower->size, redo->data + REDO_HEAD, more);
	follower->size += more;
}

static int commit(struct store *store, MDB_txn *txn, enum keeper_way way)
{
	struct keeper *keeper = &store->keeper;

	while (keeper->barrier && !is_lost(keeper))
		wait_for_change(keeper);

	enum record record = way == KEEPER_JOURNAL ? append(store) : RECORD_NONE;
	if (is_lost(keeper)) {
		mdb_txn_abort(txn);
		return -ENOTRECOVERABLE;
	}

	int err = database_error(mdb_txn_commit(txn));
	if (err == 0)
		tell_follower(store, way);
	mark_dirty(keeper);
	if (way != KEEPER_JOURNAL || record == (err == 0 ? RECORD_WRITTEN : RECORD_NONE))
		return err;
	if (err != 0 && journal_take_back(&keeper->journal) == 0)
		return err;

	int settled = settle(keeper);
	return settled != 0 ? settled : err; /* lost: it may come back */
}

int keeper_commit(struct store *store, MDB_txn *txn, enum keeper_way way)
{
	if (way == KEEPER_JOURNAL && store->redo.whole && store->redo.size == 0)
		return database_error(mdb_txn_commit(txn)); /* nothing was changed */

	pthread_mutex_lock(&store->keeper.lock);
	int err = commit(store, txn, way);
	pthread_mutex_unlock(&store->keeper.lock);
	return err;
}

int keeper_checkpoint(struct store *store)
{
	pthread_mutex_lock(&store->keeper.lock);
	int err = wait_for_checkpoint(&store->keeper);
	pthread_mutex_unlock(&store->keeper.lock);
	return err;
}

/* Takes the newest snapshot and the end of the journal. */
static int take(struct store *store, struct checkpoint *ret, MDB_txn **pin)
{
	struct keeper *keeper = &store->keeper;
	struct checkpoint next = { .generation = keeper->last.generation + 1,
				   .journal = keeper->journal.end };
	MDB_txn *txn;
	MDB_stat stat;
	int fd, err = database_error(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn));

	if (err != 0)
		return err;
	err = database_error(mdb_env_stat(store->env, &stat));
	if (err == 0)
		err = database_error(mdb_env_get_fd(store->env, &fd));
	if (err == 0)
		err = checkpoint_take_meta(fd, mdb_txn_id(txn), stat.ms_psize, &next);
	if (err == 0) {
		*ret = next;
		*pin = txn;
	} else {
		mdb_txn_abort(txn);
	}
	return err;
}

static void replace_pin(struct keeper *keeper, MDB_txn *pin, const struct checkpoint *last)
{
	if (keeper->pin != NULL)
		mdb_txn_abort(keeper->pin);
	keeper->pin = pin;
	keeper->last = *last;
}

static bool is_same(const struct checkpoint *a, const struct checkpoint *b)
{
	return a->snapshot == b->snapshot && a->journal.segment == b->journal.segment &&
	       a->journal.sequence == b->journal.sequence && a->journal.salt == b->journal.salt;
}

int keeper_change_file(struct store *store, struct data *data)
{
	struct keeper *keeper = &store->keeper;
	struct checkpoint first;
	MDB_txn *pin;

	data_replace(store, data);

	int fd, err = take(store, &first, &pin);
	if (err == 0) {
		err = checkpoint_create(store->path, &first, &fd);
		if (err != 0)
			mdb_txn_abort(pin);
	}
	if (err != 0)
		return err;
	close(keeper->fd);
	keeper->fd = fd;
	replace_pin(keeper, pin, &first);
	return 0;
}

/* No room for one more reader, or no memory: that passes, and nothing is lost by waiting. */
static bool is_passing(int err)
{
	return err == -EAGAIN || err == -ENOMEM;
}

/* Makes a checkpoint; called with the lock, which it lets go meanwhile. */
static void make_checkpoint(struct store *store)
{
	struct keeper *keeper = &store->keeper;
	struct checkpoint next;
	MDB_txn *pin = NULL;
	int dead;

	mdb_reader_check(store->env, &dead); /* a reader that was killed holds memory back, too */

	int err = take(store, &next, &pin);
	while (is_passing(err) && !keeper->stop) {
		wait_until(keeper, clock_monotonic_ms() + MOMENT_MS);
		if (is_lost(keeper))
			return;
		err = take(store, &next, &pin);
	}
	keeper->dirty = false;
	if (err == 0 && is_same(&next, &keeper->last)) {
		mdb_txn_abort(pin);
		return;
	}
	if (err == 0) {
		keeper->syncing = true;
		pthread_mutex_unlock(&keeper->lock);
		err = database_error(mdb_env_sync(store->env, 1));
		if (err == 0)
			err = checkpoint_write(keeper->fd, &next);
		pthread_mutex_lock(&keeper->lock);
		keeper->syncing = false;
	}
	if (err == 0) {
		replace_pin(keeper, pin, &next);
		return;
	}
	mdb_txn_abort(pin);
	if (!is_passing(err) || keeper->asked != keeper->done)
		lose(keeper);
	else if (!keeper->stop)
		mark_dirty(keeper); /* the last one counts until then */
}

/* Whether what the journal would take is little of what is free. */
static bool is_disk_roomy(const struct keeper *keeper)
{
	struct statvfs disk;

	return fstatvfs(keeper->fd, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize / 16 >= keeper->size;
}

/* Makes the segment that is out of use as large as was found to be of use. */
static void grow(struct keeper *keeper)
{
	uint32_t other = other_segment(keeper);
	uint64_t size = keeper->size;

	if (is_lost(keeper) || !other_is_free(keeper) || keeper->journal.size[other] >= size ||
	    !is_disk_roomy(keeper))
		return;
	keeper->growing = true;
	pthread_mutex_unlock(&keeper->lock);
	int err = journal_grow(&keeper->journal, other, size);
	pthread_mutex_lock(&keeper->lock);
	keeper->growing = false;
	if (err != 0)
		keeper->size = keeper->journal.size[other]; /* it goes on as it is */
}

static void sleep_until_due(struct keeper *keeper)
{
	if (keeper->dirty)
		wait_until(keeper, keeper->due_ms);
	else
		wait_for_change(keeper);
}

static void *keeper_main(void *arg)
{
	struct store *store = arg;
	struct keeper *keeper = &store->keeper;

	pthread_mutex_lock(&keeper->lock);
	while (!is_lost(keeper)) {
		bool due = keeper->dirty && clock_monotonic_ms() >= keeper->due_ms;

		if (keeper->asked == keeper->done && !due && !keeper->stop) {
			sleep_until_due(keeper);
			continue;
		}
		if (keeper->asked == keeper->done && !keeper->dirty)
			break;

		uint64_t ticket = keeper->asked;
		make_checkpoint(store);
		if (!is_lost(keeper))
			keeper->done = ticket;
		tell(keeper);
		grow(keeper);
		tell(keeper);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

int keeper_init(struct store *store, const char *folder)
{
	struct keeper *keeper = &store->keeper;
	pthread_condattr_t attributes;

	pthread_mutex_init(&keeper->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	keeper->size = journal_size_min;
	keeper->fd = -1;
	keeper->ready = true;
	return journal_open(&keeper->journal, folder);
}

void keeper_done(struct store *store)
{
	struct keeper *keeper = &store->keeper;

	if (!keeper->ready)
		return;
	if (keeper->pin != NULL)
		mdb_txn_abort(keeper->pin);
	if (keeper->fd >= 0)
		close(keeper->fd);
	journal_close(&keeper->journal);
	pthread_cond_destroy(&keeper->changed);
	pthread_mutex_destroy(&keeper->lock);
}

/* The first checkpoint of a store that was just made, by LMDB's own sync. */
static int begin_anew(struct store *store, const char *folder)
{
	struct keeper *keeper = &store->keeper;
	struct checkpoint first;
	MDB_txn *pin;
	int err = journal_clear(&keeper->journal);

	if (err != 0)
		return err;
	for (uint32_t i = 0; i < JOURNAL_SEGMENTS; i++)
		if (keeper->journal.size[i] < keeper->size)
			journal_grow(&keeper->journal, i, keeper->size);

	err = take(store, &first, &pin);
	if (err != 0)
		return err;
	err = checkpoint_create(folder, &first, &keeper->fd);
	if (err == 0)
		replace_pin(keeper, pin, &first);
	else
		mdb_txn_abort(pin);
	return err;
}

int keeper_begin(struct store *store, const char *folder, const struct checkpoint *last)
{
	struct keeper *keeper = &store->keeper;
	struct checkpoint now;
	MDB_txn *pin;

	if (last->snapshot == 0)
		return begin_anew(store, folder);

	int err = take(store, &now, &pin);
	if (err != 0)
		return err;
	if (now.snapshot != last->snapshot) {
		mdb_txn_abort(pin);
		return -EBADMSG;
	}
	replace_pin(keeper, pin, last);
	return checkpoint_open(folder, &keeper->fd);
}

int keeper_start(struct store *store)
{
	struct keeper *keeper = &store->keeper;
	sigset_t all, old;

	/* signals are for those who expect them */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&keeper->thread, NULL, keeper_main, store);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	keeper->started = err == 0;
	return -err;
}

void keeper_stop(struct store *store)
{
	struct keeper *keeper = &store->keeper;

	if (!keeper->started)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->stop = true;
	tell(keeper);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	keeper->started = false;
}
