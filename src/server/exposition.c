/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing what Prometheus reads: "# HELP name sentence", "# TYPE name kind", and lines "name{label="value"}
 * number". All lines of a metric stand together below its head. In a label's value backslash, quote and
 * newline are escaped, in a sentence backslash and newline; ours have neither.
 */
#include "server/exposition.h"

#include <string.h>

void exposition_head(struct text *text, const char *name, const char *type, const char *help)
{
	int size = (int)strcspn(name, "{");

	text_printf(text, "# HELP %.*s %s\n# TYPE %.*s %s\n", size, name, help, size, name, type);
}

void exposition_count(struct text *text, const char *name, uint64_t value)
{
	text_printf(text, "%s %" PRIu64 "\n", name, value);
}

void exposition_value(struct text *text, const char *name, double value)
{
	text_printf(text, "%s %.17g\n", name, value);
}

void exposition_label(struct text *text, const char *name, const char *label, const char *value)
{
	text_printf(text, "%s{%s=\"", name, label);
	for (; *value != '\0'; value++)
		if (*value == '\n')
			text_puts(text, "\\n");
		else if (*value == '\\' || *value == '"')
			text_printf(text, "\\%c", *value);
		else
			text_add(text, value, 1);
	text_puts(text, "\"}");
}

void exposition_gauge(struct text *text, const char *name, const char *help, double value)
{
	exposition_head(text, name, "gauge", help);
	exposition_value(text, name, value);
}
