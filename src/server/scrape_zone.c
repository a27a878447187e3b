/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is shown of each zone: a row for each metric, which reads it off a sample. A zone that has no such thing
 * (one that never changed has no last change; one that is ours was never checked) has no line. Whoever has
 * more to tell of zones puts it into the sample and adds rows.
 *
 * How copies are is known to whoever minds them, behind a lock of its own that is held as long as it takes to
 * put this down; text is made of it afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rdata.h"
#include "server/exposition.h"
#include "server/scrape.h"
#include "server/secondary.h"
#include "zone/group.h"
#include "zone/history.h"

/* One zone as the scrape finds it. */
struct sample {
	char name[KNOT_DNAME_TXT_MAXLEN + 1];
	bool stored; /* the store has it, with all down to newest_s */
	struct store_zone record;
	bool has_serial;
	uint32_t serial;
	uint64_t oldest_s, newest_s;  /* of the change log; 0: it is empty */
	bool copied;                  /* it is a copy */
	struct secondary_status copy; /* without what it points to */
};

static bool read_serial(const struct sample *sample, double *ret)
{
	*ret = sample->serial;
	return sample->has_serial;
}

static bool read_names(const struct sample *sample, double *ret)
{
	*ret = (double)sample->record.names;
	return sample->stored;
}

static bool read_numbers(const struct sample *sample, double *ret)
{
	*ret = (double)sample->record.numbers;
	return sample->stored;
}

static bool read_log_entries(const struct sample *sample, double *ret)
{
	*ret = (double)(sample->record.log_next - sample->record.log_first);
	return sample->stored;
}

static bool read_log_size(const struct sample *sample, double *ret)
{
	*ret = (double)sample->record.log_size;
	return sample->stored;
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

static bool read_primary_serial(const struct sample *sample, double *ret)
{
	*ret = sample->copy.primary_serial;
	return sample->copied && sample->copy.primary_serial != 0;
}

static bool read_checked(const struct sample *sample, double *ret)
{
	*ret = (double)sample->copy.checked;
	return sample->copied && sample->copy.checked != 0;
}

static bool read_expire(const struct sample *sample, double *ret)
{
	*ret = (double)sample->copy.expires;
	return sample->copied && sample->copy.expires != 0;
}

static bool read_expired(const struct sample *sample, double *ret)
{
	*ret = sample->copy.state == SECONDARY_EXPIRED;
	return sample->copied && sample->copy.state != SECONDARY_ABSENT;
}

static bool read_failures(const struct sample *sample, double *ret)
{
	*ret = sample->copy.failures;
	return sample->copied;
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
	{ "onnet_zone_primary_serial", "gauge",
	  "Of a copy: the serial that a primary has named last.", read_primary_serial },
	{ "onnet_zone_checked_timestamp_seconds", "gauge",
	  "Of a copy: when it was last known to be what a primary has.", read_checked },
	{ "onnet_zone_expire_timestamp_seconds", "gauge",
	  "Of a copy: when it is no good any more, unless a primary can be asked before.", read_expire },
	{ "onnet_zone_expired", "gauge",
	  "Of a copy: 1 where it has expired and is answered with SERVFAIL.", read_expired },
	{ "onnet_zone_check_failures", "gauge",
	  "Of a copy: checks that failed since the last one that went well.", read_failures },
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

/* What the store has of it. */
static void sample_store(struct sample *sample, struct store_txn *txn, const struct zone *zone)
{
	struct rrset_record soa;

	if (store_zone_get(txn, zone->apex, &sample->record) != 0)
		return;
	sample->stored = true;
	if (apex_soa_get(txn, &sample->record, zone->apex, &soa) == 0) {
		sample->serial = rdata_soa_serial(soa.rdata);
		sample->has_serial = true;
	}
	sample->oldest_s = time_of(txn, &sample->record, sample->record.log_first);
	sample->newest_s = time_of(txn, &sample->record, sample->record.log_next - 1);
}

static void sample_name(struct sample *sample, const struct zone *zone)
{
	if (knot_dname_to_str(sample->name, zone->apex, sizeof(sample->name)) == NULL)
		sample->name[0] = '\0';

	size_t size = strlen(sample->name);
	if (size > 1)
		sample->name[size - 1] = '\0'; /* the final dot */
}

struct samples {
	const struct zone_table *zones;
	struct sample *list; /* for each of them */
	size_t count;
};

/* While a reload is under way there may be copies of the next state: they are not seen yet. */
static void sample_copy(const struct secondary_status *status, void *arg)
{
	struct samples *samples = arg;
	const struct zone *zone = zone_table_find(samples->zones, status->apex);

	if (zone == NULL || zone->closed == NULL)
		return;

	struct sample *sample = &samples->list[zone->index];
	sample->copied = true;
	sample->copy = *status;
	sample->copy.apex = NULL;
	sample->copy.text = NULL;
}

static void put_row(const struct samples *samples, size_t row, struct text *text)
{
	exposition_head(text, rows[row].name, rows[row].type, rows[row].help);
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->list[i];
		double value;

		if (!rows[row].read(sample, &value))
			continue;
		exposition_label(text, rows[row].name, "zone", sample->name);
		exposition_value(text, "", value);
	}
}

int scrape_zones(const struct state *state, struct secondary *secondary, struct store_txn *txn,
		 struct text *text)
{
	struct samples samples = { .zones = state->zones, .count = zone_table_count(state->zones) };

	samples.list = calloc(samples.count + 1, sizeof(*samples.list));
	if (samples.list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < samples.count; i++) {
		const struct zone *zone = zone_table_at(state->zones, i);

		sample_name(&samples.list[i], zone);
		sample_store(&samples.list[i], txn, zone);
	}
	secondary_status(secondary, sample_copy, &samples);

	exposition_gauge(text, "onnet_zones", "Zones that are served.", (double)samples.count);
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		put_row(&samples, r, text);
	free(samples.list);
	return 0;
}
