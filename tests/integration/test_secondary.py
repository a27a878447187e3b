# SPDX-License-Identifier: GPL-3.0-or-later
"""
onnetd as a secondary: it follows named, knotd, nsd, pdns_server and itself, by AXFR, IXFR and NOTIFY; what is broken
changes nothing; what can't be checked any more expires.
"""
import os
import random
import signal
import socket
import subprocess
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import certificates
import metrics
import primary as script
import servers
from primary import record, soa
from servers import ADDRESS, PATIENCE
from test_tls import NAME, TlsServer

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd as a secondary")

ZONE = "example."
KINDS = ["onnetd", "named", "knotd", "nsd", "pdns_server"]
ROUNDS = int(os.environ.get("ONNET_KILL_ROUNDS", "4"))


def zone_text(records, serial=1, timers="3600 1 1209600 60"):
    return (f"$TTL 60\n@ SOA ns.example. host.example. {serial} {timers}\n@ NS ns.example.\n"
            "ns A 192.0.2.53\n" + "".join(f"{r}\n" for r in records))


def peers(*ports, key="ops"):
    return [{"address": f"{ADDRESS}@{p}", **({"key": key} if key else {})} for p in ports]


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.02)


def rcode(server, name=ZONE, rdtype="SOA", tcp=False):
    return dns.rcode.to_text(server.query(name, rdtype, tcp=tcp).rcode())


def serial(server, zone=ZONE):
    r = server.query(zone, "SOA")
    return r.answer[0][0].serial if r.answer else None


def soa_of(server, zone=ZONE):
    return server.query(zone, "SOA").answer[0]


def wait_same(one, other, zone=ZONE):
    until(lambda: serial(one, zone) == serial(other, zone), "the serial of the primary")
    assert one.content(zone) == other.content(zone)
    assert soa_of(one, zone) == soa_of(other, zone)


def notify(server, zone=ZONE, key="ops", source=None):
    m = dns.message.make_query(zone, "SOA")
    m.set_opcode(dns.opcode.NOTIFY)
    m.flags |= dns.flags.AA
    if key:
        m.use_tsig(servers.tsig_key(key))
    r = server.exchange(m, source=source)
    assert r.opcode() == dns.opcode.NOTIFY
    return dns.rcode.to_text(r.rcode())


# --- following real primaries ---

def random_record(rng):
    owner = rng.choice([f"n{rng.randrange(20)}", "*.w", "@",
                        ".".join(f"{rng.randrange(40):03}") + ".5.5.1"])
    kind, data = rng.choice([("A", f"192.0.2.{rng.randrange(8)}"), ("TXT", f'"{rng.randrange(6)}"'),
                             ("MX", f"{rng.randrange(3)} mail.example."),
                             ("SRV", f"1 2 {rng.randrange(5)} sip.example."),
                             ("NAPTR", f'1 {rng.randrange(4)} "u" "E2U+sip" "!^.*$!sip:a@b!" .')])
    return owner, rng.choice([60, 300]), kind, data


def random_update(rng):
    m = dns.update.UpdateMessage(ZONE)
    for _ in range(rng.randint(1, 6)):
        owner, ttl, kind, data = random_record(rng)
        rng.choice([lambda: m.add(owner, ttl, kind, data), lambda: m.add(owner, ttl, kind, data),
                    lambda: m.replace(owner, ttl, kind, data), lambda: m.delete(owner, kind),
                    lambda: m.delete(owner, kind, data)])()
    return m


def random_zone(rng):
    chosen = {}
    for _ in range(60):
        owner, ttl, kind, data = random_record(rng)
        sort = chosen.setdefault((owner, kind), (ttl, set()))
        sort[1].add(data)
    # so many that named, whose differences must be smaller than the zone, sends them
    filling = [f"s{i} 60 A 192.0.2.9" for i in range(200)]
    return filling + [f"{o} {ttl} {k} {d}" for (o, k), (ttl, all_data) in chosen.items()
                      for d in all_data]


def change(primary, rng, step):
    """Changes the primary's zone at random, by the means that it has."""
    if primary.kind == "nsd":
        primary.write(primary.zone_file(ZONE), zone_text(random_zone(rng), serial=step + 2))
        primary.process.send_signal(signal.SIGHUP)
        until(lambda: serial(primary) == step + 2, "nsd takes the new file")
        return
    m = random_update(rng)
    if primary.kind == "pdns_server":
        assert primary.exchange(m).rcode() == 0
    else:
        assert primary.update(m).rcode() == 0


def follow_changes(start_kind, start_onnetd, kind, updates, step):
    """A copy of a primary of this kind that is changed at random; both are compared now and then."""
    rng = random.Random(f"{kind} {updates}")
    port = servers.take_port()
    primary = start_kind(kind, {ZONE: {"text": zone_text(random_zone(rng)), "tell": [port],
                                       "tell-key": "ops"}})
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port)}}, port=port)
    wait_same(primary, secondary)
    for n in range(updates):
        change(primary, rng, n)
        if n % step == step - 1:
            wait_same(primary, secondary)
    if kind in ("onnetd", "named", "knotd"):
        assert ": IXFR, serial" in secondary.log()
    assert "of no use" not in secondary.log()
    servers.release_port(port)


@pytest.mark.parametrize("kind", KINDS)
def test_random_changes_of_a_primary_are_followed_record_for_record(start_kind, start_onnetd, kind):
    follow_changes(start_kind, start_onnetd, kind, 16 if kind != "nsd" else 8, 8)


@pytest.mark.thorough
@pytest.mark.parametrize("kind, updates", [("onnetd", 1000), ("named", 1000), ("knotd", 400), ("pdns_server", 200)])
def test_thousands_of_changes_of_primaries_are_followed(start_kind, start_onnetd, kind, updates):
    follow_changes(start_kind, start_onnetd, kind, updates, updates // 4)


def test_a_chain_of_three_passes_changes_on(start_onnetd):
    timers = "1 1 1209600 60"
    first = start_onnetd({ZONE: {"text": zone_text(["a A 192.0.2.1"], timers=timers)}})
    second = start_onnetd({ZONE: {"primary": peers(first.port)}})
    third = start_onnetd({ZONE: {"primary": peers(second.port)}})
    wait_same(first, third)
    rng = random.Random(3)
    for _ in range(5):
        assert first.update(random_update(rng)).rcode() == 0
    wait_same(first, third)


def test_ranges_reach_another_onnetd_as_they_are_stored(start_onnetd):
    text = zone_text(["*.1.2 A 192.0.2.1", "3.1.2 A 192.0.2.3"])
    first = start_onnetd({ZONE: {"text": text, "number-ranges": "on"}})
    ranges = start_onnetd({ZONE: {"primary": peers(first.port), "number-ranges": "on"}})
    plain = start_onnetd({ZONE: {"primary": peers(first.port)}})
    for server in (ranges, plain):
        until(lambda s=server: serial(s) == 1, "the copy")
        for name in ("9.1.2.example.", "4.3.1.2.example.", "x.1.2.example."):
            assert server.query(name).answer == first.query(name).answer, name
    assert len(ranges.content(ZONE)) == len(plain.content(ZONE))


# --- timers ---

@pytest.mark.parametrize("how", ["reload", "restart"])
def test_a_copy_that_shall_have_ranges_or_none_is_fetched_anew(start_onnetd, build, how):
    text = zone_text(["*.1.2 A 192.0.2.1", "3.1.2 A 192.0.2.3"])
    primary = start_onnetd({ZONE: {"text": text, "number-ranges": "on"}})
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port)}})
    until(lambda: rcode(secondary) == "NOERROR", "the copy")
    plain = exported(secondary, build)
    assert plain != exported(primary, build)
    for ranges in ("on", "off"):
        secondary.zones[ZONE]["number-ranges"] = ranges
        start = len(secondary.log())
        secondary.configure()
        if how == "reload":
            secondary.reload()
        else:
            secondary.restart()
        secondary.wait_log("AXFR, serial 1 to 1", start)
        assert exported(secondary, build) == (exported(primary, build) if ranges == "on" else plain)


def test_a_copy_expires_and_comes_back(start_onnetd):
    text = zone_text(["a A 192.0.2.1"], timers="1 1 3 60")
    primary = start_onnetd({ZONE: {"text": text}})
    door = servers.take_port()
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port)}},
                             server={"metrics": [f"127.0.0.1@{door}"]})

    def expired():
        return metrics.scrape(door).get("onnet_zone_expired", zone="example")

    until(lambda: rcode(secondary) == "NOERROR", "the copy")
    assert expired() == 0
    primary.stop()
    until(lambda: rcode(secondary) == "SERVFAIL", "the expiry")
    assert expired() == 1
    assert rcode(secondary, "a." + ZONE, "A") == "SERVFAIL"
    assert rcode(secondary, ZONE, "AXFR", tcp=True) == "SERVFAIL"
    secondary.restart()
    assert rcode(secondary) == "SERVFAIL"
    secondary.kill()
    secondary.start()
    assert rcode(secondary) == "SERVFAIL"
    primary.start()
    until(lambda: rcode(secondary) == "NOERROR", "the copy to be good again")
    assert expired() == 0
    servers.release_port(door)
    log = secondary.log()
    assert log.count("expired: no primary could be asked") == 3
    assert 1 <= log.count("nothing listens on") <= 6, "not at each try"
    assert "is of use again" in log and "good again, serial 1" in log


def test_a_copy_that_was_not_fetched_yet_is_not_made_up(start_onnetd):
    port = servers.take_port()
    secondary = start_onnetd({ZONE: {"primary": peers(port)}, "own.": {"text": zone_text([])}})
    assert rcode(secondary) == "SERVFAIL"
    assert rcode(secondary, "own.") == "NOERROR"
    secondary.wait_log("nothing listens on")
    servers.release_port(port)


def test_a_file_seeds_a_copy(start_onnetd):
    port = servers.take_port()
    secondary = start_onnetd({ZONE: {"text": zone_text(["a A 192.0.2.1"], serial=7),
                                     "primary": peers(port)}})
    assert serial(secondary) == 7
    servers.release_port(port)


# --- several primaries ---

def test_the_next_primary_is_asked_where_one_is_dead_silent_or_older(start_onnetd):
    dead = servers.take_port()
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind((ADDRESS, 0))
    older = start_onnetd({ZONE: {"text": zone_text(["old A 192.0.2.1"], serial=4)}})
    newer = start_onnetd({ZONE: {"text": zone_text(["new A 192.0.2.1"], serial=9)}})
    secondary = start_onnetd({ZONE: {
        "text": zone_text(["seed A 192.0.2.1"], serial=5),
        "primary": peers(dead, silent.getsockname()[1], older.port, newer.port)}})
    wait_same(newer, secondary)
    log = secondary.log()
    assert f"primary 127.0.0.1@{dead}: nothing listens" in log
    assert "its serial 4 is older than the copy's 5" in log
    silent.close()
    servers.release_port(dead)


# --- NOTIFY ---

def counting(serial_now):
    def transfer(_request):
        yield [soa(ZONE, serial_now), record(ZONE, "NS", "ns.example."), soa(ZONE, serial_now)]
    return script.Primary(ZONE, serial_now, transfer)


def test_notify_is_taken_from_primaries_alone(start_onnetd):
    primary = counting(1)
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port)}, "own.": {"text": zone_text([])}})
    until(lambda: serial(secondary) == 1, "the copy")
    assert notify(secondary) == "NOERROR"
    assert notify(secondary, key=None) == "REFUSED"
    assert notify(secondary, key="reader") == "REFUSED"
    assert notify(secondary, source="127.0.0.2") == "REFUSED"
    assert notify(secondary, zone="own.") == "NOTAUTH"
    assert notify(secondary, zone="other.") == "NOTAUTH"
    secondary.wait_log("NOTIFY refused: zone=example. peer=127.0.0.1@[0-9]+ key=-: it is not signed")
    primary.close()


def test_a_flood_of_notify_is_a_few_checks(start_onnetd):
    primary = counting(1)
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port, key=None)}})
    until(lambda: serial(secondary) == 1, "the copy")
    before = len(primary.asked)
    m = dns.message.make_query(ZONE, "SOA")
    m.set_opcode(dns.opcode.NOTIFY)
    wire = m.to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((ADDRESS, secondary.port))
        for _ in range(2000):
            s.send(wire)
    until(lambda: len(primary.asked) > before, "a check")
    assert notify(secondary, key=None) == "NOERROR"
    assert len(primary.asked) - before < 200
    assert "XFR" not in "".join(primary.asked[before:]), "nothing is newer, so nothing is fetched"
    primary.close()


# --- broken streams ---

NS = record(ZONE, "NS", "ns.example.")


def version(number):
    """The records of a version: what comes and goes with it, too."""
    return [NS, record("a." + ZONE, "A", f"192.0.2.{number}"), record(f"b{number}." + ZONE, "A", "192.0.2.3")]


def data(number):
    return {("example.", "ns.example."), ("a.example.", f"192.0.2.{number}"),
            (f"b{number}.example.", "192.0.2.3")}


def shown(server):
    return {(s[0].to_text(), s[3].to_text()) for s in server.content(ZONE)}


def whole(number):
    def transfer(_request):
        yield [soa(ZONE, number), *version(number), soa(ZONE, number)]
    return transfer


def messages(*answers):
    def transfer(_request):
        yield from answers
    return transfer


def fetched(start_onnetd, key="ops"):
    """A scripted primary, and a secondary that has its first version."""
    primary = script.Primary(ZONE, 1, whole(1))
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port, key=key)}})
    until(lambda: serial(secondary) == 1, "the copy")
    return primary, secondary


def other_question(number):
    def transfer(request):
        m = dns.message.make_response(request)
        m.question = [dns.rrset.RRset(dns.name.from_text("other."), 1, dns.rdatatype.SOA)]
        m.answer = [soa(ZONE, number), *version(number), soa(ZONE, number)]
        yield m
    return transfer


def refused_halfway(number):
    def transfer(request):
        yield [soa(ZONE, number), *version(number)]
        m = dns.message.make_response(request)
        m.set_rcode(dns.rcode.SERVFAIL)
        yield m
    return transfer


def broken(n):
    """From version n - 1 to n: what a primary sends, and what the log says to it."""
    new, begin, rest = soa(ZONE, n), [soa(ZONE, n), NS], [*version(n)[1:], soa(ZONE, n)]
    both = [*begin, *version(n)[1:]]
    return {
        "question": (other_question(n), "of another question"),
        "no SOA": (messages(version(n), rest), "does not start with the SOA record"),
        "other SOA": (messages([new, soa("other.", n), *version(n)], rest), "the SOA record of another zone"),
        "garbage": (messages(begin, b"\xff" * 40), "of another question|malformed"),
        "short": (messages(begin, b"\x00"), "of another question|malformed"),
        "cut": (messages(both), "closed the connection"),
        "empty": (messages(both, []), "a message without records"),
        "closing": (messages(both, [soa(ZONE, n + 1)]), "ends with another serial"),
        "after the end": (messages(both, [new, NS]), "goes on after its end"),
        "refused": (refused_halfway(n), "was broken off by the server"),
        "CNAME": (messages(both + [record(f"b{n}." + ZONE, "CNAME", "c.example.")], [new]),
                  f"b{n}.example.: a name with a CNAME has no other records"),
        "gap": (messages([new, soa(ZONE, n - 1), new], [soa(ZONE, n + 5)]), "a gap between its differences"),
        "start": (messages([soa(ZONE, n + 1), soa(ZONE, n)], []), "from another serial"),
    }


def test_a_broken_stream_changes_nothing_and_is_told(start_onnetd):
    primary, secondary = fetched(start_onnetd)
    for number, case in enumerate(broken(2), start=2):
        seen = len(secondary.log())
        primary.transfer, why = broken(number)[case]
        primary.serial = number
        assert notify(secondary) == "NOERROR"
        secondary.wait_log(f"127.0.0.1@{primary.port}.*({why})", seen)
        # that may have been the difference, and the whole zone is still to be asked for
        secondary.wait_log(f"primary 127.0.0.1@{primary.port}: ", seen)
        assert serial(secondary) == number - 1, case
        assert shown(secondary) == data(number - 1), case
        primary.transfer = whole(number)
        assert notify(secondary) == "NOERROR"
        until(lambda n=number: serial(secondary) == n, "the next try")
        assert shown(secondary) == data(number), case
        secondary.wait_log("is of use again", seen)
    primary.close()


def spoil(number):
    def sign(n, wire):
        return wire[:-20] + bytes([wire[-20] ^ 1]) + wire[-19:] if n == number else wire
    return sign


def strip(number):
    """Takes the signature, which is the last record, off a message."""
    def sign(n, wire):
        if n != number:
            return wire
        at = dns.message.from_wire(wire, keyring=False, continue_on_error=True)
        at.tsig = None
        return at.to_wire(max_size=65535)
    return sign


def test_a_wrong_signature_anywhere_changes_nothing(start_onnetd):
    primary, secondary = fetched(start_onnetd)
    cases = [(spoil(i), "signature is wrong") for i in range(3)]
    cases += [(strip(0), "is not signed"), (strip(2), "last message of the transfer is not signed")]
    for number, (sign, why) in enumerate(cases, start=2):
        seen = len(secondary.log())
        new, records = soa(ZONE, number), version(number)
        primary.transfer = messages([new, records[0]], [records[1]], [records[2], new])
        primary.serial, primary.sign = number, sign
        notify(secondary)
        secondary.wait_log(f"primary 127.0.0.1@{primary.port}: .*{why}", seen)
        assert shown(secondary) == data(number - 1), number
        primary.sign = lambda _n, wire: wire
        notify(secondary)
        until(lambda n=number: serial(secondary) == n, "the next try")
        assert shown(secondary) == data(number)
    primary.close()


def test_a_zone_without_end_is_given_up(start_onnetd):
    """Its size is that of zone-max-size; what is there stays, and a reload with another size takes more."""
    sent, text = [], " ".join([f'"{"x" * 250}"'] * 40)

    def endless(_request):
        yield [soa(ZONE, 2), NS]
        for number in range(100000):
            sent.append(number)
            yield [record(f"n{number}." + ZONE, "TXT", text)]

    def long(_request):
        yield [soa(ZONE, 2), NS]
        for number in range(20):
            yield [record(f"n{number}." + ZONE, "TXT", text)]
        yield [soa(ZONE, 2)]

    primary = script.Primary(ZONE, 1, whole(1))
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port), "zone-max-size": "128K"}})
    until(lambda: serial(secondary) == 1, "the copy")
    primary.serial, primary.transfer = 2, endless
    notify(secondary)
    secondary.wait_log(f"primary 127.0.0.1@{primary.port}: it is larger than zone-max-size")
    assert serial(secondary) == 1 and shown(secondary) == data(1)
    until(lambda: 12 < len(sent) < 100000, "no more than a connection holds on its way")
    primary.transfer = long
    seen = len(secondary.log())
    secondary.zones[ZONE]["zone-max-size"] = "256K"
    secondary.configure()
    secondary.reload()
    secondary.wait_log("is of use again|transferred from", seen)
    until(lambda: serial(secondary) == 2, "the zone that fits now")
    assert len(secondary.content(ZONE)) == 1 + 20
    primary.close()


def ixfr(number, *steps):
    """IXFR with these answers; AXFR gives the zone whole."""
    def transfer(request):
        if request.question[0].rdtype == dns.rdatatype.AXFR:
            yield from whole(number)(request)
        else:
            yield list(steps)
    return transfer


def refuse_ixfr(number, code):
    def transfer(request):
        if request.question[0].rdtype == dns.rdatatype.AXFR:
            yield from whole(number)(request)
        else:
            m = dns.message.make_response(request)
            m.set_rcode(code)
            yield m
    return transfer


def misfits(n):
    old, new = soa(ZONE, n - 1), soa(ZONE, n)
    return {
        "removes nothing": (ixfr(n, new, old, record("x." + ZONE, "A", "192.0.2.9"), new, new),
                            "a record that is to go is not there: x.example."),
        "adds again": (ixfr(n, new, old, new, NS, new), "a record that comes is there already: example."),
        "too far": (ixfr(n, new, old, soa(ZONE, n + 1), new), "do not lead to the newest"),
        "NOTIMP": (refuse_ixfr(n, dns.rcode.NOTIMP), "does not know IXFR"),
        "FORMERR": (refuse_ixfr(n, dns.rcode.FORMERR), "does not know IXFR"),
        "large": (ixfr(n, new, old, *version(n - 1)[1:], new, *version(n)[1:],
                       *[record(f"n{i}." + ZONE, "TXT", "x" * 250) for i in range(100)], new), None),
    }


def test_where_differences_do_not_fit_the_zone_is_fetched_whole(start_onnetd):
    primary, secondary = fetched(start_onnetd)
    for number, case in enumerate(misfits(2), start=2):
        seen = len(secondary.log())
        primary.transfer, why = misfits(number)[case]
        primary.serial = number
        notify(secondary)
        until(lambda n=number: serial(secondary) == n, "the new version")
        if why is None:
            assert "AXFR" not in secondary.log()[seen:], "a large message is no misfit"
            continue
        assert shown(secondary) == data(number), case
        secondary.wait_log(f"of no use, the zone is asked for whole: .*{why}", seen)
    primary.close()


def test_more_differences_than_memory_is_for_are_given_up_for_the_whole_zone(start_onnetd):
    primary, secondary = fetched(start_onnetd, key=None)

    def endless(request):
        if request.question[0].rdtype == dns.rdatatype.AXFR:
            yield from whole(2)(request)
            return
        yield [soa(ZONE, 2), soa(ZONE, 1), version(1)[1], soa(ZONE, 2)]
        m = dns.message.make_response(request)
        m.answer = [record(f"n{i}." + ZONE, "TXT", "x" * 250) for i in range(50)]
        wire = m.to_wire(max_size=65535)
        while True:
            yield wire
    primary.transfer, primary.serial = endless, 2
    notify(secondary, key=None)
    until(lambda: serial(secondary) == 2, "the new version")
    assert shown(secondary) == data(2)
    secondary.wait_log("the zone is asked for whole: there are too many")
    primary.close()


def test_several_steps_of_one_ixfr_are_made(start_onnetd):
    primary, secondary = fetched(start_onnetd)
    outside, between = record("www.other.", "A", "192.0.2.7"), record("c." + ZONE, "A", "192.0.2.8")
    old, new = version(1), version(4)
    primary.transfer = ixfr(4, soa(ZONE, 4), soa(ZONE, 1), old[1], soa(ZONE, 3), between, outside,
                            soa(ZONE, 3), between, old[2], soa(ZONE, 4), *new[1:], soa(ZONE, 4))
    primary.serial = 4
    notify(secondary)
    until(lambda: serial(secondary) == 4, "the new version")
    assert shown(secondary) == data(4)
    secondary.wait_log("1 records outside of the zone were left out")
    assert "serial 1 to 4" in secondary.log()
    primary.close()


def test_a_stream_without_end_stops_nobody(start_onnetd):
    primary, secondary = fetched(start_onnetd)

    def endless(_request):
        yield [soa(ZONE, 2), NS]
        number = 0
        while True:
            yield [record(f"n{number + i}.{ZONE}", "A", "192.0.2.9") for i in range(50)]
            number += 50
    primary.transfer, primary.serial = endless, 2
    notify(secondary)
    until(lambda: "IXFR" in primary.asked, "the transfer")
    for _ in range(20):
        assert serial(secondary) == 1
    secondary.restart()
    assert shown(secondary) == data(1)
    primary.close()


class Slow(script.Primary):
    """Of any zone; a transfer begins and does not go on until end is set."""

    def __init__(self, end):
        def transfer(request):
            yield [soa(request.question[0].name.to_text(), 1)]
            end.wait()
        super().__init__(".", 1, transfer)

    def answer_soa(self, request):
        name = request.question[0].name.to_text()
        return self.response(request, [soa(name, self.serial)]).to_wire()


def test_a_slow_primary_of_many_zones_keeps_none_from_another(start_onnetd):
    end = threading.Event()
    slow = Slow(end)
    good = start_onnetd({ZONE: {"text": zone_text(["a A 192.0.2.1"])}})
    zones = {f"z{i}.": {"primary": f"{ADDRESS}@{slow.port}"} for i in range(20)}
    secondary = start_onnetd(zones)
    until(lambda: slow.asked.count("AXFR") >= 4, "transfers that do not go on")
    secondary.zones[ZONE] = {"primary": peers(good.port)}
    secondary.configure()
    secondary.reload()
    until(lambda: rcode(secondary) == "NOERROR", "the other primary's zone")
    end.set()
    slow.close()


# --- updates go on to the primary ---

def why(response):
    return next((o.text for o in response.options if o.otype == dns.edns.OptionType.EDE), None)


def update_of(name):
    m = dns.update.UpdateMessage(ZONE)
    m.use_edns(0)
    m.add(name, 60, "A", "192.0.2.77")
    return m


def test_updates_are_forwarded_with_their_signatures(start_onnetd):
    primary = start_onnetd({ZONE: {"text": zone_text([]), "update": ["ops", "pbx"]}})
    few = {n: servers.KEYS[n] for n in ("ops", "reader")}
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port),
                                     "update-forward": ["ops", "127.0.0.2"]}}, keys=few)
    until(lambda: serial(secondary) == 1, "the copy")
    assert secondary.update(update_of("a")).rcode() == 0
    assert secondary.update(update_of("b"), tcp=True).rcode() == 0
    assert serial(primary) == 3

    # a key that the secondary does not have is the primary's to know; both signatures are checked
    secondary.keys = servers.KEYS
    assert secondary.update(update_of("c"), key="pbx", source="127.0.0.2").rcode() == 0
    assert primary.query("c." + ZONE).answer
    refusal = secondary.update(update_of("d"), key="reader", source="127.0.0.2")
    assert refusal.rcode() == dns.rcode.REFUSED and "key 'reader'" in why(refusal)

    refusal = secondary.update(update_of("e"), key="reader")
    assert refusal.rcode() == dns.rcode.REFUSED
    assert why(refusal) == f"this is a copy; its primary is 127.0.0.1@{primary.port}"
    primary.stop()
    assert secondary.update(update_of("f")).rcode() == dns.rcode.SERVFAIL
    secondary.wait_log("update not forwarded: zone=example. peer=127.0.0.1@[0-9]+ primary=")


# --- TLS ---

def test_a_primary_over_tls_must_show_its_name(tmp_path):
    authority = certificates.Authority(tmp_path / "authority")
    zones = {ZONE: {"text": zone_text(["a A 192.0.2.1"]),
                    "transfer": [{"key": "ops", "tls": "on"}]}}
    primary = TlsServer(tmp_path / "primary", zones, authority=authority)
    address = f"{ADDRESS}@{primary.tls_port}"
    wanted = {"address": address, "key": "ops", "tls": NAME}
    secondary = TlsServer(tmp_path / "secondary", {
        ZONE: {"primary": [wanted], "update-forward": ["ops"]},
        "other.": {"primary": [{**wanted, "tls": "other.example"}]}}, authority=authority)
    try:
        primary.start()
        secondary.start()
        until(lambda: serial(secondary) == 1, "the copy over TLS")
        secondary.wait_log(f"zone other.: primary {address}: .*certificate")
        assert rcode(secondary, "other.") == "SERVFAIL"
        assert secondary.update(update_of("b")).rcode() == 0
        assert serial(primary) == 2
    finally:
        secondary.close()
        primary.close()


# --- life ---

def test_a_reload_adds_drops_and_changes_copies(start_onnetd):
    first = start_onnetd({"a.": {"text": zone_text([], serial=5)}, "b.": {"text": zone_text([])}})
    second = start_onnetd({"a.": {"text": zone_text(["x A 192.0.2.1"], serial=6)}})
    secondary = start_onnetd({"a.": {"primary": peers(first.port)}})
    until(lambda: serial(secondary, "a.") == 5, "the copy")
    secondary.zones = {"a.": {"primary": peers(second.port)}, "b.": {"primary": peers(first.port)}}
    secondary.configure()
    secondary.reload()
    until(lambda: serial(secondary, "a.") == 6, "the other primary's")
    until(lambda: rcode(secondary, "b.") == "NOERROR", "the new copy")
    secondary.zones = {"a.": {}}
    secondary.configure()
    secondary.reload()
    m = dns.update.UpdateMessage("a.")
    m.add("own", 60, "A", "192.0.2.1")
    until(lambda: secondary.update(m).rcode() == 0, "the copy to be ours")
    assert rcode(secondary, "b.") == "REFUSED"


def test_nothing_is_imported_into_a_copy(start_onnetd, build):
    primary = start_onnetd({ZONE: {"text": zone_text([])}})
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port)}})
    until(lambda: serial(secondary) == 1, "the copy")
    path = secondary.write("new.zone", zone_text(["x A 192.0.2.1"]))
    command = [os.path.join(build, "onnetd"), "import", "-c", secondary.path("onnet.yaml"),
               ZONE.rstrip("."), path]
    for running in (True, False):
        if not running:
            secondary.stop()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "is a copy" in done.stderr, done.stderr
    secondary.start()


def numbers(count, gateway):
    return "".join(f'{".".join(reversed(f"{i:06}"))} NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:{i}@{gateway}!" .\n'
                   for i in range(count))


def exported(server, build):
    done = subprocess.run([os.path.join(build, "onnetd"), "export", "-c", server.path("onnet.yaml"),
                           ZONE.rstrip(".")], capture_output=True, text=True, check=True)
    return sorted(line for line in done.stdout.splitlines() if not line.startswith((";", "$")))


def test_a_killed_transfer_leaves_the_old_zone_or_the_new_one(start_onnetd, build):
    rng = random.Random(9)
    texts = [zone_text([numbers(4000, f"gw{i}")], serial=i + 1) for i in range(ROUNDS + 1)]
    primary = start_onnetd({ZONE: {"text": texts[0]}})
    secondary = start_onnetd({ZONE: {"primary": peers(primary.port)}})
    until(lambda: serial(secondary) == 1, "the copy")
    versions = [exported(secondary, build)]
    for i in range(1, ROUNDS + 1):
        path = primary.write("next.zone", texts[i])
        subprocess.run([os.path.join(build, "onnetd"), "import", "-c", primary.path("onnet.yaml"),
                        ZONE.rstrip("."), path], capture_output=True, check=True)
        versions.append(exported(primary, build))
        notify(secondary)
        time.sleep(rng.random() * 0.1)
        secondary.kill()
        assert exported(secondary, build) in versions[-2:]
        secondary.start()
        until(lambda i=i: serial(secondary) == i + 1, "the next version")
        assert exported(secondary, build) == versions[-1]


def test_queries_are_answered_while_a_large_zone_comes_in(start_onnetd, build):
    primary = start_onnetd({ZONE: {"text": zone_text([numbers(100000, "gw")])}})
    secondary = start_onnetd({ZONE: {"text": zone_text(["old A 192.0.2.1"], serial=4294967290),
                                     "primary": peers(primary.port)}})
    old, new = 0, None
    end = time.monotonic() + 6 * PATIENCE
    while new is None and time.monotonic() < end:
        m = dns.message.make_query("old." + ZONE, "A")
        r = secondary.exchange(m, timeout=PATIENCE)
        assert r is not None
        if r.answer:
            old += 1
        else:
            new = r
    assert new is not None and old > 0
    assert exported(secondary, build) == exported(primary, build)
