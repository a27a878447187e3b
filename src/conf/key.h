/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_KEY_H
#define CONF_KEY_H

#include "conf/schema.h"

extern const struct kind kind_key;           /* struct conf_key */
extern const struct kind kind_secret;        /* const char * */
extern const struct kind kind_secret_file;   /* const char * */
extern const struct kind kind_private_path;  /* const char *, of a file that is its owner's alone */
extern const struct kind kind_key_reference; /* const struct conf_key * */

#endif
