/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In place of xdp.c where libknot was built without AF_XDP: nothing can be opened, so nothing is. */
#include "server/xdp.h"

#include <errno.h>

int xdp_open(struct xdp **ret, const struct conf_interface *interface, struct text *why)
{
	(void)ret;
	(void)interface;
	text_puts(why, "this onnetd was built without AF_XDP");
	return -ENOTSUP;
}

void xdp_close(struct xdp *list)
{
	(void)list;
}

const char *xdp_mode(const struct conf_interface *interface)
{
	(void)interface;
	return "not at all";
}

void xdp_serve(struct xdp *xdp, struct worker *worker)
{
	(void)xdp;
	(void)worker;
}

void xdp_send(const struct origin *origin, const uint8_t *wire, size_t size)
{
	(void)origin;
	(void)wire;
	(void)size;
}
