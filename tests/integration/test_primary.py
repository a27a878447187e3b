# SPDX-License-Identifier: GPL-3.0-or-later
"""A good primary: NOTIFY (RFC 1996) and IXFR (RFC 1995) to the secondaries that people have."""
import random
import re
import socket
import subprocess
import time

import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
import dns.update
import dns.versioned
import dns.xfr
import dns.zone
import pytest

import servers

ZONE = "example.net"
# An hour until a secondary would come by itself.
TEXT = ("$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"
        + "".join(f'{n % 10}.{n // 10 % 10}.{n // 100}.1 NAPTR 100 10 "u" "E2U+sip" '
                  f'"!^.*$!sip:{n}@gw.example.net!" .\n' for n in range(300)))
# Each has a key of its own, so that the log of the primary tells them apart.
KEYS = {"named": "ops", "knotd": "sha256", "nsd": "sha512", "pdns_server": "sha384"}


def until(holds, what):
    end = time.monotonic() + servers.PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Fleet:
    """onnetd, and other servers that copy a zone from it."""

    def __init__(self, start_onnetd, start_kind, kinds, **zone):
        ports = {kind: servers.take_port() for kind in ("onnetd", *kinds)}
        entry = {"text": TEXT, "transfer": list(KEYS.values()),
                 "notify": [{"address": f"127.0.0.1@{ports[k]}", "key": KEYS[k]} for k in kinds],
                 **zone}
        self.primary = start_onnetd({ZONE: entry}, port=ports["onnetd"])
        self.secondaries = [
            start_kind(k, {ZONE: {"primary": ports["onnetd"], "key": KEYS[k]}}, port=ports[k])
            for k in kinds]
        self.settle()

    def settle(self):
        """Waits until all have what the primary has; its serial."""
        wanted = self.primary.serial(ZONE)
        for secondary in self.secondaries:
            def served(secondary=secondary):
                r = secondary.query(ZONE, "SOA")
                return r.answer[0][0].serial if r.answer else None
            until(lambda: served() == wanted,
                  f"{secondary.kind} stays at {served()}, not {wanted}")
        return wanted

    def compare(self):
        content = self.primary.content(ZONE)
        for secondary in self.secondaries:
            assert content == secondary.content(ZONE, key=None), secondary.kind

    def update(self, *changes):
        message = dns.update.UpdateMessage(ZONE)
        for change in changes:
            change(message)
        r = self.primary.update(message)
        assert r.rcode() == 0, r


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


def follow_random_changes(fleet, updates):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for n in range(updates):
        fleet.update(*[lambda m: change_at_random(chance, m)] * chance.randrange(1, 5))
        if n in (0, updates // 2):
            fleet.settle()
    fleet.settle()
    fleet.compare()
    for secondary in fleet.secondaries:
        key = KEYS[secondary.kind]
        assert re.search(rf"transfer sent: .*key={key} kind=IXFR", fleet.primary.log()), key
    assert not re.search("given up|AXFR-for-IXFR", fleet.primary.log())


def test_secondaries_follow_random_changes(start_onnetd, start_kind):
    follow_random_changes(Fleet(start_onnetd, start_kind, KEYS), 300)


@pytest.mark.thorough
def test_secondaries_follow_thousands_of_changes(start_onnetd, start_kind):
    """
    nsd may lose a change that comes while it loads the one before ("update failed, restarting
    transfer"), and then has to come by itself.
    """
    text = TEXT.replace("3600 600", "3 2")
    follow_random_changes(Fleet(start_onnetd, start_kind, KEYS, text=text), 3000)


RANGES = TEXT + "*.9 NAPTR 1 1 \"u\" \"E2U+sip\" \"!^.*$!sip:range@example.net!\" .\n1.2.9 TXT \"in it\"\n"


def test_a_plain_secondary_of_number_ranges_has_what_a_transfer_has(start_onnetd, start_kind):
    """named knows nothing of ranges: what changes outside of them comes to it as a difference."""
    fleet = Fleet(start_onnetd, start_kind, ["named"], text=RANGES, **{"number-ranges": "on"})
    for owner, kind in (("7.7", "IXFR"), ("7.3.9", "AXFR-for-IXFR"), ("3.6", "IXFR")):
        fleet.update(lambda m, owner=owner: m.add(owner, 60, "TXT", '"new"'))
        serial = fleet.settle()
        fleet.primary.wait_log(f"transfer sent: .*kind={kind} .* to={serial} ")
        fleet.compare()


def test_an_import_is_told_and_goes_out_whole(start_onnetd, start_kind, tmp_path):
    fleet = Fleet(start_onnetd, start_kind, ["knotd"])
    path = tmp_path / "other.zone"
    path.write_text(TEXT + "imported A 192.0.2.7\n", encoding="ascii")
    subprocess.run([fleet.primary.binary(), "import", "-c", fleet.primary.path("onnet.yaml"),
                    ZONE, str(path)], check=True, capture_output=True,
                   cwd=fleet.primary.directory)
    serial = fleet.settle()
    fleet.primary.wait_log(f"transfer sent: .*kind=AXFR-for-IXFR .* to={serial} ")
    fleet.compare()
    fleet.update(lambda m: m.add("after", 60, "A", "192.0.2.1"))
    serial = fleet.settle()
    fleet.primary.wait_log(f"transfer sent: .*kind=IXFR .* to={serial} ")


class Listener:
    """A secondary that only listens to NOTIFY, and answers it."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((servers.ADDRESS, 0))
        self.socket.settimeout(servers.PATIENCE)
        self.address = f"127.0.0.1@{self.socket.getsockname()[1]}"
        self.times = []

    def take(self, answer=True):
        """The serial of the next NOTIFY."""
        data, peer = self.socket.recvfrom(65535)
        self.times.append(time.monotonic())
        message = dns.message.from_wire(data, keyring=servers.keyring())
        assert message.opcode() == dns.opcode.NOTIFY and message.had_tsig
        if answer:
            r = dns.message.make_response(message)
            self.socket.sendto(r.to_wire(), peer)
        return message.answer[0][0].serial


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.socket.close()


def test_hundreds_of_changes_are_told_in_a_rhythm(start_onnetd, listener):
    server = start_onnetd({ZONE: {"text": TEXT, "notify": [{"address": listener.address,
                                                            "key": "ops"}]}})
    assert listener.take() == 1
    messages = [dns.update.UpdateMessage(ZONE) for _ in range(400)]
    for n, message in enumerate(messages):
        message.add(f"n{n}", 60, "A", "192.0.2.1")
        message.use_tsig(servers.tsig_key("ops"))
    with server.connect() as stream:
        for message in messages:
            stream.send(message.to_wire())
            assert stream.receive() is not None
    taken = 1
    while listener.take() != 401:
        taken += 1
    assert taken <= listener.times[-1] - listener.times[0] + 3


def test_a_reload_takes_other_peers(start_onnetd, listener):
    server = start_onnetd({ZONE: {"text": TEXT}})
    server.zones[ZONE]["notify"] = [{"address": listener.address, "key": "ops"}]
    server.configure()
    server.reload()
    assert listener.take() == 1
    message = dns.update.UpdateMessage(ZONE)
    message.add("new", 60, "A", "192.0.2.1")
    assert server.update(message).rcode() == 0
    assert listener.take() == 2


def test_what_is_not_answered_is_told_again(start_onnetd, listener):
    start_onnetd({ZONE: {"text": TEXT, "notify": [{"address": listener.address, "key": "ops"}]}})
    assert listener.take(answer=False) == 1
    assert listener.take() == 1


def apply_difference(server, start, udp_mode):
    """What dnspython makes of a difference to the zone that start is the text of; its records."""
    zone = dns.versioned.Zone(ZONE, relativize=False)
    with zone.writer(True) as txn:
        for name, rdataset in dns.zone.from_text(start, ZONE, relativize=False).iterate_rdatasets():
            txn.add(name, rdataset)
    query, _ = dns.xfr.make_query(zone)
    dns.query.inbound_xfr(servers.ADDRESS, zone, query, port=server.port, udp_mode=udp_mode)
    with zone.reader() as reader:
        assert reader.get(f"{ZONE}.", "SOA")[0].serial == server.serial(ZONE)
        return {(name, rdataset.rdtype, rdataset.ttl, rdata) for name, rdataset in reader
                for rdata in rdataset if rdataset.rdtype != dns.rdatatype.SOA}


def update(server, *changes):
    message = dns.update.UpdateMessage(ZONE)
    for change in changes:
        change(message)
    assert server.update(message, tcp=True).rcode() == 0


@pytest.mark.parametrize("udp", [dns.query.UDPMode.NEVER, dns.query.UDPMode.ONLY])
def test_a_client_applies_a_difference(start_onnetd, udp):
    server = start_onnetd({ZONE: {"text": TEXT}})
    update(server, lambda m: m.add("new", 60, "A", "192.0.2.1"))
    update(server, lambda m: m.delete("new"))
    update(server, lambda m: m.replace("ns", 90, "A", "192.0.2.54"))
    assert apply_difference(server, TEXT, udp) == server.content(ZONE)
    server.wait_log("transfer sent: .*kind=IXFR-condensed from=1 to=4 records=6 ")


def test_a_difference_of_many_messages_comes_whole(start_onnetd):
    """The log is read in slices of 128 KiB, this is more than one."""
    server = start_onnetd({ZONE: {"text": TEXT}})
    for n in range(30):
        update(server, *[lambda m, k=k: m.add(f"n{k}", 60, "TXT", f'"{k:020}"')
                         for k in range(n * 100, n * 100 + 100)])
    assert apply_difference(server, TEXT, dns.query.UDPMode.NEVER) == server.content(ZONE)
    server.wait_log("transfer sent: .*kind=IXFR-condensed from=1 to=31 records=3004 ")
