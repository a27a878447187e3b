/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet zone: check a file before it is served, export what is served, list what there should
 * be.
 *
 * An export is a master file for people and for the next server: sorted, one record a line,
 * names below $ORIGIN relative, the TTL only where it is not the usual one, the owner only where
 * it changes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cmd/records.h"
#include "cmd/session.h"
#include "cmd/zone_check.h"
#include "dns/rdata.h"

enum { DEFAULT_TTL = 3600 };

/* --- check --- */

struct file_check {
	struct records records;
	struct zone_findings findings;
	bool failed;
};

static int take_record(const struct record *r, const struct master_place *place, void *arg)
{
	struct file_check *f = arg;

	return records_add(&f->records, r, place);
}

static void take_fault(const struct master_place *place, const char *why, void *arg)
{
	struct file_check *f = arg;

	zone_findings_add(&f->findings, true, place, "%s", why);
}

/*
 * The zone that the configuration reads this file for; NULL: none. Its faults are not looked for
 * here.
 */
static const char *configured_domain(struct session *s, const char *path)
{
	const struct conf *conf = NULL;
	char *mine = realpath(path, NULL);
	const char *domain = NULL;

	if (mine != NULL && session_conf(s, &conf) == 0 && conf != NULL) {
		for (size_t i = 0; i < conf->zone_count; i++) {
			char *other = conf->zone[i].file != NULL ?
					      realpath(conf->zone[i].file, NULL) :
					      NULL;

			if (other != NULL && strcmp(other, mine) == 0)
				domain = conf->zone[i].domain;
			free(other);
		}
	}
	free(mine);
	return domain;
}

/* "db.example.net", "example.net.zone": files are often named after their zone. */
static const char *domain_from_path(struct session *s, const char *path)
{
	static const char *const endings[] = { ".zone", ".db", ".txt", ".hosts" };
	const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	size_t size;

	if (strncmp(base, "db.", 3) == 0)
		base += 3;
	size = strlen(base);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t ending = strlen(endings[i]);

		if (size > ending && strcmp(base + size - ending, endings[i]) == 0) {
			size -= ending;
			break;
		}
	}
	return arena_printf(&s->arena, "%.*s", (int)size, base);
}

static int find_apex(struct session *s, const char *path, const char *given,
		     const knot_dname_t **ret)
{
	const char *domain = given != NULL ? given : s->zone;

	if (domain == NULL)
		domain = configured_domain(s, path);
	if (domain == NULL)
		domain = domain_from_path(s, path);
	if (domain == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	return session_name(s, domain, ret, "zone");
}

/* A file that says itself which zone it is, by a SOA record with an absolute name, is believed. */
static const knot_dname_t *apex_of_soa(const struct records *records, const knot_dname_t *apex)
{
	const knot_dname_t *found = NULL;

	for (size_t i = 0; i < records->count; i++) {
		if (records->at[i].record.type != KNOT_RRTYPE_SOA)
			continue;
		if (found != NULL)
			return apex;
		found = records->at[i].record.owner;
	}
	return found != NULL ? found : apex;
}

static void findings_json(struct text *out, const struct zone_findings *f)
{
	text_puts(out, "\"findings\": [");
	for (size_t i = 0; i < f->count; i++) {
		text_puts(out, i == 0 ? "\n  {\"file\": " : ",\n  {\"file\": ");
		text_json(out, slice_text(f->at[i].file));
		text_printf(out, ", \"line\": %llu, \"error\": %s, \"text\": ",
			    (unsigned long long)f->at[i].line, f->at[i].error ? "true" : "false");
		text_json(out, slice_text(f->at[i].text));
		text_puts(out, "}");
	}
	text_puts(out, f->count > 0 ? "\n]" : "]");
}

static void findings_text(struct text *out, const struct zone_findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		text_puts(out, f->at[i].file);
		if (f->at[i].line > 0)
			text_printf(out, ":%llu", (unsigned long long)f->at[i].line);
		text_printf(out, ": %s: %s\n", f->at[i].error ? "error" : "warning", f->at[i].text);
	}
}

static int tell(struct session *s, const struct file_check *f, const knot_dname_t *apex)
{
	const struct zone_findings *findings = &f->findings;
	size_t warnings = findings->count - findings->errors;
	struct text out = { 0 }, name = { 0 };

	name_format(&name, apex);
	if (s->json) {
		text_puts(&out, "{\"zone\": ");
		text_json(&out, slice_text(text_get(&name)));
		text_printf(&out, ", \"records\": %zu, \"errors\": %zu, \"warnings\": %zu, ",
			    f->records.count, findings->errors, warnings);
		findings_json(&out, findings);
		text_puts(&out, "}\n");
	} else {
		findings_text(&out, findings);
		text_printf(&out, "%s %zu records, ", text_get(&name), f->records.count);
		if (findings->count == 0)
			text_puts(&out, "all is well\n");
		else
			text_printf(&out, "%zu error%s, %zu warning%s\n", findings->errors,
				    findings->errors == 1 ? "" : "s", warnings,
				    warnings == 1 ? "" : "s");
	}
	bool failed = out.failed || name.failed;
	if (!failed)
		fputs(text_get(&out), stdout);
	text_done(&out);
	text_done(&name);
	if (failed)
		return command_fail(EXIT_INTERNAL, "out of memory");
	return findings->errors > 0 ? EXIT_INPUT : EXIT_DONE;
}

static int check_file(struct session *s, struct file_check *f, const char *path,
		      const knot_dname_t *apex)
{
	static const struct master_handler handler = { take_record, take_fault };
	int err = master_read(path, apex, DEFAULT_TTL, &handler, f);

	if (err == -ENOMEM)
		return command_fail(EXIT_INTERNAL, "out of memory");
	/* A file that could not be opened has no contents to find fault with. */
	if (f->records.count > 0 || err == 0) {
		apex = s->zone != NULL ? apex : apex_of_soa(&f->records, apex);
		records_sort(&f->records);
		zone_check(&f->findings, &f->records, apex, path);
	}
	if (f->findings.failed)
		return command_fail(EXIT_INTERNAL, "out of memory");
	zone_findings_sort(&f->findings);
	return tell(s, f, apex);
}

static int run_check(struct session *s, int argc, char **argv)
{
	struct file_check f = { .records.arena = &s->arena, .findings.arena = &s->arena };
	const knot_dname_t *apex;

	if (argc < 2 || argc > 3)
		return command_misuse(
			s, "one file, and the zone's name where the file does not say it");
	if (argc == 3)
		s->zone = argv[2];
	int code = find_apex(s, argv[1], s->zone, &apex);
	if (code == 0)
		code = check_file(s, &f, argv[1], apex);
	records_done(&f.records);
	zone_findings_done(&f.findings);
	return code;
}

/* --- export --- */

static int gather(const struct record *r, void *arg)
{
	return records_add(arg, r, NULL) < 0 ?
		       command_fail(EXIT_INTERNAL, "out of memory for this zone") :
		       0;
}

/* The TTL that most records have, as far as the first few different ones tell. */
static uint32_t usual_ttl(const struct records *zone)
{
	struct {
		uint32_t ttl;
		size_t count;
	} seen[16] = { 0 };
	size_t kinds = 0, best = 0;

	for (size_t i = 0; i < zone->count; i++) {
		size_t k = 0;

		while (k < kinds && seen[k].ttl != zone->at[i].record.ttl)
			k++;
		if (k == sizeof(seen) / sizeof(seen[0]))
			continue;
		if (k == kinds)
			seen[kinds++].ttl = zone->at[i].record.ttl;
		seen[k].count++;
		if (seen[k].count > seen[best].count)
			best = k;
	}
	return seen[best].ttl;
}

static void owner_format(struct text *out, const knot_dname_t *owner, size_t apex_labels)
{
	size_t labels = knot_dname_labels(owner, NULL);
	knot_dname_storage_t relative;

	if (labels == apex_labels) {
		text_puts(out, "@");
		return;
	}
	size_t size = knot_dname_prefixlen(owner, (unsigned)(labels - apex_labels), NULL);
	memcpy(relative, owner, size);
	relative[size] = 0;
	name_format(out, relative);
	if (apex_labels == 0)
		return;
	out->size--; /* the final dot of a name that is relative here */
	out->data[out->size] = '\0';
}

static int write_zone(FILE *to, const struct records *zone, const knot_dname_t *apex)
{
	size_t apex_labels = knot_dname_labels(apex, NULL);
	uint32_t ttl = usual_ttl(zone);
	struct text line = { 0 };

	name_format(&line, apex);
	fprintf(to, "$ORIGIN %s\n$TTL %u\n", text_get(&line), ttl);
	for (size_t i = 0; i < zone->count; i++) {
		const struct record *r = &zone->at[i].record;
		bool same = i > 0 &&
			    knot_dname_is_case_equal(r->owner, zone->at[i - 1].record.owner);

		text_reset(&line);
		if (!same)
			owner_format(&line, r->owner, apex_labels);
		text_puts(&line, "\t");
		if (r->ttl != ttl)
			text_printf(&line, "%u ", r->ttl);
		type_format(&line, r->type);
		text_puts(&line, " ");
		rdata_format(&line, r->type, r->rdata);
		text_puts(&line, "\n");
		if (line.failed)
			break;
		fwrite(line.data, 1, line.size, to);
	}
	bool failed = line.failed;
	text_done(&line);
	return failed ? command_fail(EXIT_INTERNAL, "out of memory") : 0;
}

/* A file appears whole or not at all: written beside its place, then moved there. */
static int write_file(struct session *s, const char *path, const struct records *zone,
		      const knot_dname_t *apex)
{
	char *part = arena_printf(&s->arena, "%s.part", path);
	FILE *to = part != NULL ? fopen(part, "we") : NULL;

	if (to == NULL)
		return command_fail(EXIT_INPUT, "%s: %s", part, strerror(errno));
	int code = write_zone(to, zone, apex);
	bool failed = ferror(to) != 0;
	failed = fclose(to) != 0 || failed;
	if (code == 0 && !failed && rename(part, path) == 0)
		return 0;
	int err = errno;
	remove(part);
	return code != 0 ? code : command_fail(EXIT_INPUT, "%s: %s", path, strerror(err));
}

static int run_export(struct session *s, int argc, char **argv)
{
	static const struct option options[] = { { "output", required_argument, NULL, 'o' },
						 { 0 } };
	struct records zone = { .arena = &s->arena };
	const char *path = "-";
	const knot_dname_t *apex;
	int option;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option != 'o')
			return command_misuse(s, NULL);
		path = optarg;
	}
	if (argc - optind != 1)
		return command_misuse(s, "one domain");
	int code = session_name(s, argv[optind], &apex, "zone");
	if (code == 0)
		code = session_transfer(s, apex, gather, &zone);
	if (code == 0) {
		records_sort(&zone);
		code = strcmp(path, "-") == 0 ? write_zone(stdout, &zone, apex) :
						write_file(s, path, &zone, apex);
		if (code == 0 && strcmp(path, "-") != 0)
			printf("%zu records in %s\n", zone.count, path);
	}
	records_done(&zone);
	return code;
}

/* --- list --- */

struct zone_state {
	char serial[16]; /* "": see reason */
	const char *reason;
};

static int ask_state(struct session *s, const char *domain, struct zone_state *ret)
{
	const knot_dname_t *name;
	struct client_answer answer;
	struct client *client;
	struct text words = { 0 };

	*ret = (struct zone_state){ .reason = "the server does not hold it" };
	int code = session_name(s, domain, &name, "zone");
	if (code == 0)
		code = session_client(s, NULL, &client);
	if (code != 0)
		return code;
	int err = client_query(client, &answer, name, KNOT_RRTYPE_SOA);
	if (err < 0)
		return session_failed(s, err);

	const knot_pktsection_t *section = knot_pkt_section(answer.packet, KNOT_ANSWER);
	if (answer.rcode != KNOT_RCODE_NOERROR) {
		client_refusal(&words, client, &answer);
		ret->reason = arena_text(&s->arena, text_get(&words));
		text_done(&words);
		return 0;
	}
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *set = knot_pkt_rr(section, i);

		if (set->type == KNOT_RRTYPE_SOA && set->rrs.count > 0) {
			struct slice soa = slice_make(set->rrs.rdata->data, set->rrs.rdata->len);

			snprintf(ret->serial, sizeof(ret->serial), "%u", rdata_soa_serial(soa));
		}
	}
	return 0;
}

static void state_format(struct session *s, struct text *out, const struct conf_zone *zone,
			 const struct zone_state *state, bool first)
{
	bool served = state->serial[0] != '\0';

	if (!s->json) {
		text_printf(out, "%-32s %s%s\n", zone->domain, served ? "serial " : "",
			    served ? state->serial : state->reason);
		return;
	}
	text_puts(out, first ? "\n  {\"zone\": " : ",\n  {\"zone\": ");
	text_json(out, slice_text(zone->domain));
	text_printf(out, ", \"serial\": %s, \"fault\": ", served ? state->serial : "null");
	if (served)
		text_puts(out, "null");
	else
		text_json(out, slice_text(state->reason != NULL ? state->reason : ""));
	text_puts(out, "}");
}

static int run_list(struct session *s, int argc, char **argv)
{
	const struct conf *conf = NULL;
	struct text out = { 0 };
	bool missing = false;

	(void)argv;
	if (argc > 1)
		return command_misuse(s, "no arguments");
	int code = session_conf(s, &conf);
	if (code == 0 && conf == NULL)
		return command_fail(EXIT_INPUT,
				    "there is no configuration to take zones from; -c FILE");
	for (size_t i = 0; code == 0 && i < conf->zone_count; i++) {
		struct zone_state state;

		code = ask_state(s, conf->zone[i].domain, &state);
		if (code == 0)
			state_format(s, &out, &conf->zone[i], &state, i == 0);
		missing = missing || state.serial[0] == '\0';
	}
	if (out.failed)
		code = command_fail(EXIT_INTERNAL, "out of memory");
	if (code == 0 && s->json)
		printf("[%s\n]\n", text_get(&out));
	else if (code == 0)
		fputs(text_get(&out), stdout);
	text_done(&out);
	return code == 0 && missing ? EXIT_NOT_FOUND : code;
}

static const struct command commands[] = {
	{ .name = "check",
	  .run = run_check,
	  .usage = "FILE [DOMAIN]",
	  .brief = "look for mistakes in a zone file",
	  .help = "DOMAIN is what @ means in the file; else the zone of onnet.yaml with this file, else the name\n"
		  "of the file (example.net.zone, db.example.net). Errors end with exit status 3,\n"
		  "warnings alone with 0.\n" },
	{ .name = "export",
	  .run = run_export,
	  .usage = "DOMAIN [-o FILE]",
	  .brief = "write a zone as the server has it into a file",
	  .help = "The zone comes by AXFR; the server must allow it to the key or the address.\n"
		  "\n"
		  "  -o, --output FILE   in place of standard output; replaced when all is there\n" },
	{ .name = "list",
	  .run = run_list,
	  .usage = "",
	  .brief = "list the zones of onnet.yaml, and their serials on the server" },
	{ .name = NULL },
};

const struct command command_zone = {
	.name = "zone",
	.sub = commands,
	.brief = "whole zones",
};
