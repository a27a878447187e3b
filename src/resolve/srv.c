/* SPDX-License-Identifier: MIT */
/*
 * SRV records (RFC 2782): by priority, and by weight among those of one priority.
 *
 * The RFC's algorithm draws from 0 to the sum of the weights, both included, and takes the first
 * record at which the running sum reaches the draw. With small weights that favours whatever
 * stands first: 1 and 3 share 2:3 or 1:4 by the order of the list. Here the draw is from as many
 * equal slots as the sum, so that shares are what was published. Records of weight 0 have "a very
 * small chance of being selected": one slot together, beside records that have weights, and equal
 * chances among themselves.
 *
 * One record whose target is "." says that the service is decidedly not there.
 */
#include "resolve/locate.h"
#include "resolve/trace.h"

static const char rule[] = "RFC 2782";

enum { WHOLE = 1000000 };

/* How many slots the hops have together, and how many of the hops are of weight 0. */
static uint64_t slots_count(const struct hop *hops, size_t count, size_t *zeros)
{
	uint64_t slots = 0;

	*zeros = 0;
	for (size_t i = 0; i < count; i++) {
		slots += hops[i].weight;
		*zeros += hops[i].weight == 0;
	}
	return slots + (*zeros > 0);
}

static void shares_set(struct hop *hops, size_t count)
{
	size_t zeros;
	uint64_t slots = slots_count(hops, count, &zeros);

	for (size_t i = 0; i < count; i++) {
		uint64_t share = hops[i].weight > 0 ? (uint64_t)WHOLE * hops[i].weight / slots :
						      WHOLE / slots / zeros;

		hops[i].share = (uint32_t)share;
	}
}

/* One hop of the group, by chance. */
static size_t hop_draw(struct machine *m, const struct hop *hops, size_t count)
{
	size_t zeros;
	uint64_t slot = machine_draw(m, slots_count(hops, count, &zeros));
	size_t zero = zeros > 0 ? (size_t)machine_draw(m, zeros) : 0;

	for (size_t i = 0; i < count; i++) {
		if (slot < hops[i].weight)
			return i;
		slot -= hops[i].weight;
	}
	for (size_t i = 0;; i++)
		if (hops[i].weight == 0 && zero-- == 0)
			return i;
}

static void group_order(struct machine *m, struct hop *hops, size_t count)
{
	shares_set(hops, count);
	for (size_t i = 0; i + 1 < count; i++) {
		size_t drawn = i + hop_draw(m, hops + i, count - i);
		struct hop hop = hops[drawn];

		/* The rest stays as it is, so what is drawn next does not depend on it. */
		memmove(hops + i + 1, hops + i, (drawn - i) * sizeof(*hops));
		hops[i] = hop;
	}
}

static void hops_order(struct machine *m, struct hop *hops, size_t count)
{
	/* By priority; sets are small, and insertion keeps what is equal as it is. */
	for (size_t i = 1; i < count; i++) {
		struct hop hop = hops[i];
		size_t at = i;

		for (; at > 0 && hops[at - 1].priority > hop.priority; at--)
			hops[at] = hops[at - 1];
		hops[at] = hop;
	}
	for (size_t start = 0, end; start < count; start = end) {
		for (end = start; end < count && hops[end].priority == hops[start].priority; end++)
			;
		group_order(m, hops + start, end - start);
	}
}

static bool hop_read(struct machine *m, const struct route *route, struct slice rdata,
		     struct hop *ret)
{
	struct reader r = read_begin(rdata.data, rdata.size);
	struct hop hop = { .ttl = route->srv->ttl };

	hop.trace = trace_record(m, route->srv->trace, MACHINE_SRV, rdata);
	hop.priority = read_u16(&r);
	hop.weight = read_u16(&r);
	hop.port = read_u16(&r);
	hop.name = read_name(&r);
	if (read_end(&r) < 0) {
		trace_drop(m, hop.trace, rule, "it is malformed");
		return false;
	}
	*ret = hop;
	return true;
}

void srv_read(struct machine *m, struct route *route)
{
	struct hop *hops = machine_take(m, route->srv->count, sizeof(*hops));
	size_t count = 0;

	if (hops == NULL)
		return;
	for (size_t i = 0; i < route->srv->count; i++)
		if (hop_read(m, route, route->srv->records[i], &hops[count]))
			count++;

	/* "A Target of "." means that the service is decidedly not available at this domain." */
	if (count == 1 && name_is_root(hops[0].name)) {
		route->unavailable = true;
		trace_drop(m, hops[0].trace, rule, "decidedly no such service");
		return;
	}
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (name_is_root(hops[i].name) || hops[i].port == 0)
			trace_drop(m, hops[i].trace, rule, "it names no host and port");
		else
			hops[kept++] = hops[i];
	}
	hops_order(m, hops, kept);
	for (size_t i = LOCATE_HOPS_MAX; i < kept; i++)
		trace_drop(m, hops[i].trace, NULL, "there are %d hosts already", LOCATE_HOPS_MAX);
	route->hops = hops;
	route->hop_count = kept < LOCATE_HOPS_MAX ? kept : LOCATE_HOPS_MAX;
	for (size_t i = 0; i < route->hop_count; i++)
		trace_take(m, hops[i].trace, rule, "number %zu to try", i + 1);
}
