/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include <libknot/libknot.h>

#include "conf/conf.h"
#include "server/access.h"
#include "server/cookie.h"
#include "zone/table.h"

struct client_trust;
struct tls_credentials;

struct server_key {
	knot_tsig_key_t tsig; /* name in lower case */
	const char *id;
};

/*
 * Of a zone that is a copy: what workers and the secondary (server/secondary.h) tell each other, who
 * else would wait for each other. All zeros at first.
 */
struct copy_gate {
	atomic_bool closed; /* the copy has expired: nothing is answered from it */
	atomic_uint
		notified; /* 1 + index of the primary that said NOTIFY last; 0: none since looked at */
};

/*
 * A configuration made ready for use: zones in a table, keys as TSIG takes them, rules as names.
 * Never changed once made, but for the gates; a reload makes another one.
 */
struct state {
	struct conf *file; /* as it was read; states share it */
	struct conf *conf; /* the same with all zones that are served: the file's, then catalogs' */
	struct arena arena;
	struct zone_table *zones;
	struct server_key *key;      /* as many as conf has, in the same order */
	struct tls_credentials *tls; /* our certificate; NULL: none */
	struct client_trust
		*trust; /* whose certificates count; NULL: no other server is asked for one */
	struct access *access;  /* one for each zone, by its index */
	struct copy_gate *gate; /* the same */
	struct cookie_secrets cookies;
};

/* Takes conf over, also on failure: a negative errno and a line "FILE:LINE: what is wrong" in fault. */
int state_new(struct state **ret, struct conf *conf, struct text *fault);

/*
 * The same with zones that catalogs brought (server/catalog.h). They point to what is conf's, but for their
 * names, which are copied.
 */
int state_with(struct state **ret, struct conf *conf, const struct conf_zone *member, size_t count,
	       struct text *fault);

/* Another one of the same configuration, of which nothing is read again. */
int state_again(struct state **ret, const struct state *from, const struct conf_zone *member,
		size_t count, struct text *fault);
void state_free(struct state *state);

/* The key as TSIG takes it, of a configuration that names one; NULL: of none. */
const struct server_key *state_key(const struct state *state, const struct conf_key *key);

/* The key of this name; NULL: none. */
const struct server_key *state_key_find(const struct state *state, const knot_dname_t *name);

#endif
