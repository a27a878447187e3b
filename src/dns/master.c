/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Master files (RFC 1035 5, $TTL of RFC 2308 4), read by libzscanner record by record. One
 * scanner for each file that is open: $INCLUDE (RFC 1035 5.1) reads the other file with a
 * scanner of its own, so that the including file's origin is what it was afterwards, and so that
 * the depth is bounded.
 */
#include "dns/master.h"

#include <errno.h>
#include <fcntl.h>
#include <libzscanner/scanner.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dns/rdata.h"

enum { INCLUDE_DEPTH = 8 };

struct master {
	const struct master_handler *handler;
	void *arg;
	bool faulty;
	int depth;
};

static int read_file(struct master *m, const char *path, const char *origin, uint32_t default_ttl,
		     const struct master_place *from);

static void fault_report(struct master *m, const struct master_place *place, const char *why)
{
	m->faulty = true;
	if (m->handler->fault != NULL)
		m->handler->fault(place, why, m->arg);
}

/* Says why a file can't be read; libzscanner knows only that it can't. 0 where it can. */
static int file_check(struct master *m, const char *path, const struct master_place *from)
{
	struct stat status;
	char why[512];
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &status) < 0)
		err = errno;
	else if (S_ISDIR(status.st_mode))
		err = EISDIR;
	if (fd >= 0)
		close(fd);
	if (err == 0)
		return 0;

	struct master_place self = { path, 0 };
	if (from != NULL)
		snprintf(why, sizeof(why), "%s: %s", path, strerror(err));
	else
		snprintf(why, sizeof(why), "%s", strerror(err));
	fault_report(m, from != NULL ? from : &self, why);
	return -err;
}

static int hand_record(struct master *m, const zs_scanner_t *scanner,
		       const struct master_place *place)
{
	struct record r = {
		.owner = scanner->r_owner,
		.type = scanner->r_type,
		.rclass = scanner->r_class,
		.ttl = scanner->r_ttl,
		.rdata = slice_make(scanner->r_data, scanner->r_data_length),
	};

	if (!rdata_valid(r.type, r.rdata)) {
		fault_report(m, place, "the octets are no record of this type");
		return 0;
	}
	return m->handler->record(&r, place, m->arg);
}

static int follow_include(struct master *m, zs_scanner_t *scanner, const struct master_place *place)
{
	/*
	 * The scanner fills buffer with the second word of $INCLUDE, or with the origin in
	 * force.
	 */
	const char *origin = (const char *)scanner->buffer;
	int err = 0;

	if (m->depth == INCLUDE_DEPTH) {
		fault_report(m, place, "$INCLUDE deeper than 8 files; does a file include itself?");
	} else {
		m->depth++;
		err = read_file(m, scanner->include_filename, origin, scanner->default_ttl, place);
		m->depth--;
	}
	scanner->error.fatal = false; /* the scanner sets it for the directive and leaves it so */
	return err;
}

/* The origin in force where the scanner last stopped. */
struct origin {
	knot_dname_storage_t name;
	const char *at;
};

static void origin_remember(struct origin *origin, const zs_scanner_t *scanner)
{
	const uint8_t *name = scanner->zone_origin;
	int size = knot_dname_wire_check(name, name + sizeof(scanner->zone_origin), NULL);

	if (size > 0)
		memcpy(origin->name, name, (size_t)size);
	origin->at = scanner->input.current;
}

/* Follows the line if it is an $ORIGIN; false where its name is none. */
static bool origin_follow(struct origin *origin, const char *line, const char *end)
{
	char word[KNOT_DNAME_TXT_MAXLEN + 1];
	size_t length = 0;

	if ((size_t)(end - line) < strlen("$ORIGIN ") ||
	    strncasecmp(line, "$ORIGIN", strlen("$ORIGIN")) != 0)
		return true;
	line += strlen("$ORIGIN");
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	while (line + length < end && memchr(" \t\r;", line[length], 4) == NULL)
		length++;
	if (length == 0 || length >= sizeof(word))
		return false;
	memcpy(word, line, length);
	word[length] = '\0';

	return name_store(origin->name, origin->name, word) == 0;
}

/*
 * RFC 1035 5.1: names "which do not end in a dot are called relative", in $ORIGIN too, where
 * libzscanner takes absolute ones alone and spoils the origin it had. It has stopped at the end
 * of that line; between there and where it last stopped lie only directives, which are followed
 * again.
 */
static bool origin_set_relative(struct origin *origin, zs_scanner_t *scanner)
{
	const char *stop = scanner->input.current;

	if (origin->at < scanner->input.start || origin->at > stop)
		return false; /* the input's last line, and nothing after it */
	for (const char *line = origin->at; line < stop;) {
		const char *end = memchr(line, '\n', (size_t)(stop - line));

		end = end != NULL ? end : stop;
		if (!origin_follow(origin, line, end))
			return false;
		line = end + 1;
	}
	scanner->zone_origin_length =
		(uint32_t)knot_dname_store(scanner->zone_origin, origin->name);
	scanner->error.fatal = false;
	return true;
}

/* What the scanner has stopped at. *over: there is no more to read. */
static int take_stop(struct master *m, zs_scanner_t *scanner, struct origin *origin,
		     const char *file, bool *over)
{
	struct master_place place = { file, scanner->line_counter };

	switch (scanner->state) {
	case ZS_STATE_DATA:
		return hand_record(m, scanner, &place);
	case ZS_STATE_INCLUDE:
		return follow_include(m, scanner, &place);
	case ZS_STATE_ERROR:
		if (scanner->error.code == ZS_BAD_ORIGIN && origin_set_relative(origin, scanner))
			return 0;
		fault_report(m, &place, zs_strerror(scanner->error.code));
		*over = scanner->error.fatal;
		return 0;
	default:
		*over = true;
		return 0;
	}
}

/* Reads all of a scanner's input. */
static int read_records(struct master *m, zs_scanner_t *scanner, const char *file)
{
	struct origin origin = { 0 };
	bool over = false;
	int err = 0;

	origin_remember(&origin, scanner);
	while (err == 0 && !over && zs_parse_record(scanner) == 0) {
		err = take_stop(m, scanner, &origin, file, &over);
		origin_remember(&origin, scanner);
	}
	return err;
}

static int read_file(struct master *m, const char *path, const char *origin, uint32_t default_ttl,
		     const struct master_place *from)
{
	if (file_check(m, path, from) < 0)
		return 0;

	zs_scanner_t *scanner = malloc(sizeof(*scanner));
	int err = -ENOMEM;
	if (scanner != NULL && zs_init(scanner, origin, KNOT_CLASS_IN, default_ttl) == 0) {
		err = 0;
		if (zs_set_input_file(scanner, path) == 0)
			err = read_records(m, scanner, path);
		else
			fault_report(m, &(struct master_place){ path, 0 },
				     zs_strerror(scanner->error.code));
		zs_deinit(scanner);
	}
	free(scanner);
	return err;
}

/* folder NULL: the working directory. */
static int scanner_place(zs_scanner_t *scanner, const struct master_place *first,
			 const char *folder)
{
	char *path = folder != NULL ? strdup(folder) : NULL;

	scanner->line_counter = first->line;
	if (folder == NULL)
		return 0;
	if (path == NULL)
		return -ENOMEM;
	free(scanner->path);
	scanner->path = path;
	return 0;
}

static int read_text(struct master *m, struct slice text, const struct master_place *first,
		     const char *folder, const char *origin, uint32_t default_ttl)
{
	zs_scanner_t *scanner = malloc(sizeof(*scanner));
	int err = -ENOMEM;

	if (scanner != NULL && zs_init(scanner, origin, KNOT_CLASS_IN, default_ttl) == 0) {
		if (zs_set_input_string(scanner, (const char *)text.data, text.size) == 0 &&
		    scanner_place(scanner, first, folder) == 0)
			err = read_records(m, scanner, first->file);
		zs_deinit(scanner);
	}
	free(scanner);
	return err;
}

int master_read(const char *path, const knot_dname_t *origin, uint32_t default_ttl,
		const struct master_handler *handler, void *arg)
{
	struct master m = { .handler = handler, .arg = arg };
	struct text name = { 0 };
	int err = -ENOMEM;

	name_format(&name, origin);
	if (!name.failed)
		err = read_file(&m, path, text_get(&name), default_ttl, NULL);
	text_done(&name);
	return err == 0 && m.faulty ? -EINVAL : err;
}

int master_read_part(struct slice text, const struct master_place *first, const char *folder,
		     const knot_dname_t *origin, uint32_t default_ttl,
		     const struct master_handler *handler, void *arg)
{
	struct master m = { .handler = handler, .arg = arg };
	struct text name = { 0 };
	int err = -ENOMEM;

	name_format(&name, origin);
	if (!name.failed)
		err = read_text(&m, text, first, folder, text_get(&name), default_ttl);
	text_done(&name);
	return err == 0 && m.faulty ? -EINVAL : err;
}

int master_read_text(struct slice text, const char *file, const knot_dname_t *origin,
		     uint32_t default_ttl, const struct master_handler *handler, void *arg)
{
	const struct master_place first = { file, 1 };

	return master_read_part(text, &first, NULL, origin, default_ttl, handler, arg);
}
