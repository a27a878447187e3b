/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No more rights than it takes, for the server and for each of its commands that writes. */
#include "server/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int rights_drop(const struct conf *conf, struct text *fault)
{
	if (conf->user == NULL || geteuid() != 0)
		return 0;

	const struct passwd *user = getpwnam(conf->user);
	if (user == NULL) {
		text_printf(fault, "%s: there is no user '%s'\n", conf->path, conf->user);
		return -EINVAL;
	}
	if ((mkdir(conf->storage, 0700) != 0 && errno != EEXIST) ||
	    chown(conf->storage, user->pw_uid, user->pw_gid) != 0 ||
	    initgroups(conf->user, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
	    setuid(user->pw_uid) != 0) {
		int err = -errno;

		text_printf(fault, "cannot become user '%s' with storage %s: %s\n", conf->user,
			    conf->storage, strerror(-err));
		return err;
	}
	return 0;
}

int rights_follow(const struct conf *conf, struct text *fault)
{
	struct stat folder;

	if (conf->user != NULL || geteuid() != 0)
		return rights_drop(conf, fault);
	if (stat(conf->storage, &folder) != 0 || folder.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) == 0 && setgid(folder.st_gid) == 0 && setuid(folder.st_uid) == 0)
		return 0;

	int err = -errno;
	text_printf(fault, "cannot become the user whose storage %s is: %s\n", conf->storage,
		    strerror(-err));
	return err;
}

void rights_borrow(const struct conf *conf)
{
	struct stat folder;

	if (geteuid() == 0 && stat(conf->storage, &folder) == 0 && folder.st_uid != 0 &&
	    setegid(folder.st_gid) == 0 && seteuid(folder.st_uid) != 0)
		rights_return();
}

void rights_return(void)
{
	if (getuid() == 0 && (seteuid(0) != 0 || setegid(getgid()) != 0))
		abort(); /* who is root may be root */
}
