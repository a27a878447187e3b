/* SPDX-License-Identifier: MIT */
/*
 * The driver: what stands between a program's event loop, the look-up machines and libunbound.
 *
 * A look-up is in one of a few lists. MOVING: its machine has something to do; MOVING look-ups are
 * moved in turn until each has ended or waits for answers (WAITING), or for room among the
 * questions on their way (BLOCKED). An answer makes it MOVING again. Those that have ended are DONE,
 * and only onnet_resolver_process() takes them from there, hands out the results and forgets them.
 *
 * Two rules keep callbacks simple for both sides. libunbound is never called from within its own
 * callback: that only gives the answer to the machine and puts the look-up into MOVING. The
 * program's callback is never called from within libunbound or from the call that started the
 * look-up: so it may start and cancel look-ups at will, and its own look-up is gone when it runs.
 * What it starts and what is done at once comes with the next onnet_resolver_process(), for which
 * the descriptor is readable by then; so no chain of look-ups keeps the program from its other work.
 *
 * A question outlives a look-up that is cancelled or out of time: libunbound has no way to take one
 * back, and its answer is good for the cache. QUESTIONS_MAX bounds those on their way, and with
 * them the memory of a resolver whose servers are silent.
 *
 * The system's resolvers are read again when /etc/resolv.conf changes: there is a new upstream then,
 * with an empty cache since the old network's answers are not the new one's, and what was on its
 * way is asked again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "onnet/resolve.h"
#include "resolve/avoid.h"
#include "resolve/loop.h"
#include "resolve/machine.h"
#include "resolve/settings.h"
#include "resolve/source.h"
#include "resolve/upstream.h"

#define RESOLV_CONF "/etc/resolv.conf"

enum {
	TIMEOUT_MS = 10000,
	GREY_S = 60,
	BLACK_MAX_S = 600,
	QUESTIONS_MAX = 4096,  /* on their way at once */
	RESOLV_CONF_MS = 1000, /* between looks at it */
};

enum lookup_state {
	LOOKUP_MOVING,
	LOOKUP_WAITING,
	LOOKUP_BLOCKED,
	LOOKUP_DONE,
	LOOKUP_DELIVERED, /* as soon as its turn comes */
	LOOKUP_STATES,
};

/* A question of a look-up, on its way or about to be. */
struct inquiry {
	struct upstream_question upstream; /* first: upstream knows it by that */
	TAILQ_ENTRY(inquiry) link;
	struct onnet_resolver *resolver;
	struct onnet_lookup *lookup; /* NULL: it has ended */
	struct machine_question question;
};

TAILQ_HEAD(inquiries, inquiry);

struct onnet_lookup {
	TAILQ_ENTRY(onnet_lookup) link;
	struct onnet_resolver *resolver;
	struct machine *machine;
	struct inquiries asked; /* on their way */
	struct inquiries held;  /* to be asked */
	struct loop_timer timer;
	onnet_done *done;
	void *arg;
	enum lookup_state state;
	int err;
};

TAILQ_HEAD(lookups, onnet_lookup);

struct onnet_resolver {
	struct loop *loop;
	struct upstream *upstream;
	struct avoid *avoid;
	struct source source;
	struct lookups lookups[LOOKUP_STATES];
	struct onnet_resolver_options options; /* in the arena */
	struct arena arena;
	size_t inquiries; /* on their way */
	uint64_t seed;
	struct stat resolv_conf; /* as it was read */
	int64_t resolv_conf_ms;  /* when it was last looked at */
	bool renewing;           /* what is on its way will be asked again */
	bool processing;
};

static void lookup_put(struct onnet_lookup *lookup, enum lookup_state state)
{
	struct lookups *lookups = lookup->resolver->lookups;

	TAILQ_REMOVE(&lookups[lookup->state], lookup, link);
	TAILQ_INSERT_TAIL(&lookups[state], lookup, link);
	lookup->state = state;
}

/* Nobody waits for its answers any more. */
static void lookup_leave(struct onnet_lookup *lookup)
{
	struct inquiry *inquiry;

	while ((inquiry = TAILQ_FIRST(&lookup->asked))) {
		TAILQ_REMOVE(&lookup->asked, inquiry, link);
		inquiry->lookup = NULL;
	}
	while ((inquiry = TAILQ_FIRST(&lookup->held))) {
		TAILQ_REMOVE(&lookup->held, inquiry, link);
		free(inquiry);
	}
	loop_timer_clear(lookup->resolver->loop, &lookup->timer);
}

static void lookup_free(struct onnet_lookup *lookup)
{
	lookup_leave(lookup);
	TAILQ_REMOVE(&lookup->resolver->lookups[lookup->state], lookup, link);
	machine_free(lookup->machine);
	free(lookup);
}

static void lookup_end(struct onnet_lookup *lookup)
{
	lookup_leave(lookup);
	lookup_put(lookup, LOOKUP_DONE);
}

static void lookup_time_out(struct loop_timer *timer)
{
	struct onnet_lookup *lookup =
		(struct onnet_lookup *)((char *)timer - offsetof(struct onnet_lookup, timer));

	lookup->err = machine_expire(lookup->machine);
	lookup_end(lookup);
}

static void inquiry_answered(struct upstream_question *question,
			     const struct machine_answer *answer)
{
	struct inquiry *inquiry = (struct inquiry *)question;
	struct onnet_resolver *resolver = inquiry->resolver;
	struct onnet_lookup *lookup = inquiry->lookup;
	struct onnet_lookup *blocked = TAILQ_FIRST(&resolver->lookups[LOOKUP_BLOCKED]);

	resolver->inquiries--;
	if (blocked)
		lookup_put(blocked, LOOKUP_MOVING);
	if (!lookup) {
		free(inquiry);
		return;
	}
	TAILQ_REMOVE(&lookup->asked, inquiry, link);
	if (lookup->state != LOOKUP_MOVING)
		lookup_put(lookup, LOOKUP_MOVING);
	if (resolver->renewing) {
		TAILQ_INSERT_TAIL(&lookup->held, inquiry, link);
		return;
	}
	if (lookup->err == 0)
		lookup->err =
			answer ? machine_answer(lookup->machine, inquiry->question.id, answer) :
				 -ENOMEM;
	free(inquiry);
}

/* Takes what the machine wants to know. -ENOMEM */
static int lookup_hold(struct onnet_lookup *lookup)
{
	struct machine_question question;

	while (machine_ask(lookup->machine, &question)) {
		struct inquiry *inquiry = calloc(1, sizeof(struct inquiry));

		if (!inquiry)
			return -ENOMEM;
		inquiry->upstream.answered = inquiry_answered;
		inquiry->resolver = lookup->resolver;
		inquiry->lookup = lookup;
		inquiry->question = question;
		TAILQ_INSERT_TAIL(&lookup->held, inquiry, link);
	}
	return 0;
}

static int inquiry_ask(struct inquiry *inquiry)
{
	struct onnet_lookup *lookup = inquiry->lookup;
	struct onnet_resolver *resolver = inquiry->resolver;
	int err;

	TAILQ_REMOVE(&lookup->held, inquiry, link);
	TAILQ_INSERT_TAIL(&lookup->asked, inquiry, link);
	resolver->inquiries++;
	err = upstream_ask(resolver->upstream, &inquiry->upstream, inquiry->question.name,
			   inquiry->question.type);
	if (err < 0) {
		resolver->inquiries--;
		TAILQ_REMOVE(&lookup->asked, inquiry, link);
		free(inquiry);
	}
	return err;
}

/* As far as it goes without waiting. Answers that are known come from within. */
static void lookup_move(struct onnet_lookup *lookup)
{
	const struct onnet_resolver *resolver = lookup->resolver;

	while (lookup->err == 0 && !machine_done(lookup->machine)) {
		if (TAILQ_EMPTY(&lookup->held))
			lookup->err = lookup_hold(lookup);
		if (lookup->err < 0 || TAILQ_EMPTY(&lookup->held))
			break;
		if (resolver->inquiries >= QUESTIONS_MAX) {
			lookup_put(lookup, LOOKUP_BLOCKED);
			return;
		}
		lookup->err = inquiry_ask(TAILQ_FIRST(&lookup->held));
	}
	if (lookup->err < 0 || machine_done(lookup->machine))
		lookup_end(lookup);
	else
		lookup_put(lookup, LOOKUP_WAITING);
}

static void resolver_move(struct onnet_resolver *resolver)
{
	struct onnet_lookup *lookup;

	while ((lookup = TAILQ_FIRST(&resolver->lookups[LOOKUP_MOVING])))
		lookup_move(lookup);
}

/* The system's resolvers may have changed. */
static bool resolv_conf_changed(struct onnet_resolver *resolver)
{
	const struct stat *was = &resolver->resolv_conf;
	int64_t now = clock_monotonic_ms();
	struct stat is;

	if (resolver->options.servers || now - resolver->resolv_conf_ms < RESOLV_CONF_MS)
		return false;
	resolver->resolv_conf_ms = now;
	if (stat(RESOLV_CONF, &is) < 0)
		memset(&is, 0, sizeof(is));
	if (is.st_ino == was->st_ino && is.st_size == was->st_size && is.st_dev == was->st_dev &&
	    is.st_mtim.tv_sec == was->st_mtim.tv_sec && is.st_mtim.tv_nsec == was->st_mtim.tv_nsec)
		return false;
	resolver->resolv_conf = is;
	return true;
}

/* Where there is no memory for new ones, the old name servers stay. */
static void resolver_renew(struct onnet_resolver *resolver)
{
	struct upstream *old = resolver->upstream;

	if (upstream_new(&resolver->upstream, resolver->loop, &resolver->options) < 0)
		return;
	resolver->renewing = true;
	upstream_free(old);
	resolver->renewing = false;
}

static int resolver_seed(struct onnet_resolver *resolver)
{
	resolver->seed = resolver->options.seed;
	if (resolver->seed == 0 &&
	    getrandom(&resolver->seed, sizeof(resolver->seed), 0) != sizeof(resolver->seed))
		return -errno;
	return 0;
}

int onnet_resolver_new(struct onnet_resolver **ret, const struct onnet_resolver_options *options)
{
	struct onnet_resolver *resolver = calloc(1, sizeof(struct onnet_resolver));
	int err;

	if (!resolver)
		return -ENOMEM;
	for (int i = 0; i < LOOKUP_STATES; i++)
		TAILQ_INIT(&resolver->lookups[i]);
	source_init(&resolver->source);
	err = settings_copy(&resolver->options, options, &resolver->arena);
	if (err == 0)
		err = resolver_seed(resolver);
	if (err == 0)
		err = avoid_new(&resolver->avoid);
	if (err == 0)
		err = loop_new(&resolver->loop);
	resolver->resolv_conf_ms = -RESOLV_CONF_MS;
	resolv_conf_changed(resolver);
	if (err == 0)
		err = upstream_new(&resolver->upstream, resolver->loop, &resolver->options);
	if (err < 0) {
		onnet_resolver_free(resolver);
		return err;
	}
	*ret = resolver;
	return 0;
}

void onnet_resolver_free(struct onnet_resolver *resolver)
{
	if (!resolver)
		return;
	for (int i = 0; i < LOOKUP_STATES; i++) {
		struct onnet_lookup *lookup;

		while ((lookup = TAILQ_FIRST(&resolver->lookups[i])))
			lookup_free(lookup);
	}
	upstream_free(resolver->upstream);
	loop_free(resolver->loop);
	avoid_free(resolver->avoid);
	source_done(&resolver->source);
	arena_done(&resolver->arena);
	free(resolver);
}

int onnet_resolver_fd(const struct onnet_resolver *resolver)
{
	return loop_fd(resolver->loop);
}

static void lookup_deliver(struct onnet_lookup *lookup)
{
	onnet_done *done = lookup->done;
	void *arg = lookup->arg;
	int err = lookup->err;
	struct onnet_result *result = NULL;

	if (err == 0) {
		result = machine_result(lookup->machine);
		lookup->machine = NULL;
	}
	lookup_free(lookup);
	done(err, result, arg);
}

/* Those that are done now; not those that will be because of them. */
static int resolver_deliver(struct onnet_resolver *resolver)
{
	struct lookups *due = &resolver->lookups[LOOKUP_DELIVERED];
	struct onnet_lookup *lookup;
	int count = 0;

	while ((lookup = TAILQ_FIRST(&resolver->lookups[LOOKUP_DONE])))
		lookup_put(lookup, LOOKUP_DELIVERED);
	while ((lookup = TAILQ_FIRST(due))) {
		lookup_deliver(lookup);
		count++;
	}
	return count;
}

/* The descriptor shall tell of what is left to do. */
static int resolver_arm(struct onnet_resolver *resolver)
{
	return loop_arm(resolver->loop, !TAILQ_EMPTY(&resolver->lookups[LOOKUP_DONE]) ||
						!TAILQ_EMPTY(&resolver->lookups[LOOKUP_MOVING]));
}

int onnet_resolver_process(struct onnet_resolver *resolver)
{
	int count = 0;
	int err;

	if (resolver->processing)
		return -EBUSY;
	resolver->processing = true;
	err = loop_run(resolver->loop);
	if (err == 0) {
		resolver_move(resolver);
		count = resolver_deliver(resolver);
		err = resolver_arm(resolver);
	}
	resolver->processing = false;
	return err < 0 ? err : count;
}

/* Steps through seeds so that each look-up draws for itself, and all of them again by the seed. */
static uint64_t resolver_draw(struct onnet_resolver *resolver)
{
	uint64_t z = resolver->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int lookup_new(struct onnet_lookup **ret, struct onnet_resolver *resolver,
		      enum machine_input kind, const char *input,
		      const struct onnet_lookup_options *options)
{
	struct onnet_lookup *lookup = calloc(1, sizeof(struct onnet_lookup));
	const struct machine_setup setup = {
		.input = kind,
		.options = options,
		.dnssec = resolver->options.dnssec,
		.seed = resolver_draw(resolver),
		.avoid = resolver->avoid,
		.now_ms = clock_monotonic_ms(),
		.source = source_find,
		.source_arg = &resolver->source,
	};
	unsigned timeout = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	int err;

	if (!lookup)
		return -ENOMEM;
	err = machine_new(&lookup->machine, input, &setup);
	if (err < 0) {
		free(lookup);
		return err;
	}
	TAILQ_INIT(&lookup->asked);
	TAILQ_INIT(&lookup->held);
	lookup->resolver = resolver;
	lookup->timer.run = lookup_time_out;
	TAILQ_INSERT_TAIL(&resolver->lookups[LOOKUP_MOVING], lookup, link);
	err = loop_timer_set(resolver->loop, &lookup->timer, timeout);
	if (err < 0)
		lookup_free(lookup);
	else
		*ret = lookup;
	return err;
}

static int lookup_start(struct onnet_lookup **ret, struct onnet_lookup *lookup, onnet_done *done,
			void *arg)
{
	struct onnet_resolver *resolver = lookup->resolver;
	int err = 0;

	lookup->done = done;
	lookup->arg = arg;
	if (resolv_conf_changed(resolver))
		resolver_renew(resolver);
	resolver_move(resolver);
	if (!resolver->processing)
		err = resolver_arm(resolver);
	if (err < 0) {
		lookup_free(lookup);
		return err;
	}
	if (ret)
		*ret = lookup;
	return 0;
}

int onnet_lookup_start(struct onnet_resolver *resolver, const char *input,
		       const struct onnet_lookup_options *options, onnet_done *done, void *arg,
		       struct onnet_lookup **ret)
{
	struct onnet_lookup *lookup;
	int err = lookup_new(&lookup, resolver, MACHINE_REQUEST, input,
			     options ? options : &resolver->options.lookup);

	return err < 0 ? err : lookup_start(ret, lookup, done, arg);
}

int onnet_via_start(struct onnet_resolver *resolver, const char *via,
		    const struct onnet_lookup_options *options, onnet_done *done, void *arg,
		    struct onnet_lookup **ret)
{
	struct onnet_lookup *lookup;
	int err = lookup_new(&lookup, resolver, MACHINE_VIA, via,
			     options ? options : &resolver->options.lookup);

	return err < 0 ? err : lookup_start(ret, lookup, done, arg);
}

void onnet_lookup_cancel(struct onnet_lookup *lookup)
{
	if (lookup)
		lookup_free(lookup);
}

int onnet_target_mark(struct onnet_resolver *resolver, const struct onnet_endpoint *endpoint,
		      enum onnet_mark mark, unsigned seconds)
{
	return avoid_mark(resolver->avoid, endpoint, mark, clock_monotonic_ms(),
			  (int64_t)seconds * 1000);
}

/* RFC 3263 4.3: what makes a client try the next server, and RFC 3261 20.33 for how long. */
int onnet_target_report(struct onnet_resolver *resolver, const struct onnet_endpoint *endpoint,
			enum onnet_outcome outcome, unsigned retry_after_s)
{
	const struct onnet_resolver_options *options = &resolver->options;
	unsigned grey_s = options->grey_s ? options->grey_s : GREY_S;
	unsigned black_s = options->black_max_s ? options->black_max_s : BLACK_MAX_S;

	if (outcome == ONNET_OUTCOME_OK)
		return onnet_target_mark(resolver, endpoint, ONNET_MARK_NONE, 0);
	if (outcome != ONNET_OUTCOME_UNAVAILABLE || retry_after_s == 0)
		return onnet_target_mark(resolver, endpoint, ONNET_MARK_GREY, grey_s);
	if (retry_after_s < black_s)
		black_s = retry_after_s;
	return onnet_target_mark(resolver, endpoint, ONNET_MARK_BLACK, black_s);
}

size_t onnet_target_list(const struct onnet_resolver *resolver, struct onnet_marked *ret,
			 size_t room)
{
	return avoid_list(resolver->avoid, clock_monotonic_ms(), ret, room);
}

void onnet_target_clear(struct onnet_resolver *resolver)
{
	avoid_clear(resolver->avoid);
}
