/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <signal.h>

#include "conf/conf.h"

/* The DNS server: sockets, workers, the writer, and the store below them. */
struct server;
struct observed;

/*
 * Starts to serve; returns when everything is ready. conf is taken over in any case. A negative
 * errno, and lines for people in fault.
 */
int server_start(struct server **ret, struct conf *conf, struct text *fault);

/*
 * Goes over to another configuration: zones, keys, rules and limits. What can't change while
 * running (listen, storage, workers, user) is named in the log. On failure the server goes on as it was.
 */
int server_reload(struct server *server, struct conf *conf, struct text *fault);

/*
 * The server sends itself this signal when a catalog zone that it follows has changed (RFC 9432). It is to
 * be blocked in all threads; upon it the one that reloads calls server_follow().
 */
enum { SERVER_FOLLOW = SIGUSR1 };

/* Serves the zones that the catalogs list now. */
void server_follow(struct server *server);

/* Notes how a reload ended, from the reading of the configuration on. */
void server_reloaded(struct server *server, bool good);

/* What may be seen of it from outside, as long as it runs. */
struct observed *server_observed(struct server *server);

/* Answers what has come in, commits what waits, and ends. -EIO: it could not have gone on. */
int server_stop(struct server *server);

/* Whether a server could be made from conf, which is taken over. */
int server_check(struct conf *conf, struct text *fault);

#endif
