/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_EXPOSITION_H
#define SERVER_EXPOSITION_H

#include <inttypes.h>

#include "base/text.h"

/* Prometheus's text format, version 0.0.4: a head for each metric, then its lines. */
#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* # HELP and # TYPE of the metric; of name nothing counts from '{' on. type: counter, gauge, histogram. */
void exposition_head(struct text *text, const char *name, const char *type, const char *help);

/* A line; name may have labels. Numbers below 2^53 stay what they are, whoever reads them. */
void exposition_count(struct text *text, const char *name, uint64_t value);
void exposition_value(struct text *text, const char *name, double value);

/* name{label="value"} without a number behind it; escapes what stands in value. */
void exposition_label(struct text *text, const char *name, const char *label, const char *value);

/* Head and line of a metric without labels. */
void exposition_gauge(struct text *text, const char *name, const char *help, double value);

#endif
