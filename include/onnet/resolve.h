/* SPDX-License-Identifier: MIT */
#ifndef ONNET_RESOLVE_H
#define ONNET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <onnet/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * libonnet finds the way: from a SIP or SIPS URI to the servers to try (RFC 3263), from a number to
 * its URIs (ENUM, RFC 6116; ISN), and on request from there to their servers.
 *
 * A resolver is for one thread at a time, and for the process that made it: after fork() the child
 * neither uses nor frees it. Poll onnet_resolver_fd() for reading, in whatever loop the program
 * has, and call onnet_resolver_process() when it is readable. It never blocks, and it is the only
 * place from which callbacks run.
 */
struct onnet_resolver;
struct onnet_lookup;

enum {
	ONNET_TRANSPORTS = 7, /* kinds of transport */
	ONNET_TARGETS_MAX = 256,
	ONNET_URIS_MAX = 64,
};

enum onnet_transport {
	ONNET_TRANSPORT_NONE = 0,
	ONNET_UDP,
	ONNET_TCP,
	ONNET_TLS,
	ONNET_SCTP,
	ONNET_TLS_SCTP,
	ONNET_WS,
	ONNET_WSS,
};

enum onnet_family {
	ONNET_FAMILY_V4 = 1,
	ONNET_FAMILY_V6 = 2,
};

enum onnet_kind {
	ONNET_KIND_SIP,  /* targets */
	ONNET_KIND_ENUM, /* uris */
	ONNET_KIND_ISN,  /* uris */
};

enum onnet_dnssec {
	ONNET_DNSSEC_OFF = 0, /* nothing is validated */
	ONNET_DNSSEC_REPORT,  /* validated; what is bogus is refused; the result says the rest */
	ONNET_DNSSEC_REQUIRE, /* what is not signed is refused, too */
};

enum onnet_security {
	ONNET_UNCHECKED = 0,
	ONNET_INSECURE, /* an answer at least was not signed */
	ONNET_SECURE,   /* all answers were signed, and the signatures hold */
};

/* An address with its port, in network order as sockets have it. */
union onnet_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Where a request goes: what failures are remembered by. */
struct onnet_endpoint {
	enum onnet_transport transport;
	union onnet_address address;
};

/* How to look up. All zeros is the default. Nothing here needs to outlive the call. */
struct onnet_lookup_options {
	/* What the client has, most wanted first; zeros behind. None: UDP, TCP, TLS. */
	enum onnet_transport transports[ONNET_TRANSPORTS];
	unsigned families; /* ONNET_FAMILY_V4 | ONNET_FAMILY_V6; 0: both */

	/* Lists end in NULL. */
	const char *const *services; /* "sip", "voice:tel": a type as it stands, in any letter
					     case; NULL: every one */
	const char *const
		*e164_suffixes;          /* tried in order; NULL: "e164.arpa". Where they are given,
					     a SIP URI with user=phone is first looked up as the
					     number that it has before the @ */
	const char *const *isn_suffixes; /* tried in order; NULL: "freenum.org" */

	bool follow;         /* go on from each SIP URI that a number has to its servers */
	bool infrastructure; /* ENUM between carriers: the label i (RFC 5526, RFC 5527) */
	bool explain;        /* keep what was seen, for onnet_result_text() and _json() */

	const struct onnet_endpoint *prefer; /* comes first where it is among the targets and has
						not failed lately: affinity. NULL: none */
	unsigned timeout_ms;                 /* for the whole look-up; 0: 10,000 */
};

/* A private tree: names at and below domain are asked of server, nobody else. */
struct onnet_stub {
	const char *domain;
	const char *server; /* "127.0.0.1@5300" */
};

/* All zeros is the default. Nothing here needs to outlive onnet_resolver_new(). */
struct onnet_resolver_options {
	struct onnet_lookup_options lookup; /* for look-ups that bring none of their own */

	const char *const *servers; /* "192.0.2.53", "::1@5300", NULL at the end; NULL: the system's
				       resolvers (/etc/resolv.conf), read again when it changes.
				       They may recurse or hold the records themselves */
	const struct onnet_stub *stubs;
	size_t stub_count;

	enum onnet_dnssec dnssec;
	const char *const
		*trust_anchors; /* DS or DNSKEY records in master file form, or "/a/file" */

	unsigned grey_s;      /* how long a target that failed is tried last; 0: 60 */
	unsigned black_max_s; /* bound on a Retry-After; 0: 600 */
	size_t cache_octets;  /* for answers; 0: 4 MiB */
	uint64_t seed;        /* of the weighted draws; 0: from the kernel */
};

/* A server to try. Text belongs to the result. */
struct onnet_target {
	struct onnet_endpoint endpoint;
	const char *host;   /* the server's name; of a numeric URI the address as text */
	const char *domain; /* what its certificate must show: the URI's host (RFC 5922 4) */
	uint32_t ttl;       /* seconds, the least of all records on the way; 0: of a numeric URI */
	uint16_t priority;  /* of the SRV record; 0 without one */
	uint16_t weight;
	uint32_t share; /* how often the host comes first among those of its priority, in
			   millionths; 1,000,000 where it is alone */
	bool grey;      /* failed lately: stands at the end */
};

/* What number portability put into the URI (RFC 4694). NULL where it is not there. */
struct onnet_pstn {
	bool npdi;       /* the data base has been asked */
	const char *rn;  /* routing number */
	const char *cic; /* carrier */
};

/* What a number leads to. Text belongs to the result. */
struct onnet_uri {
	const char *uri;
	const char *service; /* as published: "E2U+voice:tel+sms:tel" */
	const char *type;    /* of those the one that fits: "voice:tel" */
	uint32_t ttl;        /* seconds */
	uint16_t order;
	uint16_t preference;
	struct onnet_pstn pstn;
	enum onnet_error error; /* with follow: why there are no targets */
	const struct onnet_target *targets;
	size_t target_count;
};

/* What a look-up found. Whoever gets it owns it: onnet_result_free(). */
struct onnet_result {
	const char *input;
	enum onnet_kind kind;
	enum onnet_error error; /* ONNET_OK where there is a target or a URI */
	const char *reason;     /* a sentence about the error; "" without one */
	enum onnet_security security;
	const struct onnet_target *targets; /* in the order in which to try them */
	size_t target_count;
	const struct onnet_uri *uris; /* in order */
	size_t uri_count;
	unsigned questions; /* that it took */
};

/* -EINVAL: an option makes no sense; -ENOMEM; or what a system call said. */
ONNET_API int onnet_resolver_new(struct onnet_resolver **ret,
				 const struct onnet_resolver_options *options);

/* Look-ups under way end without a callback. NULL is nothing. Not from within a callback. */
ONNET_API void onnet_resolver_free(struct onnet_resolver *resolver);

/* The one descriptor to poll for reading; belongs to the resolver. */
ONNET_API int onnet_resolver_fd(const struct onnet_resolver *resolver);

/* Does what can be done without waiting, and runs callbacks. How many ran, or a negative errno. */
ONNET_API int onnet_resolver_process(struct onnet_resolver *resolver);

/*
 * A look-up is done. It runs exactly once for each look-up that was started and not cancelled,
 * only from onnet_resolver_process(). It may start and cancel look-ups. err: 0, and result is the
 * callee's to free; or -ENOMEM, and result is NULL. The look-up is gone when it runs.
 */
typedef void onnet_done(int err, struct onnet_result *result, void *arg);

/*
 * Starts a look-up for a SIP, SIPS or tel URI or a number. options NULL: those of the resolver.
 * Input that is wrong is no error here: the result says so. *ret is for onnet_lookup_cancel();
 * ret may be NULL. -EINVAL: an option makes no sense; -ENOMEM.
 */
ONNET_API int onnet_lookup_start(struct onnet_resolver *resolver, const char *input,
				 const struct onnet_lookup_options *options, onnet_done *done,
				 void *arg, struct onnet_lookup **ret);

/*
 * The same for where to send a response (RFC 3263 5, RFC 3261 18.2.2): via is the topmost Via,
 * "SIP/2.0/UDP host:port;received=192.0.2.1;rport=5070".
 */
ONNET_API int onnet_via_start(struct onnet_resolver *resolver, const char *via,
			      const struct onnet_lookup_options *options, onnet_done *done,
			      void *arg, struct onnet_lookup **ret);

/* The callback will not run. */
ONNET_API void onnet_lookup_cancel(struct onnet_lookup *lookup);

/* NULL is nothing. */
ONNET_API void onnet_result_free(struct onnet_result *result);

/*
 * The result as one JSON object without line breaks, as "onnet resolve --json" prints it; with
 * "trace" where the look-up had explain. The text is the caller's to free(). -ENOMEM.
 */
ONNET_API int onnet_result_json(const struct onnet_result *result, char **ret);

/* What was seen and why it was taken or dropped, as indented lines; "" without explain. */
ONNET_API int onnet_result_explain(const struct onnet_result *result, char **ret);

/* What came of trying a target (RFC 3263 4.3). Any answer but 503 is ONNET_OUTCOME_OK. */
enum onnet_outcome {
	ONNET_OUTCOME_OK,
	ONNET_OUTCOME_TIMEOUT,
	ONNET_OUTCOME_TRANSPORT_ERROR,
	ONNET_OUTCOME_UNAVAILABLE, /* 503 */
};

enum onnet_mark {
	ONNET_MARK_NONE = 0,
	ONNET_MARK_GREY,  /* tried last */
	ONNET_MARK_BLACK, /* not tried */
};

/* An endpoint that later look-ups order around. */
struct onnet_marked {
	struct onnet_endpoint endpoint;
	enum onnet_mark mark;
	unsigned left_s; /* seconds until it is forgotten; UINT_MAX: never */
};

/*
 * Remembers for a bounded time what a try gave, for later look-ups of this resolver: OK forgets
 * failures; time-outs and transport errors make grey, so does 503, and with a Retry-After (seconds;
 * 0: none) black for so long. -ENOMEM.
 */
ONNET_API int onnet_target_report(struct onnet_resolver *resolver,
				  const struct onnet_endpoint *endpoint, enum onnet_outcome outcome,
				  unsigned retry_after_s);

/* Marks by hand; seconds 0: until cleared. ONNET_MARK_NONE clears one. -ENOMEM. */
ONNET_API int onnet_target_mark(struct onnet_resolver *resolver,
				const struct onnet_endpoint *endpoint, enum onnet_mark mark,
				unsigned seconds);

/* Up to room marked endpoints into ret; gives how many there are. */
ONNET_API size_t onnet_target_list(const struct onnet_resolver *resolver, struct onnet_marked *ret,
				   size_t room);

ONNET_API void onnet_target_clear(struct onnet_resolver *resolver);

/* "udp" ... "tls-sctp"; "" for ONNET_TRANSPORT_NONE. Static storage. */
ONNET_API const char *onnet_transport_name(enum onnet_transport transport);

/* In any letter case. -EINVAL: not one of them. */
ONNET_API int onnet_transport_parse(enum onnet_transport *ret, const char *name);

/* "192.0.2.1:5060/udp", "[2001:db8::1]:5061/tls". -EINVAL */
ONNET_API int onnet_endpoint_parse(struct onnet_endpoint *ret, const char *text);

#ifdef __cplusplus
}
#endif

#endif
