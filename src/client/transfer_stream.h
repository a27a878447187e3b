/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_TRANSFER_STREAM_H
#define CLIENT_TRANSFER_STREAM_H

#include "client/request.h"
#include "client/transfer.h"

/* Inside client/, and for its tests: a transfer without its socket, message by message. */
struct transfer {
	struct client *client;
	struct client_copied *copied;
	struct client_answer *answer; /* in copied */
	struct sequence sequence;
	bool audit;       /* it is a change log */
	int64_t since_ms; /* when it began */

	struct request_mark mark;
	size_t messages;

	/* Of signed transfers: the last MAC, and the messages since. */
	uint8_t mac[REQUEST_MAC_MAX];
	size_t mac_size;
	uint64_t time_signed;
	struct text unsigned_octets;
	unsigned unsigned_count;
};

/* Makes the request in client->request. What copied points to is filled in by client_transfer_end(). */
int client_transfer_begin(struct transfer *t, struct client *client, struct client_copied *copied,
			  const struct client_copy *copy);

/* Takes the next message, so many octets of client->answer. Errors as of client_exchange(). */
int client_transfer_take(struct transfer *t, size_t size);

/* Whether the answer is complete: the closing SOA came, or a refusal. */
bool client_transfer_is_over(const struct transfer *t);

void client_transfer_end(struct transfer *t);

#endif
