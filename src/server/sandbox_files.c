/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Landlock, landlock(7): this process and its files. The C library has no functions for it, and the
 * headers that a program is built with may be older than the kernel it runs on; so what is not in the first
 * version stands here.
 *
 * A rule is about a file or all below a folder, as they are now. A file that an editor writes anew
 * is another file: so the folder is given. A name may lead elsewhere (certificates often do), so the
 * folder at the end of all links is given as well. What a reload names outside of all these folders
 * can't be read until a restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "server/sandbox_part.h"

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_IOCTL = 5 };

static const uint64_t access_refer = UINT64_C(1) << 13, access_truncate = UINT64_C(1) << 14,
		      access_ioctl = UINT64_C(1) << 15;

/* Of the first version: executing, writing, reading, listing, removing, and making of seven kinds. */
static const uint64_t access_first = (UINT64_C(1) << 13) - 1;

static const uint64_t may_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* And in its storage: a server makes files, its control socket, and takes them away. */
static const uint64_t may_store = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
				  (UINT64_C(1) << 13) | (UINT64_C(1) << 14);

/*
 * What is read beside the configuration's files: whom TLS trusts, how local time goes, what the process is
 * told about itself, and what the C library asks of memory and processors.
 */
static const char *const always[] = {
	"/etc/ssl",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/etc/localtime",
	"/usr/share/zoneinfo",
	"/proc/self",
	"/proc/sys/vm/overcommit_memory",
	"/sys/devices/system/cpu",
};

static uint64_t handled(int abi)
{
	return access_first | (abi >= ABI_REFER ? access_refer : 0) |
	       (abi >= ABI_TRUNCATE ? access_truncate : 0) | (abi >= ABI_IOCTL ? access_ioctl : 0);
}

/* What is not there needs no rule. A file can be given less than a folder (EINVAL). */
static int allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat status;
	int err = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return -errno;
	if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		err = -errno;
	close(rule.parent_fd);
	return err;
}

/* The folder that a file is in, but for the one that has everything. */
static void allow_folder(int rules, const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return;

	const char *folder = dirname(copy);
	allow(rules, strcmp(folder, "/") == 0 ? path : folder, may_read);
}

static void allow_file(int rules, const char *path)
{
	char *target = realpath(path, NULL);

	allow_folder(rules, path);
	if (target != NULL)
		allow_folder(rules, target);
	free(target);
}

/* It is made here where it is missing, as there can be no rule for what is not there. */
static int allow_storage(int rules, const char *path, uint64_t access)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return -errno;
	return allow(rules, path, may_store & access);
}

static int restrict_files(int rules, const struct conf *conf, uint64_t access)
{
	int err = allow_storage(rules, conf->storage, access);

	if (err != 0)
		return err;
	if (SANDBOX_SANITIZED)
		allow(rules, "/", may_read);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		allow(rules, always[i], may_read);
	allow_file(rules, conf->path);
	for (const struct conf_file *file = conf->file; file != NULL; file = file->next)
		if (strcmp(file->path, conf->storage) != 0)
			allow_file(rules, file->path);
	return syscall(SYS_landlock_restrict_self, rules, 0) == 0 ? 0 : -errno;
}

int sandbox_limit_files(const struct conf *conf, int *abi)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return version < 0 ? -errno : -ENOSYS;

	struct landlock_ruleset_attr attributes = { .handled_access_fs = handled((int)version) };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes,
				 sizeof(attributes.handled_access_fs), 0);
	if (rules < 0)
		return -errno;

	int err = restrict_files(rules, conf, attributes.handled_access_fs);
	close(rules);
	if (err == 0)
		*abi = (int)version;
	return err;
}
