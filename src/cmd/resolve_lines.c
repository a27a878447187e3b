/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of standard input for a program that has other things to wait for, too: it polls the
 * descriptor, reads once when there is something, and takes out the lines that are whole.
 *
 * A line is cut off at LINE_MAX_SIZE; no input that can be looked up comes near it. A NUL would end
 * the line for everyone who takes it as a C string, and make another input of it; it becomes an
 * octet that no input may have.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/resolve.h"

enum { LINE_MAX_SIZE = 64 * 1024, READ_SIZE = 64 * 1024 };

/* Takes the line out, of which the buffer has size octets and then, maybe, its end. */
static char *line_take(struct lines *lines, size_t size, bool whole)
{
	char *line = lines->data + lines->start;

	lines->start += size + whole;
	lines->size -= size + whole;
	lines->seen = 0;
	line[size] = '\0';
	if (size > 0 && line[size - 1] == '\r')
		line[--size] = '\0';
	for (char *nul; (nul = memchr(line, '\0', size)) != NULL;)
		*nul = '\1';
	return line;
}

/* Drops what is left of a line that was too long; false: its end is not there yet. */
static bool line_skip(struct lines *lines)
{
	const char *from = lines->data + lines->start;
	const char *end = memchr(from, '\n', lines->size);
	size_t size = end != NULL ? (size_t)(end - from) + 1 : lines->size;

	lines->start += size;
	lines->size -= size;
	lines->skipping = end == NULL;
	return end != NULL;
}

char *lines_next(struct lines *lines)
{
	if (lines->size == 0 || (lines->skipping && !line_skip(lines)) || lines->size == 0)
		return NULL;

	char *from = lines->data + lines->start;
	char *end = memchr(from + lines->seen, '\n', lines->size - lines->seen);

	if (end != NULL)
		return line_take(lines, (size_t)(end - from), true);
	if (lines->size >= LINE_MAX_SIZE) {
		lines->skipping = true;
		return line_take(lines, LINE_MAX_SIZE - 1, true);
	}
	if (lines->ended)
		return line_take(lines, lines->size, false);
	lines->seen = lines->size;
	return NULL;
}

int lines_read(struct lines *lines)
{
	if (lines->data == NULL) {
		/* one octet more, for the NUL behind a last line without an end */
		lines->room = LINE_MAX_SIZE + READ_SIZE;
		lines->data = malloc(lines->room + 1);
		if (lines->data == NULL)
			return -ENOMEM;
	}
	if (lines->size > 0)
		memmove(lines->data, lines->data + lines->start, lines->size);
	lines->start = 0;

	ssize_t got = read(lines->fd, lines->data + lines->size, lines->room - lines->size);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	lines->ended = got == 0;
	lines->size += (size_t)got;
	return 0;
}

void lines_done(struct lines *lines)
{
	free(lines->data);
	*lines = (struct lines){ .fd = lines->fd };
}
