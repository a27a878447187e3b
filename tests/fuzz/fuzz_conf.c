/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as onnet.yaml: a configuration or faults, one line for each, never both and never
 * neither. A good configuration keeps what the schema promises to those who use it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "fuzz/fuzz.h"

static int type_parse(const char *name)
{
	return strcasecmp(name, "NAPTR") == 0 ? 35 : strcasecmp(name, "ANY") == 0 ? 255 : -EINVAL;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void rules_check(const struct conf *conf, const struct conf_rule *rule, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		require(rule[i].key != NULL || rule[i].address_count > 0);
		if (rule[i].key != NULL && rule[i].key->secret != NULL)
			require(conf_key_find(conf, rule[i].key->id) == rule[i].key);
		else if (rule[i].key != NULL)
			require(conf_key_find(conf, rule[i].key->id) == NULL);
		require((rule[i].address != NULL) == (rule[i].address_count > 0));
		require((rule[i].number != NULL) == (rule[i].number_count > 0));
		require((rule[i].name != NULL) == (rule[i].name_count > 0));
		require((rule[i].type != NULL) == (rule[i].type_count > 0));
	}
}

static void conf_check(const struct conf *conf)
{
	require(conf->listen_count > 0 && conf->storage != NULL);
	require(conf->workers <= 256 && conf->tcp_idle_timeout > 0 && conf->tcp_max_clients > 0);
	require(conf->udp_max_payload >= 512 && conf->udp_max_payload <= 4096);
	for (size_t i = 0; i < conf->key_count; i++)
		require(conf->key[i].id != NULL && conf->key[i].algorithm != NULL &&
			conf->key[i].secret != NULL && conf->key[i].secret[0] != '\0');
	for (size_t i = 0; i < conf->zone_count; i++) {
		require(conf->zone[i].domain != NULL && conf->zone[i].log_size > 0);
		rules_check(conf, conf->zone[i].update, conf->zone[i].update_count);
		rules_check(conf, conf->zone[i].transfer, conf->zone[i].transfer_count);
	}
	for (size_t i = 0; i < conf->e164_count; i++)
		require(conf->e164[i] != NULL);
	for (size_t i = 0; i < conf->isn_count; i++)
		require(conf->isn[i] != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text fault = { 0 };
	struct conf *conf = NULL;
	char path[64];
	int fd = memfd_create("onnet.yaml", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

	int err = conf_read(&conf, path, type_parse, &fault);
	require(err == 0 || err == -EINVAL);
	require((err == 0) == (conf != NULL) && (err == 0) == (fault.size == 0));
	for (size_t i = 0; i < fault.size; i++)
		require((unsigned char)fault.data[i] >= 0x20 || fault.data[i] == '\n');
	if (conf != NULL)
		conf_check(conf);

	conf_free(conf);
	text_done(&fault);
	close(fd);
	return 0;
}
