/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "server/observed.h"

/* The HTTP door: GET /metrics on each address of metrics:. */
struct metrics;

/* Binds the sockets, with the rights that takes. A negative errno, and a line in fault. */
int metrics_new(struct metrics **ret, const struct conf *conf, struct text *fault);

/* Answers from now on, in a thread for each address, with what is seen of the server. */
int metrics_start(struct metrics *metrics, struct observed *observed);

/* Ends and frees; NULL is nothing. */
void metrics_stop(struct metrics *metrics);

#endif
