/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_COPY_H
#define SERVER_COPY_H

#include "client/client.h"
#include "client/trust.h"
#include "server/peer.h"
#include "server/refresh.h"
#include "server/state.h"
#include "store/store.h"

/* A primary of a copy. */
struct copy_peer {
	struct conf_address address;
	char name[PEER_TEXT_ROOM];
	knot_tsig_key_t key; /* its name is NULL where there is none */
	char *tls;           /* the name that its certificate must show; NULL: not over TLS */
	const struct client_trust *trust; /* the copy's */
	char *told; /* what was wrong with it last, as the log has it; NULL: nothing */
	int64_t told_ms;
};

/* What the store says of a copy. */
struct copy_version {
	bool there;
	bool ranges; /* it was transferred as a zone with number ranges */
	uint32_t serial;
	struct refresh_timers timers;
	uint64_t checked; /* when it was last known to be good, seconds since 1970; 0: not known */
};

/* A zone that is a copy, as server/secondary.c minds it. It keeps nothing of the state it was made by but the gate. */
struct copy {
	struct copy *next;      /* of those that are ready to be checked */
	struct zone zone;       /* of its own: which it is, and how it is transferred */
	char *text;             /* its name, for people */
	struct copy_gate *gate; /* the newest state's */
	struct copy_peer *peer;
	size_t peer_count;
	uint64_t max_size;          /* octets of records that a transfer may bring; 0: any */
	struct client_trust *trust; /* the state's; NULL: no primary is asked over TLS */
	atomic_bool dropped;        /* by a reload: nothing must come of what is under way */

	struct copy_version version;
	struct refresh refresh;
	uint64_t kept;           /* version.checked as the store has it */
	uint32_t primary_serial; /* the newest that a primary has named; 0 before that */
	unsigned notified;       /* 1 + index of the primary to be asked first; 0: in order */
};

/* The copy of this index in the state. -ENOMEM. */
int copy_new(struct copy **ret, const struct state *state, size_t index);
void copy_free(struct copy *copy);

/*
 * Whether it has the primaries that the state says, and is to be transferred in the same way; not where
 * certificates count that were read anew.
 */
bool copy_follows(const struct copy *copy, const struct state *state, size_t index);

/* What the store has of it; there is false where there is no zone. */
int copy_version_get(struct copy_version *ret, struct store_txn *txn, const struct zone *zone);

/* Has the store keep when it was good, and how it was transferred. */
int copy_version_keep(struct store_txn *txn, const struct zone *zone, uint64_t checked,
		      bool ranges);

/* How a primary is to be asked; what the options point to is the peer's. */
struct client_options copy_peer_options(const struct copy_peer *peer);

#endif
