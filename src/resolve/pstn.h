/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_PSTN_H
#define RESOLVE_PSTN_H

#include "resolve/lookup.h"

/* npdi, rn and cic of a tel URI, or of the number before the @ of a SIP URI. */
void pstn_read(struct machine *m, const char *uri, struct onnet_pstn *ret);

#endif
