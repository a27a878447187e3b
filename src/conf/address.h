/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

enum { REMEDY_SIZE = 160 };

/* conf_address_parse() and conf_prefix_parse() that say in why what is wrong and what to write. */
int address_parse(struct conf_address *ret, const char *text, uint16_t default_port,
		  char why[REMEDY_SIZE]);
int prefix_parse(struct conf_prefix *ret, const char *text, char why[REMEDY_SIZE]);

/* Digits alone, no sign, no leading zero, up to most. 0 or -EINVAL. */
int decimal_parse(uint64_t *ret, const char *text, uint64_t most);

#endif
