/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_KEY_H
#define CONF_KEY_H

#include "conf/schema.h"

enum { SECRET_SIZE = 4096 };

/*
 * Reads the file that node names, without white space behind it; only its owner may be able to. -EINVAL with a fault
 * noted, or -ENOMEM. Whoever calls wipes ret.
 */
int secret_file_load(struct reading *r, const struct row *row, const struct node *node,
		     char ret[SECRET_SIZE], const char **path);

extern const struct kind kind_key;           /* struct conf_key */
extern const struct kind kind_secret;        /* const char * */
extern const struct kind kind_secret_file;   /* const char * */
extern const struct kind kind_private_path;  /* const char *, of a file that is its owner's alone */
extern const struct kind kind_key_reference; /* const struct conf_key * */

#endif
