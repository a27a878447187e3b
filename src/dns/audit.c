/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The octets of questions for a change log and of what answers them; both sides read and write them here. */
#include "dns/audit.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"

static void write_name(struct writer *w, const knot_dname_t *name)
{
	static const knot_dname_t root[] = { 0 };

	name = name != NULL ? name : root;
	write_bytes(w, name, knot_dname_size(name));
}

size_t audit_question_write(uint8_t ret[AUDIT_QUESTION_MAX], const struct audit_question *question)
{
	struct writer w = write_begin(ret, AUDIT_QUESTION_MAX);

	write_u8(&w, AUDIT_VERSION);
	write_u8(&w, question->one);
	write_u32(&w, question->serial);
	write_u64(&w, question->since);
	write_u64(&w, question->until);
	write_u32(&w, question->limit);
	write_name(&w, question->name);
	write_name(&w, question->key);
	return write_size(&w);
}

int audit_question_read(struct audit_question *ret, struct slice octets)
{
	struct reader r = read_begin(octets.data, octets.size);
	struct audit_question q = { 0 };
	uint8_t version = read_u8(&r);

	q.one = read_u8(&r) != 0;
	q.serial = read_u32(&r);
	q.since = read_u64(&r);
	q.until = read_u64(&r);
	q.limit = read_u32(&r);
	q.name = read_name(&r).data;
	q.key = read_name(&r).data;
	if (octets.size > 0 && version != AUDIT_VERSION)
		return -ENOTSUP;
	if (read_end(&r) != 0)
		return -EBADMSG;
	*ret = q;
	return 0;
}

size_t audit_head_write(uint8_t ret[AUDIT_HEAD_MAX], const struct audit_head *head)
{
	struct writer w = write_begin(ret, AUDIT_HEAD_MAX);

	write_u8(&w, AUDIT_ENTRY);
	write_u8(&w, head->kind);
	write_u32(&w, head->serial_before);
	write_u32(&w, head->serial_after);
	write_u64(&w, head->time);
	write_u64(&w, head->names);
	write_u64(&w, head->others);
	write_u8(&w, (uint8_t)head->peer.size);
	write_bytes(&w, head->peer.data, head->peer.size);
	write_name(&w, head->key);
	return write_size(&w);
}

int audit_head_read(struct audit_head *ret, struct slice octets)
{
	struct reader r = read_begin(octets.data, octets.size);
	struct audit_head h = { .kind = read_u8(&r) };

	h.serial_before = read_u32(&r);
	h.serial_after = read_u32(&r);
	h.time = read_u64(&r);
	h.names = read_u64(&r);
	h.others = read_u64(&r);
	h.peer = read_string(&r);
	h.key = read_name(&r).data;
	if (read_end(&r) != 0 || (h.peer.size != 0 && h.peer.size != 4 && h.peer.size != 16))
		return -EBADMSG;
	*ret = h;
	return 0;
}

size_t audit_end_write(uint8_t ret[AUDIT_END_SIZE], const struct audit_end *end)
{
	struct writer w = write_begin(ret, AUDIT_END_SIZE);

	write_u8(&w, AUDIT_END);
	write_u8(&w, end->more);
	write_u64(&w, end->entries);
	write_u64(&w, end->time);
	write_u32(&w, end->serial);
	return write_size(&w);
}

int audit_end_read(struct audit_end *ret, struct slice octets)
{
	struct reader r = read_begin(octets.data, octets.size);
	struct audit_end e = { .more = read_u8(&r) != 0 };

	e.entries = read_u64(&r);
	e.time = read_u64(&r);
	e.serial = read_u32(&r);
	if (read_end(&r) != 0)
		return -EBADMSG;
	*ret = e;
	return 0;
}

int audit_record_read(struct record *ret, struct slice octets, size_t *offset)
{
	struct record record = { 0 };

	if (octets.size == *offset)
		return 0;

	struct reader r = read_begin(octets.data + *offset, octets.size - *offset);
	record.owner = read_name(&r).data;
	record.type = read_u16(&r);
	record.rclass = read_u16(&r);
	record.ttl = read_u32(&r);
	uint16_t size = read_u16(&r);
	record.rdata = read_bytes(&r, size);
	if (r.failed)
		return -EBADMSG;
	*offset += (size_t)(r.pos - r.start);
	*ret = record;
	return 1;
}
