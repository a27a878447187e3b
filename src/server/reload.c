/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A reload makes a new state beside the old one. The old one is freed when nobody can hold it any
 * more: each worker has taken the new one, the writer has done what came before that, and each
 * worker has answered what the writer gave back. The same way leads to the zones that a catalog brings.
 */
#include <errno.h>

#include "base/log.h"
#include "server/forward.h"
#include "server/secondary.h"
#include "server/seed.h"
#include "server/server_part.h"

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

static bool same_addresses(const struct conf_address *a, size_t a_count,
			   const struct conf_address *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!conf_address_equal(&a[i], &b[i]))
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

/* What use_task() needs, in the writer's thread. */
struct use {
	struct update_writer *writer;
	const struct state *state;
};

static int use_task(void *arg)
{
	struct use *use = arg;

	writer_use(use->writer, use->state);
	return 0;
}

/* Makes a state the one that all work with, and frees the one before. */
static void go_over(struct server *server, struct state *state)
{
	struct use use = { &server->writer, state };
	struct state *old = server->state;

	server->state = state;
	atomic_store(&server->shared.state, state);
	server_call_workers(server);
	forwarder_settle(server->forwarder);
	while (writer_call(&server->writer, use_task, &use) == -EAGAIN)
		server_call_workers(server);
	server_call_workers(server);
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

	return server_note(application->catalogs, application->store);
}

static int apply(struct server *server, struct catalogs *catalogs)
{
	struct application application = { catalogs, server->store };
	int err;

	while ((err = writer_call(&server->writer, apply_task, &application)) == -EAGAIN)
		server_call_workers(server);
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
	server_allow_files(state->conf);
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
	err = server_make_again(server, &state, catalogs, fault);
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
