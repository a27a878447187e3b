/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_NOTIFY_PLAN_H
#define SERVER_NOTIFY_PLAN_H

#include "client/request.h"
#include "server/agenda.h"
#include "server/state.h"

/* Who is told of a zone's changes, and what is on its way there. No I/O here; times are milliseconds. */
struct notify_peer {
	struct conf_address address;
	knot_tsig_key_t key; /* signs what is sent; its name is NULL where nothing does */

	struct request_mark mark; /* what was sent last */
	unsigned tries;           /* how often that was sent; 0: nothing is on its way */
	int64_t due;              /* where something is: when it is sent again, or given up */
	bool changed;             /* the zone did, since the last try */
	bool troubled;            /* it does not listen, and that was said */
	int error;                /* of the last try: a negative errno of the socket */
};

enum notify_step {
	NOTIFY_NOTHING, /* to be done now */
	NOTIFY_SEND,    /* the newest SOA */
	NOTIFY_GIVE_UP, /* nobody answered; ask again for what is to be done now */
};

/* What is to be done at this time; the peer is told of it. */
enum notify_step notify_peer_step(struct notify_peer *peer, int64_t now);

/* An answer came to what was sent last. */
void notify_peer_answered(struct notify_peer *peer);

enum { NOTIFY_RHYTHM_MS = 1000, NOTIFY_FIRST_MS = 2000, NOTIFY_TRIES = 6 };

struct notify_zone {
	struct agenda_entry entry; /* when notify_zone_step() has something to do */
	const struct zone *zone;   /* in the plan's table */
	struct notify_peer *peer;
	size_t count;
	int64_t told; /* when peers were told of a change last */
	bool waits;   /* a change is to be told as soon as the rhythm lets it */

	/* between threads, see notify.c: it changed since told; and the next one of those that did */
	bool changed;
	struct notify_zone *next;
};

/* The zones whose changes somebody wants to know of. */
struct notify_plan {
	struct arena arena;
	struct zone_table *table; /* these zones alone */
	struct notify_zone *zone; /* by index in table */
	struct agenda agenda;     /* of their entries */
};

/*
 * The plan by a configuration, of which it keeps nothing. All peers have to be told (RFC 1996 4.1:
 * "when a server first starts"), one zone after another from now on. -ENOMEM.
 */
int notify_plan_new(struct notify_plan **ret, const struct state *state, int64_t now);
void notify_plan_free(struct notify_plan *plan);

/* The zone of this name; NULL: nobody wants to know of it. */
struct notify_zone *notify_plan_find(const struct notify_plan *plan, const knot_dname_t *apex);

/* The new plan goes on where the old one stands: only who was not told yet has to be. */
void notify_plan_follow(struct notify_plan *plan, const struct notify_plan *old, int64_t now);

/* Puts the zone on the agenda where it has to be. */
void notify_plan_schedule(struct notify_plan *plan, struct notify_zone *zone, int64_t now);

#endif
