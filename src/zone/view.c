/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The served zones as one snapshot of the store has them. */
#include "zone/view.h"

#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

struct zone_state {
	uint64_t snapshot; /* for which the rest holds; 0: for none */
	bool there;
	struct store_zone record;
};

static struct zone_state *states_new(const struct zone_table *table)
{
	size_t count = zone_table_count(table);

	return calloc(count > 0 ? count : 1, sizeof(struct zone_state));
}

int zone_view_init(struct zone_view *view, struct store *store, const struct zone_table *table)
{
	struct zone_state *state = states_new(table);
	struct negative *negative = negatives_new();
	struct store_txn *txn;
	int err = state != NULL && negative != NULL ? store_read_begin(store, &txn) : -ENOMEM;

	if (err != 0) {
		free(state);
		free(negative);
		return err;
	}
	*view = (struct zone_view){
		.txn = txn, .table = table, .state = state, .negative = negative
	};
	return 0;
}

void zone_view_done(struct zone_view *view)
{
	store_read_end(view->txn);
	free(view->state);
	free(view->negative);
	*view = (struct zone_view){ 0 };
}

int zone_view_use(struct zone_view *view, const struct zone_table *table)
{
	struct zone_state *state = states_new(table);

	if (state == NULL)
		return -ENOMEM;
	free(view->state);
	negatives_forget(view->negative);
	view->state = state;
	view->table = table;
	return 0;
}

const struct store_zone *zone_view_get(struct zone_view *view, const struct zone *zone)
{
	struct zone_state *state = &view->state[zone->index];
	uint64_t snapshot = store_snapshot(view->txn);

	if (state->snapshot != snapshot) {
		state->there = store_zone_get(view->txn, zone->apex, &state->record) == 0;
		state->snapshot = snapshot;
	}
	if (zone->closed != NULL && atomic_load_explicit(zone->closed, memory_order_relaxed))
		return NULL;
	return state->there ? &state->record : NULL;
}

bool zone_view_soa(struct zone_view *view, const struct zone *zone, struct rrset *ret)
{
	const struct store_zone *record = zone_view_get(view, zone);
	struct node apex;

	return record != NULL && store_node_get(view->txn, record, zone->apex, &apex) == 0 &&
	       node_find(&apex, KNOT_RRTYPE_SOA, ret);
}
