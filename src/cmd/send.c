/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands for numbers, ranges and domains share at their edges: amounts in, changes and
 * texts out.
 */
#include "cmd/send.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int send_changes(struct session *s, const knot_dname_t *zone, const struct changes *c)
{
	int code = session_update_begin(s, zone);

	for (size_t i = 0; code == 0 && i < c->count; i++)
		code = session_update_change(s, &c->at[i]);
	return code == 0 ? session_update_send(s) : code;
}

int option_amount(struct session *s, const char *option, const char *text, uint32_t max,
		  uint32_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value > max)
		return command_misuse(s, "--%s '%s': a number from 0 to %u", option, text, max);
	*ret = (uint32_t)value;
	return 0;
}

int text_show(struct text *text)
{
	bool failed = text->failed;

	if (!failed)
		fwrite(text_get(text), 1, text->size, stdout);
	text_done(text);
	return failed ? command_fail(EXIT_INTERNAL, "out of memory") : 0;
}
