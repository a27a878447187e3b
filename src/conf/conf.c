/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A configuration from its file: the text (here), the text as a tree (tree.c), the tree by the table
 * of words (schema.c). All faults of a file are found before any is told, and a configuration with
 * faults is never seen by anybody, so that a reload with a bad file changes nothing.
 */
#include "conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/catalog.h"
#include "conf/fault.h"
#include "conf/schema.h"
#include "conf/tree.h"

enum { FILE_MAX = 64 * 1024 * 1024 };

static int file_read(struct text *ret, const char *path)
{
	FILE *file = fopen(path, "re");
	char piece[16384];
	size_t size;
	int err = 0;

	if (file == NULL)
		return -errno;
	errno = 0;
	while (err == 0 && (size = fread(piece, 1, sizeof(piece), file)) > 0) {
		text_add(ret, piece, size);
		if (ret->failed)
			err = -ENOMEM;
		else if (ret->size > FILE_MAX)
			err = -EFBIG;
	}
	if (err == 0 && ferror(file))
		err = errno != 0 ? -errno : -EIO;
	fclose(file);
	return err;
}

static int conf_parse(struct conf *conf, struct slice yaml, int (*type_parse)(const char *name),
		      struct faults *faults)
{
	struct reading reading = { .conf = conf, .faults = faults, .type_parse = type_parse };
	const struct node *tree;
	int err = tree_read(&tree, yaml, &conf->arena, faults);

	if (err == 0)
		err = section_read(&reading, FILE_TOP, tree, conf);
	return err < 0 || tree->type != NODE_MAPPING ?
		       err :
		       catalogs_check(&reading, tree_find(tree, "zone"));
}

int conf_read(struct conf **ret, const char *path, int (*type_parse)(const char *name),
	      struct text *fault)
{
	struct faults faults = { .count = 0 };
	struct text yaml = { 0 };
	struct conf *conf = calloc(1, sizeof(*conf));
	int err = conf != NULL ? file_read(&yaml, path) : -ENOMEM;

	if (err < 0) {
		text_printf(fault, "%s: %s\n", path, strerror(-err));
		goto out;
	}

	atomic_store(&conf->holders, 1);
	faults.arena = &conf->arena;
	conf->path = arena_text(&conf->arena, path);
	if (conf->path == NULL)
		err = -ENOMEM;
	else
		err = conf_parse(conf, slice_make(text_get(&yaml), yaml.size), type_parse, &faults);
	faults_format(fault, path, &faults);
	if (err == -ENOMEM)
		text_printf(fault, "%s: %s\n", path, strerror(ENOMEM));
	if (fault->failed)
		err = -ENOMEM;

out:
	if (yaml.data != NULL)
		explicit_bzero(yaml.data, yaml.size);
	text_done(&yaml);
	if (err < 0) {
		conf_free(conf);
		return err;
	}
	*ret = conf;
	return 0;
}

struct conf *conf_share(struct conf *conf)
{
	atomic_fetch_add(&conf->holders, 1);
	return conf;
}

void conf_free(struct conf *conf)
{
	if (conf == NULL || atomic_fetch_sub(&conf->holders, 1) > 1)
		return;
	arena_done(&conf->arena);
	free(conf);
}
