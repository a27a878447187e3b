/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is seen from outside. Nobody who answers or writes waits for it: counters are read as they are,
 * zones from a snapshot of its own that lasts as long as the scrape.
 */
#include "server/scrape.h"

#include <errno.h>
#include <string.h>

#include "server/exposition.h"
#include "server/udp.h"

#ifndef ONNET_VERSION
#define ONNET_VERSION "unknown"
#endif

static bool same_metric(const char *a, const char *b)
{
	size_t size = strcspn(a, "{");

	return strcspn(b, "{") == size && memcmp(a, b, size) == 0;
}

static void put_histogram(const struct counts *counts, enum histogram what, struct text *text)
{
	const struct histogram_name *row = &histogram_names[what];
	uint64_t below[BUCKETS], sum = counts_spread(counts, what, below);

	exposition_head(text, row->name, "histogram", row->help);
	for (size_t i = 0; i < BUCKETS - 1; i++)
		text_printf(text, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", row->name,
			    (double)row->bound[i] * row->unit, below[i]);
	text_printf(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", row->name, below[BUCKETS - 1]);
	text_printf(text, "%s_sum %.10g\n", row->name, (double)sum * row->unit);
	text_printf(text, "%s_count %" PRIu64 "\n", row->name, below[BUCKETS - 1]);
}

void scrape_counts(const struct counts *counts, struct text *text)
{
	const char *last = "";

	for (size_t i = 0; i < COUNTS; i++) {
		const struct count_name *row = &count_names[i];

		if (!same_metric(row->name, last))
			exposition_head(text, row->name, "counter", row->help);
		exposition_count(text, row->name, counts_sum(counts, (enum count)i));
		last = row->name;
	}
	for (size_t i = 0; i < HISTOGRAMS; i++)
		put_histogram(counts, (enum histogram)i, text);
}

static uint64_t count_drops(const struct observed *observed)
{
	uint64_t drops = 0;

	for (size_t i = 0; i < observed->workers; i++)
		for (size_t j = 0; j < observed->worker[i].udp_count; j++)
			drops += udp_drops(&observed->worker[i].udp[j]);
	return drops;
}

void scrape_server(struct observed *observed, struct text *text)
{
	exposition_head(text, "onnet_build_info", "gauge", "Always 1; the version is its label.");
	exposition_label(text, "onnet_build_info", "version", ONNET_VERSION);
	text_puts(text, " 1\n");
	exposition_gauge(text, "onnet_workers", "Threads that answer.", (double)observed->workers);
	exposition_gauge(text, "onnet_tcp_connections", "TCP connections that are open.",
			 atomic_load(&observed->shared->tcp_clients));
	exposition_head(text, "onnet_udp_dropped_total", "counter",
			"Messages that the kernel dropped, as sockets were full.");
	exposition_count(text, "onnet_udp_dropped_total", count_drops(observed));
	exposition_gauge(text, "onnet_updates_waiting", "Updates that wait for the writer.",
			 (double)queue_waiting(&observed->writer->queue));
	exposition_head(text, "onnet_reloads_total", "counter", "Reloads of the configuration.");
	exposition_count(text, "onnet_reloads_total{outcome=\"taken\"}",
			 atomic_load(&observed->reloads));
	exposition_count(text, "onnet_reloads_total{outcome=\"failed\"}",
			 atomic_load(&observed->reloads_failed));
	exposition_gauge(text, "onnet_reload_successful",
			 "Whether the last configuration that was read was taken.",
			 atomic_load(&observed->reload_good));
	exposition_gauge(text, "onnet_configuration_timestamp_seconds",
			 "When the configuration in use was read.",
			 (double)atomic_load(&observed->reloaded_s));
}

int scrape(struct observed *observed, struct text *text)
{
	struct store_txn *txn = NULL;

	scrape_counts(observed->counts, text);
	scrape_server(observed, text);
	scrape_process(observed, text);

	int err = store_read_begin(observed->store, &txn);
	if (err == 0) {
		err = scrape_zones(observed_enter(observed), observed->secondary, txn, text);
		observed_leave(observed);
		scrape_store(txn, text);
		store_read_end(txn);
	}
	/* of a store that is lost, what is known without it is still to be seen */
	return text->failed || err == -ENOMEM ? -ENOMEM : 0;
}
