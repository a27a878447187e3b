# SPDX-License-Identifier: GPL-3.0-or-later
"""
Random numbers: onnetd, which keeps numbers in packed blocks of a thousand, beside named, which does not. The
same zones, the same updates; each response code, each answer and the zones' whole content must be the
same, before and after kill -9.

Numbers are of all lengths under few prefixes, so that blocks fill, are cut and go together again, and stand beside
whatever else a zone may have among its digits: names below numbers, empty non-terminals, wildcards,
delegations, aliases. Apexes end in digits as well.

The seed is printed with every failure; ONNET_SEED runs it again.
"""
import collections
import os
import random
import select
import socket

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import scenario
import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="brings its own judges")

SEEDS = [int(os.environ["ONNET_SEED"])] if "ONNET_SEED" in os.environ else [
    1, random.randrange(2 ** 32)]
ORIGINS = ["n.example.", "9.4.e164.example.", "5.3.1.9.4.e164.example.", "7.w.example."]
SPARSE = ["s.example.", "1.s.example.", "1.2.3.4.t.example."]  # so that each name's neighbours count
# As they are dialled. Blocks of one length that are each other's neighbours, and of other lengths.
PREFIXES = ["", "1", "4", "49", "491", "4915", "4916", "49150", "0", "9", "999", "1234567"]
TYPES = ["NAPTR"] * 6 + ["SRV", "SRV", "TXT", "TXT", "A", "A", "AAAA", "MX", "PTR", "TYPE65280"]
ALIASES = ["CNAME", "NS", "DNAME"]
ASKED = ["NAPTR", "SRV", "TXT", "A", "AAAA", "MX", "PTR", "TYPE65280", "CNAME", "NS", "DNAME", "DS",
         "HINFO"]
OTHER = ["a", "A", "x", "*", "12", "05", "_sip", "_udp", "-", r"\058", r"\000", r"\001", r"\255", "long" * 12]
TTLS = [0, 60, 60, 60, 3600, 2147483647]
BATCH = 24


def dialled(digits):
    """The labels of a number, the leftmost first."""
    return list(reversed(digits))


class Zone:
    """What is asked of a zone and changed in it."""

    def __init__(self, rng, origin):
        self.rng = rng
        self.origin = origin
        self.sparse = origin in SPARSE
        self.names = []  # that were ever given records
        self.hosts = []  # of these: addresses, or records that lead to them

    def note(self, labels, rdtype):
        self.names.append(labels)
        if rdtype in ("A", "AAAA", "SRV"):
            self.hosts.append(labels)

    def absolute(self, labels):
        name = ".".join([*labels, self.origin])
        return name if len(dns.name.from_text(name).to_wire()) <= 255 else self.origin

    def digits(self):
        """Most of them in a few blocks, at their borders and anywhere in them."""
        rng = self.rng
        if self.sparse:
            return "".join(rng.choice("012") for _ in range(rng.randrange(10)))
        prefix = rng.choice(PREFIXES[3:6] * 3 + PREFIXES)
        length = rng.choice([0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 4, 5])
        kind = rng.random()
        if kind < 0.25:
            return prefix + rng.choice(["000", "001", "499", "500", "998", "999"])
        if kind < 0.6:
            return prefix + "".join(rng.choice("0159") for _ in range(length))
        return prefix + "".join(rng.choice("0123456789") for _ in range(length))

    def name(self):
        rng = self.rng
        labels = dialled(self.digits())
        kind = rng.random()
        if kind < 0.7:
            return labels
        if kind < 0.78:
            return ["_sip", rng.choice(["_udp", "_tcp"]), *labels]
        if kind < 0.86:
            return ["*", *labels]
        if kind < 0.93:
            return [rng.choice(OTHER), *labels]
        at = rng.randrange(len(labels) + 1)
        return labels[:at] + [rng.choice(OTHER)] + labels[at:]

    def owner(self):
        """Often a name that is there, or one near it."""
        rng = self.rng
        if not self.names or rng.random() < (0.7 if self.sparse else 0.35):
            return self.name()
        labels = list(rng.choice(self.names))
        kind = rng.random()
        if kind < 0.5:
            return labels
        above = labels[rng.randrange(6):]
        if kind < 0.6:
            return above
        if kind < 0.7:
            return ["*"] + above
        if kind < 0.95:  # it parts from the name somewhere
            return [rng.choice("0123456789") for _ in range(rng.randrange(1, 6))] + above
        return [rng.choice(OTHER)] + above

    def target(self, labels):
        rng = self.rng
        kind = rng.random()
        if kind < 0.2:
            return f"Host{rng.randrange(9)}.Example.ORG."
        if kind < 0.4:  # the owner's own digits in it
            return f"gw-{''.join(labels[::-1])[:20] if all(map(str.isdigit, labels)) else ''}x.example.net."
        if kind < 0.5:
            return self.absolute(labels[rng.randrange(4):])
        if kind < 0.8 and self.hosts:
            return self.absolute(rng.choice(self.hosts))
        return self.absolute(self.owner())

    def text(self, labels):
        """Words with the number in it: whole, in parts, several times, in other letters' company."""
        rng = self.rng
        number = "".join(label for label in reversed(labels) if label.isdigit() and len(label) == 1)
        words = [number, "+49" + number, number[-3:], number[-2:], number[1:], number + number, "a", "B",
                 "sip:+", "@Example.NET", "tel:", str(rng.randrange(10 ** 9)),
                 number[::-1], number[:-1] + "7", "user=Phone", "x" * rng.randrange(40)]
        return "".join(rng.choice(words) for _ in range(rng.randrange(1, 7)))[:200]

    def data(self, rdtype, labels):
        rng = self.rng
        n = rng.randrange(1, 4)
        if rdtype == "TXT":
            return " ".join(f'"{self.text(labels)}"' for _ in range(rng.choice([1, 1, 1, 2, 3])))
        if rdtype == "NAPTR":
            return rng.choice([
                f'{n} 10 "u" "E2U+sip" "!^.*$!sip:{self.text(labels)}@example.net!" .',
                f'{n} 10 "u" "E2U+sip" "!^.*$!sip:{self.text(labels)}@example.net!" .',
                f'{n} 10 "U" "E2U+SIP" "!^.*$!sip:info@example.net!" .',
                f'{n} 10 "s" "SIP+D2U" "" {self.target(labels)}',
                f'{n} 10 "a" "SIP+D2U" "" {self.target(labels)}'])
        return {"A": f"192.0.2.{n}", "AAAA": f"2001:db8::{n}", "MX": f"{n} {self.target(labels)}",
                "SRV": f"{n} {n} 5060 {self.target(labels)}",
                "TYPE65280": rf"\# 6 {rng.randrange(10 ** 6):06}3132ff", "PTR": self.target(labels),
                "CNAME": self.target(labels), "NS": self.target(labels),
                "DNAME": self.target(labels)}[rdtype]

    def file(self, count):
        """A zone file; what needs order among its names is left to updates."""
        lines = ["$TTL 3600", f"{self.origin} SOA ns.example.org. host.example.org. 1 7200 900 1209600 60",
                 f"{self.origin} NS ns.example.org."]
        ttls = {}
        for _ in range(count):
            labels, rdtype = self.name(), self.rng.choice(TYPES)
            key = self.absolute(labels).lower(), rdtype
            if key[0] == self.origin:
                continue
            ttl = ttls.setdefault(key, self.rng.choice(TTLS))
            lines.append(f"{self.absolute(labels)} {ttl} IN {rdtype} {self.data(rdtype, labels)}")
            self.note(labels, rdtype)
        return "\n".join(lines) + "\n"


class Asker:
    """A socket for many questions at the same time, and a connection for what is long."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.connect((servers.ADDRESS, server.port))
        self.stream = server.connect()

    def close(self):
        self.socket.close()
        self.stream.close()

    def all(self, messages):
        """Their answers' octets by id, all at once by UDP."""
        found = {}
        for wire in messages.values():
            self.socket.send(wire)
        while len(found) < len(messages):
            assert select.select([self.socket], [], [], servers.PATIENCE)[0], "no answer"
            data = self.socket.recv(65535)
            found[int.from_bytes(data[:2], "big")] = data
        return found

    def in_order(self, wires):
        """Answers to messages that go one behind the other on the connection, without a wait between."""
        self.stream.send(*wires)
        found = {}
        for _ in wires:
            data = self.stream.receive()
            found[int.from_bytes(data[:2], "big")] = data
        return [found[int.from_bytes(wire[:2], "big")] for wire in wires]

    def one(self, wire, tcp):
        return self.in_order([wire])[0] if tcp else self.all({0: wire}).popitem()[1]


class Pair:
    """Both servers, and what was compared between them."""

    def __init__(self, seed, rng, made, ours, named):
        self.seed, self.rng, self.made = seed, rng, made
        self.servers = ours, named
        self.askers = [Asker(s) for s in self.servers]
        self.codes = collections.Counter()
        self.judged = collections.Counter()
        self.sets = {}  # of the zones, by owner and type

    def close(self):
        for asker in self.askers:
            asker.close()

    def restart_ours(self):
        self.askers[0].close()
        self.servers[0].kill()
        self.servers[0].start()
        self.askers[0] = Asker(self.servers[0])

    def update(self, messages):
        """Ours may make one commit of them, in their order; named gets one after another."""
        for i, m in enumerate(messages):
            m.id = i
        wires = [m.to_wire() for m in messages]
        tcp = len(wires) > 1 or len(wires[0]) > 1000
        us = self.askers[0].in_order(wires) if tcp else [self.askers[0].one(wires[0], False)]
        for m, wire, answer in zip(messages, wires, us):
            codes = [dns.message.from_wire(data).rcode()
                     for data in (answer, self.askers[1].one(wire, tcp))]
            assert codes[0] == codes[1], (f"seed {self.seed}: {dns.rcode.to_text(codes[0])}, named "
                                          f"{dns.rcode.to_text(codes[1])}\n{m.to_text()}")
            self.codes[dns.rcode.to_text(codes[0])] += 1

    def content(self, zone):
        """Named's records, which are also ours, letter for letter."""
        us, them = (s.content(zone.origin) for s in self.servers)
        scenario.compare(f"seed {self.seed}: {zone.origin}", us, them)
        exact = [{(n, t, ttl, d.to_text()) for n, t, ttl, d in found} for found in (us, them)]
        assert exact[0] == exact[1], f"seed {self.seed}: {exact[0] ^ exact[1]}"
        self.sets[zone] = collections.defaultdict(set)
        for name, rdtype, ttl, data in us:
            self.sets[zone][name, rdtype].add((ttl, data))
        return us

    def questions(self, questions):
        for at in range(0, len(questions), BATCH):
            part = dict(enumerate(questions[at:at + BATCH], 1))
            wires = {}
            for i, (name, rdtype) in part.items():
                m = dns.message.make_query(name, rdtype, use_edns=0, payload=1232)
                m.id, m.flags = i, 0
                wires[i] = m.to_wire()
            us, them = (asker.all(wires) for asker in self.askers)
            for i, (name, rdtype) in part.items():
                self.judge(name, rdtype, wires[i], us[i], them[i])

    def judge(self, name, rdtype, wire, us, them):
        if (us[2] | them[2]) & 2:  # TC
            us, them = (asker.one(wire, True) for asker in self.askers)
            self.judged["long"] += 1
        if them[3] & 15 == dns.rcode.SERVFAIL:
            return  # a loop of aliases
        us, them = (dns.message.from_wire(data) for data in (us, them))
        if leads_elsewhere(name, rdtype, us.answer):
            self.judged["elsewhere"] += 1
            return
        us, them = (outcome(r) for r in (us, them))
        self.judged[us[0] if us[2] or us[0] != "NOERROR" else "NODATA" if us[1] else "referral"] += 1
        assert us[:4] == them[:4], (f"seed {self.seed}: {name} {rdtype}\nonnetd: {shown(us)}\n"
                                    f"named: {shown(them)}")
        # Servers differ in how much they add; what ours adds are whole sets of a zone.
        for owner, other in {(n, t) for n, t, _, _ in us[4]}:
            added = {(ttl, d) for n, t, ttl, d in us[4] if (n, t) == (owner, other)}
            names = [owner] + [dns.name.Name([b"*", *owner.labels[i:]])
                               for i in range(1, len(owner.labels))]
            assert added in [s.get((n, other)) for s in self.sets.values() for n in names], (
                f"seed {self.seed}: {name} {rdtype}\n{shown(us)}")
        self.judged["additional"] += len(us[4]) > 0
        self.judged["the same additional"] += len(us[4]) > 0 and us[4] == them[4]


def zone_above(name):
    """The apex of the zone that a name is in."""
    apexes = [dns.name.from_text(origin) for origin in ORIGINS + SPARSE]
    return max((a for a in apexes if name.is_subdomain(a)), key=len, default=None)


def leads_elsewhere(name, rdtype, section):
    """Whether an alias leads into another zone of the server, where named does not go on."""
    home = zone_above(name.parent() if rdtype == "DS" else name)
    return any(s.rdtype == dns.rdatatype.CNAME and zone_above(s[0].target) not in (home, None)
               for s in section)


def outcome(r):
    authority = scenario.records(r.authority)
    if r.answer:  # the zone's own NS set beside an answer is as the server likes
        authority = {a for a in authority
                     if a[1] != dns.rdatatype.NS or a[0] != zone_above(a[0])}
    return (dns.rcode.to_text(r.rcode()), bool(r.flags & dns.flags.AA), scenario.records(r.answer),
            authority, scenario.records(r.additional))


def shown(o):
    return (f"{o[0]} aa={o[1]}\n answer\n{scenario.show(o[2])}\n authority\n{scenario.show(o[3])}\n"
            f" additional\n{scenario.show(o[4])}")


def add_prerequisites(m, rng, zone):
    for _ in range(rng.choice([0] * 9 + [1, 1, 2])):
        labels, rdtype = zone.owner(), rng.choice(TYPES + ALIASES)
        name = dns.name.from_text(zone.absolute(labels))
        kind = rng.randrange(5)
        if kind == 0:
            m.present(name)
        elif kind == 1:
            m.absent(name)
        elif kind == 2:
            m.present(name, rdtype)
        elif kind == 3:
            m.absent(name, rdtype)
        else:
            m.present(name, scenario.rdata(rdtype, zone.data(rdtype, labels)))


def add_changes(m, rng, zone, content, away):
    """One in away of them takes something away."""
    for _ in range(rng.choice([1, 2, 3, 5, 8, 20][:2 if zone.sparse else 6])):
        labels = zone.owner()
        rdtype = rng.choice(ALIASES if rng.random() < 0.06 else TYPES)
        name = dns.name.from_text(zone.absolute(labels))
        if rng.randrange(away) > 0:
            if name == dns.name.from_text(zone.origin) and rdtype in ALIASES:
                continue
            if rdtype in ("NS", "DNAME") and "*" in labels:
                continue  # RFC 4592, 4.2 and 4.4, leave these open
            m.add(name, rng.choice(TTLS), scenario.rdata(rdtype, zone.data(rdtype, labels)))
            zone.note(labels, rdtype)
        elif content and rng.random() < 0.5:
            found = rng.choice(content)
            if found[0] == dns.name.from_text(zone.origin):
                continue
            m.delete(found[0], *rng.choice([[], [dns.rdatatype.to_text(found[1])], [found[3]]]))
        else:
            m.delete(name, *rng.choice([[], [rdtype]]))


def clear(rng, zone, content):
    """All numbers below some digits: a block, part of one, or many; the names below them may stay."""
    m = dns.update.UpdateMessage(zone.origin)
    digits = zone.digits()[:2] if zone.sparse else rng.choice(PREFIXES) + rng.choice(["", "", "5", "99"])
    top = dns.name.from_text(zone.absolute(dialled(digits)))
    deep = rng.random() < 0.5
    apex = dns.name.from_text(zone.origin)
    for name in sorted({n for n, _, _, _ in content if n.is_subdomain(top) and n != apex}):
        if deep or name.labels[0].isdigit():
            m.delete(name)
    return m


def fill(rng, zone):
    """Hundreds of numbers of one block, each with something that no other has."""
    m = dns.update.UpdateMessage(zone.origin)
    prefix = rng.choice(PREFIXES)
    for slot in rng.sample(range(1000), 300):
        labels = dialled(f"{prefix}{slot:03}")
        if len(labels) + len(zone.origin.split(".")) > 30:
            break
        rdtype = rng.choice(["NAPTR", "TXT"])
        m.add(dns.name.from_text(zone.absolute(labels)), rng.choice(TTLS),
              scenario.rdata(rdtype, zone.data(rdtype, labels)))
        zone.note(labels, rdtype)
    return m


def random_update(rng, made, contents, away):
    zone = rng.choice(made)
    kind = rng.randrange(40)
    if kind < (4 if zone.sparse else 1):
        return clear(rng, zone, contents[zone])
    if kind == 1 and not zone.sparse:
        return fill(rng, zone)
    m = dns.update.UpdateMessage(zone.origin)
    add_prerequisites(m, rng, zone)
    add_changes(m, rng, zone, contents[zone], 2 if zone.sparse else away)
    return m


def choose_questions(rng, pair, contents, count):
    """Names that are there, their ancestors, and what lies beside and below them."""
    found = []
    for _ in range(count):
        zone = rng.choice(list(pair.made))
        content = contents[zone]
        if rng.random() < 0.4:
            name, rdtype, _, _ = rng.choice(content)
            rdtype = dns.rdatatype.to_text(rdtype)
            if rng.random() < 0.3:
                rdtype = rng.choice(ASKED)
            found.append((name, rdtype))
        else:
            name = dns.name.from_text(zone.absolute(zone.owner()))
            found.append((name, rng.choice(ASKED)))
    return found


def play(start_onnetd, start_named, seed, updates, questions):
    rng = random.Random(seed)
    made = [Zone(rng, origin) for origin in ORIGINS + SPARSE]
    description = {z.origin.rstrip("."): {"text": z.file(6 if z.sparse else 250),
                                          "update": ["127.0.0.0/8"]} for z in made}
    ours = start_onnetd(description, server={"tcp-idle-timeout": 600})  # asking named takes its time
    pair = Pair(seed, rng, made, ours, start_named(description))
    contents = {zone: sorted(pair.content(zone)) for zone in made}
    rounds = 6
    try:
        pair.questions(choose_questions(rng, pair, contents, questions // rounds))
        for turn in range(rounds):
            left = updates // rounds
            while left > 0:
                group = [random_update(rng, made, contents, 2 if turn == 3 else 4)
                         for _ in range(rng.choice([1, 1, 2, 5, 10]))]
                left -= len(group)
                pair.update(group)
            contents = {zone: sorted(pair.content(zone)) for zone in made}
            if turn % 2 == 1:
                pair.restart_ours()
                for zone in made:
                    pair.content(zone)
            pair.questions(choose_questions(rng, pair, contents, questions // rounds))
    finally:
        pair.close()
    return pair


def test_numbers(start_onnetd, start_named):
    pair = play(start_onnetd, start_named, SEEDS[0], 300, 2400)
    assert pair.codes["NOERROR"] > 150 and len(pair.codes) > 2, pair.codes
    for what in ("NOERROR", "NXDOMAIN", "NODATA", "referral", "additional"):
        assert pair.judged[what] > 5, pair.judged


@pytest.mark.thorough
@pytest.mark.parametrize("seed", SEEDS[1:] or SEEDS)
def test_many_numbers(start_onnetd, start_named, seed):
    pair = play(start_onnetd, start_named, seed, 1500, 7500)
    assert pair.codes["NOERROR"] > 750, pair.codes
