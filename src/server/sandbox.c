/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is left of a server's rights once it runs, beyond those of its user. A fault in it that somebody
 * can use from afar shall lead no further than to what it serves anyway:
 *
 * - PR_SET_NO_NEW_PRIVS (prctl(2)): no program that it could start has more rights than it.
 * - A seccomp filter (sandbox_calls.c): no program is started at all, no process traced, nothing
 *   mounted, no user changed. What is refused fails with EPERM, and the kernel logs it.
 * - Landlock (sandbox_files.c): it sees its storage, and the folders of the files that its configuration
 *   names, for reading.
 *
 * The unit file asks systemd for much of the same. This is for all other ways to start a server, and
 * knows more: what a server needs after its start is less than what it needs for it.
 */
#include "server/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "server/sandbox_part.h"

static int forbid_more(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno;
}

/* What is missing is told, and no reason not to serve. */
static int tell_missing(const char *what, int err)
{
	if (err == -ENOMEM)
		return err;
	log_warning("sandbox: %s: not available on this kernel (%s)", what, strerror(-err));
	return 0;
}

static void tell_user(struct text *line, const struct conf *conf)
{
	if (conf->user != NULL && geteuid() != 0)
		text_printf(line, "user=%s", conf->user);
	else
		text_printf(line, "uid=%u", (unsigned)geteuid());
}

int sandbox_enter_command(const struct conf *conf)
{
	int err = conf->sandbox ? forbid_more() : 0;

	if (err == 0 && conf->sandbox)
		err = sandbox_limit_calls(conf);
	return err == -ENOMEM ? err : 0;
}

int sandbox_enter(const struct conf *conf)
{
	struct text line = { 0 };
	int abi = 0;

	if (!conf->sandbox) {
		log_warning("sandbox: off, as %s says", conf->path);
		return 0;
	}
	tell_user(&line, conf);

	int err = forbid_more();
	if (err != 0) {
		text_done(&line);
		return tell_missing("no-new-privs", err);
	}
	text_puts(&line, " no-new-privs");

	/* first the files: the filter has no room for the calls that this takes */
	int files = sandbox_limit_files(conf, &abi);
	int calls = sandbox_limit_calls(conf);
	if (calls == 0)
		text_puts(&line, " seccomp");
	if (files == 0)
		text_printf(&line, " landlock(ABI %d)", abi);
	log_info("sandbox: %s", text_get(&line));
	text_done(&line);
	if (files != 0)
		err = tell_missing("landlock", files);
	if (err == 0 && calls != 0)
		err = tell_missing("seccomp", calls);
	return err;
}
