/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_SERVICE_H
#define PUBLISH_SERVICE_H

#include "base/text.h"

/*
 * The services field of an ENUM record (RFC 6116 3.4.3). service is what a person writes: "sip",
 * "pstn:tel", "voice:tel+sms:tel", "E2U+sip"; NULL: what the scheme of the URI stands for.
 * -EINVAL and in why a sentence where neither says it.
 */
int service_format(struct text *ret, const char *service, const char *uri, const char **why);

#endif
