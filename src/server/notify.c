/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The notifier's thread (RFC 1996): two UDP sockets, one for each family, and the plan of who is to be
 * told what (notify_plan.c), which it alone works on.
 *
 * Others leave two things under the lock: zones that have changed, as a list into which each comes once
 * until its change is told, and the plan of a reload. So the writer is never held up by a
 * signature or a look into the store, and it wakes this thread at most as often as a zone's rhythm lets
 * a change be told.
 *
 * NOTIFY goes over UDP, also to peers with tls: (RFC 9103 is about transfers). What is told is the SOA (RFC 1996
 * 3.7) as it is in the store at that moment. An answer counts where it comes from the peer, with the ID of
 * what was sent last (RFC 1996 3.6), and signed where that was (RFC 8945 5.4).
 */
#include "server/notify.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reader.h"
#include "base/writer.h"
#include "server/notify_plan.h"
#include "server/peer.h"
#include "zone/group.h"

enum { V4, V6, SOCKETS };

enum { MESSAGE_ROOM = 1024, ANSWER_ROOM = 4096, RECEIVE_ROUNDS = 64, TURNS = 64 };

struct notifier {
	struct store *store;
	struct store_txn *txn;
	struct client *client; /* signs, and checks what is signed */
	pthread_t thread;
	bool started;
	int wake; /* an eventfd */
	int socket[SOCKETS];
	struct counts counts;
	struct notify_plan *plan; /* the thread's; who holds the lock may look for zones */

	pthread_mutex_t lock;
	struct notify_zone *changed; /* a list of zones of the plan */
	struct notify_plan *next;    /* to be taken in place of the plan; NULL: none is */
	bool stop;
};

static void wake_up(struct notifier *notifier)
{
	if (eventfd_write(notifier->wake, 1) != 0 && errno != EAGAIN)
		log_error("notify: eventfd: %s", strerror(errno));
}

void notifier_tell(struct notifier *notifier, const knot_dname_t *apex)
{
	bool wake = false;

	if (notifier == NULL)
		return;
	pthread_mutex_lock(&notifier->lock);

	struct notify_zone *zone = notify_plan_find(notifier->plan, apex);
	if (zone != NULL && !zone->changed) {
		wake = notifier->changed == NULL;
		zone->changed = true;
		zone->next = notifier->changed;
		notifier->changed = zone;
	}
	pthread_mutex_unlock(&notifier->lock);
	if (wake)
		wake_up(notifier);
}

int notifier_use(struct notifier *notifier, const struct state *state)
{
	struct notify_plan *plan;
	int err = notify_plan_new(&plan, state, clock_monotonic_ms());

	if (err != 0)
		return err;
	pthread_mutex_lock(&notifier->lock);

	struct notify_plan *unused = notifier->next;
	notifier->next = plan;
	pthread_mutex_unlock(&notifier->lock);
	notify_plan_free(unused);
	wake_up(notifier);
	return 0;
}

/* Takes what others left; false where it is time to end. */
static bool take_news(struct notifier *notifier, int64_t now)
{
	struct notify_plan *old = NULL;

	pthread_mutex_lock(&notifier->lock);
	for (; notifier->changed != NULL; notifier->changed = notifier->changed->next) {
		notifier->changed->waits = true;
		notify_plan_schedule(notifier->plan, notifier->changed, now);
	}
	if (notifier->next != NULL) {
		old = notifier->plan;
		notifier->plan = notifier->next;
		notifier->next = NULL;
		notify_plan_follow(notifier->plan, old, now);
	}

	bool stop = notifier->stop;
	pthread_mutex_unlock(&notifier->lock);
	notify_plan_free(old);
	return !stop;
}

/* RFC 1996 3.7: a header, the question, and the SOA as the one answer. The size; 0: it does not fit. */
static size_t write_message(uint8_t buffer[MESSAGE_ROOM], const struct zone *zone,
			    const struct rrset_record *soa)
{
	struct writer w = write_begin(buffer, MESSAGE_ROOM);

	memset(buffer, 0, KNOT_WIRE_HEADER_SIZE);
	knot_wire_set_opcode(buffer, KNOT_OPCODE_NOTIFY);
	knot_wire_set_aa(buffer);
	knot_wire_set_qdcount(buffer, 1);
	knot_wire_set_ancount(buffer, 1);
	w.pos += KNOT_WIRE_HEADER_SIZE;
	write_bytes(&w, zone->apex, zone->apex_size);
	write_u16(&w, KNOT_RRTYPE_SOA);
	write_u16(&w, KNOT_CLASS_IN);
	write_bytes(&w, soa->wire,
		    RRSET_RECORD_HEAD + soa->rdata.size); /* its owner points there */
	return w.full ? 0 : write_size(&w);
}

/* The message for the zone as it is now. -ENOENT: there is nothing to tell. */
static int make_message(const struct notifier *notifier, const struct zone *zone,
			uint8_t buffer[MESSAGE_ROOM], size_t *size)
{
	struct store_zone record;
	struct rrset_record soa;
	int err = store_read_renew(notifier->txn);

	if (err != 0)
		return err;
	err = store_zone_get(notifier->txn, zone->apex, &record);
	if (err == 0)
		err = apex_soa_get(notifier->txn, &record, zone->apex, &soa);
	if (err == 0)
		*size = write_message(buffer, zone, &soa);
	store_read_reset(notifier->txn);
	return err;
}

static void use_key(struct notifier *notifier, const struct notify_peer *peer)
{
	client_use_key(notifier->client, peer->key.name != NULL ? &peer->key : NULL);
}

static void send_message(struct notifier *notifier, struct notify_peer *peer, struct slice message)
{
	int fd = notifier->socket[peer->address.socket.ss_family == AF_INET6 ? V6 : V4];
	struct client *client = notifier->client;

	peer->mark.id = client_request_id();
	use_key(notifier, peer);
	peer->error = client_request_finish(client, &peer->mark, message.data, message.size);
	if (peer->error == 0 &&
	    sendto(fd, client->request, client->request_size, MSG_DONTWAIT,
		   (const struct sockaddr *)&peer->address.socket, peer->address.size) < 0)
		peer->error = fd < 0 ? -EAFNOSUPPORT : -errno;
	if (peer->error == 0)
		count_add(&notifier->counts, COUNT_NOTIFY_SENT, 1);
}

/* One line when it begins; the next one when it is over. */
static void log_trouble(const struct notify_zone *zone, struct notify_peer *peer, const char *why)
{
	knot_dname_txt_storage_t name = "";
	char address[PEER_TEXT_ROOM];

	if (peer->troubled == (why != NULL))
		return;
	peer->troubled = why != NULL;
	peer_format(address, (const struct sockaddr *)&peer->address.socket);
	knot_dname_to_str(name, zone->zone->apex, sizeof(name));
	if (why != NULL)
		log_warning("notify given up: zone=%s peer=%s: %s; later changes are told, too",
			    name, address, why);
	else
		log_info("notify answered again: zone=%s peer=%s", name, address);
}

static void give_up(struct notifier *notifier, const struct notify_zone *zone,
		    struct notify_peer *peer)
{
	count_add(&notifier->counts, COUNT_NOTIFY_GIVEN_UP, 1);
	log_trouble(zone, peer, peer->error != 0 ? strerror(-peer->error) : "no answer");
}

/* The change that waits, where its time has come, is one for each peer. */
static void take_change(struct notifier *notifier, struct notify_zone *zone, int64_t now)
{
	if (!zone->waits || now < zone->told + NOTIFY_RHYTHM_MS)
		return;
	zone->waits = false;
	zone->told = now;
	for (size_t i = 0; i < zone->count; i++)
		zone->peer[i].changed = true;

	/* before the store is looked into: what is committed after that is another change */
	pthread_mutex_lock(&notifier->lock);
	zone->changed = false;
	pthread_mutex_unlock(&notifier->lock);
}

static void take_turn(struct notifier *notifier, struct notify_zone *zone, int64_t now)
{
	uint8_t message[MESSAGE_ROOM];
	size_t size = 0;

	take_change(notifier, zone, now);
	for (size_t i = 0; i < zone->count; i++) {
		struct notify_peer *peer = &zone->peer[i];
		enum notify_step step;

		while ((step = notify_peer_step(peer, now)) == NOTIFY_GIVE_UP)
			give_up(notifier, zone, peer);
		if (step == NOTIFY_NOTHING)
			continue;
		if (size == 0)
			peer->error = make_message(notifier, zone->zone, message, &size);
		if (size > 0)
			send_message(notifier, peer, slice_make(message, size));
		else if (peer->error == -ENOENT)
			notify_peer_answered(peer);
	}
	notify_plan_schedule(notifier->plan, zone, now);
}

/* Does what is due; the time until more is, in milliseconds, -1: nothing will be by itself. */
static int take_turns(struct notifier *notifier)
{
	struct agenda_entry *entry;

	for (int i = 0; (entry = agenda_first(&notifier->plan->agenda)) != NULL; i++) {
		int64_t now = clock_monotonic_ms();

		if (entry->at > now)
			return (int)(entry->at - now);
		if (i == TURNS)
			return 0; /* answers have their turn */
		take_turn(notifier, (struct notify_zone *)entry, now);
	}
	return -1;
}

/* The peer whose answer this may be, and its zone. */
static struct notify_peer *find_peer(const struct notifier *notifier, struct slice answer,
				     const struct conf_address *from, struct notify_zone **ret)
{
	struct reader r = read_begin(answer.data, answer.size);

	read_bytes(&r, KNOT_WIRE_HEADER_SIZE);

	struct slice name = read_name(&r);
	struct notify_zone *zone = r.failed ? NULL : notify_plan_find(notifier->plan, name.data);

	for (size_t i = 0; zone != NULL && i < zone->count; i++) {
		struct notify_peer *peer = &zone->peer[i];

		if (peer->tries > 0 && get_u16(answer.data) == peer->mark.id &&
		    conf_address_equal(&peer->address, from)) {
			*ret = zone;
			return peer;
		}
	}
	return NULL;
}

/* RFC 1996 3.12, 4.8: any answer ends it; one that says no is told, since it will not fetch the zone. */
static void take_answer(struct notifier *notifier, uint8_t *wire, size_t size,
			const struct conf_address *from)
{
	struct notify_zone *zone;
	struct notify_peer *peer = find_peer(notifier, slice_make(wire, size), from, &zone);
	struct client_answer answer;
	knot_pkt_t *packet;
	char why[64];

	if (peer == NULL ||
	    client_answer_parse(notifier->client, &packet, &peer->mark, wire, size) != 0)
		return;
	use_key(notifier, peer);
	if (client_answer_check(notifier->client, &answer, &peer->mark, packet) == 0) {
		const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, answer.rcode);

		notify_peer_answered(peer);
		count_add(&notifier->counts, COUNT_NOTIFY_ANSWERED, 1);
		snprintf(why, sizeof(why), "it says %s", name != NULL ? name->name : "no");
		log_trouble(zone, peer, answer.rcode != KNOT_RCODE_NOERROR ? why : NULL);
		notify_plan_schedule(notifier->plan, zone, clock_monotonic_ms());
	}
	knot_pkt_free(packet);
}

static void take_answers(struct notifier *notifier, int fd)
{
	for (int i = 0; i < RECEIVE_ROUNDS; i++) {
		struct conf_address from = { .size = sizeof(from.socket) };
		uint8_t wire[ANSWER_ROOM];
		ssize_t size = recvfrom(fd, wire, sizeof(wire), MSG_DONTWAIT,
					(struct sockaddr *)&from.socket, &from.size);

		if (size < 0)
			return;
		take_answer(notifier, wire, (size_t)size, &from);
	}
}

static void *notifier_main(void *arg)
{
	struct notifier *notifier = arg;
	struct pollfd wait[] = { { .fd = notifier->wake, .events = POLLIN },
				 { .fd = notifier->socket[V4], .events = POLLIN },
				 { .fd = notifier->socket[V6], .events = POLLIN } };
	eventfd_t count;

	while (take_news(notifier, clock_monotonic_ms())) {
		int timeout = take_turns(notifier);

		if (poll(wait, 1 + SOCKETS, timeout) <= 0)
			continue;
		if ((wait[0].revents & POLLIN) != 0)
			eventfd_read(notifier->wake, &count);
		for (int i = 0; i < SOCKETS; i++)
			if (wait[1 + i].revents != 0)
				take_answers(notifier, notifier->socket[i]);
	}
	return NULL;
}

/* Where the machine lacks a family there is no socket for it, and peers of it are not reached. */
static void open_sockets(struct notifier *notifier)
{
	static const int family[] = { [V4] = AF_INET, [V6] = AF_INET6 };

	for (int i = 0; i < SOCKETS; i++)
		notifier->socket[i] =
			socket(family[i], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int notifier_new(struct notifier **ret, struct store *store, const struct state *state)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));
	struct client_options options = { .address.ss_family = AF_INET };

	if (notifier == NULL)
		return -ENOMEM;
	notifier->store = store;
	pthread_mutex_init(&notifier->lock, NULL);
	open_sockets(notifier);
	notifier->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	int err = notifier->wake < 0 ? -errno : 0;
	if (err == 0)
		err = notify_plan_new(&notifier->plan, state, clock_monotonic_ms());
	if (err == 0)
		err = client_new(&notifier->client, &options);
	if (err == 0) {
		notifier->client->plain = true; /* nothing here needs EDNS */
		err = store_read_begin(store, &notifier->txn);
	}
	if (err != 0)
		notifier_stop(notifier);
	else
		*ret = notifier;
	return err;
}

int notifier_start(struct notifier *notifier)
{
	int err;

	store_read_reset(notifier->txn);
	err = -pthread_create(&notifier->thread, NULL, notifier_main, notifier);
	notifier->started = err == 0;
	return err;
}

void notifier_stop(struct notifier *notifier)
{
	if (notifier == NULL)
		return;
	if (notifier->started) {
		pthread_mutex_lock(&notifier->lock);
		notifier->stop = true;
		pthread_mutex_unlock(&notifier->lock);
		wake_up(notifier);
		pthread_join(notifier->thread, NULL);
	}
	for (int i = 0; i < SOCKETS; i++)
		if (notifier->socket[i] >= 0)
			close(notifier->socket[i]);
	if (notifier->wake >= 0)
		close(notifier->wake);
	notify_plan_free(notifier->next);
	notify_plan_free(notifier->plan);
	client_free(notifier->client);
	store_read_end(notifier->txn);
	pthread_mutex_destroy(&notifier->lock);
	free(notifier);
}

struct counts *notifier_counts(struct notifier *notifier)
{
	return &notifier->counts;
}
