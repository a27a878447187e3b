/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was found, for people: the servers as a table in the order in which to try them, a number's
 * URIs with, on request, their servers below each; on one line with --batch. Where nothing was
 * found, a sentence about it, what was looked for, and what can be done.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/resolve.h"
#include "cmd/send.h"
#include "publish/table.h"

enum { UNASKED_LINES = 60 }; /* of an explanation */

static int out_of_memory(void)
{
	return command_fail(EXIT_INTERNAL, "out of memory");
}

/* "192.0.2.1:5060", "[2001:db8::1]:5061" */
static void put_address(struct text *out, const union onnet_address *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text));
		text_printf(out, "[%s", text);
		if (address->v6.sin6_scope_id != 0)
			text_printf(out, "%%%u", address->v6.sin6_scope_id);
		text_printf(out, "]:%u", ntohs(address->v6.sin6_port));
		return;
	}
	inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof(text));
	text_printf(out, "%s:%u", text, ntohs(address->v4.sin_port));
}

/* --- targets --- */

static bool same_host(const struct onnet_target *a, const struct onnet_target *b)
{
	return a->endpoint.transport == b->endpoint.transport && a->priority == b->priority &&
	       strcmp(a->host, b->host) == 0;
}

/* Some server of that transport is tried before those of this priority (RFC 2782). */
static bool is_reserve(const struct onnet_target *target, size_t count, size_t i)
{
	for (size_t k = 0; k < count; k++)
		if (target[k].endpoint.transport == target[i].endpoint.transport &&
		    target[k].priority < target[i].priority)
			return true;
	return false;
}

/* Where weights decide; of a host with several addresses beside the first. */
static const char *share_text(struct arena *arena, const struct onnet_target *target, size_t i)
{
	double percent = target[i].share / 10000.0;

	if (target[i].share >= 1000000)
		return "";
	for (size_t k = 0; k < i; k++)
		if (same_host(&target[k], &target[i]) &&
		    target[k].endpoint.address.v4.sin_port ==
			    target[i].endpoint.address.v4.sin_port)
			return "";
	return percent < 0.5 ? "<1 %" : arena_printf(arena, "%.0f %%", percent);
}

static const char *note_text(const struct onnet_target *target, size_t count, size_t i)
{
	bool reserve = is_reserve(target, count, i);

	if (target[i].grey)
		return reserve ? "reserve, avoided" : "avoided: tried last";
	return reserve ? "reserve" : "";
}

void resolve_targets(struct text *out, const struct onnet_target *target, size_t count,
		     const char *indent)
{
	struct arena arena = { 0 };
	struct table table = { .arena = &arena, .columns = 7 };

	table_row(&table, (const char *const[]){ "order", "transport", "host", "address", "share",
						 "TTL", "note" });
	for (size_t i = 0; i < count; i++) {
		const struct onnet_target *t = &target[i];
		struct text address = { 0 };

		put_address(&address, &t->endpoint.address);
		const char *cell[] = {
			arena_printf(&arena, "%zu", i + 1),
			onnet_transport_name(t->endpoint.transport),
			t->host,
			arena_printf(&arena, "%s", text_get(&address)),
			share_text(&arena, target, i),
			t->ttl > 0 ? arena_printf(&arena, "%u s", t->ttl) : "",
			note_text(target, count, i),
		};

		for (size_t k = 0; k < table.columns; k++)
			table.failed |= cell[k] == NULL;
		table.failed |= address.failed;
		table_row(&table, cell);
		text_done(&address);
	}
	table_format(out, &table, indent);
	out->failed |= table.failed;
	arena_done(&arena);
}

/* What TLS is checked against is the name that was asked for, not the server's (RFC 5922 4). */
static void put_certificate(struct text *out, const struct onnet_target *target, size_t count,
			    const char *indent)
{
	for (size_t i = 0; i < count; i++) {
		enum onnet_transport t = target[i].endpoint.transport;

		if ((t != ONNET_TLS && t != ONNET_TLS_SCTP && t != ONNET_WSS) ||
		    strcmp(target[i].domain, target[i].host) == 0)
			continue;
		text_printf(out, "%scertificates must be for ", indent);
		text_visible(out, slice_text(target[i].domain));
		text_puts(out, "\n");
		return;
	}
}

/* --- URIs --- */

static const char *pstn_text(struct arena *arena, const struct onnet_pstn *pstn)
{
	if (!pstn->npdi && pstn->rn == NULL && pstn->cic == NULL)
		return "";
	const char *npdi = pstn->npdi ? "ported" : "";
	const char *rn = pstn->rn != NULL ? arena_printf(arena, "routing number %s", pstn->rn) : "";
	const char *cic = pstn->cic != NULL ? arena_printf(arena, "carrier %s", pstn->cic) : "";

	if (rn == NULL || cic == NULL)
		return NULL;
	return arena_printf(arena, "%s%s%s%s%s", npdi, *npdi != '\0' && *rn != '\0' ? ", " : "", rn,
			    *cic != '\0' && (*npdi != '\0' || *rn != '\0') ? ", " : "", cic);
}

static void uri_row(struct table *table, const struct onnet_uri *uri, size_t number)
{
	const char *cell[] = {
		arena_printf(table->arena, "%zu", number),
		uri->service,
		uri->uri,
		arena_printf(table->arena, "%u s", uri->ttl),
		pstn_text(table->arena, &uri->pstn),
	};

	for (size_t k = 0; k < table->columns; k++)
		table->failed |= cell[k] == NULL;
	table_row(table, cell);
}

static void put_uris(struct text *out, const struct onnet_result *result)
{
	struct arena arena = { 0 };
	struct table table = { .arena = &arena, .columns = 5 };

	table_row(&table, (const char *const[]){ "order", "service", "URI", "TTL", "portability" });
	for (size_t i = 0; i < result->uri_count; i++)
		uri_row(&table, &result->uris[i], i + 1);
	table_format(out, &table, "  ");
	out->failed |= table.failed;
	arena_done(&arena);
}

/* The same with the servers of each. */
static void put_followed(struct text *out, const struct onnet_result *result)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < result->uri_count; i++) {
		const struct onnet_uri *uri = &result->uris[i];
		const char *pstn = pstn_text(&arena, &uri->pstn);

		text_printf(out, "%s  %zu  ", i > 0 ? "\n" : "", i + 1);
		text_visible(out, slice_text(uri->uri));
		text_puts(out, "   ");
		text_visible(out, slice_text(uri->service));
		text_printf(out, "   TTL %u s", uri->ttl);
		if (pstn == NULL)
			out->failed = true;
		else if (*pstn != '\0')
			text_printf(out, "   %s", pstn);
		text_puts(out, "\n");
		if (uri->target_count > 0) {
			resolve_targets(out, uri->targets, uri->target_count, "       ");
			put_certificate(out, uri->targets, uri->target_count, "       ");
		} else if (uri->error != ONNET_OK) {
			text_printf(out, "       no servers: %s\n", onnet_error_text(uri->error));
		} else {
			text_puts(out, "       not a SIP URI: not followed\n");
		}
	}
	arena_done(&arena);
}

/* --- the whole --- */

/*
 * The explanation, made fit for a terminal, without the line that only says the reason again. At
 * most lines of it.
 */
static int put_explanation(struct text *out, const struct onnet_result *result, size_t lines)
{
	size_t left_out = 0;
	char *tree;

	if (onnet_result_explain(result, &tree) < 0)
		return out_of_memory();
	for (const char *line = tree, *end; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		struct slice text = slice_make(line, (size_t)(end - line));

		if (slice_equal(text, slice_text(result->reason)))
			continue;
		if (lines == 0) {
			left_out++;
			continue;
		}
		lines--;
		text_puts(out, "  ");
		text_visible(out, text);
		text_puts(out, "\n");
	}
	if (left_out > 0)
		text_printf(out, "  (%zu more lines: --explain)\n", left_out);
	free(tree);
	return 0;
}

static int show_found(const struct resolve_options *o, const struct onnet_result *result)
{
	static const char *const security[] = {
		[ONNET_UNCHECKED] = "",
		[ONNET_INSECURE] = "   not all of it signed (DNSSEC)",
		[ONNET_SECURE] = "   signed, and the signatures hold (DNSSEC)",
	};
	struct text out = { 0 };
	int code = 0;

	text_visible(&out, slice_text(result->input));
	text_printf(&out, "%s\n", security[result->security]);
	if (result->uri_count == 0) {
		resolve_targets(&out, result->targets, result->target_count, "  ");
		put_certificate(&out, result->targets, result->target_count, "  ");
	} else if (o->resolver.lookup.follow) {
		put_followed(&out, result);
	} else {
		put_uris(&out, result);
	}
	if (o->explain) {
		text_puts(&out, "\n");
		code = put_explanation(&out, result, SIZE_MAX);
	}
	if (code != 0)
		text_done(&out);
	return code != 0 ? code : text_show(&out);
}

static void put_sentence(struct text *out, const struct onnet_result *result)
{
	const char *reason = result->reason;
	const char *usual = onnet_error_text(result->error);

	/* What was asked for stands below anyway. */
	if (reason[0] == '\0' || strncmp(reason, usual, strlen(usual)) == 0)
		reason = usual;
	text_puts(out, "onnet: ");
	text_visible(out, slice_text(result->input[0] != '\0' ? result->input : "''"));
	text_puts(out, ": ");
	text_visible(out, slice_text(reason));
	text_puts(out, "\n");
}

/*
 * The explanation goes where it was asked to go; unasked it is part of the message, since what was
 * looked for is what a person needs to know next.
 */
static int show_failure(const struct resolve_options *o, const struct onnet_result *result)
{
	struct text tree = { 0 }, message = { 0 };
	bool looked = result->questions > 0;
	int code = looked ? put_explanation(&tree, result, o->explain ? SIZE_MAX : UNASKED_LINES) :
			    0;

	if (code != 0)
		return code;
	if (o->explain && looked)
		fputs(text_get(&tree), stdout);
	fflush(stdout);
	put_sentence(&message, result);
	if (looked && !o->explain)
		text_printf(&message, "looked for:\n%s", text_get(&tree));
	resolve_advise(&message, o, result);
	fputs(text_get(&message), stderr);
	bool failed = tree.failed || message.failed;
	text_done(&tree);
	text_done(&message);
	return failed ? out_of_memory() : EXIT_LOOKUP + (int)result->error;
}

int resolve_show(const struct resolve_options *o, const struct onnet_result *result)
{
	return result->error == ONNET_OK ? show_found(o, result) : show_failure(o, result);
}

/* What a line is made of is divided by tabs and blanks, so none may be in a part of it. */
static void put_part(struct text *out, const char *text)
{
	for (; *text != '\0'; text++) {
		uint8_t c = (uint8_t)*text;

		if (c <= 0x20 || c == 0x7f)
			text_printf(out, "\\%03u", c);
		else
			text_add(out, &c, 1);
	}
}

static void line_targets(struct text *out, const struct onnet_target *target, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : " ");
		put_address(out, &target[i].endpoint.address);
		text_printf(out, "/%s", onnet_transport_name(target[i].endpoint.transport));
	}
}

void resolve_line(struct text *out, const struct onnet_result *result)
{
	text_visible(out, slice_text(result->input));
	text_printf(out, "\t%s\t", onnet_error_name(result->error));
	line_targets(out, result->targets, result->target_count);
	for (size_t i = 0; i < result->uri_count; i++) {
		const struct onnet_uri *uri = &result->uris[i];

		text_puts(out, i == 0 ? "" : " ");
		put_part(out, uri->uri);
		if (uri->target_count == 0)
			continue;
		text_puts(out, " (");
		line_targets(out, uri->targets, uri->target_count);
		text_puts(out, ")");
	}
	text_puts(out, "\n");
}
