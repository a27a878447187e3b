/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_OPTION_H
#define DNS_OPTION_H

/*
 * An EDNS option of our own (RFC 6891 6.1.2), its code from the range for local use (65001 to
 * 65534, RFC 6891 9). Sent empty, it asks what the zone's wildcards mean; the answer's has one
 * octet: 1, they are number ranges; 0, they are plain. A transfer that is asked for with it holds
 * what is stored and no records that are made for servers which know plain wildcards alone.
 */
enum {
	OPTION_RANGES = 65284,
	OPTION_RANGES_SIZE = 1,
	OPTION_HEAD = 4, /* octets of code and length */
};

#endif
