/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libknot's names lack: how they lie to each other whatever the case (RFC 4343). */
#include "dns/name.h"

int name_depth(const knot_dname_t *name, const knot_dname_t *top)
{
	size_t labels = knot_dname_labels(name, NULL), above = knot_dname_labels(top, NULL);

	if (labels < above)
		return -1;
	for (size_t i = above; i < labels; i++)
		name += *name + 1;
	return knot_dname_is_case_equal(name, top) ? (int)(labels - above) : -1;
}
