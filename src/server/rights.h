/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_RIGHTS_H
#define SERVER_RIGHTS_H

#include "base/text.h"
#include "conf/conf.h"

/* Becomes the user that the configuration names, if it is root's to do; the storage folder becomes theirs. */
int rights_drop(const struct conf *conf, struct text *fault);

#endif
