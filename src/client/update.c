/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UPDATE messages (RFC 2136 2). Prerequisites and changes are kept in two runs of octets, since
 * they may come in any order and the message wants all prerequisites first. Owners at or below
 * the zone end in a pointer to the zone's name, which always stands at octet 12 (RFC 1035
 * 4.1.4): of a number's name only its digits are sent. RDATA is never compressed.
 */
#include "client/update.h"

#include <errno.h>
#include <stdlib.h>

#include "base/writer.h"
#include "client/request.h"

enum {
	RECORD_FIXED = 10, /* type, class, TTL, RDLENGTH */
	ZONE_POINTER = 0xc000 | KNOT_WIRE_HEADER_SIZE,
	/*
	 * What may be added to the message: OPT, and TSIG with a key's name and a MAC of 64
	 * octets.
	 */
	TAIL_MAX = REQUEST_OPT_SIZE + KNOT_DNAME_MAXLEN + RECORD_FIXED + 26 + 16 + REQUEST_MAC_MAX,
};

struct run {
	uint8_t *data;
	size_t size;
	size_t room;
	uint16_t count;
};

struct client_update {
	knot_dname_storage_t zone;
	size_t zone_size;
	size_t zone_labels;
	size_t limit;
	struct run require;
	struct run change;
	struct run message;
};

int client_update_new(struct client_update **ret, const knot_dname_t *zone, size_t limit)
{
	struct client_update *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return -ENOMEM;
	u->zone_size = knot_dname_store(u->zone, zone);
	u->zone_labels = knot_dname_labels(zone, NULL);
	u->limit = UINT16_MAX - TAIL_MAX;
	if (limit > 0 && limit < u->limit)
		u->limit = limit;
	*ret = u;
	return 0;
}

void client_update_free(struct client_update *u)
{
	if (u == NULL)
		return;
	free(u->require.data);
	free(u->change.data);
	free(u->message.data);
	free(u);
}

void client_update_reset(struct client_update *u)
{
	u->require.size = 0;
	u->require.count = 0;
	u->change.size = 0;
	u->change.count = 0;
}

const knot_dname_t *client_update_zone(const struct client_update *u)
{
	return u->zone;
}

size_t client_update_size(const struct client_update *u)
{
	return KNOT_WIRE_HEADER_SIZE + u->zone_size + 4 + u->require.size + u->change.size;
}

size_t client_update_count(const struct client_update *u)
{
	return u->change.count;
}

static int run_reserve(struct run *run, size_t size)
{
	if (run->room - run->size >= size)
		return 0;

	size_t room = run->room * 2 + size + 512;
	uint8_t *data = realloc(run->data, room);
	if (data == NULL)
		return -ENOMEM;
	run->data = data;
	run->room = room;
	return 0;
}

/* How many octets of the owner stand before the zone's name; all of them where it is not below. */
static size_t owner_prefix(const struct client_update *u, const knot_dname_t *owner, bool *below)
{
	size_t labels = knot_dname_labels(owner, NULL);

	*below = u->zone_labels > 0 && labels >= u->zone_labels;
	if (!*below)
		return knot_dname_size(owner);

	size_t prefix = knot_dname_prefixlen(owner, (unsigned)(labels - u->zone_labels), NULL);
	*below = knot_dname_is_case_equal(owner + prefix, u->zone);
	return *below ? prefix : knot_dname_size(owner);
}

static int run_add(struct client_update *u, struct run *run, const struct record *r)
{
	bool below;
	size_t prefix = owner_prefix(u, r->owner, &below);
	size_t size = prefix + (below ? 2 : 0) + RECORD_FIXED + r->rdata.size;

	if (r->rdata.size > UINT16_MAX || run->count == UINT16_MAX ||
	    client_update_size(u) + size > u->limit)
		return -ENOSPC;
	int err = run_reserve(run, size);
	if (err < 0)
		return err;

	struct writer w = write_begin(run->data + run->size, size);
	write_bytes(&w, r->owner, prefix);
	if (below)
		write_u16(&w, ZONE_POINTER);
	write_u16(&w, r->type);
	write_u16(&w, r->rclass);
	write_u32(&w, r->ttl);
	write_u16(&w, (uint16_t)r->rdata.size);
	write_bytes(&w, r->rdata.data, r->rdata.size);
	run->size += size;
	run->count++;
	return 0;
}

int client_update_require(struct client_update *u, const struct record *r)
{
	struct record form = *r;

	form.ttl = 0; /* RFC 2136 2.4: "TTL must be specified as zero (0)" */
	return run_add(u, &u->require, &form);
}

int client_update_change(struct client_update *u, const struct record *r)
{
	struct record form = *r;

	if (form.rclass != KNOT_CLASS_IN)
		form.ttl = 0; /* RFC 2136 2.5.2 to 2.5.4 */
	return run_add(u, &u->change, &form);
}

int client_update_add(struct client_update *u, const struct record *r)
{
	struct record form = *r;

	form.rclass = KNOT_CLASS_IN;
	return client_update_change(u, &form);
}

int client_update_delete(struct client_update *u, const knot_dname_t *owner, uint16_t type,
			 struct slice rdata)
{
	struct record form = {
		.owner = owner,
		.type = type,
		.rclass = rdata.data != NULL ? KNOT_CLASS_NONE : KNOT_CLASS_ANY,
		.rdata = rdata,
	};

	return client_update_change(u, &form);
}

struct slice client_update_message(struct client_update *u)
{
	size_t size = client_update_size(u);

	u->message.size = 0;
	if (run_reserve(&u->message, size) < 0)
		return slice_make(NULL, 0);

	uint8_t *wire = u->message.data;
	memset(wire, 0, KNOT_WIRE_HEADER_SIZE);
	knot_wire_set_opcode(wire, KNOT_OPCODE_UPDATE);
	knot_wire_set_qdcount(wire, 1);
	knot_wire_set_ancount(wire, u->require.count);
	knot_wire_set_nscount(wire, u->change.count);

	struct writer w = write_begin(wire, size);
	w.pos += KNOT_WIRE_HEADER_SIZE;
	write_bytes(&w, u->zone, u->zone_size);
	write_u16(&w, KNOT_RRTYPE_SOA); /* RFC 2136 2.3: "the ZTYPE must be SOA" */
	write_u16(&w, KNOT_CLASS_IN);
	write_bytes(&w, u->require.data, u->require.size);
	write_bytes(&w, u->change.data, u->change.size);
	return slice_make(wire, size);
}
