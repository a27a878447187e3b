/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What commands ask the server for: which zone a name is in, the records of a name, a whole zone.
 */
#include <errno.h>

#include "client/transfer.h"
#include "cmd/session.h"

static char *name_text(struct session *s, const knot_dname_t *name)
{
	struct text text = { 0 };

	name_format(&text, name);
	char *copy = arena_text(&s->arena, text_get(&text));
	text_done(&text);
	return copy != NULL ? copy : (char *)"?";
}

static bool is_below(const knot_dname_t *name, const knot_dname_t *zone)
{
	knot_dname_storage_t a, b;

	knot_dname_copy_lower(a, name);
	knot_dname_copy_lower(b, zone);
	return knot_dname_in_bailiwick(a, b) >= 0;
}

/* --- the zone of a name --- */

/* The longest zone of the configuration that holds the name; NULL: none does. */
static const knot_dname_t *configured_zone(struct session *s, const struct conf *conf,
					   const knot_dname_t *name)
{
	const knot_dname_t *best = NULL;

	for (size_t i = 0; conf != NULL && i < conf->zone_count; i++) {
		const knot_dname_t *zone = name_parse(&s->arena, NULL, conf->zone[i].domain);

		if (zone != NULL && is_below(name, zone) &&
		    (best == NULL || knot_dname_labels(zone, NULL) > knot_dname_labels(best, NULL)))
			best = zone;
	}
	return best;
}

/* The owner of the SOA record in the answer or the authority section (RFC 2308 3); NULL: none. */
static const knot_dname_t *soa_owner(const knot_pkt_t *packet)
{
	for (knot_section_t id = KNOT_ANSWER; id <= KNOT_AUTHORITY; id++) {
		const knot_pktsection_t *section = knot_pkt_section(packet, id);

		for (uint16_t i = 0; i < section->count; i++)
			if (knot_pkt_rr(section, i)->type == KNOT_RRTYPE_SOA)
				return knot_pkt_rr(section, i)->owner;
	}
	return NULL;
}

/*
 * Asks for the SOA of the name, then of its parents: a server may say nothing where it holds
 * nothing.
 */
static int ask_zone(struct session *s, const knot_dname_t *name, const knot_dname_t **ret)
{
	struct client_answer answer = { 0 };
	struct client *client;

	int code = session_client(s, NULL, &client);
	if (code != 0)
		return code;
	for (const knot_dname_t *at = name;; at += *at + 1) {
		int err = client_query(client, &answer, at, KNOT_RRTYPE_SOA);

		if (err < 0)
			return session_failed(s, err);
		const knot_dname_t *owner = soa_owner(answer.packet);
		if (owner != NULL && is_below(name, owner)) {
			*ret = arena_copy(&s->arena, owner, knot_dname_size(owner));
			return *ret != NULL ? 0 : command_fail(EXIT_INTERNAL, "out of memory");
		}
		if (*at == 0 || answer.tsig_error != 0)
			break;
	}
	if (answer.tsig_error != 0)
		return session_refused(s, &answer);
	return command_fail(EXIT_REFUSED, "%s does not say which zone %s is in; give --zone",
			    client_server(client), name_text(s, name));
}

int session_zone(struct session *s, const knot_dname_t *name, const knot_dname_t **ret)
{
	const struct conf *conf;
	const knot_dname_t *zone;

	if (s->zone != NULL) {
		int code = session_name(s, s->zone, &zone, "--zone");

		if (code != 0)
			return code;
		if (!is_below(name, zone))
			return command_fail(EXIT_INPUT, "%s is not in zone %s", name_text(s, name),
					    name_text(s, zone));
		*ret = zone;
		return 0;
	}
	/* The configuration says what its own server holds, and nothing of another. */
	if (s->server == NULL) {
		int code = session_conf(s, &conf);

		if (code != 0)
			return code;
		zone = configured_zone(s, conf, name);
		if (zone != NULL) {
			*ret = zone;
			return 0;
		}
	}
	return ask_zone(s, name, ret);
}

/* --- records --- */

/* Copies the records of the answer section that have the type or are aliases. */
static int copy_answer(struct session *s, const knot_pkt_t *packet, uint16_t type,
		       const struct record **ret, size_t *count)
{
	const knot_pktsection_t *section = knot_pkt_section(packet, KNOT_ANSWER);
	struct record *list = arena_take(&s->arena, (section->count + 1u) * sizeof(*list));
	size_t kept = 0;

	for (uint16_t i = 0; list != NULL && i < section->count; i++) {
		const knot_rrset_t *set = knot_pkt_rr(section, i);
		const knot_rdata_t *rdata = set->rrs.rdata;

		if ((set->type != type && set->type != KNOT_RRTYPE_CNAME) || set->rrs.count == 0)
			continue;
		struct record r = {
			.owner = arena_copy(&s->arena, set->owner, knot_dname_size(set->owner)),
			.type = set->type,
			.rclass = set->rclass,
			.ttl = set->ttl,
			.rdata = slice_make(arena_copy(&s->arena, rdata->data, rdata->len),
					    rdata->len)
		};
		if (r.owner == NULL || r.rdata.data == NULL)
			list = NULL;
		else
			list[kept++] = r;
	}
	if (list == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	*ret = list;
	*count = kept;
	return 0;
}

int session_lookup(struct session *s, const knot_dname_t *name, uint16_t type,
		   const struct record **ret, size_t *count)
{
	struct client_answer answer;
	struct client *client;

	int code = session_client(s, NULL, &client);
	if (code != 0)
		return code;
	int err = client_query(client, &answer, name, type);
	if (err < 0)
		return session_failed(s, err);
	if (answer.rcode == KNOT_RCODE_NXDOMAIN) {
		*ret = NULL;
		*count = 0;
		return 0;
	}
	if (answer.rcode != KNOT_RCODE_NOERROR)
		return session_refused(s, &answer);
	if (knot_pkt_section(answer.packet, KNOT_ANSWER)->count == 0 &&
	    !knot_wire_get_aa(answer.packet->wire) && soa_owner(answer.packet) == NULL)
		return command_fail(EXIT_REFUSED, "%s does not hold %s itself",
				    client_server(client), name_text(s, name));
	return copy_answer(s, answer.packet, type, ret, count);
}

int session_transfer(struct session *s, const knot_dname_t *zone,
		     int (*record)(const struct record *r, void *arg), void *arg)
{
	struct client_answer answer;
	struct client *client;

	int code = session_client(s, zone, &client);
	if (code != 0)
		return code;
	int err = client_transfer(client, &answer, zone, record, arg);
	if (err > 0)
		return err; /* an exit code of record's own */
	if (err < 0)
		return session_failed(s, err);
	return session_refused(s, &answer);
}
