/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf/conf.h: what is wrong with a file is told at its place, with what would be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "unit/conf_file.h"

/* A text that must have these faults; their "onnet.yaml:" is left out here. */
static void bad_read(const char *name, const char *yaml, const char *const *faults)
{
	struct text wanted = { 0 };
	struct text fault = { 0 };
	struct conf *conf = (struct conf *)conf_root;

	for (; *faults != NULL; faults++)
		text_printf(&wanted, "onnet.yaml:%s\n", *faults);
	if (conf_text_read(&conf, yaml, &fault) != -EINVAL)
		fail_msg("%s: not refused", name);
	if (strcmp(text_get(&fault), text_get(&wanted)) != 0)
		fail_msg("%s:\nis      %swanted  %s", name, text_get(&fault), text_get(&wanted));
	assert_ptr_equal(conf, conf_root); /* untouched */
	text_done(&wanted);
	text_done(&fault);
}

#define OPS      \
	"key:\n" \
	"  - {id: ops, algorithm: hmac-sha256, secret: b25uZXQ=}\n"

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
		    "listen-tls, listen-xdp, metrics, storage, workers, user, sandbox, tcp-idle-timeout, "
		    "tcp-max-clients, tcp-max-per-client, udp-max-payload, cookies, cookie-secret, "
		    "cookie-secret-file, rate-limit, rate-limit-slip, rate-limit-exempt, version, "
		    "identity" } },
		{ "unknown section",
		  "zones: []\nfoo: 1\n",
		  { "1:1: unknown word 'zones' in the file; did you mean 'zone'? allowed: tls, server, "
		    "key, zone, number",
		    "2:1: unknown word 'foo' in the file; allowed: tls, server, key, zone, number" } },
		{ "case counts",
		  "Server:\n",
		  { "1:1: unknown word 'Server' in the file; did you "
		    "mean 'server'? allowed: tls, server, key, zone, "
		    "number" } },
		{ "unknown in a transfer rule",
		  OPS "zone: {domain: a, transfer: {key: ops, numbers: +1}}\n",
		  { "3:40: unknown word 'numbers' in a transfer rule; allowed: key, address, tls" } },
		{ "a word that would be a line of its own",
		  "\"a\\nb\": 1\n",
		  { "1:1: unknown word 'a?b' in the file; allowed: tls, server, key, zone, number" } },
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

#define INTERFACE_FAULT(text)                                                          \
	": listen-xdp: '" text "' is not a network interface; wanted is INTERFACE or " \
	"INTERFACE@PORT"

static void values_that_are_wrong_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out[9];
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
		{ "the sandbox",
		  "server:\n  sandbox: seccomp\n",
		  { "2:12: sandbox: 'seccomp' is not on or off" } },
		{ "cookies, limits and texts",
		  "server:\n  cookies: maybe\n  cookie-secret: [0123, "
		  "000102030405060708090a0b0c0d0e0g]\n  rate-limit: -1\n  rate-limit-slip: 101\n"
		  "  rate-limit-exempt: 192.0.2.1/24\n  version: \"\"\n  tcp-max-per-client: 0\n",
		  { "2:12: cookies: 'maybe' is not on, off or required",
		    "3:19: cookie-secret: it is not 32 hexadecimal digits",
		    "3:25: cookie-secret: it is not 32 hexadecimal digits",
		    "4:15" COUNT_FAULT("rate-limit", "-1", "0", "1000000"),
		    "5:20" COUNT_FAULT("rate-limit-slip", "101", "0", "100"),
		    "6:22: rate-limit-exempt: '192.0.2.1/24': bits beyond its length are set; write it "
		    "as 192.0.2.0/24; wanted is ADDRESS or ADDRESS/LENGTH",
		    "7:12: version: wanted are 1 to 128 octets",
		    "8:23" COUNT_FAULT("tcp-max-per-client", "0", "1", "1000000") } },
		{ "too many secrets, and in two places",
		  "server:\n  cookie-secret: [a, b, c]\n  cookie-secret-file: /nowhere\n",
		  { "2:18: cookie-secret: at most 2 are wanted",
		    "3:3: server has 'cookie-secret' or 'cookie-secret-file', not both",
		    "3:23: cookie-secret-file: can't read '/nowhere': No such file or directory" } },
		{ "interfaces",
		  "server:\n  listen-xdp:\n  - eth0\n  - a/b\n  - a-name-of-16-octs\n  - eth1@0\n"
		  "  - \"@53\"\n  - ..\n  - eth0@54\n",
		  { "4:5" INTERFACE_FAULT("a/b"), "5:5" INTERFACE_FAULT("a-name-of-16-octs"),
		    "6:5" INTERFACE_FAULT("eth1@0"), "7:5" INTERFACE_FAULT("@53"),
		    "8:5" INTERFACE_FAULT(".."),
		    "9:5: listen-xdp: 'eth0@54' is given twice, first in line 3" } },
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
		{ "metrics",
		  "server:\n  metrics: [localhost, 127.0.0.1@9153, 127.0.0.1]\n",
		  { "2:13: metrics: 'localhost': no IPv4 or IPv6 address; wanted is ADDRESS or "
		    "ADDRESS@PORT",
		    "2:40: metrics: '127.0.0.1' is given twice, first in line 2" } },
		{ "user", "server: {user: 'a b'}\n", { "1:16: user: 'a b' is not a user's name" } },
		{ "path", "server: {storage: ''}\n", { "1:19: storage: '' is not a path" } },
		{ "flag",
		  "zone: {domain: a, naptr-check: maybe}\n",
		  { "1:32: naptr-check: 'maybe' is not on or off" } },
		{ "size",
		  "zone: {domain: a, log-size: 64MB}\n",
		  { "1:29: log-size: '64MB' is not a size from 64K to 1024G (octets; K, M or G "
		    "behind the number)" } },
		{ "the size of a copy",
		  "zone: {domain: a, zone-max-size: 1K}\n",
		  { "1:34: zone-max-size: '1K' is not a size from 64K to 1024G (octets; K, M or G "
		    "behind the number)" } },
		{ "time",
		  "zone: {domain: a, log-age: 2 days}\n",
		  { "1:28: log-age: '2 days' is not a time from 1s to 36500d (seconds; s, m, h, d or "
		    "w behind the number)" } },
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
		  "3:28: address: '192.0.2.1/24': bits beyond its length are set; write it as "
		  "192.0.2.0/24; wanted is ADDRESS or ADDRESS/LENGTH" },
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
	conf_file_write("good", "QUJD\n", 5, 0600);
	conf_file_write("wide", "QUJD\n", 5, 0640);
	conf_file_write("prose", "a secret", 8, 0600);
	conf_file_write("empty", "\n", 1, 0600);
	conf_file_write("large", large, sizeof(large), 0600);
	conf_file_write("octets", "QUJD\0QUJD", 9, 0600);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const out[] = { table[i].out, NULL };
		char yaml[512];

		snprintf(yaml, sizeof(yaml), "key: %s\n", table[i].in);
		bad_read(table[i].name, yaml, out);
	}
}

static void files_for_tls_that_are_wrong_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out;
	} table[] = {
		{ "nothing to show", "server: {listen-tls: 127.0.0.1}",
		  "1:22: listen-tls: it takes 'certificate' and 'key' in the section 'tls'" },
		{ "no key", "tls: {certificate: a.pem}",
		  "1:6: tls: a certificate and its key go together" },
		{ "no certificate", "tls: {key: good.key}",
		  "1:6: tls: a certificate and its key go together" },
		{ "others read it", "tls: {certificate: a.pem, key: wide.key}",
		  "1:32: key: others than its owner may use 'wide.key' (mode 0644); remedy: chmod "
		  "600 wide.key" },
		{ "no file", "tls: {certificate: a.pem, key: none.key}",
		  "1:32: key: can't read 'none.key': No such file or directory" },
		{ "anybody's updates", "zone: {domain: a, primary: 10.0.0.1, update-forward: {}}",
		  "1:54: an update-forward rule needs 'key' or 'address'; without them it would "
		  "let anybody send updates to the primary" },
		{ "no address", "server: {listen-tls: ns.example}",
		  "1:22: listen-tls: 'ns.example': no IPv4 or IPv6 address; "
		  "wanted is ADDRESS or ADDRESS@PORT" },
		{ "no flag", "zone: {domain: a, transfer: {address: 10.0.0.1, tls: ns.a}}",
		  "1:54: tls: 'ns.a' is not on or off" },
		{ "nobody", "zone: {domain: a, transfer: {tls: on}}",
		  "1:29: a transfer rule needs 'key' or 'address'; without them it would let "
		  "anybody copy the zone" },
	};

	(void)state;
	conf_file_write("good.key", "", 0, 0600);
	conf_file_write("wide.key", "", 0, 0644);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const out[] = { table[i].out, NULL };

		bad_read(table[i].name, table[i].in, out);
	}
}

static void catalogs_that_do_not_go_together_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *out;
	} table[] = {
		{ "neither", "zone: {domain: a, catalog: both}",
		  "1:28: catalog: 'both' is not producer or consumer" },
		{ "no such catalog", "zone: [{domain: a, catalog-zone: b}, {domain: b}]",
		  "1:34: catalog-zone: 'b' is no zone with 'catalog: producer'" },
		{ "a group alone", "zone: {domain: a, catalog-group: g}",
		  "1:19: catalog-group: it takes 'catalog-zone' beside it" },
		{ "an empty group", "zone: {domain: a, catalog-group: ''}",
		  "1:34: catalog-group: a text of 1 to 255 octets is wanted" },
		{ "members of no catalog", "zone: {domain: a, member: {primary: 10.0.0.1}}",
		  "1:19: member: it takes 'catalog: consumer' beside it" },
		{ "a word that is no member's",
		  "zone: {domain: a, catalog: consumer, primary: 10.0.0.1, member: {domain: b}}",
		  "1:66: unknown word 'domain' in a member entry; allowed: transfer, update-forward, "
		  "primary, zone-max-size, notify, naptr-check, number-ranges, log-size, log-age, group" },
		{ "from nowhere", "zone: {domain: a, catalog: consumer}",
		  "1:7: each 'member' of a catalog that has no 'primary' itself needs one" },
		{ "one from nowhere",
		  "zone: {domain: a, catalog: consumer, member: [{primary: 10.0.0.1}, {group: a}]}",
		  "1:7: each 'member' of a catalog that has no 'primary' itself needs one" },
		{ "made and read", "zone: {domain: a, catalog: producer, file: f}",
		  "1:38: file: the records of a catalog's producer are made by the server" },
		{ "made and changed", "zone: {domain: a, catalog: producer, update: 10.0.0.1}",
		  "1:38: update: the records of a catalog's producer are made by the server" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const out[] = { table[i].out, NULL };

		bad_read(table[i].name, table[i].in, out);
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
	conf_file_write("onnet.yaml", yaml, sizeof(yaml) - 1, 0644);
	assert_int_equal(conf_read(&conf, "onnet.yaml", conf_type_parse, &fault), -EINVAL);
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
	assert_int_equal(conf_text_read(&conf, text_get(&yaml), &fault), -EINVAL);
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
	assert_int_equal(conf_read(&conf, "none.yaml", conf_type_parse, &fault), -ENOENT);
	assert_int_equal(conf_read(&conf, ".", conf_type_parse, &fault), -EISDIR);
	assert_string_equal(text_get(&fault),
			    "none.yaml: No such file or directory\n.: Is a directory\n");
	assert_null(conf);
	text_done(&fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_wrong_are_told),
		cmocka_unit_test(values_that_are_wrong_are_told),
		cmocka_unit_test(rules_that_would_let_in_whom_nobody_meant_are_told),
		cmocka_unit_test(keys_that_are_wrong_are_told_and_no_secret_is_shown),
		cmocka_unit_test(files_for_tls_that_are_wrong_are_told),
		cmocka_unit_test(catalogs_that_do_not_go_together_are_told),
		cmocka_unit_test(what_of_yaml_has_no_place_is_told),
		cmocka_unit_test(a_raw_nul_does_not_hide_what_is_behind_it),
		cmocka_unit_test(all_faults_are_told_in_order_and_not_without_end),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, conf_files_begin, conf_files_end);
}
