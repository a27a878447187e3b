/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an ENUM record says its URI is good for: "E2U+" and an Enumservice. A person gives a URI,
 * and its scheme names the service in all usual cases; IANA's Enumservice registry, where each row
 * comes from one RFC, is the table below. A scheme that serves several purposes ("tel:" is a voice
 * call, a text message, a fax) has the one that calls use, and --service says another.
 */
#include "publish/service.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

static const struct {
	const char *scheme;
	const char *service;
} schemes[] = {
	{ "sip", "sip" },             /* RFC 3764 */
	{ "sips", "sip" },            /* RFC 3764: both schemes */
	{ "h323", "h323" },           /* RFC 3762 */
	{ "tel", "pstn:tel" },        /* RFC 4769 */
	{ "iax", "iax" },             /* RFC 6315 */
	{ "xmpp", "xmpp" },           /* RFC 4979 */
	{ "im", "im" },               /* RFC 5028 */
	{ "pres", "pres" },           /* RFC 3953 */
	{ "mailto", "email:mailto" }, /* RFC 4355 */
	{ "http", "web:http" },       /* RFC 4002 */
	{ "https", "web:https" },     /* RFC 4002 */
	{ "ftp", "ft:ftp" },          /* RFC 4002 */
	{ "acct", "acct" },           /* RFC 7566 */
};

static const char *service_find(const char *uri, size_t scheme_size)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strlen(schemes[i].scheme) == scheme_size &&
		    strncasecmp(schemes[i].scheme, uri, scheme_size) == 0)
			return schemes[i].service;
	return NULL;
}

/* RFC 6116 3.4.3: type and subtypes of letters, digits and "-", each up to 32 octets. */
static bool service_is_written_well(const char *service)
{
	size_t run = 0;

	for (const char *at = service; *at != '\0'; at++) {
		bool mark = *at == ':' || *at == '+';

		if (!mark && !isalnum((unsigned char)*at) && *at != '-')
			return false;
		if (mark && run == 0)
			return false;
		run = mark ? 0 : run + 1;
		if (run > 32)
			return false;
	}
	return run > 0;
}

int service_format(struct text *ret, const char *service, const char *uri, const char **why)
{
	size_t scheme_size = strcspn(uri, ":");

	if (uri[scheme_size] == '\0' || scheme_size == 0) {
		*why = "the URI has no scheme; write it as sip:name@host";
		return -EINVAL;
	}
	if (service == NULL)
		service = service_find(uri, scheme_size);
	if (service == NULL) {
		*why = "no service is known for this kind of URI; name one with --service";
		return -EINVAL;
	}
	if (strncasecmp(service, "E2U+", 4) == 0)
		service += 4;
	if (!service_is_written_well(service)) {
		*why = "a service is written as sip, pstn:tel or voice:tel+sms:tel";
		return -EINVAL;
	}
	text_printf(ret, "E2U+%s", service);
	return ret->failed ? -ENOMEM : 0;
}
