/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: stderr, a line an event. Control characters are shown as '?', so that
 * nothing that came from the network can forge a line or move a terminal's cursor.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum log_level limit = LOG_LEVEL_INFO;

void log_limit(enum log_level level)
{
	limit = level;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARNING:
		return "warning: ";
	case LOG_LEVEL_DEBUG:
		return "debug: ";
	case LOG_LEVEL_INFO:
		break;
	}
	return "";
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (level > limit)
		return;

	int head = getenv("JOURNAL_STREAM") != NULL ?
			   snprintf(line, sizeof(line), "<%d>", (int)level) :
			   snprintf(line, sizeof(line), "%s", level_name(level));
	size_t room = sizeof(line) - (size_t)head - 1;

	va_start(args, format);
	int body = vsnprintf(line + head, room, format, args);
	va_end(args);

	size_t size = (size_t)head + (body < 0 ? 0 : (size_t)body < room ? (size_t)body : room - 1);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[size++] = '\n';
	if (write(STDERR_FILENO, line, size) < 0)
		return; /* there is nobody left to tell */
}
