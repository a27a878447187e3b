/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client/sequence.h: answers to AXFR and IXFR as RFC 5936 2.2 and RFC 1995 4 and 7 have them, and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "client/sequence.h"

static const uint8_t zone[] = "\2jp";
static const uint8_t other[] = "\2uk";

/* A record by a short form: a number is a SOA of that serial, "o7" one of another zone, else a host. */
struct made {
	struct record record;
	knot_dname_storage_t owner;
	uint8_t rdata[22];
};

static void make(struct made *ret, const char *form)
{
	bool soa = strspn(form, "0123456789") > 0 || *form == 'o';
	struct writer w = write_begin(ret->rdata, sizeof(ret->rdata));

	memcpy(ret->owner, *form == 'o' ? other : zone, sizeof(zone));
	if (soa) {
		write_u16(&w, 0);
		write_u32(&w, (uint32_t)strtoul(form + (*form == 'o'), NULL, 10));
		for (int i = 0; i < 4; i++)
			write_u32(&w, 1);
	} else {
		ret->owner[0] = (uint8_t)strlen(form);
		memcpy(ret->owner + 1, form, strlen(form));
		memcpy(ret->owner + 1 + strlen(form), zone, sizeof(zone));
		write_u32(&w, 0xc0000201);
	}
	ret->record = (struct record){ .owner = ret->owner,
				       .type = soa ? KNOT_RRTYPE_SOA : KNOT_RRTYPE_A,
				       .rclass = KNOT_CLASS_IN,
				       .ttl = 60,
				       .rdata = slice_make(ret->rdata, write_size(&w)) };
}

/* What is handed on, as "=1 =a -1 -a +2 +b". */
static int note(const struct record *r, enum sequence_part part, void *arg)
{
	struct text *text = arg;

	text_printf(text, "%s%c", text->size > 0 ? " " : "", "=-+"[part]);
	if (r->type == KNOT_RRTYPE_SOA)
		text_printf(text, "%u", get_u32(r->rdata.data + 2));
	else
		text_add(text, r->owner + 1, *r->owner);
	return 0;
}

/* Takes all records of the list; what was handed on, or "why" where it was refused. */
static const char *take(struct sequence *s, struct text *text, const char *list)
{
	char copy[256], *rest = copy, *form;
	const char *why = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	s->zone = zone;
	s->record = note;
	s->arg = text;
	while ((form = strsep(&rest, " ")) != NULL) {
		struct made made;

		make(&made, form);
		int err = sequence_take(s, &made.record, &why);
		if (err != 0) {
			assert_int_equal(err, -EBADMSG);
			return why;
		}
	}
	return text_get(text);
}

static const struct {
	const char *name;
	uint32_t have; /* 0: AXFR */
	const char *records, *handed_on;
	enum sequence_form form;
	bool over;
} answers[] = {
	{ "a zone", 0, "1 a b 1", "=1 =a =b", SEQUENCE_WHOLE, true },
	{ "a zone that has not ended", 0, "1 a b", "=1 =a =b", SEQUENCE_WHOLE, false },
	{ "one record", 0, "1", "", SEQUENCE_UNKNOWN, false },
	{ "nothing newer", 3, "3", "", SEQUENCE_CURRENT, true },
	{ "something older", 3, "2", "", SEQUENCE_CURRENT, true },
	{ "older, around zero", 1, "4294967295", "", SEQUENCE_CURRENT, true },
	{ "newer, but that is not all", 1, "3", "", SEQUENCE_UNKNOWN, false },
	{ "the RFC's whole zone", 1, "3 jain 3", "=3 =jain", SEQUENCE_WHOLE, true },
	{ "the RFC's two steps", 1, "3 1 nezu 2 jain jain2 2 jain 3 jain3 3",
	  "-1 -nezu +2 +jain +jain2 -2 -jain +3 +jain3", SEQUENCE_DIFFERENCES, true },
	{ "the RFC's condensed step", 1, "3 1 nezu 3 jain3 jain2 3", "-1 -nezu +3 +jain3 +jain2",
	  SEQUENCE_DIFFERENCES, true },
	{ "a step of the SOA alone", 1, "2 1 2 2", "-1 +2", SEQUENCE_DIFFERENCES, true },
	{ "a step over zero", 4294967295, "1 4294967295 1 1", "-4294967295 +1",
	  SEQUENCE_DIFFERENCES, true },
	{ "a step that has not ended", 1, "3 1 a 3 b", "-1 -a +3 +b", SEQUENCE_DIFFERENCES, false },
	{ "a zone of a SOA alone", 1, "3 3", "=3", SEQUENCE_WHOLE, true },
};

static void an_answer_is_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct sequence s = { .since = answers[i].have != 0, .have = answers[i].have };
		struct text text = { 0 };
		const char *got = take(&s, &text, answers[i].records);

		if (strcmp(got, answers[i].handed_on) != 0 || s.form != answers[i].form ||
		    s.over != answers[i].over)
			fail_msg("%s: '%s', form %d, over %d", answers[i].name, got, s.form,
				 s.over);
		text_done(&text);
	}
}

static const struct {
	uint32_t have;
	const char *records, *why;
} faults[] = {
	{ 0, "a", "does not start with the SOA record" },
	{ 1, "a", "does not start with the SOA record" },
	{ 0, "o1", "has the SOA record of another zone" },
	{ 0, "1 a o1", "has the SOA record of another zone" },
	{ 0, "1 a 2", "ends with another serial than it began with" },
	{ 0, "1 a 1 b", "goes on after its end" },
	{ 1, "1 a", "goes on after its end" },
	{ 1, "3 2 a", "has differences from another serial than was asked for" },
	{ 1, "3 1 a 1", "has differences that do not lead to the newest serial" },
	{ 1, "3 1 a 4", "has differences that do not lead to the newest serial" },
	{ 1, "3 1 a 2 b 3", "has a gap between its differences" },
	{ 1, "3 1 a 3 b 3 c", "goes on after its end" },
	{ 5, "7 5 a 6 b 6 c 5", "has differences that do not lead to the newest serial" },
};

static void an_answer_in_no_order_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct sequence s = { .since = faults[i].have != 0, .have = faults[i].have };
		struct text text = { 0 };
		const char *got = take(&s, &text, faults[i].records);

		if (strcmp(got, faults[i].why) != 0)
			fail_msg("%s: '%s'", faults[i].records, got);
		text_done(&text);
	}
}

static int stop(const struct record *r, enum sequence_part part, void *arg)
{
	(void)r;
	(void)part;
	(void)arg;
	return 42;
}

static void whoever_takes_records_may_end_it(void **state)
{
	struct sequence s = { .zone = zone, .record = stop };
	const char *why = NULL;
	struct made soa, host;

	(void)state;
	make(&soa, "1");
	make(&host, "a");
	assert_int_equal(sequence_take(&s, &soa.record, &why), 0);
	assert_int_equal(sequence_take(&s, &host.record, &why), 42);
	assert_null(why);
}

static void a_soa_record_that_is_none_is_refused(void **state)
{
	struct sequence s = { .zone = zone, .record = note };
	const char *why = NULL;
	struct made soa;

	(void)state;
	make(&soa, "1");
	soa.record.rdata.size--;
	assert_int_equal(sequence_take(&s, &soa.record, &why), -EBADMSG);
	assert_string_equal(why, "has a SOA record that is none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_told_apart),
		cmocka_unit_test(an_answer_in_no_order_is_refused),
		cmocka_unit_test(whoever_takes_records_may_end_it),
		cmocka_unit_test(a_soa_record_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
