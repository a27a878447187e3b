/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Look-ups for commands that show things: names lead to other names, some of which belong to
 * other people's servers, and that ours doesn't know them is something to show, not to fail with.
 * What was asked once is remembered, since the same host serves several transports.
 */
#include "cmd/lookup.h"

#include <errno.h>

struct lookup_known {
	struct lookup_known *next;
	const knot_dname_t *name;
	uint16_t type;
	int err;
	bool ranges;
	const struct record *record;
	size_t count;
};

/*
 * The records of the answer section, of this type, whoever owns them: a wildcard's own name is
 * not seen.
 */
static int answer_copy(struct lookup_known *k, struct arena *arena, knot_pkt_t *packet)
{
	const knot_pktsection_t *section = knot_pkt_section(packet, KNOT_ANSWER);
	size_t count = 0;

	for (uint16_t i = 0; i < section->count; i++)
		count += knot_pkt_rr(section, i)->rrs.count;

	struct record *at = arena_take(arena, (count + 1) * sizeof(*at));
	if (at == NULL)
		return -ENOMEM;
	k->record = at;
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *set = knot_pkt_rr(section, i);
		const knot_rdata_t *rdata = set->rrs.rdata;

		if (set->type != k->type)
			continue;
		for (uint16_t n = 0; n < set->rrs.count;
		     n++, rdata = knot_rdataset_next((knot_rdata_t *)rdata)) {
			const uint8_t *data = arena_copy(arena, rdata->data, rdata->len);

			if (data == NULL)
				return -ENOMEM;
			at[k->count++] = (struct record){ k->name, set->type, set->rclass, set->ttl,
							  slice_make(data, rdata->len) };
		}
	}
	return 0;
}

static int ask(struct lookup *l, struct lookup_known *k)
{
	struct client_answer answer;
	struct client *client;

	if (session_client(l->session, NULL, &client) != 0)
		return -EIO;

	int err = client_query(client, &answer, k->name, k->type);
	if (err < 0) {
		session_failed(l->session, err);
		return -EIO;
	}
	k->ranges = answer.ranges;
	if (answer.rcode == KNOT_RCODE_NXDOMAIN)
		return 0;
	if (answer.rcode != KNOT_RCODE_NOERROR)
		return -ENOENT;

	err = answer_copy(k, &l->session->arena, answer.packet);
	if (err < 0)
		return err;

	/* Neither an answer nor the authority to say that there is none: a referral. */
	bool empty = knot_pkt_section(answer.packet, KNOT_ANSWER)->count == 0;
	return empty && !knot_wire_get_aa(answer.packet->wire) ? -ENOENT : 0;
}

int lookup_records(struct lookup *l, const knot_dname_t *name, uint16_t type,
		   const struct record **ret, size_t *count)
{
	struct lookup_known *k;

	for (k = l->known; k != NULL; k = k->next)
		if (k->type == type && knot_dname_is_case_equal(k->name, name))
			break;
	if (k == NULL) {
		k = arena_zero(&l->session->arena, sizeof(*k));
		if (k == NULL)
			return -ENOMEM;
		k->name = arena_copy(&l->session->arena, name, knot_dname_size(name));
		if (k->name == NULL)
			return -ENOMEM;
		k->type = type;
		k->err = ask(l, k);
		k->next = l->known;
		l->known = k;
	}
	l->ranges = k->ranges;
	if (k->err < 0)
		return k->err;
	*ret = k->record;
	*count = k->count;
	return 0;
}

int lookup_exit(struct lookup *l, int err, const char *name)
{
	struct client *client;

	if (err == -EIO)
		return EXIT_UNREACHABLE;
	if (err == -ENOENT && session_client(l->session, NULL, &client) == 0)
		return command_fail(EXIT_REFUSED, "%s does not hold %s", client_server(client),
				    name);
	return command_fail(EXIT_INTERNAL, "out of memory");
}
