/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The forms in which TSIG keys lie around on machines that run DNS: clauses of BIND's
 * configuration, as tsig-keygen, ddns-confgen and rndc-confgen write them; the pairs of files
 * that older dnssec-keygen made, where the algorithm is a number (157 and up, no longer assigned
 * but in use since BIND 9.0); and one line for the command line.
 */
#include "client/key.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"

enum { FILE_MAX = 64 * 1024 };

static const struct {
	const char *name;
	int number; /* of dnssec-keygen */
} algorithms[] = {
	{ "hmac-md5", 157 },    { "hmac-sha1", 161 },   { "hmac-sha224", 162 },
	{ "hmac-sha256", 163 }, { "hmac-sha384", 164 }, { "hmac-sha512", 165 },
};

static int fault(struct text *text, int err, const char *what, const char *about)
{
	if (about != NULL)
		text_printf(text, "%s: ", about);
	text_puts(text, what);
	return err;
}

/* RFC 8945 6: also "hmac-md5.sig-alg.reg.int" and any final dot. NULL: not one of them. */
static const char *algorithm_name(const char *text)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		size_t size = strlen(algorithms[i].name);

		if (strncasecmp(text, algorithms[i].name, size) == 0 &&
		    (text[size] == '\0' || text[size] == '.'))
			return algorithms[i].name;
	}
	return NULL;
}

static const char *algorithm_numbered(long number)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].number == number)
			return algorithms[i].name;
	return NULL;
}

int client_key_make(knot_tsig_key_t *ret, const char *algorithm, const char *id, const char *secret,
		    struct text *text)
{
	knot_tsig_key_t key = { 0 };
	const char *name = algorithm_name(algorithm != NULL ? algorithm : "hmac-sha256");

	if (name == NULL) {
		text_printf(text,
			    "key '%s': algorithm '%s' is none of hmac-md5, hmac-sha1, "
			    "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512",
			    id, algorithm);
		return -EINVAL;
	}
	knot_dname_storage_t dname; /* libknot says ENOMEM to what is no name */
	if (knot_dname_from_str(dname, id, sizeof(dname)) == NULL) {
		text_printf(text, "key '%s': that is no domain name", id);
		return -EINVAL;
	}
	int err = knot_tsig_key_init(&key, name, id, secret);
	if (err == KNOT_ENOMEM)
		return fault(text, -ENOMEM, "out of memory", NULL);
	if (err != KNOT_EOK || key.secret.size == 0) {
		knot_tsig_key_deinit(&key);
		text_printf(text, "key '%s': the secret is no base64", id);
		return -EINVAL;
	}
	*ret = key;
	return 0;
}

int client_key_parse(knot_tsig_key_t *ret, const char *text, struct text *why)
{
	const char *colon = strchr(text, ':');
	int err = -ENOMEM;

	if (colon == NULL)
		return fault(why, -ENOENT, "not ALGORITHM:ID:SECRET", NULL);

	char *copy = strdup(text);
	if (copy == NULL)
		return fault(why, err, "out of memory", NULL);
	char *first = strtok(copy, ":");
	char *second = strtok(NULL, ":");
	char *third = strtok(NULL, "");
	if (third != NULL)
		err = client_key_make(ret, first, second, third, why);
	else if (second != NULL)
		err = client_key_make(ret, NULL, first, second, why);
	else
		err = fault(why, -EINVAL, "not ALGORITHM:ID:SECRET", NULL);
	free(copy);
	return err;
}

/* --- key clauses --- */

/*
 * The next word of a configuration file of BIND, with its quotes taken off: a name or string, or
 * one of { } ; alone. Comments are those of C, C++ and the shell. NULL at the end.
 */
static char *next_word(struct arena *arena, const char **at)
{
	const char *c = *at;

	for (;;) {
		c += strspn(c, " \t\r\n");
		if (*c == '#' || strncmp(c, "//", 2) == 0) {
			c += strcspn(c, "\n");
		} else if (strncmp(c, "/*", 2) == 0) {
			const char *end = strstr(c + 2, "*/");

			c = end != NULL ? end + 2 : c + strlen(c);
		} else {
			break;
		}
	}

	size_t size;
	const char *start = c;
	if (*c == '\0')
		return NULL;
	if (*c == '"') {
		start++;
		size = strcspn(start, "\"");
		c = start + size + (start[size] == '"');
	} else {
		size = strchr("{};", *c) != NULL ? 1 : strcspn(c, " \t\r\n{};\"");
		c += size;
	}
	*at = c;
	return arena_printf(arena, "%.*s", (int)size, start);
}

struct clause {
	const char *id, *algorithm, *secret;
};

/* What stands between the braces of a key clause. */
static void read_clause(struct arena *arena, const char **at, struct clause *ret)
{
	const char *word;

	while ((word = next_word(arena, at)) != NULL && strcmp(word, "}") != 0) {
		if (strcasecmp(word, "algorithm") == 0)
			ret->algorithm = next_word(arena, at);
		else if (strcasecmp(word, "secret") == 0)
			ret->secret = next_word(arena, at);
	}
}

static bool same_id(const char *a, const char *b)
{
	size_t a_size = strlen(a), b_size = strlen(b);

	a_size -= a_size > 0 && a[a_size - 1] == '.';
	b_size -= b_size > 0 && b[b_size - 1] == '.';
	return a_size == b_size && strncasecmp(a, b, a_size) == 0;
}

/* The clause of id, or the first one; false where there is none. */
static bool find_clause(struct arena *arena, const char *octets, const char *id, struct clause *ret)
{
	const char *word, *at = octets;
	bool starts = true; /* a statement starts here */
	int depth = 0;

	while ((word = next_word(arena, &at)) != NULL) {
		if (starts && depth == 0 && strcasecmp(word, "key") == 0) {
			struct clause clause = { .id = next_word(arena, &at) };

			word = next_word(arena, &at);
			if (clause.id == NULL || word == NULL || strcmp(word, "{") != 0)
				return false;
			read_clause(arena, &at, &clause);
			if (id == NULL || same_id(id, clause.id)) {
				*ret = clause;
				return true;
			}
			continue;
		}
		depth += strcmp(word, "{") == 0;
		depth -= strcmp(word, "}") == 0;
		starts = strcmp(word, ";") == 0;
	}
	return false;
}

static int read_clauses(knot_tsig_key_t *ret, const char *octets, const char *id, const char *path,
			struct text *text)
{
	struct arena arena = { 0 };
	struct clause clause;
	int err;

	if (!find_clause(&arena, octets, id, &clause)) {
		text_printf(text, "%s: there is no key clause%s%s in it", path,
			    id != NULL ? " of " : "", id != NULL ? id : "");
		err = -EINVAL;
	} else if (clause.algorithm == NULL || clause.secret == NULL) {
		text_printf(text, "%s: key '%s' has no algorithm or no secret", path, clause.id);
		err = -EINVAL;
	} else {
		err = client_key_make(ret, clause.algorithm, clause.id, clause.secret, text);
	}
	arena_done(&arena);
	return err;
}

/* --- files of dnssec-keygen --- */

/* Where the value of "NAME: value" starts; NULL: no such line. */
static const char *private_field(const char *octets, const char *name)
{
	size_t size = strlen(name);

	for (const char *line = octets; line != NULL && *line != '\0';) {
		if (strncmp(line, name, size) == 0 && line[size] == ':')
			return line + size + 1 + strspn(line + size + 1, " \t");
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return NULL;
}

/* "K<id>.+<algorithm>+<tag>.private" */
static int read_private(knot_tsig_key_t *ret, const char *octets, const char *path,
			struct text *text)
{
	const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	const char *number = private_field(octets, "Algorithm");
	const char *secret = private_field(octets, "Key");
	const char *plus = strstr(base, ".+");

	if (base[0] != 'K' || plus == NULL)
		return fault(text, -EINVAL,
			     "the name of the key is in the name of the file, "
			     "K<name>.+<algorithm>+<tag>.private; this one was renamed",
			     path);
	if (number == NULL || secret == NULL ||
	    algorithm_numbered(strtol(number, NULL, 10)) == NULL)
		return fault(text, -EINVAL, "this is no key for TSIG (HMAC)", path);

	struct arena arena = { 0 };
	char *id = arena_printf(&arena, "%.*s", (int)(plus - base - 1), base + 1);
	char *value = arena_printf(&arena, "%.*s", (int)strcspn(secret, "\r\n"), secret);
	int err = -ENOMEM;
	if (id != NULL && value != NULL)
		err = client_key_make(ret, algorithm_numbered(strtol(number, NULL, 10)), id, value,
				      text);
	arena_done(&arena);
	return err;
}

/* "ops. IN KEY 512 3 157 SECRET" (RFC 2535 3); false where the octets are nothing of the kind. */
static bool read_public(knot_tsig_key_t *ret, const char *octets, struct text *text, int *err)
{
	char id[256], secret[1024];
	long number;
	int at = 0;

	while (*octets == ';' && strchr(octets, '\n') != NULL)
		octets = strchr(octets, '\n') + 1;
	if (sscanf(octets, "%255s IN KEY %*d %*d %ld %n", id, &number, &at) < 2 || at == 0 ||
	    algorithm_numbered(number) == NULL)
		return false;

	size_t size = 0;
	for (const char *c = octets + at; *c != '\0' && *c != '\n' && size < sizeof(secret) - 1;
	     c++)
		if (!isspace((unsigned char)*c))
			secret[size++] = *c;
	secret[size] = '\0';
	*err = client_key_make(ret, algorithm_numbered(number), id, secret, text);
	return true;
}

/* The file's octets and a NUL, for free(). */
static int read_octets(char **ret, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got = -1;

	if (fd < 0)
		return -errno;
	char *octets = malloc(FILE_MAX + 1);
	if (octets != NULL)
		while ((got = read(fd, octets + size, FILE_MAX - size)) > 0)
			size += (size_t)got;
	int err = octets == NULL ? -ENOMEM : got < 0 ? -errno : 0;
	close(fd);
	if (err < 0) {
		free(octets);
		return err;
	}
	octets[size] = '\0';
	*ret = octets;
	return 0;
}

int client_key_read(knot_tsig_key_t *ret, const char *path, const char *id, struct text *text)
{
	char *octets = NULL;
	int err = read_octets(&octets, path);

	if (err < 0)
		return fault(text, err, strerror(-err), path);
	if (strncmp(octets, "Private-key-format:", strlen("Private-key-format:")) == 0)
		err = read_private(ret, octets, path, text);
	else if (!read_public(ret, octets, text, &err))
		err = read_clauses(ret, octets, id, path, text);
	explicit_bzero(octets, strlen(octets));
	free(octets);
	return err;
}
