/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SEED_H
#define SERVER_SEED_H

#include "server/state.h"
#include "store/store.h"

/*
 * Makes each zone of the state that the store does not have: from its file, or as SOA and NS
 * alone; but no copy without a file. All or nothing; reasons in fault. Nobody else writes to the store meanwhile.
 */
int seed_zones(struct store *store, const struct state *state, struct text *fault);

#endif
