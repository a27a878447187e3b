/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_RIGHTS_H
#define SERVER_RIGHTS_H

#include "base/text.h"
#include "conf/conf.h"

/* Becomes the user that the configuration names, if it is root's to do; the storage folder becomes theirs. */
int rights_drop(const struct conf *conf, struct text *fault);

/*
 * The same for a command that works on the storage folder: where no user is named, as the service's
 * unit may do that, the one whose the folder is, so that what is made there is not root's.
 */
int rights_follow(const struct conf *conf, struct text *fault);

/* Works in the storage folder as the one whose it is, until the rights are given back. */
void rights_borrow(const struct conf *conf);
void rights_return(void);

#endif
