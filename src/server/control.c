/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket. One thread takes one command after another. An import is loaded by the
 * writer's thread, slice by slice, so that updates are only ever as late as a slice takes; this thread
 * counts along and tells the command how far it is.
 *
 * Files come as descriptors (SCM_RIGHTS, unix(7)), so neither names nor rights of files matter.
 */
#include "server/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/record.h"
#include "server/control_line.h"
#include "server/load.h"
#include "server/worker.h"
#include "server/writer.h"
#include "store/compact.h"
#include "zone/import.h"

enum {
	PROGRESS_MS = 200,
	WORDS_MAX = 8,
	PATIENCE_S = 10,
	COMPACT_TRIES = 10,
	SWEEP_PATIENCE_S = 600,
	ACCEPT_PAUSE_MS = 100
};

struct control {
	struct shared *shared;
	struct update_writer *writer;
	pthread_t thread;
	int listener, stop; /* stop: an eventfd */
	bool started;
	atomic_bool stopping;
};

/* A command while it is carried out. */
struct command {
	struct control *control;
	int fd;
	char *word[WORDS_MAX];
	size_t words;
	int file[CONTROL_FILES];
	size_t files;
	int64_t shown_ms;
	char answer[256]; /* how it ended */
};

/* --- import --- */

/* What the writer's thread does for it. */
struct import_task {
	struct command *request;
	struct store *store;
	struct store_load *load;
	knot_dname_storage_t domain;
	bool numbers_only;
	struct import_serial serial;
};

/* In the writer's thread no reload takes the state away. */
static const struct zone *find_zone(const struct import_task *task)
{
	const struct state *state = atomic_load(&task->request->control->shared->state);

	return zone_table_find(state->zones, task->domain);
}

/* 0; -ENOENT: there is no such zone; -EPERM: it is a copy, and its primary alone changes it. */
static int check_zone(void *arg)
{
	const struct zone *zone = find_zone(arg);

	return zone == NULL ? -ENOENT : zone->closed != NULL ? -EPERM : 0;
}

static int switch_zone(void *arg)
{
	struct import_task *task = arg;
	const struct zone *zone = find_zone(task);
	struct store_txn *txn;
	int err = check_zone(task); /* again: a reload may have taken it away since */

	if (err == 0)
		err = store_write_begin(task->store, &txn);
	if (err != 0)
		return err;
	err = import_switch(txn, zone, task->load, task->numbers_only, &task->serial);
	if (err != 0) {
		store_write_abort(txn);
		return err;
	}
	err = store_write_commit(txn);
	if (err == 0)
		writer_tell_changed(task->request->control->writer, zone);
	return err;
}

/* -EPIPE: whoever asked is gone, so the rest is not done either. */
static int show_progress(const struct store_load *load, void *arg)
{
	struct command *request = arg;
	int64_t now = clock_monotonic_ms();
	char line[80];

	if (now - request->shown_ms < PROGRESS_MS)
		return 0;
	request->shown_ms = now;
	snprintf(line, sizeof(line), "progress %llu %llu",
		 (unsigned long long)store_load_done(load),
		 (unsigned long long)store_load_size(load));
	return control_send(request->fd, line, NULL, 0);
}

static int import(struct import_task *task)
{
	struct control *control = task->request->control;
	struct update_writer *writer = control->writer;
	int err = load_call(writer, &control->stopping, check_zone, task);

	if (err == 0)
		err = load_all(writer, &control->stopping, task->load, show_progress,
			       task->request);
	return err == 0 ? load_call(writer, &control->stopping, switch_zone, task) : err;
}

static void say(struct command *request, const char *how, const char *what)
{
	snprintf(request->answer, sizeof(request->answer), "%s %s", how, what);
}

static void log_import(const struct import_task *task, const struct command *request)
{
	log_info("zone %s: %s imported, serial %u%s", request->word[1],
		 task->numbers_only ? "its numbers" : "all of it", task->serial.after,
		 task->serial.after != task->serial.file && !task->numbers_only ?
			 " (that of the file is not newer than the one before)" :
			 "");
}

static int read_packed(const struct command *request, struct pack_result *ret)
{
	for (size_t i = 0; i < PACK_FILES; i++) {
		char *end;
		struct stat status;

		ret->fd[i] = request->file[i];
		ret->size[i] = strtoull(request->word[4 + i], &end, 10);
		if (*end != '\0' || fstat(ret->fd[i], &status) != 0 || !S_ISREG(status.st_mode) ||
		    (uint64_t)status.st_size < ret->size[i])
			return -EINVAL;
	}
	ret->cuts = strcmp(request->word[3], "0") != 0;
	return 0;
}

static void run_import(struct command *request)
{
	struct control *control = request->control;
	struct import_task task = { .request = request, .store = control->shared->store };
	struct pack_result packed;
	char text[128];

	if (request->words != 6 || request->files != PACK_FILES ||
	    name_store(task.domain, NULL, request->word[1]) != 0 ||
	    read_packed(request, &packed) != 0) {
		say(request, "failed", "the request is not understood");
		return;
	}
	knot_dname_to_lower(task.domain);
	task.numbers_only = strcmp(request->word[2], "numbers") == 0;

	size_t labels = knot_dname_labels(task.domain, NULL);
	int err = store_load_new(&task.load, &packed, labels);
	if (err == 0)
		err = import(&task);
	if (err == 0) {
		snprintf(text, sizeof(text), "serial %u", task.serial.after);
		log_import(&task, request);
		say(request, "done", text);
	} else {
		snprintf(text, sizeof(text), "%s: %s", request->word[1],
			 err == -ENOENT    ? "this server has no such zone" :
			 err == -EPERM     ? "this zone is a copy: import it at its primary" :
			 err == -ECANCELED ? "the server is ending" :
					     strerror(-err));
		log_warning("zone %s: import given up: %s", request->word[1], strerror(-err));
		say(request, "failed", text);
	}
	/* what was loaded for nothing is swept by the writer */
	load_free(control->writer, &control->stopping, task.load);
}

/* --- compaction --- */

/*
 * What a sweep commits can't be followed, and the names of a large zone take it minutes: the writer
 * sweeps when it has nothing else to do.
 */
static void await_sweep(const struct control *control)
{
	static const struct timespec pause = { .tv_nsec = 100000000 };
	int64_t end = clock_monotonic_ms() + SWEEP_PATIENCE_S * 1000;

	while (store_sweep_due(control->shared->store) && !atomic_load(&control->stopping) &&
	       clock_monotonic_ms() < end)
		nanosleep(&pause, NULL);
}

static int compact_patiently(struct control *control, struct store_compact *ret, struct text *fault)
{
	static const struct timespec pause = { .tv_sec = 1 };
	int err = -EAGAIN;

	for (int try = 0; err == -EAGAIN && try < COMPACT_TRIES; try++) {
		if (try > 0)
			nanosleep(&pause, NULL);
		await_sweep(control);
		if (atomic_load(&control->stopping))
			return -ECANCELED;
		text_reset(fault);
		err = store_compact_live(control->shared->store, ret, fault);
	}
	return err;
}

static void run_compact(struct command *request)
{
	struct store_compact sizes;
	struct text fault = { 0 };
	char text[64];
	int err = compact_patiently(request->control, &sizes, &fault);

	if (err == 0) {
		snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)sizes.before,
			 (unsigned long long)sizes.after);
		say(request, "done", text);
		log_info("store compacted: %.1f MiB before, %.1f MiB now",
			 (double)sizes.before / (1 << 20), (double)sizes.after / (1 << 20));
	} else {
		say(request, "failed",
		    err == -ECANCELED ? "the server is ending" : text_get(&fault));
		log_warning("store not compacted: %s",
			    fault.size > 0 ? text_get(&fault) : strerror(-err));
	}
	text_done(&fault);
}

/* --- commands --- */

static const struct {
	const char *name;
	void (*run)(struct command *request);
} commands[] = {
	{ "compact", run_compact },
	{ "import", run_import },
};

static void run(struct command *request)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (request->words > 0 && strcmp(commands[i].name, request->word[0]) == 0) {
			atomic_fetch_add(&request->control->shared->slow_work, 1);
			commands[i].run(request);
			atomic_fetch_sub(&request->control->shared->slow_work, 1);
			return;
		}
	say(request, "failed", "the server does not know this command");
}

static void split(struct command *request, char *line)
{
	char *rest = line;

	while (request->words < WORDS_MAX) {
		char *word = strsep(&rest, " ");

		if (word == NULL)
			break;
		if (*word != '\0')
			request->word[request->words++] = word;
	}
}

static bool may_command(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

/* Whoever connects says at once what is wanted; the server may end meanwhile. */
static bool has_spoken(const struct control *control, int fd)
{
	struct pollfd wait[] = { { .fd = fd, .events = POLLIN },
				 { .fd = control->stop, .events = POLLIN } };

	return poll(wait, 2, PATIENCE_S * 1000) > 0 && wait[1].revents == 0;
}

static void serve(struct control *control, int fd)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct command request = { .control = control, .fd = fd };
	struct text line = { 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (may_command(fd) && has_spoken(control, fd) &&
	    control_take(fd, &line, request.file, CONTROL_FILES, &request.files) > 0) {
		split(&request, line.data);
		run(&request);
		control_send(fd, request.answer, NULL, 0);
	}
	for (size_t i = 0; i < request.files; i++)
		close(request.file[i]);
	text_done(&line);
}

static void *control_main(void *arg)
{
	struct control *control = arg;
	struct pollfd wait[] = { { .fd = control->listener, .events = POLLIN },
				 { .fd = control->stop, .events = POLLIN } };

	while (!atomic_load(&control->stopping)) {
		if (poll(wait, 2, -1) < 0 || (wait[0].revents & POLLIN) == 0)
			continue;

		int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			/* without descriptors it would be told of the same client again and again */
			poll(&wait[1], 1, ACCEPT_PAUSE_MS);
			continue;
		}
		serve(control, fd);
		close(fd);
	}
	return NULL;
}

int control_new(struct control **ret, const char *folder, struct shared *shared,
		struct update_writer *writer, struct text *fault)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return -ENOMEM;
	control->shared = shared;
	control->writer = writer;
	control->listener = -1;
	control->stop = eventfd(0, EFD_CLOEXEC);

	int err = control->stop < 0 ? -errno : control_listen(&control->listener, folder);
	if (err == 0) {
		*ret = control;
		return 0;
	}
	text_printf(fault, "no control socket in %s: %s\n", folder, strerror(-err));
	control_stop(control);
	return err;
}

int control_start(struct control *control)
{
	int err = -pthread_create(&control->thread, NULL, control_main, control);

	control->started = err == 0;
	return err;
}

void control_stop(struct control *control)
{
	if (control == NULL)
		return;
	if (control->started) {
		atomic_store(&control->stopping, true);
		eventfd_write(control->stop, 1);
		pthread_join(control->thread, NULL);
	}
	if (control->stop >= 0)
		close(control->stop);
	if (control->listener >= 0)
		close(control->listener);
	free(control);
}
