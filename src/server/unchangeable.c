/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words of the configuration that a running server can't follow: sockets are bound with rights that it has given up
 * since, and threads and the store are there once.
 */
#include "server/unchangeable.h"

#include <string.h>

#include "base/log.h"

static bool same_addresses(const struct conf_address *a, size_t a_count,
			   const struct conf_address *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (a[i].size != b[i].size || memcmp(&a[i].socket, &b[i].socket, a[i].size) != 0)
			return false;
	return true;
}

static bool same_listen_xdp(const struct conf *a, const struct conf *b)
{
	if (a->listen_xdp_count != b->listen_xdp_count)
		return false;
	for (size_t i = 0; i < a->listen_xdp_count; i++)
		if (a->listen_xdp[i].port != b->listen_xdp[i].port ||
		    strcmp(a->listen_xdp[i].name, b->listen_xdp[i].name) != 0)
			return false;
	return true;
}

void unchangeable_tell(const struct conf *old, const struct conf *new)
{
	bool user = old->user == NULL || new->user == NULL ? old->user != new->user :
							     strcmp(old->user, new->user) != 0;

	if (!same_addresses(old->listen, old->listen_count, new->listen, new->listen_count))
		log_warning("reload: listen changed; it takes a restart");
	if (!same_addresses(old->listen_tls, old->listen_tls_count, new->listen_tls,
			    new->listen_tls_count))
		log_warning("reload: listen-tls changed; it takes a restart");
	if (!same_listen_xdp(old, new))
		log_warning("reload: listen-xdp changed; it takes a restart");
	if (!same_addresses(old->metrics, old->metrics_count, new->metrics, new->metrics_count))
		log_warning("reload: metrics changed; it takes a restart");
	if (strcmp(old->storage, new->storage) != 0)
		log_warning("reload: storage changed; it takes a restart");
	if (old->sandbox != new->sandbox)
		log_warning("reload: sandbox changed; it takes a restart");
	if (old->workers != new->workers || user)
		log_warning("reload: workers or user changed; it takes a restart");
}
