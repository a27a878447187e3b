/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values that are one word: each is checked, turned into what the program uses, and where it is
 * wrong the message says what would be right.
 */
#include "conf/value.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "conf/address.h"
#include "conf/name.h"

enum { DEFAULT_PORT = 53, METRICS_PORT = 9153, USER_SIZE = 32, E164_DIGITS = 15 };

static int value_fault(struct reading *r, const struct row *row, const struct node *node,
		       const char *wanted)
{
	return fault_add(r->faults, node->mark, "%s: '%.80s' is not %s", row->word, node->text,
			 wanted);
}

static int count_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;
	uint64_t value;

	if (decimal_parse(&value, text, row->most) < 0 || value < row->least)
		return fault_add(r->faults, node->mark,
				 "%s: '%.80s' is not a number from %ju to %ju", row->word, text,
				 (uintmax_t)row->least, (uintmax_t)row->most);
	*(unsigned *)ret = (unsigned)value;
	return 0;
}

static int size_parse(uint64_t *ret, const char *text, uint64_t most)
{
	static const struct {
		char letter;
		unsigned shift;
	} units[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };
	size_t size = strlen(text);
	char digits[24];
	unsigned shift = 0;

	if (size == 0 || size >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, size + 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (digits[size - 1] != units[i].letter)
			continue;
		shift = units[i].shift;
		digits[size - 1] = '\0';
		break;
	}
	uint64_t value;

	if (decimal_parse(&value, digits, most >> shift) < 0)
		return -EINVAL;
	*ret = value << shift;
	return 0;
}

static int size_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;
	uint64_t value;

	if (size_parse(&value, text, row->most) < 0 || value < row->least)
		return fault_add(r->faults, node->mark,
				 "%s: '%.80s' is not a size from %juK to %juG (octets; K, M or G "
				 "behind the number)",
				 row->word, text, (uintmax_t)row->least >> 10,
				 (uintmax_t)row->most >> 30);
	*(uint64_t *)ret = value;
	return 0;
}

/* "90", "90s", "15m", "12h", "30d", "2w" */
static int duration_read(struct reading *r, const struct row *row, const struct node *node,
			 void *ret)
{
	static const char units[] = "smhdw";
	static const uint64_t seconds[] = { 1, 60, 3600, 86400, 7 * 86400 };
	const char *text = node->text, *unit = NULL;
	uint64_t value = 0;
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; i < digits && value <= row->most; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (text[digits] != '\0')
		unit = text[digits + 1] == '\0' ? strchr(units, text[digits]) : NULL;
	if (unit != NULL && value <= row->most)
		value *= seconds[unit - units];
	if (digits == 0 || (unit == NULL && text[digits] != '\0') || value < row->least ||
	    value > row->most)
		return fault_add(r->faults, node->mark,
				 "%s: '%.80s' is not a time from %jus to %jud (seconds; s, m, h, d "
				 "or w behind the number)",
				 row->word, text, (uintmax_t)row->least,
				 (uintmax_t)row->most / 86400);
	*(uint64_t *)ret = value;
	return 0;
}

static int flag_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	static const struct {
		const char *text;
		bool value;
	} flags[] = {
		{ "on", true },  { "off", false }, { "yes", true },
		{ "no", false }, { "true", true }, { "false", false },
	};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(node->text, flags[i].text) == 0) {
			*(bool *)ret = flags[i].value;
			return 0;
		}
	}
	return value_fault(r, row, node, "on or off");
}

static int read_address(struct reading *r, const struct row *row, const struct node *node,
			struct conf_address *ret, uint16_t default_port)
{
	char why[REMEDY_SIZE];

	if (address_parse(ret, node->text, default_port, why) < 0)
		return fault_add(r->faults, node->mark,
				 "%s: '%.80s': %s; wanted is ADDRESS or ADDRESS@PORT", row->word,
				 node->text, why);
	return 0;
}

static int address_read(struct reading *r, const struct row *row, const struct node *node,
			void *ret)
{
	return read_address(r, row, node, ret, DEFAULT_PORT);
}

static int address_tls_read(struct reading *r, const struct row *row, const struct node *node,
			    void *ret)
{
	return read_address(r, row, node, ret, CONF_PORT_TLS);
}

static int metrics_read(struct reading *r, const struct row *row, const struct node *node,
			void *ret)
{
	return read_address(r, row, node, ret, METRICS_PORT);
}

static size_t address_identity(const void *thing, uint8_t *ret)
{
	const struct conf_address *address = thing;

	memcpy(ret, &address->socket, address->size);
	return address->size;
}

/* What Linux takes for an interface's name (dev_valid_name()), without the '@' that is ours. */
static bool interface_name_good(const char *name, size_t size)
{
	static const char forbidden[] = "/: \t\n\v\f\r";

	if (size == 0 || size >= IF_NAMESIZE || strcspn(name, forbidden) < size)
		return false;
	return !(name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')));
}

static int interface_read(struct reading *r, const struct row *row, const struct node *node,
			  void *ret)
{
	const char *text = node->text;
	size_t size = strcspn(text, "@");
	uint64_t port = DEFAULT_PORT;

	if (!interface_name_good(text, size) ||
	    (text[size] == '@' &&
	     (decimal_parse(&port, text + size + 1, UINT16_MAX) < 0 || port == 0)))
		return value_fault(r, row, node,
				   "a network interface; wanted is INTERFACE or INTERFACE@PORT");

	const char *name = arena_printf(&r->conf->arena, "%.*s", (int)size, text);
	if (name == NULL)
		return -ENOMEM;
	*(struct conf_interface *)ret = (struct conf_interface){ name, (uint16_t)port };
	return 0;
}

static size_t interface_identity(const void *thing, uint8_t *ret)
{
	const struct conf_interface *interface = thing;
	size_t size = interface->name != NULL ? strlen(interface->name) : 0;

	if (size > 0)
		memcpy(ret, interface->name, size);
	return size;
}

static int prefix_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;
	char why[REMEDY_SIZE];

	if (prefix_parse(ret, text, why) < 0)
		return fault_add(r->faults, node->mark,
				 "%s: '%.80s': %s; wanted is ADDRESS or ADDRESS/LENGTH", row->word,
				 text, why);
	return 0;
}

const char *path_resolve(struct conf *conf, const char *path)
{
	const char *slash = strrchr(conf->path, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return arena_printf(&conf->arena, "%.*s/%s", (int)(slash - conf->path), conf->path, path);
}

/* A server that may open nothing else has to know all of them. */
static int file_note(struct conf *conf, const char *path)
{
	struct conf_file *file = arena_zero(&conf->arena, sizeof(*file));

	if (file == NULL)
		return -ENOMEM;
	*file = (struct conf_file){ .path = path, .next = conf->file };
	conf->file = file;
	return 0;
}

static int path_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;

	if (text[0] == '\0')
		return value_fault(r, row, node, "a path");

	const char *path = path_resolve(r->conf, text);
	if (path == NULL)
		return -ENOMEM;
	*(const char **)ret = path;
	return file_note(r->conf, path);
}

static int user_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t size = strlen(text);
	if (size == 0 || size > USER_SIZE || text[0] == '-' || strspn(text, letters) != size)
		return value_fault(r, row, node, "a user's name");
	*(const char **)ret = text;
	return 0;
}

static int name_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;
	const char *why;

	if (name_wire(NULL, text, &why) < 0)
		return fault_add(r->faults, node->mark, "%s: '%.80s' is not a domain name: %s",
				 row->word, text, why);
	*(const char **)ret = text;
	return 0;
}

static size_t name_identity(const void *thing, uint8_t *ret)
{
	const char *name = *(const char *const *)thing;
	const char *why;
	int size = name != NULL ? name_wire(ret, name, &why) : 0;

	return size > 0 ? (size_t)size : 0;
}

/* RFC 8945 6: the names of the algorithms; the form with "hmac-" in front is ours, as it is BIND's. */
static int algorithm_read(struct reading *r, const struct row *row, const struct node *node,
			  void *ret)
{
	const char *text = node->text;
	static const struct {
		const char *name;
		const char *means;
	} algorithms[] = {
		{ "hmac-md5", "hmac-md5" },       { "hmac-md5.sig-alg.reg.int", "hmac-md5" },
		{ "hmac-sha1", "hmac-sha1" },     { "hmac-sha224", "hmac-sha224" },
		{ "hmac-sha256", "hmac-sha256" }, { "hmac-sha384", "hmac-sha384" },
		{ "hmac-sha512", "hmac-sha512" },
	};
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (name_equal(text, algorithms[i].name)) {
			*(const char **)ret = algorithms[i].means;
			return 0;
		}
	}
	return value_fault(r, row, node,
			   "an algorithm; allowed: hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, "
			   "hmac-sha384, hmac-sha512");
}

/* "+120255501" (E.164: at most 15 digits) or "12*543" (ISN: subscriber, then ITAD number). */
static int number_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;
	static const char digits[] = "0123456789";

	bool plus = text[0] == '+';
	size_t first = strspn(text + plus, digits);
	const char *rest = text + plus + first;
	bool good = first > 0 && first <= E164_DIGITS;

	if (plus) {
		good = good && *rest == '\0';
	} else {
		size_t itad = *rest == '*' ? strspn(rest + 1, digits) : 0;

		good = good && itad > 0 && itad <= E164_DIGITS && rest[1 + itad] == '\0';
	}
	if (!good)
		return value_fault(
			r, row, node,
			"the start of a number: +DIGITS (E.164), or DIGITS*DIGITS (ISN)");
	*(const char **)ret = text;
	return 0;
}

static int text_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	size_t size = strlen(node->text);

	if (size == 0 || size > row->most)
		return fault_add(r->faults, node->mark, "%s: wanted are 1 to %ju octets", row->word,
				 (uintmax_t)row->most);
	*(const char **)ret = node->text;
	return 0;
}

static int type_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	const char *text = node->text;

	int type = r->type_parse(text);
	if (type < 0 || type > UINT16_MAX)
		return value_fault(r, row, node, "a record type such as NAPTR, SRV or TYPE65280");
	/* RFC 6895 3.1: 128 to 255 are "Q and Meta-TYPEs"; 41 is OPT, 0 is none. */
	if (type == 0 || type == 41 || (type >= 128 && type <= 255))
		return value_fault(r, row, node,
				   "a type that a record in a zone can have; for all types leave "
				   "'types' out");
	*(uint16_t *)ret = (uint16_t)type;
	return 0;
}

const struct kind kind_count = { .read = count_read, .size = sizeof(unsigned) };
const struct kind kind_size = { .read = size_read, .size = sizeof(uint64_t) };
const struct kind kind_duration = { .read = duration_read, .size = sizeof(uint64_t) };
const struct kind kind_flag = { .read = flag_read, .size = sizeof(bool) };
const struct kind kind_address = { .read = address_read,
				   .size = sizeof(struct conf_address),
				   .identity = address_identity };
const struct kind kind_address_tls = { .read = address_tls_read,
				       .size = sizeof(struct conf_address),
				       .identity = address_identity };
const struct kind kind_metrics = { .read = metrics_read,
				   .size = sizeof(struct conf_address),
				   .identity = address_identity };
const struct kind kind_interface = { .read = interface_read,
				     .size = sizeof(struct conf_interface),
				     .identity = interface_identity };
const struct kind kind_prefix = { .read = prefix_read, .size = sizeof(struct conf_prefix) };
const struct kind kind_path = { .read = path_read, .size = sizeof(char *) };
const struct kind kind_user = { .read = user_read, .size = sizeof(char *) };
const struct kind kind_name = { .read = name_read, .size = sizeof(char *) };
const struct kind kind_suffix = { .read = name_read,
				  .size = sizeof(char *),
				  .identity = name_identity };
const struct kind kind_algorithm = { .read = algorithm_read, .size = sizeof(char *) };
const struct kind kind_number = { .read = number_read, .size = sizeof(char *) };
const struct kind kind_text = { .read = text_read, .size = sizeof(char *) };
const struct kind kind_type = { .read = type_read, .size = sizeof(uint16_t) };
