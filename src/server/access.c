/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Access: who asks (key, address), and what is to be changed (names, types). A number prefix of a
 * rule is a subtree: 120255501 under e164.example.net is 1.0.5.5.5.2.0.2.1.e164.example.net and
 * everything below it. It counts under each suffix of its kind that lies in the zone, and under
 * the zone itself where none does; a zone that lies within the prefix is allowed whole.
 */
#include "server/access.h"

#include <errno.h>

#include "base/log.h"
#include "dns/name.h"
#include "server/state.h"
#include "tel/number.h"

static const knot_dname_t *make_name(struct arena *arena, const char *text)
{
	knot_dname_storage_t name;

	if (knot_dname_from_str(name, text, sizeof(name)) == NULL)
		return NULL;
	knot_dname_to_lower(name);
	return arena_copy(arena, name, knot_dname_size(name));
}

/* Where the name of a number prefix meets the zone: -ENOENT where they have nothing in common. */
static int add_below(struct access_rule *rule, struct arena *arena, const struct zone *zone,
		     const struct number *prefix, const char *suffix)
{
	char text[NUMBER_OWNER_ROOM];

	if (number_owner(text, sizeof(text), prefix, suffix) != 0)
		return -ENOENT;

	const knot_dname_t *name = make_name(arena, text);
	if (name == NULL)
		return -ENOENT;
	if (name_depth(name, zone->apex) < 0) {
		if (name_depth(zone->apex, name) < 0)
			return -ENOENT;
		name = zone->apex;
	}
	rule->below[rule->below_count++] = name;
	return 0;
}

static int make_number(struct access_rule *rule, struct state *state, const struct zone *zone,
		       const char *text, struct text *fault)
{
	const struct conf *conf = state->conf;
	knot_dname_txt_storage_t apex;
	struct number prefix;
	const char *why;
	bool any = false;

	if (number_prefix_parse(&prefix, text, &why) != 0) {
		text_printf(fault, "%s:%d: numbers: '%s': %s\n", conf->path, rule->conf->line, text,
			    why);
		return -EINVAL;
	}

	bool isn = prefix.kind == NUMBER_ISN;
	size_t count = isn ? conf->isn_count : conf->e164_count;
	for (size_t i = 0; i < count; i++)
		any |= add_below(rule, &state->arena, zone, &prefix,
				 isn ? conf->isn[i] : conf->e164[i]) == 0;
	if (any)
		return 0;
	if (knot_dname_to_str(apex, zone->apex, sizeof(apex)) == NULL)
		return -EINVAL;
	return add_below(rule, &state->arena, zone, &prefix, apex) == 0 ? 0 : -EINVAL;
}

static int make_rule(struct access_rule *ret, const struct conf_rule *from, struct state *state,
		     const struct zone *zone, struct text *fault)
{
	const struct conf *conf = state->conf;
	size_t suffixes = conf->e164_count + conf->isn_count + 1;

	ret->conf = from;
	if (from->key != NULL && from->key->secret == NULL) {
		log_warning("%s:%d: key '%s' is not declared: nobody is let in by this rule",
			    conf->path, from->line, from->key->id);
		ret->nobody = true;
		return 0;
	}
	if (from->key != NULL)
		ret->key = &state->key[from->key - conf->key];
	ret->below = arena_take(&state->arena, from->number_count * suffixes * sizeof(*ret->below));
	ret->name = arena_take(&state->arena, from->name_count * sizeof(*ret->name));
	if (ret->below == NULL || ret->name == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < from->number_count; i++) {
		int err = make_number(ret, state, zone, from->number[i], fault);

		if (err != 0)
			return err;
	}
	for (size_t i = 0; i < from->name_count; i++) {
		const knot_dname_t *name = make_name(&state->arena, from->name[i]);

		if (name == NULL) {
			text_printf(fault, "%s:%d: names: '%s' is no domain name\n", conf->path,
				    from->line, from->name[i]);
			return -EINVAL;
		}
		ret->name[ret->name_count++] = name;
	}
	return 0;
}

static int make_rules(struct access_rule **ret, size_t *count, const struct conf_rule *from,
		      struct state *state, const struct zone *zone, struct text *fault)
{
	size_t wanted = *count;
	struct access_rule *rule = arena_zero(&state->arena, wanted * sizeof(*rule));

	if (rule == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < wanted; i++) {
		int err = make_rule(&rule[i], &from[i], state, zone, fault);

		if (err != 0)
			return err;
	}
	*ret = rule;
	return 0;
}

int access_make(struct access *ret, struct state *state, const struct zone *zone,
		struct text *fault)
{
	const struct conf_zone *conf = &state->conf->zone[zone->index];

	ret->state = state;
	ret->update_count = conf->update_count;
	ret->transfer_count = conf->transfer_count;
	ret->forward_count = conf->update_forward_count;

	int err = make_rules(&ret->update, &ret->update_count, conf->update, state, zone, fault);
	if (err == 0)
		err = make_rules(&ret->transfer, &ret->transfer_count, conf->transfer, state, zone,
				 fault);
	if (err == 0)
		err = make_rules(&ret->forward, &ret->forward_count, conf->update_forward, state,
				 zone, fault);
	return err;
}

/* Whether the rule is for whoever asks. */
static bool match_asker(const struct access_rule *rule, const struct server_key *key,
			const struct sockaddr *peer)
{
	if (rule->nobody || (rule->key != NULL && rule->key != key))
		return false;
	for (size_t i = 0; i < rule->conf->address_count; i++)
		if (conf_prefix_match(&rule->conf->address[i], peer))
			return true;
	return rule->conf->address_count == 0;
}

static bool match_name(const struct access_rule *rule, const knot_dname_t *owner)
{
	for (size_t i = 0; i < rule->below_count; i++)
		if (name_depth(owner, rule->below[i]) >= 0)
			return true;
	for (size_t i = 0; i < rule->name_count; i++) {
		const knot_dname_t *name = rule->name[i];

		if (knot_dname_is_wildcard(name) ? name_depth(owner, name + 2) > 0 :
						   knot_dname_is_case_equal(owner, name))
			return true;
	}
	return rule->conf->number_count == 0 && rule->conf->name_count == 0;
}

/* A rule with types does not allow to take all types away at once: that may be more than its own. */
static bool match_type(const struct access_rule *rule, uint16_t type)
{
	for (size_t i = 0; i < rule->conf->type_count; i++)
		if (rule->conf->type[i] == type)
			return true;
	return rule->conf->type_count == 0;
}

bool access_transfer(const struct access *access, const struct server_key *key,
		     const struct sockaddr *peer, bool tls)
{
	for (size_t i = 0; i < access->transfer_count; i++)
		if ((tls || !access->transfer[i].conf->tls) &&
		    match_asker(&access->transfer[i], key, peer))
			return true;
	return false;
}

bool access_forward(const struct access *access, const struct server_key *key,
		    const struct sockaddr *peer)
{
	for (size_t i = 0; i < access->forward_count; i++)
		if (match_asker(&access->forward[i], key, peer))
			return true;
	return false;
}

/* The number that a name stands for, as people write it; else the name. */
static void show_owner(struct text *ret, const struct state *state, const knot_dname_t *owner)
{
	knot_dname_txt_storage_t name;
	char number[NUMBER_TEXT_ROOM];
	struct number n;

	if (knot_dname_to_str(name, owner, sizeof(name)) == NULL)
		return;
	for (size_t i = 0; i < state->conf->e164_count + state->conf->isn_count; i++) {
		bool isn = i >= state->conf->e164_count;
		const char *suffix = isn ? state->conf->isn[i - state->conf->e164_count] :
					   state->conf->e164[i];

		if (number_from_owner(&n, isn ? NUMBER_ISN : NUMBER_E164, name, suffix) == 0) {
			number_format(number, &n);
			text_puts(ret, number);
			return;
		}
	}
	text_puts(ret, name);
}

static const char *explain(const struct access *access, const struct server_key *key,
			   const knot_rrset_t *rr, bool known, struct arena *arena)
{
	struct text text = { 0 };
	char type[32];

	if (key != NULL)
		text_printf(&text, "key '%s'", key->id);
	else
		text_puts(&text, "a request without signature");
	if (!known) {
		text_puts(&text, " may not change this zone");
	} else {
		text_puts(&text, " may not change ");
		show_owner(&text, access->state, rr->owner);
		if (rr->type == KNOT_RRTYPE_ANY)
			text_puts(&text, " all types at once");
		else if (knot_rrtype_to_string(rr->type, type, sizeof(type)) > 0)
			text_printf(&text, " %s", type);
	}
	const char *copy = text.failed ? NULL : arena_text(arena, text_get(&text));
	text_done(&text);
	return copy != NULL ? copy : "no rule allows it";
}

bool access_update(const struct access *access, const struct server_key *key,
		   const struct sockaddr *peer, const knot_pkt_t *message, struct arena *arena,
		   const char **why)
{
	const knot_pktsection_t *section = knot_pkt_section(message, KNOT_AUTHORITY);
	bool known = false;

	for (size_t i = 0; i < access->update_count; i++)
		known = known || match_asker(&access->update[i], key, peer);

	for (uint16_t k = 0; known && k < section->count; k++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, k);
		bool allowed = false;

		for (size_t i = 0; !allowed && i < access->update_count; i++) {
			const struct access_rule *rule = &access->update[i];

			allowed = match_asker(rule, key, peer) && match_name(rule, rr->owner) &&
				  match_type(rule, rr->type);
		}
		if (!allowed) {
			*why = explain(access, key, rr, true, arena);
			return false;
		}
	}
	if (!known)
		*why = explain(access, key, NULL, false, arena);
	return known;
}
