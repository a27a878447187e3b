/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS cookies (RFC 7873) in the form that all servers behind one address understand (RFC 9018). A
 * server cookie is a MAC over the client's own cookie, a time and the client's address, so nothing is
 * remembered of anybody: who brings it back has received an answer at that address within the last hour, and
 * nobody forges the address in its name.
 *
 * Two secrets let an operator change them without a gap: the new one is given to all servers as the second,
 * then becomes the first, and the old one goes an hour later (RFC 9018 5).
 */
#include "server/cookie.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/writer.h"
#include "server/peer.h"

enum {
	VERSION = 1,
	TIME_AT = 12,
	HASH_AT = 16,
	SERVER_MIN = 8, /* RFC 7873 4: a server cookie has 8 to 32 octets */
	SERVER_MAX = 32,
	/* RFC 9018 4.3, seconds */
	LIFE = 3600,
	RENEWED = 1800,
	FUTURE = 300,
};

int cookie_secrets_make(struct cookie_secrets *ret, const struct conf *conf)
{
	struct cookie_secrets secrets = { .count = conf->cookie_secret_count,
					  .required = conf->cookies == CONF_COOKIES_REQUIRED };

	if (conf->cookies == CONF_COOKIES_OFF) {
		secrets.count = 0;
	} else if (secrets.count > 0) {
		memcpy(secrets.secret, conf->cookie_secret, secrets.count * SIPHASH_KEY);
	} else {
		secrets.count = 1;
		secrets.made = true;
		if (getrandom(secrets.secret[0], SIPHASH_KEY, 0) != SIPHASH_KEY)
			return -EIO;
	}
	*ret = secrets;
	return 0;
}

void cookie_secrets_keep(struct cookie_secrets *secrets, const struct cookie_secrets *before)
{
	if (secrets->made && before->made)
		memcpy(secrets->secret, before->secret, sizeof(secrets->secret));
}

/* RFC 9018 4.4: the hash of all that stands before it, and the client's address. */
static uint64_t hash(const uint8_t *cookie, const uint8_t *secret, const struct sockaddr *peer)
{
	uint8_t input[HASH_AT + PEER_ADDRESS_MAX];

	memcpy(input, cookie, HASH_AT);
	return siphash(secret, input, HASH_AT + peer_address(input + HASH_AT, peer));
}

static void put_hash(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* In a time that does not tell where they differ. */
static bool is_made_with(const uint8_t *cookie, const uint8_t *secret, const struct sockaddr *peer)
{
	uint8_t own[8], difference = 0;

	put_hash(own, hash(cookie, secret, peer));
	for (int i = 0; i < 8; i++)
		difference |= own[i] ^ cookie[HASH_AT + i];
	return difference == 0;
}

static bool is_in_time(uint32_t made, uint32_t now)
{
	int32_t age = (int32_t)(now - made); /* RFC 1982, as RFC 9018 4.3 has it */

	return age >= -FUTURE && age <= LIFE;
}

/* Which secret made it; -1: none, or it is too old. */
static int find_secret(const struct cookie_secrets *secrets, const uint8_t *cookie,
		       const struct sockaddr *peer, uint32_t now)
{
	if (cookie[COOKIE_CLIENT_SIZE] != VERSION || !is_in_time(get_u32(cookie + TIME_AT), now))
		return -1;
	for (size_t i = 0; i < secrets->count; i++)
		if (is_made_with(cookie, secrets->secret[i], peer))
			return (int)i;
	return -1;
}

static void make(struct cookie *ret, const struct cookie_secrets *secrets,
		 const struct sockaddr *peer, uint32_t now)
{
	struct writer w =
		write_begin(ret->octets + COOKIE_CLIENT_SIZE, HASH_AT - COOKIE_CLIENT_SIZE);

	write_u32(&w, (uint32_t)VERSION << 24);
	write_u32(&w, now);
	put_hash(ret->octets + HASH_AT, hash(ret->octets, secrets->secret[0], peer));
}

void cookie_read(struct cookie *ret, const struct cookie_secrets *secrets, struct slice option,
		 const struct sockaddr *peer, uint32_t now)
{
	int secret = -1;

	if (option.size != COOKIE_CLIENT_SIZE && (option.size < COOKIE_CLIENT_SIZE + SERVER_MIN ||
						  option.size > COOKIE_CLIENT_SIZE + SERVER_MAX)) {
		ret->status = COOKIE_MALFORMED;
		return;
	}
	ret->status = option.size == COOKIE_CLIENT_SIZE ? COOKIE_NEW : COOKIE_BAD;
	if (option.size == COOKIE_SIZE)
		secret = find_secret(secrets, option.data, peer, now);
	if (secret >= 0)
		ret->status = COOKIE_GOOD;

	/* RFC 9018 4.3: one that is half an hour old is renewed; and so is one by another secret than the first */
	if (secret == 0 && (int32_t)(now - get_u32(option.data + TIME_AT)) <= RENEWED) {
		memcpy(ret->octets, option.data, COOKIE_SIZE);
		return;
	}
	memcpy(ret->octets, option.data, COOKIE_CLIENT_SIZE);
	make(ret, secrets, peer, now);
}
