/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No more rights than it takes, for the server and for each of its commands that writes. */
#include "server/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
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
