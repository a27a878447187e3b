/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "cmd/session.h"

/*
 * The options common to all commands. argv[*at] is looked at: where it is one of them, its value
 * goes into the session, *at moves past it, and 1 is returned; 0: it is not; else a negative
 * errno, said on stderr. own: a long option that is not common here; NULL: none.
 */
int options_take(struct session *s, char **argv, int *at, const char *own);

/* Their table for the help text. */
extern const char options_help[];

#endif
