/* SPDX-License-Identifier: MIT */
/* What look-ups end in, in a word for programs and in a sentence for people. */
#include "onnet/error.h"

#include <stddef.h>

static const struct {
	const char *name;
	const char *text;
} errors[] = {
	[ONNET_OK] = { "ok", "found" },
	[ONNET_BAD_URI] = { "bad_uri", "this is not a SIP, SIPS or tel URI" },
	[ONNET_BAD_INPUT] = { "bad_input", "this is not an E.164 number and not an ISN" },
	[ONNET_NXDOMAIN] = { "nxdomain", "the name does not exist" },
	[ONNET_NO_RECORDS] = { "no_records", "there are no records that lead anywhere" },
	[ONNET_NO_MATCH] = { "no_match", "there are records, but none that fits" },
	[ONNET_NO_SUPPORTED_TRANSPORT] = { "no_supported_transport",
					   "there are servers, but none by a transport that the "
					   "client has" },
	[ONNET_SERVICE_NOT_AVAILABLE] = { "service_not_available",
					  "the service is not available there" },
	[ONNET_UNALLOCATED] = { "unallocated", "nobody has this number" },
	[ONNET_LOOP] = { "loop", "the rules lead back to themselves, or on without end" },
	[ONNET_TIMEOUT] = { "timeout", "name servers did not answer in time" },
	[ONNET_SERVFAIL] = { "servfail", "name servers could not answer" },
	[ONNET_BOGUS] = { "bogus", "an answer did not pass DNSSEC validation" },
};

const char *onnet_error_name(enum onnet_error error)
{
	return (size_t)error < sizeof(errors) / sizeof(errors[0]) ? errors[error].name : "unknown";
}

const char *onnet_error_text(enum onnet_error error)
{
	return (size_t)error < sizeof(errors) / sizeof(errors[0]) ? errors[error].text : "unknown";
}
