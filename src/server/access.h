/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include <libknot/libknot.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "zone/table.h"

struct server_key;
struct state;

/* An entry of update:, transfer: or update-forward: as onnet.yaml has it, its names in wire form. */
struct access_rule {
	const struct conf_rule *conf;
	const struct server_key *key; /* NULL: no signature asked for */
	bool nobody;                  /* its key is not declared */
	const knot_dname_t **below;   /* numbers: these names and all below them */
	const knot_dname_t **name;    /* names; "*.x" stands for all below x */
	size_t below_count, name_count;
};

/* Who may do what with a zone. What no rule allows is refused. */
struct access {
	const struct state *state;
	struct access_rule *update, *transfer, *forward;
	size_t update_count, transfer_count, forward_count;
};

/* The rules of the zone that has this index in the state's configuration. Memory is the state's. */
int access_make(struct access *ret, struct state *state, const struct zone *zone,
		struct text *fault);

/* key is NULL where the request is not signed; tls: it came in a way that is good for transfers (RFC 9103). */
bool access_transfer(const struct access *access, const struct server_key *key,
		     const struct sockaddr *peer, bool tls);

/* Whether its updates of a copy are passed on to the primary. */
bool access_forward(const struct access *access, const struct server_key *key,
		    const struct sockaddr *peer);

/*
 * Whether every record of the update section is allowed by some rule. If not, why says what is not
 * (in arena, or constant).
 */
bool access_update(const struct access *access, const struct server_key *key,
		   const struct sockaddr *peer, const knot_pkt_t *message, struct arena *arena,
		   const char **why);

#endif
