# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: medians of the rounds, ratios within a round."""

from statistics import median

from measure import UPDATE_KINDS

OURS = "onnetd"
UNREST = 1.3
WIDTHS = (30, 12, 14, 14, 18, 18)


def line(*cells):
    """Cells of fixed width: the first to the left, the others to the right."""
    padded = [f"{cell:<{w}}" if i == 0 else f"{cell:>{w}}"
              for i, (cell, w) in enumerate(zip(cells, WIDTHS))]
    return "".join(padded).rstrip()


def middle(rounds, field):
    return median(r[field] for r in rounds)


def ratio(ours, theirs, field):
    """Median of the rounds' ratios, with the least and the greatest of them."""
    ratios = sorted(a[field] / b[field] for a, b in zip(ours, theirs) if b[field] > 0)
    if not ratios:
        return ""
    shown = [f"{r:.2f}" if r < 10 else f"{r:.1f}" for r in (median(ratios), ratios[0], ratios[-1])]
    return "{} ({}-{})".format(*shown)


def unrest(report):
    """How far the machine itself swayed: the greatest rate of the echo by its least, which always
    does the same work, and the same of the bare disk."""
    echo = [r["rate"] for r in report.get("queries", {}).get("enum", {}).get("echo", [])]
    disk = report.get("updates", {}).get("disk", [])
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
    whole = "{:,.0f}"
    one = "{:.1f}"
    out = [
        line("Queries, one core", *(titles.get(n, n) for n in names), "ratio to echo",
             "to knotd"),
        row("numbers: answers/s", names, q["enum"], "rate", whole, ("echo", "knotd")),
        row("SIP mix: answers/s", names, q["sip"], "rate", whole, ("echo", "knotd")),
        row("SIP mix: octets of an answer", names, q["sip"], "octets", "{:.0f}", ()),
        row(f"at {report['rate']:,}/s: median, us", names, q["latency"], "p50", one, ()),
        row(f"at {report['rate']:,}/s: 99 %, us", names, q["latency"], "p99", one, ()),
        row(f"at {report['rate']:,}/s: lost", names, q["latency"], "missing", whole, ()),
    ]
    return out


def updates_table(report):
    names = ("named", OURS)
    titles = report["titles"]
    u = report["updates"]
    disk = f"{median(u['disk']):,.0f}"
    out = [line("Updates, durable, signed", "fdatasync", *(titles.get(n, n) for n in names),
                "ratio to named")]
    for kind, (words, _, blocks) in UPDATE_KINDS.items():
        field = "records" if blocks else "rate"
        cells = [f"{middle(u[kind][n], field):,.0f}" if n in u[kind] else "-" for n in names]
        both = OURS in u[kind] and "named" in u[kind]
        out.append(line(words, disk if kind == "one" else "", *cells,
                        ratio(u[kind][OURS], u[kind]["named"], field) if both else ""))
    found = [f"{d['found']:,}" if (d := report["durable"].get(n)) else "-" for n in names]
    asked = [f"{d['asked']:,}" if (d := report["durable"].get(n)) else "-" for n in names]
    out.append(line("acknowledged, then asked for", "", *asked))
    out.append(line("of them found after kill -9", "", *found))
    return out


def starts_table(report):
    names = [n for n in ("knotd", "named", OURS) if n in report["starts"]]
    starts = report["starts"]
    out = [line(f"Start with {report['numbers']:,} numbers", *(report["titles"][n] for n in names)),
           line("first, seconds", *(f"{starts[n]['first']:.2f}" for n in names)),
           line("memory then, MiB", *(f"{starts[n]['memory']:,}" for n in names))]
    if report.get("durable"):
        again = [f"{d['start']:.2f}" if (d := report["durable"].get(n)) else "-" for n in names]
        out.append(line("again after updates, seconds", *again))
    if starts.get(OURS, {}).get("stored"):
        out.append(line("store on disk, MiB",
                        *(f"{starts[n]['stored']:,}" if n == OURS else "-" for n in names)))
    return out


def table(report):
    """The whole report as text."""
    out = [f"{report['numbers']:,} numbers, {report['records']:,} records; {report['rounds']} "
           f"rounds of {report['seconds']:g} s; medians, ratios within a round (least-greatest)",
           f"{report['machine']['cpu']}, kernel {report['machine']['kernel']}; load before "
           f"{report['machine']['load']:.1f}", ""]
    for part, make in (("queries", queries_table), ("updates", updates_table),
                       ("starts", starts_table)):
        if report.get(part):
            out += make(report) + [""]
    out += [f"note: {text}" for text in report["notes"] + unrest(report)]
    out += [f"VOID: {text}" for text in report["void"]]
    return "\n".join(out).rstrip()
