/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf/conf.h: what a file says comes out, and what is wrong with it is told at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "unit/conf_file.h"

/* A text that must be good. */
static struct conf *good_read(const char *yaml)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	int err = conf_text_read(&conf, yaml, &fault);

	assert_string_equal(text_get(&fault), "");
	assert_int_equal(err, 0);
	text_done(&fault);
	return conf;
}

static const char whole_file[] = "server:\n"
				 "  listen: [127.0.0.1@5300, \"::1@5300\"]\n"
				 "  storage: /srv/onnet            # the store\n"
				 "  workers: 2\n"
				 "  user: onnet\n"
				 "  sandbox: off\n"
				 "  tcp-idle-timeout: 20\n"
				 "  tcp-max-clients: 300\n"
				 "  udp-max-payload: 1400\n"
				 "  tcp-max-per-client: 30\n"
				 "  cookies: required\n"
				 "  cookie-secret: [000102030405060708090a0b0c0d0e0f, "
				 "FFEEDDCCBBAA99887766554433221100]\n"
				 "  rate-limit: 500\n"
				 "  rate-limit-slip: 3\n"
				 "  rate-limit-exempt: [192.0.2.0/24, \"2001:db8::/32\"]\n"
				 "  version: \"a name server\"\n"
				 "  identity: ns1\n"
				 "key:\n"
				 "  - id: ops\n"
				 "    algorithm: hmac-sha256\n"
				 "    secret: \"b25uZXQtZXhhbXBsZS1zZWNyZXQtMDEyMzQ1Njc4OTA=\"\n"
				 "  - id: reseller\n"
				 "    algorithm: hmac-sha512\n"
				 "    secret-file: reseller.secret\n"
				 "  - {id: pbx, algorithm: hmac-md5, secret: cGJ4}\n"
				 "zone:\n"
				 "  - domain: example.net\n"
				 "    file: example.net.zone\n"
				 "    update: [ops]\n"
				 "    transfer: [ops, 127.0.0.0/8, \"::1\"]\n"
				 "  - domain: e164.example.net\n"
				 "    naptr-check: off\n"
				 "    number-ranges: on\n"
				 "    log-size: 16M\n"
				 "    log-age: 12h\n"
				 "    update:\n"
				 "      - ops\n"
				 "      - key: reseller\n"
				 "        numbers: [\"+120255501\", 12*543]\n"
				 "        types: [NAPTR, srv]\n"
				 "      - key: pbx\n"
				 "        names: [_sip._udp.example.net]\n"
				 "        address: 192.0.2.0/24\n"
				 "    zone-max-size: 2G\n"
				 "number:\n"
				 "  e164: [e164.example.net, e164.arpa]\n"
				 "  isn: [isn.example.net]\n";

static void check_server(const struct conf *conf)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	assert_string_equal(conf->path, "onnet.yaml");
	assert_int_equal(conf->listen_count, 2);
	assert_int_equal(conf->listen[0].size, sizeof(in));
	memcpy(&in, &conf->listen[0].socket, sizeof(in));
	assert_int_equal(in.sin_family, AF_INET);
	assert_int_equal(ntohl(in.sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(ntohs(in.sin_port), 5300);
	assert_int_equal(conf->listen[1].size, sizeof(in6));
	memcpy(&in6, &conf->listen[1].socket, sizeof(in6));
	assert_int_equal(in6.sin6_family, AF_INET6);
	assert_memory_equal(&in6.sin6_addr, &in6addr_loopback, 16);
	assert_int_equal(ntohs(in6.sin6_port), 5300);

	assert_string_equal(conf->storage, "/srv/onnet");
	assert_int_equal(conf->workers, 2);
	assert_string_equal(conf->user, "onnet");
	assert_false(conf->sandbox);
	assert_int_equal(conf->tcp_idle_timeout, 20);
	assert_int_equal(conf->tcp_max_clients, 300);
	assert_int_equal(conf->udp_max_payload, 1400);
	assert_int_equal(conf->tcp_max_per_client, 30);
	assert_int_equal(conf->cookies, CONF_COOKIES_REQUIRED);
	assert_int_equal(conf->cookie_secret_count, 2);
	assert_int_equal(conf->cookie_secret[0].octets[15], 0x0f);
	assert_int_equal(conf->cookie_secret[1].octets[0], 0xff);
	assert_int_equal(conf->rate_limit, 500);
	assert_int_equal(conf->rate_limit_slip, 3);
	assert_int_equal(conf->rate_limit_exempt_count, 2);
	assert_int_equal(conf->rate_limit_exempt[1].length, 32);
	assert_string_equal(conf->version, "a name server");
	assert_string_equal(conf->identity, "ns1");
}

static void check_rules(const struct conf *conf)
{
	const struct conf_rule *rule = conf->zone[0].transfer;

	assert_int_equal(conf->zone[0].update_count, 1);
	assert_ptr_equal(conf->zone[0].update[0].key, &conf->key[0]);
	assert_int_equal(conf->zone[0].transfer_count, 3);
	assert_ptr_equal(rule[0].key, &conf->key[0]);
	assert_int_equal(rule[0].address_count, 0);
	assert_null(rule[1].key);
	assert_int_equal(rule[1].address_count, 1);
	assert_int_equal(rule[1].address[0].family, AF_INET);
	assert_int_equal(rule[1].address[0].length, 8);
	assert_int_equal(rule[1].address[0].octets[0], 127);
	assert_int_equal(rule[2].address[0].family, AF_INET6);
	assert_int_equal(rule[2].address[0].length, 128);
	assert_int_equal(rule[2].line, 30);

	rule = conf->zone[1].update;
	assert_int_equal(conf->zone[1].update_count, 3);
	assert_int_equal(conf->zone[1].transfer_count, 0);
	assert_ptr_equal(rule[1].key, &conf->key[1]);
	assert_int_equal(rule[1].line, 38);
	assert_int_equal(rule[1].address_count, 0);
	assert_int_equal(rule[1].name_count, 0);
	assert_int_equal(rule[1].number_count, 2);
	assert_string_equal(rule[1].number[0], "+120255501");
	assert_string_equal(rule[1].number[1], "12*543");
	assert_int_equal(rule[1].type_count, 2);
	assert_int_equal(rule[1].type[0], 35);
	assert_int_equal(rule[1].type[1], 33);
	assert_ptr_equal(rule[2].key, &conf->key[2]);
	assert_int_equal(rule[2].name_count, 1);
	assert_string_equal(rule[2].name[0], "_sip._udp.example.net");
	assert_int_equal(rule[2].address_count, 1);
	assert_int_equal(rule[2].address[0].length, 24);
}

static void a_file_with_every_word_comes_out_whole(void **state)
{
	(void)state;
	conf_file_write("reseller.secret", "cmVzZWxsZXI=\n", 13, 0600);
	struct conf *conf = good_read(whole_file);

	check_server(conf);
	assert_int_equal(conf->key_count, 3);
	assert_string_equal(conf->key[0].id, "ops");
	assert_string_equal(conf->key[0].algorithm, "hmac-sha256");
	assert_string_equal(conf->key[0].secret, "b25uZXQtZXhhbXBsZS1zZWNyZXQtMDEyMzQ1Njc4OTA=");
	assert_string_equal(conf->key[1].secret, "cmVzZWxsZXI=");

	assert_int_equal(conf->zone_count, 2);
	assert_string_equal(conf->zone[0].domain, "example.net");
	assert_string_equal(conf->zone[0].file, "example.net.zone");
	assert_int_equal(conf->zone[0].line, 27);
	assert_true(conf->zone[0].naptr_check);
	assert_false(conf->zone[0].number_ranges);
	assert_int_equal(conf->zone[0].log_size, 64 << 20);
	assert_int_equal(conf->zone[0].log_age, 0);
	assert_int_equal(conf->zone[0].max_size, 0);
	assert_null(conf->zone[1].file);
	assert_false(conf->zone[1].naptr_check);
	assert_true(conf->zone[1].number_ranges);
	assert_int_equal(conf->zone[1].log_size, 16 << 20);
	assert_int_equal(conf->zone[1].log_age, 12 * 3600);
	assert_true(conf->zone[1].max_size == (uint64_t)2 << 30);
	check_rules(conf);

	assert_int_equal(conf->e164_count, 2);
	assert_string_equal(conf->e164[0], "e164.example.net");
	assert_string_equal(conf->e164[1], "e164.arpa");
	assert_int_equal(conf->isn_count, 1);
	conf_free(conf);
}

static void a_file_that_says_nothing_gives_the_defaults(void **state)
{
	static const char *const texts[] = { "",      "# nothing\n",
					     "---\n", "server:\n",
					     "{}",    "zone: []\nkey:\nnumber: ~\n" };
	struct sockaddr_in6 in6;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf *conf = good_read(texts[i]);

		assert_int_equal(conf->listen_count, 2);
		assert_int_equal(conf->listen[0].socket.ss_family, AF_INET);
		memcpy(&in6, &conf->listen[1].socket, sizeof(in6));
		assert_memory_equal(&in6.sin6_addr, &in6addr_loopback, 16);
		assert_int_equal(ntohs(in6.sin6_port), 53);
		assert_string_equal(conf->storage, "/var/lib/onnet");
		assert_int_equal(conf->workers, 0);
		assert_null(conf->user);
		assert_true(conf->sandbox);
		assert_int_equal(conf->tcp_idle_timeout, 10);
		assert_int_equal(conf->tcp_max_clients, 1000);
		assert_int_equal(conf->udp_max_payload, 1232);
		assert_int_equal(conf->tcp_max_per_client, 100);
		assert_int_equal(conf->cookies, CONF_COOKIES_ON);
		assert_int_equal(conf->cookie_secret_count, 0);
		assert_int_equal(conf->rate_limit, 0);
		assert_int_equal(conf->rate_limit_slip, 2);
		assert_null(conf->version);
		assert_null(conf->identity);
		assert_int_equal(conf->listen_xdp_count, 0);
		assert_int_equal(conf->key_count + conf->zone_count, 0);
		assert_int_equal(conf->e164_count + conf->isn_count, 0);
		conf_free(conf);
	}
}

static void a_list_of_one_may_be_a_bare_word_or_a_single_mapping(void **state)
{
	(void)state;
	struct conf *conf = good_read("zone:\n"
				      "  domain: example.net\n"
				      "  transfer: 192.0.2.1\n"
				      "  update:\n"
				      "    key: OPS.\n"
				      "    types: NAPTR\n"
				      "    names: \"*.example.net\"\n"
				      "number: {e164: e164.arpa}\n"
				      "server: {listen: 0.0.0.0}\n"
				      "key: {id: ops, algorithm: HMAC-SHA1., secret: b25uZXQ=}\n");

	assert_int_equal(conf->listen_count, 1);
	assert_int_equal(conf->key_count, 1);
	assert_int_equal(conf->zone_count, 1);
	assert_int_equal(conf->zone[0].transfer_count, 1);
	assert_int_equal(conf->zone[0].transfer[0].address[0].length, 32);
	assert_int_equal(conf->zone[0].update_count, 1);
	assert_ptr_equal(conf->zone[0].update[0].key, &conf->key[0]);
	assert_int_equal(conf->zone[0].update[0].type_count, 1);
	assert_string_equal(conf->zone[0].update[0].name[0], "*.example.net");
	assert_string_equal(conf->key[0].algorithm, "hmac-sha1");
	assert_string_equal(conf->e164[0], "e164.arpa");
	conf_free(conf);
}

static void an_interface_has_port_53_unless_another_is_named(void **state)
{
	(void)state;
	struct conf *conf = good_read("server: {listen-xdp: [eth0, a-name.with_15@5353]}\n");

	assert_int_equal(conf->listen_xdp_count, 2);
	assert_string_equal(conf->listen_xdp[0].name, "eth0");
	assert_int_equal(conf->listen_xdp[0].port, 53);
	assert_string_equal(conf->listen_xdp[1].name, "a-name.with_15");
	assert_int_equal(conf->listen_xdp[1].port, 5353);
	conf_free(conf);
}

static void metrics_are_at_port_9153_unless_another_is_named(void **state)
{
	(void)state;
	struct conf *conf = good_read("server: {metrics: [127.0.0.1, 127.0.0.2@9100]}\n");
	struct sockaddr_in in;

	assert_int_equal(conf->metrics_count, 2);
	memcpy(&in, &conf->metrics[0].socket, sizeof(in));
	assert_int_equal(ntohs(in.sin_port), 9153);
	memcpy(&in, &conf->metrics[1].socket, sizeof(in));
	assert_int_equal(ntohs(in.sin_port), 9100);
	conf_free(conf);

	conf = good_read("server: {}\n");
	assert_int_equal(conf->metrics_count, 0);
	conf_free(conf);
}

static void what_is_for_tls_has_port_853_unless_another_is_named(void **state)
{
	struct sockaddr_in in;

	(void)state;
	conf_file_write("tls.key", "", 0, 0600);
	struct conf *conf = good_read(
		"server: {listen-tls: [127.0.0.1, 127.0.0.2@8853]}\n"
		"tls: {certificate: tls.pem, key: tls.key, authorities: ca.pem}\n"
		"zone: {domain: a, transfer: {address: 127.0.0.1, tls: on},\n"
		"  primary: [{address: 10.0.0.1, tls: ns.a}, {address: 10.0.0.1@5353, tls: ns.a},\n"
		"    {address: 10.0.0.1}]}\n");

	assert_string_equal(conf->tls.certificate, "tls.pem");
	assert_string_equal(conf->tls.key, "tls.key");
	assert_string_equal(conf->tls.authorities, "ca.pem");
	assert_int_equal(conf->listen_tls_count, 2);
	assert_true(conf->zone[0].transfer[0].tls);

	const struct conf_peer *peer = conf->zone[0].primary;
	const struct conf_address *address[] = { &conf->listen_tls[0], &conf->listen_tls[1],
						 &peer[0].address, &peer[1].address,
						 &peer[2].address };
	static const int ports[] = { 853, 8853, 853, 5353, 53 };
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		memcpy(&in, &address[i]->socket, sizeof(in));
		assert_int_equal(ntohs(in.sin_port), ports[i]);
	}
	conf_free(conf);
}

static void a_copy_has_primaries_and_says_whose_updates_go_there(void **state)
{
	(void)state;
	struct conf *conf = good_read(
		"key: {id: k, algorithm: hmac-sha256, secret: QQ==}\n"
		"zone: {domain: a, primary: [10.0.0.1, {address: 10.0.0.2@5353, key: k}],\n"
		"  update-forward: [k, 10.0.0.0/8]}\n");
	const struct conf_zone *zone = &conf->zone[0];

	assert_int_equal(zone->primary_count, 2);
	assert_null(zone->primary[0].key);
	assert_ptr_equal(zone->primary[1].key, &conf->key[0]);
	assert_int_equal(zone->update_forward_count, 2);
	assert_ptr_equal(zone->update_forward[0].key, &conf->key[0]);
	assert_int_equal(zone->update_forward[1].address_count, 1);
	conf_free(conf);
}

static void zones_list_and_are_listed(void **state)
{
	(void)state;
	struct conf *conf = good_read(
		"zone:\n"
		"- {domain: a, catalog-zone: CAT., catalog-group: gold one}\n"
		"- {domain: cat, catalog: producer, transfer: 10.0.0.1}\n"
		"- {domain: b, catalog: consumer, primary: 10.0.0.2}\n"
		"- {domain: c, catalog: consumer, update: 10.0.0.1, member:\n"
		"    [{group: gold, primary: 10.0.0.3, log-size: 1M, number-ranges: on},\n"
		"     {primary: [10.0.0.4, 10.0.0.5], notify: 10.0.0.6, transfer: 10.0.0.7}]}\n");
	const struct conf_zone *zone = conf->zone;

	assert_string_equal(zone[0].catalog_zone, "CAT.");
	assert_string_equal(zone[0].catalog_group, "gold one");
	assert_int_equal(zone[1].catalog, CONF_CATALOG_PRODUCER);
	assert_int_equal(zone[2].catalog, CONF_CATALOG_CONSUMER);

	/* without an entry there is one of defaults */
	assert_int_equal(zone[2].member_count, 1);
	assert_null(zone[2].member[0].catalog_group);
	assert_true(zone[2].member[0].naptr_check);
	assert_int_equal(zone[2].member[0].log_size, 64 << 20);
	assert_int_equal(zone[2].member[0].primary_count, 0);

	assert_int_equal(zone[3].member_count, 2);
	assert_string_equal(zone[3].member[0].catalog_group, "gold");
	assert_int_equal(zone[3].member[0].log_size, 1 << 20);
	assert_true(zone[3].member[0].number_ranges);
	assert_int_equal(zone[3].member[1].primary_count, 2);
	assert_int_equal(zone[3].member[1].notify_count, 1);
	assert_int_equal(zone[3].member[1].transfer_count, 1);
	conf_free(conf);
}

static void paths_are_relative_to_the_file(void **state)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	char path[sizeof(conf_place) + 32];
	char wanted[sizeof(conf_place) + 32];
	static const char yaml[] =
		"server: {storage: ../var}\n"
		"zone: [{domain: a, file: /a.zone}, {domain: b, file: b.zone}]\n";

	(void)state;
	snprintf(path, sizeof(path), "%s/sub/onnet.yaml", conf_place);
	mkdir("sub", 0700);
	conf_file_write(path, yaml, strlen(yaml), 0600);
	assert_int_equal(conf_read(&conf, path, conf_type_parse, &fault), 0);
	snprintf(wanted, sizeof(wanted), "%s/sub/../var", conf_place);
	assert_string_equal(conf->storage, wanted);
	assert_string_equal(conf->zone[0].file, "/a.zone");
	snprintf(wanted, sizeof(wanted), "%s/sub/b.zone", conf_place);
	assert_string_equal(conf->zone[1].file, wanted);
	conf_free(conf);
	text_done(&fault);
}

static void the_examples_are_good(void **state)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	char path[sizeof(conf_root) + 32];

	(void)state;
	snprintf(path, sizeof(path), "%s/examples/onnet.yaml", conf_root);
	int err = conf_read(&conf, path, conf_type_parse, &fault);
	assert_string_equal(text_get(&fault), "");
	assert_int_equal(err, 0);
	assert_int_equal(conf->zone_count, 3);
	for (size_t i = 0; i < conf->zone_count; i++)
		assert_int_equal(access(conf->zone[i].file, R_OK), 0);
	conf_free(conf);

	snprintf(path, sizeof(path), "%s/examples/secondary.yaml", conf_root);
	err = conf_read(&conf, path, conf_type_parse, &fault);
	assert_string_equal(text_get(&fault), "");
	assert_int_equal(err, 0);
	assert_int_equal(conf->zone_count, 3);
	for (size_t i = 0; i < conf->zone_count; i++)
		assert_int_equal(conf->zone[i].primary_count, 1);
	conf_free(conf);
	text_done(&fault);
}

static void algorithms_have_one_spelling_inside(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} table[] = {
		{ "hmac-md5", "hmac-md5" },        { "HMAC-MD5.SIG-ALG.REG.INT.", "hmac-md5" },
		{ "hmac-sha1", "hmac-sha1" },      { "hmac-sha224", "hmac-sha224" },
		{ "hmac-sha256.", "hmac-sha256" }, { "hmac-sha384", "hmac-sha384" },
		{ "Hmac-Sha512", "hmac-sha512" },
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(yaml, sizeof(yaml), "key: {id: a, algorithm: %s, secret: QQ==}\n",
			 table[i].in);
		struct conf *conf = good_read(yaml);
		assert_string_equal(conf->key[0].algorithm, table[i].out);
		conf_free(conf);
	}
}

static void sizes_are_octets_or_have_a_unit(void **state)
{
	static const struct {
		const char *in;
		uint64_t out; /* 0: refused */
	} table[] = {
		{ "65536", 65536 },
		{ "64K", 65536 },
		{ "1M", 1 << 20 },
		{ "3G", 3ULL << 30 },
		{ "1024G", 1ULL << 40 },
		{ "65535", 0 },
		{ "63K", 0 },
		{ "1025G", 0 },
		{ "1099511627777", 0 },
		{ "64k", 0 },
		{ "K", 0 },
		{ "1.5M", 0 },
		{ "64 M", 0 },
		{ "-1", 0 },
		{ "99999999999999999999G", 0 },
		{ "1MM", 0 },
		{ "999999999999999999999999999999", 0 },
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text fault = { 0 };
		struct conf *conf = NULL;

		snprintf(yaml, sizeof(yaml), "zone: {domain: a, log-size: %s}\n", table[i].in);
		int err = conf_text_read(&conf, yaml, &fault);
		if (err != (table[i].out > 0 ? 0 : -EINVAL))
			fail_msg("%s: %d", table[i].in, err);
		if (conf != NULL)
			assert_int_equal(conf->zone[0].log_size, table[i].out);
		conf_free(conf);
		text_done(&fault);
	}
}

static void times_are_seconds_minutes_hours_days_or_weeks(void **state)
{
	static const struct {
		const char *in;
		uint64_t out; /* 0: refused */
	} table[] = {
		{ "1", 1 },
		{ "90s", 90 },
		{ "15m", 900 },
		{ "12h", 43200 },
		{ "30d", 2592000 },
		{ "2w", 1209600 },
		{ "36500d", UINT64_C(3153600000) },
		{ "0", 0 },
		{ "0d", 0 },
		{ "36501d", 0 },
		{ "99999999999999999999999w", 0 },
		{ "d", 0 },
		{ "''", 0 },
		{ "1y", 0 },
		{ "1dd", 0 },
		{ "1 d", 0 },
		{ "-1d", 0 },
		{ "1.5h", 0 },
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text fault = { 0 };
		struct conf *conf = NULL;

		snprintf(yaml, sizeof(yaml), "zone: {domain: a, log-age: %s}\n", table[i].in);
		int err = conf_text_read(&conf, yaml, &fault);
		if (err != (table[i].out > 0 ? 0 : -EINVAL))
			fail_msg("%s: %d", table[i].in, err);
		if (conf != NULL)
			assert_true(conf->zone[0].log_age == table[i].out);
		conf_free(conf);
		text_done(&fault);
	}
}

static void flags_may_be_written_in_three_ways(void **state)
{
	static const struct {
		const char *in;
		bool out;
	} table[] = {
		{ "on", true },   { "yes", true }, { "true", true },
		{ "off", false }, { "no", false }, { "false", false },
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(yaml, sizeof(yaml), "zone: {domain: a, naptr-check: %s}\n", table[i].in);
		struct conf *conf = good_read(yaml);
		assert_int_equal(conf->zone[0].naptr_check, table[i].out);
		conf_free(conf);
	}
}

static void names_are_as_long_as_dns_allows(void **state)
{
	char label[65];
	char yaml[512];

	(void)state;
	memset(label, 'a', sizeof(label));
	/* 3 labels of 63 and one of 61: 3 * 64 + 62 + 1 = 255 octets on the wire. */
	snprintf(yaml, sizeof(yaml), "number: {e164: [%.63s.%.63s.%.63s.%.61s, .]}\n", label, label,
		 label, label);
	conf_free(good_read(yaml));

	snprintf(yaml, sizeof(yaml), "number: {e164: b.%.63s.%.63s.%.63s.%.61s}\n", label, label,
		 label, label);
	struct text fault = { 0 };
	struct conf *conf = NULL;
	assert_int_equal(conf_text_read(&conf, yaml, &fault), -EINVAL);
	assert_non_null(strstr(text_get(&fault), "it is longer than 255 octets"));

	text_reset(&fault);
	snprintf(yaml, sizeof(yaml), "number: {e164: %.64s}\n", label);
	assert_int_equal(conf_text_read(&conf, yaml, &fault), -EINVAL);
	assert_non_null(strstr(text_get(&fault), "it has a label of more than 63 octets"));
	text_done(&fault);
}

static void a_rule_bound_to_an_address_may_name_a_key_to_come(void **state)
{
	(void)state;
	struct conf *conf =
		good_read("zone:\n"
			  "  - {domain: a, update: [{key: pbx, address: 192.0.2.0/24}]}\n");

	assert_string_equal(conf->zone[0].update[0].key->id, "pbx");
	assert_null(conf->zone[0].update[0].key->secret);
	assert_int_equal(conf->zone[0].update[0].address_count, 1);
	conf_free(conf);
}

static void a_key_is_found_by_its_name(void **state)
{
	(void)state;
	struct conf *conf =
		good_read("key:\n"
			  "  - {id: ops.example.net, algorithm: hmac-md5, secret: QQ==}\n"
			  "  - {id: 'a\\.b', algorithm: hmac-md5, secret: QQ==}\n");

	assert_ptr_equal(conf_key_find(conf, "OPS.example.NET."), &conf->key[0]);
	assert_ptr_equal(conf_key_find(conf, "A\\046b"), &conf->key[1]);
	assert_null(conf_key_find(conf, "a.b"));
	assert_null(conf_key_find(conf, "ops"));
	assert_null(conf_key_find(conf, ""));
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_every_word_comes_out_whole),
		cmocka_unit_test(a_file_that_says_nothing_gives_the_defaults),
		cmocka_unit_test(a_list_of_one_may_be_a_bare_word_or_a_single_mapping),
		cmocka_unit_test(an_interface_has_port_53_unless_another_is_named),
		cmocka_unit_test(metrics_are_at_port_9153_unless_another_is_named),
		cmocka_unit_test(what_is_for_tls_has_port_853_unless_another_is_named),
		cmocka_unit_test(a_copy_has_primaries_and_says_whose_updates_go_there),
		cmocka_unit_test(zones_list_and_are_listed),
		cmocka_unit_test(paths_are_relative_to_the_file),
		cmocka_unit_test(the_examples_are_good),
		cmocka_unit_test(algorithms_have_one_spelling_inside),
		cmocka_unit_test(sizes_are_octets_or_have_a_unit),
		cmocka_unit_test(times_are_seconds_minutes_hours_days_or_weeks),
		cmocka_unit_test(flags_may_be_written_in_three_ways),
		cmocka_unit_test(names_are_as_long_as_dns_allows),
		cmocka_unit_test(a_rule_bound_to_an_address_may_name_a_key_to_come),
		cmocka_unit_test(a_key_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, conf_files_begin, conf_files_end);
}
