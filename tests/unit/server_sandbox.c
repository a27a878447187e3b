/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a process in the sandbox may do and what it may not. There is no way out of it: each try is a child's,
 * which says by its exit code how it went: 0, or the errno.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "fixture/folder.h"
#include "server/sandbox.h"
#include "server/sandbox_part.h"
#include "store/store.h"

enum { NO_SANDBOX = 200 };

static char folder[FOLDER_ROOM];
static char storage[FOLDER_PATH_ROOM], conf_path[FOLDER_PATH_ROOM], elsewhere[FOLDER_PATH_ROOM];
static struct conf conf = { .sandbox = true };
static struct conf_file storage_file;

static int result(long value)
{
	return value >= 0 ? 0 : errno;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int err = result(fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static int start_a_program(void)
{
	return result(execl("/bin/true", "true", (char *)NULL));
}

static int start_a_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int trace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int mount_something(void)
{
	return result(mount("none", storage, "tmpfs", 0, NULL));
}

static int become_somebody(void)
{
	return result(setresuid(0, 0, 0));
}

static int load_bpf(void)
{
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int ask_for_keys(void)
{
	return result(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int open_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static int open_packets(void)
{
	return result(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int get_memory_to_execute(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	return at != MAP_FAILED ? 0 : errno;
}

static int kill_another(void)
{
	return result(kill(getppid(), 0));
}

static int read_users(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int write_users(void)
{
	return try_open("/etc/passwd", O_RDWR);
}

static int write_the_configuration(void)
{
	return try_open(conf_path, O_RDWR);
}

static int write_elsewhere(void)
{
	return try_open(elsewhere, O_RDWR | O_CREAT);
}

static int read_the_configuration(void)
{
	return try_open(conf_path, O_RDONLY);
}

static void *do_nothing(void *arg)
{
	return arg;
}

static int start_a_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, do_nothing, NULL);

	return err == 0 ? pthread_join(thread, NULL) : err;
}

static int use_a_socket(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : result(listen(fd, 1));
}

static int signal_itself(void)
{
	return result(kill(getpid(), 0));
}

static int use_a_store(void)
{
	struct text fault = { 0 };
	struct store *store = NULL;
	struct store_zone zone;
	struct store_txn *txn;
	int err = store_open(&store, storage, &fault);

	if (err == 0)
		err = store_write_begin(store, &txn);
	if (err == 0) {
		err = store_zone_make(txn, (const uint8_t *)"\1a", &zone);
		if (err == 0)
			err = store_zone_put(txn, (const uint8_t *)"\1a", &zone);
		if (err == 0)
			err = store_write_commit(txn);
		else
			store_write_abort(txn);
	}
	if (err == 0)
		err = store_checkpoint(store);
	store_close(store);
	text_done(&fault);
	return -err;
}

/* How a child in the sandbox fares. */
static int try_inside(int (*try)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(sandbox_enter(&conf) == 0 ? try() : NO_SANDBOX);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

struct
try {
	const char *name;
	int (*run)(void);
	int err;
	bool sanitized; /* refused in a program with a sanitizer too */
	bool files;     /* it is Landlock that refuses */
};

static void what_it_has_no_use_for_is_refused(void **state)
{
	static const struct try table[] = {
		{ "a program", start_a_program, EPERM, true, false },
		{ "a process", start_a_process, EPERM, false, false },
		{ "tracing", trace, EPERM, false, false },
		{ "mounting", mount_something, EPERM, true, false },
		{ "another user", become_somebody, EPERM, true, false },
		{ "a program in the kernel", load_bpf, EPERM, false, false },
		{ "keys of the kernel", ask_for_keys, EPERM, true, false },
		{ "netlink", open_netlink, EPERM, false, false },
		{ "all packets", open_packets, EPERM, false, false },
		{ "memory that is code", get_memory_to_execute, EPERM, false, false },
		{ "another process", kill_another, EPERM, false, false },
		{ "reading the users", read_users, EACCES, false, true },
		{ "writing the users", write_users, EACCES, true, true },
		{ "writing the configuration", write_the_configuration, EACCES, true, true },
		{ "a file elsewhere", write_elsewhere, EACCES, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((SANDBOX_SANITIZED && !table[i].sanitized) ||
		    (table[i].files && !has_landlock()))
			continue;

		int err = try_inside(table[i].run);
		if (err != table[i].err)
			fail_msg("%s: %s", table[i].name, strerror(err));
	}
}

static void what_it_needs_is_allowed(void **state)
{
	static const struct try table[] = {
		{ .name = "its configuration", .run = read_the_configuration },
		{ .name = "a thread", .run = start_a_thread },
		{ .name = "a socket", .run = use_a_socket },
		{ .name = "itself", .run = signal_itself },
		{ .name = "its store", .run = use_a_store },
		{ .name = "its store again", .run = use_a_store },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int err = try_inside(table[i].run);

		if (err != 0)
			fail_msg("%s: %s", table[i].name, strerror(err));
	}
}

static void nothing_is_refused_where_it_is_off(void **state)
{
	(void)state;
	conf.sandbox = false;
	int process = try_inside(start_a_process), users = try_inside(read_users);
	conf.sandbox = true;
	assert_int_equal(process, 0);
	assert_int_equal(users, 0);
}

static void xdp_takes_its_program_off_again(void **state)
{
	static const struct conf_interface interface = { "lo", 53 };

	(void)state;
	conf.listen_xdp = &interface;
	conf.listen_xdp_count = 1;
	int netlink = try_inside(open_netlink), program = try_inside(start_a_program);
	conf.listen_xdp_count = 0;
	assert_int_equal(netlink, 0);
	assert_int_equal(program, EPERM);
}

static int setup(void **state)
{
	(void)state;
	log_limit(0);
	if (folder_make(folder) != 0 || folder_write(folder, "onnet.yaml", "", 0) != 0)
		return -1;
	folder_path(storage, folder, "store");
	folder_path(conf_path, folder, "onnet.yaml");
	folder_path(elsewhere, folder, "elsewhere");
	storage_file.path = storage;
	conf.path = conf_path;
	conf.storage = storage;
	conf.file = &storage_file;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	folder_remove(storage);
	folder_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_has_no_use_for_is_refused),
		cmocka_unit_test(what_it_needs_is_allowed),
		cmocka_unit_test(nothing_is_refused_where_it_is_off),
		cmocka_unit_test(xdp_takes_its_program_off_again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
