/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SCRAPE_H
#define SERVER_SCRAPE_H

#include "server/observed.h"

/*
 * All that is seen from outside, as text that Prometheus reads: onnetd(8), METRICS. What can't be
 * read is left out. -ENOMEM.
 */
int scrape(struct observed *observed, struct text *text);

/* Parts of it. */
void scrape_counts(const struct counts *counts, struct text *text);
void scrape_server(struct observed *observed, struct text *text);
void scrape_process(const struct observed *observed, struct text *text);
int scrape_zones(const struct state *state, struct secondary *secondary, struct store_txn *txn,
		 struct text *text);
void scrape_store(struct store_txn *txn, struct text *text);

#endif
