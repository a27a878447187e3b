/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP domains as records (publish/domain.h), and records as a SIP domain (publish/domain_view.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "publish/domain.h"
#include "publish/domain_view.h"

/* Records that a test publishes and looks up; names in held are answered for. */
struct world {
	struct arena arena;
	struct record record[128];
	size_t count;
	const char *held;
};

static const knot_dname_t *name(struct world *w, const char *text)
{
	const knot_dname_t *n = name_parse(&w->arena, NULL, text);

	assert_non_null(n);
	return n;
}

/* "OWNER TYPE RDATA" */
static struct record record(struct world *w, const char *line)
{
	char owner[256], type[16];
	int at = 0;
	struct record r = { .rclass = KNOT_CLASS_IN, .ttl = 60 };
	const char *why;

	assert_int_equal(sscanf(line, "%255s %15s %n", owner, type, &at), 2);
	r.owner = name(w, owner);
	assert_int_equal(type_parse(&r.type, type), 0);
	assert_int_equal(rdata_parse(&w->arena, &r.rdata, name(w, "."), r.type, line + at, &why),
			 0);
	return r;
}

/* RFC 2136 3.4.2, as far as these tests go. */
static void apply(struct world *w, const struct changes *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct record *r = &c->at[i];
		size_t kept = 0;

		for (size_t k = 0; k < w->count; k++) {
			struct record *have = &w->record[k];
			bool same =
				have->type == r->type &&
				knot_dname_is_case_equal(have->owner, r->owner) &&
				(r->rclass == KNOT_CLASS_ANY || slice_equal(have->rdata, r->rdata));
			if (!same)
				w->record[kept++] = *have;
		}
		w->count = kept;
		if (r->rclass == KNOT_CLASS_IN) {
			assert_true(w->count < 128);
			w->record[w->count++] = *r;
		}
	}
}

static int world_lookup(void *arg, const knot_dname_t *owner, uint16_t type,
			const struct record **ret, size_t *count)
{
	struct world *w = arg;
	struct record *found = arena_zero(&w->arena, 128 * sizeof(*found));
	size_t n = 0;

	assert_non_null(found);
	if (knot_dname_in_bailiwick(owner, name(w, w->held)) < 0)
		return -ENOENT;
	for (size_t i = 0; i < w->count; i++)
		if (w->record[i].type == type &&
		    knot_dname_is_case_equal(w->record[i].owner, owner))
			found[n++] = w->record[i];
	*ret = found;
	*count = n;
	return 0;
}

static void assert_world(struct world *w, const char *const *lines)
{
	size_t count = 0;

	for (; lines[count] != NULL; count++) {
		struct text text = { 0 };
		bool there = false;

		for (size_t i = 0; i < w->count && !there; i++) {
			text_reset(&text);
			assert_int_equal(record_format(&text, &w->record[i]), 0);
			for (char *c = text.data; *c != '\0'; c++)
				if (*c == '\t')
					*c = ' ';
			there = strcmp(text.data, lines[count]) == 0;
		}
		if (!there)
			fail_msg("missing: %s; last was: %s", lines[count], text_get(&text));
		text_done(&text);
	}
	assert_int_equal(w->count, count);
}

static struct domain_plan *plan(struct world *w, const char *domain, const char *transports_text,
				const char *const *servers)
{
	struct domain_plan *p = arena_zero(&w->arena, sizeof(*p));
	struct text fault = { 0 };

	assert_non_null(p);
	p->domain = name(w, domain);
	p->ttl = 60;
	assert_int_equal(domain_transports_parse(p, transports_text, &fault), 0);
	for (; *servers != NULL; servers++)
		assert_int_equal(domain_server_parse(p, &w->arena,
						     **servers == '!' ? *servers + 1 : *servers,
						     **servers == '!', &fault),
				 0);
	assert_int_equal(fault.size, 0);
	return p;
}

static void set(struct world *w, const struct domain_plan *p, const struct record *naptr,
		size_t naptr_count)
{
	struct changes c = { .arena = &w->arena };
	struct text fault = { 0 };
	int err = domain_changes(&c, p, name(w, "example.net"), naptr, naptr_count, &fault);

	if (err != 0)
		fail_msg("%s", text_get(&fault));
	apply(w, &c);
}

static void a_domain_becomes_naptr_srv_and_address_records(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const servers[] = {
		"sip1.example.net,weight=60,address=192.0.2.1,address=[2001:db8::1]",
		"sip2:5070,weight=20,tls-port=5071", "!backup.example.com", NULL
	};
	static const char *const lines[] = {
		"example.net. 60 IN NAPTR 50 50 \"s\" \"SIPS+D2T\" \"\" _sips._tcp.example.net.",
		"example.net. 60 IN NAPTR 90 90 \"s\" \"SIP+D2T\" \"\" _sip._tcp.example.net.",
		"example.net. 60 IN NAPTR 100 100 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.net.",
		"_sips._tcp.example.net. 60 IN SRV 10 60 5061 sip1.example.net.",
		"_sips._tcp.example.net. 60 IN SRV 10 20 5071 sip2.example.net.",
		"_sips._tcp.example.net. 60 IN SRV 20 10 5061 backup.example.com.",
		"_sip._tcp.example.net. 60 IN SRV 10 60 5060 sip1.example.net.",
		"_sip._tcp.example.net. 60 IN SRV 10 20 5070 sip2.example.net.",
		"_sip._tcp.example.net. 60 IN SRV 20 10 5060 backup.example.com.",
		"_sip._udp.example.net. 60 IN SRV 10 60 5060 sip1.example.net.",
		"_sip._udp.example.net. 60 IN SRV 10 20 5070 sip2.example.net.",
		"_sip._udp.example.net. 60 IN SRV 20 10 5060 backup.example.com.",
		"sip1.example.net. 60 IN A 192.0.2.1",
		"sip1.example.net. 60 IN AAAA 2001:db8::1",
		NULL,
	};

	(void)state;
	set(&w, plan(&w, "example.net", "tls,tcp,udp", servers), NULL, 0);
	assert_world(&w, lines);
	arena_done(&w.arena);
}

static void setting_it_again_leaves_nothing_of_before_and_all_of_others(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const before[] = { "a,address=192.0.2.1", "b,address=192.0.2.2", NULL };
	static const char *const after[] = { "a:5080,address=192.0.2.7", NULL };
	static const char *const lines[] = {
		"example.net. 60 IN NAPTR 100 50 \"s\" \"SIP+D2W\" \"\" _sip._ws.example.net.",
		"example.net. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .",
		"example.net. 60 IN NAPTR 100 100 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.net.",
		"_sip._udp.example.net. 60 IN SRV 10 10 5080 a.example.net.",
		"a.example.net. 60 IN A 192.0.2.7",
		"b.example.net. 60 IN A 192.0.2.2",
		NULL,
	};
	const struct record *naptr;
	size_t count;

	(void)state;
	set(&w, plan(&w, "example.net", "tls,tcp,udp", before), NULL, 0);
	w.record[w.count++] =
		record(&w, "example.net NAPTR 100 50 \"s\" \"SIP+D2W\" \"\" _sip._ws.example.net.");
	w.record[w.count++] =
		record(&w, "example.net NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .");
	assert_int_equal(
		world_lookup(&w, name(&w, "example.net"), KNOT_RRTYPE_NAPTR, &naptr, &count), 0);
	assert_int_equal(count, 5);
	set(&w, plan(&w, "example.net", "udp", after), naptr, count);
	assert_world(&w, lines);

	/* and away with it */
	static const char *const left[] = {
		"example.net. 60 IN NAPTR 100 50 \"s\" \"SIP+D2W\" \"\" _sip._ws.example.net.",
		"example.net. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .",
		"a.example.net. 60 IN A 192.0.2.7",
		"b.example.net. 60 IN A 192.0.2.2",
		NULL,
	};
	struct changes c = { .arena = &w.arena };

	assert_int_equal(
		world_lookup(&w, name(&w, "example.net"), KNOT_RRTYPE_NAPTR, &naptr, &count), 0);
	assert_int_equal(domain_unset_changes(&c, name(&w, "example.net"), naptr, count), 0);
	apply(&w, &c);
	assert_world(&w, left);
	arena_done(&w.arena);
}

static void the_order_is_the_one_that_was_asked_for(void **state)
{
	static const struct {
		const char *transports, *first, *second;
	} table[] = {
		{ "tls,udp", "50 50 \"s\" \"SIPS+D2T\"", "100 100 \"s\" \"SIP+D2U\"" },
		{ "udp,tls", "50 50 \"s\" \"SIP+D2U\"", "90 90 \"s\" \"SIPS+D2T\"" },
		{ "TCP,udp", "90 90 \"s\" \"SIP+D2T\"", "100 100 \"s\" \"SIP+D2U\"" },
	};
	static const char *const servers[] = { "a", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world w = { .held = "example.net" };
		const char *wanted[2] = { table[i].first, table[i].second };
		size_t seen = 0;

		set(&w, plan(&w, "example.net", table[i].transports, servers), NULL, 0);
		for (size_t k = 0; k < w.count; k++) {
			struct text text = { 0 };

			if (w.record[k].type != KNOT_RRTYPE_NAPTR)
				continue;
			assert_int_equal(rdata_format(&text, KNOT_RRTYPE_NAPTR, w.record[k].rdata),
					 0);
			assert_memory_equal(text.data, wanted[seen], strlen(wanted[seen]));
			seen++;
			text_done(&text);
		}
		assert_int_equal(seen, 2);
		arena_done(&w.arena);
	}
}

static void a_server_that_cannot_be_is_refused_in_words(void **state)
{
	static const struct {
		const char *in, *fault;
	} table[] = {
		{ "", "server '': not a host name" },
		{ "a b", "server 'a b': not a host name" },
		{ "@", "server '@': not a host name" },
		{ ".", "server '.': not a host name" },
		{ "a..b", "server 'a..b': not a host name" },
		{ "192.0.2.1", "SRV records name hosts" },
		{ "192.0.2.1:5060", "SRV records name hosts" },
		{ "[2001:db8::1]:5060", "SRV records name hosts" },
		{ "2001:db8::1", "SRV records name hosts" },
		{ "a:0", "port '0'" },
		{ "a:65536", "port '65536'" },
		{ "a:", "port ''" },
		{ "a:5060:5061", "port '5060:5061'" },
		{ "a,weight=65536", "weight '65536'" },
		{ "a,weight=", "weight ''" },
		{ "a,tls-port=0", "tls-port '0'" },
		{ "a,address=192.0.2", "address '192.0.2'" },
		{ "a,address=[192.0.2.1", "address '[192.0.2.1'" },
		{ "a,priority=1", "option 'priority': allowed are" },
		{ "a,", "option '': allowed are" },
		{ "a,weight", "option 'weight': allowed are" },
		{ "dup", "it is named twice" },
		{ "dup.example.net", "it is named twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world w = { .held = "example.net" };
		static const char *const servers[] = { "dup", NULL };
		struct domain_plan *p = plan(&w, "example.net", "udp", servers);
		struct text fault = { 0 };

		assert_int_equal(domain_server_parse(p, &w.arena, table[i].in, false, &fault),
				 -EINVAL);
		if (strstr(text_get(&fault), table[i].fault) == NULL)
			fail_msg("'%s': %s", table[i].in, text_get(&fault));
		assert_int_equal(p->server_count, 1);
		text_done(&fault);
		arena_done(&w.arena);
	}
}

static void transports_that_are_none_are_refused(void **state)
{
	static const char *const table[] = {
		"", "sctp", "ws", "tls,tls", "tls,", ",tls", "tls udp"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct domain_plan *p = test_calloc(1, sizeof(*p));
		struct text fault = { 0 };

		assert_int_equal(domain_transports_parse(p, table[i], &fault), -EINVAL);
		assert_true(fault.size > 0);
		text_done(&fault);
		test_free(p);
	}
}

static void an_address_outside_the_zone_is_refused(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const servers[] = { "sip.example.com,address=192.0.2.1", NULL };
	struct changes c = { .arena = &w.arena };
	struct text fault = { 0 };

	(void)state;
	assert_int_equal(domain_changes(&c, plan(&w, "example.net", "udp", servers),
					name(&w, "example.net"), NULL, 0, &fault),
			 -EINVAL);
	assert_non_null(strstr(fault.data, "sip.example.com. is not in the zone example.net."));
	text_done(&fault);
	arena_done(&w.arena);
}

static void a_host_named_with_two_ports_keeps_all_its_addresses(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const servers[] = { "a:5060,address=192.0.2.1",
					       "a:5080,address=192.0.2.2", NULL };
	size_t addresses = 0;

	(void)state;
	set(&w, plan(&w, "EXAMPLE.net", "udp", servers), NULL, 0);
	for (size_t i = 0; i < w.count; i++)
		addresses += w.record[i].type == KNOT_RRTYPE_A;
	assert_int_equal(addresses, 2);
	arena_done(&w.arena);
}

static const char *shown(struct world *w, bool json)
{
	const struct view_source source = { world_lookup, w };
	struct domain_view view;
	struct text text = { 0 };

	assert_int_equal(domain_view(&w->arena, &view, name(w, "example.net"), &source), 0);
	if (json)
		domain_view_json(&text, &view);
	else
		domain_view_format(&text, &view);
	assert_false(text.failed);
	const char *kept = arena_text(&w->arena, text_get(&text));
	text_done(&text);
	return kept;
}

static void what_was_set_is_shown_as_it_was_meant(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const servers[] = { "sip1,weight=60,address=192.0.2.1",
					       "sip2,weight=20,address=192.0.2.2",
					       "!sip3,address=2001:db8::3", NULL };
	static const char wanted[] = "example.net\n"
				     "\n"
				     "   1.  TLS   _sips._tcp.example.net   order 50\n"
				     "       75 %     sip1.example.net:5061  192.0.2.1\n"
				     "       25 %     sip2.example.net:5061  192.0.2.2\n"
				     "       reserve  sip3.example.net:5061  2001:db8::3\n"
				     "\n"
				     "   2.  UDP   _sip._udp.example.net   order 100\n"
				     "       75 %     sip1.example.net:5060  192.0.2.1\n"
				     "       25 %     sip2.example.net:5060  192.0.2.2\n"
				     "       reserve  sip3.example.net:5060  2001:db8::3\n";

	(void)state;
	set(&w, plan(&w, "example.net", "tls,udp", servers), NULL, 0);
	assert_string_equal(shown(&w, false), wanted);
	arena_done(&w.arena);
}

static void what_a_caller_would_stumble_over_is_said(void **state)
{
	static const struct {
		const char *lines[6];
		const char *said[3];
	} table[] = {
		{ { "example.net NAPTR 50 50 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.net." },
		  { "no servers", "leads to _sip._udp.example.net, where no SRV records are" } },
		{ { "_sip._udp.example.net SRV 10 0 5060 a.example.net.",
		    "a.example.net A 192.0.2.1" },
		  { "100 %", "no NAPTR records at example.net" } },
		{ { "_sip._udp.example.net SRV 10 0 5060 a.example.net." },
		  { "no address for a.example.net", "(no address)" } },
		{ { "_sip._udp.example.net SRV 10 0 5060 a.example.net.",
		    "a.example.net CNAME b.example.net." },
		  { "a.example.net is an alias" } },
		{ { "_sip._udp.example.net SRV 10 0 5060 sip.example.com." },
		  { "(address not known to this server)" } },
		{ { "_sip._udp.example.net SRV 0 0 0 ." }, { "not offered" } },
		{ { "example.net NAPTR 50 50 \"S\" \"sip+d2u\" \"\" _sip._udp.example.net.",
		    "_sip._udp.example.net SRV 10 0 5060 a.example.net.",
		    "_sip._tcp.example.net SRV 10 0 5060 a.example.net.",
		    "a.example.net A 192.0.2.1" },
		  { "SRV records at _sip._tcp.example.net, but no NAPTR record leads there" } },
		{ { "example.net NAPTR 50 50 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.com." },
		  { "_sip._udp.example.com are not known to this server" } },
		{ { "example.net NAPTR 50 50 \"s\" \"SIPS+D2W\" \"\" _sips._ws.example.net.",
		    "_sips._ws.example.net SRV 10 0 443 a.example.net.",
		    "a.example.net A 192.0.2.1" },
		  { "secure WebSocket" } },
		{ { "example.net NAPTR 50 50 \"a\" \"SIP+D2U\" \"\" a.example.net.",
		    "a.example.net A 192.0.2.1" },
		  { "a.example.net:5060  192.0.2.1" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world w = { .held = "example.net" };

		for (size_t k = 0; table[i].lines[k] != NULL; k++)
			w.record[w.count++] = record(&w, table[i].lines[k]);
		const char *text = shown(&w, false);
		for (size_t k = 0; table[i].said[k] != NULL; k++)
			if (strstr(text, table[i].said[k]) == NULL)
				fail_msg("'%s' is not in:\n%s", table[i].said[k], text);
		arena_done(&w.arena);
	}
}

static void shares_and_reserves_follow_rfc_2782(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const lines[] = {
		"_sip._udp.example.net SRV 10 0 5060 a.example.net.",
		"_sip._udp.example.net SRV 10 0 5060 b.example.net.",
		"_sip._udp.example.net SRV 30 1 5060 e.example.net.",
		"_sip._udp.example.net SRV 20 1 5060 c.example.net.",
		"_sip._udp.example.net SRV 20 999 5060 d.example.net.",
	};
	static const char *const order[] = { "50 %", "50 %", "reserve, 100 %", "reserve, <1 %",
					     "reserve 2" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		w.record[w.count++] = record(&w, lines[i]);
	const char *at = shown(&w, false);
	for (size_t i = 0; i < 5; i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
		at += strlen(order[i]);
	}
	arena_done(&w.arena);
}

static void json_has_the_same(void **state)
{
	struct world w = { .held = "example.net" };
	static const char *const servers[] = { "sip1,address=192.0.2.1", "!sip2", NULL };

	(void)state;
	set(&w, plan(&w, "example.net", "udp", servers), NULL, 0);
	assert_string_equal(
		shown(&w, true),
		"{\"domain\": \"example.net\", \"transports\": [{\"transport\": \"udp\", "
		"\"order\": 100, \"preference\": 100, \"service\": \"SIP+D2U\", \"flags\": \"s\", "
		"\"name\": \"_sip._udp.example.net\", \"servers\": ["
		"{\"host\": \"sip1.example.net\", \"port\": 5060, \"priority\": 10, \"weight\": 10, "
		"\"reserve\": false, \"share\": 100.0, \"addresses\": [\"192.0.2.1\"]}, "
		"{\"host\": \"sip2.example.net\", \"port\": 5060, \"priority\": 20, \"weight\": 10, "
		"\"reserve\": true, \"share\": 100.0, \"addresses\": [], \"note\": \"no address\"}]}], "
		"\"missing\": [\"no address for sip2.example.net\"]}\n");
	arena_done(&w.arena);
}

static int lookup_fails(void *arg, const knot_dname_t *owner, uint16_t type,
			const struct record **ret, size_t *count)
{
	(void)arg;
	(void)owner;
	(void)type;
	(void)ret;
	(void)count;
	return -EIO;
}

static void a_server_that_does_not_answer_ends_it(void **state)
{
	struct world w = { .held = "example.net" };
	const struct view_source source = { lookup_fails, NULL };
	struct domain_view view = { .transport_count = 77 };

	(void)state;
	assert_int_equal(domain_view(&w.arena, &view, name(&w, "example.net"), &source), -EIO);
	assert_int_equal(view.transport_count, 77);
	arena_done(&w.arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_becomes_naptr_srv_and_address_records),
		cmocka_unit_test(setting_it_again_leaves_nothing_of_before_and_all_of_others),
		cmocka_unit_test(the_order_is_the_one_that_was_asked_for),
		cmocka_unit_test(a_server_that_cannot_be_is_refused_in_words),
		cmocka_unit_test(transports_that_are_none_are_refused),
		cmocka_unit_test(an_address_outside_the_zone_is_refused),
		cmocka_unit_test(a_host_named_with_two_ports_keeps_all_its_addresses),
		cmocka_unit_test(what_was_set_is_shown_as_it_was_meant),
		cmocka_unit_test(what_a_caller_would_stumble_over_is_said),
		cmocka_unit_test(shares_and_reserves_follow_rfc_2782),
		cmocka_unit_test(json_has_the_same),
		cmocka_unit_test(a_server_that_does_not_answer_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
