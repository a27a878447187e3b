/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is there, by the names that BIND made up and RFC 4892 kept: TXT records of class CH. What a server
 * runs and where is of use to whoever looks for a hole in it, so nothing is said that is not configured.
 */
#include "server/chaos.h"

static const struct {
	const char *name; /* in wire form; the literal's NUL is the root */
	bool identity;
} questions[] = {
	{ "\7version\4bind", false },
	{ "\7version\6server", false },
	{ "\10hostname\4bind", true },
	{ "\2id\6server", true },
};

/* What is said to that name; NULL: nothing. */
static const char *find_text(const knot_dname_t *name, const struct conf *conf)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (knot_dname_is_case_equal(name, (const knot_dname_t *)questions[i].name))
			return questions[i].identity ? conf->identity : conf->version;
	return NULL;
}

uint16_t chaos_answer(const struct exchange *x, const struct conf *conf, struct reply *reply)
{
	uint8_t record[RRSET_RECORD_HEAD + 1 + CONF_TEXT_MAX];
	const char *text = find_text(x->wire + KNOT_WIRE_HEADER_SIZE, conf);

	if (text == NULL || (x->qtype != KNOT_RRTYPE_TXT && x->qtype != KNOT_RRTYPE_ANY))
		return KNOT_RCODE_REFUSED;

	size_t size = strlen(text);
	struct writer w = write_begin(record, sizeof(record));
	write_u16(&w, RRSET_OWNER);
	write_u16(&w, KNOT_RRTYPE_TXT);
	write_u16(&w, KNOT_CLASS_CH);
	write_u32(&w, 0);
	write_u16(&w, (uint16_t)(size + 1));
	write_u8(&w, (uint8_t)size);
	write_bytes(&w, text, size);

	struct rrset set = { .type = KNOT_RRTYPE_TXT,
			     .count = 1,
			     .size = (uint32_t)write_size(&w),
			     .wire = record };
	reply->authoritative = true;
	reply_put(reply, REPLY_ANSWER, reply->wire + REPLY_QNAME_AT, &set);
	return KNOT_RCODE_NOERROR;
}
