/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/conf_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

char conf_root[4096];
char conf_place[] = "/tmp/conf.XXXXXX";

int conf_type_parse(const char *name)
{
	static const struct {
		const char *name;
		int type;
	} types[] = { { "A", 1 }, { "SRV", 33 }, { "NAPTR", 35 }, { "OPT", 41 }, { "ANY", 255 } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].name, name) == 0)
			return types[i].type;
	return -EINVAL;
}

void conf_file_write(const char *path, const char *data, size_t size, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

int conf_text_read(struct conf **ret, const char *yaml, struct text *fault)
{
	conf_file_write("onnet.yaml", yaml, strlen(yaml), 0644);
	return conf_read(ret, "onnet.yaml", conf_type_parse, fault);
}

int conf_files_begin(void **state)
{
	(void)state;
	return getcwd(conf_root, sizeof(conf_root)) == NULL || mkdtemp(conf_place) == NULL ||
	       chdir(conf_place) < 0;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

int conf_files_end(void **state)
{
	(void)state;
	return chdir(conf_root) < 0 || nftw(conf_place, entry_remove, 8, FTW_DEPTH | FTW_PHYS) != 0;
}
