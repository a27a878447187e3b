# SPDX-License-Identifier: GPL-3.0-or-later
"""A carrier's number plan, made the same way each time.

Numbers are handed out to carriers in blocks of a thousand, and a block is served by one gateway,
except for the numbers that were ported to another. So the plan is a list of such blocks at random
places of +1, each with 30 to 95 % of its numbers in use; nine numbers of ten are at the block's
own gateway, one in twenty has a second record. A store that packs what is alike is measured on
what is alike in life, and on what is not.

Besides the zone a plan has what is asked and what is changed:

    enum.questions     numbers in random order, one of ten not in use (NXDOMAIN), half of those in
                       a block that exists and half in one that does not
    sip.questions      what SIP clients ask to place calls: a number, NAPTR and SRV of the domain,
                       addresses of its servers
    vacant.numbers     the numbers not in use within the plan's blocks, in random order: single
                       changes all over the zone, as ported numbers arrive; when those are used
                       up, numbers of blocks outside of the plan, in random order too
    fresh.numbers      whole blocks that the plan does not have, for large messages

The form of the questions is told in questions.c, that of the numbers in update.c.
"""

import random
from pathlib import Path

DOMAIN = "example.net"
SUFFIX = "e164.example.net"
GATEWAYS = 64
QUESTIONS = 400_000
SINGLES = 1_500_000
FRESH_BLOCKS = 20_000

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


def name_of(number):
    """The owner of a number's records: 12025550123 -> 3.2.1.0.5.5.5.2.0.2.1.e164.example.net"""
    return ".".join(reversed(str(number))) + "." + SUFFIX


def uri_of(number, gateway):
    """What stands in the regexp field between the second and the third delimiter, with both."""
    return f"!sip:+{number}@gw{gateway}.example.net!"


class Plan:
    """Blocks of numbers, written out as files into a directory."""

    def __init__(self, count, directory):
        self.suffix = SUFFIX
        self.count = count
        self.directory = Path(directory)
        self.random = random.Random(6116)
        self.enum_zone = self.directory / f"{SUFFIX}.zone"
        self.domain_zone = self.directory / f"{DOMAIN}.zone"
        self.enum_questions = self.directory / "enum.questions"
        self.sip_questions = self.directory / "sip.questions"
        self.vacant = self.directory / "vacant.numbers"
        self.fresh = self.directory / "fresh.numbers"

    def write(self):
        """Writes every file; returns the number of the large zone's records."""
        used, vacant = self._draw()
        records = self._write_enum_zone(used)
        self._write_domain_zone()
        self._write_questions(vacant)
        self._write_numbers(vacant)
        return records

    def _draw(self):
        """Draws blocks until the numbers suffice: a list of (number, gateway), one of vacant ones.

        A block is a number without its last three digits; the area and the exchange of a North
        American number begin with 2 to 9."""
        rng = self.random
        used = []
        vacant = []
        seen = set()
        while len(used) < self.count:
            block = 10_000_000 + rng.randrange(200, 1000) * 10_000 + rng.randrange(2000, 10_000)
            if block in seen:
                continue
            seen.add(block)
            gateway = rng.randrange(GATEWAYS)
            taken = set(rng.sample(range(1000), rng.randint(300, 950)))
            for i in range(1000):
                number = block * 1000 + i
                if i not in taken or len(used) == self.count:
                    vacant.append(number)
                elif rng.random() < 0.9:
                    used.append((number, gateway))
                else:
                    used.append((number, rng.randrange(GATEWAYS)))
        self.blocks = seen
        used.sort()
        return used, vacant

    def _write_enum_zone(self, used):
        records = 0
        self.answers = []
        with open(self.enum_zone, "w") as out:
            out.write(HEAD.format(zone=SUFFIX))
            for number, gateway in used:
                name = name_of(number)
                uri = uri_of(number, gateway)
                out.write(f'{name}. 60 IN NAPTR 100 10 "u" "E2U+sip" "!^.*${uri}" .\n')
                second = self.random.random() < 0.05
                if second:
                    out.write(f'{name}. 60 IN NAPTR 100 20 "u" "E2U+pstn:tel" '
                              f'"!^.*$!tel:+{number}!" .\n')
                self.answers.append(f"{name} NAPTR 0 {1 + second} {uri}\n")
                records += 1 + second
        return records

    def _write_domain_zone(self):
        with open(self.domain_zone, "w") as out:
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

    def _number_question(self, vacant):
        """One line: nine of ten are in use."""
        rng = self.random
        if rng.random() < 0.9:
            return rng.choice(self.answers)
        if rng.random() < 0.5 and vacant:
            number = rng.choice(vacant)
        else:
            number = self._block_outside() * 1000 + rng.randrange(1000)
        return f"{name_of(number)} NAPTR 3 0\n"

    def _block_outside(self):
        while True:
            block = 10_000_000 + self.random.randrange(2_002_000, 10_000_000)
            if block not in self.blocks:
                return block

    def _domain_question(self):
        """Of 40 questions about the domain 8 are NAPTR, 14 SRV and 18 addresses."""
        rng = self.random
        draw = rng.randrange(40)
        if draw < 8:
            return f"{DOMAIN} NAPTR 0 {len(SERVICES)} SIPS+D2T\n"
        if draw < 22:
            return f"{rng.choice(SERVICES)[0]}.{DOMAIN} SRV 0 {len(SERVERS)}\n"
        kind = "A" if draw < 34 else "AAAA"
        return f"gw{rng.randrange(GATEWAYS)}.{DOMAIN} {kind} 0 1\n"

    def _write_questions(self, vacant):
        count = min(QUESTIONS, max(1000, self.count))
        with open(self.enum_questions, "w") as out:
            for _ in range(count):
                out.write(self._number_question(vacant))
        with open(self.sip_questions, "w") as out:
            for _ in range(count):
                if self.random.random() < 0.6:
                    out.write(self._number_question(vacant))
                else:
                    out.write(self._domain_question())

    def _write_numbers(self, vacant):
        outside = []
        while len(vacant) + len(outside) < SINGLES:
            block = self._block_outside()
            self.blocks.add(block)
            outside += range(block * 1000, block * 1000 + 1000)
        self.random.shuffle(vacant)
        self.random.shuffle(outside)
        with open(self.vacant, "w") as out:
            out.writelines(f"{number} 1\n" for number in vacant + outside)
        # Blocks one after the other, as a range is assigned: +1 0.. is no area, so none is used.
        with open(self.fresh, "w") as out:
            out.writelines(f"{10_000_000 + block}000 1000\n" for block in range(FRESH_BLOCKS))
