/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SUPERVISOR_H
#define CMD_SUPERVISOR_H

#include "base/text.h"

/*
 * Whoever minds this process and waits to be told about it, as systemd does (sd_notify(3)): a
 * datagram to the socket that NOTIFY_SOCKET names. Where nobody does, nothing happens.
 */

/* Lines "NAME=value". A negative errno. */
int supervisor_tell(const char *lines);

/* RELOADING=1, with the time that it takes for it. */
void supervisor_tell_reloading(void);

/* What is served now, behind these lines ("" or "READY=1"): STATUS=. */
struct observed;
void supervisor_tell_status(const char *lines, struct observed *observed);

/*
 * How often it wants to hear of us at the least, in microseconds (WATCHDOG_USEC and WATCHDOG_PID); 0: it does
 * not.
 */
uint64_t supervisor_patience_us(void);

#endif
