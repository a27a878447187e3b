/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "conf/conf.h"

/*
 * Gives up for good what a running server has no use for: new privileges, most system calls, and all
 * files but its storage and what its configuration names. A log line says what holds from then on.
 *
 * To be called when sockets are bound and rights are dropped, and before threads start: what is said
 * of files holds for the thread that calls this, and for those that are made later. Parts that
 * this kernel does not have are left out, and named in the log. -ENOMEM.
 */
int sandbox_enter(const struct conf *conf);

/* The same for a command, which works on files that whoever calls it names: without what is said of files. */
int sandbox_enter_command(const struct conf *conf);

#endif
