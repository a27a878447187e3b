# SPDX-License-Identifier: GPL-3.0-or-later
"""
Messages and streams that no honest program sends. Each is sent over UDP and over TCP; whatever comes back is a
whole response to it and hardly longer than it, and afterwards the server answers a good question as it did before.
That it did not touch what is not its own, the sanitizers say at its end.
"""
import random
import socket
import struct

import dns.message
import pytest

import servers
import wire
from wire import ANY, IN, NONE, rr

ZONE = "example.net"
TEXT = "$TTL 60\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\ntwo A 192.0.2.1\n" \
    '3.2.1 NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:a@example.net!" .\n'
ZONES = {ZONE: {"text": TEXT}}
APEX = wire.name(ZONE)
GOOD = wire.query(f"two.{ZONE}", ident=0x4711)
# What an error may be longer than its request: OPT, a reason in words (RFC 8914), a signature with another time.
MORE = 11 + 6 + 200 + 120

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="peers have their own ideas of garbage")


@pytest.fixture(scope="module")
def server(start_module):
    server = start_module(ZONES, server={"workers": 1, "tcp-idle-timeout": 2})
    server.good = server.udp(GOOD)
    assert wire.rcode(server.good) == 0
    return server


def still_well(server):
    assert server.udp(GOOD) == server.good
    assert server.tcp(GOOD) == server.good


def check_response(request, answer):
    """A whole message, the request's id and opcode, and small unless it answers the question."""
    assert answer[:2] == request[:2]
    assert answer[2] & 0xf8 == (request[2] & 0x78) | 0x80
    wire.records(answer)
    if wire.rcode(answer) not in (0, 3):
        assert len(answer) <= len(request) + MORE


def send_datagrams(server, messages, source):
    """Answers are checked as they come, and told apart by their ids."""
    sent = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.connect((servers.ADDRESS, server.port))
        for m in messages:
            s.send(m)
            sent[m[:2]] = m
        s.send(GOOD)  # whatever is answered is answered before this, or with it
        s.settimeout(servers.PATIENCE)
        while (answer := s.recv(65535)) != server.good:
            check_response(sent[answer[:2]], answer)
        s.settimeout(0.01)
        try:
            while True:
                answer = s.recv(65535)
                check_response(sent[answer[:2]], answer)
        except TimeoutError:
            pass


def send_all(server, messages, tcp=True):
    """All of them over UDP, from here and there, as many bad signatures are not looked at; and over TCP."""
    messages = [n.to_bytes(2, "big") + m[2:] if len(m) > 2 else m for n, m in enumerate(messages)]
    for n in range(0, len(messages), 50):
        send_datagrams(server, [m for m in messages[n:n + 50] if len(m) <= 60000], f"127.7.{n // 50}.1")
    for m in messages if tcp else []:
        with server.connect(timeout=5) as s:
            try:
                s.send(m, GOOD)
                s.socket.shutdown(socket.SHUT_WR)
                answers = []
                while (a := s.receive()) is not None:
                    answers.append(a)
            except OSError:
                continue
        for a in answers:
            if a[:2] == m[:2] and a[:2] != GOOD[:2]:
                check_response(m, a)
    still_well(server)


def h(qd=1, an=0, ns=0, ar=0, flags=0, opcode=0):
    return wire.header(flags, qd, an, ns, ar, opcode)


Q = wire.question(f"two.{ZONE}")
SOA = wire.question(ZONE, "SOA")
LABEL63 = b"\x3f" + b"a" * 63


def long_name(labels):
    return LABEL63 * labels + b"\0"


def pointer(at):
    return struct.pack("!H", 0xc000 | at)


HEADERS = {
    "nothing": b"",
    "an octet": b"\1",
    "eleven octets": bytes(11),
    "zeros": bytes(12),
    "ones": b"\xff" * 12,
    "many ones": b"\xff" * 512,
    "counts without anything": h(65535, 65535, 65535, 65535),
    "a question that is not there": h(1),
    "answers that are not there": h(1, 65535) + Q,
    "authority that is not there": h(1, 0, 65535) + Q,
    "additional that is not there": h(1, 0, 0, 65535) + Q,
    "two questions": h(2) + Q + Q,
    "no question, and one": h(0) + Q,
    "a question, and octets behind it": h(1) + Q + b"x" * 100,
    "a response": h(1, flags=wire.QR) + Q,
    **{f"opcode {n}": h(1, opcode=n) + Q for n in range(16)},
    **{f"opcode {n}, nothing else": h(0, opcode=n) for n in range(16)},
    **{f"type {n}": h() + wire.question(f"two.{ZONE}", n) for n in
       (0, 41, 128, 249, 250, 251, 252, 253, 254, 255, 65535)},
    **{f"class {n}": h() + wire.question(f"two.{ZONE}", "A", n) for n in (0, 2, 3, 254, 255, 65535)},
}

NAMES = {
    "a loop": h() + pointer(12) + struct.pack("!HH", 1, 1),
    "a loop of two": h() + pointer(14) + pointer(12) + struct.pack("!HH", 1, 1),
    "a pointer forward": h() + pointer(40) + struct.pack("!HH", 1, 1) + bytes(40),
    "a pointer past the end": h() + pointer(0x3fff) + struct.pack("!HH", 1, 1),
    "a pointer into the header": h() + pointer(0) + struct.pack("!HH", 1, 1),
    "half a pointer": h() + b"\xc0",
    "a label and a pointer to itself": h() + b"\1a" + pointer(12) + struct.pack("!HH", 1, 1),
    "255 octets": h() + LABEL63 * 3 + b"\x3d" + b"a" * 61 + b"\0" + struct.pack("!HH", 1, 1),
    "256 octets": h() + LABEL63 * 3 + b"\x3e" + b"a" * 62 + b"\0" + struct.pack("!HH", 1, 1),
    "far too long": h() + long_name(30) + struct.pack("!HH", 1, 1),
    "128 labels": h() + b"\1a" * 128 + b"\0" + struct.pack("!HH", 1, 1),
    "127 labels": h() + b"\1a" * 127 + b"\0" + struct.pack("!HH", 1, 1),
    "a label of 64": h() + b"\x40" + b"a" * 64 + b"\0" + struct.pack("!HH", 1, 1),
    "a label of 128": h() + b"\x80" + b"a" * 128 + b"\0" + struct.pack("!HH", 1, 1),
    "a label past the end": h() + b"\x3fabc",
    "no end": h() + b"\1a" * 20,
    **{f"{what} as an owner": h(1, 1) + Q + owner + struct.pack("!HHIH", 1, 1, 0, 4) + bytes(4)
       for what, owner in (("a loop", pointer(12 + len(Q))), ("a pointer forward", pointer(200)),
                           ("256 octets", LABEL63 * 4 + b"\0"), ("half a pointer", b"\xc0"))},
}


def additional(*records):
    return h(1, 0, 0, len(records)) + Q + b"".join(records)


EDNS = {
    "two": additional(wire.opt(), wire.opt()),
    "three": additional(*[wire.opt()] * 3),
    "a hundred": additional(*[wire.opt()] * 100),
    "with an owner": additional(wire.opt(owner=b"\1a\0")),
    "with a pointer as owner": additional(wire.opt(owner=pointer(12))),
    "as an answer": h(1, 1) + Q + wire.opt(),
    "as authority": h(1, 0, 1) + Q + wire.opt(),
    "longer than it is": additional(wire.opt()[:-2] + b"\xff\xff"),
    "shorter than it is": additional(wire.opt(options=b"\0\0\0\0")[:-6] + b"\0\1" + bytes(4)),
    "half an option": additional(wire.opt(options=b"\0\n\0")),
    "an option longer than it is": additional(wire.opt(options=b"\0\n\xff\xffabcdefgh")),
    **{f"a cookie of {n}": additional(wire.opt(options=wire.option(10, b"c" * n))) for n in range(50)},
    "many cookies": additional(wire.opt(options=wire.option(10, b"clientco") * 100)),
    "many options": additional(wire.opt(options=wire.option(0xfff0) * 1000)),
    "a payload of 0": additional(wire.opt(payload=0)),
    "version 255": additional(wire.opt(version=255)),
    "all flags": additional(wire.opt(flags=0xffff, extended=255)),
    "a cookie without a question": h(0, 0, 0, 1) + wire.opt(options=wire.option(10, b"clientco")),
    "NSID with data": additional(wire.opt(options=wire.option(3, b"x" * 1000))),
}

SIGNED = wire.sign(wire.query(f"two.{ZONE}"))
TSIG = SIGNED[len(wire.query(f"two.{ZONE}")):]
TSIG_OWNER = len(wire.name("ops"))


def tsig(rdata, rdclass=ANY, ttl=0):
    return additional(rr("ops", 250, rdclass, ttl, rdata))


def tsig_rdata(mac_size=32, mac=b"m" * 32, other=b"", other_size=None):
    return (wire.name("hmac-sha256") + struct.pack("!HIHH", 0, 1, 300, mac_size) + mac
            + struct.pack("!HHH", 1, 0, len(other) if other_size is None else other_size) + other)


SIGNATURES = {
    "two": additional(TSIG, TSIG),
    "not the last": additional(TSIG, wire.opt()),
    "as an answer": h(1, 1) + Q + TSIG,
    "as authority": h(1, 0, 1) + Q + TSIG,
    "of class IN": tsig(tsig_rdata(), IN),
    "with a TTL": tsig(tsig_rdata(), ttl=1),
    "empty": tsig(b""),
    "of an algorithm alone": tsig(wire.name("hmac-sha256")),
    "of an unknown algorithm": tsig(wire.name("hmac-none") + tsig_rdata()[13:]),
    "whose algorithm is a loop": additional(b"\3ops\0" + struct.pack("!HHIH", 250, ANY, 0, 18)
                                            + pointer(12 + len(Q) + 5 + 10) + bytes(16)),
    "of an empty MAC": tsig(tsig_rdata(0, b"")),
    "of a MAC longer than it is": tsig(tsig_rdata(0xffff)),
    "of a MAC shorter than it is": tsig(tsig_rdata(8)),
    "of a MAC of 1000": tsig(tsig_rdata(1000, bytes(1000))),
    "of other data longer than it is": tsig(tsig_rdata(other_size=0xffff)),
    "of much other data": tsig(tsig_rdata(other=bytes(5000))),
    **{f"cut at {n}": tsig(tsig_rdata()[:n]) for n in range(1, len(tsig_rdata()), 3)},
}

RECORDS = {
    "a type for questions": wire.update(ZONE, records=[rr(f"a.{ZONE}", 252, IN, 60, b"x")]),
    "of no class": wire.update(ZONE, records=[rr(f"a.{ZONE}", "A", 0, 60, bytes(4))]),
    "of another zone": wire.update(ZONE, records=[rr("a.example.org", "A", IN, 60, bytes(4))]),
    "an address of 3": wire.update(ZONE, records=[rr(f"a.{ZONE}", "A", IN, 60, bytes(3))]),
    "an empty NAPTR": wire.update(ZONE, records=[rr(f"a.{ZONE}", "NAPTR", IN, 60)]),
    "data past the end": wire.update(ZONE, records=[rr(f"a.{ZONE}", "A", IN, 60, bytes(4))[:-3]]),
    "an update without a zone": h(0, opcode=wire.UPDATE),
    "an update of two zones": h(2, opcode=wire.UPDATE) + SOA + SOA,
    "an update of a name": h(1, opcode=wire.UPDATE) + Q,
    "an update of the root": h(1, opcode=wire.UPDATE) + wire.question(".", "SOA"),
    "deletions that make no sense": wire.update(ZONE, records=[rr(f"a.{ZONE}", "ANY", NONE, 60, b"xyz")] * 50),
    "prerequisites that make no sense": wire.update(ZONE, prerequisite=[rr(f"a.{ZONE}", 255, IN, 9, b"x")] * 50),
    "a transfer with authority that lies": h(1, 0, 1) + wire.question(ZONE, "IXFR") + rr(ZONE, "SOA", IN, 0, b"\0"),
    "a notify with an answer that lies": h(1, 1, opcode=wire.NOTIFY) + SOA + rr(ZONE, "SOA", IN, 0, b"\0\0"),
}
UPDATE_KEY = {name: wire.sign(m) for name, m in RECORDS.items() if len(m) > 12 and m[4:6] == b"\0\1"
              and "past the end" not in name}


@pytest.mark.parametrize("table", [HEADERS, NAMES, EDNS, SIGNATURES, RECORDS, UPDATE_KEY],
                         ids=["headers", "names", "edns", "signatures", "records", "signed"])
def test_messages_that_are_wrong(server, table):
    send_all(server, table.values())


VALID = {
    "query": additional(wire.opt(options=wire.option(10, b"clientco"))),
    "signed": SIGNED,
    "update": wire.sign(wire.update(ZONE, prerequisite=[rr(f"no.{ZONE}", "ANY", NONE)],
                                    records=[rr(f"a.{ZONE}", "NAPTR", IN, 60, b"\0\1\0\1\1u\0\0\0")])),
    "notify": h(1, 1, opcode=wire.NOTIFY, flags=wire.AA) + SOA
              + rr(ZONE, "SOA", IN, 60, b"\0\0" + bytes(20)),
    "axfr": wire.sign(wire.query(ZONE, "AXFR")),
    "ixfr": h(1, 0, 1) + wire.question(ZONE, "IXFR") + rr(ZONE, "SOA", IN, 0, b"\0\0" + bytes(20)),
}


@pytest.mark.parametrize("kind", VALID)
def test_messages_that_end_too_early(server, kind):
    whole = VALID[kind]
    send_all(server, [whole[:n] for n in range(len(whole))], tcp=False)
    # over TCP in one stream: each is a message of its own
    with server.connect() as s:
        s.send(*[whole[:n] for n in range(len(whole))], GOOD)
        while (a := s.receive()) != server.good:
            if a is None:
                break  # closed on what is no message
    still_well(server)


@pytest.mark.parametrize("kind", VALID)
def test_messages_with_turned_bits(server, kind):
    rng = random.Random(kind)
    messages = []
    for _ in range(1500):
        m = bytearray(VALID[kind])
        for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
            m[rng.randrange(len(m))] ^= 1 << rng.randrange(8)
        if rng.random() < 0.1:
            m = m[:rng.randrange(len(m))] + bytes(rng.randrange(20))
        messages.append(bytes(m))
    send_all(server, messages, tcp=False)
    with server.connect(timeout=10) as s:
        try:
            s.send(*messages[:300])
            s.socket.shutdown(socket.SHUT_WR)
            while s.receive() is not None:
                pass
        except OSError:
            pass
    still_well(server)


G = len(GOOD).to_bytes(2, "big") + GOOD
STREAMS = {
    "a length of 0": b"\0\0",
    "many lengths of 0": b"\0\0" * 30000,
    "a length of 0, then a question": b"\0\0" + G,
    "half a length": b"\0",
    "a length and nothing": b"\xff\xff",
    "a length that lies": b"\0\x10" + GOOD,
    "a length one too few": (len(GOOD) - 1).to_bytes(2, "big") + GOOD,
    "a length one too many": (len(GOOD) + 1).to_bytes(2, "big") + GOOD,
    "half a message": G[:-5],
    "a message, then half of one": G + G[:-5],
    "garbage": random.Random(1).randbytes(20000),
    "garbage behind a message": G + random.Random(2).randbytes(20000),
    "garbage in messages": b"".join(b"\0\x40" + random.Random(n).randbytes(64) for n in range(500)),
    "a large message of zeros": b"\xff\xff" + bytes(65535),
    "headers alone": b"".join(b"\0\x0c" + wire.header(0, 1) for _ in range(2000)),
    "HTTP": b"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(300),
}


@pytest.mark.parametrize("ending", ["end", "reset", "stay"])
def test_streams_that_are_wrong(server, ending):
    held = []
    for data in STREAMS.values():
        s = server.connect(timeout=5)
        held.append(s)
        try:
            s.send_raw(data)
            if ending == "end":
                s.socket.shutdown(socket.SHUT_WR)
                while s.receive() is not None:
                    pass
            elif ending == "reset":
                s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.close()
        except OSError:
            pass
    still_well(server)
    for s in held:
        s.close()


def test_what_came_before_garbage_is_answered(server):
    with server.connect() as s:
        s.send_raw(G + random.Random(3).randbytes(100))
        assert s.receive() == server.good
    assert dns.message.from_wire(server.good).answer
