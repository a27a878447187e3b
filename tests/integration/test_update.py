# SPDX-License-Identifier: GPL-3.0-or-later
"""
RFC 2136 as octets: sections and their checks (3.1 to 3.4.1), transports, many at a time. What updates
do to a zone is told by tests/scenario/{prerequisite,update}.txt.
"""
import random
import threading

import dns.edns
import dns.message
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import servers
import wire
from wire import ANY, CH, IN, NONE, rr

TEXT = r"""$ORIGIN example.net.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
two A 192.0.2.1
two A 192.0.2.2
"""
ZONES = {"example.net": {"text": TEXT}}

pytestmark = pytest.mark.skipif(servers.JUDGE == "nsd", reason="nsd takes no updates")

ADDRESS = b"\xc0\0\2\x63"
GOOD = rr("new.example.net", "A", IN, 60, ADDRESS)


@pytest.fixture(scope="module")
def module_server(start_module):
    return start_module(ZONES)


@pytest.fixture
def server(module_server):
    """Nothing that a test of this kind sends may change the zone."""
    if servers.JUDGE == "knotd":
        pytest.skip("knotd leaves out most of the checks of RFC 2136, 3.1.1 and 3.4.1")
    before = module_server.content("example.net")
    serial = module_server.serial("example.net")
    yield module_server
    assert module_server.content("example.net") == before
    assert module_server.serial("example.net") == serial


def send(server, message, tcp=False, sign=True):
    q = wire.sign(message) if sign else message
    a = (server.tcp if tcp else server.udp)(q)
    assert a is not None
    assert a[:2] == q[:2]
    assert a[2] & 0x80 and a[2] >> 3 & 15 == wire.UPDATE
    if sign and (wire.rcode(a) != dns.rcode.FORMERR or wire.has_tsig(a)):
        # What can't be read can't be verified, so its FORMERR may go unsigned.
        assert wire.signed_right(a, q)
    return wire.rcode(a)


# 3.1.1: the zone section

@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_zone_section_that_is_not_one_soa_is_formerr(server, tcp):
    soa = wire.question("example.net", "SOA")
    for message in (
            wire.header(0, 2, 0, 1, opcode=5) + soa + soa + GOOD,
            wire.update("example.net", rdtype="A", records=[GOOD]),
            wire.update("example.net", rdtype="ANY", records=[GOOD])):
        assert send(server, message, tcp) == dns.rcode.FORMERR


def test_no_zone_section_is_formerr(server):
    for sign in (False, True):
        q = wire.header(0, 0, 0, 1, opcode=5) + GOOD
        a = server.udp(wire.sign(q) if sign else q)
        assert wire.rcode(a) in (dns.rcode.FORMERR, dns.rcode.NOTAUTH)
        assert wire.rcode(a) == dns.rcode.FORMERR or servers.JUDGE != "onnetd"


@pytest.mark.parametrize("zone, rdclass", [("example.com", IN), ("two.example.net", IN), ("net", IN),
                                           (".", IN), ("example.net", CH)])
def test_what_is_not_a_zone_of_ours_is_notauth(server, zone, rdclass):
    if (servers.JUDGE, rdclass) == ("named", CH):
        pytest.skip("says NOTIMP")
    message = wire.update(zone, rdclass=rdclass, records=[GOOD])
    assert send(server, message) == dns.rcode.NOTAUTH


# 3.2.4: prerequisites

@pytest.mark.parametrize("record", [
    rr("two.example.net", "ANY", ANY, 1), rr("two.example.net", "ANY", NONE, 1),
    rr("two.example.net", "A", ANY, 1), rr("two.example.net", "A", NONE, 1),
    rr("two.example.net", "A", IN, 1, ADDRESS),
    rr("two.example.net", "ANY", ANY, 0, b"x"), rr("two.example.net", "A", ANY, 0, ADDRESS),
    rr("two.example.net", "A", NONE, 0, ADDRESS), rr("two.example.net", "A", CH, 0, ADDRESS),
    rr("two.example.net", "A", 0, 0, ADDRESS),
], ids=["any-ttl", "none-any-ttl", "any-a-ttl", "none-ttl", "in-ttl", "any-data", "any-a-data",
        "none-data", "class-ch", "class-0"])
def test_a_prerequisite_of_no_kind_is_formerr(server, record):
    assert send(server, wire.update("example.net", prerequisite=[record], records=[GOOD])) \
        == dns.rcode.FORMERR


@pytest.mark.parametrize("record", [
    rr("two.example.org", "ANY", ANY), rr("two.example.org", "ANY", NONE),
    rr("two.example.org", "A", ANY), rr("two.example.org", "A", NONE),
    rr("two.example.org", "A", IN, 0, ADDRESS), rr("net", "ANY", ANY), rr(".", "ANY", ANY),
    rr("xexample.net", "ANY", ANY), rr(r"x\.example.net", "ANY", ANY),
], ids=range(9))
def test_a_prerequisite_elsewhere_is_notzone(server, record):
    assert send(server, wire.update("example.net", prerequisite=[record], records=[GOOD])) \
        == dns.rcode.NOTZONE


# 3.4.1.3: prescan

@pytest.mark.parametrize("record", [
    rr("new.example.net", "ANY", IN, 60), rr("new.example.net", "AXFR", IN, 60),
    rr("new.example.net", "MAILA", IN, 60), rr("new.example.net", "MAILB", IN, 60),
    rr("two.example.net", "A", ANY, 1), rr("two.example.net", "A", ANY, 0, ADDRESS),
    rr("two.example.net", "ANY", ANY, 1), rr("two.example.net", "ANY", ANY, 0, b"x"),
    rr("two.example.net", "AXFR", ANY), rr("two.example.net", "MAILA", ANY),
    rr("two.example.net", "MAILB", ANY),
    rr("two.example.net", "A", NONE, 1, ADDRESS), rr("two.example.net", "ANY", NONE, 0),
    rr("two.example.net", "AXFR", NONE, 0), rr("two.example.net", "MAILA", NONE, 0),
    rr("two.example.net", "A", CH, 60, ADDRESS), rr("two.example.net", "A", 0, 60, ADDRESS),
], ids=["in-any", "in-axfr", "in-maila", "in-mailb", "any-ttl", "any-data", "any-any-ttl",
        "any-any-data", "any-axfr", "any-maila", "any-mailb", "none-ttl", "none-any", "none-axfr",
        "none-maila", "class-ch", "class-0"])
def test_an_update_of_no_kind_is_formerr_and_undoes_its_neighbours(server, record):
    for records in ([GOOD, record], [record, GOOD]):
        assert send(server, wire.update("example.net", records=records)) == dns.rcode.FORMERR


@pytest.mark.parametrize("rdtype", ["IXFR", "TKEY", 128, 255, 41])
def test_other_meta_types_are_not_stored(server, rdtype):
    record = rr("new.example.net", rdtype, IN, 60, ADDRESS)
    assert send(server, wire.update("example.net", records=[record])) in (
        dns.rcode.FORMERR, dns.rcode.REFUSED)


@pytest.mark.parametrize("record", [
    rr("two.example.org", "A", IN, 60, ADDRESS), rr("two.example.org", "A", ANY),
    rr("two.example.org", "ANY", ANY), rr("two.example.org", "A", NONE, 0, ADDRESS),
    rr("net", "A", IN, 60, ADDRESS), rr("xexample.net", "A", IN, 60, ADDRESS),
    rr(r"x\.example.net", "A", IN, 60, ADDRESS),
], ids=range(7))
def test_an_update_elsewhere_is_notzone(server, record):
    assert send(server, wire.update("example.net", records=[GOOD, record])) == dns.rcode.NOTZONE


@pytest.mark.parametrize("rdtype, rdata", [
    ("A", b""), ("A", b"123"), ("A", b"12345"), ("AAAA", bytes(15)), ("AAAA", bytes(17)),
    ("NS", b""), ("NS", b"\x03abc"), ("MX", b"\0"), ("MX", b"\0\1"), ("CNAME", b"\0x"),
    ("SRV", b"\0\1\0\1\0"), ("SRV", b"\0\1\0\1\0\1\xc0\xff"), ("NAPTR", b"\0\1\0\1\1"),
    ("NAPTR", b"\0\1\0\1\1u\7E2U+sip"), ("NAPTR", b"\0\1\0\1\1u\7E2U+sip\0"),
    ("NAPTR", b"\0\1\0\1\1u\7E2U+sip\0\0\0"), ("SOA", b"\0\0" + bytes(19)), ("TXT", b"\5abc"),
    ("TXT", b""), ("NS", b"\x40a\0"), ("SSHFP", b""), ("CAA", b"\0"),
    ("NS", b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63 + b"\x3f" + b"d" * 63 + b"\0"),
], ids=range(23))
def test_data_that_is_not_of_its_type_is_formerr(server, rdtype, rdata):
    record = rr("new.example.net", rdtype, IN, 60, rdata)
    q = wire.sign(wire.update("example.net", records=[GOOD, record]))
    assert wire.rcode(server.udp(q)) == dns.rcode.FORMERR


def test_counts_that_do_not_fit_are_formerr_or_silence(server):
    good = wire.update("example.net", records=[GOOD])
    for place in (6, 8, 10):
        broken = bytearray(good)
        broken[place + 1] += 1
        a = server.udp(bytes(broken), timeout=0.3)
        assert a is None or wire.rcode(a) == dns.rcode.FORMERR
    for size in range(12, len(good)):
        a = server.udp(good[:size], timeout=0.05 if servers.JUDGE == "onnetd" else 0.005)
        assert a is None or wire.rcode(a) == dns.rcode.FORMERR


# The response

def test_the_response_repeats_id_and_opcode_and_carries_edns_if_asked(server):
    m = dns.update.UpdateMessage("example.net")
    m.present("nothing")
    m.use_edns(0, payload=1232)
    r = server.update(m)
    assert r.rcode() == dns.rcode.NXDOMAIN
    assert r.edns == 0
    m = dns.update.UpdateMessage("example.net")
    m.present("nothing")
    assert server.update(m).edns == -1


# What changes the zone

@pytest.fixture
def fresh(start):
    return start(ZONES)


def add(n, zone="example.net"):
    m = dns.update.UpdateMessage(zone)
    m.add(f"n{n}", 60, "TXT", str(n))
    return m


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_an_update_is_seen_by_whoever_asks_after_its_acknowledgement(fresh, tcp):
    for n in range(40):
        assert fresh.update(add(n), tcp=tcp).rcode() == 0
        for by_tcp in (False, True, False, False):
            r = fresh.query(f"n{n}.example.net", "TXT", tcp=by_tcp)
            assert r.answer[0][0].strings == (str(n).encode(),)


def test_compressed_names_in_an_update(fresh):
    """Owners, and the data of types that may be compressed (RFC 3597, 4), point into the message."""
    pointer = b"\xc0\x0c"  # the zone's name
    message = wire.update("example.net", records=[
        rr(b"\4mail" + pointer, "A", IN, 60, ADDRESS),
        rr(b"\2mx" + pointer, "MX", IN, 60, b"\0\x0a\4mail" + pointer),
        rr(b"\2ns" + pointer, "NS", IN, 60, b"\4mail" + pointer)])
    assert send(fresh, message) == 0
    r = fresh.query("mx.example.net", "MX")
    assert r.answer[0][0].to_text() == "10 mail.example.net."
    assert r.answer[0][0].to_wire() == b"\0\x0a" + wire.name("mail.example.net")
    assert send(fresh, wire.update("example.net", prerequisite=[
        rr(b"\2mx" + pointer, "MX", IN, 0, b"\0\x0a\4mail" + pointer)], records=[
        rr(b"\2mx" + pointer, "MX", NONE, 0, b"\0\x0a\4mail" + pointer)])) == 0
    assert fresh.query("mx.example.net", "MX").rcode() == dns.rcode.NXDOMAIN


def test_names_and_data_of_any_octets(fresh):
    owner = b"\6\0\xff.@\\\"" + wire.name("example.net")
    regexp = b"!^.*$!sip:\xc3\xbc\x01@example.net!"
    naptr = b"\0\1\0\2\1u\7E2U+sip" + bytes([len(regexp)]) + regexp + b"\0"
    assert send(fresh, wire.update("example.net", records=[
        rr(owner, "NAPTR", IN, 60, naptr), rr(owner, 65280, IN, 60, bytes(range(256))),
        rr(owner, "TXT", IN, 60, b"\0")])) == 0
    for rdtype, want in (("NAPTR", naptr), (65280, bytes(range(256))), ("TXT", b"\0")):
        assert wire.records(fresh.udp(wire.query(owner, rdtype)))[0][5] == want


def test_the_case_of_names_in_data_is_kept(fresh):
    if servers.JUDGE == "knotd":
        pytest.skip("turns names in data to lower case")
    assert send(fresh, wire.update("example.net", records=[
        rr("CaSe.example.net", "SRV", IN, 60, b"\0\1\0\1\0\1" + wire.name("SiP.Example.NET"))])) == 0
    found = wire.records(fresh.udp(wire.query("case.example.net", "SRV")))[0]
    assert found[5][6:] == wire.name("SiP.Example.NET")


def test_a_large_message_over_tcp(fresh):
    m = dns.update.UpdateMessage("example.net")
    for n in range(1200):
        m.add(f"n{n}", 60, "TXT", "x" * 20)
    assert len(m.to_wire()) > 40000
    assert fresh.update(m, tcp=True).rcode() == 0
    assert len(fresh.content("example.net")) == 1204
    m = dns.update.UpdateMessage("example.net")
    for n in range(1200):
        m.delete(f"n{n}")
    m.present("nothing")
    assert fresh.update(m, tcp=True).rcode() == dns.rcode.NXDOMAIN
    assert len(fresh.content("example.net")) == 1204


def test_many_updates_in_flight_on_one_connection(fresh):
    with fresh.connect() as s:
        for n in range(200):
            s.send(wire.sign(wire.update("example.net", ident=n, records=[
                rr(f"n{n}.example.net", "TXT", IN, 60, b"\1x")])))
        seen = set()
        for _ in range(200):
            a = s.receive()
            assert a is not None, f"{len(seen)} answers"
            assert wire.rcode(a) == 0
            seen.add(wire.ident(a))
    assert seen == set(range(200))
    assert len(fresh.content("example.net")) == 204


def test_updates_of_one_connection_are_done_in_their_order(fresh):
    """The later of two on one connection wins, however many are in flight."""
    if servers.JUDGE != "onnetd":
        pytest.skip("a promise of ours")
    with fresh.connect() as s:
        for n in range(100):
            s.send(wire.sign(wire.update("example.net", ident=n, records=[
                rr("x.example.net", "TXT", ANY), rr("x.example.net", "TXT", IN, 60,
                                                    b"\3%03d" % n)])))
        for _ in range(100):
            assert wire.rcode(s.receive()) == 0
    assert fresh.query("x.example.net", "TXT").answer[0][0].strings == (b"099",)


def together(count, work):
    """Runs work(0), work(1) ... at the same time; the results in order."""
    results = [None] * count
    barrier = threading.Barrier(count)

    def run(n):
        barrier.wait()
        try:
            results[n] = work(n)
        except Exception as e:  # shown by the assertion that compares it
            results[n] = e

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def test_of_many_that_want_the_same_name_one_gets_it(fresh):
    for turn in range(8):
        def want(n):
            m = dns.update.UpdateMessage("example.net")
            m.absent(f"lock{turn}")
            m.add(f"lock{turn}", 60, "TXT", str(n))
            return fresh.update(m, tcp=n % 2 == 0).rcode()

        results = together(12, want)
        assert sorted(results) == [dns.rcode.NOERROR] + [dns.rcode.YXDOMAIN] * 11
        winner = results.index(dns.rcode.NOERROR)
        assert fresh.query(f"lock{turn}.example.net", "TXT").answer[0][0].strings == (
            str(winner).encode(),)


def test_a_counter_that_many_count_on_loses_nothing(fresh):
    """Read, then replace if it is still what was read: every success counts once."""
    m = dns.update.UpdateMessage("example.net")
    m.add("counter", 60, "TXT", "0")
    assert fresh.update(m).rcode() == 0

    def count(n):
        done = 0
        while done < 8:
            old = int(fresh.query("counter.example.net", "TXT").answer[0][0].strings[0])
            m = dns.update.UpdateMessage("example.net")
            m.present("counter", "TXT", str(old))
            m.replace("counter", 60, "TXT", str(old + 1))
            rcode = fresh.update(m, tcp=n % 2 == 0).rcode()
            assert rcode in (dns.rcode.NOERROR, dns.rcode.NXRRSET), rcode
            done += rcode == dns.rcode.NOERROR
        return done

    assert together(6, count) == [8] * 6
    assert fresh.query("counter.example.net", "TXT").answer[0][0].strings == (b"48",)


def test_one_failure_in_a_group_takes_nothing_of_the_others(fresh):
    """Good, failing and malformed updates at the same time, from several clients."""
    if servers.JUDGE == "knotd":
        pytest.skip("mixes up codes of updates in flight")
    def work(n):
        rng = random.Random(n)
        outcome = []
        with fresh.connect() as s:
            for i in range(40):
                kind = rng.randrange(4)
                record = rr(f"g{n}-{i}.example.net", "TXT", IN, 60, b"\1x")
                fails = {0: [], 1: [rr("nothing.example.net", "ANY", ANY)],
                         2: [rr("two.example.net", "A", NONE)], 3: []}[kind]
                records = [record] + ([rr("x.example.org", "A", IN, 60, ADDRESS)] if kind == 3 else [])
                s.send(wire.sign(wire.update("example.net", prerequisite=fails, records=records)))
                outcome.append({0: 0, 1: dns.rcode.NXDOMAIN, 2: dns.rcode.YXRRSET,
                                3: dns.rcode.NOTZONE}[kind])
            ours = [wire.rcode(s.receive()) for _ in outcome]
        return sorted(ours) == sorted(outcome), {f"g{n}-{i}" for i, o in enumerate(outcome) if o == 0}

    results = together(6, work)
    assert all(r[0] for r in results), results
    there = {n.labels[0].decode() for n, t, _, _ in fresh.content("example.net")
             if t == dns.rdatatype.TXT}
    assert there == set().union(*(r[1] for r in results))
