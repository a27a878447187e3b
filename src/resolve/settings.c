/* SPDX-License-Identifier: MIT */
/*
 * What a resolver was made with, kept: the caller's copy is gone after onnet_resolver_new(), but a
 * look-up without options of its own needs those of the resolver, and a change of the system's
 * resolvers needs all of it again.
 */
#include <errno.h>

#include "resolve/settings.h"

/* A list of texts that ends in NULL; NULL stays NULL. */
static int list_copy(const char *const **list, struct arena *arena)
{
	const char *const *from = *list;
	const char **copy;
	size_t count = 0;

	if (!from)
		return 0;
	while (from[count])
		count++;
	copy = arena_zero(arena, (count + 1) * sizeof(const char *));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		copy[i] = arena_text(arena, from[i]);
		if (!copy[i])
			return -ENOMEM;
	}
	*list = copy;
	return 0;
}

static int stubs_copy(struct onnet_resolver_options *options, struct arena *arena)
{
	struct onnet_stub *copy;

	if (options->stub_count == 0)
		return 0;
	copy = arena_zero(arena, options->stub_count * sizeof(struct onnet_stub));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < options->stub_count; i++) {
		copy[i].domain = arena_text(arena, options->stubs[i].domain);
		copy[i].server = arena_text(arena, options->stubs[i].server);
		if (!copy[i].domain || !copy[i].server)
			return -ENOMEM;
	}
	options->stubs = copy;
	return 0;
}

static int prefer_copy(struct onnet_lookup_options *options, struct arena *arena)
{
	if (!options->prefer)
		return 0;
	options->prefer = arena_copy(arena, options->prefer, sizeof(*options->prefer));
	return options->prefer ? 0 : -ENOMEM;
}

int settings_copy(struct onnet_resolver_options *ret, const struct onnet_resolver_options *options,
		  struct arena *arena)
{
	struct onnet_resolver_options copy = { 0 };

	if (options)
		copy = *options;
	if (list_copy(&copy.lookup.services, arena) < 0 ||
	    list_copy(&copy.lookup.e164_suffixes, arena) < 0 ||
	    list_copy(&copy.lookup.isn_suffixes, arena) < 0 ||
	    prefer_copy(&copy.lookup, arena) < 0 || list_copy(&copy.servers, arena) < 0 ||
	    list_copy(&copy.trust_anchors, arena) < 0 || stubs_copy(&copy, arena) < 0)
		return -ENOMEM;
	*ret = copy;
	return 0;
}
