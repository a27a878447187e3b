/* SPDX-License-Identifier: MIT */
/* Responses of name servers: whatever is taken from them lies within what they can hold. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "resolve/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct message message;

	if (message_read(&message, slice_make(data, size), &arena) == 0) {
		uint8_t sum = 0;

		if (message.count > MESSAGE_RECORDS_MAX)
			abort();
		for (size_t i = 0; i < message.count; i++) {
			if (message.records[i].size > UINT16_MAX)
				abort();
			for (size_t at = 0; at < message.records[i].size; at++)
				sum = (uint8_t)(sum + message.records[i].data[at]);
		}
		__asm__ volatile("" : : "r"(sum)); /* it is read, whatever the compiler thinks */
	}
	arena_reset(&arena);
	return 0;
}
