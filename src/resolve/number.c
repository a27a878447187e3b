/* SPDX-License-Identifier: MIT */
/* The numbers of tel/number.h, for programs outside. */
#include "onnet/number.h"

#include <errno.h>

#include "tel/number.h"

_Static_assert((int)ONNET_NUMBER_ROOM >= (int)NUMBER_TEXT_ROOM &&
		       (int)ONNET_NAME_ROOM >= (int)NUMBER_OWNER_ROOM,
	       "what callers set aside is enough");

int onnet_number_normalize(char *ret, const char *text, const char **why)
{
	struct number n;
	const char *reason;
	int err = number_parse(&n, text, &reason);

	if (err < 0) {
		if (why != NULL)
			*why = reason;
		return err;
	}
	number_format(ret, &n);
	return 0;
}

int onnet_number_domain(char *ret, size_t room, const char *text, const char *suffix)
{
	struct number n;
	const char *reason;
	int err = number_parse(&n, text, &reason);

	return err < 0 ? err : number_owner(ret, room, &n, suffix);
}
