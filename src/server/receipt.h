/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_RECEIPT_H
#define SERVER_RECEIPT_H

#include "server/replay.h"
#include "store/store.h"

/*
 * What the writer remembers of signed updates (server/replay.h), kept in the store, so that none is carried
 * out twice after a restart either. All zeros: nothing waits and nothing is known of the store yet.
 */
struct receipts {
	struct store_zone log; /* the server's own log, as the last commit has left it */
	bool known;            /* log was looked at */
	uint8_t *data;         /* receipts that wait for a commit */
	size_t size, room;
};

void receipts_done(struct receipts *receipts);

/* An update was answered. -ENOMEM. */
int receipts_add(struct receipts *receipts, uint64_t mac, uint64_t signed_at, uint8_t rcode);

/*
 * Writes those that wait into a transaction, and takes away what replay has forgotten. The log afterwards is for
 * receipts_written() where the commit went through. now in seconds since 1970.
 */
int receipts_write(struct receipts *receipts, struct store_txn *txn, const struct replay *replay,
		   uint64_t now, struct store_zone *log);
void receipts_written(struct receipts *receipts, const struct store_zone *log);

/* No commit came: those that wait go on waiting, but not more than some. */
void receipts_postpone(struct receipts *receipts);

/* Has replay remember what the store has. */
int receipts_recall(struct receipts *receipts, struct store_txn *txn, struct replay *replay,
		    uint64_t now);

#endif
