/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <libknot/dname.h>

/*
 * How many labels name has below top; 0: they are the same, -1: it is not at or below top. Case
 * does not matter.
 */
int name_depth(const knot_dname_t *name, const knot_dname_t *top);

/* A hash of the size octets of a name, the same for upper and lower case. */
size_t name_hash(const knot_dname_t *name, size_t size);

#endif
