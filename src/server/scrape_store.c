/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown of the store's files: what LMDB knows without looking at names. */
#include "server/exposition.h"
#include "server/scrape.h"
#include "store/stat.h"

void scrape_store(struct store_txn *txn, struct text *text)
{
	struct store_stat stat;

	if (store_stat(txn, &stat) != 0)
		return;
	exposition_gauge(text, "onnet_store_file_bytes", "Size of the data file.",
			 (double)stat.file_size);
	exposition_gauge(text, "onnet_store_free_bytes",
			 "Of the data file: pages that hold nothing and will be used again.",
			 (double)(stat.pages_free * stat.page_size));
	exposition_gauge(text, "onnet_store_map_bytes",
			 "Address space that the data file may grow to.", (double)stat.map_size);
	exposition_gauge(text, "onnet_store_journal_bytes", "Size of the journal's files.",
			 (double)stat.journal_size);
	exposition_head(text, "onnet_store_transactions_total", "counter",
			"Transactions that the data file has seen.");
	exposition_count(text, "onnet_store_transactions_total", stat.snapshot);
	if (stat.checkpoint > 0)
		exposition_gauge(text, "onnet_store_checkpoint_timestamp_seconds",
				 "When the last checkpoint was made.", (double)stat.checkpoint_s);
}
