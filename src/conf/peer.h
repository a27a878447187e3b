/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_PEER_H
#define CONF_PEER_H

#include "conf/schema.h"

/* Entries of primary: and notify:, read into a struct conf_peer. */
extern const struct kind kind_peer;

#endif
