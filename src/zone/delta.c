/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the change log to an incremental transfer (RFC 1995).
 *
 * The entries of the log stand in the order of their serials, so the one that begins where the secondary
 * stands is found by halving. Where the zone was imported or made anew there is an entry without records, or
 * the serial after one is not the serial before the next. So the line of entries is followed up to what the
 * zone is now before anything is sent. While that is done, changes are condensed (RFC 1995 6), as far as
 * there is memory: octets stay in the snapshot, only what is known of each record is kept. Where
 * the difference is more than the zone, the zone is sent (RFC 1995 2, 5).
 *
 * A copy of a zone with number ranges that is made for servers which know RFC 4592 alone has names that
 * are in no log (range_walk.c). What changes among them is nothing, where
 *
 * - no wildcard comes, goes or changes, so that ranges are the same before and after,
 * - no name becomes or ceases to be a delegation or a DNAME, which end them, and
 * - no name that changes has a wildcard above it: what is made below a range is made for names there.
 *
 * Else the zone is sent whole.
 */
#include "zone/delta.h"

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "base/writer.h"
#include "dns/audit.h"
#include "dns/rdata.h"
#include "zone/condense.h"
#include "zone/group.h"
#include "zone/history.h"

enum {
	SLICE = 128 << 10, /* octets of the log that are read at a time */
	SAMPLE = 64,       /* names by which the size of a zone is guessed */
	HOPELESS = 16,     /* so many times as large as the zone no difference is looked at */
};

enum part { BEFORE, WENT, CAME };

/* What went or what came in an entry, and how much of it was read. */
struct side {
	struct slice records;
	size_t at;
};

struct delta {
	struct store_txn *txn;
	struct store_zone zone;
	const knot_dname_t *apex;
	bool spread;
	uint32_t now;       /* the serial of the zone */
	uint64_t whole;     /* octets of all its records, about */
	uint64_t first, at; /* entries: the first one, the one to be read next */
	uint32_t serial;    /* where that has to begin */
	uint64_t size;      /* octets of the records of all entries */
	bool condensed;     /* it is so far, and then in the end */
	struct condense net;
	const uint8_t *outside; /* an owner that no range is for */

	struct slice soa_before, soa_after;
	enum part part;
	size_t item;            /* of net */
	struct side went, came; /* of the entry at hand */
};

/* As audit_record_read(), but with the octets of the record as one slice. */
static int read_record(struct side *side, struct slice *ret)
{
	struct record record;
	size_t start = side->at;
	int more = audit_record_read(&record, side->records, &side->at);

	if (more > 0)
		*ret = slice_make(side->records.data + start, side->at - start);
	return more;
}

static int get_entry(const struct delta *d, uint64_t sequence, struct history *ret)
{
	struct slice entry;
	int err = store_log_get(d->txn, &d->zone, sequence, &entry);

	return err == 0 ? history_read(entry, ret) : err;
}

/*
 * The newest entry that begins with the serial. How far behind the zone's serial an entry begins only falls from
 * entry to entry (RFC 1982), as long as the log does not go around all serials; where it does, what is found
 * is still held against each step. What is not newer than the making of a zone or an import is of no use.
 */
static int find_first(struct delta *d, uint32_t serial)
{
	uint64_t low = d->zone.log_first, high = d->zone.log_next;
	struct history history;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int err = get_entry(d, middle, &history);

		if (err != 0)
			return err;
		if (history.kind != HISTORY_CHANGE ||
		    d->now - history.serial_before > d->now - serial)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == d->zone.log_next)
		return -ENOENT;

	int err = get_entry(d, low, &history);
	if (err == 0 && (history.kind != HISTORY_CHANGE || history.serial_before != serial))
		err = -ENOENT;
	d->first = low;
	d->at = low;
	d->serial = serial;
	return err;
}

/* Octets of a node's records with their owners whole, as the log has them. */
static uint64_t node_octets(const knot_dname_t *name, const struct node *node)
{
	uint64_t octets = 0;
	struct rrset set;

	for (size_t i = 0; node_at(node, i, &set); i++)
		octets += set.size + set.count * (knot_dname_size(name) - 2);
	return octets;
}

/* The size of the zone, by that of its first names; of a small one by all of them. */
static int guess_whole(struct delta *d)
{
	struct store_walk *walk;
	knot_dname_storage_t name;
	struct node node;
	uint64_t octets = 0, names = 0;
	int more = 1, err = store_walk_begin(&walk, d->txn, &d->zone, d->apex, d->apex);

	if (err != 0)
		return err;
	while (names < SAMPLE && (more = store_walk_next(walk, name, &node)) > 0) {
		octets += node_octets(name, &node);
		names++;
	}
	store_walk_end(walk);
	if (more < 0)
		return more;
	d->whole = names > 0 ? octets * d->zone.names / names : 0;
	return 0;
}

static int read_serial(struct delta *d)
{
	struct rrset_record soa;
	int err = apex_soa_get(d->txn, &d->zone, d->apex, &soa);

	if (err == 0)
		d->now = rdata_soa_serial(soa.rdata);
	return err;
}

/* By the mean size of entries; reading each of a long log would take as long as sending the zone. */
static bool is_hopeless(const struct delta *d)
{
	uint64_t mean = d->zone.log_size / (d->zone.log_next - d->zone.log_first);

	return mean * (d->zone.log_next - d->first) / HOPELESS > d->whole;
}

int delta_begin(struct delta **ret, struct store_txn *txn, const struct store_zone *zone,
		const struct delta_from *from)
{
	struct delta *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	d->txn = txn;
	d->zone = *zone;
	d->apex = from->apex;
	d->spread = from->spread;
	d->condensed = true;
	condense_init(&d->net, from->memory);

	int err = read_serial(d);
	if (err == 0)
		err = find_first(d, from->serial);
	if (err == 0)
		err = guess_whole(d);
	if (err == 0 && is_hopeless(d))
		err = -ENOENT;
	if (err != 0)
		delta_end(d);
	else
		*ret = d;
	return err;
}

void delta_end(struct delta *d)
{
	if (d == NULL)
		return;
	condense_done(&d->net);
	free(d);
}

bool delta_is_condensed(const struct delta *d)
{
	return d->condensed;
}

static bool has_asterisk(const knot_dname_t *name)
{
	for (; *name != 0; name += *name + 1)
		if (name[0] == 1 && name[1] == '*')
			return true;
	return false;
}

/* Whether nothing that is made for spread copies depends on this record. 0, or -ENOENT where something may. */
static int check_outside(struct delta *d, struct slice record)
{
	const knot_dname_t *owner = record.data;
	size_t size = knot_dname_size(owner), labels = knot_dname_labels(owner, NULL);
	uint16_t type = get_u16(record.data + size);
	bool apex = labels == d->zone.apex_labels;
	struct node wildcard;

	if (has_asterisk(owner) || type == KNOT_RRTYPE_DNAME || (type == KNOT_RRTYPE_NS && !apex))
		return -ENOENT;
	if (apex || d->zone.wildcards == 0 ||
	    (d->outside != NULL && knot_dname_is_equal(d->outside, owner)))
		return 0;

	int err = store_wildcard_find(d->txn, &d->zone, owner, labels - 1, &wildcard);
	if (err == 0 && wildcard.size > 0)
		err = -ENOENT;
	d->outside = owner;
	return err;
}

static int take_record(struct delta *d, struct slice record, bool came)
{
	int err = d->spread ? check_outside(d, record) : 0;

	d->size += record.size;
	if (err != 0 || !d->condensed)
		return err;
	err = condense_put(&d->net, record, came);
	if (err == 0)
		return 0;

	/* too many to be condensed */
	d->condensed = false;
	condense_done(&d->net);
	return 0;
}

static bool is_soa(struct slice record)
{
	return get_u16(record.data + knot_dname_size(record.data)) == KNOT_RRTYPE_SOA;
}

/* Each side of an entry begins with its SOA. */
static int take_side(struct delta *d, struct slice records, bool came, struct slice *soa)
{
	struct side side = { .records = records };
	struct slice record;
	int more = read_record(&side, soa), err = 0;

	if (more <= 0 || !is_soa(*soa))
		return -EBADMSG;
	d->size += soa->size;
	while (err == 0 && (more = read_record(&side, &record)) > 0)
		err = take_record(d, record, came);
	return more < 0 ? more : err;
}

static int take_entry(struct delta *d, size_t *taken)
{
	struct history history;
	struct slice soa;
	int err = get_entry(d, d->at, &history);

	if (err == 0 && (history.kind != HISTORY_CHANGE || history.serial_before != d->serial))
		err = -ENOENT;
	if (err == 0)
		err = take_side(d, history.removed, false, &soa);
	if (err == 0 && d->at == d->first)
		d->soa_before = soa;
	if (err == 0)
		err = take_side(d, history.added, true, &d->soa_after);
	if (err != 0)
		return err;
	d->serial = history.serial_after;
	d->at++;
	*taken += history.removed.size + history.added.size;
	return 0;
}

/* All was read: one entry, or a line that could not be condensed, goes out as it is. */
static int decide(struct delta *d)
{
	if (d->serial != d->now)
		return -ENOENT;
	if (d->at == d->first + 1)
		d->condensed = false;
	if (d->condensed)
		d->size = d->net.size + d->soa_before.size + d->soa_after.size;
	d->at = d->first;
	return d->size > d->whole ? -ENOENT : 0;
}

int delta_prepare(struct delta *d)
{
	size_t taken = 0;

	while (d->at < d->zone.log_next && taken < SLICE) {
		int err = take_entry(d, &taken);

		if (err == 0 && !d->condensed && d->size > d->whole)
			err = -ENOENT;
		if (err != 0)
			return err;
	}
	return d->at < d->zone.log_next ? 1 : decide(d);
}

static int next_of_condensed(struct delta *d, struct slice *record)
{
	if (d->part == BEFORE) {
		*record = d->soa_before;
		d->part = WENT;
		return 1;
	}
	if (condense_next(&d->net, &d->item, d->part == CAME, record))
		return 1;
	if (d->part == CAME)
		return 0;
	*record = d->soa_after;
	d->item = 0;
	d->part = CAME;
	return 1;
}

static int next_of_entries(struct delta *d, struct slice *record)
{
	struct history history;
	int more = read_record(&d->went, record);

	if (more == 0)
		more = read_record(&d->came, record);
	if (more != 0 || d->at == d->zone.log_next)
		return more;

	int err = get_entry(d, d->at++, &history);
	if (err != 0)
		return err;
	d->went = (struct side){ .records = history.removed };
	d->came = (struct side){ .records = history.added };
	return read_record(&d->went, record);
}

int delta_next(struct delta *d, struct slice *record)
{
	return d->condensed ? next_of_condensed(d, record) : next_of_entries(d, record);
}
