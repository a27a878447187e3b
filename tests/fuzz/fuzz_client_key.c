/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any octets as a key file, under the names of all its forms. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/key.h"
#include "fuzz/fuzz.h"

static void read_key(const char *path, const char *id)
{
	knot_tsig_key_t key;
	struct text fault = { 0 };

	if (client_key_read(&key, path, id, &fault) == 0)
		knot_tsig_key_deinit(&key);
	else if (fault.size == 0)
		abort();
	text_done(&fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char folder[] = "/tmp/onnet-fuzz-key-XXXXXX";
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		/* one name that serves for all forms, and nothing left behind on disk but it */
		fd = memfd_create("key", MFD_CLOEXEC);
		if (fd < 0 || mkdtemp(folder) == NULL)
			abort();
		char target[32];

		snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
		snprintf(path, sizeof(path), "%s/Kops.+157+1.key", folder);
		if (symlink(target, path) < 0)
			abort();
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	read_key(path, NULL);
	read_key(path, "ops");
	return 0;
}
