/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many runs become one: a heap of readers, that with the least key on top. What several runs have of
 * one name or block is gathered, in the order of the runs, which is the order of the input, and united.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/pack_run.h"

enum { READ_ROOM = 1 << 16 };

struct source {
	struct pack_reader reader;
	struct pack_entry entry;
	size_t index;
};

/* Entries of one group that several runs have; copies. */
struct gathered {
	struct pack_entry *entry;
	size_t *index; /* of its run */
	size_t count, room;
	struct arena arena;
};

struct merge {
	struct source *source;
	struct source **heap;
	size_t count; /* in the heap */
	struct gathered gathered;
};

static bool comes_before(const struct source *a, const struct source *b)
{
	int order = pack_compare(a->entry.key, b->entry.key);

	return order != 0 ? order < 0 : a->index < b->index;
}

static void sift_down(struct merge *m, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < m->count; child++)
			if (comes_before(m->heap[child], m->heap[least]))
				least = child;
		if (least == at)
			return;

		struct source *moved = m->heap[at];
		m->heap[at] = m->heap[least];
		m->heap[least] = moved;
		at = least;
	}
}

/* Moves the topmost reader on. */
static int step(struct merge *m)
{
	struct source *top = m->heap[0];
	int there = pack_reader_next(&top->reader, &top->entry);

	if (there < 0)
		return there;
	if (there == 0)
		m->heap[0] = m->heap[--m->count];
	sift_down(m, 0);
	return 0;
}

static int gather(struct gathered *g, const struct source *source)
{
	const struct pack_entry *entry = &source->entry;

	if (g->count == g->room) {
		size_t room = g->room * 2 + 16;
		struct pack_entry *entries = reallocarray(g->entry, room, sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		g->entry = entries;

		size_t *index = reallocarray(g->index, room, sizeof(*index));
		if (index == NULL)
			return -ENOMEM;
		g->index = index;
		g->room = room;
	}

	uint8_t *key = arena_copy(&g->arena, entry->key.data, entry->key.size);
	uint8_t *value = arena_copy(&g->arena, entry->value.data, entry->value.size);
	if (key == NULL || value == NULL)
		return -ENOMEM;

	size_t at = g->count++;
	for (; at > 0 && g->index[at - 1] > source->index; at--) {
		g->entry[at] = g->entry[at - 1];
		g->index[at] = g->index[at - 1];
	}
	g->entry[at] = (struct pack_entry){ .key = slice_make(key, entry->key.size),
					    .value = slice_make(value, entry->value.size) };
	g->index[at] = source->index;
	return 0;
}

/* The next group. One run's entries go on as they are. */
static int merge_group(struct merge *m, struct pack_union *u, pack_emit *emit, void *arg)
{
	struct gathered *g = &m->gathered;
	int err = 0;

	g->count = 0;
	arena_reset(&g->arena);
	do {
		err = gather(g, m->heap[0]);
		if (err == 0)
			err = step(m);
	} while (err == 0 && m->count > 0 && pack_same_group(&m->heap[0]->entry, &g->entry[0]));
	if (err == 0 && g->index[0] != g->index[g->count - 1])
		return pack_unite(u, g->entry, g->count, emit, arg);
	for (size_t i = 0; err == 0 && i < g->count; i++)
		err = emit(arg, &g->entry[i]);
	return err;
}

static int merge_begin(struct merge *m, int fd, const struct pack_run *run, size_t count)
{
	int there = 0;

	m->source = calloc(count, sizeof(*m->source));
	m->heap = calloc(count, sizeof(struct source *));
	if (m->source == NULL || m->heap == NULL)
		return -ENOMEM;
	for (size_t i = 0; there >= 0 && i < count; i++) {
		struct source *source = &m->source[i];

		source->index = i;
		pack_reader_begin(&source->reader, fd, run[i], READ_ROOM);
		there = pack_reader_next(&source->reader, &source->entry);
		if (there > 0)
			m->heap[m->count++] = source;
	}
	for (size_t i = m->count; i > 0; i--)
		sift_down(m, i - 1);
	return there < 0 ? there : 0;
}

int pack_merge(struct pack_union *u, int fd, const struct pack_run *run, size_t count,
	       pack_emit *emit, void *arg)
{
	struct merge m = { 0 };
	int err = merge_begin(&m, fd, run, count);

	while (err == 0 && m.count > 0)
		err = merge_group(&m, u, emit, arg);
	for (size_t i = 0; m.source != NULL && i < count; i++)
		pack_reader_done(&m.source[i].reader);
	free(m.source);
	free(m.heap);
	free(m.gathered.entry);
	free(m.gathered.index);
	arena_done(&m.gathered.arena);
	return err;
}
