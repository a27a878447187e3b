/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_NAME_H
#define CONF_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAME_SIZE = 255 }; /* RFC 1035 2.3.4, "names: 255 octets or less" */

/*
 * Domain names in text. The wire form of one, in lower case and with its root label, is written to
 * ret (may be NULL). Returns its size, or -EINVAL and in *why what is wrong.
 */
int name_wire(uint8_t ret[NAME_SIZE], const char *text, const char **why);

/* Without regard to case, final dot and ways to write an octet; false where one is no name. */
bool name_equal(const char *a, const char *b);

#endif
