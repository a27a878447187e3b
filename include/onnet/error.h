/* SPDX-License-Identifier: MIT */
#ifndef ONNET_ERROR_H
#define ONNET_ERROR_H

#define ONNET_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Why a look-up gave no way to go. Not to be mixed up with what functions return, which is 0 or a
 * negative errno: a look-up that ends in one of these has worked.
 */
enum onnet_error {
	ONNET_OK = 0,
	ONNET_BAD_URI,    /* not a SIP, SIPS or tel URI (RFC 3261 25.1, RFC 3966) */
	ONNET_BAD_INPUT,  /* not an E.164 number and not an ISN */
	ONNET_NXDOMAIN,   /* the name does not exist */
	ONNET_NO_RECORDS, /* it does, without records that lead anywhere */
	ONNET_NO_MATCH,   /* records, but no rule fits the number or the services wanted */
	ONNET_NO_SUPPORTED_TRANSPORT, /* servers, but none by a transport that the client has */
	ONNET_SERVICE_NOT_AVAILABLE,  /* decidedly none (RFC 2782, target "."), or all excluded */
	ONNET_UNALLOCATED,            /* published as a number that nobody has */
	ONNET_LOOP,                   /* rules that lead back to themselves, or on without end */
	ONNET_TIMEOUT,                /* name servers did not answer in time */
	ONNET_SERVFAIL,               /* name servers could not answer */
	ONNET_BOGUS,                  /* DNSSEC: forged or broken, or unsigned where required */
};

/* "no_match"; static storage. "unknown" for what is none. */
ONNET_API const char *onnet_error_name(enum onnet_error error);

/* A sentence for people, without a final full stop; static storage. */
ONNET_API const char *onnet_error_text(enum onnet_error error);

#ifdef __cplusplus
}
#endif

#endif
