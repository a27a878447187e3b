/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_ORDER_H
#define RESOLVE_ORDER_H

#include <stddef.h>

#include "resolve/machine.h"

/*
 * Puts the addresses of one host, at most MACHINE_ADDRESSES_MAX of them, in the order in which to
 * try them (RFC 6724 6). Without source those rules are applied that need none.
 */
void addresses_order(union onnet_address *addresses, size_t count, machine_source *source,
		     void *arg);

#endif
