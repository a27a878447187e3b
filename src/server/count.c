/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters by name. Each thread has its own, so that counting costs nothing but an addition. */
#include "server/count.h"

const struct count_name count_names[COUNTS] = {
	[COUNT_TRANSFER_OUT] = { "onnet_transfers_total{direction=\"out\"}",
				 "Transfers that went through." },
	[COUNT_TLS_GOOD] = { "onnet_tls_handshakes_total{result=\"good\"}",
			     "TLS handshakes that ended." },
	[COUNT_TLS_FAILED] = { "onnet_tls_handshakes_total{result=\"failed\"}",
			       "TLS handshakes that ended." },
};
