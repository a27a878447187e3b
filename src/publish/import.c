/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of an import file, and the memory that ties together lines of the same number.
 *
 * The first line of a number replaces what was published before, each further one adds a URI,
 * wherever in the file it stands. So every number seen has to be remembered: a hash table with
 * open addressing whose texts lie in an arena, some 50 octets a number.
 */
#include "publish/import.h"

#include <errno.h>
#include <stdlib.h>

static int amount_read(uint32_t *ret, const char *text, uint32_t max)
{
	uint64_t value = 0;

	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	*ret = (uint32_t)value;
	return 0;
}

static const char *field(const struct csv_line *line, size_t at)
{
	return at < line->count && line->field[at][0] != '\0' ? line->field[at] : NULL;
}

int import_row_read(struct import_row *ret, const struct csv_line *line, uint32_t ttl,
		    const char **why)
{
	struct import_row row = { .preference_given = field(line, 5) != NULL };
	uint32_t order = ENTRY_ORDER, preference = ENTRY_PREFERENCE;
	const struct {
		uint32_t *value;
		uint32_t max;
		size_t at;
		const char *why;
	} amounts[] = {
		{ &ttl, INT32_MAX, 2, "the TTL is a number of seconds, 0 to 2147483647" },
		{ &order, UINT16_MAX, 4, "the order is a number from 0 to 65535" },
		{ &preference, UINT16_MAX, 5, "the preference is a number from 0 to 65535" },
	};

	if (line->count > 6) {
		*why = "more than six fields: number,uri,ttl,service,order,preference";
		return -EINVAL;
	}
	if (field(line, 0) == NULL || field(line, 1) == NULL) {
		*why = "a line has a number and a URI with a comma between them";
		return -EINVAL;
	}
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		const char *text = field(line, amounts[i].at);

		if (text != NULL && amount_read(amounts[i].value, text, amounts[i].max) < 0) {
			*why = amounts[i].why;
			return -EINVAL;
		}
	}

	int err = number_parse(&row.number, line->field[0], why);
	if (err < 0)
		return err;
	row.entry = (struct entry){
		.uri = line->field[1],
		.service = field(line, 3),
		.order = (uint16_t)order,
		.preference = (uint16_t)preference,
		.ttl = ttl,
	};
	*ret = row;
	return 0;
}

bool import_is_heading(const struct csv_line *line)
{
	return line->count > 0 && line->field[0][0] != '\0' &&
	       strpbrk(line->field[0], "0123456789") == NULL;
}

/* FNV-1a, then mixed, since numbers differ in their last digits only. */
static size_t hash(const char *text)
{
	uint64_t h = 14695981039346656037u;

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211u;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 20);
}

static struct import_number *slot_find(struct import_number *slot, size_t room, const char *text)
{
	size_t at = hash(text) & (room - 1);

	while (slot[at].text != NULL && strcmp(slot[at].text, text) != 0)
		at = (at + 1) & (room - 1);
	return &slot[at];
}

static int grow(struct import_numbers *numbers)
{
	size_t room = numbers->room == 0 ? 1024 : numbers->room * 2;
	struct import_number *slot = calloc(room, sizeof(*slot));

	if (slot == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < numbers->room; i++)
		if (numbers->slot[i].text != NULL)
			*slot_find(slot, room, numbers->slot[i].text) = numbers->slot[i];
	free(numbers->slot);
	numbers->slot = slot;
	numbers->room = room;
	return 0;
}

struct import_number *import_number(struct import_numbers *numbers, const char *text)
{
	/* two thirds full at most */
	if (numbers->count * 3 >= numbers->room * 2 && grow(numbers) < 0)
		return NULL;

	struct import_number *slot = slot_find(numbers->slot, numbers->room, text);
	if (slot->text == NULL) {
		const char *kept = arena_text(&numbers->arena, text);

		if (kept == NULL)
			return NULL;
		slot->text = kept;
		numbers->count++;
	}
	return slot;
}

void import_numbers_done(struct import_numbers *numbers)
{
	free(numbers->slot);
	arena_done(&numbers->arena);
	*numbers = (struct import_numbers){ 0 };
}
