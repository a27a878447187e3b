/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SEND_H
#define CMD_SEND_H

#include "cmd/session.h"
#include "publish/changes.h"

/* All changes as one update of the zone, sent or printed; an exit code. */
int send_changes(struct session *s, const knot_dname_t *zone, const struct changes *c);

/* The number that an option was given: 0 to max; else an exit code, and said on stderr. */
int option_amount(struct session *s, const char *option, const char *text, uint32_t max,
		  uint32_t *ret);

/* Writes the text to stdout and frees it; an exit code. */
int text_show(struct text *text);

#endif
