/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/schema.h"

/* Values that are one word. Beside each, what it is read into. */
extern const struct kind kind_count;       /* unsigned */
extern const struct kind kind_size;        /* uint64_t */
extern const struct kind kind_duration;    /* uint64_t, seconds */
extern const struct kind kind_flag;        /* bool */
extern const struct kind kind_address;     /* struct conf_address */
extern const struct kind kind_address_tls; /* struct conf_address, of port 853 unless it says so */
extern const struct kind kind_metrics;     /* struct conf_address, of port 9153 unless it says so */
extern const struct kind kind_interface;   /* struct conf_interface */
extern const struct kind kind_prefix;      /* struct conf_prefix */
extern const struct kind kind_path;        /* const char * */
extern const struct kind kind_user;        /* const char * */
extern const struct kind kind_name;        /* const char * */
extern const struct kind kind_suffix;      /* const char *, none twice */
extern const struct kind kind_algorithm;   /* const char * */
extern const struct kind kind_number;      /* const char * */
extern const struct kind kind_text; /* const char *, at most as many octets as the row says */
extern const struct kind kind_type; /* uint16_t */

/* A path as the file means it, relative to the file's own directory. NULL: no memory. */
const char *path_resolve(struct conf *conf, const char *path);

#endif
