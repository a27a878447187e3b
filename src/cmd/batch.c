/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bulk updates. A ring of batches: one is being filled, those before it are in flight on one TCP
 * connection. An update is atomic (RFC 2136 3.4), a stream of them is not, and the server may
 * take them in any order (RFC 7766 6.2.1.1); so a step that depends on an earlier one in another
 * batch waits until that has been answered.
 *
 * The server says yes or no to a whole update. A no is narrowed down: halves, quarters, until a
 * single step is left to blame. Where the very first ones all fail, nothing will ever go through,
 * and it ends there.
 */
#include "cmd/batch.h"

#include <errno.h>
#include <stdlib.h>

enum {
	WINDOW = 8,           /* updates in flight */
	RING = WINDOW + 1,    /* and the one that is being filled */
	HOPELESS = 10,        /* steps refused with none taken before it ends */
	RECORD_OVERHEAD = 12, /* type, class, TTL, RDLENGTH, pointer to the zone */
};

struct step {
	size_t first, count; /* of the batch's changes */
	uint64_t line, lines;
	const char *number;
};

enum batch_state { BATCH_FILLING, BATCH_SENT, BATCH_DONE, BATCH_REFUSED, BATCH_LOST };

struct batch {
	enum batch_state state;
	struct arena arena;
	struct changes changes;
	struct step *step;
	size_t steps, room;
	struct client_update *update;
	bool alone; /* nothing may be in flight when it is sent */
	bool fatal; /* the refusal is no matter of single steps */
	int err;    /* of a lost one */
	struct text why;
};

struct batches {
	struct session *session;
	const knot_dname_t *zone;
	struct batch_options options;
	struct client *client;
	struct client_stream *stream;
	struct batch ring[RING];
	uint32_t filling; /* number of the batch that is being filled; it lies at filling % RING */
	uint32_t settled; /* all up to this number are settled */
	struct batch_totals totals;
	unsigned blamed; /* steps refused while nothing has been taken */
	int code;        /* sticky: why it ended */
};

static uint64_t lines_of(const struct batch *batch, size_t first, size_t count)
{
	uint64_t lines = 0;

	for (size_t i = first; i < first + count; i++)
		lines += batch->step[i].lines;
	return lines;
}

static struct batch *batch_at(struct batches *b, uint32_t number)
{
	return &b->ring[number % RING];
}

static int out_of_memory(struct batches *b)
{
	return b->code = command_fail(EXIT_INTERNAL, "out of memory");
}

static void batch_reset(struct batch *batch)
{
	batch->state = BATCH_FILLING;
	arena_reset(&batch->arena);
	batch->changes = (struct changes){ .arena = &batch->arena };
	batch->steps = 0;
	batch->alone = false;
	batch->fatal = false;
	text_reset(&batch->why);
	if (batch->update != NULL)
		client_update_reset(batch->update);
}

/* What the key or the zone is refused for, no step can mend (RFC 2136 2.2, RFC 8945 3). */
static bool rcode_is_fatal(uint16_t rcode)
{
	return rcode == KNOT_RCODE_NOTAUTH || rcode == KNOT_RCODE_NOTZONE ||
	       rcode == KNOT_RCODE_NOTIMPL || rcode == KNOT_RCODE_BADSIG ||
	       rcode == KNOT_RCODE_BADKEY || rcode == KNOT_RCODE_BADTIME ||
	       rcode == KNOT_RCODE_BADTRUNC;
}

static void take_result(uint64_t tag, int err, const struct client_answer *answer, void *arg)
{
	struct batches *b = arg;
	struct batch *batch = batch_at(b, (uint32_t)tag);

	if (err < 0) {
		batch->state = BATCH_LOST;
		batch->err = err;
	} else if (answer->rcode == KNOT_RCODE_NOERROR) {
		batch->state = BATCH_DONE;
	} else {
		batch->state = BATCH_REFUSED;
		batch->fatal = rcode_is_fatal(answer->rcode);
		client_refusal(&batch->why, b->client, answer);
	}
}

int batches_new(struct batches **ret, struct session *s, const knot_dname_t *zone,
		const struct batch_options *options)
{
	static const struct client_stream_handler handler = { .result = take_result };
	struct batches *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	b->session = s;
	b->zone = zone;
	b->options = *options;
	b->filling = 1;
	for (size_t i = 0; i < RING; i++) {
		batch_reset(&b->ring[i]);
		if (client_update_new(&b->ring[i].update, zone, options->limit) < 0) {
			batches_free(b);
			return command_fail(EXIT_INTERNAL, "out of memory");
		}
	}
	if (!s->print) {
		int code = session_client(s, zone, &b->client);
		int err = code != 0 ? 0 :
				      client_stream_new(&b->stream, b->client, WINDOW, &handler, b);

		if (err < 0)
			code = session_failed(s, err);
		if (code != 0) {
			batches_free(b);
			return code;
		}
	}
	*ret = b;
	return 0;
}

void batches_free(struct batches *b)
{
	if (b == NULL)
		return;
	if (b->stream != NULL)
		client_stream_free(b->stream);
	for (size_t i = 0; i < RING; i++) {
		client_update_free(b->ring[i].update);
		arena_done(&b->ring[i].arena);
		text_done(&b->ring[i].why);
		free(b->ring[i].step);
	}
	free(b);
}

/* Fills the batch's update with some of its steps; they fit, since all of them did. */
static int fill_update(struct batch *batch, size_t first, size_t count)
{
	client_update_reset(batch->update);
	for (size_t i = first; i < first + count; i++)
		for (size_t k = 0; k < batch->step[i].count; k++) {
			int err = client_update_change(
				batch->update, &batch->changes.at[batch->step[i].first + k]);

			if (err < 0)
				return err;
		}
	return 0;
}

/*
 * One update outside the stream, which is empty then. 1: done, 0: refused, and why; else an exit.
 */
static int send_some(struct batches *b, struct batch *batch, size_t first, size_t count)
{
	struct client_answer answer;

	if (fill_update(batch, first, count) < 0) {
		out_of_memory(b);
		return -1;
	}
	struct slice message = client_update_message(batch->update);
	int err = client_exchange(b->client, &answer, message.data, message.size);
	if (err < 0) {
		b->code = session_failed(b->session, err);
		return -1;
	}
	if (answer.rcode == KNOT_RCODE_NOERROR)
		return 1;
	text_reset(&batch->why);
	client_refusal(&batch->why, b->client, &answer);
	return 0;
}

/*
 * A refused run of steps: the one to blame, or both halves again. Its depth is that of the
 * halving.
 */
static void narrow(struct batches *b, struct batch *batch, size_t first, size_t count)
{
	if (count == 1) {
		const struct step *step = &batch->step[first];

		b->options.refused(step->line, step->number, text_get(&batch->why), b->options.arg);
		b->totals.refused += step->lines;
		if (b->totals.done == 0 && ++b->blamed >= HOPELESS)
			b->code = command_fail(EXIT_REFUSED, "the server takes nothing of this");
		return;
	}

	size_t half = count / 2;
	const size_t part[2][2] = { { first, half }, { first + half, count - half } };
	for (size_t i = 0; i < 2 && b->code == 0; i++) {
		int sent = send_some(b, batch, part[i][0], part[i][1]);

		if (sent == 1)
			b->totals.done += lines_of(batch, part[i][0], part[i][1]);
		else if (sent == 0)
			narrow(b, batch, part[i][0], part[i][1]);
	}
}

static void settle_refused(struct batches *b, struct batch *batch)
{
	if (batch->fatal || b->options.stop_at_refusal) {
		b->code = command_fail(EXIT_REFUSED, "%s", text_get(&batch->why));
		return;
	}
	narrow(b, batch, 0, batch->steps);
}

/* Deals with the batches that have a result, oldest first. */
static void settle(struct batches *b)
{
	while (b->code == 0 && b->settled + 1 < b->filling) {
		struct batch *batch = batch_at(b, b->settled + 1);

		if (batch->state == BATCH_SENT)
			break;
		if (batch->state == BATCH_REFUSED) {
			/* Others first: one connection, one answer at a time. */
			(void)client_stream_flush(b->stream);
			settle_refused(b, batch);
		} else if (batch->state == BATCH_DONE) {
			b->totals.done += lines_of(batch, 0, batch->steps);
		} else if (batch->state == BATCH_LOST) {
			b->code = session_failed(b->session, batch->err);
		}
		if (b->code != 0)
			break;
		b->settled++;
		batch_reset(batch);
	}
}

/* --print: the same, for nsupdate. */
static int print_batch(struct batches *b, const struct batch *batch)
{
	int code = session_update_begin(b->session, b->zone);

	for (size_t i = 0; code == 0 && i < batch->changes.count; i++)
		code = session_update_change(b->session, &batch->changes.at[i]);
	return code == 0 ? session_update_send(b->session) : code;
}

static int wait_for_all(struct batches *b)
{
	int err = client_stream_flush(b->stream);

	settle(b);
	if (err < 0 && b->code == 0)
		b->code = session_failed(b->session, err);
	return b->code;
}

/* Sends the batch that is being filled, and begins the next one. */
static int ship(struct batches *b)
{
	struct batch *batch = batch_at(b, b->filling);
	int err = 0;

	if (batch->steps == 0)
		return 0;
	if (b->session->print) {
		b->code = print_batch(b, batch);
		if (b->code != 0)
			return b->code;
		b->totals.done += lines_of(batch, 0, batch->steps);
		batch_reset(batch);
		b->settled = b->filling++;
		return 0;
	}
	if (batch->alone && wait_for_all(b) != 0)
		return b->code;
	batch->state = BATCH_SENT;
	b->filling++;
	struct slice message = client_update_message(batch->update);
	if (message.data == NULL)
		return out_of_memory(b);
	err = client_stream_send(b->stream, message, b->filling - 1);
	settle(b);
	if (err < 0 && b->code == 0)
		b->code = session_failed(b->session, err);

	/*
	 * With the window full there is one free slot in the ring; a refusal may have left more
	 * to do.
	 */
	while (b->code == 0 && b->filling - b->settled > RING)
		wait_for_all(b);
	return b->code;
}

static size_t changes_size(const struct changes *changes)
{
	size_t size = 0;

	for (size_t i = 0; i < changes->count; i++)
		size += knot_dname_size(changes->at[i].owner) + RECORD_OVERHEAD +
			changes->at[i].rdata.size;
	return size;
}

static int step_put(struct batch *batch, const struct changes *changes, uint64_t line,
		    const char *number)
{
	if (batch->steps == batch->room) {
		size_t room = batch->room * 2 + 64;
		struct step *step = realloc(batch->step, room * sizeof(*step));

		if (step == NULL)
			return -ENOMEM;
		batch->step = step;
		batch->room = room;
	}
	struct step step = {
		.first = batch->changes.count,
		.count = changes->count,
		.line = line,
		.number = arena_text(&batch->arena, number),
	};
	for (size_t i = 0; i < changes->count; i++) {
		struct record r = changes->at[i];

		r.owner = arena_copy(&batch->arena, r.owner, knot_dname_size(r.owner));
		if (r.rdata.data != NULL)
			r.rdata.data = arena_copy(&batch->arena, r.rdata.data, r.rdata.size);
		if (r.owner == NULL || (r.rdata.data == NULL && r.rclass != KNOT_CLASS_ANY))
			return -ENOMEM;
		changes_put(&batch->changes, &r);
		step.lines += r.rclass == KNOT_CLASS_IN;
		int err = client_update_change(batch->update, &r);
		if (err < 0)
			return err;
	}
	if (step.number == NULL || batch->changes.failed)
		return -ENOMEM;
	batch->step[batch->steps++] = step;
	return 0;
}

int batch_step(struct batches *b, const struct changes *changes, uint64_t line, const char *number,
	       uint32_t after)
{
	struct batch *batch = batch_at(b, b->filling);
	size_t limit = b->options.limit != 0 ? b->options.limit : 60000;
	size_t size = changes_size(changes);

	if (b->code != 0)
		return b->code;
	if (client_update_size(batch->update) + size > limit && batch->steps > 0) {
		if (ship(b) != 0)
			return b->code;
		batch = batch_at(b, b->filling);
	}
	if (client_update_size(batch->update) + size > limit)
		return EXIT_INPUT;
	if (after > b->settled && after != b->filling)
		batch->alone = true;
	return step_put(batch, changes, line, number) < 0 ? out_of_memory(b) : 0;
}

uint32_t batch_current(const struct batches *b)
{
	return b->filling;
}

int batches_flush(struct batches *b)
{
	if (b->code != 0)
		return b->code;
	if (ship(b) != 0 || b->session->print)
		return b->code;
	while (b->code == 0 && b->settled + 1 < b->filling)
		wait_for_all(b);
	return b->code;
}

uint64_t batches_unsettled(const struct batches *b)
{
	for (uint32_t number = b->settled + 1; number <= b->filling; number++) {
		const struct batch *batch = &b->ring[number % RING];

		if (batch->steps > 0)
			return batch->step[0].line;
	}
	return UINT64_MAX;
}

struct batch_totals batches_totals(const struct batches *b)
{
	return b->totals;
}
