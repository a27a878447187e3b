/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H

#include "server/exchange.h"
#include "zone/change.h"

struct connection;
struct xdp;
struct queue_share;

/* Octets that the kernel may tell beside a message: an IPv6 address, and a size. */
enum { ORIGIN_CONTROL = 64 };

/* Where a request came from and its response goes. */
struct origin {
	struct sockaddr_storage peer;
	socklen_t peer_size;
	struct connection *connection; /* TCP; NULL: UDP */
	enum exchange_tls tls;         /* of the connection */
	struct xdp *xdp;               /* UDP by AF_XDP; NULL: by a socket */
	int socket;                    /* UDP */
	uint16_t payload_max;          /* UDP: what a datagram holds there; 0: any size */
	/* UDP: the address that the request was sent to; AF_XDP: the way back */
	_Alignas(struct cmsghdr) uint8_t control[ORIGIN_CONTROL];
	size_t control_size;
};

/* What a job counts for while it waits; the queue's own, or the forwarder's. */
struct queue_place {
	size_t octets;
	struct queue_share *of_key, *of_peer; /* NULL: nobody's */
};

/*
 * An update on its way from the worker that received it through the writer and back. It owns its
 * arena, in which all else lies.
 */
struct job {
	struct job *next;
	/* called by the writer with a list of jobs that have these two alike; it then forgets them */
	void (*done)(struct job *list, void *arg);
	void *arg;
	int (*task)(void *arg); /* in place of an update: see writer_call() */
	const struct zone *zone;
	struct arena arena;
	bool first;    /* no copy of it was carried out before */
	bool repeated; /* one was, or that can't be told; the RCODE says how that ended */
	struct queue_place place;
	struct change_origin by;
	struct exchange exchange;
	struct origin origin;

	/* of an update that goes to the primary instead: see server/forward.h */
	const struct conf_zone *copy_of;
	const struct client_trust *trust; /* whose certificates count there */
	struct slice response;            /* the primary's, in the arena; empty: none came */
};

/* Jobs that are kept to be used again, by one thread. All zeros: none. */
struct job_pool {
	struct job *first;
	size_t count;
};

/* A job that is all zeros but for room in its arena; NULL where there is no memory. */
struct job *job_new(struct job_pool *pool);

/* Empties the job and keeps it; frees it where enough are kept. */
void job_keep(struct job_pool *pool, struct job *job);

/* Frees the job and all that lies in it. */
void job_free(struct job *job);
void job_pool_done(struct job_pool *pool);

#endif
