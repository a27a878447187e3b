/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_LOCATE_H
#define RESOLVE_LOCATE_H

#include "resolve/lookup.h"
#include "tel/naptr.h"
#include "tel/sip_uri.h"
#include "tel/sip_via.h"

enum {
	LOCATE_ROUTES_MAX = 32, /* that one URI has */
	LOCATE_HOPS_MAX = 64,   /* hosts of one route */
};

/* A host with its port, from an SRV record or from the URI itself. */
struct hop {
	struct slice name;
	uint16_t port;
	uint16_t priority;
	uint16_t weight;
	uint32_t share; /* see struct onnet_target */
	uint32_t ttl;
	bool numeric; /* the address is known, name is empty */
	union onnet_address address;
	struct question *v4; /* NULL: not asked */
	struct question *v6;
	struct trace *trace; /* NULL, or the SRV record */
};

/* One way to the servers: one transport, by an SRV set or straight to a host. */
struct route {
	enum transport transport;
	struct question *srv; /* NULL: straight to the one hop */
	uint32_t ttl;         /* of what led here; UINT32_MAX: nothing that ends */
	bool unavailable;     /* RFC 2782: the target is "." */
	bool aside;           /* says nothing about whether the domain has SRV records */
	struct hop *hops;
	size_t hop_count;
	struct trace *trace;
};

enum location_state {
	LOCATE_NAPTR,     /* which transports the domain has */
	LOCATE_SRV,       /* which hosts serve them */
	LOCATE_ADDRESSES, /* where these are */
	LOCATE_DONE,
};

/* From a SIP URI, or from a Via, to the targets to try. */
struct location {
	enum location_state state;
	bool secure;             /* sips: */
	bool fell_back;          /* no SRV set was there */
	const char *domain;      /* what the certificate must show */
	struct slice target;     /* TARGET of RFC 3263 4, in wire form; empty where it is numeric */
	enum transport fallback; /* over which the name's own addresses are tried without SRV */
	struct question *naptr;
	struct route *routes;
	size_t route_count;
	struct onnet_target *targets;
	size_t target_count;
	enum onnet_error error;
	const char *reason;
	struct trace *trace;
};

/* Begins; the uri's slices have to live as long as the machine. NULL: no memory. */
struct location *locate_uri(struct machine *m, const struct sip_uri *uri, struct trace *parent);
struct location *locate_via(struct machine *m, const struct sip_via *via);

/* For each URI of a number; NULL in the list: not a SIP URI. */
struct location **locate_uris(struct machine *m, const struct onnet_uri *uris, size_t count);

/* As far as the answers go; true: done, and targets or error are there. */
bool locate_step(struct machine *m, struct location *l);

/* A further route; NULL: there are LOCATE_ROUTES_MAX. */
struct route *route_add(struct location *l, enum transport t, uint32_t ttl, struct trace *trace);

/* Makes it one that goes straight to a host, name and port. */
void route_to_host(struct machine *m, struct route *route, struct slice name, uint16_t port);

/* The records of NAPTR that say how the domain is reached become routes (select.c). */
void select_naptr(struct machine *m, struct location *l);

/* One SRV for each transport that the client has and the scheme allows (select.c). */
void select_transports(struct machine *m, struct location *l);

/* Where nothing names a transport: UDP or TLS, or what the client has (select.c). */
enum transport select_default(const struct machine *m, bool secure);

/* The route's SRV records as hops, in the order in which to try them (srv.c). */
void srv_read(struct machine *m, struct route *route);

/* The routes' hosts and addresses as targets (target.c). */
void targets_make(struct machine *m, struct location *l);

#endif
