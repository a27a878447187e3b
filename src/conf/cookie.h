/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_COOKIE_H
#define CONF_COOKIE_H

#include "conf/schema.h"

extern const struct kind kind_cookies;            /* enum conf_cookies */
extern const struct kind kind_cookie_secret;      /* struct conf_cookie_secret */
extern const struct kind kind_cookie_secret_file; /* the same */

/* A server has its secrets in the file or in files of their own; a fault where it has both. */
int cookie_secrets_check(struct reading *r, const struct node *server);

#endif
