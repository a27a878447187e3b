/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_RULE_H
#define CONF_RULE_H

#include "conf/schema.h"

/* Entries of update:, transfer: and update-forward:, read into a struct conf_rule. */
extern const struct kind kind_update;
extern const struct kind kind_transfer;
extern const struct kind kind_forward;

#endif
