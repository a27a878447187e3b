/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_AVOID_H
#define RESOLVE_AVOID_H

#include <stddef.h>
#include <stdint.h>

#include "onnet/resolve.h"

enum { AVOID_MAX = 1024 }; /* endpoints; the one that would be forgotten soonest makes room */

/* The failure memory of a resolver: endpoints to try last or not at all, each for some time. */
struct avoid;

int avoid_new(struct avoid **ret);
void avoid_free(struct avoid *avoid);

/* From now_ms for so long; for_ms 0: until cleared. ONNET_MARK_NONE forgets it. -ENOMEM */
int avoid_mark(struct avoid *avoid, const struct onnet_endpoint *endpoint, enum onnet_mark mark,
	       int64_t now_ms, int64_t for_ms);

enum onnet_mark avoid_find(const struct avoid *avoid, const struct onnet_endpoint *endpoint,
			   int64_t now_ms);

/* As onnet_target_list(). */
size_t avoid_list(const struct avoid *avoid, int64_t now_ms, struct onnet_marked *ret, size_t room);

void avoid_clear(struct avoid *avoid);

#endif
