/* SPDX-License-Identifier: MIT */
/*
 * Any octets as the RDATA of a NAPTR record, with a subject in front of it: one length octet, then
 * the subject. What is read is written back the same; what passes the check can be applied; what
 * can be told as a URI is built again and does the same to the subject.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/reader.h"
#include "fuzz/fuzz.h"
#include "tel/expression.h"
#include "tel/naptr.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void write_back(const struct naptr *n, struct slice rdata)
{
	uint8_t buffer[4 + 3 * 256 + 255];
	struct writer w = write_begin(buffer, sizeof(buffer));

	require(naptr_write(&w, n) == 0);
	require(slice_equal(slice_make(buffer, write_size(&w)), rdata));
}

/* Another expression for the same URI: where it matches, it gives the same result. */
static void build_again(struct slice regexp, struct slice subject, const struct text *result)
{
	struct text uri = { 0 };
	struct text built = { 0 };
	struct text again = { 0 };
	const char *why = NULL;

	if (expression_describe(regexp, &uri) == 0 && uri.size > 0 &&
	    memchr(uri.data, '\0', uri.size) == NULL &&
	    expression_build(&built, text_get(&uri), &why) == 0) {
		require(expression_check(slice_make(built.data, built.size), &why) == 0);
		require(expression_apply(slice_make(built.data, built.size), subject, &again) == 0);
		if (subject.size > 1 && subject.data[0] == '+')
			require(slice_equal(slice_make(again.data, again.size),
					    slice_make(result->data, result->size)));
	}
	text_done(&uri);
	text_done(&built);
	text_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = read_begin(data, size);
	struct slice subject = read_string(&r);
	struct slice rdata = read_bytes(&r, read_left(&r));
	struct text result = { 0 };
	const char *why = NULL;
	struct naptr n;

	if (naptr_read(rdata, &n) < 0)
		return 0;
	write_back(&n, rdata);

	int checked = naptr_check(&n, &why);
	require(checked == 0 || (checked == -EINVAL && why != NULL && why[0] != '\0'));

	bool sound = n.regexp.size > 0 && expression_check(n.regexp, &why) == 0;
	require(checked < 0 || n.regexp.size == 0 || sound);
	int err = expression_apply(n.regexp, subject, &result);
	require(sound ? err == 0 || err == -ENOENT : err == -EINVAL);
	if (err == 0)
		build_again(n.regexp, subject, &result);
	text_done(&result);
	return 0;
}
