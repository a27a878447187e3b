/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file system that can't sync a folder says EINVAL; then there is nothing to be done. */
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int folder_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	int err = fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
	close(fd);
	return err;
}
