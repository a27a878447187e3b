/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records as text: one line of a master file (RFC 1035 5.1).
 *
 * Writing. The types that a zone of numbers is made of are rows of a table of fields and are
 * written here, fast, in the shortest form that reads back the same. All other types libknot
 * writes; since its text need not read back (odd octets in a flag, a type that has no text
 * form), it is read again, and where the octets differ the generic form of RFC 3597 5 is written
 * in its place. So reading what was written gives the same octets, whatever they are.
 *
 * Reading is libzscanner's, one record at a time. It keeps upper and lower case in names, and it
 * takes the generic form for every type without looking inside, hence rdata_valid() afterwards.
 */
#include "dns/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libzscanner/scanner.h>
#include <stdlib.h>

#include "base/reader.h"
#include "dns/rdata.h"

/*
 * Fields in the order of the wire: b w l integers of 1, 2 and 4 octets; n a name; s a string;
 * S strings to the end; r the rest as one quoted string; 4 6 addresses.
 */
static const struct {
	uint16_t type;
	const char *fields;
} forms[] = {
	{ KNOT_RRTYPE_NAPTR, "wwsssn" }, { KNOT_RRTYPE_SRV, "wwwn" },
	{ KNOT_RRTYPE_A, "4" },          { KNOT_RRTYPE_AAAA, "6" },
	{ KNOT_RRTYPE_NS, "n" },         { KNOT_RRTYPE_CNAME, "n" },
	{ KNOT_RRTYPE_DNAME, "n" },      { KNOT_RRTYPE_PTR, "n" },
	{ KNOT_RRTYPE_MX, "wn" },        { KNOT_RRTYPE_TXT, "S" },
	{ KNOT_RRTYPE_SPF, "S" },        { KNOT_RRTYPE_SOA, "nnlllll" },
	{ KNOT_RRTYPE_HINFO, "ss" },     { KNOT_RRTYPE_URI, "wwr" },
};

/* --- names and types --- */

/* What stands for itself in a name without a backslash, for each reader that we know of. */
static bool name_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_' || c == '*' || c == '/';
}

void name_format(struct text *ret, const knot_dname_t *name)
{
	char out[KNOT_DNAME_TXT_MAXLEN + 1];
	size_t size = 0;

	for (const uint8_t *label = name; *label != 0; label += *label + 1) {
		for (uint8_t i = 1; i <= *label; i++) {
			uint8_t c = label[i];

			/* "\#" at the start of RDATA would be its generic form */
			if (c <= ' ' || c >= 0x7f || c == '#') {
				out[size++] = '\\';
				out[size++] = (char)('0' + c / 100);
				out[size++] = (char)('0' + c / 10 % 10);
				out[size++] = (char)('0' + c % 10);
				continue;
			}
			if (!name_plain(c))
				out[size++] = '\\';
			out[size++] = (char)c;
		}
		out[size++] = '.';
	}
	if (size == 0)
		out[size++] = '.';
	text_add(ret, out, size);
}

/* Whether the text ends in a dot that no backslash takes away. */
static bool is_absolute(const char *text)
{
	bool dot = false;

	for (; *text != '\0'; text++) {
		dot = *text == '.';
		if (*text == '\\' && *++text == '\0')
			break;
	}
	return dot;
}

int name_store(knot_dname_storage_t ret, const knot_dname_t *origin, const char *text)
{
	knot_dname_storage_t name;

	if (origin == NULL)
		origin = (const knot_dname_t *)"";
	if (strcmp(text, "@") == 0)
		text = "";
	else if (knot_dname_from_str(name, text, sizeof(name)) == NULL)
		return -EINVAL;

	size_t size = *text == '\0' ? 1 : knot_dname_size(name);
	size_t more = is_absolute(text) ? 1 : knot_dname_size(origin);
	if (size - 1 + more > KNOT_DNAME_MAXLEN)
		return -EINVAL;
	if (more > 1)
		memcpy(name + size - 1, origin, more);
	else
		name[size - 1] = 0;
	memcpy(ret, name, size - 1 + more);
	return 0;
}

knot_dname_t *name_parse(struct arena *arena, const knot_dname_t *origin, const char *text)
{
	knot_dname_storage_t name;

	if (name_store(name, origin, text) < 0)
		return NULL;
	return arena_copy(arena, name, knot_dname_size(name));
}

int type_parse(uint16_t *ret, const char *text)
{
	uint16_t type;

	if (knot_rrtype_from_string(text, &type) != 0)
		return -EINVAL;
	*ret = type;
	return 0;
}

void type_format(struct text *ret, uint16_t type)
{
	char name[32];

	if (knot_rrtype_to_string(type, name, sizeof(name)) > 0)
		text_puts(ret, name);
	else
		text_printf(ret, "TYPE%u", type);
}

/* --- writing --- */

static void format_string(struct text *ret, struct slice s)
{
	size_t plain = 0;

	text_add(ret, "\"", 1);
	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
			continue;
		text_add(ret, s.data + plain, i - plain);
		plain = i + 1;
		if (c == '"' || c == '\\')
			text_printf(ret, "\\%c", c);
		else
			text_printf(ret, "\\%03u", c);
	}
	text_add(ret, s.data + plain, s.size - plain);
	text_add(ret, "\"", 1);
}

static void format_address(struct text *ret, int family, struct slice octets)
{
	char address[INET6_ADDRSTRLEN];

	/* a reader that has failed gives no octets */
	if (octets.size > 0 && inet_ntop(family, octets.data, address, sizeof(address)) != NULL)
		text_puts(ret, address);
}

static void format_name(struct text *ret, struct reader *r)
{
	int size = r->failed ? -1 : knot_dname_wire_check(r->pos, r->end, NULL);

	if (size > 0)
		name_format(ret, r->pos);
	read_bytes(r, size > 0 ? (size_t)size : read_left(r) + 1);
}

/* Appends one field; a reader that fails leaves rubbish, which the caller takes back. */
static void format_field(struct text *ret, char field, struct reader *r)
{
	switch (field) {
	case 'w':
		text_printf(ret, "%u", read_u16(r));
		break;
	case 'l':
		text_printf(ret, "%u", read_u32(r));
		break;
	case 'n':
		format_name(ret, r);
		break;
	case 's':
		format_string(ret, read_string(r));
		break;
	case 'S':
		format_string(ret, read_string(r));
		while (!r->failed && read_left(r) > 0) {
			text_add(ret, " ", 1);
			format_string(ret, read_string(r));
		}
		break;
	case 'r':
		format_string(ret, read_bytes(r, read_left(r)));
		break;
	case '4':
		format_address(ret, AF_INET, read_bytes(r, 4));
		break;
	case '6':
		format_address(ret, AF_INET6, read_bytes(r, 16));
		break;
	}
}

static void text_cut(struct text *text, size_t size)
{
	text->size = size;
	if (text->data != NULL)
		text->data[size] = '\0';
}

static const char *form_find(uint16_t type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].type == type)
			return forms[i].fields;
	return NULL;
}

/* Whether the fields of the form fit the octets exactly; then they have been appended. */
static bool format_fields(struct text *ret, const char *fields, struct slice rdata)
{
	struct reader r = read_begin(rdata.data, rdata.size);
	size_t before = ret->size;

	for (const char *field = fields; *field != '\0' && !r.failed; field++) {
		if (field > fields)
			text_add(ret, " ", 1);
		format_field(ret, *field, &r);
	}
	if (read_end(&r) == 0)
		return true;
	text_cut(ret, before);
	return false;
}

/* RFC 3597 5 */
static void format_generic(struct text *ret, struct slice rdata)
{
	static const char digits[] = "0123456789abcdef";

	text_printf(ret, "\\# %zu", rdata.size);
	for (size_t i = 0; i < rdata.size; i++) {
		char hex[3] = { ' ', digits[rdata.data[i] >> 4], digits[rdata.data[i] & 15] };

		text_add(ret, i == 0 ? hex : hex + 1, i == 0 ? 3 : 2);
	}
}

/* The text that libknot gives to a record, in the arena; -ENOENT where it gives none. */
static int knot_text(struct arena *arena, char **ret, uint16_t type, struct slice rdata)
{
	size_t room = rdata.size * 8 + 1024;
	char *out = arena_take(arena, room);
	knot_rrset_t set;

	knot_rrset_init(&set, (knot_dname_t *)"", type, KNOT_CLASS_IN, 0);
	if (out == NULL ||
	    knot_rrset_add_rdata(&set, rdata.data, (uint16_t)rdata.size, NULL) != KNOT_EOK)
		return -ENOMEM;

	knot_dump_style_t style = { 0 };
	int size = knot_rrset_txt_dump_data(&set, 0, out, room, &style);
	knot_rdataset_clear(&set.rrs, NULL);
	while (size > 0 && out[size - 1] == ' ')
		out[--size] = '\0';
	if (size <= 0)
		return -ENOENT;
	*ret = out;
	return 0;
}

/* -ENOENT where libknot's text does not read back as these octets. */
static int format_by_knot(struct text *ret, uint16_t type, struct slice rdata)
{
	struct arena arena = { 0 };
	struct slice again;
	const char *why;
	char *out;

	if (knot_get_rdata_descriptor(type)->type_name == NULL || rdata.size == 0 ||
	    rdata.size > UINT16_MAX || !rdata_valid(type, rdata))
		return -ENOENT;

	int err = knot_text(&arena, &out, type, rdata);
	if (err == 0)
		err = rdata_parse(&arena, &again, (const knot_dname_t *)"", type, out, &why);
	if (err == -EINVAL || (err == 0 && !slice_equal(again, rdata)))
		err = -ENOENT;
	if (err == 0)
		text_puts(ret, out);
	arena_done(&arena);
	return err;
}

int rdata_format(struct text *ret, uint16_t type, struct slice rdata)
{
	const char *fields = form_find(type);
	int err;

	if (fields != NULL)
		err = format_fields(ret, fields, rdata) ? 0 : -ENOENT;
	else
		err = format_by_knot(ret, type, rdata);
	if (err == -ENOENT) {
		format_generic(ret, rdata);
		err = 0;
	}
	return ret->failed ? -ENOMEM : err;
}

int record_format(struct text *ret, const struct record *r)
{
	char name[32];

	name_format(ret, r->owner);
	text_printf(ret, " %u ", r->ttl);
	if (knot_rrclass_to_string(r->rclass, name, sizeof(name)) > 0)
		text_puts(ret, name);
	text_add(ret, " ", 1);
	type_format(ret, r->type);
	text_add(ret, " ", 1);
	return rdata_format(ret, r->type, r->rdata);
}

/* --- reading --- */

static int scan_one(zs_scanner_t *scanner, const struct text *line, const char **why)
{
	if (zs_set_input_string(scanner, line->data, line->size) != 0)
		return -ENOMEM;
	if (zs_parse_record(scanner) != 0 || scanner->state != ZS_STATE_DATA) {
		*why = scanner->state == ZS_STATE_ERROR ? zs_strerror(scanner->error.code) :
							  "not one record";
		return -EINVAL;
	}
	return 0;
}

/* Nothing may follow the first record; the scanner still holds that one. */
static bool scan_ends(const zs_scanner_t *scanner)
{
	for (const char *c = scanner->input.current; c < scanner->input.end; c++)
		if (*c != '\n' && *c != ' ' && *c != '\t')
			return false;
	return true;
}

static int scan_rdata(zs_scanner_t *scanner, struct arena *arena, struct slice *ret,
		      const struct text *line, const char **why)
{
	int err = scan_one(scanner, line, why);

	if (err < 0)
		return err;
	if (!scan_ends(scanner)) {
		*why = "more than one record";
		return -EINVAL;
	}

	struct slice rdata = slice_make(scanner->r_data, scanner->r_data_length);
	if (!rdata_valid(scanner->r_type, rdata)) {
		*why = "the octets are no record of this type";
		return -EINVAL;
	}
	rdata.data = arena_copy(arena, rdata.data, rdata.size);
	if (rdata.data == NULL)
		return -ENOMEM;
	*ret = rdata;
	return 0;
}

int rdata_parse(struct arena *arena, struct slice *ret, const knot_dname_t *origin, uint16_t type,
		const char *text, const char **why)
{
	zs_scanner_t *scanner = malloc(sizeof(*scanner));
	struct text line = { 0 }, zone = { 0 };
	int err = -ENOMEM;

	*why = "out of memory";
	text_puts(&line, ". 0 IN ");
	type_format(&line, type);
	text_printf(&line, " %s\n", text);
	name_format(&zone, origin);
	if (scanner == NULL || line.failed || zone.failed)
		goto out;
	if (zs_init(scanner, text_get(&zone), KNOT_CLASS_IN, 0) == 0) {
		err = scan_rdata(scanner, arena, ret, &line, why);
		zs_deinit(scanner);
	}
out:
	free(scanner);
	text_done(&line);
	text_done(&zone);
	return err;
}
