/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SCHEDULE_H
#define SERVER_SCHEDULE_H

/*
 * Asks the kernel for short turns for this thread, and to let it go first, so that it runs soon when
 * something comes in, though others that write or compute have the processor. Where the kernel
 * does not know how, or the process may not, nothing changes.
 */
void schedule_answering(void);

#endif
