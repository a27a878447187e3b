/* SPDX-License-Identifier: MIT */
/*
 * Any octets as a SIP URI and as a Via. What is read points into what was given; a host reads the
 * same again; a fault has a reason.
 */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "tel/sip_uri.h"
#include "tel/sip_via.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_inside(struct slice part, struct slice whole)
{
	require(part.size == 0 ||
		(part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

static void host_check(const struct sip_host *host, struct slice whole)
{
	struct sip_host again;
	const char *why;

	require_inside(host->text, whole);
	require(host->text.size > 0);
	if (host->kind == SIP_HOST_IPV6)
		return;
	require(sip_host_parse(host->text, &again, &why) == 0);
	require(again.kind == host->kind);
	require(host->kind == SIP_HOST_NAME || memcmp(again.address, host->address, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct sip_uri uri;
	struct sip_via via;
	const char *why = NULL;
	char user[64];

	if (sip_uri_parse(text, &uri, &why) == 0) {
		host_check(&uri.host, text);
		require_inside(uri.user, text);
		if (uri.has_maddr)
			host_check(&uri.maddr, text);
		if (sip_user_decode(&uri, user, sizeof(user)) == 0)
			require(strlen(user) <= uri.user.size);
	} else {
		require(why != NULL && why[0] != '\0');
	}
	why = NULL;
	if (sip_via_parse(text, &via, &why) == 0) {
		host_check(&via.sent_by, text);
		if (via.has_maddr)
			host_check(&via.maddr, text);
		require(!via.has_received || via.received.kind != SIP_HOST_NAME);
	} else {
		require(why != NULL && why[0] != '\0');
	}
	return 0;
}
