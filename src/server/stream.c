/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all responses of many messages have in common. Messages are filled to 16 KiB, within the reach
 * of compression pointers: owners are written as their own labels and a pointer to the zone's
 * name in the question, which is why each message carries the question (RFC 5936 2.2.2). Each is
 * signed where the request was.
 */
#include "server/stream.h"

#include <errno.h>
#include <netinet/in.h>

#include "zone/group.h"

enum { MESSAGE_SIZE = 16384, OWNER_SIZE = 2, POINTER = 0xc000 };

static void keep_peer(struct stream *stream, const struct sockaddr *peer)
{
	memcpy(&stream->peer, peer,
	       peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in));
	stream->x.peer = (const struct sockaddr *)&stream->peer;
}

/* The request's octets, its peer and the key, which outlive neither the request nor a reload. */
static int keep_request(struct stream *stream, const struct zone *zone, const struct exchange *x)
{
	uint8_t *wire = arena_copy(&stream->arena, x->wire, x->size);

	if (wire == NULL)
		return -ENOMEM;
	stream->x = *x;
	if (x->ranges != RANGES_NOT_ASKED)
		stream->x.ranges = zone->number_ranges ? RANGES_NUMBERS : RANGES_PLAIN;
	stream->x.wire = wire;
	keep_peer(stream, x->peer);
	stream->x.message = NULL;
	stream->x.cookies = NULL;
	if (x->nsid != NULL) {
		stream->x.nsid = arena_text(&stream->arena, x->nsid);
		if (stream->x.nsid == NULL)
			return -ENOMEM;
	}
	stream->x.tsig.rr = NULL;
	if (x->tsig.key == NULL)
		return 0;
	if (knot_tsig_key_copy(&stream->key.tsig, &x->tsig.key->tsig) != KNOT_EOK)
		return -ENOMEM;
	stream->key.id = arena_text(&stream->arena, x->tsig.key->id);
	stream->x.tsig.key = &stream->key;
	return stream->key.id != NULL ? 0 : -ENOMEM;
}

int stream_init(struct stream *stream, struct responder *r, const struct zone *zone,
		const struct exchange *x)
{
	stream->apex = arena_copy(&stream->arena, zone->apex, zone->apex_size);
	stream->apex_size = zone->apex_size;
	stream->room = response_room(x);

	int err = stream->apex != NULL ? keep_request(stream, zone, x) : -ENOMEM;
	return err == 0 ? store_read_begin(r->store, &stream->txn) : err;
}

void stream_done(struct stream *stream)
{
	store_read_end(stream->txn);
	knot_tsig_key_deinit(&stream->key.tsig);
	arena_done(&stream->arena);
}

void stream_free(struct stream *stream)
{
	if (stream != NULL)
		stream->free(stream);
}

bool stream_is_slow(int64_t lasted_ms, uint64_t sent)
{
	return lasted_ms > STREAM_GRACE_MS && sent / (uint64_t)(lasted_ms / 1000) < STREAM_RATE_MIN;
}

static void write_owner(struct filling *f, const knot_dname_t *owner)
{
	size_t size = knot_dname_size(owner);

	if (f->owner_at != 0) {
		write_u16(&f->w, (uint16_t)(POINTER | f->owner_at));
		return;
	}
	f->owner_at = size > f->apex_size ? write_size(&f->w) : REPLY_QNAME_AT;
	write_bytes(&f->w, owner, size - f->apex_size);
	write_u16(&f->w, POINTER | REPLY_QNAME_AT);
}

bool filling_put(struct filling *f, const knot_dname_t *owner, struct slice rest)
{
	size_t labels = f->owner_at != 0 ? 0 : knot_dname_size(owner) - f->apex_size;

	if (f->answers > 0 && write_size(&f->w) + labels + OWNER_SIZE + rest.size > f->limit)
		return false;
	write_owner(f, owner);
	write_bytes(&f->w, rest.data, rest.size);
	f->answers++;
	return true;
}

int filling_put_soa(struct filling *f, const struct stream *stream)
{
	struct store_zone zone;
	struct rrset_record record;
	int err = store_zone_get(stream->txn, stream->apex, &zone);

	if (err == 0)
		err = apex_soa_get(stream->txn, &zone, stream->apex, &record);
	if (err != 0)
		return err;
	f->owner_at = 0;
	return filling_put(f, stream->apex,
			   slice_make(record.wire + OWNER_SIZE,
				      RRSET_RECORD_HEAD - OWNER_SIZE + record.rdata.size));
}

/* Flags, counts, OPT; and the signature, which of later messages is another one (RFC 8945 5.3.1). */
static int finish(struct stream *stream, struct reply *reply)
{
	struct exchange *x = &stream->x;
	bool again = stream->started;

	stream->started = true;
	if (!again)
		return (int)exchange_finish(x, reply);

	struct tsig tsig = x->tsig;
	x->tsig.present = false;
	size_t size = exchange_finish(x, reply);
	x->tsig = tsig;
	int err = tsig.present ? tsig_sign_next(&x->tsig, reply->wire, &size, stream->room) : 0;
	return err == 0 ? (int)size : err;
}

int stream_next(struct stream *stream, uint8_t *wire)
{
	struct reply reply;

	if (stream->ended) {
		if (stream->sent != NULL)
			stream->sent(stream);
		stream->sent = NULL;
		return 0;
	}

	exchange_reply(&stream->x, &reply, wire, stream->room);
	struct filling f = { .w = write_begin(wire, reply.max),
			     .apex = stream->apex,
			     .apex_size = stream->apex_size };
	f.limit = (stream->room < MESSAGE_SIZE ? stream->room : MESSAGE_SIZE) -
		  (stream->room - reply.max);
	f.w.pos += reply.size;

	int more = stream->fill(stream, &f);
	if (more >= 0 && f.w.full)
		more = -EMSGSIZE;
	if (more < 0)
		return more;
	stream->ended = more == 0;

	reply.size = write_size(&f.w);
	reply.count[REPLY_ANSWER] = f.answers;
	reply.authoritative = true;

	int size = finish(stream, &reply);
	stream->records += f.answers;
	stream->octets += size > 0 ? (uint64_t)size : 0;
	return size;
}
