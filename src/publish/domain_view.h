/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_DOMAIN_VIEW_H
#define PUBLISH_DOMAIN_VIEW_H

#include "dns/record.h"
#include "publish/transport.h"

/* One server of a transport. All texts lie in the arena. */
struct view_server {
	const char *host; /* without the final dot */
	uint16_t port, priority, weight;
	unsigned rank;        /* 0: shares the load; 1, 2, ...: reserve */
	double share;         /* percent of the calls that its rank gets */
	const char **address; /* texts */
	size_t address_count;
	const char *note; /* why there is none; NULL: there are some */
};

struct view_transport {
	const struct transport *transport;
	bool naptr; /* a NAPTR record names it; else only SRV records are there */
	uint16_t order, preference;
	const char *name;  /* of its SRV records, without the final dot */
	const char *flags; /* of the NAPTR record */
	bool closed;       /* RFC 2782: the one target is "." */
	struct view_server *server;
	size_t server_count;
};

/* A SIP domain as its records have it. */
struct domain_view {
	const char *domain;
	struct view_transport *transport; /* in the order in which clients try them */
	size_t transport_count;
	const char **missing; /* sentences: what is not as it should be */
	size_t missing_count;
};

/*
 * Looks up one set: 0 and the records, count 0 where there are none; -ENOENT where the one who is
 * asked doesn't hold that name; another negative errno ends it all. The records live as long as
 * the arena.
 */
struct view_source {
	int (*lookup)(void *arg, const knot_dname_t *name, uint16_t type, const struct record **ret,
		      size_t *count);
	void *arg;
};

/* Gathers it. -ENOMEM, and what lookup returned. */
int domain_view(struct arena *arena, struct domain_view *ret, const knot_dname_t *domain,
		const struct view_source *source);

/* For people, and as one JSON object. */
void domain_view_format(struct text *out, const struct domain_view *view);
void domain_view_json(struct text *out, const struct domain_view *view);

#endif
