/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who gets a TCP connection (RFC 7766 6.2.2). A client, an IPv4 address or an IPv6 /64, has so many and no more;
 * clients are counted in slots, by a hash that nobody outside can compute. When there are as many connections as
 * there may be in all, or the machine gives no more files, the one that has been idle for longest makes room, of
 * those of the same worker. Where none is idle, newcomers go away; or, without files, they wait: the listener is not looked at for a
 * moment, as it would be ready all the time.
 */
#include "server/listener.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/peer.h"
#include "server/tcp.h"

enum {
	BACKLOG = 512,
	ACCEPT_ROUNDS = 64,
	PAUSE_MS = 200,
	TOLD_MS = 60 * 1000,
};

int listener_open(struct listener *listener, const struct conf_address *address, bool tls)
{
	int one = 1, err = 0;
	int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
	    (address->socket.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0) ||
	    bind(fd, (const struct sockaddr *)&address->socket, address->size) != 0 ||
	    listen(fd, BACKLOG) != 0)
		err = -errno;
	if (err != 0) {
		close(fd);
		return err;
	}
	*listener = (struct listener){ .event = EVENT_LISTENER, .socket = fd, .tls = tls };
	return 0;
}

void listener_close(struct listener *listener)
{
	close(listener->socket);
}

/* Whether one more of this client may be here; then it is counted. */
static bool enter(struct shared *shared, const struct conf *conf, atomic_uint *of_client)
{
	if (atomic_fetch_add(of_client, 1) >= conf->tcp_max_per_client) {
		atomic_fetch_sub(of_client, 1);
		return false;
	}
	atomic_fetch_add(&shared->tcp_clients, 1);
	return true;
}

void listener_forget(struct shared *shared, atomic_uint *of_client)
{
	atomic_fetch_sub(&shared->tcp_clients, 1);
	atomic_fetch_sub(of_client, 1);
}

static atomic_uint *count_of_client(struct shared *shared, const struct origin *origin)
{
	static const struct peer_bits bits = { .v4 = 32, .v6 = 64 };
	uint64_t hash = peer_hash(shared->tcp_key, (const struct sockaddr *)&origin->peer, bits);

	return &shared->tcp_clients_of[hash % TCP_CLIENT_SLOTS];
}

/* Takes a connection in, or closes it. */
static void take_in(struct worker *worker, const struct listener *listener, int fd,
		    const struct origin *origin)
{
	const struct conf *conf = worker->responder.state->conf;
	struct shared *shared = worker->shared;
	atomic_uint *of_client = count_of_client(shared, origin);
	enum count why = COUNT_TCP_CLOSED_CLIENT;

	if (enter(shared, conf, of_client)) {
		bool fits = atomic_load(&shared->tcp_clients) <= conf->tcp_max_clients ||
			    connections_make_room(worker, COUNT_TCP_CLOSED_LIMIT);

		if (fits && connection_new(worker, fd, origin, listener->tls, of_client) == 0) {
			count_add(&worker->responder.counts, COUNT_TCP_ACCEPTED, 1);
			return;
		}
		listener_forget(shared, of_client);
		why = COUNT_TCP_CLOSED_LIMIT;
	}
	close(fd);
	count_add(&worker->responder.counts, why, 1);
}

static void watch_listener(struct worker *worker, struct listener *listener, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = listener };

	epoll_ctl(worker->epoll, EPOLL_CTL_MOD, listener->socket, &event);
}

/* What waits there goes on waiting. */
static void pause_listener(struct worker *worker, struct listener *listener, int err)
{
	int64_t now_ms = clock_monotonic_ms();

	listener->paused_to_ms = now_ms + PAUSE_MS;
	watch_listener(worker, listener, 0);
	if (worker->files_told_ms != 0 && now_ms - worker->files_told_ms < TOLD_MS)
		return;
	worker->files_told_ms = now_ms;
	log_warning("new TCP connections have to wait: %s; raise the limit of open files, or lower "
		    "tcp-max-clients",
		    strerror(err));
}

int listeners_resume(struct worker *worker, int64_t now_ms)
{
	int64_t wait = -1;

	for (size_t i = 0; i < worker->listener_count; i++) {
		struct listener *listener = &worker->listener[i];
		int64_t left = listener->paused_to_ms - now_ms;

		if (listener->paused_to_ms == 0)
			continue;
		if (left > 0) {
			wait = wait < 0 || left < wait ? left : wait;
			continue;
		}
		listener->paused_to_ms = 0;
		watch_listener(worker, listener, EPOLLIN);
	}
	return (int)wait;
}

static bool is_shortage(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

void listener_serve(struct listener *listener, struct worker *worker)
{
	for (int round = 0; round < ACCEPT_ROUNDS; round++) {
		struct origin origin = { .peer_size = sizeof(origin.peer) };
		int fd = accept4(listener->socket, (struct sockaddr *)&origin.peer,
				 &origin.peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		int err = errno;

		if (fd >= 0) {
			take_in(worker, listener, fd, &origin);
		} else if (!is_shortage(err)) {
			return;
		} else if (!connections_make_room(worker, COUNT_TCP_CLOSED_FILES)) {
			pause_listener(worker, listener, err);
			return;
		}
	}
}
