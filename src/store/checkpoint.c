/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A checkpoint is a promise about the data file: the pages of this snapshot are on disk, and none
 * is written over before the next checkpoint counts. Whatever else LMDB has written since may be on
 * disk or not, in any order, its meta pages too. So LMDB's meta page of the snapshot is kept here,
 * and after a stop that was not a clean one it is put back: LMDB finds what it had at the
 * checkpoint, and the journal tells what happened from there on.
 *
 * Of the file two blocks are in use. They are written in turn, so that a torn one leaves the other.
 *
 * LMDB's data file (format 1, since 2011) starts with two meta pages; snapshot n has its own at
 * page n % 2. LMDB takes the one with the higher number. When a checkpoint is put back, the other
 * page gets the same content with a lower number: whatever it pointed to may be gone.
 */
#include "store/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/folder.h"
#include "store/sum.h"

enum { PATH_ROOM = 4096, BLOCKS = 2, PAGE_SIZE_MAX = 65536 };

/* What is in use of a meta page. */
struct meta {
	uint64_t page;
	uint16_t unused;
	uint16_t flags;
	uint32_t unused_room;
	uint32_t magic;
	uint32_t format;
	uint64_t address;
	uint64_t map_size;
	uint32_t page_size; /* of the first table, where it means this */
	uint8_t tables[92];
	uint64_t last_page;
	uint64_t snapshot;
};

_Static_assert(sizeof(struct meta) == META_SIZE, "LMDB's meta page");

static const uint32_t meta_magic = 0xbeefc0de, meta_format = 1;
static const char magic[8] = "onnetcp1";

struct block {
	char magic[8];
	struct checkpoint checkpoint;
	uint64_t sum;
};

static int read_block(int fd, int i, struct checkpoint *ret)
{
	struct block block;
	ssize_t size = pread(fd, &block, sizeof(block), (off_t)i * JOURNAL_BLOCK);

	if (size < 0)
		return -errno;
	if (size != sizeof(block) || memcmp(block.magic, magic, sizeof(magic)) != 0 ||
	    block.sum != sum_octets(0, &block, offsetof(struct block, sum)))
		return 0;
	*ret = block.checkpoint;
	return 1;
}

static int file_path(char ret[PATH_ROOM], const char *folder, const char *name)
{
	return snprintf(ret, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM ? 0 : -ENAMETOOLONG;
}

int checkpoint_open(const char *folder, int *ret)
{
	char path[PATH_ROOM];
	int err = file_path(path, folder, "checkpoint");

	if (err != 0)
		return err;

	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

int checkpoint_read(const char *folder, struct checkpoint *ret)
{
	struct checkpoint newest = { 0 };
	int fd, err = checkpoint_open(folder, &fd), found = 0;

	if (err == -ENOENT) {
		ret->snapshot = 0;
		return 0;
	}
	if (err != 0)
		return err;
	for (int i = 0; found >= 0 && i < BLOCKS; i++) {
		struct checkpoint one;

		found = read_block(fd, i, &one);
		if (found > 0 && one.generation > newest.generation)
			newest = one;
	}
	close(fd);
	if (found < 0)
		return found;
	if (newest.generation == 0)
		return -EBADMSG;
	*ret = newest;
	return 0;
}

/* Writes the block whose turn it is; how much of it, or a negative errno. */
static ssize_t put_block(int fd, const struct checkpoint *checkpoint)
{
	uint8_t octets[JOURNAL_BLOCK] = { 0 };
	struct block block;

	memset(&block, 0, sizeof(block));
	memcpy(block.magic, magic, sizeof(magic));
	block.checkpoint = *checkpoint;
	block.sum = sum_octets(0, &block, offsetof(struct block, sum));
	memcpy(octets, &block, sizeof(block));

	off_t at = (off_t)(checkpoint->generation % BLOCKS) * JOURNAL_BLOCK;
	ssize_t size = pwrite(fd, octets, sizeof(octets), at);
	return size < 0 ? -errno : size;
}

int checkpoint_write(int fd, const struct checkpoint *checkpoint)
{
	ssize_t size = put_block(fd, checkpoint);

	if (size == -EROFS || size == -ENOSPC || size == -EDQUOT)
		return -EAGAIN;
	if (size != JOURNAL_BLOCK)
		return -EIO; /* what is there may be whole */
	return fdatasync(fd) == 0 ? 0 : -errno;
}

int checkpoint_create(const char *folder, const struct checkpoint *checkpoint, int *ret)
{
	char path[PATH_ROOM], fresh[PATH_ROOM];
	uint8_t zeros[BLOCKS * JOURNAL_BLOCK] = { 0 };
	int err = file_path(path, folder, "checkpoint");

	if (err == 0)
		err = file_path(fresh, folder, "checkpoint.new");
	if (err != 0)
		return err;

	int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, zeros, sizeof(zeros), 0) != sizeof(zeros))
		err = -ENOSPC;
	if (err == 0)
		err = put_block(fd, checkpoint) == JOURNAL_BLOCK ? 0 : -ENOSPC;
	if (err == 0 && fsync(fd) != 0)
		err = -errno;
	if (err == 0 && rename(fresh, path) != 0)
		err = -errno;
	if (err == 0)
		err = folder_sync(folder);
	if (err == 0)
		*ret = fd;
	else
		close(fd);
	return err;
}

static int read_meta(int fd, int i, uint64_t page_size, struct meta *ret)
{
	ssize_t size = pread(fd, ret, sizeof(*ret), (off_t)((uint64_t)i * page_size));

	if (size < 0)
		return -errno;
	return size == sizeof(*ret) && ret->magic == meta_magic && ret->format == meta_format &&
	       ret->page == (uint64_t)i && ret->page_size == page_size;
}

int checkpoint_take_meta(int data_fd, uint64_t snapshot, uint64_t page_size, struct checkpoint *ret)
{
	struct meta meta;
	int found = read_meta(data_fd, (int)(snapshot % 2), page_size, &meta);

	if (found < 0)
		return found;
	if (found == 0 || meta.snapshot != snapshot)
		return -EBADMSG;
	ret->snapshot = snapshot;
	ret->page_size = page_size;
	memcpy(ret->meta, &meta, sizeof(meta));
	return 0;
}

static int put_meta(int fd, const struct meta *meta)
{
	ssize_t size = pwrite(fd, meta, sizeof(*meta), (off_t)(meta->page * meta->page_size));

	if (size != sizeof(*meta))
		return size < 0 ? -errno : -EIO;
	return 0;
}

/* Both meta pages: the wanted one, and the same with the number before it. */
static int put_metas(int fd, struct meta meta)
{
	int err = put_meta(fd, &meta);

	meta.page = 1 - meta.page;
	meta.snapshot--;
	return err == 0 ? put_meta(fd, &meta) : err;
}

int checkpoint_renumber(int data_fd, uint64_t page_size, uint64_t snapshot)
{
	struct meta now[2];

	for (int i = 0; i < 2; i++) {
		int found = read_meta(data_fd, i, page_size, &now[i]);

		if (found <= 0)
			return found < 0 ? found : -EBADMSG;
	}

	struct meta newest = now[now[1].snapshot > now[0].snapshot];
	newest.snapshot = snapshot;
	newest.page = snapshot % 2;
	return put_metas(data_fd, newest);
}

/* The readers' table of LMDB knows of a newest snapshot too: it has to be made anew. */
static int forget_readers(const char *folder)
{
	char path[PATH_ROOM];
	int err = file_path(path, folder, "lock.mdb");

	if (err == 0 && unlink(path) != 0 && errno != ENOENT)
		err = -errno;
	return err;
}

static int restore(const char *folder, int fd, const struct checkpoint *checkpoint)
{
	struct meta wanted, now[2];
	uint64_t newest = 0;

	memcpy(&wanted, checkpoint->meta, sizeof(wanted));

	int own = (int)(checkpoint->snapshot % 2);
	for (int i = 0; i < 2; i++) {
		int found = read_meta(fd, i, checkpoint->page_size, &now[i]);

		if (found < 0)
			return found;
		if (found > 0 && now[i].snapshot > newest)
			newest = now[i].snapshot;
	}
	if (newest < checkpoint->snapshot)
		return -ESTALE; /* numbers only rise: the file is older, or another one */
	if (newest == checkpoint->snapshot && memcmp(&wanted, &now[own], sizeof(wanted)) == 0)
		return 0;

	int err = forget_readers(folder);
	return err == 0 ? put_metas(fd, wanted) : err;
}

int checkpoint_restore(const char *folder, const struct checkpoint *checkpoint)
{
	char path[PATH_ROOM];
	int err = file_path(path, folder, "data.mdb");

	if (err != 0)
		return err;
	if (checkpoint->page_size == 0 || checkpoint->page_size > PAGE_SIZE_MAX)
		return -EBADMSG;

	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	err = restore(folder, fd, checkpoint);
	close(fd);
	return err;
}
