/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_DOMAIN_H
#define PUBLISH_DOMAIN_H

#include "publish/changes.h"
#include "publish/transport.h"

enum {
	DOMAIN_SERVERS_MAX = 64,
	DOMAIN_ADDRESSES_MAX = 16, /* of one server */
	DOMAIN_TRANSPORTS_MAX = 3,
	DOMAIN_TTL = 60,              /* seconds */
	DOMAIN_WEIGHT = 10,           /* of a server that names none */
	DOMAIN_PRIORITY = 10,         /* of the servers that share the load */
	DOMAIN_PRIORITY_STANDBY = 20, /* of those that wait: higher is later (RFC 2782) */
};

struct domain_address {
	uint16_t type; /* A or AAAA */
	struct slice rdata;
};

struct domain_server {
	const knot_dname_t *host;
	uint16_t port;     /* for TCP and UDP; 0: 5060 */
	uint16_t tls_port; /* 0: 5061 */
	uint16_t weight;
	bool standby;
	struct domain_address address[DOMAIN_ADDRESSES_MAX];
	size_t address_count;
};

/* A SIP domain as it shall be. */
struct domain_plan {
	const knot_dname_t *domain;
	uint32_t ttl; /* seconds */
	struct domain_server server[DOMAIN_SERVERS_MAX];
	size_t server_count;
	const struct transport *transport[DOMAIN_TRANSPORTS_MAX]; /* the most wanted first */
	size_t transport_count;
};

/*
 * Adds "HOST[:PORT][,weight=N][,tls-port=N][,address=IP]..." to the plan. A host without a dot
 * lies in the domain. -EINVAL: fault says what is wrong, in words; -ENOMEM.
 */
int domain_server_parse(struct domain_plan *plan, struct arena *arena, const char *text,
			bool standby, struct text *fault);

/* "tls,tcp,udp". Errors as above. */
int domain_transports_parse(struct domain_plan *plan, const char *text, struct text *fault);

/*
 * Appends what makes the domain as planned, and takes away what the three transports had before.
 * naptr, naptr_count: the NAPTR records at the domain now, so that those that have nothing to do
 * with it are left alone; naptr NULL: not known, the whole set is replaced. zone holds the
 * domain. -EINVAL: fault says why it can't be; -ENOMEM.
 */
int domain_changes(struct changes *c, const struct domain_plan *plan, const knot_dname_t *zone,
		   const struct record *naptr, size_t naptr_count, struct text *fault);

/* The same for a domain that is no SIP domain any more. Addresses of hosts stay. -ENOMEM. */
int domain_unset_changes(struct changes *c, const knot_dname_t *domain, const struct record *naptr,
			 size_t naptr_count);

/* The owner of a transport's SRV records, in the arena; NULL: too long, or no memory. */
const knot_dname_t *domain_srv_owner(struct arena *arena, const struct transport *transport,
				     const knot_dname_t *domain);

#endif
