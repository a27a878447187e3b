/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters by name. Each thread has its own, so that counting costs nothing but an addition. */
#include "server/count.h"

const struct count_name count_names[COUNTS] = {
	[COUNT_TRANSFER_OUT] = { "onnet_transfers_total{direction=\"out\"}",
				 "Transfers that went through." },
	[COUNT_NOTIFY_SENT] = { "onnet_notifies_total{outcome=\"sent\"}",
				"NOTIFY messages that were sent, answered, given up." },
	[COUNT_NOTIFY_ANSWERED] = { "onnet_notifies_total{outcome=\"answered\"}",
				    "NOTIFY messages that were sent, answered, given up." },
	[COUNT_NOTIFY_GIVEN_UP] = { "onnet_notifies_total{outcome=\"given_up\"}",
				    "NOTIFY messages that were sent, answered, given up." },
	[COUNT_TLS_GOOD] = { "onnet_tls_handshakes_total{result=\"good\"}",
			     "TLS handshakes that ended." },
	[COUNT_TLS_FAILED] = { "onnet_tls_handshakes_total{result=\"failed\"}",
			       "TLS handshakes that ended." },
	[COUNT_LIMITED_DROPPED] = { "onnet_responses_limited_total{action=\"dropped\"}",
				    "Responses over UDP held back by rate-limit." },
	[COUNT_LIMITED_SHORT] = { "onnet_responses_limited_total{action=\"truncated\"}",
				  "Responses over UDP held back by rate-limit." },
	[COUNT_SIGNATURE_BAD] = { "onnet_signatures_refused_total{reason=\"bad\"}",
				  "Signed messages that were refused." },
	[COUNT_SIGNATURE_UNREAD] = { "onnet_signatures_refused_total{reason=\"unread\"}",
				     "Signed messages that were refused." },
};
