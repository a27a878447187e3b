/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libFuzzer calls: each target defines LLVMFuzzerTestOneInput() and returns 0. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
