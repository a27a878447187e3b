/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet key new: a TSIG key (RFC 8945) of as many random octets as the algorithm's hash has,
 * which is what RFC 2104 3 advises. The file is in BIND's form, which onnet, nsupdate and dig
 * read; it is made with mode 0600 from the start and never replaces another.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libdnssec/binary.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/key.h"
#include "cmd/session.h"

static const struct {
	const char *name;
	size_t size; /* octets of the secret */
} algorithms[] = {
	{ "hmac-sha256", 32 }, { "hmac-sha512", 64 }, { "hmac-sha384", 48 },
	{ "hmac-sha224", 28 }, { "hmac-sha1", 20 },   { "hmac-md5", 16 },
};

enum { SECRET_MAX = 64 };

struct new_key {
	const char *id;
	const char *algorithm;
	size_t size;
	const char *path; /* "-": no file */
	char secret[2 * SECRET_MAX];
};

static int find_algorithm(struct session *s, struct new_key *key, const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (strcmp(algorithms[i].name, name) == 0) {
			key->algorithm = algorithms[i].name;
			key->size = algorithms[i].size;
			return 0;
		}
	}
	return command_misuse(s,
			      "--algorithm '%s': one of hmac-sha256, hmac-sha512, hmac-sha384, "
			      "hmac-sha224, hmac-sha1, hmac-md5",
			      name);
}

static int make_secret(struct new_key *key)
{
	uint8_t octets[SECRET_MAX];
	dnssec_binary_t in = { .size = key->size, .data = octets }, out = { 0 };

	if (getrandom(octets, key->size, 0) != (ssize_t)key->size)
		return command_fail(EXIT_INTERNAL, "no random octets: %s", strerror(errno));
	if (dnssec_binary_to_base64(&in, &out) != 0)
		return command_fail(EXIT_INTERNAL, "out of memory");
	snprintf(key->secret, sizeof(key->secret), "%.*s", (int)out.size, (const char *)out.data);
	dnssec_binary_free(&out);
	return 0;
}

/* Whether the id is a domain name that can stand in all the files it goes to. */
static int check_id(struct session *s, const char *id)
{
	const knot_dname_t *name;

	if (id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] !=
	    '\0')
		return command_fail(EXIT_INPUT,
				    "key '%s': letters, digits, dots, hyphens and "
				    "underscores",
				    id);
	return session_name(s, id, &name, "key");
}

static void clause_format(struct text *ret, const struct new_key *key)
{
	text_printf(ret, "key \"%s\" {\n\talgorithm %s;\n\tsecret \"%s\";\n};\n", key->id,
		    key->algorithm, key->secret);
}

static int write_file(const struct new_key *key, const struct text *clause)
{
	int fd = open(key->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return command_fail(EXIT_INPUT, "%s is there already; nothing was made", key->path);
	if (fd < 0)
		return command_fail(EXIT_INPUT, "%s: %s", key->path, strerror(errno));
	bool whole = fchmod(fd, 0600) == 0 &&
		     write(fd, clause->data, clause->size) == (ssize_t)clause->size &&
		     fsync(fd) == 0;
	int err = errno;
	close(fd);
	if (whole)
		return 0;
	unlink(key->path);
	return command_fail(EXIT_INTERNAL, "%s: %s", key->path, strerror(err));
}

static int make(const struct new_key *key)
{
	bool file = strcmp(key->path, "-") != 0;
	struct text clause = { 0 };
	int code = 0;

	clause_format(&clause, key);
	if (clause.failed)
		code = command_fail(EXIT_INTERNAL, "out of memory");
	else if (file)
		code = write_file(key, &clause);
	if (code == 0) {
		printf("# onnet.yaml\n"
		       "key:\n  - id: %s\n    algorithm: %s\n    secret: \"%s\"\n\n",
		       key->id, key->algorithm, key->secret);
		if (file)
			printf("# named.conf; the same is in %s for onnet --key, nsupdate -k, dig -k\n",
			       key->path);
		else
			printf("# named.conf, nsupdate -k, dig -k, onnet --key\n");
		fputs(text_get(&clause), stdout);
	}
	if (clause.data != NULL)
		explicit_bzero(clause.data, clause.size);
	text_done(&clause);
	return code;
}

static int run_new(struct session *s, int argc, char **argv)
{
	static const struct option options[] = { { "algorithm", required_argument, NULL, 'a' },
						 { "output", required_argument, NULL, 'o' },
						 { 0 } };
	struct new_key key = { .algorithm = "hmac-sha256", .size = 32 };
	int option, code;

	while ((option = getopt_long(argc, argv, "a:o:", options, NULL)) != -1) {
		code = option == 'a' ? find_algorithm(s, &key, optarg) :
		       option == 'o' ? 0 :
				       command_misuse(s, NULL);
		if (code != 0)
			return code;
		if (option == 'o')
			key.path = optarg;
	}
	if (argc - optind != 1)
		return command_misuse(s, "one ID");
	key.id = argv[optind];
	code = check_id(s, key.id);
	if (code == 0 && key.path == NULL) {
		key.path = arena_printf(&s->arena, "%s.key", key.id);
		if (key.path == NULL)
			code = command_fail(EXIT_INTERNAL, "out of memory");
	}
	if (code == 0)
		code = make_secret(&key);
	if (code == 0)
		code = make(&key);
	explicit_bzero(key.secret, sizeof(key.secret));
	return code;
}

static const struct command commands[] = {
	{ .name = "new",
	  .run = run_new,
	  .usage = "ID [-a ALGORITHM] [-o FILE]",
	  .brief = "make a TSIG key",
	  .help = "Prints the key for onnet.yaml and for BIND, and keeps BIND's form in ID.key (mode 0600),\n"
		  "which onnet --key, nsupdate -k and dig -k read.\n"
		  "\n"
		  "  -a, --algorithm ALGORITHM  hmac-sha256 (default), hmac-sha512, hmac-sha384,\n"
		  "                             hmac-sha224, hmac-sha1, hmac-md5\n"
		  "  -o, --output FILE          another file; - for none\n" },
	{ .name = NULL },
};

const struct command command_key = {
	.name = "key",
	.sub = commands,
	.brief = "keys that sign changes (TSIG)",
};
