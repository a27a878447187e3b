/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_CONTROL_LINE_H
#define SERVER_CONTROL_LINE_H

#include "server/control.h"

/* Inside server/ only: the socket of server/control.h, and what goes over it. */
enum { CONTROL_FILES = 2, CONTROL_LINE_MAX = 1024 };

/* Listens in the folder, in place of a socket that an earlier process left. */
int control_listen(int *ret, const char *folder);

/* A line and the files that came with it; at most max. 1; 0: the other side is gone; a negative errno. */
int control_take(int fd, struct text *line, int *file, size_t max, size_t *files);

#endif
