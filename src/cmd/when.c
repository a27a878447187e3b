/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times in and out. */
#include "cmd/when.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { DAY = 86400, TEXT_ROOM = 40 };

/* "2h", "7d": so many seconds; -EINVAL. */
static int span_parse(uint64_t *ret, const char *text)
{
	static const char units[] = "smhdw";
	static const uint32_t seconds[] = { 1, 60, 3600, DAY, 7 * DAY };
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] != '\0' ? strchr(units, text[digits]) : NULL;

	if (digits == 0 || digits > 9 || unit == NULL || text[digits + 1] != '\0')
		return -EINVAL;
	*ret = strtoull(text, NULL, 10) * seconds[unit - units];
	return 0;
}

static void today(struct tm *ret, bool utc)
{
	time_t now = (time_t)clock_wall_s();

	if (utc)
		gmtime_r(&now, ret);
	else
		localtime_r(&now, ret);
	ret->tm_hour = ret->tm_min = ret->tm_sec = 0;
	ret->tm_isdst = -1;
}

/* A form of strptime(3) that matches all of the text. */
static bool matches(struct tm *ret, const char *text, const char *form)
{
	struct tm tm = *ret;
	const char *end = strptime(text, form, &tm);

	if (end == NULL || *end != '\0')
		return false;
	*ret = tm;
	return true;
}

/* Date and time of day; *day: there was no time of day. */
static bool date_parse(struct tm *ret, const char *text, bool *day)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M",
					     "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
					     "%H:%M:%S",          "%H:%M" };

	*day = strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0;
	if (*day) {
		ret->tm_mday -= text[0] == 'y';
		return true;
	}
	*day = matches(ret, text, "%Y-%m-%d");
	for (size_t i = 0; !*day && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (matches(ret, text, forms[i]))
			return true;
	return *day;
}

int when_parse(uint64_t *ret, const char *text, bool end, bool utc)
{
	char copy[TEXT_ROOM];
	size_t size = strlen(text);
	struct tm tm;
	uint64_t span;
	bool day;

	if (span_parse(&span, text) == 0) {
		uint64_t now = clock_wall_s();

		*ret = now > span ? now - span : 0;
		return 0;
	}
	if (size == 0 || size >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, size + 1);
	if (copy[size - 1] == 'Z') {
		copy[size - 1] = '\0';
		utc = true;
	}
	today(&tm, utc);
	if (!date_parse(&tm, copy, &day))
		return -EINVAL;
	if (end && day)
		tm.tm_mday++;

	time_t time = utc ? timegm(&tm) : mktime(&tm);
	if (time < 0)
		return -EINVAL;
	*ret = (uint64_t)time - (end && day);
	return 0;
}

void when_format(char ret[WHEN_ROOM], uint64_t time, bool utc)
{
	time_t t = (time_t)time;
	struct tm tm;

	if ((utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL ||
	    strftime(ret, WHEN_ROOM, utc ? "%Y-%m-%d %H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S %Z", &tm) ==
		    0)
		snprintf(ret, WHEN_ROOM, "%ju", (uintmax_t)time);
}

void when_format_json(char ret[WHEN_ROOM], uint64_t time)
{
	time_t t = (time_t)time;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(ret, WHEN_ROOM, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(ret, WHEN_ROOM, "%ju", (uintmax_t)time);
}
