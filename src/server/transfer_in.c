/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zone transfer in (RFC 5936, RFC 1995). IXFR is asked where there is something to begin with. The primary
 * may answer it with the whole zone; where it does not know IXFR, where differences are many or do not fit what is
 * there, the zone is asked for whole.
 *
 * A whole zone that is larger than zone-max-size is given up when that many octets of records have come, so that
 * a primary that never ends does not fill the disk.
 *
 * Differences wait in memory until all have come and every signature was right; a whole zone waits in files
 * and then in a tree that no zone leads to. Then the writer's thread makes one journalled transaction of it, so
 * that there is the old zone or the new one and nothing between, with the primary's serial.
 */
#include "server/transfer_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "client/transfer.h"
#include "dns/serial.h"
#include "zone/difference.h"
#include "zone/import.h"
#include "zone/intake.h"

enum {
	STEPS_MAX = 4 << 20,
	PATIENCE_MS = 10000,
	RECORD_FIXED = 10, /* RFC 1035 3.2.1: type, class, TTL and size */
};

struct fetch {
	struct transfer_in *t;
	struct client *client;
	struct client_copied copied;
	struct intake *intake; /* of a whole zone */
	uint64_t size;         /* octets of its records, uncompressed */
	struct text steps;     /* of differences */
	uint64_t outside;
	uint32_t before;
	bool had; /* there was something before */
};

static int explain(struct transfer_in *t, int err, const char *what, const char *name)
{
	struct text text = { 0 };

	text_puts(&text, what);
	if (name != NULL)
		text_printf(&text, ": %s", name);
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text.data[text.size - 1] = '\0';
	free(t->why);
	t->why = text.data;
	return err;
}

/* --- receiving --- */

static int take_zone(struct fetch *f, const struct record *record)
{
	struct transfer_in *t = f->t;
	uint64_t most = t->copy->max_size;
	int err = 0;

	f->size += knot_dname_size(record->owner) + RECORD_FIXED + record->rdata.size;
	if (most > 0 && f->size > most)
		return explain(t, -EDQUOT, "it is larger than zone-max-size", NULL);
	if (f->intake == NULL)
		err = intake_new(&f->intake, &t->copy->zone, store_folder(t->writer->store));
	if (err == 0)
		err = intake_put(f->intake, record);
	return err == -EINVAL ? explain(t, err, intake_fault(f->intake), NULL) : err;
}

static int take_record(const struct record *record, enum sequence_part part, void *arg)
{
	struct fetch *f = arg;

	if (atomic_load_explicit(f->t->stopping, memory_order_relaxed) ||
	    atomic_load_explicit(&f->t->copy->dropped, memory_order_relaxed))
		return -ECANCELED;
	if (part == SEQUENCE_ZONE)
		return take_zone(f, record);
	if (f->steps.size > STEPS_MAX)
		return -EFBIG;
	return difference_add(&f->steps, record, part == SEQUENCE_REMOVED);
}

static void fetch_reset(struct fetch *f)
{
	intake_free(f->intake);
	f->intake = NULL;
	text_done(&f->steps);
	f->outside = 0;
	f->size = 0;
}

static int receive(struct fetch *f, bool since)
{
	struct transfer_in *t = f->t;
	const struct client_copy copy = { .zone = t->copy->zone.apex,
					  .since = since,
					  .serial = t->copy->version.serial,
					  .stored = t->copy->zone.number_ranges,
					  .record = take_record,
					  .arg = f };
	int err = client_copy(f->client, &f->copied, &copy);

	if (err < 0 && *client_fault(f->client) != '\0' && t->why == NULL)
		return explain(t, err, client_fault(f->client), NULL);
	return err;
}

static int refused(struct fetch *f)
{
	struct text text = { 0 };

	text_puts(&text, "the transfer was refused: ");
	client_refusal(&text, f->client, &f->copied.answer);
	free(f->t->why);
	f->t->why = text.data;
	f->t->refused = true;
	return -EACCES;
}

static bool is_refused(const struct fetch *f)
{
	return f->copied.answer.rcode != KNOT_RCODE_NOERROR || f->copied.answer.tsig_error != 0;
}

/* --- committing, in the writer's thread --- */

struct commit {
	struct fetch *fetch;
	struct store_load *load; /* NULL: differences */
	const struct zone *zone;
	struct difference_result result;
};

static struct change_origin origin_of(const struct transfer_in *t)
{
	return (struct change_origin){ .key = t->peer->key.name,
				       .peer = t->peer->address.socket,
				       .time = clock_wall_s() };
}

static int apply_steps(struct commit *c, struct store_txn *txn)
{
	struct fetch *f = c->fetch;
	struct change_origin origin = origin_of(f->t);
	struct arena arena = { 0 };
	struct change_group group;
	struct slice steps = slice_make(f->steps.data, f->steps.size);

	group_begin(&group, &arena, txn);
	int err = difference_apply(&group, c->zone, steps, &origin, &c->result);
	if (err == 0)
		err = group_end(&group);
	arena_done(&arena);
	if (err == -EINVAL && c->result.why != NULL) {
		knot_dname_txt_storage_t name = "?";

		knot_dname_to_str(name, c->result.name, sizeof(name));
		explain(f->t, err, c->result.why, name);
	}
	return err < 0 ? err : 0;
}

static int switch_tree(struct commit *c, struct store_txn *txn)
{
	struct change_origin origin = origin_of(c->fetch->t);
	struct import_serial serial;

	return import_switch_copy(txn, c->zone, c->load, &origin, &serial);
}

/* In the writer's thread no reload takes the state away. */
static int find_zone(struct commit *c)
{
	const struct transfer_in *t = c->fetch->t;
	const struct state *state = atomic_load(t->state);

	c->zone = zone_table_find(state->zones, t->copy->zone.apex);
	return c->zone != NULL && c->zone->closed != NULL && !atomic_load(&t->copy->dropped) ?
		       0 :
		       -ECANCELED;
}

static int commit_task(void *arg)
{
	struct commit *c = arg;
	struct transfer_in *t = c->fetch->t;
	struct update_writer *writer = t->writer;
	struct copy_version version;
	struct store_txn *txn;
	int err = find_zone(c);

	if (err == 0)
		err = store_write_begin(writer->store, &txn);
	if (err != 0)
		return err;
	err = c->load != NULL ? switch_tree(c, txn) : apply_steps(c, txn);
	if (err == 0)
		err = copy_version_keep(txn, c->zone, clock_wall_s(), t->copy->zone.number_ranges);
	if (err == 0)
		err = copy_version_get(&version, txn, c->zone);
	if (err != 0) {
		store_write_abort(txn);
		return err;
	}
	err = store_write_commit(txn);
	if (err != 0)
		return err;
	t->version = version;
	count_add(&writer->counts, COUNT_TRANSFER_IN, 1);
	writer_tell_changed(writer, c->zone);
	return 0;
}

static int commit(struct fetch *f, struct store_load *load, uint64_t *outside)
{
	struct commit c = { .fetch = f, .load = load };
	int err = load_call(f->t->writer, f->t->stopping, commit_task, &c);

	*outside += c.result.outside;
	return err;
}

static int commit_zone(struct fetch *f)
{
	struct transfer_in *t = f->t;
	struct pack_result packed;
	struct store_load *load = NULL;
	int err = f->intake != NULL ? intake_end(f->intake, &packed) : -EBADMSG;

	if (err == -EINVAL)
		return explain(t, err, intake_fault(f->intake), NULL);
	if (err == 0)
		err = store_load_new(&load, &packed, t->copy->zone.apex_labels);
	if (err == 0)
		err = load_all(t->writer, t->stopping, load, NULL, NULL);
	if (err == 0)
		err = commit(f, load, &f->outside);
	f->outside += intake_outside(f->intake);
	load_free(t->writer, t->stopping, load);
	return err;
}

/* --- both --- */

static void log_transfer(const struct fetch *f, const char *kind, int64_t began_ms)
{
	const struct transfer_in *t = f->t;
	char before[24] = "none";

	if (f->had)
		snprintf(before, sizeof(before), "%u", f->before);
	log_info("zone %s: transferred from %s: %s, serial %s to %u, records: %llu, octets: %llu, "
		 "%.2f s",
		 t->copy->text, t->peer->name, kind, before, t->version.serial,
		 (unsigned long long)f->copied.records, (unsigned long long)f->copied.octets,
		 (double)(clock_monotonic_ms() - began_ms) / 1000);
	if (f->outside > 0)
		log_warning(
			"zone %s: transferred from %s: %llu records outside of the zone were left out",
			t->copy->text, t->peer->name, (unsigned long long)f->outside);
}

/* Whether the zone whole is the way out of what happened with its differences. */
static bool is_for_axfr(const struct fetch *f, int err)
{
	if (err == 0 && is_refused(f))
		return f->copied.answer.rcode == KNOT_RCODE_NOTIMPL ||
		       f->copied.answer.rcode == KNOT_RCODE_FORMERR;
	return err == -EFBIG || err == -EINVAL || err == -EBADMSG;
}

/* One attempt: asks, receives and commits. 0, also where the server has nothing newer or refuses. */
static int attempt(struct fetch *f, bool since)
{
	struct transfer_in *t = f->t;
	int64_t began_ms = clock_monotonic_ms();
	int err = receive(f, since);

	t->serial = f->copied.serial;
	if (err != 0 || is_refused(f))
		return err;
	if (f->copied.form == SEQUENCE_CURRENT) {
		t->current = true;
		return 0;
	}
	if (f->copied.form == SEQUENCE_DIFFERENCES)
		err = commit(f, NULL, &f->outside);
	else
		err = commit_zone(f);
	if (err == 0)
		log_transfer(f,
			     f->copied.form == SEQUENCE_DIFFERENCES ? "IXFR" :
			     since                                  ? "AXFR in answer to IXFR" :
								      "AXFR",
			     began_ms);
	return err;
}

static int go_on_with_axfr(struct fetch *f, int err)
{
	struct transfer_in *t = f->t;

	log_info("zone %s: differences from %s are of no use, the zone is asked for whole: %s",
		 t->copy->text, t->peer->name,
		 err == -EFBIG  ? "there are too many" :
		 err == 0       ? "the primary does not know IXFR" :
		 t->why != NULL ? t->why :
				  strerror(-err));
	free(t->why);
	t->why = NULL;
	fetch_reset(f);
	return attempt(f, false);
}

int transfer_in(struct transfer_in *t)
{
	struct client_options options = copy_peer_options(t->peer);
	struct fetch f = { .t = t,
			   .had = t->copy->version.there,
			   .before = t->copy->version.serial };
	bool since = f.had && !t->whole;

	options.timeout_ms = PATIENCE_MS;
	int err = client_new(&f.client, &options);
	if (err != 0)
		return err;
	err = attempt(&f, since);
	if (since && is_for_axfr(&f, err))
		err = go_on_with_axfr(&f, err);
	if (err == 0 && is_refused(&f))
		err = refused(&f);
	fetch_reset(&f);
	client_free(f.client);
	return err;
}
