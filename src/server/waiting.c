/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies have their turn one after another, but for one thing: a primary that answers slowly, or sends its zones
 * octet by octet, would soon have all threads wait for it, and zones of others would become old. So some threads are
 * left to others. Who counts is the primary that is asked first.
 */
#include "server/waiting.h"

void waiting_init(struct waiting *waiting)
{
	*waiting = (struct waiting){ .last = &waiting->first };
}

void waiting_put(struct waiting *waiting, struct copy *copy)
{
	copy->next = NULL;
	*waiting->last = copy;
	waiting->last = &copy->next;
}

static const struct conf_address *asked_first(const struct copy *copy)
{
	return &copy->peer[copy->notified > 0 ? copy->notified - 1 : 0].address;
}

static bool may_be_asked(const struct waiting *waiting, const struct conf_address *address)
{
	size_t count = 0;

	for (size_t i = 1; i <= WAITING_THREADS; i++)
		count += conf_address_equal(&waiting->asked[i], address);
	return count < WAITING_OF_PRIMARY;
}

/* Takes the first that may be asked out of the list. */
static struct copy *take_first(struct waiting *waiting)
{
	struct copy **at = &waiting->first;

	while (*at != NULL && !may_be_asked(waiting, asked_first(*at)))
		at = &(*at)->next;

	struct copy *copy = *at;
	if (copy == NULL)
		return NULL;
	*at = copy->next;
	if (*at == NULL)
		waiting->last = at;
	return copy;
}

struct copy *waiting_take(struct waiting *waiting, size_t *turn, bool *others)
{
	struct conf_address before = waiting->asked[*turn];
	bool was_full = *turn > 0 && !may_be_asked(waiting, &before);

	waiting->asked[*turn].size = 0;

	struct copy *copy = take_first(waiting);
	*turn = 0;
	*others = false;
	if (copy == NULL)
		return NULL;
	while (waiting->asked[++*turn].size > 0)
		;
	waiting->asked[*turn] = *asked_first(copy);
	*others = was_full && !conf_address_equal(&before, asked_first(copy));
	return copy;
}
