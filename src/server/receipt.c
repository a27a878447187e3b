/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Receipts: start of the MAC, Time Signed and RCODE of each signed update, in a log of the server's own, with
 * one entry for each commit. They have nothing to do with the change logs of zones, which may be as short as
 * one likes.
 *
 *     entry: version, the oldest second that was remembered (8), then 15 octets each:
 *            MAC (8), Time Signed (6), RCODE (1)
 *
 * They are kept as long as they are in memory: an entry may go when its newest receipt is older than what is
 * remembered, since a message signed then is refused for that. So there are as many as the memory has room
 * for, some megabytes. One that was signed far ahead, by a clock that was put right since, is
 * forgotten in memory when its second's turn comes, and goes here as soon.
 *
 * Updates that were refused or changed nothing wait for a commit that comes anyway; a commit for their sake would
 * let everybody make the disk work who has a key.
 */
#include "server/receipt.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reader.h"
#include "base/writer.h"

enum {
	VERSION = 1,
	HEAD = 1 + 8,
	RECEIPT = 8 + 6 + 1,
	AHEAD_MAX = 1024,        /* seconds; as many as replay.c tells apart */
	POSTPONED_MAX = 1 << 14, /* octets */
	DROPPED_MAX = 4, /* entries for each that is written, so that no commit has much to do */
};

struct receipt {
	uint64_t mac, signed_at;
	uint8_t rcode;
};

void receipts_done(struct receipts *receipts)
{
	free(receipts->data);
	*receipts = (struct receipts){ 0 };
}

int receipts_add(struct receipts *receipts, uint64_t mac, uint64_t signed_at, uint8_t rcode)
{
	if (receipts->room - receipts->size < RECEIPT + HEAD) {
		size_t room = receipts->room * 2 + 1024;
		uint8_t *data = realloc(receipts->data, room);

		if (data == NULL)
			return -ENOMEM;
		receipts->data = data;
		receipts->room = room;
	}
	if (receipts->size == 0)
		receipts->size = HEAD;

	struct writer w = write_begin(receipts->data + receipts->size, RECEIPT);
	write_u64(&w, mac);
	write_u16(&w, (uint16_t)(signed_at >> 32));
	write_u32(&w, (uint32_t)signed_at);
	write_u8(&w, rcode);
	receipts->size += RECEIPT;
	return 0;
}

void receipts_postpone(struct receipts *receipts)
{
	if (receipts->size > POSTPONED_MAX)
		receipts->size = 0;
}

static bool next_receipt(struct reader *r, struct receipt *ret)
{
	if (read_left(r) == 0)
		return false;
	ret->mac = read_u64(r);
	ret->signed_at = (uint64_t)read_u16(r) << 32;
	ret->signed_at |= read_u32(r);
	ret->rcode = read_u8(r);
	return !r->failed;
}

/* The head of an entry; false where it is of no form known here. */
static bool read_head(struct reader *r, struct slice entry, uint64_t *oldest)
{
	*r = read_begin(entry.data, entry.size);

	uint8_t version = read_u8(r);
	*oldest = read_u64(r);
	return version == VERSION && !r->failed;
}

/* Whether a receipt of the entry may still matter. */
static bool is_needed(struct slice entry, uint64_t oldest, uint64_t now)
{
	struct receipt receipt;
	struct reader r;
	uint64_t unused;

	if (!read_head(&r, entry, &unused))
		return false;
	while (next_receipt(&r, &receipt))
		if (receipt.signed_at >= oldest && receipt.signed_at < now + AHEAD_MAX)
			return true;
	return false;
}

static int drop_old(struct store_txn *txn, struct store_zone *log, uint64_t oldest, uint64_t now)
{
	int err = 0;

	for (int i = 0; err == 0 && i < DROPPED_MAX && log->log_first < log->log_next; i++) {
		struct slice entry;

		err = store_log_get(txn, log, log->log_first, &entry);
		if (err == 0 && is_needed(entry, oldest, now))
			break;
		if (err == 0)
			err = store_log_drop(txn, log);
	}
	return err;
}

static int find_log(struct receipts *receipts, struct store_txn *txn)
{
	int err = 0;

	if (!receipts->known) {
		receipts->log = (struct store_zone){ .id = STORE_LOG_OWN };
		err = store_log_span(txn, &receipts->log);
	}
	receipts->known = err == 0;
	return err;
}

int receipts_write(struct receipts *receipts, struct store_txn *txn, const struct replay *replay,
		   uint64_t now, struct store_zone *log)
{
	uint64_t oldest = replay_oldest(replay);
	int err = find_log(receipts, txn);

	if (err != 0)
		return err;
	*log = receipts->log;
	if (receipts->size > 0) {
		struct writer w = write_begin(receipts->data, HEAD);

		write_u8(&w, VERSION);
		write_u64(&w, oldest);
		err = store_log_add(txn, log, slice_make(receipts->data, receipts->size));
	}
	return err == 0 ? drop_old(txn, log, oldest, now) : err;
}

void receipts_written(struct receipts *receipts, const struct store_zone *log)
{
	receipts->log = *log;
	receipts->size = 0;
}

static int recall_entry(struct replay *replay, struct slice entry, uint64_t now)
{
	struct receipt receipt;
	struct reader r;
	uint64_t oldest;
	int err = 0;

	if (!read_head(&r, entry, &oldest))
		return 0;
	replay_forget(replay, oldest, now);
	while (err == 0 && next_receipt(&r, &receipt))
		if (receipt.signed_at < now + AHEAD_MAX &&
		    replay_in_time(replay, receipt.signed_at, now))
			err = replay_add(replay, receipt.mac, receipt.signed_at, receipt.rcode);
	return err;
}

int receipts_recall(struct receipts *receipts, struct store_txn *txn, struct replay *replay,
		    uint64_t now)
{
	int err = find_log(receipts, txn);

	/* the newest one first: it knows what was too old for all of them */
	for (uint64_t i = receipts->log.log_next; err == 0 && i > receipts->log.log_first; i--) {
		struct slice entry;

		err = store_log_get(txn, &receipts->log, i - 1, &entry);
		if (err == 0)
			err = recall_entry(replay, entry, now);
	}
	return err;
}
