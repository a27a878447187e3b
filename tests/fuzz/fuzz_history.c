/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as an entry of the change log, and as what a server sends of one: what comes out lies within
 * them, and questions, heads and ends come out as they were when they are written again.
 */
#include <stdlib.h>
#include <string.h>

#include "dns/audit.h"
#include "fuzz/fuzz.h"
#include "zone/history.h"

static void need(int good)
{
	if (!good)
		abort();
}

static void side_walk(struct slice side)
{
	struct record r;
	size_t offset = 0, before = 0;

	while (audit_record_read(&r, side, &offset) > 0) {
		need(offset > before && offset <= side.size);
		need(r.rdata.data + r.rdata.size <= side.data + side.size);
		need(knot_dname_size(r.owner) <= KNOT_DNAME_MAXLEN);
		before = offset;
	}
}

static void entry_try(struct slice octets)
{
	struct history history;

	if (history_read(octets, &history) != 0)
		return;
	need(history.kind <= HISTORY_NUMBERS);
	need(history.kind == HISTORY_CHANGE || history.removed.size + history.added.size == 0);
	side_walk(history.removed);
	side_walk(history.added);
}

static void question_try(struct slice octets)
{
	uint8_t again[AUDIT_QUESTION_MAX];
	struct audit_question question;

	if (audit_question_read(&question, octets) != 0)
		return;
	need(audit_question_write(again, &question) == octets.size);
	need(memcmp(again + 2, octets.data + 2, octets.size - 2) == 0);
}

static void answer_try(struct slice octets)
{
	uint8_t head_again[AUDIT_HEAD_MAX], end_again[AUDIT_END_SIZE];
	struct audit_head head;
	struct audit_end end;

	if (audit_head_read(&head, octets) == 0) {
		need(audit_head_write(head_again, &head) == octets.size + 1);
		need(memcmp(head_again + 1, octets.data, octets.size) == 0);
	}
	if (audit_end_read(&end, octets) == 0)
		need(audit_end_write(end_again, &end) == octets.size + 1);
	side_walk(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of its own size in memory, so that reading past its end shows */
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(copy, data, size);
	entry_try(slice_make(copy, size));
	question_try(slice_make(copy, size));
	answer_try(slice_make(copy, size));
	free(copy);
	return 0;
}
