/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What to do about a look-up that found nothing: what to publish and by which command, whom to ask
 * whether he is up, or how the input should have been written. Each is a line or a few, and
 * says no more than follows from the error: the reasons in detail are in the explanation.
 */
#include "cmd/resolve.h"
#include "onnet/number.h"
#include "publish/table.h"
#include "tel/sip_uri.h"
#include "tel/sip_via.h"

/* What the advice is about. Either has a domain or a number. */
struct subject {
	const struct resolve_options *o;
	const struct onnet_result *result;
	char domain[256]; /* whose servers were looked for; "" where it is an address or nothing */
	char number[ONNET_NUMBER_ROOM];
};

static void set_domain(struct subject *subject, const struct sip_host *host)
{
	size_t size = host->text.size;

	if (host->kind != SIP_HOST_NAME || size >= sizeof(subject->domain))
		return;
	memcpy(subject->domain, host->text.data, size);
	if (size > 1 && subject->domain[size - 1] == '.')
		size--;
	subject->domain[size] = '\0';
}

static void find_subject(struct subject *subject)
{
	struct slice input = slice_text(subject->result->input);
	const char *why;
	struct sip_uri uri;
	struct sip_via via;

	if (subject->result->kind != ONNET_KIND_SIP)
		onnet_number_normalize(subject->number, subject->result->input, NULL);
	else if (subject->o->via && sip_via_parse(input, &via, &why) == 0)
		set_domain(subject, via.has_maddr ? &via.maddr : &via.sent_by);
	else if (!subject->o->via && sip_uri_parse(input, &uri, &why) == 0)
		set_domain(subject, uri.has_maddr ? &uri.maddr : &uri.host);
}

/* The start of a command line that asks, or changes, whom this run asked. */
static void put_onnet(struct text *out, const struct subject *subject)
{
	const char *const *servers = subject->o->resolver.servers;

	text_puts(out, "onnet ");
	if (servers != NULL)
		text_printf(out, "--server %s ", servers[0]);
}

/* --- the input --- */

static bool is_domain(const char *text)
{
	return strchr(text, '.') != NULL && strpbrk(text, ":;?<>\"@/ ") == NULL;
}

static void advise_uri(struct text *out, const struct subject *subject)
{
	const char *input = subject->result->input;
	size_t user = strcspn(input, "@");

	if (subject->o->via) {
		text_puts(out, "a Via is written SIP/2.0/UDP host:port\n");
	} else if (is_domain(input + (input[user] == '@' ? user + 1 : 0)) &&
		   strchr(input, ':') == NULL) {
		text_puts(out, "with its scheme it is one: ");
		put_onnet(out, subject);
		text_puts(out, "resolve sip:");
		text_visible(out, slice_text(input));
		text_puts(out, "\n");
	} else {
		text_puts(out, "SIP URIs are written sip:alice@example.net, numbers +12025550123, "
			       "ISNs 123*543\n");
	}
}

static void advise_number(struct text *out, const struct subject *subject)
{
	(void)subject;
	text_puts(out, "numbers are written +12025550123, with their country code; ISNs 123*543\n");
}

/* --- what is not published --- */

static void put_domain_command(struct text *out, const struct subject *subject, const char *verb,
			       const char *rest)
{
	put_onnet(out, subject);
	text_printf(out, "domain %s %s%s\n", verb, subject->domain, rest);
}

static void publish_domain(struct text *out, const struct subject *subject)
{
	const char *domain = subject->domain;

	if (domain[0] == '\0')
		return;
	text_printf(out,
		    "To be found, %s needs SRV records for its SIP servers,\nthese need addresses, "
		    "and NAPTR records say which transport is best. If it is yours:\n  ",
		    domain);
	if (subject->result->error == ONNET_NO_RECORDS) {
		put_domain_command(out, subject, "show", "");
		text_puts(out, "  ");
	}
	put_domain_command(out, subject, "set",
			   " --server sip1,address=192.0.2.1 --transport tls,tcp,udp");
}

static void put_suffixes(struct text *out, const char *const *suffixes, const char *usual)
{
	if (suffixes == NULL) {
		text_puts(out, usual);
		return;
	}
	for (size_t i = 0; suffixes[i] != NULL; i++)
		text_printf(out, "%s%s", i == 0 ? "" : ", ", suffixes[i]);
}

static void publish_number(struct text *out, const struct subject *subject)
{
	const struct onnet_lookup_options *lookup = &subject->o->resolver.lookup;
	bool isn = subject->result->kind == ONNET_KIND_ISN;
	const char *const *suffixes = isn ? lookup->isn_suffixes : lookup->e164_suffixes;

	if (subject->number[0] == '\0')
		return;
	text_printf(out, "%s is not published below ", subject->number);
	put_suffixes(out, suffixes, isn ? "freenum.org" : "e164.arpa");
	if (suffixes == NULL)
		text_puts(out, " (no onnet.yaml names another domain, and no --suffix)");
	if (lookup->infrastructure) {
		text_puts(out, " for carriers.\n");
		return;
	}
	text_puts(out, ". If it is yours, this publishes it:\n  ");
	put_onnet(out, subject);
	text_printf(out, "number set '%s' sip:USER@DOMAIN", subject->number);
	if (suffixes != NULL)
		text_printf(out, " --zone %s", suffixes[0]);
	text_puts(out, "\n");
}

static void advise_publish(struct text *out, const struct subject *subject)
{
	if (subject->result->kind == ONNET_KIND_SIP)
		publish_domain(out, subject);
	else
		publish_number(out, subject);
}

/* --- what is, but does not fit --- */

static void advise_match(struct text *out, const struct subject *subject)
{
	const char *const *services = subject->o->resolver.lookup.services;

	if (services != NULL) {
		text_puts(out, "Wanted were the services ");
		put_suffixes(out, services, "");
		text_puts(out, "; without --services every one counts.\n");
	}
	if (subject->number[0] == '\0')
		return;
	text_puts(out, "What is published: ");
	put_onnet(out, subject);
	text_printf(out, "number show '%s'\n", subject->number);
}

static void advise_transport(struct text *out, const struct subject *subject)
{
	const enum onnet_transport *transports = subject->o->resolver.lookup.transports;

	text_puts(out, "The client has ");
	for (size_t i = 0; i < ONNET_TRANSPORTS && transports[i] != ONNET_TRANSPORT_NONE; i++)
		text_printf(out, "%s%s", i == 0 ? "" : ", ", onnet_transport_name(transports[i]));
	text_printf(out, "%s; --transports changes that.\n",
		    transports[0] == ONNET_TRANSPORT_NONE ? "udp, tcp, tls" : "");
	if (subject->domain[0] == '\0')
		return;
	text_puts(out, "What the domain offers: ");
	put_domain_command(out, subject, "show", "");
}

static void advise_service(struct text *out, const struct subject *subject)
{
	if (subject->o->exclude != NULL)
		text_puts(out, "Servers under --exclude are not tried; --avoid tries them last.\n");
	if (subject->domain[0] == '\0')
		return;
	text_puts(out, "An SRV record with the target \".\" says that there is no such service "
		       "(RFC 2782).\nTo offer it: ");
	put_domain_command(out, subject, "set", " --server sip1,address=192.0.2.1");
}

/* --- name servers --- */

static void advise_server(struct text *out, const struct subject *subject)
{
	const struct onnet_resolver_options *r = &subject->o->resolver;

	if (r->servers != NULL)
		text_printf(out,
			    "Asked was %s, for everything (--server). Is it up, and does it "
			    "hold these names?\n",
			    r->servers[0]);
	else if (r->stub_count > 0)
		text_printf(
			out,
			"Asked was %s for the zones of onnet.yaml, else the resolvers of "
			"/etc/resolv.conf.\nAre they up? \"onnet zone list\" asks the former.\n",
			r->stubs[0].server);
	else
		text_puts(out, "Asked were the resolvers of /etc/resolv.conf. Are they up, and do "
			       "they reach\nthe rest of the network?\n");
}

static void advise_signatures(struct text *out, const struct subject *subject)
{
	if (subject->o->resolver.dnssec == ONNET_DNSSEC_REQUIRE)
		text_puts(out, "--dnssec=require takes nothing unsigned; --dnssec does.\n");
	if (subject->domain[0] != '\0')
		text_printf(out, "Where the signatures break: delv %s\n", subject->domain);
}

static void advise_loop(struct text *out, const struct subject *subject)
{
	(void)subject;
	text_puts(out,
		  "One of the NAPTR records in that circle has to go, or to lead elsewhere.\n");
}

void resolve_advise(struct text *out, const struct resolve_options *o,
		    const struct onnet_result *result)
{
	static void (*const advice[])(struct text * out, const struct subject *subject) = {
		[ONNET_BAD_URI] = advise_uri,
		[ONNET_BAD_INPUT] = advise_number,
		[ONNET_NXDOMAIN] = advise_publish,
		[ONNET_NO_RECORDS] = advise_publish,
		[ONNET_NO_MATCH] = advise_match,
		[ONNET_NO_SUPPORTED_TRANSPORT] = advise_transport,
		[ONNET_SERVICE_NOT_AVAILABLE] = advise_service,
		[ONNET_UNALLOCATED] = NULL,
		[ONNET_LOOP] = advise_loop,
		[ONNET_TIMEOUT] = advise_server,
		[ONNET_SERVFAIL] = advise_server,
		[ONNET_BOGUS] = advise_signatures,
	};
	struct subject subject = { .o = o, .result = result };

	if ((size_t)result->error >= sizeof(advice) / sizeof(advice[0]) ||
	    advice[result->error] == NULL)
		return;
	find_subject(&subject);
	advice[result->error](out, &subject);
}
