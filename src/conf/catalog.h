/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_CATALOG_H
#define CONF_CATALOG_H

#include "conf/schema.h"

/* What a zone says of catalogs. */
extern const struct kind kind_catalog; /* enum conf_catalog */
extern const struct kind kind_group;   /* const char *, at most 255 octets */
extern const struct kind kind_member;  /* struct conf_zone without domain */

/* Gives a catalog that is followed an entry for its members where it has none. Returns as a row_read does. */
int catalog_complete(struct reading *r, const struct node *node, struct conf_zone *zone);

/*
 * Whether what the zones of the file say of catalogs goes together. zones: the value of "zone", which
 * was read without faults; NULL: none. Returns as a row_read does.
 */
int catalogs_check(struct reading *r, const struct node *zones);

#endif
