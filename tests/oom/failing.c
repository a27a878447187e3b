/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Allocations that fail when told to.
 *
 * The linker's --wrap=malloc sends each call of malloc() in our objects to __wrap_malloc() and
 * keeps the real one as __real_malloc(); under AddressSanitizer the real one is the sanitizer's, so
 * leaks on an error path are still seen. Shared libraries are linked already and not affected.
 * The counters are atomic because a program under test may have threads.
 */
#include "oom/failing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_uint asked;
static atomic_uint fail_at;
static atomic_bool failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **ret, size_t alignment, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **ret, size_t alignment, size_t size);

void oom_fail_at(unsigned n)
{
	atomic_store(&fail_at, n);
	atomic_store(&asked, 0);
	atomic_store(&failed, false);
}

unsigned oom_count(void)
{
	return atomic_load(&asked);
}

bool oom_failed(void)
{
	return atomic_load(&failed);
}

/* True where this allocation is the one to fail; errno is set as malloc() would set it. */
static bool fails(void)
{
	unsigned number = atomic_fetch_add(&asked, 1) + 1;

	if (number != atomic_load(&fail_at))
		return false;
	atomic_store(&failed, true);
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return fails() ? NULL : __real_strndup(text, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **ret, size_t alignment, size_t size)
{
	return fails() ? ENOMEM : __real_posix_memalign(ret, alignment, size);
}
