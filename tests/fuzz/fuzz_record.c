/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A type and any octets as its RDATA: they print, and read back as the same octets where they
 * are valid.
 */
#include <stdlib.h>

#include "dns/rdata.h"
#include "dns/record.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const knot_dname_t root[] = "";
	struct arena arena = { 0 };
	struct text text = { 0 };
	struct slice again;
	const char *why;

	if (size < 2 || size > 4096)
		return 0;
	uint16_t type = (uint16_t)(data[0] << 8 | data[1]);
	struct slice rdata = slice_make(data + 2, size - 2);

	if (rdata_format(&text, type, rdata) != 0)
		abort();
	if (rdata_valid(type, rdata) && !knot_rrtype_is_metatype(type) &&
	    type != KNOT_RRTYPE_NULL &&
	    (rdata_parse(&arena, &again, root, type, text_get(&text), &why) != 0 ||
	     !slice_equal(again, rdata)))
		abort();
	text_done(&text);
	arena_done(&arena);
	return 0;
}
