/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_SETTINGS_H
#define RESOLVE_SETTINGS_H

#include "base/arena.h"
#include "onnet/resolve.h"

/* A copy, with all that it points to, in the arena. options NULL: all zeros. -ENOMEM */
int settings_copy(struct onnet_resolver_options *ret, const struct onnet_resolver_options *options,
		  struct arena *arena);

#endif
