/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SCHEDULE_H
#define SERVER_SCHEDULE_H

/*
 * Asks the kernel for short turns for this thread, so that it runs soon when something comes in,
 * though others that write or compute have the processor. It gets no more time than it had; where
 * the kernel does not know how, nothing changes.
 */
void schedule_short_turns(void);

#endif
