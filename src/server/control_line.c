/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines over a socket in the storage folder. The path of a socket has room for 107 octets
 * (unix(7)); that of the folder may be longer, so it is named by a descriptor.
 */
#include "server/control_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char socket_name[] = "onnetd.sock";

static int open_folder(const char *folder, struct sockaddr_un *ret)
{
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", fd, socket_name);
	return fd;
}

int control_listen(int *ret, const char *folder)
{
	struct sockaddr_un address;
	int err = 0, path = open_folder(folder, &address);

	if (path < 0)
		return path;

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlinkat(path, socket_name, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    fchmodat(path, socket_name, 0600, 0) != 0 || listen(fd, 8) != 0)
		err = -errno;
	close(path);
	if (err == 0)
		*ret = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

int control_connect(int *ret, const char *folder)
{
	struct sockaddr_un address;
	int err = 0, path = open_folder(folder, &address);

	if (path < 0)
		return path;

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		err = -errno;
	close(path);
	if (err == 0)
		*ret = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

int control_send(int fd, const char *line, const int *files, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(CONTROL_FILES * sizeof(int))] = { 0 };
	char text[CONTROL_LINE_MAX];
	int size = snprintf(text, sizeof(text), "%s\n", line);
	struct iovec part = { .iov_base = text, .iov_len = (size_t)size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (size >= (int)sizeof(text) || count > CONTROL_FILES)
		return -EMSGSIZE;
	if (count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));

		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(head), files, count * sizeof(int));
	}
	while (part.iov_len > 0) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
		if (sent < 0)
			continue;
		part.iov_base = (char *)part.iov_base + sent;
		part.iov_len -= (size_t)sent;
		message.msg_control = NULL; /* the files went with the first octet */
		message.msg_controllen = 0;
	}
	return 0;
}

static void take_files(struct msghdr *message, int *file, size_t max, size_t *files)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
	     head = CMSG_NXTHDR(message, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;

		size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
			if (*files < max)
				file[(*files)++] = fd;
			else
				close(fd);
		}
	}
}

/* Octet by octet, so that nothing of the next line is taken; lines are few. */
int control_take(int fd, struct text *line, int *file, size_t max, size_t *files)
{
	text_reset(line);
	while (line->size < CONTROL_LINE_MAX) {
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(CONTROL_FILES * sizeof(int))];
		char octet;
		struct iovec part = { .iov_base = &octet, .iov_len = 1 };
		struct msghdr message = { .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof(control) };
		ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		take_files(&message, file, max, files);
		if (octet == '\n')
			return line->failed ? -ENOMEM : 1;
		text_add(line, &octet, 1);
	}
	return -EMSGSIZE;
}

int control_receive(int fd, struct text *ret)
{
	size_t files = 0;

	return control_take(fd, ret, NULL, 0, &files);
}
