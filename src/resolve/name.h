/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_NAME_H
#define RESOLVE_NAME_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/slice.h"

/* libonnet is linked into other people's programs, and into onnet beside dns/ and conf/. */
#define name_parse onnet_name_parse
#define name_equal onnet_name_equal
#define name_format onnet_name_format

enum { NAME_OCTETS = 255, NAME_TEXT_ROOM = 1024 };

/* A domain name in wire form (RFC 1035 3.1). */
struct name {
	uint8_t size;
	uint8_t wire[NAME_OCTETS];
};

static inline struct slice name_slice(const struct name *name)
{
	return slice_make(name->wire, name->size);
}

/* From text, with or without the final dot, \DDD and \X understood. -EINVAL: it is no name. */
int name_parse(struct name *ret, struct slice text);

/* The labels ("_sip._udp") in front of a name. -ENAMETOOLONG */
int name_below(struct name *ret, const char *labels, struct slice name);

/* Letter case aside. */
bool name_equal(struct slice a, struct slice b);

bool name_is_root(struct slice name);

/* As text without the final dot; "." for the root. The name is sound. */
void name_format(char ret[NAME_TEXT_ROOM], struct slice name);

#endif
