# SPDX-License-Identifier: GPL-3.0-or-later
"""A number plan as files, and the domain beside it.

bench-plan (plan.c) makes the numbers, the questions about them and the numbers that updates add;
this makes each file when it is first wanted. No plan is ever held here, so a plan may have a
billion numbers.
"""

import json
import subprocess
from pathlib import Path

DOMAIN = "example.net"
SUFFIX = "e164.example.net"
GATEWAYS = 64
QUESTIONS = 400_000
MANY_QUESTIONS = 2_000_000  # where the numbers are more than the caches hold
SINGLES = 4_000_000
FRESH_BLOCKS = 40_000

HEAD = """\
{zone}. 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
{zone}. 3600 IN NS ns1.example.net.
{zone}. 3600 IN NS ns2.example.net.
"""

SERVICES = (
    # owner, port, order of its NAPTR record, service
    ("_sips._tcp", 5061, 10, "SIPS+D2T"),
    ("_sip._tcp", 5060, 20, "SIP+D2T"),
    ("_sip._udp", 5060, 30, "SIP+D2U"),
)
SERVERS = (
    # SRV priority, gateway: two share the load, two are in reserve
    (10, 0), (10, 1), (20, 2), (20, 3),
)

KINDS = {
    "few": "8 gateways in a block",
    "many": "64 gateways, 5% several records",
    "own": "each number its own URI",
}


class Plan:
    """A plan of `count` numbers of a kind; its files lie in `directory`."""

    def __init__(self, tools, kind, count, directory):
        self.suffix = SUFFIX
        self.count = count
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.tool = [str(tools / "bench-plan"), "-k", kind, "-n", str(count), "-z", SUFFIX]

    def command(self, *words):
        """The command that writes a form of the plan to its standard output."""
        return self.tool + [str(word) for word in words]

    def size(self):
        """Numbers, records and blocks."""
        return json.loads(subprocess.run(self.command("count"), stdout=subprocess.PIPE,
                                         check=True).stdout)

    def _file(self, name, *words):
        path = self.directory / name
        if not path.exists():
            with open(path, "wb") as out:
                subprocess.run(self.command(*words), stdout=out, check=True)
        return path

    @property
    def zone(self):
        return self._file(f"{SUFFIX}.zone", "zone")

    @property
    def _asked(self):
        if self.count > 20_000_000:
            return MANY_QUESTIONS
        return min(QUESTIONS, max(1000, self.count))

    @property
    def questions(self):
        return self._file("questions", "questions", self._asked)

    @property
    def used(self):
        """Questions about numbers in use alone, which updates do not change."""
        return self._file("used", "used", self._asked)

    @property
    def mix(self):
        return self._file("mix", "mix", self._asked)

    @property
    def vacant(self):
        """Numbers not in use, all over the plan."""
        return self._file("vacant", "vacant", SINGLES)

    @property
    def fresh(self):
        """Blocks one after the other, as a range is assigned: +1 0.. is no area, so none is used."""
        path = self.directory / "fresh"
        if not path.exists():
            with open(path, "w") as out:
                out.writelines(f"{10_000_000 + b}000 1000\n" for b in range(FRESH_BLOCKS))
        return path


def domain_zone(directory):
    """The zone of a SIP domain: its services, and the gateways that the numbers lead to."""
    path = directory / f"{DOMAIN}.zone"
    with open(path, "w") as out:
        out.write(HEAD.format(zone=DOMAIN))
        out.write("ns1.example.net. 3600 IN A 192.0.2.1\n"
                  "ns2.example.net. 3600 IN A 192.0.2.2\n")
        for owner, port, order, service in SERVICES:
            out.write(f'example.net. 300 IN NAPTR {order} 50 "s" "{service}" "" '
                      f'{owner}.example.net.\n')
            for priority, gateway in SERVERS:
                out.write(f"{owner}.example.net. 300 IN SRV {priority} 50 {port} "
                          f"gw{gateway}.example.net.\n")
        for gateway in range(GATEWAYS):
            out.write(f"gw{gateway}.example.net. 300 IN A 198.51.100.{gateway + 1}\n"
                      f"gw{gateway}.example.net. 300 IN AAAA 2001:db8::{gateway + 1:x}\n")
    return path
