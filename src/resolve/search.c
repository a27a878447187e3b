/* SPDX-License-Identifier: MIT */
/*
 * A number's way to its URIs: ENUM (RFC 6116 3) and ISN, under each suffix in the order of the
 * list, private trees before public ones. The first suffix that has something for the number
 * decides, and be it that nobody has it; where one has nothing, or nothing that fits, or does not
 * answer, the next one is asked. If none has anything, the reason that tells most is given.
 *
 * ENUM between carriers (RFC 5526, RFC 5527) puts the label i behind the country code:
 * +441632960083 is 3.8.0.0.6.9.2.3.6.1.i.4.4 under the suffix.
 */
#include "resolve/search.h"

#include <errno.h>

#include "resolve/trace.h"
#include "tel/country.h"

/* The name of a number, in text. */
static int owner_make(const struct machine *m, const struct number *number, const char *suffix,
		      char ret[NUMBER_OWNER_ROOM])
{
	struct number national = *number;
	struct number country = *number;
	char branch[NUMBER_OWNER_ROOM + 2] = "i.";
	size_t size;

	if (!m->infrastructure || number->kind != NUMBER_E164)
		return number_owner(ret, NUMBER_OWNER_ROOM, number, suffix);
	size = country_code_size(number->digits);
	country.digits[size] = '\0';
	memmove(national.digits, number->digits + size, strlen(number->digits + size) + 1);

	int err = number_owner(branch + 2, NUMBER_OWNER_ROOM, &country, suffix);
	return err < 0 ? err : number_owner(ret, NUMBER_OWNER_ROOM, &national, branch);
}

/* Asks under the suffix; one that makes no name is passed over. */
static void suffix_begin(struct machine *m, struct search *s)
{
	char owner[NUMBER_OWNER_ROOM];
	struct name name;

	s->rules = NULL;
	for (; s->suffixes[s->suffix] != NULL && s->rules == NULL && !m->no_memory; s->suffix++) {
		const char *suffix = s->suffixes[s->suffix];

		if (owner_make(m, &s->input.number, suffix, owner) < 0 ||
		    name_parse(&name, slice_text(owner)) < 0)
			trace_note(m, m->trace, NULL, "%s makes no domain name", suffix);
		else
			s->rules = rules_begin(m, name_slice(&name), s->subject, NULL, m->trace);
	}
}

struct search *search_begin(struct machine *m, const struct input *input)
{
	struct search *s = machine_take(m, 1, sizeof(*s));
	char subject[NUMBER_TEXT_ROOM];

	if (s == NULL)
		return NULL;
	s->input = *input;
	number_subject(subject, &input->number);
	s->subject = machine_printf(m, "%s", subject);
	s->suffixes = input->number.kind == NUMBER_ISN ? m->isn_suffixes : m->e164_suffixes;
	s->error = ONNET_NXDOMAIN;
	suffix_begin(m, s);
	return s;
}

static void uris_take(struct machine *m, struct search *s)
{
	size_t count = 0;

	for (const struct rules_uri *u = s->rules->uris; u != NULL; u = u->next)
		count++;
	if (count > ONNET_URIS_MAX) {
		trace_note(m, m->trace, NULL, "of %zu URIs the first %d are kept", count,
			   ONNET_URIS_MAX);
		count = ONNET_URIS_MAX;
	}
	s->uris = machine_take(m, count, sizeof(*s->uris));
	if (s->uris == NULL)
		return;
	for (const struct rules_uri *u = s->rules->uris; s->uri_count < count; u = u->next)
		s->uris[s->uri_count++] = u->uri;
}

bool search_step(struct machine *m, struct search *s)
{
	s->reason = "";
	while (s->rules != NULL) {
		if (!rules_step(m, s->rules))
			return false;
		if (s->rules->uris != NULL) {
			s->error = ONNET_OK;
			uris_take(m, s);
			return true;
		}
		if (s->rules->unallocated) {
			s->error = ONNET_UNALLOCATED;
			break;
		}
		s->error = error_worse(s->error, s->rules->error);
		suffix_begin(m, s);
	}
	s->reason = onnet_error_text(s->error);
	return !m->no_memory;
}
