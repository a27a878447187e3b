/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zones and the suffixes of the numbers in them. */
#include "cmd/suffix.h"

#include "dns/name.h"
#include "dns/record.h"

const struct zone *suffix_zone(const struct state *state, const char *domain)
{
	knot_dname_storage_t name;

	if (name_store(name, NULL, domain) != 0)
		return NULL;
	knot_dname_to_lower(name);
	return zone_table_find(state->zones, name);
}

const char *suffix_find(const struct zone *zone, const char *const *suffix, size_t count,
			const char *otherwise)
{
	knot_dname_storage_t name;

	for (size_t i = 0; i < count; i++)
		if (name_store(name, NULL, suffix[i]) == 0 &&
		    (name_depth(name, zone->apex) >= 0 || name_depth(zone->apex, name) >= 0))
			return suffix[i];
	return otherwise;
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

bool suffix_is_csv(const char *path)
{
	return ends_with(path, ".csv") || ends_with(path, ".csv.gz");
}
