/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

/*
 * Inside store/ only: brings the names of what is in a folder to disk. A file that was made or renamed
 * is on disk only when what names it is.
 */
int folder_sync(const char *path);

#endif
