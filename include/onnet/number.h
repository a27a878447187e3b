/* SPDX-License-Identifier: MIT */
#ifndef ONNET_NUMBER_H
#define ONNET_NUMBER_H

#include <stddef.h>

#include <onnet/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	ONNET_NUMBER_ROOM = 132, /* every number as text, with its NUL */
	ONNET_NAME_ROOM = 1024,  /* every domain name as text, escapes and all, with its NUL */
};

/*
 * A number in its one way of writing: "+1 (202) 555-0123" and "tel:+1-202-555-0123" give
 * "+12025550123", an ISN stays "123*543". ret has ONNET_NUMBER_ROOM octets.
 * -EINVAL: no number, and *why, where why is not NULL, is a sentence about it (static storage).
 */
ONNET_API int onnet_number_normalize(char *ret, const char *text, const char **why);

/*
 * The domain name that a number is looked up by, with its final dot:
 * "3.2.1.0.5.5.5.2.0.2.1.SUFFIX." (RFC 6116 3.2), for an ISN "3.2.1.543.SUFFIX.". ret has room
 * octets; ONNET_NAME_ROOM always does. -EINVAL: no number; -ENAMETOOLONG: longer than a domain
 * name can be, or than room.
 */
ONNET_API int onnet_number_domain(char *ret, size_t room, const char *text, const char *suffix);

#ifdef __cplusplus
}
#endif

#endif
