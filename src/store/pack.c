/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Batches become runs, and runs one run. A batch whose first entry lies behind the last one of the run
 * before continues that run; so a sorted file is one run from its first octet to its last, and nothing
 * is merged. Where a batch ends, a block or name may go on in the next one: the last group of
 * each run is held back until it is known that nothing more comes to it.
 *
 * Plain names and numbers are two streams: within a file they are mixed, in the store they are not.
 */
#include "store/pack.h"

#include <errno.h>
#include <stdlib.h>

#include "store/pack_run.h"

enum { RUNS_AT_ONCE = 256 }; /* are merged; each takes a buffer */

/* The last group of a run; copies. */
struct held {
	struct pack_entry *entry;
	size_t count, room;
	struct text octets; /* of all entries, with heads */
};

struct stream {
	struct pack *pack;
	struct pack_file file;
	struct pack_run *run;
	size_t runs, room;
	struct held held, next;
};

struct pack {
	const char *folder;
	struct stream stream[PACK_FILES];
	struct pack_union unite;
	bool cuts;
};

int pack_new(struct pack **ret, const char *folder, const struct pack_rules *rules)
{
	struct pack *pack = calloc(1, sizeof(*pack));
	int err = 0;

	if (pack == NULL)
		return -ENOMEM;
	pack->folder = folder;
	pack->unite.rules = rules;
	for (size_t i = 0; i < PACK_FILES; i++) {
		pack->stream[i].pack = pack;
		pack->stream[i].file.fd = -1;
	}
	for (size_t i = 0; err == 0 && i < PACK_FILES; i++)
		err = pack_file_make(&pack->stream[i].file, folder);
	if (err != 0)
		pack_free(pack);
	else
		*ret = pack;
	return err;
}

static void held_done(struct held *held)
{
	free(held->entry);
	text_done(&held->octets);
}

void pack_free(struct pack *pack)
{
	if (pack == NULL)
		return;
	for (size_t i = 0; i < PACK_FILES; i++) {
		struct stream *s = &pack->stream[i];

		pack_file_done(&s->file);
		free(s->run);
		held_done(&s->held);
		held_done(&s->next);
	}
	pack_union_done(&pack->unite);
	free(pack);
}

static int hold(void *arg, const struct pack_entry *entry)
{
	struct held *held = arg;
	uint8_t head[PACK_HEAD];

	if (held->count == held->room) {
		size_t room = held->room * 2 + 16;
		struct pack_entry *grown = reallocarray(held->entry, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		held->entry = grown;
		held->room = room;
	}
	pack_head_write(head, entry);
	text_add(&held->octets, head, sizeof(head));
	text_add(&held->octets, entry->key.data, entry->key.size);
	text_add(&held->octets, entry->value.data, entry->value.size);
	held->count++;
	if (held->octets.failed)
		return -ENOMEM;

	/* the octets may have moved */
	size_t at = 0;
	for (size_t i = 0; i < held->count; i++) {
		struct pack_entry *e = &held->entry[i];

		pack_head_read((const uint8_t *)held->octets.data + at, e);
		at += PACK_HEAD + e->key.size + e->value.size;
	}
	return 0;
}

static void held_reset(struct held *held)
{
	held->count = 0;
	text_reset(&held->octets);
}

/* Writes an entry to the run that is open. */
static int write_entry(void *arg, const struct pack_entry *entry)
{
	struct stream *s = arg;

	return pack_file_add(&s->file, entry);
}

static int write_held(struct stream *s)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < s->held.count; i++)
		err = write_entry(s, &s->held.entry[i]);
	held_reset(&s->held);
	if (s->runs > 0)
		s->run[s->runs - 1].end = s->file.size;
	return err;
}

static int run_begin(struct stream *s)
{
	int err = write_held(s);

	if (err != 0)
		return err;
	if (s->runs == s->room) {
		size_t room = s->room * 2 + 16;
		struct pack_run *grown = reallocarray(s->run, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		s->run = grown;
		s->room = room;
	}
	s->run[s->runs++] = (struct pack_run){ s->file.size, s->file.size };
	return 0;
}

/* Unites the group that is held with what the next batch has of it. */
static int unite_held(struct stream *s)
{
	int err = pack_unite(&s->pack->unite, s->held.entry, s->held.count, hold, &s->next);
	struct held done = s->held;

	s->held = s->next;
	s->next = done;
	held_reset(&s->next);
	return err;
}

/* Takes entries first to last of the batch, which all belong to this stream. */
static int stream_add(struct stream *s, const struct pack_batch *batch, size_t first, size_t last)
{
	struct pack_entry entry;
	size_t before = s->held.count;
	int err = 0;

	if (first == last)
		return 0;
	pack_batch_at(batch, first, &entry);
	if (before == 0 || pack_compare(pack_group(&entry), pack_group(&s->held.entry[0])) < 0) {
		err = run_begin(s);
		before = 0;
	}
	for (size_t i = first; err == 0 && i < last; i++) {
		pack_batch_at(batch, i, &entry);
		if (s->held.count > 0 && !pack_same_group(&entry, &s->held.entry[0])) {
			if (before > 0 && s->held.count > before)
				err = unite_held(s);
			before = 0;
			if (err == 0)
				err = write_held(s);
		}
		if (err == 0)
			err = hold(&s->held, &entry);
	}
	return err == 0 && before > 0 && s->held.count > before ? unite_held(s) : err;
}

int pack_add(struct pack *pack, struct pack_batch *batch)
{
	struct pack_entry entry;
	size_t plain = 0, all;

	while (pack_batch_at(batch, plain, &entry) && !pack_is_number(&entry))
		plain++;
	for (all = plain; pack_batch_at(batch, all, &entry);)
		all++;
	pack->cuts = pack->cuts || pack_batch_cuts(batch);

	int err = stream_add(&pack->stream[0], batch, 0, plain);
	return err == 0 ? stream_add(&pack->stream[1], batch, plain, all) : err;
}

/* Merges runs that follow each other, so many at once, into another file. */
static int merge_runs(struct stream *s)
{
	struct pack_file from = s->file;
	struct pack_run *run = s->run;
	size_t runs = s->runs;
	int err = pack_file_make(&s->file, s->pack->folder);

	if (err != 0) {
		s->file = from;
		return err;
	}
	s->run = NULL;
	s->runs = 0;
	s->room = 0;
	for (size_t i = 0; err == 0 && i < runs; i += RUNS_AT_ONCE) {
		size_t count = runs - i < RUNS_AT_ONCE ? runs - i : RUNS_AT_ONCE;

		err = run_begin(s);
		if (err == 0)
			err = pack_merge(&s->pack->unite, from.fd, run + i, count, write_entry, s);
		if (err == 0)
			err = write_held(s);
	}
	if (err == 0)
		err = pack_file_flush(&s->file);
	pack_file_done(&from);
	free(run);
	return err;
}

static int stream_end(struct stream *s)
{
	int err = write_held(s);

	if (err == 0)
		err = pack_file_flush(&s->file);
	while (err == 0 && s->runs > 1)
		err = merge_runs(s);
	return err;
}

int pack_end(struct pack *pack, struct pack_result *ret)
{
	struct pack_result result = { .cuts = pack->cuts };
	int err = 0;

	for (size_t i = 0; err == 0 && i < PACK_FILES; i++) {
		err = stream_end(&pack->stream[i]);
		result.fd[i] = pack->stream[i].file.fd;
		result.size[i] = (uint64_t)pack->stream[i].file.size;
	}
	if (err == 0)
		*ret = result;
	return err;
}
