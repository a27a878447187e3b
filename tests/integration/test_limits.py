# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sizes end: the largest sets, answers beyond the reach of compression, signatures that need room,
transfers that nobody reads, and nothing left behind by those who come and go."""
import os
import resource
import socket
import time

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

import scenario
import servers
import wire
from wire import ANY, IN, rr

ZONE = "example.net"
LONG = ".".join(["o" * 63] * 3 + ["o" * 47, ZONE])  # 253 octets
HEAD = "$TTL 60\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
# 28 KB of NAPTR, the records with targets first, in the middle and last.
FAR = "".join(f'far NAPTR {n} 1 "u" "E2U+sip" "!^.*$!sip:{"x" * 220}{n:03}@example.net!" .\n'
              for n in range(10, 105)) \
    + "".join(f'far NAPTR {n} 1 "s" "SIP+D2U" "" _sip._udp.t{n}\n'
              f"_sip._udp.t{n} SRV 1 1 5060 host.t{n}\nhost.t{n} A 192.0.2.{n}\n" for n in (1, 55, 200)) \
    + "".join(f'mx MX {n} host{n:03}\nhost{n:03} A 192.0.2.{n % 250}\n' for n in range(90))
SIGNED = "".join(f'size{n:02} TXT "{"x" * 200}" "{"y" * (n * 13)}"\n' for n in range(1, 20)) \
    + "".join(f'both{n:02} MX 1 {"h" * 60}{n:02}\n{"h" * 60}{n:02} A 192.0.2.{n}\n'
              f'both{n:02} TXT "{"x" * 200}" "{"y" * (n * 10)}"\n' for n in range(1, 20))
ZONES = {ZONE: {"text": HEAD + FAR + SIGNED}}

pytestmark = pytest.mark.skipif(servers.JUDGE == "nsd", reason="nsd takes no updates")


@pytest.fixture
def server(start):
    return start(ZONES)


def test_names_beyond_the_reach_of_a_pointer(server):
    """RFC 1035, 4.1.4: a pointer has 14 bits; what lies further away is written out."""
    a = server.tcp(wire.query(f"far.{ZONE}", "NAPTR", extra=wire.opt(), ar=1))
    assert len(a) > 0x4000 + 8000
    r = dns.message.from_wire(a)
    assert len(r.answer[0]) == 98
    if servers.JUDGE in ("named", "knotd"):
        return  # bring nothing for so large a set, or for NAPTR at all
    additional = {(s.name.to_text(), s.rdtype) for s in r.additional}
    for n in (1, 55, 200):
        assert (f"_sip._udp.t{n}.{ZONE}.", dns.rdatatype.SRV) in additional
        assert (f"host.t{n}.{ZONE}.", dns.rdatatype.A) in additional
    for s in r.additional:
        if s.rdtype == dns.rdatatype.SRV:
            assert s[0].target.labels[1] == s.name.labels[2]


def test_many_targets(server):
    r = server.query(f"mx.{ZONE}", "MX", tcp=True)
    assert len(r.answer[0]) == 90
    for s in r.additional:
        assert s.name.labels[0].startswith((b"host", b"ns"))


@pytest.mark.differs("knotd", "knows a key only where a rule names it")
@pytest.mark.parametrize("key", ["ops", "md5", "sha512"])
def test_a_signed_answer_keeps_within_the_payload(server, key):
    """The signature is part of the message: what does not fit with it is left out, or truncates."""
    for payload in (512, 600, 1232):
        for n in range(1, 20):
            for name, rdtype in ((f"size{n:02}", "TXT"), (f"both{n:02}", "MX")):
                q = wire.sign(wire.query(f"{name}.{ZONE}", rdtype, extra=wire.opt(payload), ar=1), key)
                a = server.udp(q)
                assert len(a) <= payload
                assert wire.signed_right(a, q, key)
                found = wire.records(a)
                truncated = a[2] & 2
                assert truncated or found[0][0] == 1
    q = wire.sign(wire.query(f"size19.{ZONE}", "TXT"), key)
    a = server.udp(q)
    assert len(a) <= 512
    assert wire.signed_right(a, q, key)


def change(server, *records):
    q = wire.sign(wire.update(ZONE, records=records))
    assert len(q) < 65536
    a = server.tcp(q)
    assert a is not None
    return wire.rcode(a)


@pytest.mark.parametrize("owner", [f"x.{ZONE}", LONG], ids=["short", "long"])
def test_the_largest_record(server, owner):
    """What is taken can be asked for and transferred; what can't is not taken."""
    for size in (64000, 64500, 64800, 64900, 64950, 65000, 65050, 65100, 65150, 65200, 65250, 65300):
        change(server, rr(owner, 65280, ANY))
        head = len(wire.sign(wire.update(ZONE, records=[rr(owner, 65280, IN, 60)])))
        if head + size > 65535:
            break
        rcode = change(server, rr(owner, 65280, IN, 60, bytes(size)))
        assert rcode in (0, dns.rcode.REFUSED, dns.rcode.SERVFAIL, dns.rcode.FORMERR)
        there = [c for c in server.content(ZONE) if c[1] == 65280]
        assert len(there) == (rcode == 0)
        for q in (wire.query(owner, 65280), wire.query(owner, 65280, extra=wire.opt(), ar=1)):
            a = server.tcp(q)
            assert a is not None
            r = dns.message.from_wire(a)
            assert r.flags & 0x0200 or len(r.answer) == (rcode == 0)


@pytest.mark.differs("knotd", "takes what it can't send")
def test_the_largest_set(server):
    """A set grows until it is refused; what was acknowledged is served whole over TCP, and transferred."""
    count = 0
    for n in range(80):
        # Other sets at the name let the node grow beyond one message.
        assert change(server, rr(f"big.{ZONE}", "TXT", IN, 60, b"\xff" + b"t" * 255)
                      if n == 0 else rr(f"big.{ZONE}", 65000 + n, IN, 60, bytes(1000))) == 0
    for n in range(80):
        rcode = change(server, rr(f"big.{ZONE}", 65280, IN, 60, n.to_bytes(2, "big") + bytes(998)))
        if rcode != 0:
            assert rcode in (dns.rcode.REFUSED, dns.rcode.SERVFAIL)
            break
        count += 1
    assert count >= 60
    r = dns.message.from_wire(server.tcp(wire.query(f"big.{ZONE}", 65280)))
    assert r.flags & 0x0200 or len(r.answer[0]) == count
    there = [c for c in server.content(ZONE) if c[1] == 65280]
    assert len(there) == count
    assert change(server, rr(f"big.{ZONE}", 65280, ANY)) == 0
    assert change(server, rr(f"big.{ZONE}", "ANY", ANY)) == 0
    assert server.query(f"big.{ZONE}", "TXT").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.thorough
def test_a_name_with_thousands_of_records(server):
    """Small records, so that counts go beyond a thousand in one set."""
    if servers.JUDGE == "named":
        pytest.skip("named keeps at most 100 records in a set")
    for base in range(0, 3000, 1000):
        assert change(server, *(rr(f"many.{ZONE}", "A", IN, 60, (base + n).to_bytes(4, "big"))
                                for n in range(1000))) == 0
    r = server.query(f"many.{ZONE}", "A", tcp=True)
    assert len(r.answer[0]) == 3000
    assert change(server, rr(f"many.{ZONE}", "A", wire.NONE, 0, (5).to_bytes(4, "big"))) == 0
    assert len(server.query(f"many.{ZONE}", "A", tcp=True).answer[0]) == 2999


LARGE = HEAD + "".join(f'n{n} TXT "{"x" * 200}" "{"y" * 200}"\n' for n in range(30000))

only_onnetd = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")


def begin_transfer(server):
    s = server.connect()
    s.socket.close()
    s.socket = socket.socket()
    s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.socket.settimeout(servers.PATIENCE)
    s.socket.connect((servers.ADDRESS, server.port))
    s.send(wire.sign(wire.query(ZONE, "AXFR")))
    assert s.receive() is not None
    return s


def soas_to_come(s):
    """How many SOA records the rest of the stream has; it ends where the connection does."""
    soas = 0
    while (a := s.receive()) is not None:
        soas += sum(f[2] == 6 for f in wire.records(a))
        if soas:
            break
    return soas


@only_onnetd
def test_a_transfer_that_nobody_reads_is_given_up(start_onnetd):
    server = start_onnetd({ZONE: {"text": LARGE}}, server={"tcp-idle-timeout": 1})
    s = begin_transfer(server)
    inode = {os.stat(f"/proc/{server.process.pid}/fd/{fd}").st_ino
             for fd in os.listdir(f"/proc/{server.process.pid}/fd")}
    end = 400
    while end and len(inode & {os.stat(f"/proc/{server.process.pid}/fd/{fd}").st_ino
                               for fd in os.listdir(f"/proc/{server.process.pid}/fd")}) == len(inode):
        time.sleep(0.05)
        end -= 1
    assert end, "the connection is still there after 20 idle times"
    assert soas_to_come(s) == 0
    s.close()
    assert server.query(ZONE, "SOA").rcode() == 0


@only_onnetd
def test_connections_beyond_what_the_machine_gives(start_onnetd):
    """Where no more files may be opened, whoever is idle makes room for who comes."""
    server = start_onnetd(ZONES, server={"workers": 1, "tcp-idle-timeout": 3600})
    server.query(ZONE, "SOA", tcp=True)
    files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files + 4, files + 4))
    held = [server.connect() for _ in range(20)]
    s = server.connect()
    s.send(wire.query(ZONE, "SOA"))
    assert wire.rcode(s.receive()) == 0
    for s in held:
        s.close()


@only_onnetd
def test_a_transfer_outlives_updates_and_reloads(start_onnetd):
    """It is of the moment when it began, though the zone changes, and then is taken from the server."""
    server = start_onnetd({ZONE: {"text": LARGE}, "other.example": {}})
    s = begin_transfer(server)
    for n in range(50):
        assert change(server, rr(f"n{n}.{ZONE}", "ANY", ANY)) == 0
    server.zones = {"other.example": {}}
    server.configure()
    mark = len(server.log())
    server.reload()
    for _ in range(1000):
        if server.query(ZONE, "SOA").rcode() == dns.rcode.REFUSED:
            break
    else:
        pytest.fail(f"no reload: {server.log()[mark:]}")
    soas, names = 0, 0
    while not soas:
        a = s.receive()
        if a is None:
            break  # closing it is as good
        found = wire.records(a)
        soas += sum(f[2] == 6 for f in found)
        names += sum(f[2] == 16 for f in found)
    if soas:
        assert names > 29000
    s.close()
    assert server.query("other.example", "SOA").rcode() == 0


@only_onnetd
def test_nothing_is_left_behind_by_those_who_come_and_go(start_onnetd):
    server = start_onnetd(ZONES, server={"tcp-idle-timeout": 1})
    directory = f"/proc/{server.process.pid}/fd"
    before = len(os.listdir(directory))
    for n in range(300):
        with server.connect() as s:
            if n % 3 == 0:
                s.send(wire.query(f"far.{ZONE}", "NAPTR"))
            elif n % 3 == 1:
                s.send(wire.sign(wire.update(ZONE, records=[rr(f"x{n % 7}.{ZONE}", "TXT", IN, 60,
                                                               b"\1x")])))
    for _ in range(200):
        if len(os.listdir(directory)) <= before:
            break
        server.tcp(wire.query(ZONE, "SOA"))
    assert len(os.listdir(directory)) <= before + 1


BROKEN = {
    "HINFO": [b"", b"\1", b"\1a", b"\1a\2b", b"\1a\1b\1c"], "RP": [b"\0", b"\0\0\0"],
    "AFSDB": [b"\0", b"\0\1"], "LOC": [b"", bytes(15), bytes(17)], "KX": [b"\0\1"],
    "CERT": [b"", bytes(4)], "DNAME": [b"", b"\1"], "APL": [b"\0\1\x18\5\1\2\3\4\5", b"\0\1\x18"],
    "DS": [b"", bytes(3)], "SSHFP": [b"\1"], "DNSKEY": [b"\1\0\3"], "TLSA": [b"\3\1"],
    "SMIMEA": [b"\3\1"], "CDS": [b"\0"], "CSYNC": [bytes(5), bytes(6) + b"\0\x21"],
    "SVCB": [b"\0", b"\0\1", b"\0\1\0\0", b"\0\1\0\0\1\0\5x"], "HTTPS": [b"\0\1\0\0\3\0\5\x01"],
    "NID": [bytes(9), bytes(11)], "L32": [bytes(5), bytes(7)], "L64": [bytes(9)], "LP": [b"\0\1"],
    "EUI48": [bytes(5), bytes(7)], "EUI64": [bytes(7), bytes(9)], "URI": [b"\0\1\0"],
    "CAA": [b"", b"\0", b"\0\5abc", b"\0\0"], "PTR": [b"", b"\0\0"], "SPF": [b"\5a"],
    "SRV": [b"\0\1\0\1\0\1", b"\0\1\0\1\0\1\0\0"], "MX": [b"\0\1\0\0"], "SOA": [b"\0\0" + bytes(21)],
    "NAPTR": [b"", bytes(4), b"\0\1\0\1\0\0\0", b"\0\1\0\1\0\0\0\0\0", b"\0\1\0\1\xff\0\0\0"],
}


@pytest.mark.parametrize("rdtype", sorted(BROKEN))
@pytest.mark.differs("knotd", "stores it")
def test_data_that_no_client_could_read_is_formerr(server, rdtype):
    """Each of these makes dnspython, and named, give up on the answer it is in."""
    for data in BROKEN[rdtype]:
        with pytest.raises(Exception):
            dns.rdata.from_wire("IN", rdtype, data, 0, len(data))
        assert change(server, rr(f"x.{ZONE}", rdtype, IN, 60, data)) == dns.rcode.FORMERR, data
    assert server.query(f"x.{ZONE}", "A").rcode() == dns.rcode.NXDOMAIN
    assert server.serial(ZONE) == 1
