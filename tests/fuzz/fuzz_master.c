/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a master file: what is read as a record prints, and reads back as the same
 * octets.
 */
#include <stdlib.h>

#include "dns/master.h"
#include "fuzz/fuzz.h"

static const knot_dname_t zone[] = "\7example\3net";

struct again {
	struct arena arena;
	unsigned left;
};

static int check_record(const struct record *r, const struct master_place *place, void *arg)
{
	struct again *again = arg;
	struct text text = { 0 };
	struct slice rdata;
	const char *why;

	(void)place;
	if (rdata_format(&text, r->type, r->rdata) != 0)
		abort();
	if (rdata_parse(&again->arena, &rdata, zone, r->type, text_get(&text), &why) != 0 ||
	    !slice_equal(rdata, r->rdata))
		abort();
	text_reset(&text);
	name_format(&text, r->owner);
	const knot_dname_t *owner = name_parse(&again->arena, zone, text_get(&text));
	if (owner == NULL || !knot_dname_is_equal(owner, r->owner))
		abort();
	text_done(&text);
	return --again->left == 0; /* reading back is slow, a few tell as much as many */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct master_handler handler = { check_record, NULL };
	struct again again = { .left = 8 };

	if (memmem(data, size, "NCLUDE", 6) != NULL || memmem(data, size, "nclude", 6) != NULL)
		return 0; /* no reading of this machine's files */
	master_read_text(slice_make(data, size), "fuzz", zone, 60, &handler, &again);
	arena_done(&again.arena);
	return 0;
}
