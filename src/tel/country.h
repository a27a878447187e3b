/* SPDX-License-Identifier: MIT */
#ifndef TEL_COUNTRY_H
#define TEL_COUNTRY_H

#include <stddef.h>

/* How many of the digits of an E.164 number are its country code: 1 to 3, or all there are. */
size_t country_code_size(const char *digits);

#endif
