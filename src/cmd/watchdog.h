/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_WATCHDOG_H
#define CMD_WATCHDOG_H

/* A thread that tells the supervisor that the server works, as long as it does. */
struct watchdog;
struct observed;

/* *ret is NULL where nobody wants to be told. A negative errno. */
int watchdog_start(struct watchdog **ret, struct observed *observed);
void watchdog_stop(struct watchdog *watchdog);

#endif
