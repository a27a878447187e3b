/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_TLS_H
#define CONF_TLS_H

#include "conf/schema.h"

/* The section tls:, read into a struct conf_tls. */
extern const struct kind kind_tls;

/* Whether there is what listen-tls needs; server is the section that has it. As a row_read returns. */
int tls_check(struct reading *r, const struct node *server);

#endif
