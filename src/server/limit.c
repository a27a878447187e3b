/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Response rate limiting: addresses of UDP requests can be forged, and whoever is flooded with our
 * answers never asked. So a prefix of clients, a /24 of IPv4 or a /56 of IPv6, gets so many responses a
 * second, whatever they are; of those beyond, some go out truncated and the others not at all. A
 * real client among them comes by TCP or brings a cookie (RFC 7873 1.2), and neither is ever limited.
 *
 * There is no limit unless one is configured. A PBX asks for thousands of numbers a second from one address, and
 * an answer that is held back is a call that fails: where all clients are known, limiting does
 * nothing but that.
 *
 * The log gets a line when limiting begins for a prefix and one when it has ended; of more prefixes at a time than
 * there are notices it tells nothing, as with forged addresses there is no end to them.
 */
#include "server/limit.h"

#include "base/log.h"

enum { QUIET_MS = 10000 };

static const struct peer_bits bits = { .v4 = 24, .v6 = 56 };

int limit_use(struct limit *limit, const struct conf *conf)
{
	return conf->rate_limit > 0 && limit->rate == NULL ? rate_new(&limit->rate) : 0;
}

void limit_done(struct limit *limit)
{
	rate_free(limit->rate);
	limit->rate = NULL;
}

/* Puts the prefix down; the first time the log is told. */
static void note(struct limit *limit, const struct conf *conf, const struct sockaddr *peer,
		 int64_t now_ms)
{
	static const uint8_t key[SIPHASH_KEY];
	uint64_t prefix = peer_hash(key, peer, bits);
	struct limit_notice *free_one = NULL;
	char text[PEER_TEXT_ROOM];

	for (size_t i = 0; i < LIMIT_NOTICES; i++) {
		struct limit_notice *notice = &limit->notice[i];

		if (notice->peer.ss_family == 0) {
			free_one = notice;
		} else if (notice->prefix == prefix) {
			notice->last_ms = now_ms;
			notice->limited++;
			return;
		}
	}
	if (free_one == NULL)
		return;
	*free_one = (struct limit_notice){
		.prefix = prefix, .since_ms = now_ms, .last_ms = now_ms, .limited = 1
	};
	memcpy(&free_one->peer, peer,
	       peer->sa_family == AF_INET ? sizeof(struct sockaddr_in) :
					    sizeof(struct sockaddr_in6));
	peer_prefix_format(text, peer, bits);
	log_warning("responses limited: prefix=%s rate-limit=%u", text, conf->rate_limit);
}

static bool is_exempt(const struct conf *conf, const struct exchange *x)
{
	if (x->tcp || x->cookie.status == COOKIE_GOOD)
		return true;
	for (size_t i = 0; i < conf->rate_limit_exempt_count; i++)
		if (conf_prefix_match(&conf->rate_limit_exempt[i], x->peer))
			return true;
	return false;
}

enum limit_verdict limit_judge(struct limit *limit, const struct conf *conf,
			       const struct exchange *x, int64_t now_ms)
{
	const struct rate_limit most = { conf->rate_limit, conf->rate_limit, bits };

	if (conf->rate_limit == 0 || limit->rate == NULL || is_exempt(conf, x))
		return LIMIT_SEND;

	unsigned misses = rate_take(limit->rate, &most, x->peer, now_ms);
	if (misses == 0)
		return LIMIT_SEND;
	note(limit, conf, x->peer, now_ms);
	return conf->rate_limit_slip > 0 && misses % conf->rate_limit_slip == 0 ? LIMIT_SHORT :
										  LIMIT_NOTHING;
}

int limit_expire(struct limit *limit, int64_t now_ms)
{
	char text[PEER_TEXT_ROOM];
	int64_t wait = -1;

	for (size_t i = 0; i < LIMIT_NOTICES; i++) {
		struct limit_notice *notice = &limit->notice[i];
		int64_t left = notice->last_ms + QUIET_MS - now_ms;

		if (notice->peer.ss_family == 0)
			continue;
		if (left > 0) {
			wait = wait < 0 || left < wait ? left : wait;
			continue;
		}
		peer_prefix_format(text, (const struct sockaddr *)&notice->peer, bits);
		log_info("responses no longer limited: prefix=%s responses=%llu seconds=%lld", text,
			 (unsigned long long)notice->limited,
			 (long long)(notice->last_ms - notice->since_ms) / 1000);
		notice->peer.ss_family = 0;
	}
	return (int)wait;
}
