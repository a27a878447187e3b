/* SPDX-License-Identifier: MIT */
/* A result as JSON, and its explanation as text. What the members mean: onnet(1), "--json". */
#include <errno.h>
#include <stdlib.h>

#include "resolve/endpoint.h"
#include "resolve/lookup.h"
#include "resolve/trace.h"

static const char *const kinds[] = {
	[ONNET_KIND_SIP] = "sip",
	[ONNET_KIND_ENUM] = "enum",
	[ONNET_KIND_ISN] = "isn",
};

static const char *const securities[] = {
	[ONNET_INSECURE] = "insecure",
	[ONNET_SECURE] = "secure",
};

/* "name":"value", with a comma behind; null for NULL. */
static void put_text(struct text *to, const char *name, const char *value)
{
	text_printf(to, "\"%s\":", name);
	if (value == NULL)
		text_puts(to, "null");
	else
		text_json(to, slice_text(value));
	text_puts(to, ",");
}

static void put_error(struct text *to, enum onnet_error error)
{
	put_text(to, "error", error == ONNET_OK ? NULL : onnet_error_name(error));
}

static void put_target(struct text *to, const struct onnet_target *t)
{
	char address[ADDRESS_TEXT_ROOM];

	address_format(address, &t->endpoint.address);
	text_puts(to, "{");
	put_text(to, "transport", onnet_transport_name(t->endpoint.transport));
	put_text(to, "address", address);
	text_printf(to, "\"port\":%u,", address_port(&t->endpoint.address));
	put_text(to, "host", t->host);
	put_text(to, "domain", t->domain);
	text_printf(to, "\"ttl\":%u,\"priority\":%u,\"weight\":%u,\"share\":%u.%06u,\"grey\":%s}",
		    t->ttl, t->priority, t->weight, t->share / 1000000, t->share % 1000000,
		    t->grey ? "true" : "false");
}

static void put_targets(struct text *to, const struct onnet_target *targets, size_t count)
{
	text_puts(to, "\"targets\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_puts(to, ",");
		put_target(to, &targets[i]);
	}
	text_puts(to, "]");
}

static void put_pstn(struct text *to, const struct onnet_pstn *p)
{
	text_printf(to, ",\"pstn\":{");
	put_text(to, "rn", p->rn);
	put_text(to, "cic", p->cic);
	text_printf(to, "\"npdi\":%s}", p->npdi ? "true" : "false");
}

static void put_uri(struct text *to, const struct onnet_uri *u, bool followed)
{
	text_puts(to, "{");
	put_text(to, "service", u->service);
	put_text(to, "type", u->type);
	put_text(to, "uri", u->uri);
	text_printf(to, "\"ttl\":%u,\"order\":%u,\"preference\":%u", u->ttl, u->order,
		    u->preference);
	if (u->pstn.npdi || u->pstn.rn != NULL || u->pstn.cic != NULL)
		put_pstn(to, &u->pstn);
	if (followed) {
		text_puts(to, ",");
		put_error(to, u->error);
		put_targets(to, u->targets, u->target_count);
	}
	text_puts(to, "}");
}

static void put_result(struct text *to, const struct onnet_result *r)
{
	const struct machine *m = (const struct machine *)r;

	text_puts(to, "{");
	put_text(to, "input", r->input);
	put_text(to, "kind", kinds[r->kind]);
	put_error(to, r->error);
	if (r->error != ONNET_OK)
		put_text(to, "reason", r->reason);
	if (r->security != ONNET_UNCHECKED)
		put_text(to, "dnssec", securities[r->security]);
	put_targets(to, r->targets, r->target_count);
	text_puts(to, ",\"uris\":[");
	for (size_t i = 0; i < r->uri_count; i++) {
		if (i > 0)
			text_puts(to, ",");
		put_uri(to, &r->uris[i], m->follow);
	}
	text_puts(to, "]");
	if (m->trace != NULL) {
		text_puts(to, ",\"trace\":");
		trace_json(to, m->trace);
	}
	text_puts(to, "}");
}

/* The text is the caller's to free(). */
static int text_give(struct text *text, char **ret)
{
	if (text->data == NULL)
		text_add(text, "", 0);
	if (text->failed) {
		text_done(text);
		return -ENOMEM;
	}
	*ret = text->data;
	return 0;
}

int onnet_result_json(const struct onnet_result *result, char **ret)
{
	struct text text = { 0 };

	put_result(&text, result);
	return text_give(&text, ret);
}

int onnet_result_explain(const struct onnet_result *result, char **ret)
{
	const struct machine *m = (const struct machine *)result;
	struct text text = { 0 };

	if (m->trace != NULL)
		trace_text(&text, m->trace);
	return text_give(&text, ret);
}
