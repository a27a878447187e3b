/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_REPLAY_H
#define SERVER_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Signed updates that were carried out, so that none is carried out twice: a copy of a message, sent
 * again by its client or by somebody who listened, gets the answer that the first one got.
 * Kept as long as a signature is good; where that would be more than fits, the oldest second is
 * given up, and messages signed then or before are too late.
 */
struct replay;

/* capacity: how many messages are remembered at the most, a power of two. */
int replay_new(struct replay **ret, size_t capacity);
void replay_free(struct replay *replay);

/* Whether this message was seen; then *ret is its RCODE. */
bool replay_find(const struct replay *replay, uint64_t mac, uint64_t signed_at, uint8_t *ret);

/* Whether a message signed then can still be told from a copy. now in seconds since 1970. */
bool replay_in_time(struct replay *replay, uint64_t signed_at, uint64_t now);

/* The first second that is remembered: messages signed before it are too late. */
uint64_t replay_oldest(const struct replay *replay);

/* What was signed before this second is too late, unless that is far ahead of now. */
void replay_forget(struct replay *replay, uint64_t oldest, uint64_t now);

/* Remembers a message, or its new RCODE; -ENOMEM. */
int replay_add(struct replay *replay, uint64_t mac, uint64_t signed_at, uint8_t rcode);

#endif
