/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file in parts that can be read by themselves. A part ends where a line does, and in a master file
 * only where the next line begins with an owner, outside of parentheses and quotes (RFC 1035
 * 5.1): a line that begins with a blank takes the owner before it. Of $ORIGIN and $TTL all that stand in
 * the file so far are put in front of a part; a later part of the file is read as if it began
 * with them.
 *
 * zlib reads what is packed with gzip, and what is not as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "zone/import_batch.h"

enum {
	PART = 1 << 20,      /* octets of a part, about */
	PART_MAX = 64 << 20, /* of one that can't be cut */
	GZIP_BUFFER = 1 << 17,
};

struct import_reader {
	const struct import_source *source;
	const char *name;
	int fd;
	gzFile gzip; /* NULL: plain */
	uint64_t size, octets;
	bool ended;
	char *rest; /* read, but not yet part of one */
	size_t rest_size, rest_room;
	uint64_t line;      /* of the rest */
	struct text ttl;    /* the last $TTL line of the parts so far */
	struct text origin; /* their $ORIGIN lines, from the last absolute one on */
	struct text seen;   /* directives that may belong to the part or to a later one */
	size_t origins;
};

static bool is_gzip(int fd)
{
	uint8_t magic[2];

	/* RFC 1952 2.3.1: ID1 and ID2 */
	return pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

static int open_file(struct import_reader *r)
{
	bool input = strcmp(r->source->path, "-") == 0;
	struct stat status;

	r->fd = input ? dup(STDIN_FILENO) : open(r->source->path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &status) != 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;

	bool regular = S_ISREG(status.st_mode);
	if (regular)
		r->size = (uint64_t)status.st_size;
	if (regular && !is_gzip(r->fd)) {
		posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		return 0;
	}
	r->gzip = gzdopen(r->fd, "rb");
	if (r->gzip == NULL)
		return -ENOMEM;
	gzbuffer(r->gzip, GZIP_BUFFER);
	return 0;
}

int import_reader_new(struct import_reader **ret, const struct import_source *source,
		      struct text *fault)
{
	struct import_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->source = source;
	r->fd = -1;
	r->line = 1;

	int err = open_file(r);
	if (err != 0) {
		text_printf(fault, "%s: %s\n", source->path, strerror(-err));
		import_reader_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void import_reader_free(struct import_reader *r)
{
	if (r == NULL)
		return;
	if (r->gzip != NULL)
		gzclose(r->gzip);
	else if (r->fd >= 0)
		close(r->fd);
	text_done(&r->ttl);
	text_done(&r->origin);
	text_done(&r->seen);
	free(r->rest);
	free(r);
}

void import_reader_progress(const struct import_reader *r, struct import_progress *ret)
{
	ret->size = r->size;
	ret->octets = r->gzip != NULL && r->size > 0 ? (uint64_t)gzoffset(r->gzip) : r->octets;
}

/* Some octets; 0 at the end. */
static ssize_t read_some(struct import_reader *r, char *data, size_t room)
{
	if (r->gzip != NULL) {
		int code, got = gzread(r->gzip, data, (unsigned)room);

		if (got >= 0 &&
		    !(got == 0 && gzerror(r->gzip, &code) != NULL && code == Z_BUF_ERROR))
			return got;
		gzerror(r->gzip, &code);
		return code == Z_ERRNO ? -errno : code == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	}
	for (;;) {
		ssize_t got = read(r->fd, data, room);

		if (got >= 0 || errno != EINTR)
			return got >= 0 ? got : -errno;
	}
}

static int room_make(char **data, size_t *room, size_t wanted)
{
	if (wanted <= *room)
		return 0;

	char *grown = realloc(*data, wanted);
	if (grown == NULL)
		return -ENOMEM;
	*data = grown;
	*room = wanted;
	return 0;
}

/* Reads until so many octets wait, or the file ends. */
static int fill(struct import_reader *r, size_t wanted)
{
	int err = room_make(&r->rest, &r->rest_room, wanted + 2);

	while (err == 0 && !r->ended && r->rest_size < wanted) {
		ssize_t got = read_some(r, r->rest + r->rest_size, wanted - r->rest_size);

		if (got < 0)
			err = (int)got;
		else if (got == 0)
			r->ended = true;
		else
			r->rest_size += (size_t)got;
		r->octets += got > 0 ? (uint64_t)got : 0;
	}
	return err;
}

static size_t cut_lines(const char *text, size_t size)
{
	const char *end = memrchr(text, '\n', size);

	return end != NULL ? (size_t)(end - text) + 1 : 0;
}

/* Where a master file is, character by character. */
struct scan {
	unsigned depth; /* of parentheses */
	bool quoted;
};

/* Goes through a line, size with its end; what matters are quotes, parentheses and comments. */
static void scan_line(struct scan *scan, const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		switch (line[i]) {
		case '\\':
			i++;
			break;
		case '"':
			scan->quoted = !scan->quoted;
			break;
		case '(':
			scan->depth += !scan->quoted;
			break;
		case ')':
			scan->depth -= !scan->quoted && scan->depth > 0;
			break;
		case ';':
			if (!scan->quoted)
				return;
			break;
		default:
			break;
		}
	}
}

static bool begins_with(const char *text, size_t size, const char *word)
{
	return size > strlen(word) && strncasecmp(text, word, strlen(word)) == 0;
}

/* Whether the name of an $ORIGIN line ends in a dot. */
static bool is_absolute(const char *line, size_t size)
{
	size_t at = strlen("$ORIGIN");

	while (at < size && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (at < size && strchr(" \t\r\n;", line[at]) == NULL)
		at++;
	return line[at - 1] == '.' && line[at - 2] != '\\';
}

/* An absolute $ORIGIN makes those before it void, and so does each $TTL. */
static void keep_directive(struct import_reader *r, const char *line, size_t size)
{
	if (begins_with(line, size, "$TTL")) {
		text_reset(&r->ttl);
		text_add(&r->ttl, line, size);
	} else if (begins_with(line, size, "$ORIGIN")) {
		if (is_absolute(line, size)) {
			text_reset(&r->origin);
			r->origins = 0;
		}
		text_add(&r->origin, line, size);
		r->origins++;
	}
}

/* All that were seen stand before a place where the text is cut. */
static void keep_seen(struct import_reader *r)
{
	const char *line = text_get(&r->seen), *end;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
		keep_directive(r, line, (size_t)(end + 1 - line));
	text_reset(&r->seen);
}

/* How many octets a part may take; directives in it are kept for those after it. */
static size_t cut_records(struct import_reader *r, const char *text, size_t size)
{
	struct scan scan = { 0 };
	size_t cut = 0, line = 0;

	text_reset(&r->seen);
	while (line < size) {
		const char *end = memchr(text + line, '\n', size - line);
		size_t next = end != NULL ? (size_t)(end - text) + 1 : size;

		if (scan.depth == 0 && !scan.quoted) {
			if (text[line] == '$')
				text_add(&r->seen, text + line, next - line);
			else if (strchr(" \t\r\n;()\"", text[line]) == NULL)
				cut = line;
			/* where there is no place to cut, all of it is gone through again */
			if (cut > 0 && cut == line && r->seen.size > 0)
				keep_seen(r);
		}
		scan_line(&scan, text + line, next - line);
		line = next;
	}
	return cut;
}

static uint64_t count_lines(const char *text, size_t size)
{
	uint64_t count = 0;

	for (const char *at = text, *end = text + size;
	     (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		count++;
	return count;
}

/* Moves the first size octets of the rest into the batch, behind the directives. */
static int take_part(struct import_reader *r, struct import_batch *batch, const struct text *head,
		     size_t head_lines, size_t size)
{
	int err = room_make(&batch->text, &batch->room, head->size + size + 2);

	if (err != 0)
		return err;
	if (head->size > 0)
		memcpy(batch->text, head->data, head->size);
	memcpy(batch->text + head->size, r->rest, size);
	batch->size = head->size + size;
	if (r->ended && r->rest_size == size && batch->text[batch->size - 1] != '\n')
		batch->text[batch->size++] = '\n';
	batch->text[batch->size] = '\0';
	batch->line = r->line - head_lines;
	r->line += count_lines(r->rest, size);
	memmove(r->rest, r->rest + size, r->rest_size - size);
	r->rest_size -= size;
	return 0;
}

static int next_part(struct import_reader *r, struct import_batch *batch)
{
	bool lines = r->source->form->lines;
	struct text head = { 0 };
	size_t wanted = PART, cut = 0, head_lines = r->origins + (r->ttl.size > 0);
	int err = 0;

	/* those before this part; cut_records() adds its own */
	text_add(&head, text_get(&r->ttl), r->ttl.size);
	text_add(&head, text_get(&r->origin), r->origin.size);
	while (err == 0 && cut == 0) {
		err = fill(r, wanted);
		if (err != 0 || r->rest_size == 0)
			break;
		if (r->ended)
			cut = r->rest_size;
		else
			cut = lines ? cut_lines(r->rest, r->rest_size) :
				      cut_records(r, r->rest, r->rest_size);
		if (cut == 0 && wanted >= PART_MAX)
			err = -EFBIG;
		wanted *= 2;
	}
	if (head.failed || r->ttl.failed || r->origin.failed || r->seen.failed)
		err = -ENOMEM;
	if (err == 0 && cut > 0)
		err = take_part(r, batch, &head, head_lines, cut);
	text_done(&head);
	return err != 0 ? err : cut > 0;
}

int import_reader_next(struct import_reader *r, struct import_batch *batch, struct text *fault)
{
	int there = next_part(r, batch);

	if (there < 0)
		text_printf(fault, "%s:%llu: %s\n", batch->name, (unsigned long long)r->line,
			    there == -EBADMSG ? "what gzip packed is damaged, or cut short" :
			    there == -EFBIG   ? "64 MiB without the end of a record" :
						strerror(-there));
	return there;
}
