/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules: who may change a zone or copy it. A rule is a bare word, an address or a key, or a mapping
 * that names both or narrows what they may do.
 *
 * What a rule leaves out does not limit it, and so the one mistake that must not slip through
 * is a rule that limits nobody: it has to name a key or an address. The schema does the same for
 * lists that are there but empty.
 */
#include "conf/rule.h"

#include <errno.h>
#include <string.h>

#include "conf/address.h"
#include "conf/key.h"
#include "conf/value.h"

static const struct row bare_address = { .word = "address" };
static const struct row bare_key = { .word = "key" };

/* Whether somebody who wrote this meant an address, though it may be a wrong one. */
static bool means_address(const char *text)
{
	return strpbrk(text, ":/") != NULL || strspn(text, "0123456789.@") == strlen(text);
}

static int bare_read(struct reading *r, const struct node *node, struct conf_rule *rule)
{
	char why[REMEDY_SIZE];
	struct conf_prefix prefix;

	if (prefix_parse(&prefix, node->text, why) < 0 &&
	    (conf_key_find(r->conf, node->text) != NULL || !means_address(node->text)))
		return kind_key_reference.read(r, &bare_key, node, &rule->key);

	int err = kind_prefix.read(r, &bare_address, node, &prefix);
	if (err < 0)
		return err;
	rule->address = arena_copy(&r->conf->arena, &prefix, sizeof(prefix));
	rule->address_count = 1;
	return rule->address != NULL ? 0 : -ENOMEM;
}

/* What a rule lets somebody do, for a message. */
static const char *allows(enum section section)
{
	return section == UPDATE_RULE   ? "change the zone" :
	       section == TRANSFER_RULE ? "copy the zone" :
					  "send updates to the primary";
}

static int rule_read(struct reading *r, enum section section, const struct node *node,
		     struct conf_rule *rule)
{
	rule->line = node->mark.line;
	if (node->type == NODE_WORD)
		return bare_read(r, node, rule);

	/*
	 * A rule that is bound to an address may be written before its key is: it lets nobody in
	 * until then. Elsewhere a key that is not declared is taken for what it mostly is, a slip.
	 */
	r->key_may_come = node->type == NODE_MAPPING && tree_find(node, "address") != NULL;
	int err = section_read(r, section, node, rule);
	r->key_may_come = false;
	if (err == -ENOMEM || node->type != NODE_MAPPING)
		return err;
	if (tree_find(node, "key") == NULL && tree_find(node, "address") == NULL)
		return fault_add(r->faults, node->mark,
				 "%s needs 'key' or 'address'; without them it would let anybody "
				 "%s",
				 section_name(section), allows(section));
	return err;
}

static int update_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	(void)row;
	return rule_read(r, UPDATE_RULE, node, ret);
}

static int transfer_read(struct reading *r, const struct row *row, const struct node *node,
			 void *ret)
{
	(void)row;
	return rule_read(r, TRANSFER_RULE, node, ret);
}

static int forward_read(struct reading *r, const struct row *row, const struct node *node,
			void *ret)
{
	(void)row;
	return rule_read(r, FORWARD_RULE, node, ret);
}

const struct kind kind_update = { .read = update_read,
				  .size = sizeof(struct conf_rule),
				  .nested = true };
const struct kind kind_transfer = { .read = transfer_read,
				    .size = sizeof(struct conf_rule),
				    .nested = true };
const struct kind kind_forward = { .read = forward_read,
				   .size = sizeof(struct conf_rule),
				   .nested = true };
