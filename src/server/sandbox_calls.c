/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The seccomp filter: which system calls there are. The list is what onnetd and its libraries (the C
 * library, LMDB, GnuTLS, libmicrohttpd, libknot) call once the server's sockets are bound; all else is
 * refused with EPERM, and the kernel is asked to log it. Some calls depend on what they are asked for:
 *
 * - clone() makes threads and no processes. What clone3() is asked for a filter can't see; ENOSYS has
 *   the C library call clone().
 * - mmap() and mprotect() give no memory that can be executed: no library is loaded any more.
 * - socket() makes those of IP and of local peers; with listen-xdp: also those with which libknot
 *   takes its program off the interface at the end.
 * - kill() is for ourselves, with which the writer has a lost server end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/sandbox_part.h"

/* Names of calls that the machine at hand does not have are left out by libseccomp. */
static const char *const allowed[] = {
	/* files */
	"access",
	"close",
	"close_range",
	"copy_file_range",
	"dup",
	"dup2",
	"dup3",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fallocate",
	"fchmod",
	"fchmodat",
	"fcntl",
	"fdatasync",
	"flock",
	"fstat",
	"fstatfs",
	"fsync",
	"ftruncate",
	"getcwd",
	"getdents64",
	"lseek",
	"lstat",
	"mkdir",
	"mkdirat",
	"newfstatat",
	"open",
	"openat",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readlink",
	"readlinkat",
	"readv",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"sendfile",
	"stat",
	"statfs",
	"statx",
	"sync_file_range",
	"umask",
	"unlink",
	"unlinkat",
	"write",
	"writev",
	/* memory */
	"brk",
	"madvise",
	"membarrier",
	"memfd_create",
	"mincore",
	"mremap",
	"msync",
	"munmap",
	/* sockets and waiting */
	"accept",
	"accept4",
	"bind",
	"connect",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd2",
	"getpeername",
	"getsockname",
	"getsockopt",
	"listen",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"pselect6",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"select",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_settime",
	/* threads, signals to ourselves, time */
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"exit",
	"exit_group",
	"futex",
	"futex_waitv",
	"get_robust_list",
	"getcpu",
	"getpriority",
	"getrusage",
	"gettid",
	"gettimeofday",
	"nanosleep",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getaffinity",
	"sched_getattr",
	"sched_getparam",
	"sched_getscheduler",
	"sched_setattr",
	"sched_yield",
	"set_robust_list",
	"setpriority",
	"sigaltstack",
	"time",
	"times",
	/* who and where we are */
	"getegid",
	"geteuid",
	"getgid",
	"getgroups",
	"getpgrp",
	"getpid",
	"getppid",
	"getrandom",
	"getresgid",
	"getresuid",
	"getrlimit",
	"getuid",
	"setrlimit",
	"sysinfo",
	"uname",
};

/* With a sanitizer all is allowed but this; what it does at the end takes more than can be listed. */
static const char *const refused[] = {
	"add_key",           "chroot",          "delete_module", "execve",
	"execveat",          "finit_module",    "init_module",   "io_uring_setup",
	"kexec_load",        "keyctl",          "mount",         "move_mount",
	"open_by_handle_at", "perf_event_open", "pivot_root",    "reboot",
	"request_key",       "setgid",          "setns",         "setresgid",
	"setresuid",         "setuid",          "swapon",        "umount2",
	"unshare",           "userfaultfd",
};

struct condition {
	const char *call;
	struct scmp_arg_cmp argument;
};

#define IS(index, value)                                       \
	{                                                      \
		(index), SCMP_CMP_EQ, (scmp_datum_t)(value), 0 \
	}
#define BITS(index, mask, value)                                                         \
	{                                                                                \
		(index), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value) \
	}

/* Any of them is enough. */
static const struct condition conditions[] = {
	{ "clone", BITS(0, CLONE_THREAD, CLONE_THREAD) },
	{ "ioctl", IS(1, FIONBIO) },
	{ "ioctl", IS(1, FIONREAD) },
	{ "ioctl", IS(1, TCGETS) }, /* is it a terminal? */
	{ "mmap", BITS(2, PROT_EXEC, 0) },
	{ "mprotect", BITS(1, PROT_EXEC, 0) },
	{ "prctl", IS(0, PR_SET_NAME) },
	{ "prctl", IS(0, PR_GET_NAME) },
	{ "prctl", IS(0, 0x53564d41) }, /* PR_SET_VMA: the C library names its memory */
	{ "prlimit64", IS(0, 0) },
	{ "socket", IS(0, AF_INET) },
	{ "socket", IS(0, AF_INET6) },
	{ "socket", IS(0, AF_UNIX) },
	{ "socketpair", IS(0, AF_UNIX) },
};

static int add(scmp_filter_ctx filter, uint32_t action, const char *name,
	       const struct scmp_arg_cmp *argument)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		return 0; /* this libseccomp does not know it, so nobody calls it */

	int err = seccomp_rule_add_array(filter, action, call, argument != NULL, argument);
	return err == -EDOM ? 0 : err;
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++)
		err = add(filter, action, names[i], NULL);
	return err;
}

static int add_conditions(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp self = IS(0, getpid());
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(conditions) / sizeof(conditions[0]); i++)
		err = add(filter, SCMP_ACT_ALLOW, conditions[i].call, &conditions[i].argument);
	if (err == 0)
		err = add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);
	if (err == 0)
		err = add(filter, SCMP_ACT_ALLOW, "kill", &self);
	if (err == 0)
		err = add(filter, SCMP_ACT_ALLOW, "tgkill", &self);
	return err;
}

/* libknot takes the program away again with these. */
static int add_xdp(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp netlink = IS(0, AF_NETLINK);
	int err = add(filter, SCMP_ACT_ALLOW, "socket", &netlink);

	return err == 0 ? add(filter, SCMP_ACT_ALLOW, "bpf", NULL) : err;
}

static int fill(scmp_filter_ctx filter, const struct conf *conf)
{
	if (SANDBOX_SANITIZED)
		return add_all(filter, SCMP_ACT_ERRNO(EPERM), refused,
			       sizeof(refused) / sizeof(refused[0]));

	int err = add_all(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	if (err == 0)
		err = add_conditions(filter);
	if (err == 0 && conf->listen_xdp_count > 0)
		err = add_xdp(filter);
	return err;
}

int sandbox_limit_calls(const struct conf *conf)
{
	scmp_filter_ctx filter =
		seccomp_init(SANDBOX_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));

	if (filter == NULL)
		return -ENOMEM;

	/*
	 * Threads that a library may have started; a tree of jumps in place of a list; a log line; and no
	 * slower memory (older kernels see to speculative stores with each filter): no foreign code runs here.
	 */
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	if (err == 0)
		err = fill(filter, conf);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
