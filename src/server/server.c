/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Start, reload and stop. Sockets are bound first, with the rights that takes; then the rights are
 * dropped, with all that is not needed any more (server/sandbox.h), the store is opened by who is left, and threads start when there is something to serve.
 *
 * A reload makes a new state beside the old one. The old one is freed when nobody can hold it any
 * more: each worker has taken the new one, the writer has done what came before that, and each
 * worker has answered what the writer gave back.
 */
#include "server/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "server/catalog.h"
#include "server/control.h"
#include "server/forward.h"
#include "server/lost.h"
#include "server/metrics.h"
#include "server/observed.h"
#include "server/peer.h"
#include "server/rights.h"
#include "server/sandbox.h"
#include "server/secondary.h"
#include "server/seed.h"
#include "server/worker.h"
#include "server/writer.h"
#include "server/xdp.h"

struct server {
	struct shared shared;
	struct state *state;
	struct store *store;
	struct update_writer writer;
	bool has_writer, writer_runs;
	struct notifier *notifier;
	struct secondary *secondary;
	struct forwarder *forwarder;
	struct control *control;
	struct metrics *metrics;
	struct observed observed;
	struct worker *worker;
	size_t worker_count;   /* that are initialized */
	size_t worker_running; /* whose threads run */
};

/* SO_REUSEPORT lets another server of ours bind the same address in silence; this does not. */
static int check_free(const struct conf_address *address, bool tls)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int one = 1, err = 0;

	for (int i = 0; err == 0 && i < (tls ? 1 : 2); i++) {
		int fd = socket(address->socket.ss_family, types[i] | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		if (types[i] == SOCK_STREAM)
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (address->socket.ss_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		if (bind(fd, (const struct sockaddr *)&address->socket, address->size) != 0)
			err = -errno;
		close(fd);
	}
	return err;
}

static int listen_at(struct server *server, const struct conf_address *address, bool tls,
		     struct text *fault)
{
	char name[PEER_TEXT_ROOM];
	int err = check_free(address, tls);

	for (size_t i = 0; err == 0 && i < server->worker_count; i++)
		err = tls ? worker_listen_tls(&server->worker[i], address) :
			    worker_listen(&server->worker[i], address);
	if (err == 0)
		return 0;
	peer_format(name, (const struct sockaddr *)&address->socket);
	text_printf(fault, "cannot listen at %s: %s%s\n", name, strerror(-err),
		    err == -EADDRINUSE ? "; is another server running there?" :
		    err == -EACCES     ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE" :
					 "");
	return err;
}

/* Each queue of the interface goes to a worker. Where there is no AF_XDP, sockets do it all. */
static int listen_xdp(struct server *server, const struct conf_interface *interface)
{
	struct xdp *list = NULL;
	struct text why = { 0 };
	size_t count = 0;
	int err = xdp_open(&list, interface, &why);

	if (err != 0)
		log_warning("listen-xdp: %s@%u is not used, sockets take its place: %s",
			    interface->name, interface->port, text_get(&why));
	text_done(&why);
	if (err != 0)
		return err == -ENOMEM ? err : 0;

	while (list != NULL && err == 0) {
		struct xdp *xdp = list;

		list = xdp->next;
		err = worker_take_xdp(&server->worker[count++ % server->worker_count], xdp);
	}
	xdp_close(list);
	log_info("listen-xdp: %s@%u, queues: %zu, %s", interface->name, interface->port, count,
		 xdp_mode(interface));
	return err;
}

static int make_workers(struct server *server, struct text *fault)
{
	const struct conf *conf = server->state->conf;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = conf->workers > 0 ? conf->workers : cores > 0 ? (size_t)cores : 1;
	int err = 0;

	server->worker = calloc(count, sizeof(*server->worker));
	if (server->worker == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < count; i++) {
		err = worker_init(&server->worker[i], &server->shared, server->state);
		server->worker_count++;
	}
	for (size_t i = 0; err == 0 && i < conf->listen_count; i++)
		err = listen_at(server, &conf->listen[i], false, fault);
	for (size_t i = 0; err == 0 && i < conf->listen_tls_count; i++)
		err = listen_at(server, &conf->listen_tls[i], true, fault);
	for (size_t i = 0; err == 0 && i < conf->listen_xdp_count; i++)
		err = listen_xdp(server, &conf->listen_xdp[i]);
	return err;
}

/* As many files as connections may be open, as far as we are allowed to have them. */
static void allow_files(const struct conf *conf)
{
	enum { OTHERS = 2048 }; /* what 256 workers take, the store, the log */
	struct rlimit limit;
	rlim_t wanted = (rlim_t)conf->tcp_max_clients + OTHERS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < conf->tcp_max_clients)
		log_warning("tcp-max-clients is %u, but this process may open %llu files",
			    conf->tcp_max_clients, (unsigned long long)limit.rlim_cur);
}

static int start_threads(struct server *server)
{
	int err = writer_start(&server->writer);

	server->writer_runs = err == 0;
	for (size_t i = 0; err == 0 && i < server->worker_count; i++) {
		err = worker_open(&server->worker[i], server->store);
		if (err == 0)
			err = worker_start(&server->worker[i]);
		server->worker_running += err == 0;
	}
	return err;
}

/* The state at hand with what the catalogs list now. */
static int make_again(struct server *server, struct state **ret, const struct catalogs *catalogs,
		      struct text *fault)
{
	size_t count;
	const struct conf_zone *zones = catalogs_zones(catalogs, &count);
	int err = state_again(ret, server->state, zones, count, fault);

	if (err == 0)
		cookie_secrets_keep(&(*ret)->cookies, &server->state->cookies);
	return err;
}

/* A disk that takes nothing is no reason not to serve: the next change or start tries it again. */
static int note(const struct catalogs *catalogs, struct store *store)
{
	int err = catalogs_apply(catalogs, store);

	if (err != 0)
		log_error("what the catalogs list can't be noted in the store: %s", strerror(-err));
	return err;
}

/* Before anybody serves: from one state to another. */
static void begin_with(struct server *server, struct state *state)
{
	state_free(server->state);
	server->state = state;
	atomic_store(&server->shared.state, state);
	for (size_t i = 0; i < server->worker_count; i++)
		server->worker[i].responder.state = state;
}

/* One step of that; more: there may be another. */
static int start_step(struct server *server, bool *more, struct text *fault)
{
	struct catalogs *catalogs;
	struct state *state;
	int err = catalogs_new(&catalogs, server->store, server->state->file, fault);

	if (err != 0)
		return err;
	err = make_again(server, &state, catalogs, fault);
	if (err == 0) {
		begin_with(server, state);
		*more = note(catalogs, server->store) == 0 && catalogs_differ(catalogs);
	}
	catalogs_free(catalogs);
	return err;
}

/* Before anybody serves: to the zones of the file come those that catalogs list. */
static int start_members(struct server *server, struct text *fault)
{
	bool more = true;
	int err = 0;

	catalogs_produce(server->store, server->state, NULL);
	while (err == 0 && more)
		err = start_step(server, &more, fault);
	return err;
}

/* From here on it may be looked at from outside. */
static int start_observing(struct server *server)
{
	struct observed *observed = &server->observed;

	observed->shared = &server->shared;
	observed->store = server->store;
	observed->worker = server->worker;
	observed->workers = server->worker_count;
	observed->writer = &server->writer;
	observed->secondary = server->secondary;
	counts_join(&observed->counts, &server->writer.counts);
	counts_join(&observed->counts, notifier_counts(server->notifier));
	counts_join(&observed->counts, secondary_counts(server->secondary));
	for (size_t i = 0; i < server->worker_count; i++)
		counts_join(&observed->counts, &server->worker[i].responder.counts);
	return metrics_start(server->metrics, observed);
}

static int start(struct server *server, struct text *fault)
{
	const struct conf *conf = server->state->conf;
	allow_files(conf);

	int err = make_workers(server, fault);
	if (err == 0)
		err = metrics_new(&server->metrics, conf, fault);
	if (err == 0)
		err = rights_drop(conf, fault);
	if (err == 0)
		err = sandbox_enter(conf);
	if (err == 0)
		err = store_open(&server->store, conf->storage, fault);
	if (err == 0)
		err = seed_zones(server->store, server->state, fault);
	if (err == 0)
		err = start_members(server, fault);
	if (err == 0) {
		err = writer_init(&server->writer, server->store, server->state);
		server->has_writer = err == 0;
	}
	server->shared.store = server->store;
	server->shared.queue = &server->writer.queue;
	if (err == 0)
		err = notifier_new(&server->notifier, server->store, server->state);
	server->writer.notifier = server->notifier;
	if (err == 0)
		err = secondary_new(&server->secondary, &server->writer, &server->shared.state);
	if (err == 0)
		err = forwarder_new(&server->forwarder);
	server->shared.secondary = server->secondary;
	server->shared.forwarder = server->forwarder;
	if (err == 0)
		err = control_new(&server->control, store_folder(server->store), &server->shared,
				  &server->writer, fault);
	if (err == 0)
		err = start_threads(server);
	if (err == 0)
		err = control_start(server->control);
	if (err == 0)
		err = notifier_start(server->notifier);
	if (err == 0)
		err = secondary_start(server->secondary);
	if (err == 0)
		err = forwarder_start(server->forwarder);
	if (err == 0)
		err = start_observing(server);
	if (err != 0 && fault->size == 0)
		text_printf(fault, "cannot start: %s\n", strerror(-err));
	return err;
}

/* There are many threads, each with few and small frames; the usual stacks would take a whole address space limit. */
static void bound_stacks(void)
{
	enum { STACK = 1 << 20 };
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes) != 0)
		return;
	if (pthread_attr_setstacksize(&attributes, STACK) == 0)
		pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}

int server_start(struct server **ret, struct conf *conf, struct text *fault)
{
	struct server *server = calloc(1, sizeof(*server));
	struct state *state = NULL;
	int err = state_new(&state, conf, fault);

	bound_stacks();

	if (server == NULL) {
		state_free(state);
		return -ENOMEM;
	}
	server->state = state;
	atomic_store(&server->shared.state, state);
	observed_init(&server->observed);
	if (err == 0 && getrandom(server->shared.tcp_key, SIPHASH_KEY, 0) != SIPHASH_KEY)
		err = -EIO;
	if (err == 0)
		err = start(server, fault);
	if (err != 0)
		server_stop(server);
	else
		*ret = server;
	return err;
}

/* Waits until each worker has done everything that there was when this was called. */
static void call_workers(struct server *server)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned generation = atomic_fetch_add(&server->shared.generation, 1) + 1;

	for (size_t i = 0; i < server->worker_running; i++)
		worker_wake(&server->worker[i]);
	for (size_t i = 0; i < server->worker_running; i++)
		while (atomic_load(&server->worker[i].seen) != generation)
			nanosleep(&pause, NULL);
}

/* What seed_zones() needs, in the writer's thread. */
struct seed {
	struct update_writer *writer;
	const struct state *state;
	struct text *fault;
};

static int seed_task(void *arg)
{
	struct seed *seed = arg;

	int err = seed_zones(seed->writer->store, seed->state, seed->fault);

	if (err != 0)
		return err;
	catalogs_produce(seed->writer->store, seed->state, seed->writer);
	return writer_recall(seed->writer, seed->state);
}

/* The writer goes over to a state; what it did before that is done. */
struct succession {
	struct update_writer *writer;
	const struct state *state;
};

static int succeed(void *arg)
{
	const struct succession *next = arg;

	writer_use(next->writer, next->state);
	return 0;
}

static bool same_addresses(const struct conf_address *a, size_t a_count,
			   const struct conf_address *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (a[i].size != b[i].size || memcmp(&a[i].socket, &b[i].socket, a[i].size) != 0)
			return false;
	return true;
}

static bool same_listen_xdp(const struct conf *a, const struct conf *b)
{
	if (a->listen_xdp_count != b->listen_xdp_count)
		return false;
	for (size_t i = 0; i < a->listen_xdp_count; i++)
		if (a->listen_xdp[i].port != b->listen_xdp[i].port ||
		    strcmp(a->listen_xdp[i].name, b->listen_xdp[i].name) != 0)
			return false;
	return true;
}

static void tell_unchangeable(const struct conf *old, const struct conf *new)
{
	bool user = old->user == NULL || new->user == NULL ? old->user != new->user :
							     strcmp(old->user, new->user) != 0;

	if (!same_addresses(old->listen, old->listen_count, new->listen, new->listen_count))
		log_warning("reload: listen changed; it takes a restart");
	if (!same_addresses(old->listen_tls, old->listen_tls_count, new->listen_tls,
			    new->listen_tls_count))
		log_warning("reload: listen-tls changed; it takes a restart");
	if (!same_listen_xdp(old, new))
		log_warning("reload: listen-xdp changed; it takes a restart");
	if (!same_addresses(old->metrics, old->metrics_count, new->metrics, new->metrics_count))
		log_warning("reload: metrics changed; it takes a restart");
	if (strcmp(old->storage, new->storage) != 0)
		log_warning("reload: storage changed; it takes a restart");
	if (old->sandbox != new->sandbox)
		log_warning("reload: sandbox changed; it takes a restart");
	if (old->workers != new->workers || user)
		log_warning("reload: workers or user changed; it takes a restart");
}

static int seed(struct server *server, const struct state *state, struct text *fault)
{
	struct seed seed = { &server->writer, state, fault };
	int err = writer_call(&server->writer, seed_task, &seed);

	if (err == 0)
		err = secondary_use(server->secondary, state);
	if (err != 0 && fault->size == 0)
		text_printf(fault, "cannot reload: %s\n",
			    err == -EAGAIN ? "too many updates are waiting; try again" :
					     strerror(-err));
	return err;
}

/* Makes a state the one that all work with, and frees the one before. */
static void go_over(struct server *server, struct state *state)
{
	struct succession next = { &server->writer, state };
	struct state *old = server->state;

	server->state = state;
	atomic_store(&server->shared.state, state);
	call_workers(server);
	forwarder_settle(server->forwarder);
	while (writer_call(&server->writer, succeed, &next) == -EAGAIN)
		call_workers(server);
	call_workers(server);
	observed_pass(&server->observed);
	secondary_forget(server->secondary, old);
	state_free(old);
	if (notifier_use(server->notifier, state) != 0)
		log_error("out of memory: who is notified of changes stays as it was");
}

/* What apply_task() needs, in the writer's thread. */
struct application {
	const struct catalogs *catalogs;
	struct store *store;
};

static int apply_task(void *arg)
{
	struct application *application = arg;

	return note(application->catalogs, application->store);
}

static int apply(struct server *server, struct catalogs *catalogs)
{
	struct application application = { catalogs, server->store };
	int err;

	while ((err = writer_call(&server->writer, apply_task, &application)) == -EAGAIN)
		call_workers(server);
	catalogs_free(catalogs);
	return err;
}

/* The same for another configuration, which is taken over. */
static int make_other(struct server *server, struct conf *conf, struct state **ret,
		      struct catalogs **catalogs, struct text *fault)
{
	int err = catalogs_new(catalogs, server->store, conf, fault);
	size_t count;

	if (err != 0) {
		conf_free(conf);
		return err;
	}

	const struct conf_zone *zones = catalogs_zones(*catalogs, &count);
	err = state_with(ret, conf, zones, count, fault);
	if (err != 0)
		catalogs_free(*catalogs);
	return err;
}

int server_reload(struct server *server, struct conf *conf, struct text *fault)
{
	struct catalogs *catalogs;
	struct state *state;
	int err = make_other(server, conf, &state, &catalogs, fault);

	if (err != 0)
		return err;
	err = seed(server, state, fault);
	if (err != 0) {
		catalogs_free(catalogs);
		state_free(state);
		return err;
	}
	cookie_secrets_keep(&state->cookies, &server->state->cookies);
	tell_unchangeable(server->state->conf, state->conf);
	allow_files(state->conf);
	go_over(server, state);
	if (apply(server, catalogs) == 0)
		server_follow(server);
	return 0;
}

/* 1: there may be more to do. */
static int follow(struct server *server, struct text *fault)
{
	struct catalogs *catalogs;
	struct state *state;
	int err = catalogs_new(&catalogs, server->store, server->state->file, fault);

	if (err != 0)
		return err;
	if (!catalogs_differ(catalogs)) {
		err = catalogs_apply(catalogs, server->store); /* says what is left */
		catalogs_free(catalogs);
		return err;
	}
	err = make_again(server, &state, catalogs, fault);
	if (err == 0) {
		err = secondary_use(server->secondary, state);
		if (err != 0)
			state_free(state);
	}
	if (err != 0) {
		catalogs_free(catalogs);
		return err;
	}
	go_over(server, state);
	err = apply(server, catalogs);
	return err == 0 ? 1 : err;
}

void server_follow(struct server *server)
{
	struct text fault = { 0 };
	int more = 1;

	while (more > 0)
		more = follow(server, &fault);
	if (more < 0 && fault.size > 0)
		log_error("catalogs are not followed: %.*s", (int)strcspn(fault.data, "\n"),
			  fault.data);
	text_done(&fault);
}

void server_reloaded(struct server *server, bool good)
{
	observed_reload(&server->observed, good);
}

struct observed *server_observed(struct server *server)
{
	return &server->observed;
}

int server_stop(struct server *server)
{
	if (server == NULL)
		return 0;
	metrics_stop(server->metrics);
	/* first who may wait for the writer */
	control_stop(server->control);
	secondary_stop(server->secondary);
	forwarder_stop(server->forwarder);
	/* Then the writer: what it has done goes out through the workers. */
	if (server->writer_runs)
		writer_stop(&server->writer);
	call_workers(server);
	atomic_store(&server->shared.stop, true);
	for (size_t i = 0; i < server->worker_running; i++) {
		worker_wake(&server->worker[i]);
		pthread_join(server->worker[i].thread, NULL);
	}
	for (size_t i = 0; i < server->worker_count; i++)
		worker_done(&server->worker[i]);

	secondary_free(server->secondary);
	forwarder_free(server->forwarder);
	notifier_stop(server->notifier);

	int err = lost_was_told() ? -EIO : 0;
	if (server->has_writer)
		writer_done(&server->writer);
	free(server->worker);
	store_close(server->store);
	state_free(server->state);
	observed_done(&server->observed);
	free(server);
	return err;
}

int server_check(struct conf *conf, struct text *fault)
{
	struct state *state;
	int err = state_new(&state, conf, fault);

	if (err != 0)
		return err;
	for (size_t i = 0; i < state->conf->zone_count; i++) {
		const char *file = state->conf->zone[i].file;

		if (file != NULL && access(file, R_OK) != 0) {
			err = -errno;
			text_printf(fault, "%s:%d: file: %s: %s\n", state->conf->path,
				    state->conf->zone[i].line, file, strerror(-err));
		}
	}
	state_free(state);
	return err;
}
