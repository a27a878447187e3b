# SPDX-License-Identifier: GPL-3.0-or-later
"""A good primary: NOTIFY (RFC 1996) and IXFR (RFC 1995) to the secondaries that people have."""
import random
import re
import time

import dns.name
import dns.update
import pytest

import servers

ZONE = "example.net"
# An hour until a secondary would come by itself.
TEXT = ("$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"
        + "".join(f'{n % 10}.{n // 10 % 10}.{n // 100}.1 NAPTR 100 10 "u" "E2U+sip" '
                  f'"!^.*$!sip:{n}@gw.example.net!" .\n' for n in range(300)))
KINDS = ["named", "knotd", "nsd", "pdns_server"]


def until(holds, what):
    end = time.monotonic() + servers.PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Pair:
    """onnetd, and another server that copies a zone from it."""

    def __init__(self, start_onnetd, start_kind, kind, **zone):
        ports = [servers.take_port(), servers.take_port()]
        entry = {"text": TEXT, "transfer": ["ops"], **zone,
                 "notify": [{"address": f"127.0.0.1@{ports[1]}", "key": "ops"}]}
        self.primary = start_onnetd({ZONE: entry}, port=ports[0])
        self.secondary = start_kind(kind, {ZONE: {"primary": ports[0], "key": "ops"}},
                                    port=ports[1])
        self.settle()

    def served(self):
        r = self.secondary.query(ZONE, "SOA")
        return r.answer[0][0].serial if r.answer else None

    def settle(self):
        wanted = self.primary.serial(ZONE)
        until(lambda: self.served() == wanted,
              f"{self.secondary.kind} stays at {self.served()}, not {wanted}")

    def update(self, *changes):
        message = dns.update.UpdateMessage(ZONE)
        for change in changes:
            change(message)
        r = self.primary.update(message)
        assert r.rcode() == 0, r


@pytest.mark.parametrize("kind", KINDS)
def test_a_secondary_is_told_at_once(start_onnetd, start_kind, kind):
    pair = Pair(start_onnetd, start_kind, kind)
    for n in range(3):
        pair.update(lambda m, n=n: m.add(f"new{n}", 60, "A", f"192.0.2.{n}"))
        pair.settle()
    assert "given up" not in pair.primary.log()
    assert pair.primary.content(ZONE) == pair.secondary.content(ZONE, key=None)


def change_at_random(random, message):
    """One change: a number or a name gets records, loses some, all of them, or another TTL."""
    n = random.randrange(400)
    owner = random.choice([f"{n % 10}.{n // 10 % 10}.{n // 100}.1", f"host{n % 20}", f"a.b{n % 5}"])
    ttl = random.choice([60, 60, 300])
    what = random.randrange(6)
    if what == 0:
        message.delete(owner)
    elif what == 1:
        message.delete(owner, "NAPTR")
    elif what == 2:
        message.replace(owner, ttl, "TXT", f'"{random.randrange(4)}"')
    elif what == 3:
        message.add("@", 60, "TXT", f'"{random.randrange(50)}"')
    else:
        message.add(owner, ttl, "NAPTR", f'100 {random.randrange(3)} "u" "E2U+sip" '
                                         f'"!^.*$!sip:{n}@gw{random.randrange(3)}.example.net!" .')


def follow_random_changes(pair, updates):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for n in range(updates):
        pair.update(*[lambda m: change_at_random(chance, m)] * chance.randrange(1, 5))
        if n % (updates // 3) == 0:
            pair.settle()
    pair.settle()
    assert pair.primary.content(ZONE) == pair.secondary.content(ZONE, key=None)
    assert re.search(r"transfer sent: kind=IXFR\S* .*key=ops", pair.primary.log())
    assert not re.search("given up|AXFR-for-IXFR", pair.primary.log())


@pytest.mark.parametrize("kind", KINDS)
def test_a_secondary_follows_random_changes(start_onnetd, start_kind, kind):
    follow_random_changes(Pair(start_onnetd, start_kind, kind), 300)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_a_secondary_follows_thousands_of_changes(start_onnetd, start_kind, kind):
    """
    nsd may lose a change that comes while it loads the one before ("update failed, restarting
    transfer"), and then has to come by itself.
    """
    text = TEXT.replace("3600 600", "3 2")
    follow_random_changes(Pair(start_onnetd, start_kind, kind, text=text), 5000)
