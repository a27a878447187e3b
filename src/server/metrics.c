/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The HTTP door (RFC 9110), by libmicrohttpd: one page for those who collect metrics. It takes few
 * connections and waits for none for long; each address has a thread of its own, so that whoever
 * answers DNS has nothing to do with it.
 */
#include "server/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/exposition.h"
#include "server/peer.h"
#include "server/scrape.h"

enum { CONNECTIONS_MAX = 32, TIMEOUT_S = 10, BACKLOG = 16 };

struct door {
	int socket; /* -1: the daemon has it */
	struct MHD_Daemon *daemon;
};

struct metrics {
	size_t doors;
	struct door door[];
};

static int door_open(const struct conf_address *address)
{
	int one = 1, err = 0;
	int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    (address->socket.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0) ||
	    bind(fd, (const struct sockaddr *)&address->socket, address->size) != 0 ||
	    listen(fd, BACKLOG) != 0)
		err = -errno;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int metrics_new(struct metrics **ret, const struct conf *conf, struct text *fault)
{
	struct metrics *metrics =
		calloc(1, sizeof(*metrics) + conf->metrics_count * sizeof(metrics->door[0]));
	char name[PEER_TEXT_ROOM];

	if (metrics == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->metrics_count; i++) {
		int fd = door_open(&conf->metrics[i]);

		if (fd < 0) {
			peer_format(name, (const struct sockaddr *)&conf->metrics[i].socket);
			text_printf(fault, "metrics: cannot listen at %s: %s\n", name,
				    strerror(-fd));
			metrics_stop(metrics);
			return fd;
		}
		metrics->door[metrics->doors++].socket = fd;
	}
	*ret = metrics;
	return 0;
}

static enum MHD_Result send_sentence(struct MHD_Connection *connection, unsigned status,
				     const char *sentence, const char *allow)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(sentence), (void *)(uintptr_t)sentence, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO;
	if ((allow == NULL ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow) == MHD_YES) &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain") ==
		    MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_metrics(struct MHD_Connection *connection, struct observed *observed)
{
	struct MHD_Response *response = NULL;
	struct text text = { 0 };
	enum MHD_Result result = MHD_NO;

	if (scrape(observed, &text) == 0)
		response = MHD_create_response_from_buffer(text.size, text.data,
							   MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		text_done(&text);
		return send_sentence(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n",
				     NULL);
	}
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, EXPOSITION_TYPE) ==
	    MHD_YES)
		result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* MHD calls this when the request's head is read, with *state NULL, and again when all is: then it is answered. */
static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_size, void **state)
{
	static int seen;

	(void)version;
	(void)body;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_sentence(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				     "GET is the only method here\n", "GET, HEAD");
	if (*state == NULL) {
		*state = &seen;
		return MHD_YES;
	}
	if (*body_size > 0) { /* of a GET it means nothing (RFC 9110 9.3.1) */
		*body_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0)
		return send_sentence(connection, MHD_HTTP_NOT_FOUND, "metrics are at /metrics\n",
				     NULL);
	return send_metrics(connection, arg);
}

int metrics_start(struct metrics *metrics, struct observed *observed)
{
	for (size_t i = 0; i < metrics->doors; i++) {
		struct door *door = &metrics->door[i];

		door->daemon = MHD_start_daemon(
			MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, observed,
			MHD_OPTION_LISTEN_SOCKET, door->socket, MHD_OPTION_CONNECTION_LIMIT,
			(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
			(unsigned)TIMEOUT_S, MHD_OPTION_END);
		if (door->daemon == NULL)
			return errno != 0 ? -errno : -ENOMEM;
		door->socket = -1;
	}
	return 0;
}

void metrics_stop(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	for (size_t i = 0; i < metrics->doors; i++) {
		if (metrics->door[i].daemon != NULL)
			MHD_stop_daemon(metrics->door[i].daemon);
		else if (metrics->door[i].socket >= 0)
			close(metrics->door[i].socket);
	}
	free(metrics);
}
