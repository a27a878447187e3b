/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_STREAM_H
#define CLIENT_STREAM_H

#include <stdint.h>

#include "base/slice.h"
#include "client/client.h"

/*
 * Many requests over one TCP connection with several in flight (RFC 7766 6.2.1.1), for bulk import.
 * The server may work on them in any order: what goes into one stream must not depend on what went
 * before. Results come in the order of sending.
 */
struct client_stream;

/*
 * What became of one request: err 0 and an answer, whatever its RCODE; or a negative errno
 * and NULL, with client_fault() as its words: then nobody knows whether it was done.
 * tag is what the sender gave.
 */
struct client_stream_handler {
	void (*result)(uint64_t tag, int err, const struct client_answer *answer, void *arg);
};

/* window: requests in flight at most, 1 to 64. Connects. The client must outlive the stream. */
int client_stream_new(struct client_stream **ret, struct client *client, unsigned window,
		      const struct client_stream_handler *handler, void *arg);

/*
 * Sends one request, as for client_exchange(); waits while the window is full, and hands over
 * results as they come. Once it has failed with a negative errno all that was in flight has had
 * its result, this request included, and every further send fails.
 */
int client_stream_send(struct client_stream *s, struct slice request, uint64_t tag);

/* Waits for the results of all that is in flight. */
int client_stream_flush(struct client_stream *s);

/* Closes the connection; what is still in flight gets no result. */
void client_stream_free(struct client_stream *s);

#endif
