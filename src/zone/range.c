/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which range answers for a name.
 *
 * In plain DNS a wildcard ends where names exist (RFC 4592 3.3.1: the closest encloser alone may
 * have the source of synthesis): a number published inside a range makes empty non-terminals of the
 * prefixes between, and their other numbers lose the range. Telephony means another thing: the
 * longest prefix wins, and a number is an exception for itself alone. So here one goes up from the
 * name, past the closest encloser, to the first wildcard that there is; and a prefix that is there
 * only because of numbers below it is answered like any other.
 *
 * Two things end the way up. Below an asterisk that stands in the zone, or would stand there in a
 * transfer (range_walk.c), names are names like others: no wildcard further up is for them. And a
 * wildcard with NS or DNAME records, which RFC 4592 4.2 and 4.4 leave open, is no range.
 */
#include "zone/range.h"

#include <libknot/libknot.h>

bool range_is(const struct node *wildcard)
{
	struct rrset set;

	return wildcard->size > 0 && !node_find(wildcard, KNOT_RRTYPE_NS, &set) &&
	       !node_find(wildcard, KNOT_RRTYPE_DNAME, &set);
}

static bool is_asterisk(const knot_dname_t *label)
{
	return label[0] == 1 && label[1] == '*';
}

/*
 * Whether name is below an asterisk of its zone whose parent is there; encloser: labels of what is.
 */
static bool below_asterisk(const knot_dname_t *name, size_t labels, size_t apex, size_t encloser)
{
	for (size_t left = labels - 1; left > apex; left--) {
		name += *name + 1;
		if (is_asterisk(name) && left - 1 <= encloser)
			return true;
	}
	return false;
}

int range_find(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
	       struct store_match *match)
{
	size_t labels = knot_dname_labels(name, NULL);
	size_t apex = (size_t)zone->apex_labels;
	size_t depth = match->status == STORE_EMPTY ? labels - 1 : match->encloser_labels;

	if (zone->wildcards == 0 || labels <= apex || below_asterisk(name, labels, apex, depth))
		return 0;

	struct node node;
	int err = store_wildcard_find(txn, zone, name, depth, &node);
	if (err == 0 && range_is(&node)) {
		match->status = STORE_FOUND;
		match->node = node;
	}
	return err;
}
