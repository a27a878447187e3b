/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files for tests, in a directory of their own that is the working directory. */
#ifndef TESTS_UNIT_CONF_FILE_H
#define TESTS_UNIT_CONF_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "conf/conf.h"

extern char conf_root[4096];                        /* of the tree */
extern char conf_place[sizeof("/tmp/conf.XXXXXX")]; /* of the tests */

/* Knows A, SRV, NAPTR, OPT and ANY. */
int conf_type_parse(const char *name);

void conf_file_write(const char *path, const char *data, size_t size, mode_t mode);

/* conf_read() of this text as onnet.yaml. */
int conf_text_read(struct conf **ret, const char *yaml, struct text *fault);

/* Set-up and tear-down of a cmocka group. */
int conf_files_begin(void **state);
int conf_files_end(void **state);

#endif
