#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turn look-up cases into C: resolver_cases.py OUTPUT.c CASES.json...

The cases are JSON with zones in master file form (resolver.json says how they read). A C program
reads them as lines, one word for what a line is and the rest its value; records come as wire form in
hexadecimal, so that nothing but a table of octets is needed to answer from them:

    case ID
    zone ORIGIN
    rr OWNER TYPE TTL RDATA          TYPE a number
    input TEXT                       and: kind, transport, family, suffix, service, grey, black,
                                     prefer, follow, infrastructure, via TRANSPORT SENT-BY,
                                     outcome ENDPOINT WHAT
    expect targets|uris|attempts|error   one for each result that is right
    item TEXT                        ADDRESS:PORT/TRANSPORT or a URI
    any, in, end                     items between come in any order, or in this one
    first KEY SHARE TOLERANCE TRIALS
    final TEXT
"""
import json
import sys

import dns.name
import dns.rdatatype
import dns.zone

TRIALS = 2000


def endpoint(target):
    address = target["address"]
    if ":" in address:
        address = f"[{address}]"
    return f"{address}:{target['port']}/{target['transport']}"


def key_of(text):
    """A key of first_probability, with brackets around IPv6."""
    head, slash, transport = text.rpartition("/")
    address, _, port = head.rpartition(":")
    if slash and ":" in address and not address.startswith("["):
        return f"[{address}]:{port}/{transport}"
    return text


def items(members):
    for member in members:
        if isinstance(member, str):
            yield f"item {member}"
        elif "any_order_within" in member or "in_order" in member:
            group = "any_order_within" if "any_order_within" in member else "in_order"
            yield "any" if group == "any_order_within" else "in"
            yield from items(member[group])
            yield "end"
            for key, share in member.get("first_probability", {}).items():
                yield (f"first {key_of(key)} {share} {member.get('tolerance', 0.05)} "
                       f"{member.get('trials', TRIALS)}")
        elif "uri" in member:
            yield f"item {member['uri']}"
        else:
            yield f"item {endpoint(member)}"


def expectation(expect):
    for what in ("targets", "uris", "attempts"):
        if what in expect:
            yield f"expect {what}"
            yield from items(expect[what])
    if "error" in expect:
        yield "expect error"
        yield f"item {expect['error']}"
    if "final" in expect:
        yield f"final {expect['final']}"


def records(origin, text):
    yield f"zone {origin}"
    zone = dns.zone.from_text(text, origin, relativize=False)
    for name, ttl, rdata in zone.iterate_rdatas():
        wire = rdata.to_wire().hex()
        yield f"rr {name} {int(rdata.rdtype)} {ttl} {wire}"


LISTS = {"transports": "transport", "families": "family", "suffixes": "suffix",
         "services": "service", "greylist": "grey", "blacklist": "black"}


def lines(case):
    query = case["query"]
    options = query.get("options", {})
    yield f"case {case['id']}"
    for origin, text in case["zone"].items():
        yield from records(origin, text)
    yield f"kind {query['kind']}"
    yield f"input {query['input']}"
    for name, word in LISTS.items():
        for value in options.get(name, []):
            yield f"{word} {key_of(value) if word in ('grey', 'black') else value}"
    for name in ("follow", "infrastructure"):
        if options.get(name):
            yield name
    if "prefer" in options:
        yield f"prefer {key_of(options['prefer'])}"
    if "via" in options:
        yield f"via {options['via']['transport']} {options['via']['sent_by']}"
    for key, what in options.get("outcomes", {}).items():
        yield f"outcome {key_of(key)} {what}"
    for expect in [case["expect"], *case.get("alternatives", [])]:
        yield from expectation(expect)


def quoted(line):
    text = line.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    assert text.isascii() and text.isprintable(), line
    return f'\t"{text}",'


def main():
    output, *inputs = sys.argv[1:]
    cases = [case for name in inputs for case in json.load(open(name))["cases"]]
    with open(output, "w") as out:
        print("/* SPDX-License-Identifier: MIT */", file=out)
        print("/* Made by resolver_cases.py. */", file=out)
        print("#include <stddef.h>\n", file=out)
        print("#include \"scenario/resolver_case.h\"\n", file=out)
        print("const char *const resolver_cases[] = {", file=out)
        for case in cases:
            for line in lines(case):
                print(quoted(line), file=out)
        print("\tNULL,\n};", file=out)


main()
