# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts: datagrams that a client sends in one step (UDP_SEGMENT, udp(7)), which the server may be given as one
message and may answer as one. Each request must get what it would get alone."""
import random
import socket
import struct

import pytest

import servers
import wire
from wire import ANY, rr

UDP_SEGMENT = 103
ZONE = "example.net"
ZONES = {ZONE: {"text": "$TTL 60\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
                        + "".join(f'{n:03} NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:{"x" * (n % 7)}@example.net!" .\n'
                                  f'long{n:03} TXT "{"y" * (n % 250)}" "{"z" * 250}" "{"z" * 250}"\n'
                                  for n in range(0, 300, 2))
                        + "".join(f'huge TXT "{n:03}{"z" * 200}"\n' for n in range(40))}}

pytestmark = pytest.mark.skipif(servers.JUDGE == "nsd", reason="nsd takes no updates")


def padded(message, size):
    """The message with an OPT record that makes it as long as size (RFC 7830)."""
    room = size - len(message) - 11 - 4
    assert room >= 0
    return message[:10] + struct.pack("!H", 1) + message[12:] \
        + wire.opt(options=wire.option(12, bytes(room)))


class Client:
    """A socket that is connected to the server, so that answers from elsewhere do not count."""

    def __init__(self, port, address, source=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(servers.PATIENCE)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((address, port))

    def burst(self, messages):
        """All but the last are equally long."""
        size = len(messages[0])
        assert all(len(m) == size for m in messages[:-1]) and len(messages[-1]) <= size
        try:
            self.socket.sendmsg([b"".join(messages)],
                                [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", size))])
        except OSError as error:
            pytest.skip(f"the kernel sends no segments: {error}")

    def receive(self, count):
        answers = {}
        while len(answers) < count:
            a = self.socket.recv(65535)
            assert wire.ident(a) not in answers
            answers[wire.ident(a)] = a
        return answers

    def close(self):
        self.socket.close()


@pytest.fixture
def server(start):
    return start(ZONES)


@pytest.fixture
def client(server):
    made = []

    def connect(address=servers.ADDRESS, source=None, port=server.port):
        made.append(Client(port, address, source))
        return made[-1]

    yield connect
    for c in made:
        c.close()


def alone(server, message, address=servers.ADDRESS):
    """The answer to the same octets by themselves."""
    a = server.udp(message, address=address)
    assert a is not None
    return a


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("count", [1, 2, 3, 17, 63, 64])
def test_each_question_of_a_burst_is_answered(server, client, address, count):
    """Answers of many sizes, names that are and are not there."""
    questions = [wire.query(f"{random.randrange(300):03}.{ZONE}", "NAPTR", ident=i) for i in range(count)]
    c = client(address)
    c.burst(questions)
    answers = c.receive(count)
    for i, question in enumerate(questions):
        assert answers[i] == alone(server, question, address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_last_datagram_may_be_shorter(server, client, address):
    questions = [padded(wire.query(f"{n:03}.{ZONE}", "NAPTR", ident=n), 300) for n in range(20)]
    questions.append(wire.query(ZONE, "NS", ident=20))
    c = client(address)
    c.burst(questions)
    answers = c.receive(21)
    for i, question in enumerate(questions):
        assert answers[i] == alone(server, question, address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_updates_and_junk_in_a_burst(server, client, address):
    """What is refused, signed, broken or no question at all does not touch its neighbours."""
    update = wire.sign(wire.update(ZONE, records=[rr(f"new.{ZONE}", "A", ttl=60, rdata=bytes([192, 0, 2, 1]))]))
    size = len(update)
    forged = wire.sign(wire.update(ZONE, records=[rr(f"bad.{ZONE}", "A", ttl=60, rdata=bytes([192, 0, 2, 1]))]),
                       spoil=True)
    assert len(forged) == size
    idents = iter(range(1000))
    plain, mixed = [], []
    for n in range(8):
        question = padded(wire.query(f"{2 * n:03}.{ZONE}", "NAPTR", ident=next(idents)), size)
        truncated = padded(wire.query(f"{2 * n:03}.{ZONE}", "NAPTR", ident=next(idents)), size + 8)[:size]
        notify = padded(wire.query(ZONE, "SOA", flags=wire.NOTIFY << 11, ident=next(idents)), size)
        response = padded(wire.query(ZONE, "SOA", flags=wire.QR, ident=next(idents)), size)
        zeros = bytes(size)
        plain += [question, truncated, notify]
        mixed += [question, truncated, response, notify]
        if n == 5:
            mixed += [zeros, update, forged]
            plain.append(zeros)
    c = client(address)
    c.burst(mixed)
    # zeros has the id of the first question, which came earlier: its answer is told apart by its RCODE
    answers = []
    while len(answers) < len(plain) + 2:
        answers.append(c.socket.recv(65535))
    for question in plain:
        a = alone(server, question, address)
        assert a in answers
        answers.remove(a)
    by_id = {wire.ident(a): a for a in answers}
    assert wire.rcode(by_id[wire.ident(update)]) == 0
    assert wire.signed_right(by_id[wire.ident(update)], update)
    assert wire.rcode(by_id[wire.ident(forged)]) == 9
    assert server.query(f"new.{ZONE}").answer and not server.query(f"bad.{ZONE}").answer


def test_a_burst_of_updates(server, client):
    updates = [wire.sign(wire.update(ZONE, records=[rr(f"u{n:02}.{ZONE}", "A", ttl=60,
                                                       rdata=bytes([192, 0, 2, n]))]))
               for n in range(30)]
    c = client()
    c.burst(updates)
    answers = c.receive(30)
    for n, update in enumerate(updates):
        assert wire.rcode(answers[wire.ident(update)]) == 0
        assert wire.signed_right(answers[wire.ident(update)], update)
        assert server.query(f"u{n:02}.{ZONE}").answer


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_large_answers_to_a_burst(server, client, address):
    """Answers near and above what is sent in segments, and those that are truncated."""
    names = [f"long{n:03}" if n % 8 else "huge" for n in range(0, 128, 2)]
    questions = [wire.query(f"{name}.{ZONE}", "TXT", ident=n) for n, name in enumerate(names)]
    questions = [padded(question, 100) for question in questions]
    c = client(address)
    c.burst(questions)
    answers = c.receive(64)
    for n, question in enumerate(questions):
        assert answers[n] == alone(server, question, address)
    assert answers[0][2] & 2 and not answers[1][2] & 2


def test_bursts_of_many_clients(server, client):
    """Those that come in together go back to whom they are for."""
    clients = [client(a) for a in ("127.0.0.1", "::1") for _ in range(20)]
    for _ in range(5):
        sent = []
        for c in clients:
            n = random.randrange(1, 40)
            questions = [wire.query(f"{random.randrange(300):03}.{ZONE}", "NAPTR", ident=i) for i in range(n)]
            c.burst(questions)
            sent.append((c, questions))
        for c, questions in sent:
            answers = c.receive(len(questions))
            for i, question in enumerate(questions):
                assert answers[i] == alone(server, question)


def test_bursts_at_any_address(start_onnetd, client):
    """A socket of no address in particular answers each from the address that it was asked at."""
    port = servers.take_port()
    try:
        s = start_onnetd(ZONES, port=port, server={"listen": [f"0.0.0.0@{port}", f"::@{port}"]})
        for address in ("127.0.0.1", "127.0.0.2", "127.1.2.3", "::1"):
            c = client(address, port=port)
            questions = [wire.query(f"{n:03}.{ZONE}", "NAPTR", ident=n) for n in range(64)]
            c.burst(questions)
            answers = c.receive(64)
            for i, question in enumerate(questions):
                assert answers[i] == alone(s, question, address)
    finally:
        servers.release_port(port)


def test_a_delete_comes_back_in_a_burst(server, client):
    """An update and the questions behind it in one burst: all are answered, whichever is first."""
    update = wire.sign(wire.update(ZONE, records=[rr(f"000.{ZONE}", "NAPTR", ANY)]))
    questions = [padded(wire.query(f"000.{ZONE}", "NAPTR", ident=n), len(update)) for n in range(10)]
    c = client()
    c.burst([update] + questions)
    answers = c.receive(11)
    assert wire.rcode(answers[wire.ident(update)]) == 0
    assert not server.query(f"000.{ZONE}", "NAPTR").answer
