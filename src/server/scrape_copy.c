/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is shown of each copy of another server's zone, read off what the secondary says of itself: whether it is
 * answered for, and how long it still will be where no primary can be asked. What is not known yet has no line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/exposition.h"
#include "server/scrape.h"
#include "server/secondary.h"

/* Copies as they were at one moment; each name is the list's. */
struct copies {
	struct secondary_status *status;
	char **name;
	size_t count, room;
	bool failed;
};

static bool make_room(struct copies *copies)
{
	size_t room = copies->room * 2 + 16;
	struct secondary_status *status = realloc(copies->status, room * sizeof(*status));

	if (status == NULL)
		return false;
	copies->status = status;

	char **name = realloc(copies->name, room * sizeof(*name));
	if (name == NULL)
		return false;
	copies->name = name;
	copies->room = room;
	return true;
}

/* Names as those of zones: without the final dot. */
static void take_copy(const struct secondary_status *status, void *arg)
{
	struct copies *copies = arg;
	size_t size = strlen(status->text);

	if (copies->failed || (copies->count == copies->room && !make_room(copies))) {
		copies->failed = true;
		return;
	}
	char *name =
		strndup(status->text, size > 1 && status->text[size - 1] == '.' ? size - 1 : size);
	copies->failed = name == NULL;
	if (name == NULL)
		return;
	copies->name[copies->count] = name;
	copies->status[copies->count++] = *status;
}

static bool read_answered(const struct secondary_status *status, double *ret)
{
	*ret = status->state == SECONDARY_CURRENT;
	return true;
}

static bool read_primary_serial(const struct secondary_status *status, double *ret)
{
	*ret = status->primary_serial;
	return status->primary_serial != 0;
}

static bool read_checked(const struct secondary_status *status, double *ret)
{
	*ret = (double)status->checked;
	return status->checked != 0;
}

static bool read_expires(const struct secondary_status *status, double *ret)
{
	*ret = (double)status->expires;
	return status->expires != 0;
}

static bool read_failures(const struct secondary_status *status, double *ret)
{
	*ret = status->failures;
	return true;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *help;
	bool (*read)(const struct secondary_status *status, double *ret);
} rows[] = {
	{ "onnet_copy_answered", "1, or 0 where the copy did not come yet or has expired.", read_answered },
	{ "onnet_copy_primary_serial", "The newest serial that a primary has named.", read_primary_serial },
	{ "onnet_copy_checked_timestamp_seconds",
	  "When the copy was last known to be what its primary has.", read_checked },
	{ "onnet_copy_expires_timestamp_seconds",
	  "When it expires, or has, where no primary can be asked until then.", read_expires },
	{ "onnet_copy_failed_checks", "Checks that failed since the last one that went well.",
	  read_failures },
};
/* clang-format on */

static void put_copies(const struct copies *copies, struct text *text)
{
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		exposition_head(text, rows[r].name, "gauge", rows[r].help);
		for (size_t i = 0; i < copies->count; i++) {
			double value;

			if (!rows[r].read(&copies->status[i], &value))
				continue;
			exposition_label(text, rows[r].name, "zone", copies->name[i]);
			exposition_value(text, "", value);
		}
	}
}

int scrape_copies(struct secondary *secondary, struct text *text)
{
	struct copies copies = { 0 };

	if (secondary != NULL)
		secondary_status(secondary, take_copy, &copies);
	if (!copies.failed)
		put_copies(&copies, text);
	for (size_t i = 0; i < copies.count; i++)
		free(copies.name[i]);
	free(copies.name);
	free(copies.status);
	return copies.failed ? -ENOMEM : 0;
}
