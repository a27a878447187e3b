/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone from a file of any size. One thread reads the file and cuts it into parts; others turn
 * parts into packed names, as many at once as there are cores; and the first one puts these
 * together in the order of the file. A small file is one part, and no thread is started for it.
 */
#include "zone/import.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "zone/import_batch.h"

enum { THREADS_MAX = 16, PARTS_MAX = 2 * THREADS_MAX };

enum part_state { PART_FREE, PART_READ, PART_TAKEN, PART_DONE };

struct part {
	enum part_state state;
	int err;
	struct import_batch batch;
};

struct packing {
	const struct import_source *source;
	struct import_reader *reader;
	struct pack *pack;
	struct import_batch whole; /* takes what is found out when parts are put together */
	struct part part[PARTS_MAX];
	size_t parts;        /* in use */
	size_t first, count; /* a ring: parts that are read and not yet put together */
	uint64_t records;
	size_t faults;
	bool soa, ns;

	pthread_mutex_t lock;
	pthread_cond_t moved; /* a part's state, or over */
	pthread_t thread[THREADS_MAX];
	size_t threads;
	bool over;
};

/* The next part that waits for a thread; NULL: none does. */
static struct part *find_read(struct packing *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct part *part = &p->part[(p->first + i) % p->parts];

		if (part->state == PART_READ)
			return part;
	}
	return NULL;
}

static void *work(void *arg)
{
	struct packing *p = arg;
	struct part *part;

	pthread_mutex_lock(&p->lock);
	while (!p->over) {
		part = find_read(p);
		if (part == NULL) {
			pthread_cond_wait(&p->moved, &p->lock);
			continue;
		}
		part->state = PART_TAKEN;
		pthread_mutex_unlock(&p->lock);
		part->err = import_batch_run(&part->batch);
		pthread_mutex_lock(&p->lock);
		part->state = PART_DONE;
		pthread_cond_broadcast(&p->moved);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start_threads(struct packing *p)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = p->source->threads > 0 ? p->source->threads : cores > 0 ? (size_t)cores : 1;

	wanted = wanted < THREADS_MAX ? wanted : THREADS_MAX;
	for (; p->threads < wanted; p->threads++) {
		int err = pthread_create(&p->thread[p->threads], NULL, work, p);

		if (err != 0)
			return p->threads > 0 ? 0 : -err;
	}
	return 0;
}

static void stop_threads(struct packing *p)
{
	pthread_mutex_lock(&p->lock);
	p->over = true;
	pthread_cond_broadcast(&p->moved);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	p->threads = 0;
}

static void take_faults(struct packing *p, struct import_batch *batch, struct text *fault)
{
	const char *line = text_get(&batch->fault);

	for (const char *end; p->faults < IMPORT_FAULTS_MAX && (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		text_add(fault, line, (size_t)(end + 1 - line));
		p->faults++;
		batch->faults--;
	}
	p->faults += batch->faults;
	batch->faults = 0;
	text_reset(&batch->fault);
}

static void show_progress(struct packing *p)
{
	struct import_progress progress = { .records = p->records };

	if (p->source->progress == NULL)
		return;
	import_reader_progress(p->reader, &progress);
	p->source->progress(&progress, p->source->arg);
}

/* Puts the oldest part, which is done, to those before it. */
static int put_together(struct packing *p, struct part *part, struct text *fault)
{
	struct import_batch *batch = &part->batch;
	int err = part->err;

	p->soa = p->soa || batch->soa;
	p->ns = p->ns || batch->ns;
	p->records += batch->records;
	take_faults(p, batch, fault);
	if (err == 0 && p->faults == 0)
		err = pack_add(p->pack, batch->pack);
	take_faults(p, &p->whole, fault);
	show_progress(p);
	return err;
}

/* Waits for the oldest part. */
static int end_part(struct packing *p, struct text *fault)
{
	struct part *part = &p->part[p->first];

	pthread_mutex_lock(&p->lock);
	while (part->state != PART_DONE)
		pthread_cond_wait(&p->moved, &p->lock);
	part->state = PART_FREE;
	p->first = (p->first + 1) % p->parts;
	p->count--;
	pthread_mutex_unlock(&p->lock);
	return put_together(p, part, fault);
}

/* Whether the oldest part is done, so that nobody has to be waited for. */
static bool is_done(struct packing *p)
{
	pthread_mutex_lock(&p->lock);
	bool done = p->count > 0 && p->part[p->first].state == PART_DONE;
	pthread_mutex_unlock(&p->lock);
	return done;
}

static int init_part(struct packing *p, size_t index)
{
	if (p->part[index].batch.source != NULL)
		return 0;
	return import_batch_init(&p->part[index].batch, p->source);
}

static void hand_over(struct packing *p, size_t index)
{
	pthread_mutex_lock(&p->lock);
	p->part[index].state = PART_READ;
	p->count++;
	pthread_cond_broadcast(&p->moved);
	pthread_mutex_unlock(&p->lock);
}

/* All parts from the second on. */
static int pack_parts(struct packing *p, struct text *fault)
{
	int there = 1, err = start_threads(p);

	p->parts = 2 * p->threads;
	while (err == 0 && (there > 0 || p->count > 0)) {
		size_t next = (p->first + p->count) % p->parts;

		if (there == 0 || p->count == p->parts || is_done(p)) {
			err = end_part(p, fault);
			continue;
		}
		err = init_part(p, next);
		if (err == 0)
			there = import_reader_next(p->reader, &p->part[next].batch, fault);
		if (err == 0 && there > 0)
			hand_over(p, next);
		if (err == 0 && there < 0)
			err = there;
	}
	stop_threads(p);
	return err;
}

static int pack_file(struct packing *p, struct text *fault)
{
	struct part *first = &p->part[0];
	int err = init_part(p, 0);
	int there = err == 0 ? import_reader_next(p->reader, &first->batch, fault) : err;

	if (there > 0) {
		first->err = import_batch_run(&first->batch);
		err = put_together(p, first, fault);
	}
	if (there <= 0 || err != 0)
		return there < 0 ? there : err;
	return pack_parts(p, fault);
}

static int finish(struct packing *p, struct pack_result *packed, struct text *fault)
{
	const char *name = p->whole.name;
	bool master = !p->source->form->numbers_only;
	int err = p->faults == 0 ? pack_end(p->pack, packed) : 0;

	take_faults(p, &p->whole, fault);
	if (err == 0 && p->faults > 0)
		err = -EINVAL;
	if (err == 0 && !master && p->records == 0) {
		text_printf(fault, "%s: there is no number in it\n", name);
		err = -EINVAL;
	} else if (err == 0 && master && !p->soa) {
		text_printf(fault, "%s: the zone has no SOA record\n", name);
		err = -EINVAL;
	} else if (err == 0 && master && !p->ns) {
		text_printf(fault, "%s: the zone has no NS record at its own name\n", name);
		err = -EINVAL;
	}
	return err;
}

static int packing_init(struct packing *p, const struct import_source *source, struct text *fault)
{
	p->source = source;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->moved, NULL);

	int err = import_batch_init(&p->whole, source);
	if (err == 0)
		err = import_reader_new(&p->reader, source, fault);
	return err == 0 ? pack_new(&p->pack, source->folder, &p->whole.rules) : err;
}

static void packing_done(struct packing *p)
{
	for (size_t i = 0; i < PARTS_MAX; i++)
		import_batch_done(&p->part[i].batch);
	import_batch_done(&p->whole);
	import_reader_free(p->reader);
	pthread_cond_destroy(&p->moved);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int import_pack(struct pack **ret, struct pack_result *packed, const struct import_source *source,
		uint64_t *records, struct text *fault)
{
	struct packing *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;

	int err = packing_init(p, source, fault);
	if (err == 0)
		err = pack_file(p, fault);
	if (err == 0)
		err = finish(p, packed, fault);
	if (err != 0 && fault->size == 0)
		text_printf(fault, "%s: %s\n", p->whole.name, strerror(-err));
	if (p->faults > IMPORT_FAULTS_MAX)
		text_printf(fault, "%s: and %zu more\n", p->whole.name,
			    p->faults - IMPORT_FAULTS_MAX);
	if (err == 0) {
		*ret = p->pack;
		if (records != NULL)
			*records = p->records;
	} else {
		pack_free(p->pack);
	}
	packing_done(p);
	return err;
}
