/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "dns/record.h"

/*
 * What is wrong with a NAPTR record in itself (tel/naptr.h), a sentence in static storage; NULL:
 * nothing, or another type.
 */
const char *check_record(uint16_t type, struct slice rdata);

#endif
