/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/text.h"

/* What onnet.yaml says, checked. onnet.yaml(5) describes each word. */

enum { CONF_PORT_TLS = 853 }; /* RFC 7858 3.1 */

/* An address and a port (network order inside, as in the socket calls). */
struct conf_address {
	struct sockaddr_storage socket;
	socklen_t size;
};

/* A network interface and a port (host order) on it. */
struct conf_interface {
	const char *name; /* at most 15 octets, as Linux has it */
	uint16_t port;
};

/* A prefix: family AF_INET or AF_INET6, as many leading bits as length says. */
struct conf_prefix {
	int family;
	uint8_t octets[16];
	uint8_t length;
};

/* What is done about DNS cookies; required: over UDP, whoever knows cookies must have a good one. */
enum conf_cookies { CONF_COOKIES_OFF, CONF_COOKIES_ON, CONF_COOKIES_REQUIRED };

enum { CONF_COOKIE_SECRETS_MAX = 2, CONF_TEXT_MAX = 128 };

struct conf_cookie_secret {
	uint8_t octets[16]; /* never to be logged */
};

struct conf_key {
	const char *id;        /* a domain name in text */
	const char *algorithm; /* "hmac-sha256" */
	const char *secret;    /* base64, checked; never to be logged */
};

/* Who may do what: an entry of update:, transfer: or update-forward:. What is NULL or 0 does not limit. */
struct conf_rule {
	/*
	 * NULL: no signature asked for (an address stands alone). A key without algorithm and
	 * secret is not declared: the rule is for nobody. Only a rule with addresses can have one.
	 */
	const struct conf_key *key;
	const struct conf_prefix *address; /* any of these */
	size_t address_count;
	const char *const *number; /* update only: prefixes, "+120255501" or "12*543" */
	size_t number_count;
	const char *const *name; /* update only: "a.example.net"; "*.example.net": all below it */
	size_t name_count;
	const uint16_t *type; /* update only: RR types */
	size_t type_count;
	bool tls; /* transfer only: not but over TLS */
	int line; /* where it stands in the file */
};

/* What TLS needs; paths, already relative to the configuration file. NULL: none. */
struct conf_tls {
	const char *certificate; /* ours, with the chain that leads up from it */
	const char *key;         /* its private key; others than its owner can't read it */
	const char
		*authorities; /* whose certificates others must show; NULL: those of the system */
};

/* Another name server: an entry of primary: or notify:. */
struct conf_peer {
	struct conf_address address;
	const struct conf_key
		*key;    /* signs what we send there, and must sign what comes; NULL: none */
	const char *tls; /* the name that its certificate must show: over TLS; NULL: not over TLS */
	int line;
};

/* What a zone has to do with catalogs (RFC 9432). */
enum conf_catalog {
	CONF_CATALOG_NONE,
	CONF_CATALOG_PRODUCER, /* it lists the zones whose catalog_zone it is */
	CONF_CATALOG_CONSUMER, /* the zones that it lists are served */
};

struct conf_zone {
	const char *domain;
	const char *file; /* path, already relative to the configuration file; NULL: none */
	const struct conf_rule *update;
	size_t update_count;
	const struct conf_rule *transfer;
	size_t transfer_count;
	const struct conf_rule *update_forward; /* of a copy: whose updates go on to its primary */
	size_t update_forward_count;
	const struct conf_peer
		*primary; /* it is copied from there, in this order; none: it is ours */
	size_t primary_count;
	uint64_t max_size; /* of a copy: octets that a transfer may bring, default 0: any */
	const struct conf_peer *notify; /* whom to tell of changes */
	size_t notify_count;
	bool naptr_check;   /* default true */
	bool number_ranges; /* wildcards are number ranges, default false */
	uint64_t log_size;  /* octets of change log kept, default 64 MiB */
	uint64_t log_age;   /* seconds that its entries are kept, default 0: any time */

	enum conf_catalog catalog;
	const char *catalog_zone; /* the producer that lists it; NULL: none does */
	const char
		*catalog_group; /* what that says of it; of a member: whom it is for; NULL: all */
	const struct conf_zone
		*member; /* of a consumer: what the zones it lists are like, no domain */
	size_t member_count;
	int line;
};

/* A file or folder that a word names. */
struct conf_file {
	const char *path;
	const struct conf_file *next;
};

struct conf {
	const char *path;
	const struct conf_address *listen; /* default 127.0.0.1@53 and ::1@53 */
	size_t listen_count;
	const struct conf_address *listen_tls; /* not without tls.certificate and tls.key */
	size_t listen_tls_count;
	const struct conf_interface *listen_xdp; /* no interface twice */
	size_t listen_xdp_count;
	const struct conf_address *metrics; /* where HTTP tells metrics; default: nowhere */
	size_t metrics_count;
	const char *storage;         /* default /var/lib/onnet */
	unsigned workers;            /* 0: one for each core */
	const char *user;            /* NULL: stay who we are */
	bool sandbox;                /* default true */
	unsigned tcp_idle_timeout;   /* seconds, default 10 */
	unsigned tcp_max_clients;    /* default 1000 */
	unsigned tcp_max_per_client; /* connections of one IPv4 address or IPv6 /64, default 100 */
	unsigned udp_max_payload;    /* octets, default 1232 */

	enum conf_cookies cookies;                      /* default CONF_COOKIES_ON */
	const struct conf_cookie_secret *cookie_secret; /* the first makes; none: made at start */
	size_t cookie_secret_count;
	unsigned rate_limit;      /* UDP responses a second to a client's prefix; 0: any */
	unsigned rate_limit_slip; /* of those over it, one in so many is a short one; 0: none */
	const struct conf_prefix *rate_limit_exempt; /* who is not limited */
	size_t rate_limit_exempt_count;
	const char *version;  /* told to whoever asks (CH TXT); NULL: nobody is told */
	const char *identity; /* the same, and by NSID */

	struct conf_tls tls;
	const struct conf_key *key;
	size_t key_count;
	const struct conf_zone *zone;
	size_t zone_count;
	const char *const *e164; /* suffixes in the order in which they are tried */
	size_t e164_count;
	const char *const *isn;
	size_t isn_count;

	const struct conf_file *file; /* all that are named, in no order; storage is one of them */

	struct arena arena;  /* owns all of the above */
	atomic_uint holders; /* see conf_share() */
};

/*
 * Reads the file at path. Returns 0 and a configuration for conf_free(), or a negative errno and in
 * fault one or more lines "FILE:LINE:COLUMN: what is wrong, what is allowed". type_parse turns the
 * name of a record type into its number (negative: there is none), since types are known elsewhere.
 */
int conf_read(struct conf **ret, const char *path, int (*type_parse)(const char *name),
	      struct text *fault);

/* One more who holds it, and will call conf_free(); from any thread. Returns conf. */
struct conf *conf_share(struct conf *conf);

/* Frees it where nobody else holds it; NULL is nothing. */
void conf_free(struct conf *conf);

/* The key with this id (names compare without regard to case and final dot); NULL: none. */
const struct conf_key *conf_key_find(const struct conf *conf, const char *id);

/* "192.0.2.1@5300", "::1@53", "192.0.2.1"; the port is optional. -EINVAL where it is none of these. */
int conf_address_parse(struct conf_address *ret, const char *text, uint16_t default_port);

/* With their ports. */
bool conf_address_equal(const struct conf_address *a, const struct conf_address *b);

/* "192.0.2.0/24", "::1"; bits beyond the length must be zero. -EINVAL. */
int conf_prefix_parse(struct conf_prefix *ret, const char *text);

/* False for another family. An IPv4 address mapped into IPv6 (RFC 4291 2.5.5.2) counts as IPv4. */
bool conf_prefix_match(const struct conf_prefix *prefix, const struct sockaddr *address);

/*
 * The file that a program shall read: given where it is not NULL, else the first that exists of
 * ./onnet.yaml, ~/.config/onnet/onnet.yaml and /etc/onnet/onnet.yaml. The path is put into path and
 * returned, and lives as long as path does; NULL: there is no such file, or no memory for its name.
 */
const char *conf_search(struct text *path, const char *given);

#endif
