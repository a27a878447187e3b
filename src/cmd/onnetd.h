/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_ONNETD_H
#define CMD_ONNETD_H

struct conf;

/* How onnetd and its commands end, beside EXIT_SUCCESS and EXIT_FAILURE; onnetd(8) "EXIT STATUS". */
enum { ONNETD_USAGE = 2, ONNETD_BAD_CONFIGURATION = 3 };

#define ONNETD_CONFIGURATION "/etc/onnet/onnet.yaml"

/* Reads the configuration, for conf_free(). NULL: what is wrong has been logged. */
struct conf *onnetd_conf(const char *path);

/* The commands: argv[0] is the command's own word. They return the exit status, and have said why. */
int compact_run(int argc, char **argv);
int export_run(int argc, char **argv);
int import_run(int argc, char **argv);
int stat_run(int argc, char **argv);

#endif
