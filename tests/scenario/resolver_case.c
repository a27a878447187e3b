/* SPDX-License-Identifier: MIT */
/*
 * Look-up cases: read from their lines, answered from their zones, played on the machine.
 *
 * The answers are those of a resolver that asks the zones' authoritative servers: the closest
 * encloser decides (RFC 4592), empty names exist, aliases are followed (RFC 1034 3.6.2, RFC 6672).
 */
#include "scenario/resolver_case.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_CNAME = 5, TYPE_DNAME = 39, ALIASES_MAX = 8 };

static struct name name_of(const char *text, size_t size)
{
	struct name name;
	int err = name_parse(&name, slice_make(text, size));

	assert(err == 0);
	(void)err;
	return name;
}

/* The value where the line begins with the word, else NULL. */
static const char *value_of(const char *line, const char *word)
{
	size_t size = strlen(word);

	if (strncmp(line, word, size) != 0 || (line[size] != ' ' && line[size] != '\0'))
		return NULL;
	return line[size] == ' ' ? line + size + 1 : line + size;
}

static void record_read(const char *text, struct case_record *ret)
{
	char owner[300];
	char hex[1024];
	unsigned type;
	unsigned ttl;

	int fields = sscanf(text, "%299s %u %u %1023s", owner, &type, &ttl, hex);
	assert(fields == 4);
	(void)fields;
	ret->owner = name_of(owner, strlen(owner));
	ret->type = (uint16_t)type;
	ret->ttl = ttl;
	ret->size = (uint16_t)(strlen(hex) / 2);
	for (size_t i = 0; i < ret->size; i++) {
		unsigned octet = 0;

		sscanf(hex + 2 * i, "%2x", &octet);
		ret->rdata[i] = (uint8_t)octet;
	}
}

static void endpoint_of(const char *text, struct onnet_endpoint *ret)
{
	int err = onnet_endpoint_parse(ret, text);

	assert(err == 0);
	(void)err;
}

static bool option_read(const char *line, struct resolver_case *c)
{
	struct onnet_lookup_options *o = &c->options;
	const char *value;
	size_t at = 0;

	if ((value = value_of(line, "transport")) != NULL) {
		while (o->transports[at] != ONNET_TRANSPORT_NONE)
			at++;
		onnet_transport_parse(&o->transports[at], value);
	} else if ((value = value_of(line, "family")) != NULL) {
		o->families |= strcmp(value, "v4") == 0 ? ONNET_FAMILY_V4 : ONNET_FAMILY_V6;
	} else if ((value = value_of(line, "suffix")) != NULL) {
		while (c->suffixes[at] != NULL)
			at++;
		c->suffixes[at] = value;
		o->e164_suffixes = c->suffixes;
		o->isn_suffixes = c->suffixes;
	} else if ((value = value_of(line, "service")) != NULL) {
		while (c->services[at] != NULL)
			at++;
		c->services[at] = value;
		o->services = c->services;
	} else if ((value = value_of(line, "prefer")) != NULL) {
		endpoint_of(value, &c->prefer);
		o->prefer = &c->prefer;
	} else if (strcmp(line, "follow") == 0) {
		o->follow = true;
	} else if (strcmp(line, "infrastructure") == 0) {
		o->infrastructure = true;
	} else {
		return false;
	}
	return true;
}

static void mark_read(struct resolver_case *c, const char *text, enum onnet_mark mark)
{
	struct onnet_marked *m = &c->marks[c->mark_count++];

	m->mark = mark;
	endpoint_of(text, &m->endpoint);
}

static bool input_read_line(const char *line, struct resolver_case *c)
{
	const char *value;

	if ((value = value_of(line, "case")) != NULL) {
		c->id = value;
	} else if ((value = value_of(line, "zone")) != NULL) {
		c->zones[c->zone_count++] = name_of(value, strlen(value));
	} else if ((value = value_of(line, "rr")) != NULL) {
		assert(c->record_count < CASE_RECORDS);
		record_read(value, &c->records[c->record_count++]);
	} else if ((value = value_of(line, "kind")) != NULL) {
		c->kind = value;
	} else if ((value = value_of(line, "input")) != NULL) {
		c->input = value;
	} else if ((value = value_of(line, "grey")) != NULL) {
		mark_read(c, value, ONNET_MARK_GREY);
	} else if ((value = value_of(line, "black")) != NULL) {
		mark_read(c, value, ONNET_MARK_BLACK);
	} else if ((value = value_of(line, "via")) != NULL) {
		snprintf(c->via, sizeof(c->via), "SIP/2.0/%s", value);
	} else if ((value = value_of(line, "outcome")) != NULL) {
		sscanf(value, "%127s", c->outcome_of[c->outcome_count]);
		c->outcomes[c->outcome_count++] = strchr(value, ' ') + 1;
	} else {
		return false;
	}
	return true;
}

static void first_read(const char *text, struct case_expectation *e)
{
	struct case_first *f = &e->first[e->first_count++];
	size_t node = e->count;

	sscanf(text, "%127s %lf %lf %u", f->key, &f->share, &f->tolerance, &f->trials);
	/* It belongs to the group that has just ended. */
	while (node-- > 0)
		if (e->nodes[node].kind != NODE_ITEM && e->nodes[node].end == e->count)
			f->node = node;
}

/* open: the groups that have not ended. */
static void expectation_read(const char *line, struct resolver_case *c, size_t *open, size_t *depth)
{
	struct case_expectation *e = c->expectations;
	const char *value = value_of(line, "expect");

	if (value != NULL) {
		assert(c->expectation_count < CASE_EXPECTATIONS);
		c->expectations[c->expectation_count++].what = value;
		return;
	}
	assert(c->expectation_count > 0);
	e += c->expectation_count - 1;
	if ((value = value_of(line, "item")) != NULL) {
		e->nodes[e->count++] = (struct case_node){ NODE_ITEM, value, 0, 1 };
		for (size_t i = 0; i < *depth; i++)
			e->nodes[open[i]].items++;
	} else if (strcmp(line, "any") == 0 || strcmp(line, "in") == 0) {
		open[(*depth)++] = e->count;
		e->nodes[e->count++].kind = line[0] == 'a' ? NODE_ANY : NODE_IN;
	} else if (strcmp(line, "end") == 0) {
		e->nodes[open[--*depth]].end = e->count;
	} else if ((value = value_of(line, "first")) != NULL) {
		first_read(value, e);
	} else if ((value = value_of(line, "final")) != NULL) {
		e->final = value;
	} else {
		assert(false);
	}
}

const char *const *case_read(const char *const *lines, struct resolver_case *ret)
{
	size_t open[CASE_LIST];
	size_t depth = 0;

	memset(ret, 0, sizeof(*ret));
	do {
		if (!input_read_line(*lines, ret) && !option_read(*lines, ret))
			expectation_read(*lines, ret, open, &depth);
		lines++;
	} while (*lines != NULL && value_of(*lines, "case") == NULL);
	return lines;
}

size_t case_find(const char *const **ret, size_t room)
{
	size_t count = 0;

	for (const char *const *line = resolver_cases; *line != NULL; line++)
		if (value_of(*line, "case") != NULL && count < room)
			ret[count++] = line;
	return count;
}

/* Whether a is b or below it. */
static bool is_below(struct slice a, struct slice b)
{
	while (a.size > b.size)
		a = slice_make(a.data + 1 + a.data[0], a.size - 1 - a.data[0]);
	return name_equal(a, b);
}

static struct slice parent_of(struct slice name)
{
	return slice_make(name.data + 1 + name.data[0], name.size - 1 - name.data[0]);
}

static bool exists(const struct resolver_case *c, struct slice name)
{
	for (size_t i = 0; i < c->record_count; i++)
		if (is_below(name_slice(&c->records[i].owner), name))
			return true;
	return false;
}

static const struct case_record *record_find(const struct resolver_case *c, struct slice owner,
					     uint16_t type)
{
	for (size_t i = 0; i < c->record_count; i++)
		if (c->records[i].type == type &&
		    name_equal(name_slice(&c->records[i].owner), owner))
			return &c->records[i];
	return NULL;
}

static bool is_served(const struct resolver_case *c, struct slice name)
{
	for (size_t i = 0; i < c->zone_count; i++)
		if (is_below(name, name_slice(&c->zones[i])))
			return true;
	return false;
}

/* The owner whose records answer: the name itself, or the wildcard of its closest encloser. */
static bool owner_find(const struct resolver_case *c, struct slice name, struct name *ret)
{
	struct slice encloser = name;

	if (exists(c, name)) {
		memcpy(ret->wire, name.data, name.size);
		ret->size = (uint8_t)name.size;
		return true;
	}
	while (!exists(c, encloser) && encloser.size > 1)
		encloser = parent_of(encloser);
	return name_below(ret, "*", encloser) == 0 && exists(c, name_slice(ret));
}

/* Where an alias leads; false: there is none. */
static bool alias_find(const struct resolver_case *c, struct slice owner, struct name *name,
		       uint32_t *ttl)
{
	const struct case_record *r = record_find(c, owner, TYPE_CNAME);
	struct name next;

	if (r != NULL) {
		memcpy(next.wire, r->rdata, r->size);
		next.size = (uint8_t)r->size;
	}
	for (struct slice at = name_slice(name); r == NULL && at.size > 1;) {
		size_t head = name->size - parent_of(at).size;

		at = parent_of(at);
		r = record_find(c, at, TYPE_DNAME);
		if (r != NULL) {
			memcpy(next.wire, name->wire, head);
			memcpy(next.wire + head, r->rdata, r->size);
			next.size = (uint8_t)(head + r->size);
		}
	}
	if (r == NULL)
		return false;
	*name = next;
	*ttl = r->ttl < *ttl ? r->ttl : *ttl;
	return true;
}

void case_answer(const struct resolver_case *c, const struct machine_question *q,
		 struct machine_answer *ret, struct slice room[CASE_RECORDS])
{
	struct machine_answer a = { .outcome = MACHINE_ANSWERED,
				    .records = room,
				    .ttl = UINT32_MAX };
	struct name name;
	struct name owner = { .size = 0 };
	bool found = false;

	memcpy(name.wire, q->name.data, q->name.size);
	name.size = (uint8_t)q->name.size;
	for (unsigned i = 0; i < ALIASES_MAX && is_served(c, name_slice(&name)); i++) {
		found = owner_find(c, name_slice(&name), &owner);
		if (found && record_find(c, name_slice(&owner), q->type) != NULL)
			break;
		if (!alias_find(c, found ? name_slice(&owner) : name_slice(&name), &name, &a.ttl))
			break;
		a.alias = true;
		found = false;
	}
	a.nxdomain = !found;
	for (size_t i = 0; found && i < c->record_count; i++) {
		const struct case_record *r = &c->records[i];

		if (r->type != q->type || !name_equal(name_slice(&r->owner), name_slice(&owner)))
			continue;
		room[a.count++] = slice_make(r->rdata, r->size);
		a.ttl = r->ttl < a.ttl ? r->ttl : a.ttl;
	}
	if (a.count == 0)
		a.ttl = 300;
	*ret = a;
}
