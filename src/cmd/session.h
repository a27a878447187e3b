/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "client/client.h"
#include "client/stream.h"
#include "client/update.h"
#include "cmd/command.h"
#include "conf/conf.h"
#include "dns/record.h"

/*
 * One run of the tool. Every function here that returns an int returns an exit code (command.h), 0
 * where all went well, and has then said on stderr what was wrong: the caller only hands it on.
 */
struct session {
	/* The options common to all commands; NULL, 0, false: not given. */
	const char *conf_path;
	const char *server; /* ADDRESS@PORT */
	const char *key;    /* id in the configuration, file, or [algorithm:]id:secret */
	const char *zone;   /* the zone to change; else found */
	unsigned timeout_ms;
	bool tcp;
	const char *tls; /* over TLS; the name that the server's certificate must show */
	bool print;      /* show the update as an nsupdate script, send nothing */
	bool json;

	struct arena arena; /* lives until the program ends */

	/* What follows is the session's own. */
	struct conf *conf; /* see session_conf() */
	bool conf_looked;
	const struct command *command; /* the one that runs */
	char words[64];                /* it, as typed: "number set" */
	struct client *client;
	struct client_trust *trust; /* with tls */
	knot_tsig_key_t tsig;
	const void *tsig_from; /* what tsig was made from; NULL: nothing yet */
	struct client_update *update;
	struct text script;
};

/*
 * Reads the configuration once. 0 and NULL where there is none; most commands can do without.
 * Strings and structs in it live as long as the session.
 */
int session_conf(struct session *s, const struct conf **ret);

/*
 * The address of the server of this run: --server, else the first that the configuration listens
 * on, else 127.0.0.1@53.
 */
int session_server(struct session *s, struct sockaddr_storage *ret);

/*
 * The suffixes for numbers, "e164.example.net", in order. With --zone those at or below it, or
 * the zone itself.
 */
int session_e164(struct session *s, const char *const **ret, size_t *count);
int session_isn(struct session *s, const char *const **ret, size_t *count);

/* The name in the arena, absolute with or without final dot; what: "domain", for the message. */
int session_name(struct session *s, const char *text, const knot_dname_t **ret, const char *what);

/*
 * The zone that holds name: --zone, else the configuration's longest match, else what
 * the server says by its SOA.
 */
int session_zone(struct session *s, const knot_dname_t *name, const knot_dname_t **ret);

/*
 * The client for the server of this run. With a zone, requests are signed: with --key, else with
 * the first key of the configuration that may change the zone. Without (NULL) only with --key.
 * Does not connect yet.
 */
int session_client(struct session *s, const knot_dname_t *zone, struct client **ret);

/*
 * The records of one name and type (ANY: not for this) as the server has them, in the arena. 0 with
 * count 0 where the name or the type is not there. CNAMEs are handed out, not followed.
 */
int session_lookup(struct session *s, const knot_dname_t *name, uint16_t type,
		   const struct record **ret, size_t *count);

/* Every record of the zone (AXFR); what record returns, where it is not 0, is handed on. */
int session_transfer(struct session *s, const knot_dname_t *zone,
		     int (*record)(const struct record *r, void *arg), void *arg);

/*
 * One update of one zone, all or nothing: begin, then add, delete and require, then send. With
 * --print send writes the same as an nsupdate script. A change that does not fit is EXIT_INPUT.
 */
int session_update_begin(struct session *s, const knot_dname_t *zone);
int session_update_add(struct session *s, const knot_dname_t *owner, uint32_t ttl, uint16_t type,
		       struct slice rdata);
/* type ANY: all types; rdata.data NULL: the whole RRset, else this record alone */
int session_update_delete(struct session *s, const knot_dname_t *owner, uint16_t type,
			  struct slice rdata);
/* as in client_update_require() */
int session_update_require(struct session *s, const struct record *r);
/* any change in the form of RFC 2136 2.5, as in client_update_change() */
int session_update_change(struct session *s, const struct record *r);
int session_update_send(struct session *s);
/* The same for callers who look at the RCODE themselves. Not for --print. */
int session_update_try(struct session *s, struct client_answer *ret);

/* An RCODE that is not NOERROR as an exit code; says why on stderr in words ("REFUSED: ..."). */
int session_refused(struct session *s, const struct client_answer *answer);

/*
 * A negative errno of client_*() or client_stream_*() as an exit code; says what happened on
 * stderr.
 */
int session_failed(struct session *s, int err);

#endif
