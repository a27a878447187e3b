/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Prometheus's own libraries tell of a process, under their names. Where /proc can't be
 * read, what stands there is left out.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server/exposition.h"
#include "server/scrape.h"

static void put_memory(struct text *text)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long all, resident;

	if (file == NULL)
		return;
	/* proc_pid_statm(5): "size", "resident", in pages */
	if (fscanf(file, "%llu %llu", &all, &resident) == 2) {
		double page = (double)sysconf(_SC_PAGESIZE);

		exposition_gauge(text, "process_virtual_memory_bytes",
				 "Address space in use, the map of the store included.",
				 (double)all * page);
		exposition_gauge(text, "process_resident_memory_bytes",
				 "Memory in use, what is mapped of the store included.",
				 (double)resident * page);
	}
	fclose(file);
}

static void put_files(struct text *text)
{
	DIR *folder = opendir("/proc/self/fd");
	struct rlimit limit;

	if (folder != NULL) {
		unsigned count = 0;

		for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
			count += entry->d_name[0] != '.';
		closedir(folder);
		/* the folder itself was open for that */
		exposition_gauge(text, "process_open_fds", "Files that are open.", count - 1);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		exposition_gauge(text, "process_max_fds", "Files that may be open.",
				 (double)limit.rlim_cur);
}

static void put_time(struct text *text)
{
	struct timespec used;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
		return;
	exposition_head(text, "process_cpu_seconds_total", "counter", "Time on processors.");
	text_printf(text, "process_cpu_seconds_total %lld.%06ld\n", (long long)used.tv_sec,
		    used.tv_nsec / 1000);
}

void scrape_process(const struct observed *observed, struct text *text)
{
	exposition_gauge(text, "process_start_time_seconds", "When the server was started.",
			 (double)observed->started_s);
	put_time(text);
	put_memory(text);
	put_files(text);
}
