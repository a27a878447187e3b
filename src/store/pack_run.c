/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs in files without a name: whatever ends the process takes them away. They are written and
 * read in large pieces and may be as large as a zone; so what needs them keeps only a buffer of each.
 */
#include "store/pack_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WRITE_ROOM = 1 << 18, PATH_ROOM = 4096 };

/* Where the file system can't make files without a name, the name goes at once. */
static int make_named(const char *folder)
{
	char path[PATH_ROOM];

	if (snprintf(path, sizeof(path), "%s/import.XXXXXX", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;

	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int pack_file_make(struct pack_file *file, const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = errno == EOPNOTSUPP || errno == EISDIR ? make_named(folder) : -errno;
	if (fd < 0)
		return fd;
	*file = (struct pack_file){ .fd = fd, .buffer = malloc(WRITE_ROOM) };
	if (file->buffer != NULL)
		return 0;
	pack_file_done(file);
	return -ENOMEM;
}

void pack_file_done(struct pack_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->buffer);
	*file = (struct pack_file){ .fd = -1 };
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			data += done;
			size -= (size_t)done;
		}
	}
	return 0;
}

int pack_file_flush(struct pack_file *file)
{
	int err = write_all(file->fd, file->buffer, file->used);

	file->used = 0;
	return err;
}

static int add_octets(struct pack_file *file, struct slice octets)
{
	if (octets.size > WRITE_ROOM - file->used) {
		int err = pack_file_flush(file);

		if (err == 0 && octets.size > WRITE_ROOM)
			err = write_all(file->fd, octets.data, octets.size);
		if (err != 0 || octets.size > WRITE_ROOM)
			return err;
	}
	if (octets.size > 0)
		memcpy(file->buffer + file->used, octets.data, octets.size);
	file->used += octets.size;
	return 0;
}

int pack_file_add(struct pack_file *file, const struct pack_entry *entry)
{
	uint8_t head[PACK_HEAD];

	pack_head_write(head, entry);

	int err = add_octets(file, slice_make(head, sizeof(head)));
	if (err == 0)
		err = add_octets(file, entry->key);
	if (err == 0)
		err = add_octets(file, entry->value);
	file->size += (off_t)(PACK_HEAD + entry->key.size + entry->value.size);
	return err;
}

void pack_reader_begin(struct pack_reader *reader, int fd, struct pack_run run, size_t room)
{
	*reader = (struct pack_reader){ .fd = fd, .at = run.begin, .end = run.end, .room = room };
}

void pack_reader_done(struct pack_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

/* Sees to it that size octets wait. 1; 0: the run has no more at all. */
static int reader_fill(struct pack_reader *r, size_t size)
{
	size_t waiting = r->last - r->first;

	if (waiting >= size)
		return 1;
	if (waiting == 0 && r->at == r->end)
		return 0;
	if (r->at + (off_t)(size - waiting) > r->end)
		return -EBADMSG;
	if (size > r->room || r->buffer == NULL) {
		size_t room = size > r->room ? size * 2 : r->room;
		uint8_t *buffer = realloc(r->buffer, room);

		if (buffer == NULL)
			return -ENOMEM;
		r->buffer = buffer;
		r->room = room;
	}
	memmove(r->buffer, r->buffer + r->first, waiting);
	r->first = 0;
	r->last = waiting;
	while (r->last < size) {
		size_t room = r->room - r->last;
		size_t left = (size_t)(r->end - r->at);
		ssize_t got = pread(r->fd, r->buffer + r->last, room < left ? room : left, r->at);

		if (got == 0)
			return -EBADMSG;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			r->last += (size_t)got;
			r->at += got;
		}
	}
	return 1;
}

int pack_reader_next(struct pack_reader *reader, struct pack_entry *ret)
{
	struct pack_entry entry;
	int there = reader_fill(reader, PACK_HEAD);

	if (there <= 0)
		return there;
	pack_head_read(reader->buffer + reader->first, &entry);
	if (entry.key.size == 0 || entry.key.size > PACK_KEY_MAX || entry.value.size == 0)
		return -EBADMSG;

	size_t size = PACK_HEAD + entry.key.size + entry.value.size;
	there = reader_fill(reader, size);
	if (there <= 0)
		return there < 0 ? there : -EBADMSG;
	pack_head_read(reader->buffer + reader->first, ret);
	reader->first += size;
	return 1;
}
