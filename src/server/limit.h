/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_LIMIT_H
#define SERVER_LIMIT_H

#include "server/count.h"
#include "server/exchange.h"
#include "server/rate.h"

enum { LIMIT_NOTICES = 16 };

/* A prefix whose responses are limited, of which the log knows. */
struct limit_notice {
	struct sockaddr_storage peer; /* somebody of it; ss_family 0: none */
	uint64_t prefix;              /* a hash */
	int64_t since_ms, last_ms;
	uint64_t limited; /* responses */
};

/* What one thread sends over UDP, held within bounds for each prefix of clients. All zeros: nothing is. */
struct limit {
	struct rate *rate; /* NULL where there is no bound */
	struct limit_notice notice[LIMIT_NOTICES];
};

/* Makes room where the configuration has a bound. */
int limit_use(struct limit *limit, const struct conf *conf);
void limit_done(struct limit *limit);

enum limit_verdict {
	LIMIT_SEND,
	LIMIT_SHORT, /* a truncated response, so that its client comes by TCP */
	LIMIT_NOTHING,
};

/* What to do about a response. */
enum limit_verdict limit_judge(struct limit *limit, const struct conf *conf,
			       const struct exchange *x, int64_t now_ms);

/* Says in the log whose limiting has ended. Returns how many milliseconds to wait for the next, -1: for ever. */
int limit_expire(struct limit *limit, int64_t now_ms);

#endif
