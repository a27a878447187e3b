# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS over TCP (RFC 7766): pipelining, odd framing, idle and too many connections."""
import random
import socket
import struct

import dns.message
import dns.rcode
import pytest

import servers
import wire

TEXT = """$ORIGIN example.net.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
two A 192.0.2.1
""" + "".join(f'host{n} TXT "{n}"\n' for n in range(200)) \
    + "".join(f'huge TXT "{n:03} {"x" * 240}"\n' for n in range(100))
ZONES = {"example.net": {"text": TEXT}}

only_onnetd = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd's configuration")


@pytest.fixture(scope="module")
def server(start_module):
    return start_module(ZONES)


@pytest.fixture(autouse=True)
def still_well(request):
    yield
    if "server" in request.fixturenames:
        assert wire.rcode(request.getfixturevalue("server").tcp(wire.query("two.example.net"))) == 0


def questions(count, size=200):
    return [wire.query(f"host{n % size}.example.net", "TXT", ident=n) for n in range(count)]


def check_answers(stream, count):
    """All answers, in whatever order (RFC 7766, 6.2.1.1), each to its question."""
    seen = set()
    for _ in range(count):
        a = stream.receive()
        assert a is not None, f"{len(seen)} of {count} answers came"
        r = dns.message.from_wire(a)
        assert r.answer[0][0].strings == (str(r.id % 200).encode(),)
        seen.add(r.id)
    assert seen == set(range(count))


def test_many_questions_in_one_segment(server):
    with server.connect() as s:
        s.send(*questions(150))
        check_answers(s, 150)


def test_many_questions_on_one_connection_one_after_another(server):
    with server.connect() as s:
        for n in range(300):
            q = wire.query("two.example.net", ident=n)
            s.send(q)
            assert s.receive()[:2] == q[:2]


def test_octet_by_octet(server):
    q = questions(3)
    data = b"".join(len(m).to_bytes(2, "big") + m for m in q)
    with server.connect() as s:
        s.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(len(data)):
            s.send_raw(data[n:n + 1])
        check_answers(s, 3)


def test_cut_anywhere(server):
    rng = random.Random(7)
    q = questions(100)
    data = b"".join(len(m).to_bytes(2, "big") + m for m in q)
    with server.connect() as s:
        s.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data:
            size = rng.randrange(1, 200)
            s.send_raw(data[:size])
            data = data[size:]
        check_answers(s, 100)


def test_answers_come_though_the_client_has_finished_sending(server):
    with server.connect() as s:
        s.send(*questions(20))
        s.socket.shutdown(socket.SHUT_WR)
        check_answers(s, 20)
        assert s.closed()


def test_a_client_that_does_not_read_hinders_nobody(server):
    """Large answers pile up; others are served, and in the end every answer is there, or the end."""
    with server.connect() as s:
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.socket.settimeout(1)
        sent = 0
        try:
            for n in range(400):
                s.send(wire.query("huge.example.net", "TXT", ident=n))
                sent += 1
        except (TimeoutError, OSError):
            pass
        for _ in range(20):
            assert wire.rcode(server.tcp(wire.query("two.example.net"))) == 0
            assert wire.rcode(server.udp(wire.query("two.example.net"))) == 0
        s.socket.settimeout(servers.PATIENCE)
        for n in range(min(sent, 5)):
            a = s.receive()
            if a is None:
                break
            assert len(dns.message.from_wire(a).answer[0]) == 100


def test_many_connections_at_once(server):
    streams = [server.connect() for _ in range(60)]
    for n, s in enumerate(streams):
        s.send(wire.query("two.example.net", ident=n))
    for n, s in reversed(list(enumerate(streams))):
        assert wire.ident(s.receive()) == n
        s.close()


@pytest.mark.parametrize("data", [
    b"\0\0", b"\0\1\0", b"\0\x0b" + b"\0" * 11, b"\0\x0c" + b"\0" * 12,
    b"\0\x0c" + b"\xff" * 12, b"\xff\xff" + b"\xff" * 65535, b"\0\0" * 1000,
    b"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
], ids=range(9))
def test_what_is_no_message_ends_the_connection_or_is_formerr(server, data):
    with server.connect(timeout=0.3) as s:
        try:
            s.send_raw(data)
            a = s.receive()
        except OSError:
            return
        assert a is None or wire.rcode(a) != 0


def test_a_response_is_not_answered(server):
    with server.connect(timeout=0.3) as s:
        s.send(wire.query("two.example.net", flags=wire.QR))
        assert s.receive() is None


def test_connections_torn_down_at_any_moment(server):
    q = questions(30)
    data = b"".join(len(m).to_bytes(2, "big") + m for m in q)
    for n in range(0, len(data), 29):
        s = server.connect()
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.send_raw(data[:n])
        s.close()
    assert wire.rcode(server.tcp(wire.query("two.example.net"))) == 0


@only_onnetd
def test_an_idle_connection_is_closed(start_onnetd):
    server = start_onnetd(ZONES, server={"tcp-idle-timeout": 1})
    with server.connect() as quiet, server.connect() as used, server.connect() as half:
        used.send(wire.query("two.example.net"))
        assert wire.rcode(used.receive()) == 0
        half.send_raw(b"\0")
        assert quiet.closed()
        assert used.closed()
        assert half.closed()
    assert wire.rcode(server.tcp(wire.query("two.example.net"))) == 0


@only_onnetd
def test_a_trickle_does_not_keep_a_connection_for_ever(start_onnetd):
    """An octet now and then is not a message: the time runs from the last whole message."""
    server = start_onnetd(ZONES, server={"tcp-idle-timeout": 1})
    with server.connect() as s:
        data = b"\x01\0" + bytes(200)
        s.socket.settimeout(0.1)
        for n in range(200):
            try:
                s.send_raw(data[n:n + 1])
                if s.socket.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
    pytest.fail("still open after 20 idle times")


@only_onnetd
def test_too_many_connections_are_turned_away_and_room_is_reused(start_onnetd):
    server = start_onnetd(ZONES, server={"tcp-max-clients": 4, "workers": 1})
    streams = [server.connect() for _ in range(4)]
    for s in streams:
        s.send(wire.query("two.example.net"))
        assert wire.rcode(s.receive()) == 0
    with server.connect(timeout=1) as one_more:
        try:
            one_more.send(wire.query("two.example.net"))
            turned_away = one_more.receive() is None
        except OSError:
            turned_away = True
        # Either the new one is turned away, or the longest idle one made room for it.
        if not turned_away:
            gone = 0
            for s in streams:
                s.socket.settimeout(1)
                gone += s.closed()
            assert gone >= 1
    assert wire.rcode(server.udp(wire.query("two.example.net"))) == 0
    for s in streams:
        s.close()
    end = 200
    while end:
        try:
            with server.connect(timeout=1) as s:
                s.send(wire.query("two.example.net"))
                if s.receive() is not None:
                    break
        except OSError:
            pass
        end -= 1
    assert end, "no room again after all were closed"
