/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Group commit: one transaction, one sync, for all updates that wait. They succeed or fail one by
 * one, because an update changes nothing in the transaction before it is sure to go through; only
 * where the store itself fails is the whole transaction lost. Then each is tried in a transaction
 * of its own, so that one that is too much for a full disk does not take others with it.
 */
#include "server/writer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/catalog.h"
#include "server/lost.h"
#include "server/update.h"
#include "zone/history.h"
#include "zone/update.h"

enum {
	GROUP_MAX = 1024,
	SLOW_COMMIT_US = 1000, /* from here on waiting for more can pay */
	PATIENCE_MAX_US = 2000,
	REPLAY_CAPACITY = 1 << 20,
	SWEEP_ENTRIES = 256, /* so few that an update which comes then hardly waits */
	RECALL_LIFE_S = 600, /* RFC 8945 5.2.3: fudge before and after */
};

static void set_result(struct job *job, uint16_t rcode, const char *why)
{
	job->exchange.rcode = rcode;
	job->exchange.why = why;
	job->exchange.why_code = KNOT_EDNS_EDE_OTHER;
}

/* Whether the job is a copy of one carried out before, or too late to tell. */
static bool is_repeated(struct update_writer *writer, struct job *job)
{
	uint8_t rcode = 0;

	if (job->by.key == NULL)
		return false;
	if (replay_find(writer->replay, job->by.mac, job->by.signed_at, &rcode)) {
		set_result(job, rcode, rcode != 0 ? "a copy of an update that ended so" : NULL);
		return true;
	}
	if (!replay_in_time(writer->replay, job->by.signed_at, clock_wall_s())) {
		job->exchange.tsig.error = KNOT_RCODE_BADTIME;
		set_result(job, KNOT_RCODE_NOTAUTH, "signed too long ago to rule out a copy");
		return true;
	}
	return false;
}

static int remember(struct update_writer *writer, const struct job *job)
{
	uint8_t rcode = (uint8_t)job->exchange.rcode;
	int err = 0;

	if (job->by.key == NULL)
		return 0;
	err = replay_add(writer->replay, job->by.mac, job->by.signed_at, rcode);
	if (err == 0)
		err = receipts_add(&writer->receipts, job->by.mac, job->by.signed_at, rcode);
	return err;
}

/* Carries out one update. 0: it succeeded or failed alone; negative: the transaction is lost. */
static int run_job(struct update_writer *writer, struct change_group *group, struct job *job)
{
	struct change change;
	const char *why = NULL;

	arena_reset(&writer->arena);
	int err = change_begin(&change, &writer->arena, group, job->zone);
	if (err != 0) {
		set_result(job, KNOT_RCODE_SERVFAIL, "the zone can't be read");
		return err == -ENOENT ? 0 : err;
	}

	uint8_t rcode = update_require(&change, job->exchange.message, &why);
	if (rcode == KNOT_RCODE_NOERROR)
		rcode = update_apply(&change, job->exchange.message, &why);
	if (why != NULL)
		why = arena_text(&job->arena, why); /* outlives the change */
	set_result(job, rcode, why);
	err = rcode == KNOT_RCODE_NOERROR ? change_commit(&change, &job->by) : 0;
	return err < 0 ? err : 0;
}

/* Carries out what is no copy of an update carried out before. An error where txn was lost. */
static int run_jobs(struct update_writer *writer, struct change_group *group, struct job *list,
		    size_t count)
{
	int err = 0;

	for (struct job *job = list; err == 0 && count-- > 0; job = job->next) {
		job->repeated = !job->first && is_repeated(writer, job);
		job->first = !job->repeated;
		if (job->repeated)
			continue;
		err = run_job(writer, group, job);
		if (err == 0)
			err = remember(writer, job);
	}
	return err;
}

void writer_tell_changed(struct update_writer *writer, const struct zone *zone)
{
	notifier_tell(writer->notifier, zone->apex);
	catalog_changed(zone);
}

static int commit(struct update_writer *writer, const struct change_group *group, size_t updates)
{
	struct store_zone log;
	int err =
		receipts_write(&writer->receipts, group->txn, writer->replay, clock_wall_s(), &log);

	if (err != 0) {
		store_write_abort(group->txn);
		return err;
	}

	int64_t began_us = clock_monotonic_us();
	err = store_write_commit(group->txn);
	writer->commit_us = clock_monotonic_us() - began_us;
	if (err == 0) {
		count_spread(&writer->counts, HISTOGRAM_COMMIT, (uint64_t)writer->commit_us, 1);
		count_spread(&writer->counts, HISTOGRAM_GROUP, updates, 1);
		receipts_written(&writer->receipts, &log);
		for (const struct group_zone *open = group->first; open != NULL; open = open->next)
			if (open->changes > 0)
				writer_tell_changed(writer, open->zone);
	}
	return err;
}

/* Carries out jobs in one transaction, the first count of the list; an error where it was lost. */
static int run_group(struct update_writer *writer, struct job *list, size_t count)
{
	struct change_group group;
	struct store_txn *txn;
	size_t receipts = writer->receipts.size;
	int err = writer->forgetful ? -ENOTRECOVERABLE : store_write_begin(writer->store, &txn);

	if (err != 0)
		return err;
	arena_reset(&writer->group_arena);
	group_begin(&group, &writer->group_arena, txn);
	err = run_jobs(writer, &group, list, count);
	if (err == 0)
		err = group_end(&group);
	if (err > 0) {
		err = commit(writer, &group, count);
	} else {
		store_write_abort(txn);
		receipts_postpone(&writer->receipts);
	}
	if (err != 0)
		writer->receipts.size = receipts; /* none of it was done */
	return err;
}

/* Whether the store is of no use any more, not for queries either. */
static bool is_lost(struct update_writer *writer)
{
	struct store_txn *txn = NULL;
	int err = store_read_begin(writer->store, &txn);

	store_read_end(txn);
	return err == -ENOTRECOVERABLE;
}

/* What an operator may do about it. LMDB says EIO where the kernel took a part of what was to be written. */
static const char *advice(int err)
{
	switch (err) {
	case -EIO:
		return " (no room on the disk, or the disk fails)";
	case -ENOSPC:
		return " (on the disk, or in the address space of this process: ulimit -v, or LimitAS= of "
		       "systemd)";
	case -EROFS:
		return " (the kernel does so where a disk fails: see its log)";
	default:
		return "";
	}
}

static void tell_failure(struct update_writer *writer, int err)
{
	if (is_lost(writer)) {
		lost_tell();
		return;
	}
	if (!writer->broken)
		log_error("updates can't be stored: %s%s; answering goes on, updates fail with "
			  "SERVFAIL until that is mended",
			  strerror(-err), advice(err));
	writer->broken = true;
}

static void run_alone(struct update_writer *writer, struct job *list)
{
	for (struct job *job = list; job != NULL; job = job->next) {
		int err = run_group(writer, job, 1);

		if (err != 0) {
			tell_failure(writer, err);
			set_result(job, KNOT_RCODE_SERVFAIL,
				   "the store can't take it: see the log");
			remember(writer, job);
		}
	}
}

/* Each job to where it came from, those of one place at once. */
static void give_back(struct job *list)
{
	while (list != NULL) {
		struct job *same = NULL, *others = NULL, **same_end = &same, **others_end = &others;
		void (*done)(struct job *, void *) = list->done;
		void *arg = list->arg;

		for (struct job *job = list; job != NULL; job = job->next) {
			struct job ***end = job->done == done && job->arg == arg ? &same_end :
										   &others_end;

			**end = job;
			*end = &job->next;
		}
		*same_end = NULL;
		*others_end = NULL;
		done(same, arg);
		list = others;
	}
}

void writer_run(struct update_writer *writer, struct job *list)
{
	size_t count = 0;

	for (struct job *job = list; job != NULL; job = job->next)
		count++;

	int err = run_group(writer, list, count);
	if (err != 0)
		count_add(&writer->counts, COUNT_COMMIT_FAILED, 1);
	if (err != 0)
		run_alone(writer, list);
	else if (writer->broken) {
		log_info("updates are stored again");
		writer->broken = false;
	}
	for (const struct job *job = list; job != NULL; job = job->next) {
		count_update(&writer->counts, job->exchange.rcode, job->exchange.tsig.error);
		if (job->repeated)
			count_add(&writer->counts, COUNT_UPDATE_REPEATED, 1);
		if (job->exchange.rcode != KNOT_RCODE_NOERROR)
			update_log(&writer->refused, job, clock_monotonic_ms());
	}
	give_back(list);
}

/* The updates that wait, up to the next task, as a list of its own; *rest is what follows. */
static struct job *cut_updates(struct job *list, struct job **rest)
{
	struct job **end = &list;

	while (*end != NULL && (*end)->task == NULL)
		end = &(*end)->next;
	*rest = *end;
	*end = NULL;
	return list;
}

static void step(struct update_writer *writer)
{
	atomic_fetch_add_explicit(&writer->steps, 1, memory_order_relaxed);
}

/* How long there is nothing to do but updates. */
static int64_t pause_us(struct update_writer *writer)
{
	int64_t trim_us = trimmer_pause_us(&writer->trimmer);
	int64_t log_us = INT64_C(1000) * log_bound_expire(&writer->refused, clock_monotonic_ms());

	return log_us >= 0 && log_us < trim_us ? log_us : trim_us;
}

/* What is to be done when nobody waits; returns when somebody does, or the queue was closed. */
static void mind_store(struct update_writer *writer)
{
	do
		while (queue_is_idle(&writer->queue) &&
		       (store_sweep(writer->store, SWEEP_ENTRIES) > 0 ||
			trimmer_step(&writer->trimmer, writer->store)))
			step(writer);
	while (!queue_wait(&writer->queue, pause_us(writer)));
}

/*
 * Clients that wait for their answers send the next update soon after. Where a commit takes no
 * longer than they need for that, they fall into two halves that take turns, and while one waits
 * for the disk the other one is worked on. On a slow disk each sync would then serve one half
 * only: so there a group waits for as many as the last one had together with those that came
 * meanwhile, but no longer than half the time that a commit takes. Where there is one client,
 * nothing waits.
 */
static struct job *take_group(struct update_writer *writer)
{
	int64_t patience = writer->commit_us < SLOW_COMMIT_US ? 0 : writer->commit_us / 2;

	queue_gather(&writer->queue, writer->group_size,
		     patience < PATIENCE_MAX_US ? patience : PATIENCE_MAX_US);
	mind_store(writer);

	struct job *list = queue_take(&writer->queue, GROUP_MAX);
	writer->group_size = 0;
	for (const struct job *job = list; job != NULL; job = job->next)
		writer->group_size++;
	return list;
}

static void run_updates(struct update_writer *writer, struct job *list)
{
	atomic_store(&writer->busy, true);
	step(writer);
	writer_run(writer, list);
	atomic_store(&writer->busy, false);
	step(writer);
}

/* The job is its caller's again when this returns. */
static void run_task(struct update_writer *writer, struct job *job)
{
	atomic_store(&writer->slow, true);
	job->done(job, job->arg);
	atomic_store(&writer->slow, false);
	step(writer);
}

static void *writer_main(void *arg)
{
	struct update_writer *writer = arg;

	pthread_setname_np(pthread_self(), "writer");
	atomic_store(&writer->slow, true);
	int err = writer_recall(writer, writer->state);
	atomic_store(&writer->slow, false);
	if (err != 0) {
		log_error("the change log can't be read, so a copy of an update could not be told "
			  "from a new one: %s; this server ends",
			  strerror(-err));
		writer->forgetful = true;
		kill(getpid(), SIGTERM);
	} else {
		writer_use(writer, writer->state);
	}
	for (;;) {
		struct job *list = take_group(writer);

		if (list == NULL)
			return NULL;
		while (list != NULL) {
			struct job *job = list;

			if (job->task == NULL) {
				job = cut_updates(list, &list);
				run_updates(writer, job);
			} else {
				list = job->next;
				job->next = NULL;
				run_task(writer, job);
			}
		}
		writer->group_size += queue_waiting(&writer->queue);
	}
}

/* A call that waits for its end; lies on the stack of the caller. */
struct call {
	struct job job;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended;
	int result;
};

static void call_run(struct job *job, void *arg)
{
	struct call *call = arg;
	int result = job->task(call->arg);

	pthread_mutex_lock(&call->lock);
	call->result = result;
	call->has_ended = true;
	pthread_cond_signal(&call->ended);
	pthread_mutex_unlock(&call->lock);
}

int writer_call(struct update_writer *writer, int (*task)(void *arg), void *arg)
{
	struct call call = { .arg = arg };

	call.job.task = task;
	call.job.done = call_run;
	call.job.arg = &call;
	pthread_mutex_init(&call.lock, NULL);
	pthread_cond_init(&call.ended, NULL);

	bool taken = queue_put(&writer->queue, &call.job);
	pthread_mutex_lock(&call.lock);
	while (taken && !call.has_ended)
		pthread_cond_wait(&call.ended, &call.lock);
	pthread_mutex_unlock(&call.lock);
	pthread_cond_destroy(&call.ended);
	pthread_mutex_destroy(&call.lock);
	return taken ? call.result : -EAGAIN;
}

int writer_start(struct update_writer *writer)
{
	return -pthread_create(&writer->thread, NULL, writer_main, writer);
}

void writer_stop(struct update_writer *writer)
{
	queue_close(&writer->queue);
	pthread_join(writer->thread, NULL);
}

/*
 * Signed updates that the zone's change log tells of, the newest first, as far as they matter: those of entries
 * that were written before there were receipts.
 */
static int recall_zone(struct update_writer *writer, struct store_txn *txn, const struct zone *zone,
		       uint64_t now)
{
	struct store_zone record;
	int err = store_zone_get(txn, zone->apex, &record);

	if (err != 0)
		return err == -ENOENT ? 0 : err;
	for (uint64_t i = record.log_next; err == 0 && i > record.log_first; i--) {
		struct slice entry;
		struct history history;

		if (store_log_get(txn, &record, i - 1, &entry) != 0 ||
		    history_read(entry, &history) != 0 || history.version != HISTORY_WITH_MAC ||
		    history.time + RECALL_LIFE_S < now)
			break;
		if (history.mac != 0 && replay_in_time(writer->replay, history.signed_at, now))
			err = replay_add(writer->replay, history.mac, history.signed_at,
					 KNOT_RCODE_NOERROR);
	}
	return err;
}

int writer_recall(struct update_writer *writer, const struct state *state)
{
	uint64_t now = clock_wall_s();
	struct store_txn *txn = NULL;
	int err = store_read_begin(writer->store, &txn);

	if (err == 0 && !writer->receipts.known)
		err = receipts_recall(&writer->receipts, txn, writer->replay, now);
	for (size_t i = 0; err == 0 && i < zone_table_count(state->zones); i++)
		err = recall_zone(writer, txn, zone_table_at(state->zones, i), now);
	store_read_end(txn);
	return err;
}

void writer_use(struct update_writer *writer, const struct state *state)
{
	writer->trimmer = (struct trimmer){ .state = state };
}

int writer_init(struct update_writer *writer, struct store *store, const struct state *state)
{
	*writer = (struct update_writer){ .store = store,
					  .state = state,
					  .refused.what = "updates refused" };
	queue_init(&writer->queue);

	int err = replay_new(&writer->replay, REPLAY_CAPACITY);
	if (err != 0)
		writer_done(writer);
	return err;
}

void writer_done(struct update_writer *writer)
{
	replay_free(writer->replay);
	receipts_done(&writer->receipts);
	arena_done(&writer->arena);
	arena_done(&writer->group_arena);
	queue_done(&writer->queue);
}
