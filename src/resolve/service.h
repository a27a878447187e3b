/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_SERVICE_H
#define RESOLVE_SERVICE_H

#include "resolve/lookup.h"

enum service_match {
	SERVICE_FOREIGN, /* of another DDDS application */
	SERVICE_OTHER,   /* enumservices, none of them wanted */
	SERVICE_VOID,    /* the number is published as nobody's */
	SERVICE_WANTED,
};

/*
 * The services of a NAPTR record against those that are wanted; *type is the leftmost one that is,
 * in the machine's memory.
 */
enum service_match service_match(struct machine *m, struct slice services, const char **type);

/* The field as text; what does not print as \DDD. */
const char *service_text(struct machine *m, struct slice services);

#endif
