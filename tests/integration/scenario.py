# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads tests/scenario/*.txt (their form: tests/scenario/README.md) and runs a story of theirs."""
import dataclasses
import glob
import os

import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.update

import servers


@dataclasses.dataclass
class Step:
    where: str
    words: list
    lines: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Story:
    title: str
    zones: dict
    steps: list = dataclasses.field(default_factory=list)

    def writes(self):
        return any(step.words[0] == "update" for step in self.steps)


def read(path):
    """The stories of a file."""
    zones, stories, lines = {}, [], None
    with open(path, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith("\t"):
                lines.append(line[1:])
                continue
            words = line.split()
            if words[0] == "zone":
                lines = []
                zones[words[1]] = (words[2:], lines)
            elif words[0] == "test":
                stories.append(Story(line[5:], zones))
            else:
                assert words[0] in ("query", "update", "content", "serial"), f"{path}:{number}"
                stories[-1].steps.append(Step(f"{os.path.basename(path)}:{number}", words))
                lines = stories[-1].steps[-1].lines
    return stories


def files():
    return sorted(glob.glob(os.path.join(servers.ROOT, "tests", "scenario", "*.txt")))


def server_zones(zones):
    made = {}
    for domain, (words, lines) in zones.items():
        text = f"$ORIGIN {domain}\n$TTL 3600\n" + "\n".join(lines) + "\n"
        made[domain.rstrip(".")] = {"text": text}
        if "unchecked" in words:
            made[domain.rstrip(".")]["naptr-check"] = "off"
        if "ranges" in words:
            made[domain.rstrip(".")]["number-ranges"] = "on"
    return made


def rdata(rdtype, text):
    return dns.rdata.from_text("IN", rdtype, text, relativize=False)


def record(text):
    """(owner, type, ttl, rdata) of "NAME TTL TYPE RDATA"; compares as RFC 4034 does."""
    owner, ttl, rdtype, data = text.split(None, 3)
    rdtype = dns.rdatatype.from_text(rdtype)
    return dns.name.from_text(owner), rdtype, int(ttl), rdata(rdtype, data)


def records(section):
    found = [(s.name, s.rdtype, s.ttl, item) for s in section for item in s]
    assert len(found) == len(set(found)), f"doubled records:\n{section}"
    return set(found)


def show(found):
    return "\n".join(sorted(f"\t{n} {t} {dns.rdatatype.to_text(r)} {d}" for n, r, t, d in found))


def compare(what, got, want):
    assert got == want, (f"{what}: is\n{show(got)}\nshould be\n{show(want)}\n"
                         f"too many:\n{show(got - want)}\nmissing:\n{show(want - got)}")


def said(step, word):
    return [line.split(None, 1)[1] for line in step.lines if line.split()[0] == word]


class Runner:
    """Runs a story's steps against a server."""

    def __init__(self, server, story):
        self.server = server
        self.story = story
        self.serials = {}
        for domain, (_, lines) in story.zones.items():
            soa = next(line.split() for line in lines if " SOA " in line)
            self.serials[domain] = int(soa[soa.index("SOA") + 3])

    def run(self):
        """Returns the reason where the rest is not asked of this server, else None."""
        for step in self.story.steps:
            for line in said(step, "differs"):
                kind, reason = line.split(None, 1)
                if kind == self.server.kind:
                    return f"{step.where}: {reason}"
            try:
                getattr(self, step.words[0])(step)
            except Exception as e:
                e.args = (f"{step.where}: {' '.join(step.words)}: {e}",)
                raise
        return None

    def query(self, step):
        r = self.server.query(step.words[1], step.words[2], tcp=False,
                              want_dnssec="do" in step.words[3:], payload=1232, use_edns=0)
        assert r is not None, "no answer"
        rcode = (said(step, "rcode") or ["NOERROR"])[0]
        assert dns.rcode.to_text(r.rcode()) == rcode, r
        assert bool(r.flags & dns.flags.AA) == (said(step, "aa") != ["no"]), r
        assert not r.flags & dns.flags.TC, r
        compare("answer", records(r.answer), set(map(record, said(step, "answer"))))
        authority = records(r.authority)
        want = set(map(record, said(step, "authority")))
        if r.answer and not want:
            # The zone's own NS set may come along with an answer (RFC 1034, 3.7); ours leaves it out.
            authority = {a for a in authority if a[1] != dns.rdatatype.NS
                         or self.server.kind == "onnetd"}
        compare("authority", authority, want)
        additional = records(r.additional)
        for line in said(step, "additional"):
            assert record(line) in additional, f"additional lacks {line}:\n{show(additional)}"
        for line in said(step, "no-additional"):
            owner, rdtype = line.split()
            for n, t, _, _ in additional:
                assert (n, t) != (dns.name.from_text(owner), dns.rdatatype.from_text(rdtype)), line

    def update(self, step):
        m = dns.update.UpdateMessage(step.words[1])
        rcode = "NOERROR"
        for line in step.lines:
            words = line.split(None, 2)
            if words[0] == "prereq":
                prerequisite(m, words[1], words[2].split(None, 2))
            elif words[0] == "update" and words[1] == "add":
                owner, ttl, rdtype, text = words[2].split(None, 3)
                m.add(owner, int(ttl), rdata(rdtype, text))
            elif words[0] == "update" and words[1] == "delete":
                owner, *rest = words[2].split(None, 2)
                if len(rest) == 2:
                    m.delete(owner, rdata(*rest))
                else:
                    m.delete(owner, *rest)
            elif words[0] == "rcode":
                rcode = words[1]
        r = self.server.update(m)
        assert r is not None, "no answer"
        assert dns.rcode.to_text(r.rcode()) == rcode, r

    def content(self, step):
        compare("content", self.server.content(step.words[1]), set(map(record, step.lines)))

    def serial(self, step):
        domain, want = step.words[1:]
        before, now = self.serials[domain], self.server.serial(domain)
        step_size = (now - before) % 2 ** 32
        if want == "same":
            assert now == before, f"the serial is {now} and was {before}"
        elif want == "newer":
            assert 0 < step_size < 2 ** 31, f"the serial is {now} and was {before}"
        else:
            assert now == int(want), f"the serial is {now}"
        self.serials[domain] = now


def prerequisite(message, kind, words):
    owner, *rest = words
    if kind == "yxdomain":
        message.present(owner)
    elif kind == "nxdomain":
        message.absent(owner)
    elif kind == "nxrrset":
        message.absent(owner, rest[0])
    elif len(rest) == 1:
        message.present(owner, rest[0])
    else:
        assert kind == "yxrrset"
        message.present(owner, rdata(*rest))
