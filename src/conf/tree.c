/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * YAML as a tree of words, lists and mappings, each with its line and column. The only file that
 * sees libyaml.
 *
 * Of YAML we take what a configuration needs. Anchors, aliases, tags and further documents are
 * faults: each is a way in which a file could say something else than what it seems to say. A word
 * is text and nothing else; what it means is decided by the schema, not by YAML, so that 010, no
 * and 1e3 are no traps. libyaml's own complaints are kept, with a hint where people trip.
 */
#include "conf/tree.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 16 };

struct tree {
	yaml_parser_t parser;
	struct slice yaml;
	struct arena *arena;
	struct faults *faults;
};

static struct mark mark_of(yaml_mark_t at)
{
	return (struct mark){ .line = (int)at.line + 1, .column = (int)at.column + 1 };
}

/* libyaml gives an octet's offset, and no mark, where the text itself is no text. */
static struct mark mark_of_offset(struct slice yaml, size_t offset)
{
	struct mark mark = { .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < yaml.size; i++) {
		if (yaml.data[i] == '\n') {
			mark.line++;
			mark.column = 1;
		} else if ((yaml.data[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static const struct {
	const char *problem; /* how libyaml's words begin */
	const char *hint;
} hints[] = {
	{ "did not find expected node content",
	  "a word that starts with ':' needs quotes in a list" },
	{ "did not find expected alphabetic or numeric",
	  "a word that starts with '*' or '&' needs quotes" },
	{ "found character that cannot start any token",
	  "indent with spaces, not tabs; a word that starts with '@' or '%' needs quotes" },
	{ "mapping values are not allowed",
	  "is this line, or the one before, indented as it should be?" },
	{ "did not find expected key", "is this line indented as the one it belongs to?" },
	{ "did not find expected '-' indicator",
	  "is this line indented as the one it belongs to?" },
};

/* What libyaml stumbled over. */
static int tree_fault(const struct tree *tree)
{
	const yaml_parser_t *p = &tree->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;

	const char *problem = p->problem != NULL ? p->problem : "this is no YAML";
	if (p->error == YAML_READER_ERROR)
		return fault_add(tree->faults, mark_of_offset(tree->yaml, p->problem_offset), "%s",
				 problem);

	const char *hint = NULL;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strncmp(problem, hints[i].problem, strlen(hints[i].problem)) == 0)
			hint = hints[i].hint;
	return fault_add(tree->faults, mark_of(p->problem_mark), "%s%s%s%s%s",
			 p->context != NULL ? p->context : "", p->context != NULL ? ": " : "",
			 problem, hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

static int event_next(struct tree *tree, yaml_event_t *ret)
{
	return yaml_parser_parse(&tree->parser, ret) ? 0 : tree_fault(tree);
}

/* Faults for the parts of YAML that have no place here; reading goes on behind them. */
static int event_check(struct tree *tree, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL;
	const yaml_char_t *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		if (memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL)
			return fault_add(tree->faults, mark_of(event->start_mark),
					 "a NUL character has no place here");
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	} else if (event->type == YAML_ALIAS_EVENT) {
		return fault_add(
			tree->faults, mark_of(event->start_mark),
			"aliases are not used here; a word that starts with '*' needs quotes");
	}

	if (anchor != NULL)
		return fault_add(
			tree->faults, mark_of(event->start_mark),
			"anchors are not used here; a word that starts with '&' needs quotes");
	if (tag != NULL)
		return fault_add(
			tree->faults, mark_of(event->start_mark),
			"tags are not used here; a word that starts with '!' needs quotes");
	return 0;
}

static bool event_is_nothing(const yaml_event_t *event)
{
	static const char *const nothing[] = { "", "~", "null", "Null", "NULL" };

	if (event->type != YAML_SCALAR_EVENT || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return event->type == YAML_ALIAS_EVENT;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (strcmp((const char *)event->data.scalar.value, nothing[i]) == 0)
			return true;
	return false;
}

static int node_make(struct tree *tree, const yaml_event_t *event, struct node **ret)
{
	struct node *node = arena_zero(tree->arena, sizeof(*node));

	if (node == NULL)
		return -ENOMEM;
	node->mark = mark_of(event->start_mark);
	node->type = event->type == YAML_SEQUENCE_START_EVENT ? NODE_LIST :
		     event->type == YAML_MAPPING_START_EVENT  ? NODE_MAPPING :
		     event_is_nothing(event)                  ? NODE_NOTHING :
								NODE_WORD;
	if (event->type == YAML_SCALAR_EVENT) {
		node->text = arena_copy(tree->arena, event->data.scalar.value,
					event->data.scalar.length + 1);
		if (node->text == NULL)
			return -ENOMEM;
	}
	*ret = node;
	return 0;
}

static bool event_ends(const yaml_event_t *event)
{
	return event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
}

static int children_read(struct tree *tree, struct node *parent, unsigned depth);

/* The node that begins at the next event; *ret is NULL where a list or mapping ends instead. */
static int node_read(struct tree *tree, unsigned depth, struct node **ret)
{
	yaml_event_t event;
	struct node *node = NULL;
	int err = event_next(tree, &event);

	if (err < 0)
		return err;
	if (!event_ends(&event)) {
		err = event_check(tree, &event);
		if (err != -ENOMEM)
			err = node_make(tree, &event, &node);
	}
	yaml_event_delete(&event);
	if (err < 0)
		return err;

	if (node != NULL && (node->type == NODE_LIST || node->type == NODE_MAPPING)) {
		err = depth < DEPTH_MAX ? children_read(tree, node, depth + 1) :
					  fault_add(tree->faults, node->mark, "nested too deeply");
		if (err < 0)
			return err;
	}
	*ret = node;
	return 0;
}

static int children_read(struct tree *tree, struct node *parent, unsigned depth)
{
	struct node **end = &parent->child;

	for (;;) {
		struct node *name = NULL;
		struct node *node = NULL;
		int err = node_read(tree, depth, &node);

		if (err < 0 || node == NULL)
			return err;
		if (parent->type == NODE_MAPPING) {
			name = node;
			err = node_read(tree, depth, &node);
			if (err < 0)
				return err;
			if (name->text == NULL) {
				err = fault_add(tree->faults, name->mark, "a word is wanted here");
				if (err == -ENOMEM)
					return err;
				continue;
			}
			node->name = name;
		}
		*end = node;
		end = &node->next;
		parent->count++;
	}
}

/* Steps over an event of a kind that the grammar of libyaml makes sure of; gives its type. */
static int event_skip(struct tree *tree, yaml_event_type_t *ret, struct mark *mark)
{
	yaml_event_t event;
	int err = event_next(tree, &event);

	if (err < 0)
		return err;
	*ret = event.type;
	*mark = mark_of(event.start_mark);
	yaml_event_delete(&event);
	return 0;
}

static int stream_read(struct tree *tree, struct node **ret)
{
	yaml_event_type_t type;
	struct mark mark;
	struct node *node = NULL;
	int err = event_skip(tree, &type, &mark); /* the stream's start */

	if (err == 0)
		err = event_skip(tree, &type, &mark); /* the document's start, or the end */
	if (err < 0)
		return err;

	if (type == YAML_STREAM_END_EVENT) {
		node = arena_zero(tree->arena, sizeof(*node));
		if (node == NULL)
			return -ENOMEM;
		node->mark = mark;
		*ret = node;
		return 0;
	}

	err = node_read(tree, 0, &node);
	if (err == 0)
		err = event_skip(tree, &type, &mark); /* the document's end */
	if (err == 0)
		err = event_skip(tree, &type, &mark);
	if (err == 0 && type != YAML_STREAM_END_EVENT)
		err = fault_add(tree->faults, mark, "a second document; a file holds one");
	if (err < 0)
		return err;
	*ret = node;
	return 0;
}

int tree_read(const struct node **ret, struct slice yaml, struct arena *arena,
	      struct faults *faults)
{
	struct tree tree = { .yaml = yaml, .arena = arena, .faults = faults };
	struct node *node = NULL;

	if (!yaml_parser_initialize(&tree.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&tree.parser, yaml.data, yaml.size);

	int err = stream_read(&tree, &node);
	yaml_parser_delete(&tree.parser);
	if (err == 0 && faults->count > 0)
		err = -EINVAL;
	if (err < 0)
		return err;
	*ret = node;
	return 0;
}

const struct node *tree_find(const struct node *mapping, const char *name)
{
	for (const struct node *n = mapping->child; n != NULL; n = n->next)
		if (n->name != NULL && strcmp(n->name->text, name) == 0)
			return n;
	return NULL;
}
