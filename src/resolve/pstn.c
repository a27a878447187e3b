/* SPDX-License-Identifier: MIT */
/*
 * What number portability puts into a URI (RFC 4694 4), as pstn:tel and pstn:sip bring it (RFC
 * 4769):
 *
 *	tel:+441632960083;npdi;rn=+441632970000
 *	sip:+441632960083;npdi;rn=+441632970000@gw.example.com;user=phone
 *
 * In a SIP URI they belong to the telephone number, so they stand before the @.
 */
#include "resolve/pstn.h"

#include <string.h>
#include <strings.h>

static bool is_name(const char *at, size_t size, const char *name)
{
	return size == strlen(name) && strncasecmp(at, name, size) == 0;
}

void pstn_read(struct machine *m, const char *uri, struct onnet_pstn *ret)
{
	bool tel = strncasecmp(uri, "tel:", 4) == 0;
	const char *end = tel ? uri + strlen(uri) : strchr(uri, '@');
	struct onnet_pstn pstn = { 0 };

	if (end == NULL || (!tel && strncasecmp(uri, "sip", 3) != 0))
		return;
	for (const char *at = memchr(uri, ';', (size_t)(end - uri)); at != NULL && at < end;) {
		size_t size = strcspn(++at, ";@");
		size_t name = strcspn(at, "=;@");
		const char *value = NULL;

		if (name < size)
			value = machine_printf(m, "%.*s", (int)(size - name - 1), at + name + 1);
		if (is_name(at, name, "npdi"))
			pstn.npdi = true;
		else if (is_name(at, name, "rn"))
			pstn.rn = value;
		else if (is_name(at, name, "cic"))
			pstn.cic = value;
		at += size;
	}
	*ret = pstn;
}
