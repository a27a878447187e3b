/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_LOST_H
#define SERVER_LOST_H

#include <stdbool.h>

/*
 * The store can't be used any more (-ENOTRECOVERABLE of store/store.h): says so, once, and has the process end in
 * order, so that whoever minds it starts it anew. From any thread.
 */
void lost_tell(void);

/* Whether it was said. */
bool lost_was_told(void);

#endif
