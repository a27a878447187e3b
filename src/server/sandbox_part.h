/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SANDBOX_PART_H
#define SERVER_SANDBOX_PART_H

#include "conf/conf.h"

/* The two halves of the sandbox. Both need PR_SET_NO_NEW_PRIVS. 0 or a negative errno. */

/* Threads that run already are under the filter too. */
int sandbox_limit_calls(const struct conf *conf);

/* For this thread and those that it makes. *abi: what Landlock can do here, 1 and up. */
int sandbox_limit_files(const struct conf *conf, int *abi);

/*
 * A sanitizer's run-time looks into its own process, and at the end traces it (LeakSanitizer): programs
 * built with one have a filter that refuses a few calls instead of one that allows a few, and read all files.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

#endif
