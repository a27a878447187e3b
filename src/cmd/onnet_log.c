/* SPDX-License-Identifier: GPL-3.0-or-later */
/* onnet log: who changed what, and when. */
#include <getopt.h>
#include <stdio.h>

#include "cmd/send.h"
#include "cmd/trail.h"
#include "cmd/when.h"

enum { LIMIT = 100 };

struct arguments {
	struct audit_question question;
	struct trail_style style;
	const char *target; /* NULL: all zones */
	const char *since, *until, *key;
	uint32_t limit;
	bool limited; /* somebody asked for a limit */
};

static int take_time(struct session *s, const char *option, const char *text, bool utc,
		     uint64_t *ret)
{
	if (text == NULL || when_parse(ret, text, option[0] == 'u', utc) == 0)
		return 0;
	return command_misuse(s,
			      "--%s '%s': a time such as 2026-11-29, \"2026-11-29 14:00\", 14:00, "
			      "30m, 2h, 7d or yesterday",
			      option, text);
}

static int options_read(struct session *s, struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = { { "since", required_argument, NULL, 's' },
						 { "until", required_argument, NULL, 'u' },
						 { "key", required_argument, NULL, 'k' },
						 { "limit", required_argument, NULL, 'l' },
						 { "utc", no_argument, NULL, 'z' },
						 { "full", no_argument, NULL, 'f' },
						 { 0 } };
	int option, code = 0;

	*a = (struct arguments){ .question = { .until = UINT64_MAX }, .limit = LIMIT };
	while (code == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			a->since = optarg;
			break;
		case 'u':
			a->until = optarg;
			break;
		case 'k':
			a->key = optarg;
			break;
		case 'l':
			a->limited = true;
			code = option_amount(s, "limit", optarg, INT32_MAX, &a->limit);
			break;
		case 'z':
			a->style.utc = true;
			break;
		case 'f':
			a->style.full = true;
			break;
		default:
			return command_misuse(s, NULL);
		}
	}
	if (code == 0 && argc - optind > 1)
		return command_misuse(s, "one zone, name or number at most");
	a->target = argv[optind];
	return code;
}

static int question_make(struct session *s, struct arguments *a)
{
	struct audit_question *q = &a->question;
	int code = take_time(s, "since", a->since, a->style.utc, &q->since);

	if (code == 0)
		code = take_time(s, "until", a->until, a->style.utc, &q->until);
	if (code == 0 && a->key != NULL)
		code = session_name(s, a->key, &q->key, "key");
	if (code == 0 && q->since > q->until)
		code = command_misuse(s, "--since is later than --until");
	/* who says how far back gets all of that, and a program everything */
	if (!a->limited && (a->since != NULL || s->json))
		a->limit = 0;
	q->limit = a->limit;
	return code;
}

/* One zone that does not let us read its log does not hide the others. */
static int fetch_all(struct session *s, const struct arguments *a, struct trail *trail,
		     struct trail_target *target, size_t count)
{
	int worst = 0;
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		int code = trail_fetch(s, trail, &target[i], &a->question);

		worst = code != 0 ? code : worst;
		failed += code != 0;
	}
	return failed > 0 && failed < count ? EXIT_PARTLY : worst;
}

static bool several_zones(const struct trail_target *target, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!knot_dname_is_case_equal(target[0].zone, target[i].zone))
			return true;
	return false;
}

static int nothing(const struct trail *trail, const struct arguments *a, size_t zones)
{
	char time[WHEN_ROOM];

	if (zones != 1)
		return command_fail(EXIT_NOT_FOUND, "there is no such change in any change log");
	if (trail->end.entries == 0)
		return command_fail(EXIT_NOT_FOUND, "the change log is empty");
	when_format(time, trail->end.time, a->style.utc);
	return command_fail(EXIT_NOT_FOUND,
			    "there is no such change; the change log goes back to serial %u, %s",
			    trail->end.serial, time);
}

static int run_log(struct session *s, int argc, char **argv)
{
	struct trail_target *target = NULL;
	struct trail trail = { 0 };
	struct arguments a;
	size_t count = 0;
	int code = options_read(s, &a, argc, argv);

	if (code == 0)
		code = question_make(s, &a);
	if (code == 0)
		code = trail_targets(s, a.target, &target, &count);
	if (code == 0)
		code = fetch_all(s, &a, &trail, target, count);
	if (code != 0 && code != EXIT_PARTLY)
		return code;

	trail_sort(&trail, a.limit);
	a.style.zones = several_zones(target, count);
	if (s->json) {
		int shown = trail_json(s, &trail);

		return shown != 0 ? shown : code != 0 || trail.count > 0 ? code : EXIT_NOT_FOUND;
	}
	if (trail.count == 0)
		return code != 0 ? code : nothing(&trail, &a, count);
	if (trail.more && !a.limited)
		fputs("onnet: older changes are left out; --limit 0 shows all\n", stderr);
	int shown = trail_table(s, &trail, &a.style);
	return shown != 0 ? shown : code;
}

static const char log_help[] =
	"Without an argument of all zones of onnet.yaml. A name stands for itself and all below\n"
	"it, a number for where it is published. What went has a \"-\" in front, what came a \"+\".\n"
	"Whoever may transfer a zone may read its change log.\n"
	"\n"
	"  --since TIME        2026-11-29, \"2026-11-29 14:00\", 14:00, 30m, 2h, 7d, yesterday\n"
	"  --until TIME        the same; a day counts to its end\n"
	"  --key ID            changes that were signed with this key alone; what the\n"
	"                      question is signed with is -k here\n"
	"  --limit N           the newest N alone; default 100, with --since or --json all; 0: all\n"
	"  --full              all records of changes that have more than 20\n"
	"  --utc               times in UTC\n";

const struct command command_log = {
	.name = "log",
	.run = run_log,
	.usage =
		"[DOMAIN|NUMBER] [--since TIME] [--until TIME] [--key ID] [--limit N] [--full] [--utc]",
	.brief = "show who changed what, and when",
	.help = log_help,
	.own = "key",
};
