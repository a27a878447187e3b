/* SPDX-License-Identifier: MIT */
/*
 * NAPTR records (RFC 3403 4.1): their RDATA, and whether one is fit to be published.
 *
 * The check stands at every door through which a record comes in. A record that resolvers refuse
 * takes the other records of its number with it: BIND answers SERVFAIL for the whole set. On the
 * other hand what the field publishes has to pass, also where it stretches RFC 3403: so the check
 * looks for what certainly fails and leaves style alone. Services are not taken apart for the same
 * reason ("E2U+sip", the older "sip+E2U", "SIP+D2T" and whatever an application made up).
 */
#include "tel/naptr.h"

#include <errno.h>
#include <strings.h>

#include "base/reader.h"
#include "tel/expression.h"

enum { STRING_MAX = 255 };

/*
 * RFC 3403 4.1 leaves flags to the application; S, A, U and P are the ones in use (RFC 3404 4.3).
 * "se" is none of them, yet it is published for S.
 */
static const char *const flags_known[] = { "", "s", "a", "u", "p", "se" };

int naptr_read(struct slice rdata, struct naptr *ret)
{
	struct reader r = read_begin(rdata.data, rdata.size);
	struct naptr n;

	n.order = read_u16(&r);
	n.preference = read_u16(&r);
	n.flags = read_string(&r);
	n.services = read_string(&r);
	n.regexp = read_string(&r);
	n.replacement = read_name(&r);

	int err = read_end(&r);
	if (err < 0)
		return err;
	*ret = n;
	return 0;
}

int naptr_write(struct writer *w, const struct naptr *n)
{
	const struct slice strings[] = { n->flags, n->services, n->regexp };
	struct slice name = n->replacement.size > 0 ? n->replacement : slice_make("", 1);
	size_t size = 4 + name.size;

	for (size_t i = 0; i < 3; i++) {
		if (strings[i].size > STRING_MAX)
			return -EMSGSIZE;
		size += 1 + strings[i].size;
	}
	if (w->full || size > write_room(w))
		return -EMSGSIZE;

	write_u16(w, n->order);
	write_u16(w, n->preference);
	for (size_t i = 0; i < 3; i++) {
		write_u8(w, (uint8_t)strings[i].size);
		write_bytes(w, strings[i].data, strings[i].size);
	}
	write_bytes(w, name.data, name.size);
	return 0;
}

static const char *flags_fault(struct slice flags)
{
	for (size_t i = 0; i < sizeof(flags_known) / sizeof(flags_known[0]); i++)
		if (flags.size == strlen(flags_known[i]) &&
		    strncasecmp((const char *)flags.data, flags_known[i], flags.size) == 0)
			return NULL;
	return "the flags are none of \"s\", \"a\", \"u\", \"p\" or \"\" (nor \"se\")";
}

static const char *services_fault(struct slice services)
{
	for (size_t i = 0; i < services.size; i++)
		if (services.data[i] < 0x20 || services.data[i] == 0x7f)
			return "the services have a control character in them";
	return NULL;
}

int naptr_check(const struct naptr *n, const char **why)
{
	const char *fault = flags_fault(n->flags);

	if (fault == NULL)
		fault = services_fault(n->services);
	/* RFC 3403 4.1: the two are "mutually exclusive", a record with both is in error. */
	if (fault == NULL && n->regexp.size > 0 && n->replacement.size > 1)
		fault = "it has both a regexp and a replacement: one of them has to be empty "
			"(\"\" or a lone dot)";
	if (fault != NULL) {
		*why = fault;
		return -EINVAL;
	}
	return n->regexp.size > 0 ? expression_check(n->regexp, why) : 0;
}
