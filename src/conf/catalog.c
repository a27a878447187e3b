/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Catalog zones (RFC 9432) as the file has them: zones that list others, zones that are listed, and
 * what those are like that somebody else lists. What a catalog must not be beside is told here, since
 * only all words of a zone together show it.
 */
#include "conf/catalog.h"

#include <errno.h>
#include <string.h>

#include "conf/name.h"

enum { GROUP_SIZE = 255 }; /* a character string of a TXT record */

static int catalog_read(struct reading *r, const struct row *row, const struct node *node,
			void *ret)
{
	enum conf_catalog *catalog = ret;

	if (strcmp(node->text, "producer") == 0)
		*catalog = CONF_CATALOG_PRODUCER;
	else if (strcmp(node->text, "consumer") == 0)
		*catalog = CONF_CATALOG_CONSUMER;
	else
		return fault_add(r->faults, node->mark, "%s: '%.80s' is not producer or consumer",
				 row->word, node->text);
	return 0;
}

static int group_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	size_t size = strlen(node->text);

	if (size == 0 || size > GROUP_SIZE)
		return fault_add(r->faults, node->mark, "%s: a text of 1 to %d octets is wanted",
				 row->word, GROUP_SIZE);
	*(const char **)ret = node->text;
	return 0;
}

static int member_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	struct conf_zone *member = ret;

	(void)row;
	member->line = node->mark.line;
	return section_read(r, MEMBER, node, member);
}

int catalog_complete(struct reading *r, const struct node *node, struct conf_zone *zone)
{
	const struct node nothing = { .type = NODE_MAPPING, .mark = node->mark };
	struct conf_zone *member;

	if (zone->catalog != CONF_CATALOG_CONSUMER || zone->member_count > 0)
		return 0;
	member = arena_zero(&r->conf->arena, sizeof(*member));
	if (member == NULL)
		return -ENOMEM;
	zone->member = member;
	zone->member_count = 1;
	return member_read(r, NULL, &nothing, member);
}

/* A word of the zone that is there and has no place beside the one of this name. */
static int misplaced(struct reading *r, const struct node *zone, const char *word, const char *why)
{
	const struct node *node = tree_find(zone, word);

	if (node == NULL || (node->type == NODE_LIST && node->count == 0))
		return 0; /* an empty list says nothing */
	return fault_add(r->faults, node->name->mark, "%s: %s", word, why);
}

/* What a producer says comes from the file, and from nowhere else. */
static int producer_check(struct reading *r, const struct node *node)
{
	static const char *const words[] = { "file", "primary", "update" };
	int worst = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && worst != -ENOMEM; i++) {
		int err = misplaced(r, node, words[i],
				    "the records of a catalog's producer are made by the server");

		worst = err < 0 ? err : worst;
	}
	return worst;
}

static int consumer_check(struct reading *r, const struct node *node, const struct conf_zone *zone)
{
	bool missing = zone->member_count == 0;

	for (size_t i = 0; i < zone->member_count; i++)
		missing |= zone->member[i].primary_count == 0;
	if (zone->primary_count > 0 || !missing)
		return 0;
	return fault_add(r->faults, node->mark,
			 "each 'member' of a catalog that has no 'primary' itself needs one");
}

/* The zone that shall list this one must be there to do so. */
static int listing_check(struct reading *r, const struct node *node, const struct conf_zone *zone)
{
	const struct node *name = tree_find(node, "catalog-zone");

	if (zone->catalog_zone == NULL)
		return misplaced(r, node, "catalog-group", "it takes 'catalog-zone' beside it");
	for (size_t i = 0; i < r->conf->zone_count; i++)
		if (r->conf->zone[i].catalog == CONF_CATALOG_PRODUCER &&
		    name_equal(r->conf->zone[i].domain, zone->catalog_zone))
			return 0;
	return fault_add(r->faults, name->mark,
			 "catalog-zone: '%.80s' is no zone with 'catalog: producer'",
			 zone->catalog_zone);
}

static int zone_check(struct reading *r, const struct node *node, const struct conf_zone *zone)
{
	int err = listing_check(r, node, zone), other = 0;

	if (err == -ENOMEM)
		return err;
	if (zone->catalog != CONF_CATALOG_CONSUMER)
		other = misplaced(r, node, "member", "it takes 'catalog: consumer' beside it");
	else
		other = consumer_check(r, node, zone);
	if (other == 0 && zone->catalog == CONF_CATALOG_PRODUCER)
		other = producer_check(r, node);
	return other < 0 ? other : err;
}

int catalogs_check(struct reading *r, const struct node *zones)
{
	const struct node *node = zones == NULL || zones->type != NODE_LIST ? zones : zones->child;
	int worst = 0;

	for (size_t i = 0; i < r->conf->zone_count && node != NULL && worst != -ENOMEM; i++) {
		int err = zone_check(r, node, &r->conf->zone[i]);

		worst = err < 0 ? err : worst;
		node = node->next;
	}
	return worst;
}

const struct kind kind_catalog = { .read = catalog_read, .size = sizeof(enum conf_catalog) };
const struct kind kind_group = { .read = group_read, .size = sizeof(char *) };
const struct kind kind_member = { .read = member_read,
				  .size = sizeof(struct conf_zone),
				  .nested = true };
