# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: medians of the rounds, ratios within a round; and how far the figures are reached."""

from statistics import median

from measure import LOADS, UPDATE_KINDS
from plan import KINDS
from xdp import LOADS as XDP_LOADS

OURS = "onnetd"
UNREST = 1.3
WIDTHS = (34, 12, 14, 14, 19, 19)
BILLION = 1_000_000_000


def line(*cells):
    """Cells of fixed width: the first to the left, the others to the right."""
    padded = [f"{cell:<{w}}" if i == 0 else f"{cell:>{w}}"
              for i, (cell, w) in enumerate(zip(cells, WIDTHS))]
    return "".join(padded).rstrip()


def middle(rounds, field):
    return median(r[field] for r in rounds)


def ratios_of(ours, theirs, field):
    return sorted(a[field] / b[field] for a, b in zip(ours, theirs) if b[field] > 0)


def ratio(ours, theirs, field):
    """Median of the rounds' ratios, with the least and the greatest of them."""
    ratios = ratios_of(ours, theirs, field)
    if not ratios:
        return ""
    shown = [f"{r:.2f}" if r < 10 else f"{r:.1f}" for r in (median(ratios), ratios[0], ratios[-1])]
    return "{} ({}-{})".format(*shown)


def unrest(report):
    """How far the machine itself swayed: the greatest rate of the echo by its least, which always
    does the same work, and the same of the bare disk."""
    echo = [r["rate"] for r in report.get("queries", {}).get("bursts", {}).get("echo", [])]
    disk = report.get("updates", {}).get("overwritten", [])
    return [f"the rounds' {what} differ by a factor of {max(rates) / min(rates):.1f}: this machine "
            "was not quiet, only ratios far apart mean something"
            for what, rates in (("echoes", echo), ("disk rates", disk))
            if rates and max(rates) > UNREST * min(rates)]


def row(label, names, results, field, form, peers):
    """One measure of all servers, and ours divided by each of the peers."""
    cells = [form.format(middle(results[n], field)) if n in results else "-" for n in names]
    ratios = [ratio(results[OURS], results[peer], field)
              if OURS in results and peer in results else "" for peer in peers]
    return line(label, *cells, *ratios)


def queries_table(report):
    names = ("echo", "knotd", OURS)
    titles = report["titles"]
    q = report["queries"]
    one = "{:.1f}"
    out = [line(f"Answers/s, one core, {report['numbers']:,}", *(titles.get(n, n) for n in names),
                "ratio to echo", "to knotd")]
    for load, (words, _, _) in LOADS.items():
        out.append(row(words, names, q[load], "rate", "{:,.0f}", ("echo", "knotd")))
    rate = f"at {report['rate']:,}/s: "
    return out + [
        row("SIP mix: octets of an answer", names, q["mix"], "octets", "{:.0f}", ()),
        row(rate + "median, us", names, q["latency"], "p50", one, ()),
        row(rate + "99 %, us", names, q["latency"], "p99", one, ()),
        row(rate + "lost", names, q["latency"], "missing", "{:,.0f}", ()),
    ]


def updates_table(report):
    names = ("named", OURS)
    titles = report["titles"]
    u = report["updates"]
    out = [line(f"Updates, durable, {report['large']:,}", "disk",
                *(titles.get(n, n) for n in names), "ratio to named")]
    disks = [f"{median(u['overwritten']):,.0f}", f"{median(u['disk']):,.0f}"]
    for kind, (words, _, blocks) in UPDATE_KINDS.items():
        field = "records" if blocks else "rate"
        cells = [f"{middle(u[kind][n], field):,.0f}" if n in u[kind] else "-" for n in names]
        both = OURS in u[kind] and "named" in u[kind]
        out.append(line(words, disks.pop(0) if disks else "", *cells,
                        ratio(u[kind][OURS], u[kind]["named"], field) if both else ""))
    for words, field in (("acknowledged, then asked for", "asked"),
                         ("of them found after kill -9", "found")):
        found = [f"{d[field]:,}" if (d := report["durable"].get(n)) else "-" for n in names]
        out.append(line(words, "", *found))
    out.append(line(f"99 % at {report['rate']:,}/s, idle, us", "", "",
                    f"{middle(u['idle'], 'p99'):.1f}"))
    out.append(line("the same while 16 clients update", "", "", f"{middle(u['busy'], 'p99'):.1f}",
                    ratio(u["busy"], u["idle"], "p99") + " to idle"))
    out.append(line("own memory then, MiB", "", "", f"{report['update_memory']:.0f}"))
    return out


def store_row(label, r):
    return line(label, f"{r['octets']:.2f}", f"{r['seconds']:.1f}",
                f"{r['numbers'] / r['seconds'] / 1e6:.2f}", f"{r['again']:.3f}",
                f"{r['own_memory']:.0f} / {r['import_memory']:.0f}")


def store_table(report):
    out = [line(f"Taken in, {report['large']:,} numbers", "octets each", "seconds", "million/s",
                "start again, s", "memory, MiB: *")]
    for kind, r in report["store"].items():
        out.append(store_row(KINDS[kind], r))
    return out + ["* without mapped files: onnetd serving / onnetd import at most"]


def starts_table(report):
    starts = report["starts"]
    names = [n for n in ("knotd", OURS) if n in starts]
    out = [line(f"Start with {report['numbers']:,} numbers", *(report["titles"][n] for n in names)),
           line("first, seconds", *(f"{starts[n]['first']:.2f}" for n in names)),
           line("memory, MiB", *(f"{starts[n]['memory']:,.0f}" for n in names)),
           line("of it no mapped file, MiB", *(f"{starts[n]['own_memory']:,.0f}" for n in names))]
    ours = starts[OURS]
    if "seconds" in ours:
        out.append(line("taken in, seconds", *("" for _ in names[1:]), f"{ours['seconds']:.1f}"))
    if "again" in ours:
        out.append(line("again after a kill, seconds", *("" for _ in names[1:]),
                        f"{ours['again']:.3f}"))
    if "octets" in ours:
        out.append(line("octets a number", *("" for _ in names[1:]), f"{ours['octets']:.2f}"))
    return out


def zone_table(report):
    return [line(f"Zone file, {report['large']:,} numbers", "seconds"),
            line("to the first answer", f"{report['zone']['seconds']:.1f}")]


def xdp_table(report):
    results = report["xdp"]
    names = list(results["single"])
    out = [line("Answers/s over a cable, one by one", "numbers", "SIP mix", "",
                "numbers: to sockets", "to knotd, AF_XDP")]
    for name in names:
        rounds = results["single"][name]
        plain = name.split(",")[0]
        cells = [f"{middle(results[load][name], 'rate'):,.0f}" for load in XDP_LOADS]
        beside = ratio(rounds, results["single"][plain], "rate") if plain != name else ""
        knot = results["single"].get("knotd, AF_XDP")
        ours = ratio(rounds, knot, "rate") if knot and name == "onnetd, AF_XDP" else ""
        out.append(line(name, *cells, "", beside, ours))
    return out


def echo_share(numbers):
    """What is to be reached with so many numbers, as a share of the echo."""
    return 0.80 if numbers < 10**7 else 0.75 if numbers < 10**8 else 0.70 if numbers < 10**9 \
        else 0.60


def goals(report):
    """(what, to be reached, measured, whether it is reached) for all that was measured."""
    found = []

    def least(what, goal, value, form="{:,.2f}"):
        found.append((what, form.format(goal), form.format(value), value >= goal))

    def most(what, goal, value, form="{:,.2f}"):
        found.append((what, "under " + form.format(goal), form.format(value), value <= goal))

    if (q := report.get("queries")):
        n = report["numbers"]
        for load, (words, _, _) in LOADS.items():
            goal = 0.70 if load.startswith("mix") else echo_share(n)
            least(f"{words}: of the echo", goal,
                  median(ratios_of(q[load][OURS], q[load]["echo"], "rate")))
        if "knotd" in q["bursts"]:
            least("numbers, in bursts: of knotd", 2.2,
                  median(ratios_of(q["bursts"][OURS], q["bursts"]["knotd"], "rate")))
    stores = dict(report.get("store", {}))
    for kind, goal in (("few", 1.5), ("many", 6), ("own", 45)):
        if kind in stores:
            most(f"octets a number: {KINDS[kind]}", goal, stores[kind]["octets"])
    imports = [r for r in (stores.get("few"), report.get("starts", {}).get(OURS))
               if r and "seconds" in r]
    for r in imports:
        if r["numbers"] == 10_000_000:
            most("CSV of 10M numbers to the first answer, s", 8, r["answered"])
        if r["numbers"] >= BILLION:
            most("taken in, s", 300, r["seconds"])
            most("store, GiB", 2.5, r["stored"] / 2**30)
        most(f"{r['numbers']:,} numbers: first answer after a restart, s", 0.1, r["again"])
    if (z := report.get("zone")) and report["large"] == 10_000_000:
        most("zone file of 10M numbers to the first answer, s", 20, z["seconds"])
    if (u := report.get("updates")):
        for kind, goal in (("one", 2500), ("sixteen", 20_000), ("crowd", 40_000),
                           ("large", 300_000)):
            words, _, blocks = UPDATE_KINDS[kind]
            least(words, goal, middle(u[kind][OURS], "records" if blocks else "rate"), "{:,.0f}")
        most("99 % while 16 clients update, of idle", 2,
             median(ratios_of(u["busy"], u["idle"], "p99")))
    memory = [r["own_memory"] for r in (*stores.values(), report.get("starts", {}).get(OURS, {}))
              if "own_memory" in r] + ([report["update_memory"]] if "update_memory" in report
                                       else [])
    if memory:
        most("own memory, at most, MiB", 64, max(memory), "{:,.0f}")
    return found


def goals_table(report):
    rows = goals(report)
    return rows and [f"{'To be reached':<58}{'':>14}{'measured':>14}"] + [
        f"{what:<58}{goal:>14}{value:>14}{'' if reached else '   not reached'}"
        for what, goal, value, reached in rows]


def table(report):
    """The whole report as text."""
    out = [f"{report['rounds']} rounds of {report['seconds']:g} s; medians, ratios within a round "
           f"(least-greatest); plan that is asked: {KINDS[report['plan']]}",
           f"{report['machine']['cpu']}, kernel {report['machine']['kernel']}; load before "
           f"{report['machine']['load']:.1f}", ""]
    for part, make in (("store", store_table), ("zone", zone_table), ("queries", queries_table),
                       ("starts", starts_table), ("updates", updates_table), ("xdp", xdp_table)):
        if report.get(part):
            out += make(report) + [""]
    out += goals_table(report) + [""]
    out += [f"note: {text}" for text in report["notes"] + unrest(report)]
    out += [f"VOID: {text}" for text in report["void"]]
    return "\n".join(out).rstrip()
