/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which file to read where none is named: nearest first, so that a clone's or a person's own file
 * goes before the machine's. A file that is there but can't be read is still the one that is
 * meant, and conf_read() says why it can't be read.
 */
#include <stdlib.h>
#include <unistd.h>

#include "conf/conf.h"

const char *conf_search(struct text *path, const char *given)
{
	const char *home = getenv("HOME");
	const struct {
		const char *before;
		const char *file;
	} places[] = {
		{ ".", "/onnet.yaml" },
		{ home != NULL && home[0] != '\0' ? home : NULL, "/.config/onnet/onnet.yaml" },
		{ "", "/etc/onnet/onnet.yaml" },
	};

	if (given != NULL) {
		text_reset(path);
		text_puts(path, given);
		return path->failed ? NULL : text_get(path);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].before == NULL)
			continue;
		text_reset(path);
		text_puts(path, places[i].before);
		text_puts(path, places[i].file);
		if (!path->failed && access(text_get(path), F_OK) == 0)
			return text_get(path);
	}
	text_reset(path);
	return NULL;
}
