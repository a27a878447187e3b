/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_COMPACT_H
#define STORE_COMPACT_H

#include <stdint.h>

#include "base/text.h"

/* Sizes of the data file, in octets. */
struct store_compact {
	uint64_t before, after;
};

/*
 * Writes the data file of the store in the folder path anew, without its free pages. No process
 * may have the store open: -EBUSY. On failure the store is as it was, and a sentence is added to fault. What a
 * crash leaves is the old file or the new one, whole.
 */
int store_compact(const char *path, struct store_compact *ret, struct text *fault);

#endif
