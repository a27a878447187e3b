/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal: what was changed, one record after another, each on disk before the next is written.
 * The files are as large as they need to be beforehand, so that a record costs one write in place
 * and one sync of data, and no block, size or place of the file changes with it.
 *
 * A segment starts with a block that says which record comes first, and has a random salt. A record
 * has a sequence number and a sum over all of it which is made with that salt. So the end is where
 * a record is not whole, or is not the next one: what was torn by a loss of power, and what an
 * earlier use of the segment left behind. A record starts at a block of its own: writing it never
 * touches a block that holds something already acknowledged. Nothing is ever written behind a
 * record that is not on disk yet; so where there is one behind the end, with the salt of this use
 * and a later number, what stands at the end was acknowledged, and is damaged.
 *
 * Where a segment is full the other one goes on, which says with which sequence number; whoever
 * reads goes the same way.
 */
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "store/sum.h"

enum { PATH_ROOM = 4096, ZEROS_SIZE = 1 << 18 };

static const char magic[8] = "onnetjl1";

struct segment_head {
	char magic[8];
	uint64_t salt;
	uint64_t sequence; /* of its first record */
	uint64_t sum;
};

struct record_head {
	uint64_t sum; /* of all behind it */
	uint64_t sequence;
	uint64_t size; /* octets behind the head */
	uint64_t unused;
};

_Static_assert(sizeof(struct record_head) == JOURNAL_HEAD, "the head of a record");

static uint64_t round_up(uint64_t size)
{
	return (size + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

/* On failure *offset is where it ended. */
static int write_on(int fd, struct iovec *vector, int count, uint64_t *offset)
{
	while (count > 0) {
		ssize_t size = pwritev(fd, vector, count, (off_t)*offset);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size < 0 ? -errno : -ENOSPC;
		*offset += (uint64_t)size;
		for (; count > 0 && (size_t)size >= vector->iov_len; vector++, count--)
			size -= (ssize_t)vector->iov_len;
		if (count > 0) {
			vector->iov_base = (uint8_t *)vector->iov_base + size;
			vector->iov_len -= (size_t)size;
		}
	}
	return 0;
}

static int write_vector(int fd, struct iovec *vector, int count, uint64_t offset)
{
	return write_on(fd, vector, count, &offset);
}

/* Less than size only at the end of the file. */
static int read_all(int fd, void *data, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size;) {
		ssize_t more =
			pread(fd, (uint8_t *)data + done, size - done, (off_t)(offset + done));

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return more < 0 ? -errno : -ENODATA;
		done += (size_t)more;
	}
	return 0;
}

static int sync_data(int fd)
{
	return fdatasync(fd) == 0 ? 0 : -errno;
}

int journal_open(struct journal *ret, const char *folder)
{
	struct journal journal = { .fd = { -1, -1 },
				   .end = { .offset = JOURNAL_BLOCK, .sequence = 1 } };
	char path[PATH_ROOM];
	struct stat st;
	int err = 0;

	for (int i = 0; err == 0 && i < JOURNAL_SEGMENTS; i++) {
		if (snprintf(path, sizeof(path), "%s/journal.%d", folder, i) >= (int)sizeof(path)) {
			err = -ENAMETOOLONG;
			break;
		}
		journal.fd[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (journal.fd[i] < 0 || fstat(journal.fd[i], &st) != 0)
			err = -errno;
		else
			journal.size[i] = (uint64_t)st.st_size / JOURNAL_BLOCK * JOURNAL_BLOCK;
	}
	if (err != 0)
		journal_close(&journal);
	*ret = journal;
	return err;
}

void journal_close(struct journal *journal)
{
	for (int i = 0; i < JOURNAL_SEGMENTS; i++) {
		if (journal->fd[i] >= 0)
			close(journal->fd[i]);
		journal->fd[i] = -1;
	}
}

int journal_grow(struct journal *journal, uint32_t segment, uint64_t size)
{
	static uint8_t zeros[ZEROS_SIZE];
	uint64_t old = journal->size[segment];
	int err = 0;

	for (uint64_t at = old; err == 0 && at < size; at += ZEROS_SIZE) {
		struct iovec vector = {
			.iov_base = zeros,
			.iov_len = size - at < ZEROS_SIZE ? size - at : ZEROS_SIZE,
		};

		err = write_vector(journal->fd[segment], &vector, 1, at);
	}
	if (err == 0)
		err = sync_data(journal->fd[segment]);
	if (err == 0)
		journal->size[segment] = size;
	else if (ftruncate(journal->fd[segment], (off_t)old) != 0)
		return -errno;
	return err;
}

int journal_clear(struct journal *journal)
{
	for (int i = 0; i < JOURNAL_SEGMENTS; i++) {
		int err = ftruncate(journal->fd[i], 0) == 0 ? 0 : -errno;

		journal->size[i] = 0;
		if (err == 0)
			err = sync_data(journal->fd[i]);
		if (err != 0)
			return err;
	}
	return 0;
}

int journal_turn(struct journal *journal, uint32_t segment)
{
	struct segment_head head = { .sequence = journal->end.sequence };
	uint8_t block[JOURNAL_BLOCK] = { 0 };
	struct iovec vector = { .iov_base = block, .iov_len = sizeof(block) };

	memcpy(head.magic, magic, sizeof(magic));
	if (getrandom(&head.salt, sizeof(head.salt), 0) != sizeof(head.salt))
		return -EIO;
	head.sum = sum_octets(0, &head, offsetof(struct segment_head, sum));
	memcpy(block, &head, sizeof(head));

	int err = write_vector(journal->fd[segment], &vector, 1, 0);
	if (err == 0)
		err = sync_data(journal->fd[segment]);
	if (err == 0)
		journal->end = (struct journal_place){
			.segment = segment,
			.offset = JOURNAL_BLOCK,
			.sequence = head.sequence,
			.salt = head.salt,
		};
	return err;
}

bool journal_has_room(const struct journal *journal, size_t size)
{
	const struct journal_place *end = &journal->end;

	/* without a salt no segment was started yet */
	return end->salt != 0 &&
	       end->offset + round_up(JOURNAL_HEAD + size) <= journal->size[end->segment];
}

bool journal_can_hold(const struct journal *journal, uint32_t segment, size_t size)
{
	return JOURNAL_BLOCK + round_up(JOURNAL_HEAD + size) <= journal->size[segment];
}

int journal_append(struct journal *journal, uint8_t *record, size_t size)
{
	static const uint8_t zeros[JOURNAL_BLOCK];
	struct journal_place *end = &journal->end;
	struct record_head head = { .sequence = end->sequence, .size = size - JOURNAL_HEAD };
	size_t whole = (size_t)round_up(size);
	struct iovec vector[2] = {
		{ .iov_base = record, .iov_len = size },
		{ .iov_base = (void *)(uintptr_t)zeros, .iov_len = whole - size },
	};

	memcpy(record, &head, sizeof(head));
	head.sum = sum_octets(end->salt, record + sizeof(head.sum), size - sizeof(head.sum));
	memcpy(record, &head, sizeof(head));
	journal->newest = *end;
	end->sequence++;

	uint64_t offset = end->offset;
	int err = write_on(journal->fd[end->segment], vector, whole > size ? 2 : 1, &offset);
	/* other errors may come when it was written after all (a file system in user space, over a network) */
	if (offset == end->offset && (err == -EROFS || err == -ENOSPC || err == -EDQUOT))
		end->sequence--;
	if (err == 0)
		err = sync_data(journal->fd[end->segment]);
	if (err == 0)
		end->offset += whole;
	return err;
}

int journal_take_back(struct journal *journal)
{
	static const uint8_t zeros[JOURNAL_BLOCK];
	struct journal_place *newest = &journal->newest;
	struct iovec vector = { .iov_base = (void *)(uintptr_t)zeros, .iov_len = sizeof(zeros) };
	int err = write_vector(journal->fd[newest->segment], &vector, 1, newest->offset);

	if (err == 0)
		err = sync_data(journal->fd[newest->segment]);
	if (err == 0)
		journal->end = *newest;
	return err;
}

/* 1; 0: there is none. */
static int read_segment_head(const struct journal *journal, uint32_t segment,
			     struct segment_head *ret)
{
	int err = read_all(journal->fd[segment], ret, sizeof(*ret), 0);

	if (err != 0)
		return err == -ENODATA ? 0 : err;
	return memcmp(ret->magic, magic, sizeof(magic)) == 0 &&
	       ret->sum == sum_octets(0, ret, offsetof(struct segment_head, sum));
}

struct room {
	uint8_t *data;
	size_t size;
};

/* The record at place into room. 1; 0: there is none. */
static int read_record(const struct journal *journal, const struct journal_place *place,
		       struct room *room, size_t *size)
{
	int fd = journal->fd[place->segment];
	uint64_t end = journal->size[place->segment];
	struct record_head head;

	if (place->offset + sizeof(head) > end)
		return 0;

	int err = read_all(fd, &head, sizeof(head), place->offset);
	if (err != 0)
		return err;
	if (head.sequence != place->sequence || head.size > end - place->offset - sizeof(head))
		return 0;
	*size = sizeof(head) + (size_t)head.size;
	if (*size > room->size) {
		uint8_t *data = realloc(room->data, *size);

		if (data == NULL)
			return -ENOMEM;
		room->data = data;
		room->size = *size;
	}
	err = read_all(fd, room->data, *size, place->offset);
	if (err != 0)
		return err;
	return head.sum ==
	       sum_octets(place->salt, room->data + sizeof(head.sum), *size - sizeof(head.sum));
}

/*
 * Looks for records behind the end. A record that failed, or was taken back, was the last one, and
 * the next is written over it.
 */
static int check_end(const struct journal *journal, struct room *room)
{
	const struct journal_place *end = &journal->end;
	struct journal_place place = *end;
	uint64_t segment = journal->size[end->segment], patience = 2 * segment;
	int found = 0;

	if (end->salt == 0)
		return 0;
	while (found == 0 && place.offset + 2 * JOURNAL_BLOCK <= segment) {
		struct record_head head;
		size_t size;

		place.offset += JOURNAL_BLOCK;
		place.sequence++; /* at most: each has a block at least */
		found = read_all(journal->fd[end->segment], &head, sizeof(head), place.offset);
		if (found != 0 || head.sequence <= end->sequence ||
		    head.sequence > place.sequence || head.size > segment || head.size > patience)
			continue;
		patience -= head.size; /* what only looks like records takes no hours */

		struct journal_place there = place;
		there.sequence = head.sequence;
		found = read_record(journal, &there, room, &size);
	}
	return found > 0 ? -EBADMSG : found;
}

/* Reads on in the segment where the end is. */
static int replay_segment(struct journal *journal, struct room *room,
			  int (*take)(void *arg, struct slice record), void *arg)
{
	for (;;) {
		size_t size = 0;
		int found = read_record(journal, &journal->end, room, &size);

		if (found <= 0)
			return found < 0 ? found : check_end(journal, room);

		int err = take(arg, slice_make(room->data + JOURNAL_HEAD, size - JOURNAL_HEAD));
		if (err != 0)
			return err;
		journal->end.offset += round_up(size);
		journal->end.sequence++;
	}
}

/* Goes on at the start of the other segment, where that says that it has what comes next. */
static int step_over(struct journal *journal)
{
	uint32_t other = 1 - journal->end.segment;
	struct segment_head head;
	int found = read_segment_head(journal, other, &head);

	if (found <= 0 || head.sequence != journal->end.sequence)
		return found < 0 ? found : 0;
	journal->end = (struct journal_place){
		.segment = other,
		.offset = JOURNAL_BLOCK,
		.sequence = head.sequence,
		.salt = head.salt,
	};
	return 1;
}

/* Whether the file is the one that start is about. */
static int check_start(const struct journal *journal, const struct journal_place *start)
{
	struct segment_head head;

	if (start->salt == 0)
		return 0;

	int found = read_segment_head(journal, start->segment, &head);
	if (found < 0)
		return found;
	return found > 0 && head.salt == start->salt ? 0 : -EBADMSG;
}

int journal_replay(struct journal *journal, const struct journal_place *start,
		   int (*take)(void *arg, struct slice record), void *arg)
{
	struct room room = { 0 };
	int more = 0, err = check_start(journal, start);

	if (err != 0)
		return err;
	journal->end = *start;
	err = replay_segment(journal, &room, take, arg);
	if (err == 0)
		more = step_over(journal);
	if (more > 0)
		err = replay_segment(journal, &room, take, arg);
	free(room.data);
	return err != 0 ? err : more < 0 ? more : 0;
}
