/* SPDX-License-Identifier: MIT */
/*
 * Country codes (ITU-T E.164 6.2.1 and its list of assigned codes). They are a prefix code: +1 and
 * +7 have one digit, those in the table two, and all others three. ENUM between carriers puts its
 * label behind them (RFC 5526).
 */
#include "tel/country.h"

#include <string.h>

static const char *const of_two[] = {
	"20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
	"47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
	"64", "65", "66", "81", "82", "83", "84", "86", "90", "91", "92", "93", "94", "95", "98",
};

size_t country_code_size(const char *digits)
{
	size_t size = 3;

	if (digits[0] == '1' || digits[0] == '7')
		size = 1;
	for (size_t i = 0; i < sizeof(of_two) / sizeof(of_two[0]); i++)
		if (strncmp(digits, of_two[i], 2) == 0)
			size = 2;
	return strnlen(digits, size);
}
