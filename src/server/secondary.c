/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The secondary's side of a zone (RFC 1034 4.3.5, RFC 1996). One thread looks at timers and gates and says which
 * copy is to be checked; a few others check, each waiting for one primary at a time. Workers only ever set a
 * gate's NOTIFY and ring a bell, so that a flood of it is one check under way and one more to come.
 *
 * When a copy was last good is kept in the store, so that a restart does not make an old one good again; but not
 * at every check, as it suffices to be right within an eighth of the time to expiry.
 */
#include "server/secondary.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "client/socket.h"
#include "server/check.h"
#include "server/load.h"
#include "server/waiting.h"

enum {
	RHYTHM_MS = 20, /* between two looks at all copies */
	SLEEP_MAX_MS = 60 * 1000,
	KEEP_SHARE = 8,
	KEEP_MOST_S = 3600,
};

struct secondary {
	struct update_writer *writer;
	_Atomic(const struct state *) *state;
	struct unreachable unreachable;
	pthread_t thread[WAITING_THREADS + 1]; /* the first is the one that looks */
	size_t threads;
	int bell, stop; /* eventfds; stop is rung once */
	atomic_bool stopping;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t filled;
	struct copy **copy; /* by their names */
	size_t count;
	struct counts counts;
	struct waiting waiting; /* for a thread */
};

/* --- keeping when copies were good --- */

struct keep {
	struct secondary *secondary;
	struct copy *only; /* NULL: all that have something to be kept */
};

static int keep_one(struct store_txn *txn, struct copy *copy)
{
	int err = copy_version_keep(txn, &copy->zone, copy->version.checked, copy->version.ranges);

	if (err == 0)
		copy->kept = copy->version.checked;
	return err;
}

/* In the writer's thread. */
static int keep_task(void *arg)
{
	struct keep *keep = arg;
	struct secondary *s = keep->secondary;
	struct store_txn *txn;
	int err = store_write_begin(s->writer->store, &txn);

	if (err != 0)
		return err;
	pthread_mutex_lock(&s->lock);
	if (keep->only != NULL &&
	    !atomic_load(&keep->only->dropped)) /* else its records may be gone */
		err = keep_one(txn, keep->only);
	for (size_t i = 0; keep->only == NULL && err == 0 && i < s->count; i++)
		if (s->copy[i]->version.there && s->copy[i]->version.checked != s->copy[i]->kept)
			err = keep_one(txn, s->copy[i]);
	pthread_mutex_unlock(&s->lock);
	if (err == 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

static bool is_to_be_kept(const struct copy *copy)
{
	uint64_t share = (uint64_t)refresh_life_ms(&copy->version.timers) / 1000 / KEEP_SHARE;

	share = share < 1 ? 1 : share > KEEP_MOST_S ? KEEP_MOST_S : share;
	return copy->version.there &&
	       (copy->kept == 0 || copy->version.checked - copy->kept >= share);
}

/* --- from one check to the next --- */

static uint32_t random_number(void)
{
	uint32_t value = 0;

	return getrandom(&value, sizeof(value), GRND_NONBLOCK) == sizeof(value) ? value : 0;
}

static void ring(int bell)
{
	eventfd_write(bell, 1);
}

static void open_gate(struct copy *copy)
{
	if (atomic_exchange(&copy->gate->closed, false))
		log_info("zone %s: good again, serial %u", copy->text, copy->version.serial);
}

static void close_gate(struct copy *copy)
{
	if (!atomic_exchange(&copy->gate->closed, true))
		log_error("zone %s: expired: no primary could be asked for %lld seconds, so it is "
			  "not answered for any more (SERVFAIL)",
			  copy->text, (long long)refresh_life_ms(&copy->version.timers) / 1000);
}

/* With the lock held: what a check has found out. */
static void finish(struct secondary *s, struct copy *copy, const struct check *c)
{
	int64_t now = clock_monotonic_ms();

	count_add(&s->counts, COUNT_TRANSFER_IN_REFUSED, c->refused);
	count_add(&s->counts, COUNT_TRANSFER_IN_FAILED, c->failed);
	if (c->serial != 0)
		copy->primary_serial = c->serial;
	if (c->verdict == CHECK_FETCHED) {
		copy->version = c->version;
		copy->kept = c->version.checked;
	}
	if (c->verdict != CHECK_SAME && c->verdict != CHECK_FETCHED) {
		refresh_fail(&copy->refresh, &copy->version.timers, now, random_number());
		return;
	}
	copy->version.checked = clock_wall_s();
	refresh_succeed(&copy->refresh, &copy->version.timers, now, random_number());
	open_gate(copy);
}

/* With the lock held, which is let go while the network is waited for. */
static void check(struct secondary *s, struct copy *copy)
{
	struct check c = { .writer = s->writer,
			   .state = s->state,
			   .stopping = &s->stopping,
			   .unreachable = &s->unreachable,
			   .copy = copy,
			   .first = copy->notified,
			   .expired = refresh_expired(&copy->refresh, clock_monotonic_ms()) };

	copy->notified = 0;
	pthread_mutex_unlock(&s->lock);
	if (!atomic_load(&copy->dropped))
		check_primaries(&c);
	pthread_mutex_lock(&s->lock);
	if (atomic_load(&copy->dropped)) {
		copy_free(copy);
		return;
	}
	finish(s, copy, &c);
	if (!is_to_be_kept(copy))
		return;
	copy->refresh.busy = true; /* so that a reload leaves it to us */
	pthread_mutex_unlock(&s->lock);

	struct keep keep = { .secondary = s, .only = copy };
	load_call(s->writer, &s->stopping, keep_task, &keep);
	pthread_mutex_lock(&s->lock);
	copy->refresh.busy = false;
	if (atomic_load(&copy->dropped))
		copy_free(copy);
}

static void *check_main(void *arg)
{
	struct secondary *s = arg;
	size_t turn = 0;

	client_socket_heed(s->stop);
	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stopping)) {
		bool others;
		struct copy *copy = waiting_take(&s->waiting, &turn, &others);

		if (others)
			pthread_cond_signal(&s->filled);
		if (copy == NULL) {
			pthread_cond_wait(&s->filled, &s->lock);
			continue;
		}
		check(s, copy);
		ring(s->bell);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- timers and bells --- */

static void take_notified(struct secondary *s, struct copy *copy, struct copy_gate *gate)
{
	unsigned notified = atomic_exchange(&gate->notified, 0);

	if (notified == 0)
		return;
	copy->notified = notified <= copy->peer_count ? notified : 0;
	if (copy->notified > 0) /* it lives */
		unreachable_remove(&s->unreachable, &copy->peer[copy->notified - 1].address);
	refresh_notify(&copy->refresh);
}

static void make_ready(struct secondary *s, struct copy *copy)
{
	waiting_put(&s->waiting, copy);
	pthread_cond_signal(&s->filled);
}

/* With the lock held: looks at all copies; when to look again. */
static int64_t look(struct secondary *s, int64_t now)
{
	int64_t wake = now + SLEEP_MAX_MS;

	for (size_t i = 0; i < s->count; i++) {
		struct copy *copy = s->copy[i];

		take_notified(s, copy, copy->gate);
		if (refresh_expired(&copy->refresh, now))
			close_gate(copy);
		if (refresh_begin(&copy->refresh, now))
			make_ready(s, copy);

		int64_t next = refresh_wake_ms(&copy->refresh, now);
		wake = next < wake ? next : wake;
	}
	return wake;
}

static void *look_main(void *arg)
{
	struct secondary *s = arg;
	struct pollfd wait[] = { { .fd = s->stop, .events = POLLIN },
				 { .fd = s->bell, .events = POLLIN } };

	while (!atomic_load(&s->stopping)) {
		eventfd_t rings;
		int64_t now = clock_monotonic_ms();

		/* before the look: who rings after it is heard next time */
		if (eventfd_read(s->bell, &rings) != 0 && errno != EAGAIN)
			log_error("secondary: eventfd: %s", strerror(errno));
		pthread_mutex_lock(&s->lock);
		int64_t left = look(s, now) - now;
		pthread_mutex_unlock(&s->lock);

		poll(wait, 1, RHYTHM_MS);
		if (left > RHYTHM_MS)
			poll(wait, 2, (int)(left - RHYTHM_MS));
	}
	return NULL;
}

/* --- reloads --- */

static int compare_names(const struct copy *a, const knot_dname_t *name, size_t size)
{
	int order = (a->zone.apex_size > size) - (a->zone.apex_size < size);

	return order != 0 ? order : memcmp(a->zone.apex, name, size);
}

static int compare_copies(const void *a, const void *b)
{
	const struct copy *const *x = a, *const *y = b;

	return compare_names(*x, (*y)->zone.apex, (*y)->zone.apex_size);
}

static struct copy *find_copy(const struct secondary *s, const struct zone *zone)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_names(s->copy[middle], zone->apex, zone->apex_size);

		if (order == 0)
			return s->copy[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* What there is of a copy, and when it was good. old: the copy of other primaries that it follows, may be NULL. */
static int begin_copy(struct store_txn *txn, struct copy *copy, const struct copy *old)
{
	int64_t now = clock_monotonic_ms(), age_ms = 0;
	uint64_t wall = clock_wall_s();
	int err = copy_version_get(&copy->version, txn, &copy->zone);

	if (err != 0)
		return err;
	copy->kept = copy->version.checked;
	if (old != NULL && old->version.checked > copy->version.checked)
		copy->version.checked = old->version.checked;
	if (copy->version.checked == 0)
		copy->version.checked = wall; /* from now on; to be kept soon */
	else if (copy->version.checked < wall)
		age_ms = (int64_t)(wall - copy->version.checked) * 1000;
	if (copy->version.there)
		refresh_init(&copy->refresh, &copy->version.timers, now - age_ms, now);
	else
		refresh_init_absent(&copy->refresh, now);
	if (refresh_expired(&copy->refresh, now))
		close_gate(copy);
	return 0;
}

/* A copy for each zone that is one: the one that there is, or a new one. */
static int gather(struct secondary *s, const struct state *state, struct copy **list, size_t *count)
{
	struct store_txn *txn = NULL;
	int err = store_read_begin(s->writer->store, &txn);

	for (size_t i = 0; err == 0 && i < state->conf->zone_count; i++) {
		if (state->conf->zone[i].primary_count == 0)
			continue;

		struct copy *old = find_copy(s, zone_table_at(state->zones, i));
		if (old != NULL && copy_follows(old, state, i)) {
			list[(*count)++] = old;
			continue;
		}
		err = copy_new(&list[*count], state, i);
		if (err == 0)
			err = begin_copy(txn, list[(*count)++], old);
	}
	store_read_end(txn);
	return err;
}

/* Goes over to the gate of the newest state. */
static void move_gate(struct secondary *s, struct copy *copy, struct copy_gate *gate)
{
	if (copy->gate == gate)
		return;
	atomic_store(&gate->closed, atomic_load(&copy->gate->closed));
	take_notified(s, copy, copy->gate);
	copy->gate = gate;
}

static void drop(struct copy *copy)
{
	if (copy->refresh.busy)
		atomic_store(&copy->dropped, true); /* whoever is at it frees it */
	else
		copy_free(copy);
}

static bool is_in(struct copy *const *list, size_t count, const struct copy *copy)
{
	const struct copy *const *found =
		count > 0 ? bsearch(&copy, list, count, sizeof(*list), compare_copies) : NULL;

	return found != NULL && *found == copy;
}

/* With the lock held: the new list in place of the old one. */
static void replace(struct secondary *s, const struct state *state, struct copy **list,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct zone *zone = zone_table_find(state->zones, list[i]->zone.apex);

		move_gate(s, list[i], &state->gate[zone->index]);
	}
	for (size_t i = 0; i < s->count; i++)
		if (!is_in(list, count, s->copy[i]))
			drop(s->copy[i]);
	free(s->copy);
	s->copy = list;
	s->count = count;
}

int secondary_use(struct secondary *s, const struct state *state)
{
	struct copy **list = calloc(state->conf->zone_count + 1, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&s->lock);
	int err = gather(s, state, list, &count);
	if (count > 1)
		qsort(list, count, sizeof(*list), compare_copies);
	if (err == 0)
		replace(s, state, list, count);
	for (size_t i = 0; err != 0 && i < count; i++)
		if (!is_in(s->copy, s->count, list[i]))
			copy_free(list[i]);
	pthread_mutex_unlock(&s->lock);
	if (err != 0)
		free(list);
	ring(s->bell);
	return err;
}

void secondary_forget(struct secondary *s, const struct state *old)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < old->conf->zone_count; i++) {
		struct copy *copy = find_copy(s, zone_table_at(old->zones, i));

		if (copy != NULL && old->conf->zone[i].primary_count > 0)
			take_notified(s, copy, &old->gate[i]);
	}
	pthread_mutex_unlock(&s->lock);
	ring(s->bell);
}

/* --- life --- */

int secondary_new(struct secondary **ret, struct update_writer *writer,
		  _Atomic(const struct state *) *state)
{
	struct secondary *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->writer = writer;
	s->state = state;
	waiting_init(&s->waiting);
	s->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	unreachable_init(&s->unreachable);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->filled, NULL);

	int err = s->bell < 0 || s->stop < 0 ? -EMFILE : secondary_use(s, atomic_load(state));
	if (err == 0)
		*ret = s;
	else
		secondary_free(s);
	return err;
}

int secondary_start(struct secondary *s)
{
	int err = 0;

	for (; err == 0 && s->threads < WAITING_THREADS + 1; s->threads += err == 0)
		err = -pthread_create(&s->thread[s->threads], NULL,
				      s->threads == 0 ? look_main : check_main, s);
	return err;
}

/* What was found out since it was kept last. */
static void keep_all(struct secondary *s)
{
	static const atomic_bool never;
	struct keep keep = { .secondary = s };
	bool any = false;

	for (size_t i = 0; i < s->count; i++)
		any = any || (s->copy[i]->version.there &&
			      s->copy[i]->version.checked != s->copy[i]->kept);
	if (any)
		load_call(s->writer, &never, keep_task, &keep);
}

void secondary_stop(struct secondary *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stopping, true);
	pthread_cond_broadcast(&s->filled);
	pthread_mutex_unlock(&s->lock);
	ring(s->stop);
	bool ran = s->threads > 0;

	for (; s->threads > 0; s->threads--)
		pthread_join(s->thread[s->threads - 1], NULL);
	if (ran)
		keep_all(s);
}

void secondary_free(struct secondary *s)
{
	if (s == NULL)
		return;
	for (struct copy *copy = s->waiting.first, *next; copy != NULL; copy = next) {
		next = copy->next;
		if (atomic_load(&copy->dropped))
			copy_free(copy);
	}
	for (size_t i = 0; i < s->count; i++)
		copy_free(s->copy[i]);
	free(s->copy);
	pthread_cond_destroy(&s->filled);
	pthread_mutex_destroy(&s->lock);
	unreachable_done(&s->unreachable);
	if (s->bell >= 0)
		close(s->bell);
	if (s->stop >= 0)
		close(s->stop);
	free(s);
}

void secondary_wake(struct secondary *s)
{
	if (s != NULL)
		ring(s->bell);
}

/* --- seen from outside --- */

struct counts *secondary_counts(struct secondary *s)
{
	return &s->counts;
}

static struct secondary_status status_of(const struct copy *copy, int64_t now_ms, uint64_t wall)
{
	const struct refresh *r = &copy->refresh;
	bool expired = refresh_expired(r, now_ms);
	int64_t wall_ms = (int64_t)wall * 1000;

	return (struct secondary_status){
		.apex = copy->zone.apex,
		.text = copy->text,
		.state = !r->there ? SECONDARY_ABSENT :
			 expired   ? SECONDARY_EXPIRED :
				     SECONDARY_CURRENT,
		.busy = r->busy,
		.serial = r->there ? copy->version.serial : 0,
		.primary_serial = copy->primary_serial,
		.checked = r->there ? copy->version.checked : 0,
		.expires = r->there ? (uint64_t)(wall_ms + r->expire_ms - now_ms) / 1000 : 0,
		.next = (uint64_t)(wall_ms + r->next_ms - now_ms) / 1000,
		.failures = r->failures,
	};
}

void secondary_status(struct secondary *s,
		      void (*show)(const struct secondary_status *status, void *arg), void *arg)
{
	int64_t now_ms = clock_monotonic_ms();
	uint64_t wall = clock_wall_s();

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count; i++) {
		struct secondary_status status = status_of(s->copy[i], now_ms, wall);

		show(&status, arg);
	}
	pthread_mutex_unlock(&s->lock);
}
