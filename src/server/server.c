/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Start and stop. Sockets are bound first, with the rights that takes; then the rights are dropped,
 * with all that is not needed any more (server/sandbox.h), the store is opened by who is left, and threads
 * start when there is something to serve. Reloads are in reload.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "server/control.h"
#include "server/forward.h"
#include "server/lost.h"
#include "server/metrics.h"
#include "server/peer.h"
#include "server/rights.h"
#include "server/sandbox.h"
#include "server/secondary.h"
#include "server/seed.h"
#include "server/server_part.h"
#include "server/xdp.h"

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

void server_allow_files(const struct conf *conf)
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

int server_make_again(struct server *server, struct state **ret, const struct catalogs *catalogs,
		      struct text *fault)
{
	size_t count;
	const struct conf_zone *zones = catalogs_zones(catalogs, &count);
	int err = state_again(ret, server->state, zones, count, fault);

	if (err == 0)
		cookie_secrets_keep(&(*ret)->cookies, &server->state->cookies);
	return err;
}

int server_note(const struct catalogs *catalogs, struct store *store)
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
	err = server_make_again(server, &state, catalogs, fault);
	if (err == 0) {
		begin_with(server, state);
		*more = server_note(catalogs, server->store) == 0 && catalogs_differ(catalogs);
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
	server_allow_files(conf);

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

void server_call_workers(struct server *server)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned generation = atomic_fetch_add(&server->shared.generation, 1) + 1;

	for (size_t i = 0; i < server->worker_running; i++)
		worker_wake(&server->worker[i]);
	for (size_t i = 0; i < server->worker_running; i++)
		while (atomic_load(&server->worker[i].seen) != generation)
			nanosleep(&pause, NULL);
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
	server_call_workers(server);
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
