/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What onnet.yaml may say, in one table, and the walk that reads a file by it.
 *
 * A row is a word: the section it may stand in, what kind of value it has, where the value goes, its
 * bounds, and what holds where it is missing. A section is itself a kind of value, so that one
 * function reads all of them, from the whole file down to a rule. Rows are read in the order of the
 * table whatever the order of the file is: keys come before the zones whose rules name them.
 *
 * Defaults pass through the same functions as what a person writes.
 */
#include "conf/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/catalog.h"
#include "conf/cookie.h"
#include "conf/key.h"
#include "conf/peer.h"
#include "conf/rule.h"
#include "conf/suggest.h"
#include "conf/tls.h"
#include "conf/value.h"

static row_read server_read, zone_read, suffixes_read;
static size_t zone_identity(const void *thing, uint8_t *ret);

static const struct kind kind_server = { .read = server_read, .nested = true };
static const struct kind kind_suffixes = { .read = suffixes_read, .nested = true };
static const struct kind kind_zone = { .read = zone_read,
				       .size = sizeof(struct conf_zone),
				       .nested = true,
				       .identity = zone_identity,
				       .called = "domain" };

#define ONE(type, member) .at = offsetof(struct type, member)
#define MANY(type, member)                                                                      \
	.at = offsetof(struct type, member), .count_at = offsetof(struct type, member##_count), \
	.many = true

/* clang-format off */
static const struct row schema[] = {
	{ FILE_TOP, "tls", &kind_tls, ONE(conf, tls) },
	{ FILE_TOP, "server", &kind_server, .at = 0 },
	{ FILE_TOP, "key", &kind_key, MANY(conf, key) },
	{ FILE_TOP, "zone", &kind_zone, MANY(conf, zone) },
	{ FILE_TOP, "number", &kind_suffixes, .at = 0 },

	{ TLS, "certificate", &kind_path, ONE(conf_tls, certificate) },
	{ TLS, "key", &kind_private_path, ONE(conf_tls, key) },
	{ TLS, "authorities", &kind_path, ONE(conf_tls, authorities) },

	{ SERVER, "listen", &kind_address, MANY(conf, listen), .least = 1,
	  .fallback = { "127.0.0.1@53", "::1@53" } },
	{ SERVER, "listen-tls", &kind_address_tls, MANY(conf, listen_tls) },
	{ SERVER, "listen-xdp", &kind_interface, MANY(conf, listen_xdp) },
	{ SERVER, "metrics", &kind_metrics, MANY(conf, metrics) },
	{ SERVER, "storage", &kind_path, ONE(conf, storage), .fallback = { "/var/lib/onnet" } },
	{ SERVER, "workers", &kind_count, ONE(conf, workers), .least = 1, .most = 256 },
	{ SERVER, "user", &kind_user, ONE(conf, user) },
	{ SERVER, "sandbox", &kind_flag, ONE(conf, sandbox), .fallback = { "on" } },
	{ SERVER, "tcp-idle-timeout", &kind_count, ONE(conf, tcp_idle_timeout), .least = 1,
	  .most = 3600, .fallback = { "10" } },
	{ SERVER, "tcp-max-clients", &kind_count, ONE(conf, tcp_max_clients), .least = 1,
	  .most = 1000000, .fallback = { "1000" } },
	{ SERVER, "tcp-max-per-client", &kind_count, ONE(conf, tcp_max_per_client), .least = 1,
	  .most = 1000000, .fallback = { "100" } },
	{ SERVER, "udp-max-payload", &kind_count, ONE(conf, udp_max_payload), .least = 512,
	  .most = 4096, .fallback = { "1232" } },
	{ SERVER, "cookies", &kind_cookies, ONE(conf, cookies), .fallback = { "on" } },
	{ SERVER, "cookie-secret", &kind_cookie_secret, MANY(conf, cookie_secret), .least = 1,
	  .most = CONF_COOKIE_SECRETS_MAX },
	{ SERVER, "cookie-secret-file", &kind_cookie_secret_file, MANY(conf, cookie_secret),
	  .least = 1, .most = CONF_COOKIE_SECRETS_MAX },
	{ SERVER, "rate-limit", &kind_count, ONE(conf, rate_limit), .most = 1000000 },
	{ SERVER, "rate-limit-slip", &kind_count, ONE(conf, rate_limit_slip), .most = 100,
	  .fallback = { "2" } },
	{ SERVER, "rate-limit-exempt", &kind_prefix, MANY(conf, rate_limit_exempt) },
	{ SERVER, "version", &kind_text, ONE(conf, version), .most = CONF_TEXT_MAX },
	{ SERVER, "identity", &kind_text, ONE(conf, identity), .most = CONF_TEXT_MAX },

	{ KEY, "id", &kind_name, ONE(conf_key, id), .required = true },
	{ KEY, "algorithm", &kind_algorithm, ONE(conf_key, algorithm), .required = true },
	{ KEY, "secret", &kind_secret, ONE(conf_key, secret) },
	{ KEY, "secret-file", &kind_secret_file, ONE(conf_key, secret) },

	{ ZONE, "domain", &kind_name, ONE(conf_zone, domain), .required = true },
	{ ZONE, "file", &kind_path, ONE(conf_zone, file) },
	{ ZONE, "update", &kind_update, MANY(conf_zone, update) },
	{ ZONE, "transfer", &kind_transfer, MANY(conf_zone, transfer), .member = true },
	{ ZONE, "update-forward", &kind_forward, MANY(conf_zone, update_forward), .member = true },
	{ ZONE, "primary", &kind_peer, MANY(conf_zone, primary), .member = true, .least = 1 },
	{ ZONE, "zone-max-size", &kind_size, ONE(conf_zone, max_size), .member = true,
	  .least = 64 << 10, .most = (uint64_t)1024 << 30 },
	{ ZONE, "notify", &kind_peer, MANY(conf_zone, notify), .member = true },
	{ ZONE, "naptr-check", &kind_flag, ONE(conf_zone, naptr_check), .member = true, .fallback = { "on" } },
	{ ZONE, "number-ranges", &kind_flag, ONE(conf_zone, number_ranges), .member = true,
	  .fallback = { "off" } },
	{ ZONE, "log-size", &kind_size, ONE(conf_zone, log_size), .member = true, .least = 64 << 10,
	  .most = (uint64_t)1024 << 30, .fallback = { "64M" } },
	{ ZONE, "log-age", &kind_duration, ONE(conf_zone, log_age), .member = true, .least = 1,
	  .most = (uint64_t)36500 * 86400 },

	{ ZONE, "catalog", &kind_catalog, ONE(conf_zone, catalog) },
	{ ZONE, "catalog-zone", &kind_name, ONE(conf_zone, catalog_zone) },
	{ ZONE, "catalog-group", &kind_group, ONE(conf_zone, catalog_group) },
	{ ZONE, "member", &kind_member, MANY(conf_zone, member), .least = 1 },

	/* and those words of a zone that say so */
	{ MEMBER, "group", &kind_group, ONE(conf_zone, catalog_group) },

	{ NUMBER, "e164", &kind_suffix, MANY(conf, e164) },
	{ NUMBER, "isn", &kind_suffix, MANY(conf, isn) },

	{ UPDATE_RULE, "key", &kind_key_reference, ONE(conf_rule, key) },
	{ UPDATE_RULE, "address", &kind_prefix, MANY(conf_rule, address), .least = 1 },
	{ UPDATE_RULE, "numbers", &kind_number, MANY(conf_rule, number), .least = 1 },
	{ UPDATE_RULE, "names", &kind_name, MANY(conf_rule, name), .least = 1 },
	{ UPDATE_RULE, "types", &kind_type, MANY(conf_rule, type), .least = 1 },

	{ TRANSFER_RULE, "key", &kind_key_reference, ONE(conf_rule, key) },
	{ TRANSFER_RULE, "address", &kind_prefix, MANY(conf_rule, address), .least = 1 },
	{ TRANSFER_RULE, "tls", &kind_flag, ONE(conf_rule, tls) },

	{ FORWARD_RULE, "key", &kind_key_reference, ONE(conf_rule, key) },
	{ FORWARD_RULE, "address", &kind_prefix, MANY(conf_rule, address), .least = 1 },

	{ PEER, "address", &kind_address, ONE(conf_peer, address), .required = true },
	{ PEER, "key", &kind_key_reference, ONE(conf_peer, key) },
	{ PEER, "tls", &kind_name, ONE(conf_peer, tls) },
};
/* clang-format on */

enum { ROWS = sizeof(schema) / sizeof(schema[0]) };

static bool row_stands_in(const struct row *row, enum section section)
{
	return row->section == section || (row->member && section == MEMBER);
}

const char *section_name(enum section section)
{
	static const char *const names[] = {
		[FILE_TOP] = "the file",
		[TLS] = "tls",
		[SERVER] = "server",
		[KEY] = "a key",
		[ZONE] = "a zone",
		[MEMBER] = "a member entry",
		[NUMBER] = "number",
		[UPDATE_RULE] = "an update rule",
		[TRANSFER_RULE] = "a transfer rule",
		[FORWARD_RULE] = "an update-forward rule",
		[PEER] = "a primary or notify entry",
	};

	return names[section];
}

static int unknown_fault(struct reading *r, enum section section, const struct node *name)
{
	struct suggest suggest = { .word = name->text };

	for (size_t i = 0; i < ROWS; i++)
		if (row_stands_in(&schema[i], section))
			suggest_add(&suggest, schema[i].word);
	if (suggest.best != NULL)
		return fault_add(r->faults, name->mark,
				 "unknown word '%.80s' in %s; did you mean '%s'? allowed: %s",
				 name->text, section_name(section), suggest.best, suggest.all);
	return fault_add(r->faults, name->mark, "unknown word '%.80s' in %s; allowed: %s",
			 name->text, section_name(section), suggest.all);
}

/* Finds the row for each word of a mapping: value[i] is what stands behind the word of schema[i]. */
static int words_sort(struct reading *r, enum section section, const struct node *mapping,
		      const struct node *value[ROWS])
{
	int worst = 0;

	for (const struct node *n = mapping->child; n != NULL; n = n->next) {
		size_t i = 0;
		int err = 0;

		while (i < ROWS && (!row_stands_in(&schema[i], section) ||
				    strcmp(schema[i].word, n->name->text) != 0))
			i++;
		if (i == ROWS)
			err = unknown_fault(r, section, n->name);
		else if (value[i] != NULL)
			err = fault_add(r->faults, n->name->mark,
					"'%s' is given twice in %s, first in line %d",
					n->name->text, section_name(section),
					value[i]->name->mark.line);
		else
			value[i] = n;
		if (err == -ENOMEM)
			return err;
		worst = err < 0 ? err : worst;
	}
	return worst;
}

struct identity {
	uint8_t octets[IDENTITY_SIZE];
	size_t size;
	const struct node *node;
};

static int identity_compare(const void *left, const void *right)
{
	const struct identity *a = left;
	const struct identity *b = right;
	int order = memcmp(a->octets, b->octets, a->size < b->size ? a->size : b->size);

	if (order == 0)
		order = (a->size > b->size) - (a->size < b->size);
	if (order == 0)
		order = a->node->mark.line - b->node->mark.line;
	return order != 0 ? order : a->node->mark.column - b->node->mark.column;
}

static const struct node *list_first(const struct node *node)
{
	return node->type == NODE_LIST ? node->child : node;
}

/* A fault for each thing that is in a list a second time. */
static int doubles_check(struct reading *r, const struct row *row, const struct node *node,
			 const char *things, size_t count)
{
	struct identity *all = calloc(count, sizeof(*all));
	size_t used = 0;
	int err = 0;

	if (all == NULL)
		return -ENOMEM;
	for (const struct node *n = list_first(node); n != NULL && used < count; n = n->next) {
		const struct node *called = n;

		if (row->kind->called != NULL && n->type == NODE_MAPPING)
			called = tree_find(n, row->kind->called);
		all[used].node = called != NULL ? called : n;
		all[used].size =
			row->kind->identity(things + used * row->kind->size, all[used].octets);
		used++;
	}

	qsort(all, used, sizeof(all[0]), identity_compare);
	for (size_t i = 1; i < used && err != -ENOMEM; i++)
		if (all[i].size > 0 && all[i].size == all[i - 1].size &&
		    memcmp(all[i].octets, all[i - 1].octets, all[i].size) == 0)
			err = fault_add(r->faults, all[i].node->mark,
					"%s: '%.80s' is given twice, first in line %d", row->word,
					all[i].node->text, all[i - 1].node->mark.line);
	free(all);
	return err;
}

static int value_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	static const char *const instead[] = {
		[NODE_NOTHING] = "nothing",
		[NODE_LIST] = "a list",
		[NODE_MAPPING] = "a mapping",
	};

	if (!row->kind->nested && node->type != NODE_WORD)
		return fault_add(r->faults, node->mark, "%s: one word is wanted, here is %s",
				 row->word, instead[node->type]);
	return row->kind->read(r, row, node, ret);
}

static int list_read(struct reading *r, const struct row *row, const struct node *node, char *base)
{
	size_t count = node->type == NODE_LIST ? node->count : node->type != NODE_NOTHING;
	char *things = NULL;
	size_t i = 0;
	int worst = 0;

	if (count < row->least)
		return fault_add(r->faults, node->mark, "%s: an empty list; at least one is wanted",
				 row->word);
	if (row->most > 0 && count > row->most)
		return fault_add(r->faults, node->mark, "%s: at most %ju are wanted", row->word,
				 (uintmax_t)row->most);
	if (count > 0) {
		things = arena_zero(&r->conf->arena, count * row->kind->size);
		if (things == NULL)
			return -ENOMEM;
		for (const struct node *n = list_first(node); n != NULL && i < count; n = n->next) {
			int err = value_read(r, row, n, things + i++ * row->kind->size);

			if (err == -ENOMEM)
				return err;
			worst = err < 0 ? err : worst;
		}
	}
	memcpy(base + row->at, &things, sizeof(things));
	memcpy(base + row->count_at, &count, sizeof(count));
	if (row->kind->identity != NULL && count > 1) {
		int err = doubles_check(r, row, node, things, count);

		worst = err < 0 ? err : worst;
	}
	return worst;
}

/* What a word says that is not there. */
static int fallback_read(struct reading *r, const struct row *row, char *base)
{
	struct node second = { .type = NODE_WORD, .text = row->fallback[1] };
	struct node first = { .type = NODE_WORD, .text = row->fallback[0] };
	struct node list = { .type = NODE_LIST, .child = &first, .count = 1 };
	struct node nothing = { .type = NODE_NOTHING };

	if (row->kind->nested && !row->many) /* a section's words have defaults of their own */
		return value_read(r, row, &nothing, base + row->at);
	if (row->fallback[0] == NULL)
		return 0;
	if (!row->many)
		return value_read(r, row, &first, base + row->at);
	if (second.text != NULL) {
		first.next = &second;
		list.count = 2;
	}
	return list_read(r, row, &list, base);
}

int section_read(struct reading *r, enum section section, const struct node *node, void *base)
{
	const struct node *value[ROWS] = { NULL };

	/* "server:" with every line below it commented out is an empty section, not a fault. */
	bool may_be_empty = section == FILE_TOP || section == TLS || section == SERVER ||
			    section == NUMBER;

	if (node->type != NODE_MAPPING && (node->type != NODE_NOTHING || !may_be_empty))
		return fault_add(r->faults, node->mark,
				 "%s is a mapping: lines such as 'word: value' are wanted here",
				 section_name(section));

	int worst = words_sort(r, section, node, value);
	for (size_t i = 0; i < ROWS && worst != -ENOMEM; i++) {
		const struct row *row = &schema[i];
		int err;

		if (!row_stands_in(row, section))
			continue;
		if (value[i] == NULL && row->required)
			err = fault_add(r->faults, node->mark, "%s needs '%s'",
					section_name(section), row->word);
		else if (value[i] == NULL)
			err = fallback_read(r, row, base);
		else if (row->many)
			err = list_read(r, row, value[i], base);
		else
			err = value_read(r, row, value[i], (char *)base + row->at);
		worst = err < 0 ? err : worst;
	}
	return worst;
}

static int server_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	int err = section_read(r, SERVER, node, ret);

	(void)row;
	if (err == -ENOMEM || node->type != NODE_MAPPING)
		return err;
	if (cookie_secrets_check(r, node) < 0)
		return -EINVAL;
	return err == 0 ? tls_check(r, node) : err;
}

static int suffixes_read(struct reading *r, const struct row *row, const struct node *node,
			 void *ret)
{
	(void)row;
	return section_read(r, NUMBER, node, ret);
}

static int zone_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	struct conf_zone *zone = ret;

	(void)row;
	zone->line = node->mark.line;

	int err = section_read(r, ZONE, node, zone);
	return err == 0 ? catalog_complete(r, node, zone) : err;
}

static size_t zone_identity(const void *thing, uint8_t *ret)
{
	const struct conf_zone *zone = thing;

	return kind_suffix.identity(&zone->domain, ret);
}
