/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking at a running server. A reload frees the state that was there before when no worker and
 * not the writer can hold it; and whoever looks from outside holds a lock for as long, which nobody takes but
 * those who look and, once it has made the new state the newest, the reload.
 */
#include "server/observed.h"

#include <errno.h>

#include "base/clock.h"

void observed_init(struct observed *observed)
{
	pthread_mutex_init(&observed->looking, NULL);
	observed->started_s = clock_wall_s();
	atomic_store(&observed->reloaded_s, observed->started_s);
	atomic_store(&observed->reload_good, true);
}

void observed_done(struct observed *observed)
{
	pthread_mutex_destroy(&observed->looking);
}

const struct state *observed_enter(struct observed *observed)
{
	pthread_mutex_lock(&observed->looking);
	return atomic_load(&observed->shared->state);
}

void observed_leave(struct observed *observed)
{
	pthread_mutex_unlock(&observed->looking);
}

void observed_pass(struct observed *observed)
{
	pthread_mutex_lock(&observed->looking);
	pthread_mutex_unlock(&observed->looking);
}

void observed_reload(struct observed *observed, bool good)
{
	atomic_fetch_add(good ? &observed->reloads : &observed->reloads_failed, 1);
	atomic_store(&observed->reload_good, good);
	if (good)
		atomic_store(&observed->reloaded_s, clock_wall_s());
}

/* A number with a comma before each three digits. */
static void put_number(struct text *text, uint64_t number)
{
	if (number < 1000) {
		text_printf(text, "%u", (unsigned)number);
		return;
	}
	put_number(text, number / 1000);
	text_printf(text, ",%03u", (unsigned)(number % 1000));
}

static uint64_t count_numbers(struct store_txn *txn, const struct state *state)
{
	uint64_t numbers = 0;

	for (size_t i = 0; i < zone_table_count(state->zones); i++) {
		struct store_zone record;

		if (store_zone_get(txn, zone_table_at(state->zones, i)->apex, &record) == 0)
			numbers += record.numbers;
	}
	return numbers;
}

int observed_status(struct observed *observed, struct text *text)
{
	struct store_txn *txn = NULL;
	int err = store_read_begin(observed->store, &txn);

	if (err != 0)
		return err;

	const struct state *state = observed_enter(observed);
	size_t zones = zone_table_count(state->zones);
	uint64_t numbers = count_numbers(txn, state);
	observed_leave(observed);
	store_read_end(txn);

	text_puts(text, "serving ");
	put_number(text, zones);
	text_puts(text, zones == 1 ? " zone, " : " zones, ");
	put_number(text, numbers);
	text_puts(text, numbers == 1 ? " number" : " numbers");
	return text->failed ? -ENOMEM : 0;
}
