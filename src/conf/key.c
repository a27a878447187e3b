/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys (RFC 8945) and their secrets.
 *
 * A secret stands in the file or in a file of its own. The latter must be a plain file that nobody
 * but its owner can open; that is asked of the file once it is open, so that it can't be exchanged
 * in between. Base64 is taken by the letter (RFC 4648 3.2, 3.3, 3.5): a copy that lost a character
 * is found here and not by the first BADSIG. No message ever shows a secret.
 */
#include "conf/key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/name.h"
#include "conf/suggest.h"
#include "conf/value.h"

static int base64_value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* NULL where text is base64 for at least one octet, else what is wrong. */
static const char *base64_check(const char *text)
{
	size_t size = strlen(text);
	size_t letters = 0;

	if (size == 0)
		return "is empty";
	while (base64_value(text[letters]) >= 0)
		letters++;

	size_t pad = strspn(text + letters, "=");
	if (letters + pad != size)
		return "has a character that is not of base64";
	/* RFC 4648 3.2, 4: groups of four, the last one filled up with "=". */
	if (size % 4 != 0 || pad > 2)
		return "is not whole base64 (4 characters for each 3 octets, '=' fills up)";
	/* RFC 4648 3.5, "pad bits MUST be set to zero". */
	if (pad > 0 && (base64_value(text[letters - 1]) & (pad == 1 ? 0x03 : 0x0f)) != 0)
		return "is not whole base64 (bits are left over at its end)";
	return NULL;
}

static int secret_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *wrong = base64_check(node->text);

	if (wrong != NULL)
		return fault_add(r->faults, node->mark, "%s: it %s", row->word, wrong);
	*(const char **)ret = node->text;
	return 0;
}

/* Opens a plain file that is nobody's but its owner's. A negative errno, or 1: others may use the file. */
static int private_open(int *ret, const char *path, struct stat *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, status) < 0)
		err = -errno;
	else if (!S_ISREG(status->st_mode))
		err = -ENOTSUP;
	else if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		err = 1;
	if (err != 0)
		close(fd);
	else
		*ret = fd;
	return err;
}

/* The file's text without white space behind it. Errors as of private_open(). */
static int secret_load(char ret[SECRET_SIZE], const char *path, struct stat *status)
{
	int fd, err = private_open(&fd, path, status);
	size_t size = 0;

	if (err != 0)
		return err;
	if (status->st_size >= SECRET_SIZE)
		err = -EFBIG;
	if (err == 0) {
		ssize_t got = read(fd, ret, SECRET_SIZE - 1);

		if (got < 0)
			err = -errno;
		else
			size = (size_t)got;
	}
	close(fd);
	if (err != 0)
		return err;

	if (memchr(ret, '\0', size) != NULL)
		return -EILSEQ;
	while (size > 0 && strchr(" \t\r\n", ret[size - 1]) != NULL)
		size--;
	ret[size] = '\0';
	return 0;
}

static int private_fault(struct reading *r, const struct row *row, const struct node *node,
			 const char *path, const struct stat *status, int err)
{
	if (err > 0)
		return fault_add(r->faults, node->mark,
				 "%s: others than its owner may use '%s' (mode %04o); remedy: "
				 "chmod 600 %s",
				 row->word, path, (unsigned)(status->st_mode & 07777), path);
	return fault_add(r->faults, node->mark, "%s: can't read '%s': %s", row->word, path,
			 err == -ENOTSUP ? "not a plain file" : strerror(-err));
}

static int private_path_read(struct reading *r, const struct row *row, const struct node *node,
			     void *ret)
{
	struct stat status;
	const char *path;
	int fd, err = kind_path.read(r, row, node, &path);

	if (err < 0)
		return err;
	err = private_open(&fd, path, &status);
	/* who may not open it may have no need to: onnet reads the same configuration */
	if (err != 0 && err != -EACCES)
		return private_fault(r, row, node, path, &status, err);
	if (err == 0)
		close(fd);
	*(const char **)ret = path;
	return 0;
}

int secret_file_load(struct reading *r, const struct row *row, const struct node *node,
		     char ret[SECRET_SIZE], const char **path)
{
	struct stat status;
	int err = kind_path.read(r, row, node, path);

	if (err < 0)
		return err;

	err = secret_load(ret, *path, &status);
	return err != 0 ? private_fault(r, row, node, *path, &status, err) : 0;
}

static int secret_file_read(struct reading *r, const struct row *row, const struct node *node,
			    void *ret)
{
	char secret[SECRET_SIZE];
	const char *path;
	int err = secret_file_load(r, row, node, secret, &path);

	if (err < 0)
		return err;

	const char *wrong = base64_check(secret);
	const char *copy = wrong == NULL ? arena_text(&r->conf->arena, secret) : NULL;
	explicit_bzero(secret, sizeof(secret));
	if (wrong != NULL)
		return fault_add(r->faults, node->mark, "%s: what '%s' holds %s", row->word, path,
				 wrong);
	if (copy == NULL)
		return -ENOMEM;
	*(const char **)ret = copy;
	return 0;
}

static int key_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	(void)row;
	int err = section_read(r, KEY, node, ret);
	if (err == -ENOMEM || node->type != NODE_MAPPING)
		return err;

	const struct node *inside = tree_find(node, "secret");
	const struct node *file = tree_find(node, "secret-file");
	if (inside == NULL && file == NULL)
		return fault_add(r->faults, node->mark, "a key needs 'secret' or 'secret-file'");
	if (inside != NULL && file != NULL)
		return fault_add(r->faults, file->name->mark,
				 "a key has 'secret' or 'secret-file', not both");
	return err;
}

static size_t key_identity(const void *thing, uint8_t *ret)
{
	const struct conf_key *key = thing;
	const char *why;
	int size = key->id != NULL ? name_wire(ret, key->id, &why) : 0;

	return size > 0 ? (size_t)size : 0;
}

const struct conf_key *conf_key_find(const struct conf *conf, const char *id)
{
	for (size_t i = 0; i < conf->key_count; i++)
		if (conf->key[i].id != NULL && name_equal(conf->key[i].id, id))
			return &conf->key[i];
	return NULL;
}

static int key_reference_read(struct reading *r, const struct row *row, const struct node *node,
			      void *ret)
{
	struct suggest suggest = { .word = node->text };
	const struct conf_key *key = conf_key_find(r->conf, node->text);

	if (key != NULL) {
		*(const struct conf_key **)ret = key;
		return 0;
	}
	if (r->key_may_come) {
		struct conf_key *absent = arena_zero(&r->conf->arena, sizeof(*absent));

		if (absent == NULL)
			return -ENOMEM;
		absent->id = arena_text(&r->conf->arena, node->text);
		if (absent->id == NULL)
			return -ENOMEM;
		*(const struct conf_key **)ret = absent;
		return 0;
	}
	for (size_t i = 0; i < r->conf->key_count; i++)
		if (r->conf->key[i].id != NULL)
			suggest_add(&suggest, r->conf->key[i].id);
	if (suggest.best != NULL)
		return fault_add(r->faults, node->mark,
				 "%s: '%.80s' is not declared; did you mean '%s'? declared: %s",
				 row->word, node->text, suggest.best, suggest.all);
	return fault_add(r->faults, node->mark, "%s: '%.80s' is not declared; declared: %s",
			 row->word, node->text, suggest.size > 0 ? suggest.all : "none");
}

const struct kind kind_key = { .read = key_read,
			       .size = sizeof(struct conf_key),
			       .nested = true,
			       .identity = key_identity,
			       .called = "id" };
const struct kind kind_secret = { .read = secret_read, .size = sizeof(char *) };
const struct kind kind_secret_file = { .read = secret_file_read, .size = sizeof(char *) };
const struct kind kind_private_path = { .read = private_path_read, .size = sizeof(char *) };
const struct kind kind_key_reference = { .read = key_reference_read,
					 .size = sizeof(struct conf_key *) };
