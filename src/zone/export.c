/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone on its way out: all of its names as one snapshot has them, and the file that takes them. The
 * file gets its name when it is whole, so that whoever copies it gets all of a zone or none.
 */
#include "zone/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PATH_ROOM = 4096 };

struct export_file {
	char path[PATH_ROOM]; /* "": standard output */
	char made[PATH_ROOM]; /* its name until it is whole */
	int fd;
	gzFile gzip; /* NULL: plain */
};

static int open_beside(struct export_file *file, const char *path)
{
	if (snprintf(file->path, sizeof(file->path), "%s", path) >= (int)sizeof(file->path) ||
	    snprintf(file->made, sizeof(file->made), "%s.XXXXXX", path) >= (int)sizeof(file->made))
		return -ENAMETOOLONG;
	file->fd = mkostemp(file->made, O_CLOEXEC);
	if (file->fd < 0)
		return -errno;

	/* it is made for its owner alone; here it is to be as any other file */
	mode_t mask = umask(0);
	umask(mask);
	return fchmod(file->fd, 0644 & ~mask) == 0 ? 0 : -errno;
}

int export_open(struct export_file **ret, const char *path)
{
	struct export_file *file = calloc(1, sizeof(*file));
	size_t size = strlen(path);
	int err = 0;

	if (file == NULL)
		return -ENOMEM;
	if (strcmp(path, "-") == 0) {
		file->fd = dup(STDOUT_FILENO);
		err = file->fd >= 0 ? 0 : -errno;
	} else {
		err = open_beside(file, path);
	}
	if (err == 0 && size > 3 && strcmp(path + size - 3, ".gz") == 0) {
		file->gzip = gzdopen(file->fd, "wb1");
		err = file->gzip != NULL ? 0 : -ENOMEM;
	}
	if (err != 0) {
		if (file->fd >= 0)
			close(file->fd);
		if (file->fd >= 0 && *file->path != '\0')
			unlink(file->made);
		free(file);
		return err;
	}
	*ret = file;
	return 0;
}

int export_write(struct export_file *file, const struct text *text)
{
	const char *data = text_get(text);
	size_t size = text->size;

	if (text->failed)
		return -ENOMEM;
	if (file->gzip != NULL)
		return size == 0 || gzwrite(file->gzip, data, (unsigned)size) > 0 ? 0 : -EIO;
	while (size > 0) {
		ssize_t done = write(file->fd, data, size);

		if (done < 0 && errno != EINTR)
			return -errno;
		data += done > 0 ? done : 0;
		size -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

int export_close(struct export_file *file, bool keep)
{
	int err = 0;

	if (file->gzip != NULL && keep && gzflush(file->gzip, Z_FINISH) != Z_OK)
		err = -EIO;
	if (err == 0 && keep && *file->path != '\0' && fsync(file->fd) != 0 && errno != EINVAL)
		err = -errno;
	if (file->gzip != NULL)
		gzclose(file->gzip);
	else if (close(file->fd) != 0 && err == 0)
		err = -errno;
	if (*file->path != '\0' && keep && err == 0 && rename(file->made, file->path) != 0)
		err = -errno;
	if (*file->path != '\0' && (!keep || err != 0))
		unlink(file->made);
	free(file);
	return err;
}

int export_zone(struct store_txn *txn, const knot_dname_t *apex,
		int (*each)(const knot_dname_t *name, const struct node *node, void *arg),
		void *arg)
{
	struct store_zone record;
	struct store_walk *walk;
	knot_dname_storage_t name;
	struct node node;
	int there, err = store_zone_get(txn, apex, &record);

	if (err == 0)
		err = store_walk_begin(&walk, txn, &record, apex, apex);
	if (err != 0)
		return err;
	while (err == 0 && (there = store_walk_next(walk, name, &node)) != 0)
		err = there < 0 ? there : each(name, &node, arg);
	store_walk_end(walk);
	return err;
}
