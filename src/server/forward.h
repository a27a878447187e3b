/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_FORWARD_H
#define SERVER_FORWARD_H

#include "server/job.h"
#include "server/state.h"

/*
 * Updates of zones that are copies, on their way to the primary and back (RFC 2136 6). A few threads wait for
 * primaries in place of workers; a job comes back as from the writer, by its done().
 */
struct forwarder;

int forwarder_new(struct forwarder **ret);
int forwarder_start(struct forwarder *forwarder);

/*
 * Takes a job whose zone is a copy, with all that it needs of the state, which must stay until it is back. The
 * response is put into job->response. false where too many wait, or too many from its
 * address, and the job is still the caller's.
 */
bool forwarder_put(struct forwarder *forwarder, const struct state *state, struct job *job);

/* Returns when nothing is under way any more: what a primary has is waited for, the rest fails. */
void forwarder_settle(struct forwarder *forwarder);

/* Ends it: all that waits fails, as does what comes. Jobs must still be able to go back. NULL is nothing. */
void forwarder_stop(struct forwarder *forwarder);
void forwarder_free(struct forwarder *forwarder);

#endif
