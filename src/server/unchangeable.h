/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_UNCHANGEABLE_H
#define SERVER_UNCHANGEABLE_H

#include "conf/conf.h"

/* Says in the log what is different in a new configuration and takes a restart. */
void unchangeable_tell(const struct conf *old, const struct conf *new);

#endif
