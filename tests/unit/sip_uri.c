/* SPDX-License-Identifier: MIT */
/* tel/sip_uri.h, sip_via.h, transport.h and country.h: what URIs and Via headers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tel/country.h"
#include "tel/sip_uri.h"
#include "tel/sip_via.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_text(struct slice s, const char *text)
{
	return slice_equal(s, slice_text(text));
}

static void a_uri_is_taken_apart(void **state)
{
	static const struct {
		const char *in;
		bool secure;
		const char *user;
		bool phone;
		enum sip_host_kind kind;
		const char *host;
		uint16_t port;
		const char *maddr;
		int transport; /* -1: none named */
	} table[] = {
		/* RFC 3261 19.1.3 */
		{ "sip:alice@atlanta.com", false, "alice", false, SIP_HOST_NAME, "atlanta.com", 0,
		  "", -1 },
		{ "sip:alice:secretword@atlanta.com;transport=tcp", false, "alice", false,
		  SIP_HOST_NAME, "atlanta.com", 0, "", TRANSPORT_TCP },
		{ "sips:alice@atlanta.com?subject=project%20x&priority=urgent", true, "alice",
		  false, SIP_HOST_NAME, "atlanta.com", 0, "", -1 },
		{ "sip:+1-212-555-1212:1234@gateway.com;user=phone", false, "+1-212-555-1212", true,
		  SIP_HOST_NAME, "gateway.com", 0, "", -1 },
		{ "sips:1212@gateway.com", true, "1212", false, SIP_HOST_NAME, "gateway.com", 0, "",
		  -1 },
		{ "sip:alice@192.0.2.4", false, "alice", false, SIP_HOST_IPV4, "192.0.2.4", 0, "",
		  -1 },
		{ "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", false, "", false,
		  SIP_HOST_NAME, "atlanta.com", 0, "", -1 },
		{ "sip:alice;day=tuesday@atlanta.com", false, "alice;day=tuesday", false,
		  SIP_HOST_NAME, "atlanta.com", 0, "", -1 },
		/* 19.1.4: with upper and lower case, and escapes */
		{ "SIP:%61lice@AtLanTa.CoM;Transport=%74cP", false, "%61lice", false, SIP_HOST_NAME,
		  "AtLanTa.CoM", 0, "", TRANSPORT_TCP },
		{ "sip:[2001:db8::9]:5070;transport=WS", false, "", false, SIP_HOST_IPV6,
		  "2001:db8::9", 5070, "", TRANSPORT_WS },
		{ "sip:a.example:65535;maddr=[2001:db8::1]", false, "", false, SIP_HOST_NAME,
		  "a.example", 65535, "2001:db8::1", -1 },
		{ "sip:a.example:;maddr=239.255.255.1;ttl=15", false, "", false, SIP_HOST_NAME,
		  "a.example", 0, "239.255.255.1", -1 },
		{ "sip:a.example;user=PHONE;transport=quic", false, "", true, SIP_HOST_NAME,
		  "a.example", 0, "", TRANSPORT_NONE },
		{ "sip:a.example.", false, "", false, SIP_HOST_NAME, "a.example.", 0, "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		/* Its own memory, so that a sanitizer sees a read beyond the end. */
		size_t size = strlen(table[i].in);
		char *text = malloc(size);
		const char *why = "";
		struct sip_uri u;

		assert_non_null(text);
		memcpy(text, table[i].in, size);
		if (sip_uri_parse(slice_make(text, size), &u, &why) != 0)
			fail_msg("%s: %s", table[i].in, why);
		if (u.secure != table[i].secure || !is_text(u.user, table[i].user) ||
		    u.phone != table[i].phone || u.host.kind != table[i].kind ||
		    !is_text(u.host.text, table[i].host) || u.port != table[i].port ||
		    u.has_maddr != (table[i].maddr[0] != '\0') ||
		    (u.has_maddr && !is_text(u.maddr.text, table[i].maddr)) ||
		    u.has_transport != (table[i].transport >= 0) ||
		    (u.has_transport && (int)u.transport != table[i].transport))
			fail_msg("%s", table[i].in);
		free(text);
	}
}

static void a_fault_is_told(void **state)
{
	static const struct {
		const char *in;
		const char *why;
	} table[] = {
		{ "", "sip:" },
		{ "alice@example.com", "sip:" },
		{ "sip:@example.com", "no user" },
		{ "sip:al ice@example.com", "user part" },
		{ "sip:alice:se cret@example.com", "password" },
		{ "sip:", "host is missing" },
		{ "sip:192.0.2.256", "neither a name" },
		{ "sip:a..b", "empty label" },
		{ "sip:a-.b", "hyphen" },
		{ "sip:a_b", "letters, digits" },
		{ "sip:[::1", "bracket" },
		{ "sip:[::g]", "IPv6" },
		{ "sip:a:0", "port" },
		{ "sip:a:123456", "port" },
		{ "sip:a:5060x", "behind the host" },
		{ "sip:a;", "no name" },
		{ "sip:a;x=", "after its =" },
		{ "sip:a;x=\"", "escaped" },
		{ "sip:a;transport", "no value" },
		{ "sip:a;transport=%20", "word" },
		{ "sip:a;ttl=1000", "0 to 255" },
		{ "sip:a;maddr=x y", "escaped" },
		{ "sip:a;user=phone;USER=ip", "twice" },
		{ "sip:a;user=%00", "NUL" },
		{ "sip:a?x", "name=value" },
		{ "sip:a?x=1&", "name=value" },
		{ "sip:b@a?x=1@", "header" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *why = "";
		struct sip_uri u = { .port = 7 };

		if (sip_uri_parse(slice_text(table[i].in), &u, &why) != -EINVAL || u.port != 7 ||
		    strstr(why, table[i].why) == NULL)
			fail_msg("%s: %s", table[i].in, why);
	}
}

static void labels_and_names_have_their_bounds(void **state)
{
	char text[300] = "sip:";
	const char *why;
	struct sip_uri u;

	(void)state;
	memset(text + 4, 'a', 64);
	assert_int_equal(sip_uri_parse(slice_make(text, 4 + 63), &u, &why), 0);
	assert_int_equal(sip_uri_parse(slice_make(text, 4 + 64), &u, &why), -EINVAL);
	memset(text + 4, 'a', 260);
	for (size_t i = 4 + 49; i < 290; i += 50)
		text[i] = '.';
	assert_int_equal(sip_uri_parse(slice_make(text, 4 + 253), &u, &why), 0);
	assert_int_equal(sip_uri_parse(slice_make(text, 4 + 254), &u, &why), -EINVAL);
}

static void a_user_part_is_decoded(void **state)
{
	static const char text[] = "sip:%2B1%2D202;x=%20@a";
	const char *why;
	struct sip_uri u;
	char user[16];

	(void)state;
	assert_int_equal(sip_uri_parse(slice_text(text), &u, &why), 0);
	assert_int_equal(sip_user_decode(&u, user, sizeof(user)), 0);
	assert_string_equal(user, "+1-202;x= ");
	assert_int_equal(sip_user_decode(&u, user, 10), -EMSGSIZE);
	assert_int_equal(sip_uri_parse(slice_text("sip:%00@a"), &u, &why), 0);
	assert_int_equal(sip_user_decode(&u, user, sizeof(user)), -EINVAL);
	assert_int_equal(sip_uri_parse(slice_text("sip:a"), &u, &why), 0);
	assert_int_equal(sip_user_decode(&u, user, sizeof(user)), -EINVAL);
}

static void a_via_is_taken_apart(void **state)
{
	static const struct {
		const char *in;
		enum transport transport;
		const char *host;
		uint16_t port;
		const char *maddr;
		const char *received;
		uint16_t rport;
	} table[] = {
		/* RFC 3261 20.42 */
		{ "SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7",
		  TRANSPORT_UDP, "erlang.bell-telephone.com", 5060, "", "", 0 },
		{ "SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207 ;branch=z9hG4bK77asjd",
		  TRANSPORT_UDP, "192.0.2.1", 5060, "", "192.0.2.207", 0 },
		{ "SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bK",
		  TRANSPORT_UDP, "first.example.com", 4000, "224.2.0.1", "", 0 },
		/* 7.3.1: folded lines are blanks */
		{ "SIP/2.0/TLS\r\n [2001:db8::1] : 5061", TRANSPORT_TLS, "2001:db8::1", 5061, "",
		  "", 0 },
		/* RFC 3581 4 */
		{ "SIP/2.0/UDP 10.1.1.1:4540;received=192.0.2.1;rport=9988;branch=z", TRANSPORT_UDP,
		  "10.1.1.1", 4540, "", "192.0.2.1", 9988 },
		{ "SIP/2.0/TCP a;rport;received=2001:db8::7", TRANSPORT_TCP, "a", 0, "",
		  "2001:db8::7", 0 },
		{ "SIP/2.0/TCP a;received=[2001:db8::7]", TRANSPORT_TCP, "a", 0, "", "2001:db8::7",
		  0 },
		{ "SIP/2.0/QUIC a", TRANSPORT_NONE, "a", 0, "", "", 0 },
		{ "sip/2.0/ws a;x=\"b;received=1;,\\\"c\",SIP/2.0/UDP b", TRANSPORT_WS, "a", 0, "",
		  "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *why = "";
		struct sip_via v;

		if (sip_via_parse(slice_text(table[i].in), &v, &why) != 0)
			fail_msg("%s: %s", table[i].in, why);
		if (v.transport != table[i].transport || !is_text(v.sent_by.text, table[i].host) ||
		    v.port != table[i].port || v.has_maddr != (table[i].maddr[0] != '\0') ||
		    (v.has_maddr && !is_text(v.maddr.text, table[i].maddr)) ||
		    v.has_received != (table[i].received[0] != '\0') ||
		    (v.has_received && !is_text(v.received.text, table[i].received)) ||
		    v.rport != table[i].rport)
			fail_msg("%s", table[i].in);
	}
}

static void what_is_no_via_is_refused(void **state)
{
	static const char *const table[] = {
		"",
		"SIP/2.0/UDP",
		"SIP/1.0/UDP a",
		"HTTP/2.0/UDP a",
		"SIP/2.0/UDP a:x",
		"SIP/2.0/UDP a:0",
		"SIP/2.0/UDP a:70000",
		"SIP/2.0/UDP a b",
		"SIP/2.0/UDP [::1]x:1",
		"SIP/2.0/UDP a;received=b.example",
		"SIP/2.0/UDP a;received=",
		"SIP/2.0/UDP a;rport=x",
		"SIP/2.0/UDP a;rport=70000",
		"SIP/2.0/UDP a;maddr=",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *why = "";
		struct sip_via v = { .port = 7 };

		if (sip_via_parse(slice_text(table[i]), &v, &why) != -EINVAL || v.port != 7 ||
		    why[0] == '\0')
			fail_msg("%s", table[i]);
	}
}

static void a_transport_has_one_row(void **state)
{
	(void)state;
	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++) {
		const struct transport_facts *f = transport_facts(t);

		assert_int_equal(transport_find(slice_text(f->name)), t);
		assert_int_equal(transport_find_service(slice_text(f->service)), t);
		assert_true(transport_service_is_sip(slice_text(f->service)));
		if (f->secured != TRANSPORT_NONE)
			assert_true(transport_facts(f->secured)->secure);
	}
	assert_int_equal(transport_find_service(slice_text("sIpS+d2w")), TRANSPORT_WSS);
	assert_int_equal(transport_find_service(slice_text("SIPS+D2U")), TRANSPORT_NONE);
	assert_true(transport_service_is_sip(slice_text("SIP+D2Z")));
	assert_false(transport_service_is_sip(slice_text("SIP+D2")));
	assert_false(transport_service_is_sip(slice_text("ZIP+D2T")));
	assert_false(transport_service_is_sip(slice_text("E2U+sip")));
}

static void a_country_code_has_one_to_three_digits(void **state)
{
	static const struct {
		const char *digits;
		size_t size;
	} table[] = {
		{ "12025550123", 1 }, { "79161234567", 1 }, { "441632960083", 2 },
		{ "493012345", 2 },   { "353123456", 3 },   { "8860000", 3 },
		{ "88213123456", 3 }, { "2125551212", 3 },  { "201234567", 2 },
		{ "44", 2 },          { "4", 1 },           { "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (country_code_size(table[i].digits) != table[i].size)
			fail_msg("%s", table[i].digits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_is_taken_apart),
		cmocka_unit_test(a_fault_is_told),
		cmocka_unit_test(labels_and_names_have_their_bounds),
		cmocka_unit_test(a_user_part_is_decoded),
		cmocka_unit_test(a_via_is_taken_apart),
		cmocka_unit_test(what_is_no_via_is_refused),
		cmocka_unit_test(a_transport_has_one_row),
		cmocka_unit_test(a_country_code_has_one_to_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
