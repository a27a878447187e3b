# SPDX-License-Identifier: GPL-3.0-or-later
"""
number-ranges: onnetd and a secondary that knows RFC 4592 alone give the same answers; onnet sees what is
stored.

The seed is printed with every failure; ONNET_SEED runs it again.
"""
import os
import random

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import publish
import scenario
import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="brings its own judges")

SEEDS = [int(os.environ["ONNET_SEED"])] if "ONNET_SEED" in os.environ else [
    1, 2, random.randrange(2 ** 32)]
OPTION = 65284
DIGITS = "0123"
ASKED = ["NAPTR"] * 8 + ["TXT", "SRV", "A", "CNAME", "ANY", "NS", "DS"]
HEAD = """$TTL 3600
@ SOA ns.example.org. host.example.org. 1 7200 900 1209600 60
@ NS ns.example.org.
"""


def naptr(rng):
    return (f'NAPTR 100 {rng.randrange(9)} "u" "E2U+sip" '
            f'"!^(.*)$!sip:\\\\1@gw{rng.randrange(9)}.example.net!" .')


class Zone:
    """Numbers of all lengths in ranges of all lengths, and what else may stand among them."""

    def __init__(self, rng, origin):
        self.rng = rng
        self.origin = origin
        self.names = {}  # labels, the leftmost first: lines
        for _ in range(rng.randrange(3, 9)):
            self.put(["*", *self.number(5)])
        for _ in range(rng.randrange(10, 60)):
            self.put(self.number(8))
        for _ in range(rng.randrange(6)):
            self.put(["_sip", "_udp", *self.number(6)], f"SRV 1 1 5060 h{rng.randrange(9)}.example.org.")
        for _ in range(rng.randrange(4)):
            self.put([rng.choice([r"\033", r"\000", r"\035", "*x", "A", r"\040\041"]), *self.number(6)])
        for _ in range(rng.randrange(4)):  # names below an asterisk, whether there is one or not
            self.put([*self.number(2), "*", *self.number(4)])
        for _ in range(rng.randrange(3)):
            self.put(["*", *self.number(6)], f"CNAME {rng.randrange(9)}.example.org.")
        self.cuts = []
        for _ in range(rng.randrange(4)):
            cut = self.number(5)
            if len(cut) > 1 and self.put(cut, "NS ns.example.org."):
                self.cuts.append(cut)
                if rng.random() < 0.5:
                    self.put([*self.number(2), *cut], "A 192.0.2.1")
        for _ in range(rng.randrange(3)):
            name = self.number(5)
            if len(name) > 1 and not self.below(name) and self.put(name, "DNAME example.com."):
                pass

    def number(self, most):
        """The labels of a number; often one that is there with some of its digits changed."""
        digits = "".join(self.rng.choice(DIGITS) for _ in range(self.rng.randrange(1, most)))
        if self.names and self.rng.random() < 0.6:
            known = [label for label in self.rng.choice(list(self.names)) if label in DIGITS]
            known = known[self.rng.randrange(3):]
            digits = digits[:self.rng.randrange(3)] + "".join(known)
        return list(digits[-most:])

    def below(self, name):
        return [n for n in self.names if len(n) > len(name) and list(n[-len(name):]) == name]

    def put(self, labels, line=None):
        key = tuple(labels)
        if key in self.names or not key:
            return False
        for n, lines in self.names.items():  # RFC 6672, 2.4: nothing below a DNAME
            if lines[0].startswith("DNAME") and len(key) > len(n) and key[-len(n):] == n:
                return False
        lines = [line] if line else [naptr(self.rng) for _ in range(self.rng.randrange(1, 4))]
        if line is None and self.rng.random() < 0.3:
            lines.append(f'TXT "{self.rng.randrange(100)}"')
        self.names[key] = lines
        return True

    def text(self):
        out = f"$ORIGIN {self.origin}\n{HEAD}"
        for labels, lines in self.names.items():
            out += "".join(f"{'.'.join(labels)} {line}\n" for line in lines)
        return out

    def question(self):
        rng = self.rng
        labels = list(rng.choice(list(self.names)))
        for _ in range(rng.randrange(3)):
            change = rng.random()
            if change < 0.3:
                labels = labels[1:]
            elif change < 0.6:
                labels = [rng.choice(DIGITS + "*"), *labels]
            elif labels:
                labels[rng.randrange(len(labels)) if change < 0.75 else 0] = rng.choice(
                    [*DIGITS, "9", "*", "_udp"])
        return ".".join([*labels, self.origin]), rng.choice(ASKED)


def outcome(r):
    answer = scenario.records(r.answer)
    if any(t == dns.rdatatype.NS for _, t, _, _ in scenario.records(r.authority)) and r.answer:
        authority = set()  # the zone's own, which a server may add
    else:
        authority = scenario.records(r.authority)
    return dns.rcode.to_text(r.rcode()), bool(r.flags & dns.flags.AA), answer, authority


def shown(o):
    return f"{o[0]} aa={o[1]}\n answer\n{scenario.show(o[2])}\n authority\n{scenario.show(o[3])}"


def one_of(rdtype, o):
    """RFC 8482, 4.1: of an answer to ANY, whether there is something is what can be compared."""
    return (o[0], o[1], bool(o[2]), o[3]) if rdtype == "ANY" else o


def compare_answers(seed, zones, ours, secondary, count):
    rng = random.Random(seed)
    answered = ranges = 0
    for _ in range(count):
        zone = rng.choice(zones)
        name, rdtype = zone.question()
        if rdtype == "ANY" and secondary.kind == "nsd":
            continue  # it wants TCP for these
        results = [outcome(s.query(name, rdtype, use_edns=0, payload=1232))
                   for s in (ours, secondary)]
        us, them = (one_of(rdtype, o) for o in results)
        assert us == them, (f"seed {seed}: {name} {rdtype}\nonnetd: {shown(results[0])}\n"
                            f"{secondary.kind}: {shown(results[1])}\n{zone.text()}")
        answered += bool(results[0][2])
        labels = name[:-len(zone.origin) - 1].split(".")
        ranges += bool(results[0][2]) and tuple(labels) not in zone.names
    assert answered > count // 6 and ranges > count // 30, (answered, ranges)


@pytest.fixture
def secondary(start_named, start_nsd):
    return {"named": start_named, "nsd": start_nsd}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["named", "nsd"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_secondary_gives_the_same_answers(start_onnetd, secondary, seed, kind):
    rng = random.Random(seed)
    zones = [Zone(rng, f"z{n}.example.") for n in range(12)]
    names = [z.origin.rstrip(".") for z in zones]
    ours = start_onnetd({n: {"text": z.text(), "number-ranges": "on"}
                         for n, z in zip(names, zones)})
    for n in names:
        records = [(s.name, s.rdtype, rdata) for s in ours.transfer(n) for rdata in s]
        assert len(records) == len(set(records)) + 1, f"seed {seed}: doubled records in {n}"
    theirs = secondary[kind]({n: {"primary": ours.port} for n in names})
    servers_ready(theirs, names)
    compare_answers(seed, zones, ours, theirs, 2500)


def servers_ready(server, names):
    """Waits until the secondary has all zones."""
    for name in names:
        for _ in range(1000):
            r = server.query(name, "SOA")
            if r.rcode() == dns.rcode.NOERROR and r.answer:
                break
            server.process.poll()
            servers.time.sleep(0.02)
        else:
            raise AssertionError(f"{name} does not come\n{server.log()}")


PLAN = HEAD + r"""*.2.0.2.1 NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\1@gw1.example.net!" .
3.2.1.0.5.5.5.2.0.2.1 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:alice@example.net!" .
"""


def stored(server, zone):
    """The owners of a transfer that is asked for with the option; what the option's answers say."""
    m = dns.message.make_query(zone, "AXFR", use_edns=0,
                               options=[dns.edns.GenericOption(OPTION, b"")])
    owners, said = [], set()
    with server.connect() as s:
        s.send(m.to_wire())
        while sum(rdtype == dns.rdatatype.SOA for _, rdtype in owners) < 2:
            r = dns.message.from_wire(s.receive(), one_rr_per_rrset=True)
            said |= {(o.otype, o.data) for o in r.options}
            owners += [(x.name.to_text(), x.rdtype) for x in r.answer]
    return sorted({n for n, _ in owners}), said


def test_a_transfer_of_what_is_stored_can_be_asked_for(start_onnetd):
    server = start_onnetd({"on.example": {"text": PLAN, "number-ranges": "on"},
                           "off.example": {"text": PLAN}})
    number = "3.2.1.0.5.5.5.2.0.2.1"
    for zone, value in (("on.example", b"\1"), ("off.example", b"\0")):
        assert stored(server, zone) == (sorted([f"{zone}.", f"*.2.0.2.1.{zone}.",
                                                f"{number}.{zone}."]), {(OPTION, value)})
    assert len(server.content("off.example")) == 3
    # *.2.0.2.1, the number, six empty names, and a wildcard below each of the seven; the NS record
    assert len(server.content("on.example")) == 1 + 1 + 1 + 6 + 7


@pytest.mark.parametrize("name, value", [("x.on.example", b"\1"), ("off.example", b"\0"),
                                         ("elsewhere.example", None)])
def test_an_answer_says_what_wildcards_mean(start_onnetd, name, value):
    server = start_onnetd({"on.example": {"text": PLAN, "number-ranges": "on"},
                           "off.example": {"text": PLAN}})
    for key in (None, "ops"):
        r = server.query(name, "NAPTR", key=key, use_edns=0,
                         options=[dns.edns.GenericOption(OPTION, b"")])
        assert [o.data for o in r.options if o.otype == OPTION] == ([] if value is None else [value])
        r = server.query(name, "NAPTR", key=key, use_edns=0)
        assert [o for o in r.options if o.otype == OPTION] == []


def test_the_tool_sees_what_is_stored_and_does_not_warn(start_onnetd, start_named):
    texts = {z: dict(t, **{"number-ranges": "on"}) for z, t in publish.zone_texts().items()}
    for server, warns in ((start_onnetd(texts), False),
                          (start_onnetd(publish.zone_texts()), True),
                          (start_named(publish.zone_texts()), True)):
        tool = publish.Tool(server)
        tool.run("range", "set", "+1202555", "--digits", "4", "sip:{number}@gw1.example.net")
        r = tool.run("number", "set", "+12025550123", "sip:alice@example.net")
        assert ("warning" in r.err) == warns, r.err
        other = tool.run("number", "show", "+12025550199", "--json", code=7 if warns else 0)
        assert len(other.json()["uris"]) == (0 if warns else 1)
        if not warns:
            assert "by the range +1202555, 4 more digits" in tool.run(
                "number", "show", "+12025550199").out
            tool.run("number", "set", "+12025550124", "sip:bob@example.net")
            tool.run("number", "unset", "+12025550124")
            assert "by the range +1202555, 4 more digits" in tool.run(
                "number", "show", "+12025550124").out
            assert "the range +1202555, 4 more digits answers" in tool.run(
                "number", "unset", "+12025550124", code=7).err
            assert "by the range" not in tool.run("number", "show", "+12025550123").out
        listed = tool.run("number", "list", "--json").json()
        assert [n["number"] for n in listed] == ["+12025550123"]
        listed = tool.run("range", "list", "--json").json()
        assert [n["prefix"] for n in listed] == ["+1202555"]
        exported = tool.run("zone", "export", "e164.example.net").out
        assert exported.count("NAPTR") == 2, exported
