/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is shown of each zone: a row for each metric, which reads it off a sample. A zone that has no such thing
 * (one that never changed has no last change) has no line. Whoever has more to tell of zones puts it into the
 * sample and adds rows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rdata.h"
#include "server/exposition.h"
#include "server/scrape.h"
#include "zone/group.h"
#include "zone/history.h"

/* One zone as the scrape finds it. */
struct sample {
	const knot_dname_t *apex;
	struct store_zone record;
	bool has_serial;
	uint32_t serial;
	uint64_t oldest_s, newest_s; /* of the change log; 0: it is empty */
};

static bool read_serial(const struct sample *sample, double *ret)
{
	*ret = sample->serial;
	return sample->has_serial;
}

static bool read_names(const struct sample *sample, double *ret)
{
	*ret = (double)sample->record.names;
	return true;
}

static bool read_numbers(const struct sample *sample, double *ret)
{
	*ret = (double)sample->record.numbers;
	return true;
}

static bool read_log_entries(const struct sample *sample, double *ret)
{
	*ret = (double)(sample->record.log_next - sample->record.log_first);
	return true;
}

static bool read_log_size(const struct sample *sample, double *ret)
{
	*ret = (double)sample->record.log_size;
	return true;
}

static bool read_log_oldest(const struct sample *sample, double *ret)
{
	*ret = (double)sample->oldest_s;
	return sample->oldest_s != 0;
}

static bool read_changed(const struct sample *sample, double *ret)
{
	*ret = (double)sample->newest_s;
	return sample->newest_s != 0;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *type;
	const char *help;
	bool (*read)(const struct sample *sample, double *ret); /* false: nothing is shown */
} rows[] = {
	{ "onnet_zone_serial", "gauge", "The serial of the zone's SOA record.", read_serial },
	{ "onnet_zone_names", "gauge", "Names that have records, numbers included.", read_names },
	{ "onnet_zone_numbers", "gauge", "Numbers that have records.", read_numbers },
	{ "onnet_zone_change_timestamp_seconds", "gauge",
	  "When the zone changed last, as its change log tells.", read_changed },
	{ "onnet_zone_log_entries", "gauge", "Changes in the change log.", read_log_entries },
	{ "onnet_zone_log_bytes", "gauge", "Octets of the change log.", read_log_size },
	{ "onnet_zone_log_oldest_timestamp_seconds", "gauge",
	  "When the oldest change was made that the change log has.", read_log_oldest },
};
/* clang-format on */

/* When the change with this number was made; 0 where that can't be read. */
static uint64_t time_of(struct store_txn *txn, const struct store_zone *record, uint64_t number)
{
	struct history history;
	struct slice entry;

	if (record->log_next == record->log_first ||
	    store_log_get(txn, record, number, &entry) != 0 || history_read(entry, &history) != 0)
		return 0;
	return history.time;
}

/* false where the store does not have the zone. */
static bool take_sample(struct sample *ret, struct store_txn *txn, const struct zone *zone)
{
	struct rrset_record soa;
	struct node apex;

	*ret = (struct sample){ .apex = zone->apex };
	if (store_zone_get(txn, zone->apex, &ret->record) != 0)
		return false;
	if (store_node_get(txn, &ret->record, zone->apex, &apex) == 0 && apex_soa(&apex, &soa)) {
		ret->serial = rdata_soa_serial(soa.rdata);
		ret->has_serial = true;
	}
	ret->oldest_s = time_of(txn, &ret->record, ret->record.log_first);
	ret->newest_s = time_of(txn, &ret->record, ret->record.log_next - 1);
	return true;
}

/* A line of one zone; its name is without the final dot. */
static void put_line(struct text *text, const char *metric, const struct sample *sample,
		     double value)
{
	knot_dname_txt_storage_t name;

	if (knot_dname_to_str(name, sample->apex, sizeof(name)) == NULL)
		return;

	size_t size = strlen(name);
	if (size > 1)
		name[size - 1] = '\0';
	exposition_label(text, metric, "zone", name);
	exposition_value(text, "", value);
}

int scrape_zones(const struct state *state, struct store_txn *txn, struct text *text)
{
	size_t count = zone_table_count(state->zones), used = 0;
	struct sample *sample = calloc(count > 0 ? count : 1, sizeof(*sample));

	if (sample == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		used += take_sample(&sample[used], txn, zone_table_at(state->zones, i));

	exposition_gauge(text, "onnet_zones", "Zones that are configured.", (double)count);
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		exposition_head(text, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < used; i++) {
			double value;

			if (rows[r].read(&sample[i], &value))
				put_line(text, rows[r].name, &sample[i], value);
		}
	}
	free(sample);
	return 0;
}
