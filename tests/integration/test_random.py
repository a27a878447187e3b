# SPDX-License-Identifier: GPL-3.0-or-later
"""
Random zones, random questions, random updates: onnetd beside named and knotd on the same zones. Where
the two agree, onnetd agrees with them; where they do not, with one of them. After random updates the zones
of onnetd and named are the same, record for record, and each response code was the same.

The seed is printed with every failure; ONNET_SEED runs it again.
"""
import os
import random

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import scenario
import servers

pytestmark = [pytest.mark.thorough,
              pytest.mark.skipif(servers.JUDGE != "onnetd", reason="brings its own judges")]

SEEDS = [int(os.environ["ONNET_SEED"])] if "ONNET_SEED" in os.environ else [
    1, 2, random.randrange(2 ** 32)]
LABELS = ["a", "b", "c", "1", "2", "*", "_sip", "_udp", "A", r"x\.y", r"\000", "long" * 8]
TYPES = ["A", "AAAA", "TXT", "MX", "SRV", "NAPTR", "TYPE65280", "CNAME", "NS", "DNAME"]
ASKED = TYPES + ["SOA", "DS", "HINFO"]


class Zone:
    """A zone of random names and sets that every server loads."""

    def __init__(self, rng, origin):
        self.rng = rng
        self.origin = origin
        self.sets = {}
        self.names = []
        for _ in range(rng.randrange(10, 50)):
            self.grow()

    def name(self, depth=4):
        """Labels, the leftmost first; often below a name that is there."""
        labels = [self.rng.choice(LABELS) for _ in range(self.rng.randrange(1, depth))]
        if self.names and self.rng.random() < 0.5:
            labels = labels[:1] + self.rng.choice(self.names)
        return labels[:5]

    def absolute(self, labels):
        return ".".join([*labels, self.origin])

    def target(self):
        if self.rng.random() < 0.15:
            return "host.example.org."
        if self.names and self.rng.random() < 0.7:
            return self.absolute(self.rng.choice(self.names))
        return self.absolute(self.name())

    def data(self, rdtype):
        n = self.rng.randrange(1, 5)
        return {"A": f"192.0.2.{n}", "AAAA": f"2001:db8::{n}", "TXT": f'"text {n}"',
                "MX": f"{n} {self.target()}", "SRV": f"{n} {n} 5060 {self.target()}",
                "NAPTR": self.rng.choice([
                    f'{n} 10 "s" "SIP+D2U" "" {self.target()}', f'{n} 10 "a" "SIP+D2U" "" {self.target()}',
                    f'{n} 10 "u" "E2U+sip" "!^.*$!sip:{n}@example.net!" .']),
                "TYPE65280": rf"\# 2 000{n}", "CNAME": self.target(), "NS": self.target(),
                "DNAME": self.target()}[rdtype]

    def grow(self):
        labels = self.name()
        rdtype = self.rng.choice(TYPES[:7] * 4 + TYPES[7:])
        here = {t for (n, t) in self.sets if n == tuple(labels)}
        # What the RFCs leave open, or forbid, is left out: RFC 4592, 4.2 and 4.4; RFC 6672, 2.4.
        if rdtype in ("NS", "DNAME") and "*" in labels:
            return
        if rdtype == "CNAME" and here or "CNAME" in here:
            return
        if rdtype == "DNAME" and "NS" in here or rdtype == "NS" and "DNAME" in here:
            return
        for (n, t) in self.sets:
            if t == "DNAME" and len(labels) > len(n) and tuple(labels[-len(n):]) == n:
                return
            if rdtype == "DNAME" and len(n) > len(labels) and n[-len(labels):] == tuple(labels):
                return
        count = 1 if rdtype in ("CNAME", "DNAME") else self.rng.randrange(1, 4)
        data = {self.data(rdtype) for _ in range(count)}
        # Upper and lower case of one name are one name.
        key = tuple("a" if label == "A" else label for label in labels)
        if key != tuple(labels):
            return
        self.sets[key, rdtype] = (self.rng.choice([0, 60, 3600]), data)
        self.names.append(list(labels))

    def text(self):
        out = ("$TTL 3600\n"
               f"{self.origin} SOA ns.example.org. host.example.org. 1 7200 900 1209600 "
               f"{self.rng.choice([60, 300, 7200])}\n{self.origin} NS ns.example.org.\n")
        for (labels, rdtype), (ttl, data) in self.sets.items():
            for d in sorted(data):
                out += f"{self.absolute(labels)} {ttl} IN {rdtype} {d}\n"
        return out

    def question(self):
        if self.names and self.rng.random() < 0.75:
            labels = list(self.rng.choice(self.names))
            change = self.rng.random()
            if change < 0.2:
                labels = labels[1:]
            elif change < 0.4:
                labels = [self.rng.choice(LABELS)] + labels
            elif change < 0.55:
                labels = [self.rng.choice(LABELS)] + labels[1:]
        else:
            labels = self.name(5)
        return self.absolute(labels), self.rng.choice(ASKED)


def zones(seed, count):
    rng = random.Random(seed)
    return rng, {z.origin.rstrip("."): z
                 for z in (Zone(rng, f"z{n}.example.") for n in range(count))}


def outcome(r):
    """What must be the same: code, AA, answer and authority sections as sets."""
    authority = scenario.records(r.authority)
    if r.answer and r.authority and r.authority[0].rdtype == dns.rdatatype.NS:
        # The zone's own NS set beside an answer is as the server likes; a referral is not.
        authority = {a for a in authority if not (a[1] == dns.rdatatype.NS and len(a[0]) == 3)}
    return (dns.rcode.to_text(r.rcode()), bool(r.flags & dns.flags.AA),
            frozenset(scenario.records(r.answer)), frozenset(authority))


def shown(o):
    return (f"{o[0]} aa={o[1]}\n answer\n{scenario.show(o[2])}\n authority\n{scenario.show(o[3])}")


@pytest.mark.parametrize("seed", SEEDS)
def test_random_questions(start_onnetd, start_named, start_knotd, seed):
    rng, made = zones(seed, 12)
    description = {z: {"text": zone.text()} for z, zone in made.items()}
    ours = start_onnetd(description)
    named, knotd = start_named(description), start_knotd(description)
    judged = disputed = 0
    for _ in range(1000):
        name, rdtype = rng.choice(list(made.values())).question()
        if len(dns.name.from_text(name).to_wire()) > 200:
            continue
        try:
            results = [s.query(name, rdtype, tcp=False, use_edns=0, payload=1232)
                       for s in (ours, named, knotd)]
        except Exception as e:
            raise AssertionError(f"seed {seed}: {name} {rdtype}: {e}") from e
        if any(r.flags & dns.flags.TC for r in results):
            continue
        us, them, others = (outcome(r) for r in results)
        judged += 1
        disputed += them != others
        assert us in (them, others), (
            f"seed {seed}: {name} {rdtype}\nonnetd: {shown(us)}\nnamed: {shown(them)}\n"
            f"knotd: {shown(others)}")
    assert judged > 700
    assert disputed < judged // 10, f"seed {seed}: {disputed} of {judged} disputed"


def random_update(rng, zone, serial):
    m = dns.update.UpdateMessage(zone.origin)

    def owner():
        labels = zone.question()[0]
        return dns.name.from_text(labels)

    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        kind = rng.randrange(5)
        rdtype = rng.choice(TYPES)
        if kind == 0:
            m.present(owner())
        elif kind == 1:
            m.absent(owner())
        elif kind == 2:
            m.present(owner(), rdtype)
        elif kind == 3:
            m.absent(owner(), rdtype)
        else:
            m.present(owner(), scenario.rdata(rdtype, zone.data(rdtype)))
    for _ in range(rng.randrange(1, 6)):
        if rng.random() < 0.03:
            soa = (f"ns.example.org. host.example.org. {(serial + rng.randrange(-3, 9)) % 2 ** 32} "
                   f"1 2 3 {rng.randrange(60, 9999)}")
            m.add(rng.choice([dns.name.from_text(zone.origin), owner()]), rng.choice([60, 600]),
                  scenario.rdata("SOA", soa))
        kind = rng.randrange(8)
        name, rdtype = owner(), rng.choice(TYPES)
        if rng.random() < 0.1:
            name = dns.name.from_text(zone.origin)
        if kind < 4 and name == dns.name.from_text(zone.origin) and rdtype == "NS":
            continue  # named wants addresses for these
        if kind < 4 and rdtype in ("NS", "DNAME") and name.labels[0] == b"*":
            continue  # RFC 4592, 4.2 and 4.4, leave these open; named passes over them
        if kind < 4:
            m.add(name, rng.choice([0, 60, 3600]), scenario.rdata(rdtype, zone.data(rdtype)))
        elif kind == 4:
            m.delete(name)
        elif kind == 5:
            m.delete(name, rdtype)
        elif zone.names and rng.random() < 0.7:
            labels, rdtype = rng.choice(list(zone.sets))
            m.delete(zone.absolute(labels), scenario.rdata(rdtype, rng.choice(
                sorted(zone.sets[labels, rdtype][1]))))
        else:
            m.delete(name, scenario.rdata(rdtype, zone.data(rdtype)))
    return m


def compare_answers(rng, made, ours, named, seed):
    """After updates the answers are named's."""
    judged = 0
    for _ in range(300):
        name, rdtype = rng.choice(list(made.values())).question()
        if len(dns.name.from_text(name).to_wire()) > 200:
            continue
        us, them = (s.query(name, rdtype, use_edns=0, payload=1232) for s in (ours, named))
        if them.rcode() == dns.rcode.SERVFAIL or us.flags & dns.flags.TC:
            continue  # SERVFAIL: a loop of aliases
        judged += 1
        assert outcome(us) == outcome(them), (
            f"seed {seed}: {name} {rdtype}\nonnetd: {shown(outcome(us))}\n"
            f"named: {shown(outcome(them))}")
    assert judged > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_random_updates(start_onnetd, start_named, seed):
    rng, made = zones(seed + 1, 3)
    description = {z: {"text": zone.text()} for z, zone in made.items()}
    ours, named = start_onnetd(description), start_named(description)
    codes = {}
    for turn in range(300):
        domain = rng.choice(list(made))
        before = [s.serial(domain) for s in (ours, named)]
        assert before[0] == before[1]
        m = random_update(rng, made[domain], before[0])
        text = m.to_text()
        tcp = rng.random() < 0.3
        results = []
        for s in (ours, named):
            copy = dns.message.from_wire(m.to_wire())
            copy.__class__ = dns.update.UpdateMessage
            results.append(s.update(copy, tcp=tcp).rcode())
        where = f"seed {seed}, update {turn}:\n{text}"
        assert results[0] == results[1], where
        codes[results[0]] = codes.get(results[0], 0) + 1
        steps = [s.serial(domain) - b for s, b in zip((ours, named), before)]
        assert steps[0] == steps[1], f"serial steps {steps}, {where}"
        if turn % 10 == 9 or turn > 290:
            scenario.compare(f"onnetd beside named, {where}", ours.content(domain),
                             named.content(domain))
    for domain in made:
        content = named.content(domain)
        scenario.compare(f"seed {seed}: onnetd beside named", ours.content(domain), content)
        ours_before = ours.content(domain)
    compare_answers(rng, made, ours, named, seed)
    ours.kill()
    ours.start()
    assert ours.content(domain) == ours_before
    compare_answers(rng, made, ours, named, seed)
    assert codes.get(0, 0) > 60 and len(codes) >= 4, codes
