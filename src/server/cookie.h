/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_COOKIE_H
#define SERVER_COOKIE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/siphash.h"
#include "base/slice.h"
#include "conf/conf.h"

enum {
	COOKIE_CLIENT_SIZE = 8,
	COOKIE_SIZE = 24, /* of a client's and ours */
};

/* The first makes cookies, all are taken; none: cookies are off. */
struct cookie_secrets {
	size_t count;
	uint8_t secret[CONF_COOKIE_SECRETS_MAX][SIPHASH_KEY];
	bool required; /* RFC 7873 5.2.3: over UDP BADCOOKIE for whoever knows cookies and has no good one */
	bool made; /* here, as the configuration has none */
};

/* What a request's COOKIE option (RFC 7873 4) is. */
enum cookie_status {
	COOKIE_ABSENT,
	COOKIE_MALFORMED, /* of a length that there is not */
	COOKIE_NEW,       /* the client's alone */
	COOKIE_BAD,       /* ours is in it, but is not good, or too old */
	COOKIE_GOOD,      /* the client is where it says that it is */
};

struct cookie {
	enum cookie_status status;
	uint8_t octets[COOKIE_SIZE]; /* of the response's, from COOKIE_NEW on */
};

/* The secrets of the configuration; where it has none, one that is made now. */
int cookie_secrets_make(struct cookie_secrets *ret, const struct conf *conf);

/* What was made here before goes on in place of what was made here now. */
void cookie_secrets_keep(struct cookie_secrets *secrets, const struct cookie_secrets *before);

/* Judges the option's octets of a request from peer; now is the time in seconds since 1970. */
void cookie_read(struct cookie *ret, const struct cookie_secrets *secrets, struct slice option,
		 const struct sockaddr *peer, uint32_t now);

#endif
