/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What onnet.yaml says of DNS cookies (RFC 7873). A secret is 16 octets in hexadecimal, as other servers
 * write those of RFC 9018. No message ever shows one.
 */
#include "conf/cookie.h"

#include <errno.h>
#include <string.h>

#include "conf/key.h"

enum { SECRET_OCTETS = sizeof(struct conf_cookie_secret) };

static int cookies_read(struct reading *r, const struct row *row, const struct node *node,
			void *ret)
{
	static const struct {
		const char *word;
		enum conf_cookies value;
	} words[] = {
		{ "on", CONF_COOKIES_ON },
		{ "off", CONF_COOKIES_OFF },
		{ "required", CONF_COOKIES_REQUIRED },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(node->text, words[i].word) == 0) {
			*(enum conf_cookies *)ret = words[i].value;
			return 0;
		}
	}
	return fault_add(r->faults, node->mark, "%s: '%.80s' is not on, off or required", row->word,
			 node->text);
}

static int digit_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* Whether text is 16 octets in hexadecimal. */
static bool secret_parse(struct conf_cookie_secret *ret, const char *text)
{
	if (strlen(text) != (size_t)2 * SECRET_OCTETS)
		return false;
	for (size_t i = 0; i < SECRET_OCTETS; i++) {
		int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret->octets[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int secret_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	struct conf_cookie_secret secret;

	if (!secret_parse(&secret, node->text))
		return fault_add(r->faults, node->mark, "%s: it is not 32 hexadecimal digits",
				 row->word);
	memcpy(ret, &secret, sizeof(secret));
	return 0;
}

static int secret_file_read(struct reading *r, const struct row *row, const struct node *node,
			    void *ret)
{
	char text[SECRET_SIZE];
	const char *path;
	int err = secret_file_load(r, row, node, text, &path);

	if (err < 0)
		return err;

	struct conf_cookie_secret secret;
	bool good = secret_parse(&secret, text);
	explicit_bzero(text, sizeof(text));
	if (!good)
		return fault_add(r->faults, node->mark,
				 "%s: what '%s' holds is not 32 hexadecimal digits", row->word,
				 path);
	memcpy(ret, &secret, sizeof(secret));
	return 0;
}

int cookie_secrets_check(struct reading *r, const struct node *server)
{
	const struct node *inside = tree_find(server, "cookie-secret");
	const struct node *file = tree_find(server, "cookie-secret-file");

	if (inside == NULL || file == NULL)
		return 0;
	return fault_add(r->faults, file->name->mark,
			 "server has 'cookie-secret' or 'cookie-secret-file', not both");
}

const struct kind kind_cookies = { .read = cookies_read, .size = sizeof(enum conf_cookies) };
const struct kind kind_cookie_secret = { .read = secret_read,
					 .size = sizeof(struct conf_cookie_secret) };
const struct kind kind_cookie_secret_file = { .read = secret_file_read,
					      .size = sizeof(struct conf_cookie_secret) };
