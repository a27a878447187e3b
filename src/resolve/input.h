/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_INPUT_H
#define RESOLVE_INPUT_H

#include <stdbool.h>

#include "onnet/resolve.h"
#include "tel/number.h"
#include "tel/sip_uri.h"
#include "tel/sip_via.h"

/* What a look-up is for. Slices point into the text that was read. */
struct input {
	enum onnet_kind kind;
	bool has_uri;
	struct sip_uri uri;
	bool has_number; /* with a URI: its user=phone */
	struct number number;
	enum onnet_error error;
	const char *reason; /* static storage */
};

/* Reads whatever a person or a program may look up; a fault is in ret. */
void input_read(const char *text, struct input *ret);

/* The same for the URI that a number led to: is it one whose servers can be located? */
bool input_read_sip(const char *text, struct input *ret);

#endif
