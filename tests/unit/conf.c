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
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

static char root[4096];                   /* of the tree */
static char place[] = "/tmp/conf.XXXXXX"; /* where the tests stand */

static int type_parse(const char *name)
{
	static const struct {
		const char *name;
		int type;
	} types[] = { { "A", 1 }, { "SRV", 33 }, { "NAPTR", 35 }, { "OPT", 41 }, { "ANY", 255 } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].name, name) == 0)
			return types[i].type;
	return -EINVAL;
}

static void file_write(const char *path, const char *data, size_t size, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int text_read(struct conf **ret, const char *yaml, struct text *fault)
{
	file_write("onnet.yaml", yaml, strlen(yaml), 0644);
	return conf_read(ret, "onnet.yaml", type_parse, fault);
}

/* A text that must be good. */
static struct conf *good_read(const char *yaml)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	int err = text_read(&conf, yaml, &fault);

	assert_string_equal(text_get(&fault), "");
	assert_int_equal(err, 0);
	text_done(&fault);
	return conf;
}

/* A text that must have these faults; their "onnet.yaml:" is left out here. */
static void bad_read(const char *name, const char *yaml, const char *const *faults)
{
	struct text wanted = { 0 };
	struct text fault = { 0 };
	struct conf *conf = (struct conf *)root;

	for (; *faults != NULL; faults++)
		text_printf(&wanted, "onnet.yaml:%s\n", *faults);
	if (text_read(&conf, yaml, &fault) != -EINVAL)
		fail_msg("%s: not refused", name);
	if (strcmp(text_get(&fault), text_get(&wanted)) != 0)
		fail_msg("%s:\nis      %swanted  %s", name, text_get(&fault), text_get(&wanted));
	assert_ptr_equal(conf, root); /* untouched */
	text_done(&wanted);
	text_done(&fault);
}

#define OPS      \
	"key:\n" \
	"  - {id: ops, algorithm: hmac-sha256, secret: b25uZXQ=}\n"

static const char whole_file[] = "server:\n"
				 "  listen: [127.0.0.1@5300, \"::1@5300\"]\n"
				 "  storage: /srv/onnet            # the store\n"
				 "  workers: 2\n"
				 "  user: onnet\n"
				 "  tcp-idle-timeout: 20\n"
				 "  tcp-max-clients: 300\n"
				 "  udp-max-payload: 1400\n"
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
				 "    log-size: 16M\n"
				 "    update:\n"
				 "      - ops\n"
				 "      - key: reseller\n"
				 "        numbers: [\"+120255501\", 12*543]\n"
				 "        types: [NAPTR, srv]\n"
				 "      - key: pbx\n"
				 "        names: [_sip._udp.example.net]\n"
				 "        address: 192.0.2.0/24\n"
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
	assert_int_equal(conf->tcp_idle_timeout, 20);
	assert_int_equal(conf->tcp_max_clients, 300);
	assert_int_equal(conf->udp_max_payload, 1400);
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
	assert_int_equal(rule[2].line, 21);

	rule = conf->zone[1].update;
	assert_int_equal(conf->zone[1].update_count, 3);
	assert_int_equal(conf->zone[1].transfer_count, 0);
	assert_ptr_equal(rule[1].key, &conf->key[1]);
	assert_int_equal(rule[1].line, 27);
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
	file_write("reseller.secret", "cmVzZWxsZXI=\n", 13, 0600);
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
	assert_int_equal(conf->zone[0].line, 18);
	assert_true(conf->zone[0].naptr_check);
	assert_int_equal(conf->zone[0].log_size, 64 << 20);
	assert_null(conf->zone[1].file);
	assert_false(conf->zone[1].naptr_check);
	assert_int_equal(conf->zone[1].log_size, 16 << 20);
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
		assert_int_equal(conf->tcp_idle_timeout, 10);
		assert_int_equal(conf->tcp_max_clients, 1000);
		assert_int_equal(conf->udp_max_payload, 1232);
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

static void paths_are_relative_to_the_file(void **state)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	char path[sizeof(place) + 32];
	char wanted[sizeof(place) + 32];
	static const char yaml[] =
		"server: {storage: ../var}\n"
		"zone: [{domain: a, file: /a.zone}, {domain: b, file: b.zone}]\n";

	(void)state;
	snprintf(path, sizeof(path), "%s/sub/onnet.yaml", place);
	mkdir("sub", 0700);
	file_write(path, yaml, strlen(yaml), 0600);
	assert_int_equal(conf_read(&conf, path, type_parse, &fault), 0);
	snprintf(wanted, sizeof(wanted), "%s/sub/../var", place);
	assert_string_equal(conf->storage, wanted);
	assert_string_equal(conf->zone[0].file, "/a.zone");
	snprintf(wanted, sizeof(wanted), "%s/sub/b.zone", place);
	assert_string_equal(conf->zone[1].file, wanted);
	conf_free(conf);
	text_done(&fault);
}

static void the_example_is_good(void **state)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	char path[sizeof(root) + 32];

	(void)state;
	snprintf(path, sizeof(path), "%s/examples/onnet.yaml", root);
	int err = conf_read(&conf, path, type_parse, &fault);
	assert_string_equal(text_get(&fault), "");
	assert_int_equal(err, 0);
	assert_int_equal(conf->zone_count, 3);
	for (size_t i = 0; i < conf->zone_count; i++)
		assert_int_equal(access(conf->zone[i].file, R_OK), 0);
	conf_free(conf);
	text_done(&fault);
}

static void words_that_are_wrong_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out[8];
	} table[] = {
		{ "unknown in server",
		  "server:\n  workers: 1\n  lisen: 127.0.0.1\n",
		  { "3:3: unknown word 'lisen' in server; did you mean 'listen'? allowed: listen, "
		    "storage, workers, user, tcp-idle-timeout, tcp-max-clients, "
		    "udp-max-payload" } },
		{ "unknown section",
		  "zones: []\nfoo: 1\n",
		  { "1:1: unknown word 'zones' in the file; did you mean 'zone'? allowed: server, "
		    "key, zone, number",
		    "2:1: unknown word 'foo' in the file; allowed: server, key, zone, number" } },
		{ "case counts",
		  "Server:\n",
		  { "1:1: unknown word 'Server' in the file; did you "
		    "mean 'server'? allowed: server, key, zone, "
		    "number" } },
		{ "unknown in a transfer rule",
		  OPS "zone: {domain: a, transfer: {key: ops, numbers: +1}}\n",
		  { "3:40: unknown word 'numbers' in a transfer rule; allowed: key, address" } },
		{ "a word that would be a line of its own",
		  "\"a\\nb\": 1\n",
		  { "1:1: unknown word 'a?b' in the file; allowed: server, key, zone, number" } },
		{ "doubled word",
		  "server:\n  workers: 1\n  user: a\n  workers: 2\n",
		  { "4:3: 'workers' is given twice in server, first in line 2" } },
		{ "doubled section",
		  "server: {}\nserver: {}\n",
		  { "2:1: 'server' is given twice in the file, first in line 1" } },
		{ "missing words",
		  "key: [{}]\nzone: [{file: a}]\n",
		  { "1:7: a key needs 'id'", "1:7: a key needs 'algorithm'",
		    "1:7: a key needs 'secret' or 'secret-file'", "2:8: a zone needs 'domain'" } },
		{ "nothing where something is wanted",
		  "server:\n  user:\n  listen: []\nzone:\n  -\n",
		  { "2:8: user: one word is wanted, here is nothing",
		    "3:11: listen: an empty list; at least one is wanted",
		    "5:4: a zone is a mapping: lines such as 'word: value' are wanted here" } },
		{ "the wrong shape",
		  "server: [a]\nnumber: b\nzone: c\n",
		  { "1:9: server is a mapping: lines such as 'word: value' are wanted here",
		    "2:9: number is a mapping: lines such as 'word: value' are wanted here",
		    "3:7: a zone is a mapping: lines such as 'word: value' are wanted here" } },
		{ "a list for a word",
		  "server:\n  user: [a]\n  storage: {a: b}\n",
		  { "2:9: user: one word is wanted, here is a list",
		    "3:12: storage: one word is wanted, here is a mapping" } },
		{ "no file",
		  "a, b",
		  { "1:1: the file is a mapping: lines such as 'word: value' "
		    "are wanted here" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		bad_read(table[i].name, table[i].in, table[i].out);
}

#define COUNT_FAULT(word, text, least, most) \
	": " word ": '" text "' is not a number from " least " to " most

static void values_that_are_wrong_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out[8];
	} table[] = {
		{ "numbers out of bounds",
		  "server:\n  workers: 257\n  tcp-idle-timeout: 0\n  tcp-max-clients: -1\n"
		  "  udp-max-payload: 511\n",
		  { "2:12" COUNT_FAULT("workers", "257", "1", "256"),
		    "3:21" COUNT_FAULT("tcp-idle-timeout", "0", "1", "3600"),
		    "4:20" COUNT_FAULT("tcp-max-clients", "-1", "1", "1000000"),
		    "5:20" COUNT_FAULT("udp-max-payload", "511", "512", "4096") } },
		{ "no numbers",
		  "server:\n  workers: 0x10\n  tcp-idle-timeout: 10s\n  tcp-max-clients: 010\n"
		  "  udp-max-payload: 99999999999999999999\n",
		  { "2:12" COUNT_FAULT("workers", "0x10", "1", "256"),
		    "3:21" COUNT_FAULT("tcp-idle-timeout", "10s", "1", "3600"),
		    "4:20" COUNT_FAULT("tcp-max-clients", "010", "1", "1000000"),
		    "5:20" COUNT_FAULT("udp-max-payload", "99999999999999999999", "512",
				       "4096") } },
		{ "addresses",
		  "server:\n  listen:\n  - \"[::1]:53\"\n  - localhost\n  - 127.0.0.1@0\n"
		  "  - 127.0.0.1:5300\n",
		  { "3:5: listen: '[::1]:53': write it as ::1@53; wanted is ADDRESS or "
		    "ADDRESS@PORT",
		    "4:5: listen: 'localhost': no IPv4 or IPv6 address; wanted is ADDRESS or "
		    "ADDRESS@PORT",
		    "5:5: listen: '127.0.0.1@0': behind '@' a port from 1 to 65535 is wanted; "
		    "wanted is ADDRESS or ADDRESS@PORT",
		    "6:5: listen: '127.0.0.1:5300': write it as 127.0.0.1@5300; wanted is ADDRESS "
		    "or ADDRESS@PORT" } },
		{ "an address twice",
		  "server:\n  listen: [\"::1\", 127.0.0.1, \"0::1@53\"]\n",
		  { "2:30: listen: '0::1@53' is given twice, first in line 2" } },
		{ "user", "server: {user: 'a b'}\n", { "1:16: user: 'a b' is not a user's name" } },
		{ "path", "server: {storage: ''}\n", { "1:19: storage: '' is not a path" } },
		{ "flag",
		  "zone: {domain: a, naptr-check: maybe}\n",
		  { "1:32: naptr-check: 'maybe' is not on or off" } },
		{ "size",
		  "zone: {domain: a, log-size: 64MB}\n",
		  { "1:29: log-size: '64MB' is not a size from 64K to 1024G (octets; K, M or G "
		    "behind the number)" } },
		{ "names",
		  "number:\n  e164: [a..b, '', 'a b', 'm\xc3\xbcn.example']\n  isn: ['a\\300', 'a\\']",
		  { "2:10: e164: 'a..b' is not a domain name: it has an empty label",
		    "2:16: e164: '' is not a domain name: it is empty",
		    "2:20: e164: 'a b' is not a domain name: it holds a character that must be "
		    "written \\DDD (a name in another script: its xn-- form)",
		    "2:27: e164: 'm\xc3\xbcn.example' is not a domain name: it holds a character "
		    "that must be written \\DDD (a name in another script: its xn-- form)",
		    "3:9: isn: 'a\\300' is not a domain name: it has \\ before what is no number "
		    "of three digits from 000 to 255",
		    "3:18: isn: 'a\\' is not a domain name: it has \\ before what can't be written "
		    "so" } },
		{ "a suffix twice",
		  "number: {e164: [a.b, 'A.\\098.']}\n",
		  { "1:22: e164: 'A.\\098.' is given twice, first in line 1" } },
		{ "a zone twice",
		  "zone:\n - domain: a\n - domain: b\n - domain: A.\n - domain: \\097\n",
		  { "4:12: zone: 'A.' is given twice, first in line 2",
		    "5:12: zone: '\\097' is given twice, first in line 4" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		bad_read(table[i].name, table[i].in, table[i].out);
}

static void rules_that_would_let_in_whom_nobody_meant_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *in; /* an entry of update: */
		const char *out;
	} table[] = {
		{ "no key, no address", "{types: NAPTR}",
		  "3:28: an update rule needs 'key' or 'address'; without them it would let "
		  "anybody change the zone" },
		{ "nothing in it", "{}",
		  "3:28: an update rule needs 'key' or 'address'; without them it would let "
		  "anybody change the zone" },
		{ "an empty entry", "~",
		  "3:28: an update rule is a mapping: lines such as 'word: value' are wanted "
		  "here" },
		{ "a list in the list", "[ops]",
		  "3:28: an update rule is a mapping: lines such as 'word: value' are wanted "
		  "here" },
		{ "an empty list of numbers", "{key: ops, numbers: []}",
		  "3:48: numbers: an empty list; at least one is wanted" },
		{ "no names", "{key: ops, names: }",
		  "3:46: names: an empty list; at least one is wanted" },
		{ "no address", "{key: ops, address: []}",
		  "3:48: address: an empty list; at least one is wanted" },
		{ "no key", "{key: , address: 127.0.0.1}",
		  "3:34: key: one word is wanted, here is nothing" },
		{ "a dangling key", "{key: opps}",
		  "3:34: key: 'opps' is not declared; did you mean 'ops'? declared: ops" },
		{ "a bare dangling key", "reseller",
		  "3:28: key: 'reseller' is not declared; declared: ops" },
		{ "host bits", "192.0.2.1/24",
		  "3:28: address: '192.0.2.1/24': bits beyond its length are set; did you mean "
		  "192.0.2.0/24?; wanted is ADDRESS or ADDRESS/LENGTH" },
		{ "a port", "127.0.0.1@53",
		  "3:28: address: '127.0.0.1@53': a rule's address has no port; wanted is ADDRESS "
		  "or ADDRESS/LENGTH" },
		{ "half an address", "192.0.2",
		  "3:28: address: '192.0.2': no IPv4 or IPv6 address or prefix; wanted is ADDRESS "
		  "or ADDRESS/LENGTH" },
		{ "a length", "{address: 10.0.0.0/33}",
		  "3:38: address: '10.0.0.0/33': behind '/' a length from 0 to 32 is wanted; "
		  "wanted is ADDRESS or ADDRESS/LENGTH" },
		{ "a number with blanks", "{key: ops, numbers: +1 202}",
		  "3:48: numbers: '+1 202' is not the start of a number: +DIGITS (E.164), or "
		  "DIGITS*DIGITS (ISN)" },
		{ "a number with no plus", "{key: ops, numbers: 1202}",
		  "3:48: numbers: '1202' is not the start of a number: +DIGITS (E.164), or "
		  "DIGITS*DIGITS (ISN)" },
		{ "a number that is too long", "{key: ops, numbers: +1234567890123456}",
		  "3:48: numbers: '+1234567890123456' is not the start of a number: +DIGITS "
		  "(E.164), or DIGITS*DIGITS (ISN)" },
		{ "an ISN with no organisation", "{key: ops, numbers: 12*}",
		  "3:48: numbers: '12*' is not the start of a number: +DIGITS (E.164), or "
		  "DIGITS*DIGITS (ISN)" },
		{ "a type", "{key: ops, types: [NAPTR, BOGUS]}",
		  "3:54: types: 'BOGUS' is not a record type such as NAPTR, SRV or TYPE65280" },
		{ "a meta type", "{key: ops, types: any}",
		  "3:46: types: 'any' is not a type that a record in a zone can have; for all "
		  "types leave 'types' out" },
		{ "OPT", "{key: ops, types: OPT}",
		  "3:46: types: 'OPT' is not a type that a record in a zone can have; for all "
		  "types leave 'types' out" },
	};
	char yaml[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const out[] = { table[i].out, NULL };

		snprintf(yaml, sizeof(yaml), OPS "zone: {domain: a, update: [%s]}\n", table[i].in);
		bad_read(table[i].name, yaml, out);
	}
}

static void keys_that_are_wrong_are_told_and_no_secret_is_shown(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out;
	} table[] = {
		{ "algorithm", "{id: a, algorithm: sha256, secret: b25uZXQ=}",
		  "1:25: algorithm: 'sha256' is not an algorithm; allowed: hmac-md5, hmac-sha1, "
		  "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512" },
		{ "no secret", "{id: a, algorithm: hmac-sha1}",
		  "1:6: a key needs 'secret' or 'secret-file'" },
		{ "both", "{id: a, algorithm: hmac-sha1, secret: QUJD, secret-file: good}",
		  "1:50: a key has 'secret' or 'secret-file', not both" },
		{ "an empty secret", "{id: a, algorithm: hmac-sha1, secret: ''}",
		  "1:44: secret: it is empty" },
		{ "a hole in it", "{id: a, algorithm: hmac-sha1, secret: QUJ QUJD}",
		  "1:44: secret: it has a character that is not of base64" },
		{ "a lost character", "{id: a, algorithm: hmac-sha1, secret: QUJDQ}",
		  "1:44: secret: it is not whole base64 (4 characters for each 3 octets, '=' fills "
		  "up)" },
		{ "bits left over", "{id: a, algorithm: hmac-sha1, secret: QUJDQR==}",
		  "1:44: secret: it is not whole base64 (bits are left over at its end)" },
		{ "padding alone", "{id: a, algorithm: hmac-sha1, secret: ====}",
		  "1:44: secret: it is not whole base64 (4 characters for each 3 octets, '=' fills "
		  "up)" },
		{ "no file", "{id: a, algorithm: hmac-sha1, secret-file: none}",
		  "1:49: secret-file: can't read 'none': No such file or directory" },
		{ "a directory", "{id: a, algorithm: hmac-sha1, secret-file: .}",
		  "1:49: secret-file: can't read '.': not a plain file" },
		{ "a device", "{id: a, algorithm: hmac-sha1, secret-file: /dev/zero}",
		  "1:49: secret-file: can't read '/dev/zero': not a plain file" },
		{ "others read it", "{id: a, algorithm: hmac-sha1, secret-file: wide}",
		  "1:49: secret-file: others than its owner may use 'wide' (mode 0640); remedy: "
		  "chmod 600 wide" },
		{ "no base64", "{id: a, algorithm: hmac-sha1, secret-file: prose}",
		  "1:49: secret-file: what 'prose' holds has a character that is not of base64" },
		{ "an empty file", "{id: a, algorithm: hmac-sha1, secret-file: empty}",
		  "1:49: secret-file: what 'empty' holds is empty" },
		{ "too large", "{id: a, algorithm: hmac-sha1, secret-file: large}",
		  "1:49: secret-file: can't read 'large': File too large" },
		{ "octets", "{id: a, algorithm: hmac-sha1, secret-file: octets}",
		  "1:49: secret-file: can't read 'octets': Invalid or incomplete multibyte or wide "
		  "character" },
		{ "twice",
		  "[{id: a, algorithm: hmac-sha1, secret: QUJD},\n"
		  "  {id: A., algorithm: hmac-sha1, secret: QUJD}]",
		  "2:8: key: 'A.' is given twice, first in line 1" },
	};
	char large[5000];

	(void)state;
	memset(large, 'A', sizeof(large));
	file_write("good", "QUJD\n", 5, 0600);
	file_write("wide", "QUJD\n", 5, 0640);
	file_write("prose", "a secret", 8, 0600);
	file_write("empty", "\n", 1, 0600);
	file_write("large", large, sizeof(large), 0600);
	file_write("octets", "QUJD\0QUJD", 9, 0600);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const out[] = { table[i].out, NULL };
		char yaml[512];

		snprintf(yaml, sizeof(yaml), "key: %s\n", table[i].in);
		bad_read(table[i].name, yaml, out);
	}
}

static void what_of_yaml_has_no_place_is_told(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out[4];
	} table[] = {
		{ "an anchor",
		  "server: &s {}\n",
		  { "1:9: anchors are not used here; a word that starts with '&' needs quotes" } },
		{ "an alias",
		  "server: {user: *u, storage: *v}\n",
		  { "1:16: aliases are not used here; a word that starts with '*' needs quotes",
		    "1:29: aliases are not used here; a word that starts with '*' needs "
		    "quotes" } },
		{ "an anchor on a word and a list",
		  "server: {user: &a b, listen: &c [d]}\n",
		  { "1:16: anchors are not used here; a word that starts with '&' needs quotes",
		    "1:30: anchors are not used here; a word that starts with '&' needs "
		    "quotes" } },
		{ "a tag",
		  "server: {user: !!str x}\n",
		  { "1:16: tags are not used here; a word that starts with '!' needs quotes" } },
		{ "a second document",
		  "server: {}\n---\nserver: {}\n",
		  { "2:1: a second document; a file holds one" } },
		{ "a list as a word", "[a]: b\n", { "1:1: a word is wanted here" } },
		{ "NUL",
		  "server: {user: \"a\\0b\"}\n",
		  { "1:16: a NUL character has no place here" } },
		{ "depth",
		  "[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]",
		  { "1:17: nested too deeply" } },
		{ "a star",
		  "names: [*.example.net]\n",
		  { "1:10: while scanning an alias: did not find expected alphabetic or numeric "
		    "character; a word that starts with '*' or '&' needs quotes" } },
		{ "two colons in a list",
		  "listen: [::1@53]\n",
		  { "1:10: while parsing a flow node: did not find expected node content; a word "
		    "that starts with ':' needs quotes in a list" } },
		{ "a tab",
		  "server:\n\tworkers: 1\n",
		  { "2:1: while scanning for the next token: found character that cannot start "
		    "any token; indent with spaces, not tabs; a word that starts with '@' or '%' "
		    "needs quotes" } },
		{ "indentation",
		  "server:\n  user: a\n   workers: 1\n",
		  { "3:11: mapping values are not allowed in this context; is this line, or the "
		    "one before, indented as it should be?" } },
		{ "a bracket",
		  "server: {listen: [127.0.0.1\n",
		  { "2:1: while parsing a flow sequence: did not find expected ',' or ']'" } },
		{ "no text",
		  "server: {}\n# \xc3\xbc\xff\n",
		  { "2:4: invalid leading UTF-8 octet" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		bad_read(table[i].name, table[i].in, table[i].out);
}

static void a_raw_nul_does_not_hide_what_is_behind_it(void **state)
{
	static const char yaml[] = "server: {}\n\0\nzone: []\n";
	struct text fault = { 0 };
	struct conf *conf = NULL;

	(void)state;
	file_write("onnet.yaml", yaml, sizeof(yaml) - 1, 0644);
	assert_int_equal(conf_read(&conf, "onnet.yaml", type_parse, &fault), -EINVAL);
	assert_string_equal(text_get(&fault),
			    "onnet.yaml:2:1: control characters are not allowed\n");
	text_done(&fault);
}

static void all_faults_are_told_in_order_and_not_without_end(void **state)
{
	struct text yaml = { 0 };
	struct text fault = { 0 };
	struct conf *conf = NULL;
	int line = 0;
	int told = 0;

	(void)state;
	text_puts(&yaml, "zone: {domain: a, update: nobody}\nserver: {workers: 0}\n");
	for (int i = 0; i < 40; i++)
		text_printf(&yaml, "word%d: 1\n", i);
	assert_int_equal(text_read(&conf, text_get(&yaml), &fault), -EINVAL);
	assert_non_null(strstr(text_get(&fault), "onnet.yaml: and 22 more\n"));
	for (char *at = strtok(fault.data, "\n"); at != NULL; at = strtok(NULL, "\n")) {
		int now = atoi(at + strlen("onnet.yaml:"));

		if (now == 0)
			continue;
		assert_true(now >= line);
		line = now;
		told++;
	}
	assert_int_equal(told, 20);
	text_done(&yaml);
	text_done(&fault);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(conf_read(&conf, "none.yaml", type_parse, &fault), -ENOENT);
	assert_int_equal(conf_read(&conf, ".", type_parse, &fault), -EISDIR);
	assert_string_equal(text_get(&fault),
			    "none.yaml: No such file or directory\n.: Is a directory\n");
	assert_null(conf);
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
		int err = text_read(&conf, yaml, &fault);
		if (err != (table[i].out > 0 ? 0 : -EINVAL))
			fail_msg("%s: %d", table[i].in, err);
		if (conf != NULL)
			assert_int_equal(conf->zone[0].log_size, table[i].out);
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
	assert_int_equal(text_read(&conf, yaml, &fault), -EINVAL);
	assert_non_null(strstr(text_get(&fault), "it is longer than 255 octets"));

	text_reset(&fault);
	snprintf(yaml, sizeof(yaml), "number: {e164: %.64s}\n", label);
	assert_int_equal(text_read(&conf, yaml, &fault), -EINVAL);
	assert_non_null(strstr(text_get(&fault), "it has a label of more than 63 octets"));
	text_done(&fault);
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

static int tests_begin(void **state)
{
	(void)state;
	return getcwd(root, sizeof(root)) == NULL || mkdtemp(place) == NULL || chdir(place) < 0;
}

static int tests_end(void **state)
{
	static const char *const files[] = { "onnet.yaml", "reseller.secret", "good",
					     "wide",       "prose",           "empty",
					     "large",      "octets",          "sub/onnet.yaml",
					     "sub" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		remove(files[i]);
	return chdir(root) < 0 || rmdir(place) < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_every_word_comes_out_whole),
		cmocka_unit_test(a_file_that_says_nothing_gives_the_defaults),
		cmocka_unit_test(a_list_of_one_may_be_a_bare_word_or_a_single_mapping),
		cmocka_unit_test(paths_are_relative_to_the_file),
		cmocka_unit_test(the_example_is_good),
		cmocka_unit_test(words_that_are_wrong_are_told),
		cmocka_unit_test(values_that_are_wrong_are_told),
		cmocka_unit_test(rules_that_would_let_in_whom_nobody_meant_are_told),
		cmocka_unit_test(keys_that_are_wrong_are_told_and_no_secret_is_shown),
		cmocka_unit_test(what_of_yaml_has_no_place_is_told),
		cmocka_unit_test(a_raw_nul_does_not_hide_what_is_behind_it),
		cmocka_unit_test(all_faults_are_told_in_order_and_not_without_end),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
		cmocka_unit_test(algorithms_have_one_spelling_inside),
		cmocka_unit_test(sizes_are_octets_or_have_a_unit),
		cmocka_unit_test(flags_may_be_written_in_three_ways),
		cmocka_unit_test(names_are_as_long_as_dns_allows),
		cmocka_unit_test(a_key_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, tests_begin, tests_end);
}
