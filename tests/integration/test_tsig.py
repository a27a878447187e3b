# SPDX-License-Identifier: GPL-3.0-or-later
"""
TSIG (RFC 8945) on questions and updates: every algorithm, every error with the response that belongs
to it, truncated MACs, and replays. Signatures are made and judged by wire.py.
"""
import struct
import time

import dns.rcode
import pytest

import servers
import wire
from wire import ANY, IN, NONE, rr

TEXT = """$ORIGIN example.net.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
two A 192.0.2.1
"""
ALL = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
ZONES = {"example.net": {"text": TEXT, "update": ALL + ["ops"]}}
NAMES = iter(range(10 ** 6))

updates = pytest.mark.skipif(servers.JUDGE == "nsd", reason="nsd takes no updates")
only_onnetd = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="a promise of ours")


@pytest.fixture(scope="module")
def server(start_module):
    return start_module(ZONES)


def there(server, owner):
    rcode = wire.rcode(server.udp(wire.query(owner, "TXT")))
    assert rcode in (0, dns.rcode.NXDOMAIN)
    return rcode == 0


def new_update(**more):
    owner = f"t{next(NAMES)}.example.net"
    return owner, wire.update("example.net", records=[rr(owner, "TXT", IN, 60, b"\1x")], **more)


def roads(server):
    return [server.udp, server.tcp]


@pytest.mark.parametrize("key", ALL)
def test_a_signed_question_gets_a_signed_answer(server, key):
    for send in roads(server):
        q = wire.sign(wire.query("two.example.net", extra=wire.opt(), ar=1), key)
        a = send(q)
        assert wire.rcode(a) == 0
        assert wire.signed_right(a, q, key)
        t = wire.Tsig(a)
        assert t.error == 0 and t.other == b"" and t.original_id == wire.ident(q)
        assert abs(t.time - time.time()) < 300


@pytest.mark.parametrize("key", ALL)
@updates
def test_a_signed_update_is_done_and_answered_signed(server, key):
    for send in roads(server):
        owner, message = new_update()
        q = wire.sign(message, key)
        a = send(q)
        assert wire.rcode(a) == 0
        assert wire.signed_right(a, q, key)
        assert there(server, owner)


@updates
@pytest.mark.differs("knotd", "does not sign its refusals")
def test_error_responses_to_signed_requests_are_signed(server):
    for message, want in (
            (wire.update("example.com"), dns.rcode.NOTAUTH),
            (wire.update("example.net", prerequisite=[rr("nothing.example.net", "ANY", ANY)]),
             dns.rcode.NXDOMAIN),
            (wire.update("example.net", records=[rr("x.example.org", "A", IN, 1, b"1234")]),
             dns.rcode.NOTZONE),
            (wire.query("example.com"), dns.rcode.REFUSED),
            (wire.query("nothing.example.net"), dns.rcode.NXDOMAIN)):
        q = wire.sign(message)
        a = server.udp(q)
        assert wire.rcode(a) == want
        assert wire.signed_right(a, q)


def notauth(server, q, error):
    """RFC 8945, 5.3.2: NOTAUTH, the error in the TSIG record. Returns that record."""
    a = server.udp(q)
    assert a[:2] == q[:2]
    assert wire.rcode(a) == dns.rcode.NOTAUTH
    t = wire.Tsig(a)
    assert t.error == error
    assert t.original_id == wire.Tsig(q).original_id
    assert t.owner == wire.Tsig(q).owner
    assert [f for f in wire.records(a) if f[0] == 1] == []
    return a, t


@updates
def test_a_key_that_we_have_not_is_badkey(server):
    """5.2.1: unsigned."""
    keys = dict(servers.KEYS, nobody=servers.KEYS["ops"])
    owner, message = new_update()
    for m in (message, wire.query("two.example.net")):
        _, t = notauth(server, wire.sign(m, "nobody", keys=keys), wire.BADKEY)
        assert t.mac == b""
    assert not there(server, owner)


@updates
def test_a_key_of_another_algorithm_is_badkey(server):
    keys = dict(servers.KEYS, ops=("hmac-sha512", servers.KEYS["ops"][1]))
    owner, message = new_update()
    _, t = notauth(server, wire.sign(message, keys=keys), wire.BADKEY)
    assert t.mac == b""
    assert not there(server, owner)


@updates
def test_an_algorithm_that_nobody_knows_is_badkey(server):
    owner, message = new_update()
    _, t = notauth(server, wire.sign(message, algorithm="hmac-nothing"), wire.BADKEY)
    assert t.mac == b""
    assert not there(server, owner)


@pytest.mark.parametrize("key", ALL)
@updates
def test_a_wrong_signature_is_badsig(server, key):
    """5.2.2: unsigned."""
    owner, message = new_update()
    for m in (message, wire.query("two.example.net")):
        _, t = notauth(server, wire.sign(m, key, spoil=True), wire.BADSIG)
        assert t.mac == b""
    assert not there(server, owner)


@updates
def test_a_changed_message_is_badsig(server):
    owner, message = new_update()
    q = bytearray(wire.sign(message))
    q[q.index(b"\1x")+1] = ord("y")
    notauth(server, bytes(q), wire.BADSIG)
    assert not there(server, owner)


@updates
@pytest.mark.parametrize("shift", [-1000, 1000])
def test_a_wrong_clock_is_badtime(server, shift):
    """5.2.3: signed, with the client's time and fudge, and our time as other data."""
    owner, message = new_update()
    for m in (message, wire.query("two.example.net")):
        q = wire.sign(m, when=int(time.time()) + shift)
        a, t = notauth(server, q, wire.BADTIME)
        assert t.time == wire.Tsig(q).time
        assert t.fudge == 300
        assert len(t.other) == 6
        high, low = struct.unpack("!HI", t.other)
        assert abs((high << 32 | low) - time.time()) < 60
        assert wire.signed_right(a, q)
    assert not there(server, owner)


@updates
def test_a_wrong_signature_and_a_wrong_clock_are_badsig(server):
    """5.2: the signature is looked at before the time."""
    _, message = new_update()
    notauth(server, wire.sign(message, when=1000, spoil=True), wire.BADSIG)


@updates
def test_the_clock_may_differ_by_the_fudge(server):
    for when, fudge in ((-200, 300), (200, 300), (-20, 30)):
        owner, message = new_update()
        q = wire.sign(message, when=int(time.time()) + when, fudge=fudge)
        a = server.udp(q)
        assert wire.rcode(a) == 0
        assert wire.signed_right(a, q)
        assert there(server, owner)


SIZES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}


@pytest.mark.parametrize("key", ALL)
@pytest.mark.differs("knotd", "says BADSIG")
@updates
def test_a_mac_shorter_than_allowed_is_formerr(server, key):
    """5.2.2.1: less than the larger of 10 octets and half of the whole."""
    for size in (1, 9, max(10, SIZES[key] // 2) - 1):
        owner, message = new_update()
        a = server.udp(wire.sign(message, key, mac_size=size))
        assert wire.rcode(a) == dns.rcode.FORMERR, size
        assert not there(server, owner)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.differs("knotd", "says BADSIG")
@updates
def test_a_mac_longer_than_its_algorithm_makes_is_formerr(server, key):
    """5.2.2.1: the first case."""
    owner, message = new_update()
    a = server.udp(wire.sign(message, key, mac_size=SIZES[key] + 1))
    assert wire.rcode(a) == dns.rcode.FORMERR
    assert not there(server, owner)


@updates
def test_no_mac_at_all_does_nothing(server):
    owner, message = new_update()
    a = server.udp(wire.sign(message, mac_size=0))
    assert wire.rcode(a) in (dns.rcode.FORMERR, dns.rcode.NOTAUTH)
    assert not there(server, owner)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.differs("knotd", "says BADSIG")
@updates
def test_a_truncated_mac_is_badtrunc_or_good(server, key):
    """5.2.4: by local policy; what it decides is what is done."""
    for size in {max(10, SIZES[key] // 2), SIZES[key] - 1}:
        owner, message = new_update()
        q = wire.sign(message, key, mac_size=size)
        a = server.udp(q)
        if wire.rcode(a) == 0:
            assert wire.Tsig(a).error == 0
        else:
            assert wire.rcode(a) == dns.rcode.NOTAUTH
            assert wire.Tsig(a).error == wire.BADTRUNC
        assert there(server, owner) == (wire.rcode(a) == 0)
        if servers.JUDGE == "onnetd":
            assert (wire.rcode(a) == 0) == (size >= 16), "ours: 128 bits are enough"
        spoiled = server.udp(wire.sign(message, key, mac_size=size, spoil=True))
        assert wire.rcode(spoiled) == dns.rcode.NOTAUTH
        assert wire.Tsig(spoiled).error == wire.BADSIG


def test_key_names_have_no_case(server):
    q = wire.sign(wire.query("two.example.net"), owner="OpS")
    a = server.udp(q)
    assert wire.rcode(a) == 0
    assert wire.signed_right(a, q)


@updates
def test_the_original_id_is_what_was_signed(server):
    """5.2: a forwarder may have changed the id in the header."""
    owner, message = new_update(ident=1234)
    q = bytearray(wire.sign(message))
    q[0:2] = b"\x55\x55"
    a = server.udp(bytes(q))
    assert wire.ident(a) == 0x5555
    assert wire.rcode(a) == 0
    assert there(server, owner)


@updates
def test_tsig_elsewhere_than_last_is_formerr(server):
    """5.1: discarded, FORMERR."""
    _, message = new_update()
    q = wire.sign(message)
    tsig = q[wire.records(q)[-1][1]:]
    behind = q[:10] + b"\0\2" + q[12:] + wire.opt()
    twice = q[:10] + b"\0\2" + q[12:] + tsig
    for broken in (behind, twice):
        assert wire.rcode(server.udp(broken)) == dns.rcode.FORMERR


def test_tsig_in_another_section_is_formerr_or_ignored(server):
    q = wire.sign(wire.query("two.example.net"))
    moved = q[:6] + b"\0\1" + q[8:10] + b"\0\0" + q[12:]
    a = server.udp(moved)
    assert wire.rcode(a) in (dns.rcode.FORMERR, 0)
    assert not wire.has_tsig(a)


@pytest.mark.parametrize("rdata", [b"", b"\0", b"\0" * 10, wire.name("hmac-sha256"),
                                   wire.name("hmac-sha256") + bytes(10),
                                   wire.name("hmac-sha256") + b"\0\0\0\0\0\0\1\x2c\xff\xff" + bytes(40)],
                         ids=range(6))
@updates
def test_a_tsig_record_that_is_none_is_formerr(server, rdata):
    owner, message = new_update()
    broken = message[:10] + b"\0\1" + message[12:] + rr("ops", 250, ANY, 0, rdata)
    a = server.udp(broken, timeout=1)
    assert a is None or wire.rcode(a) == dns.rcode.FORMERR
    assert not there(server, owner)


@updates
@pytest.mark.differs("named knotd", "no more than RFC 8945 asks of a server: the fudge is the bound")
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_replay_changes_nothing_twice(server, tcp):
    """The record is deleted in between; the same octets again do not bring it back."""
    owner, message = new_update()
    q = wire.sign(message)
    send = server.tcp if tcp else server.udp
    assert wire.rcode(send(q)) == 0
    assert there(server, owner)
    undo = wire.update("example.net", records=[rr(owner, "ANY", ANY)])
    assert wire.rcode(server.udp(wire.sign(undo))) == 0
    assert not there(server, owner)
    serial = server.serial("example.net")
    for again in (send, server.udp, server.tcp):
        a = again(q)
        assert wire.rcode(a) == 0
        assert wire.signed_right(a, q)
        assert not there(server, owner)
    assert server.serial("example.net") == serial


@updates
@pytest.mark.differs("named knotd", "replays are done again")
def test_a_replay_with_another_id_in_its_header_is_a_replay(server):
    """The id in the header is not signed; the original id is."""
    owner, message = new_update()
    q = wire.sign(message)
    assert wire.rcode(server.udp(q)) == 0
    assert wire.rcode(server.udp(wire.sign(wire.update("example.net",
                                                       records=[rr(owner, "ANY", ANY)])))) == 0
    changed = bytes([q[0] ^ 1, q[1] ^ 1]) + q[2:]
    server.udp(changed)
    assert not there(server, owner)


@updates
@pytest.mark.differs("named knotd", "replays are done again")
def test_a_replay_much_later_changes_nothing(server):
    owner, message = new_update()
    q = wire.sign(message)
    assert wire.rcode(server.udp(q)) == 0
    assert wire.rcode(server.udp(wire.sign(wire.update("example.net",
                                                       records=[rr(owner, "ANY", ANY)])))) == 0
    with server.connect() as s:
        for n in range(3000):
            s.send(wire.sign(wire.update("example.net", ident=n, records=[
                rr(f"later{n % 50}.example.net", "TXT", ANY if n % 2 else IN, 0,
                   b"" if n % 2 else b"\1x")])))
            if n % 100 == 99:
                for _ in range(100):
                    assert wire.rcode(s.receive()) == 0
    server.udp(q)
    assert not there(server, owner)


@only_onnetd
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_replay_after_a_restart_changes_nothing(start_onnetd, how):
    server = start_onnetd(ZONES)
    owner, message = new_update()
    q = wire.sign(message)
    assert wire.rcode(server.udp(q)) == 0
    assert wire.rcode(server.udp(wire.sign(wire.update("example.net",
                                                       records=[rr(owner, "ANY", ANY)])))) == 0
    getattr(server, how)()
    server.start()
    assert not there(server, owner)
    server.udp(q)
    assert not there(server, owner)


@updates
def test_the_same_change_signed_anew_is_a_new_change(server):
    owner = f"t{next(NAMES)}.example.net"
    for _ in range(3):
        add = wire.update("example.net", records=[rr(owner, "TXT", IN, 60, b"\1x")])
        delete = wire.update("example.net", records=[rr(owner, "TXT", NONE, 0, b"\1x")])
        assert wire.rcode(server.udp(wire.sign(add))) == 0
        assert there(server, owner)
        assert wire.rcode(server.udp(wire.sign(delete))) == 0
        assert not there(server, owner)
