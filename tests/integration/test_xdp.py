# SPDX-License-Identifier: GPL-3.0-or-later
"""
listen-xdp: UDP that goes past the kernel's sockets has the answers that sockets give, and where
there is no AF_XDP, sockets give them.
"""
import random
import shutil
import socket
import struct
import subprocess

import dns.rcode
import dns.update
import pytest

import cable as cables
import servers
import wire
from cable import FAR, FAR6, NEAR, NEAR6, PLAIN_PORT, PORT
from conftest import starter

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

TEXT = "\n".join(f'long TXT "{i:03}{"x" * 247}"' for i in range(10))
FITS = "\n".join(f'fits TXT "{i:03}{"x" * 215}"' for i in range(6))
ZONE = f"""$TTL 3600
@ SOA ns host 1 7200 900 1209600 300
@ NS ns
ns A 192.0.2.53
@ NAPTR 50 0 "s" "SIP+D2U" "" _sip._udp
_sip._udp SRV 10 60 5060 sip1
sip1 A 192.0.2.11
sip1 AAAA 2001:db8::11
*.wild A 192.0.2.12
below.delegated NS ns
{TEXT}
{FITS}
"""
ZONES = {"example.net": {"text": ZONE}}


@pytest.fixture(scope="module")
def cable():
    try:
        with cables.Cable() as cable:
            yield cable
    except cables.Missing as fault:
        pytest.skip(str(fault))


@pytest.fixture
def start_far(cable, tmp_path):
    for start in starter(tmp_path / "far", "far"):
        yield lambda zones=ZONES, **more: start(zones, cable=cable, **more)


@pytest.fixture
def far(cable, start_far):
    """A server that takes UDP by AF_XDP, or the test is skipped."""
    server = start_far(xdp=[f"{cable.far}@{PORT}"])
    line = server.wait_log("listen-xdp")
    if "queues" not in line:
        pytest.skip(line)
    return server


QUESTIONS = [("example.net", "NAPTR"), ("_sip._udp.example.net", "SRV"), ("example.net", "SOA"),
             ("nothing.example.net", "A"), ("a.wild.example.net", "A"), ("example.org", "A"),
             ("x.below.delegated.example.net", "A"), ("SIP1.Example.Net", "AAAA"),
             ("long.example.net", "TXT"), ("example.net", "AXFR"), ("example.net", "ANY")]


@pytest.mark.parametrize("address", [FAR, FAR6])
@pytest.mark.parametrize("edns", [b"", wire.opt(512), wire.opt(1232, flags=0x8000),
                                  wire.opt(1232, version=1)])
def test_each_answer_is_the_one_of_the_sockets(far, cable, address, edns):
    before = cable.taken_by_sockets()
    by_xdp = [far.udp(wire.query(*q, ident=i, extra=edns, ar=1 if edns else 0), address=address)
              for i, q in enumerate(QUESTIONS)]
    assert cable.taken_by_sockets() == before
    by_socket = [far.udp(wire.query(*q, ident=i, extra=edns, ar=1 if edns else 0),
                         address=address, port=PLAIN_PORT) for i, q in enumerate(QUESTIONS)]
    assert cable.taken_by_sockets() == before + len(QUESTIONS)
    assert None not in by_xdp
    assert by_xdp == by_socket


@pytest.mark.parametrize("data", [b"", b"\0", wire.header(), wire.header(qd=1), b"\xff" * 100,
                                  wire.query("example.net", flags=wire.QR),
                                  wire.query("example.net", extra=b"junk")])
def test_what_is_no_request_is_dealt_with_as_by_the_sockets(far, data):
    by_xdp, by_socket = (far.udp(data, timeout=0.3, port=port) for port in (PORT, PLAIN_PORT))
    assert by_xdp == by_socket


@pytest.mark.parametrize("address, room", [(FAR, 1500 - 28), (FAR6, 1500 - 48)])
def test_an_answer_is_no_larger_than_a_frame(start_far, cable, address, room):
    far = start_far(xdp=[f"{cable.far}@{PORT}"], server={"udp-max-payload": 4096})
    if "queues" not in far.wait_log("listen-xdp"):
        pytest.skip("no AF_XDP here")
    edns = wire.opt(4096)
    small = far.udp(wire.query("fits.example.net", "TXT", extra=edns, ar=1), address=address)
    assert 1400 < len(small) <= room and not small[2] & 2
    large = far.udp(wire.query("long.example.net", "TXT", extra=edns, ar=1), address=address)
    assert len(large) <= room and large[2] & 2, "cut, and says so"
    offer = struct.unpack("!H", large[-8:-6])[0]
    assert offer == room, "fragments do not come in either"
    whole = far.tcp(wire.query("long.example.net", "TXT", extra=edns, ar=1), address=address)
    assert len(whole) > 2500 and not whole[2] & 2


@pytest.mark.parametrize("address", [FAR, FAR6])
def test_an_update_is_answered_the_way_it_came(far, cable, address):
    before = cable.taken_by_sockets()
    update = dns.update.UpdateMessage("example.net")
    update.add("new", 60, "A", "192.0.2.99")
    update.use_tsig(servers.tsig_key("ops"))
    assert far.exchange(update, address=address).rcode() == dns.rcode.NOERROR
    assert far.query("new.example.net").answer[0][0].address == "192.0.2.99"
    assert cable.taken_by_sockets() == before


def test_a_signed_question_has_a_signed_answer(far, cable):
    before = cable.taken_by_sockets()
    answer = far.query("example.net", "NAPTR", key="ops")
    assert answer.had_tsig and len(answer.answer) == 1
    assert cable.taken_by_sockets() == before


def test_many_at_once_have_an_answer_each(far, cable):
    """More than a batch and less than the rings hold, from many ports."""
    sockets = [cable.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(40)]
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.settimeout(servers.PATIENCE)
        s.connect((FAR, PORT))
    for i in range(25):
        for n, s in enumerate(sockets):
            s.send(wire.query("sip1.example.net", "A", ident=n * 25 + i))
    for n, s in enumerate(sockets):
        idents = {struct.unpack("!H", s.recv(4096)[:2])[0] for _ in range(25)}
        assert idents == set(range(n * 25, n * 25 + 25))
        s.close()


# Frames made by hand, for what no kernel would send.

def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def udp(payload, size=None, source=4000, to=PORT):
    return struct.pack("!4H", source, to, len(payload) + 8 if size is None else size, 0) + payload


def ipv4(datagram, size=None, words=5, fragment=0, to=FAR, version=4):
    head = struct.pack("!BBHHHBBH4s4s", version << 4 | words, 0,
                       len(datagram) + 20 if size is None else size, 1, fragment, 64, 17, 0,
                       socket.inet_aton(NEAR), socket.inet_aton(to))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return b"\x08\x00" + head + datagram


def ipv6(datagram, size=None, following=17, to=FAR6):
    return b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(datagram) if size is None else size,
                                     following, 64) + \
        socket.inet_pton(socket.AF_INET6, NEAR6) + socket.inet_pton(socket.AF_INET6, to) + datagram


class Wire:
    """The near end of the cable, frame by frame."""

    def __init__(self, cable):
        self.head = cable.hardware(1) + cable.hardware(0)
        with cable.inside(0):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind((cable.near, 0))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, rest, to=None):
        self.socket.send(((to + self.head[6:]) if to else self.head) + rest)


QUERY = wire.query("sip1.example.net", "A", ident=77)
GROUP = bytes.fromhex("01005e000001")

# Each is to be met with silence.
JUNK = {
    "the IP header says nothing is behind it": ipv4(udp(QUERY), size=20),
    "the IP header says half a UDP header is behind it": ipv4(udp(QUERY), size=24),
    "the IPv6 header says nothing is behind it": ipv6(udp(QUERY), size=0),
    "the IPv6 header says half a UDP header is behind it": ipv6(udp(QUERY), size=4),
    "the UDP header is longer than the datagram": ipv4(udp(QUERY, size=7)),
    "no length in the UDP header": ipv4(udp(QUERY, size=0)),
    "a UDP length beyond the frame": ipv4(udp(QUERY, size=2000)),
    "a UDP length beyond the IP length": ipv4(udp(QUERY, size=8 + len(QUERY)), size=20 + 8 + 20),
    "no payload": ipv4(udp(b"")),
    "IP options that are not there": ipv4(udp(QUERY), words=15),
    "IP header of no words": ipv4(udp(QUERY), words=0),
    "another IP version": ipv4(udp(QUERY), version=7),
    "the first fragment": ipv4(udp(QUERY), fragment=0x2000),
    "a later fragment": ipv4(udp(QUERY), fragment=0x0010),
    "an IPv6 fragment": ipv6(struct.pack("!BBHI", 17, 0, 1, 5) + udp(QUERY), following=44),
    "an IPv6 frame that is cut off": ipv6(udp(QUERY))[:30],
    "no source port": ipv4(udp(QUERY, source=0)),
    "half a VLAN tag": b"\x81\x00\x00",
    "a VLAN tag and no more": b"\x81\x00\x00\x05\x08\x00",
    "two VLAN tags": b"\x81\x00\x00\x05\x81\x00\x00\x06" + ipv4(udp(QUERY)),
    "another protocol": b"\x88\xb5" + bytes(60),
    "an answer": ipv4(udp(wire.query("example.net", flags=wire.QR))),
}


def test_junk_is_met_with_silence(far, cable):
    with Wire(cable) as line, cable.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((NEAR, 4000))
        s.settimeout(servers.PATIENCE)
        for name, frame in JUNK.items():
            line.send(frame)
            line.send(frame.ljust(1500, b"\xff"))
            line.send(ipv4(udp(wire.query("sip1.example.net", "A", ident=4711))))
            answer = s.recv(4096)
            assert answer[:2] == struct.pack("!H", 4711), name
        line.send(ipv4(udp(QUERY)), to=GROUP)
        line.send(ipv4(udp(QUERY)), to=b"\xff" * 6)
        line.send(ipv4(udp(wire.query("sip1.example.net", "A", ident=4711))))
        assert s.recv(4096)[:2] == struct.pack("!H", 4711), "sent to a group"
        random.seed(1)
        for i in range(500):
            frame = bytearray(random.choice([ipv4, ipv6])(udp(QUERY)))
            for _ in range(random.randrange(1, 4)):
                frame[random.randrange(len(frame))] = random.randrange(256)
            line.send(bytes(frame[:random.choice([len(frame), random.randrange(2, len(frame))])]))
    assert far.query("sip1.example.net").rcode() == dns.rcode.NOERROR


def test_octets_behind_the_datagram_are_not_part_of_it(far, cable):
    with Wire(cable) as line, cable.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((NEAR, 4000))
        s.settimeout(servers.PATIENCE)
        line.send(ipv4(udp(QUERY)))
        wanted = s.recv(4096)
        line.send(ipv4(udp(QUERY, size=8 + len(QUERY)) + b"behind the datagram"))
        assert s.recv(4096) == wanted
        line.send(ipv4(udp(QUERY)) + b"behind the packet")
        assert s.recv(4096) == wanted


def test_a_tagged_frame_leaves_no_tag_on_the_next(far, cable):
    with Wire(cable) as line, cable.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((NEAR, 4000))
        s.settimeout(servers.PATIENCE)
        for _ in range(40):
            line.send(b"\x81\x00\x00\x05" + ipv4(udp(QUERY)))
            line.send(ipv4(udp(wire.query("sip1.example.net", "A", ident=4711))))
            assert s.recv(4096)[:2] == struct.pack("!H", 4711)


def test_it_comes_up_again_after_a_crash(far, cable):
    far.kill()
    far.start()
    before = cable.taken_by_sockets()
    assert "queues" in far.wait_log("listen-xdp")
    assert len(far.query("sip1.example.net").answer) == 1
    assert cable.taken_by_sockets() == before


def test_when_it_ends_in_order_sockets_can_take_over(far, cable, start_far):
    far.stop()
    other = start_far()
    before = cable.taken_by_sockets()
    assert len(other.query("sip1.example.net").answer) == 1
    assert cable.taken_by_sockets() == before + 1


def test_two_servers_do_not_share_an_interface(far, cable, start_far):
    other = start_far(xdp=[f"{cable.far}@5303"], server={"listen": [f"{FAR}@5302"]})
    assert "not used" in other.wait_log("listen-xdp")
    other.wait_log("ready")
    before = cable.taken_by_sockets()
    assert len(far.query("sip1.example.net").answer) == 1
    assert cable.taken_by_sockets() == before
    assert far.udp(QUERY, port=5302) is not None


def test_a_reload_says_that_it_takes_a_restart(far, cable):
    with open(far.path("onnet.yaml"), encoding="utf-8") as f:
        text = f.read()
    far.write("onnet.yaml", text.replace(f"{cable.far}@{PORT}", f"{cable.far}@5305"))
    far.reload()
    far.wait_log("reload: listen-xdp changed; it takes a restart")
    far.wait_log("read again")


# Where there is no AF_XDP

def fallen_back(server, cable, reason):
    """It serves by sockets, and has said why in one line."""
    lines = [line for line in server.log().splitlines() if "xdp" in line or "bpf" in line]
    assert len(lines) == 1 and "sockets take its place" in lines[0] and reason in lines[0], lines
    before = cable.taken_by_sockets()
    assert len(server.query("sip1.example.net").answer) == 1
    assert cable.taken_by_sockets() == before + 1


def test_without_the_interface_sockets_serve(cable, start_far):
    fallen_back(start_far(xdp=["nosuch0"]), cable, "nosuch0@53")


@pytest.mark.parametrize("number, name", [(12, "CAP_NET_ADMIN"), (13, "CAP_NET_RAW"),
                                          (21, "CAP_SYS_ADMIN")])
def test_without_the_rights_sockets_serve(cable, start_far, number, name):
    fallen_back(start_far(xdp=[cable.far], without=number), cable, name)


def test_a_program_of_somebody_else_stays(cable, start_far, tmp_path):
    clang = shutil.which("clang") or pytest.skip("no clang")
    source, program = tmp_path / "pass.c", tmp_path / "pass.o"
    source.write_text('__attribute__((section("xdp"), used)) int all_pass(void *p) { return 2; }\n'
                      'char l[] __attribute__((section("license"), used)) = "GPL";\n')
    subprocess.run([clang, "-O2", "-target", "bpf", "-c", source, "-o", program], check=True)
    link = ["-n", cable.spaces[1], "link", "set", "dev", cable.far, "xdp"]
    cable.ip(*link, "off")
    try:
        cable.ip(*link, "obj", str(program), "sec", "xdp")
    except cables.Missing as why:
        pytest.skip(str(why))
    try:
        fallen_back(start_far(xdp=[cable.far]), cable, "another program")
    finally:
        cable.ip(*link, "off")


def test_with_an_mtu_beyond_a_frame_sockets_serve(cable, start_far):
    cable.ip("-n", cable.spaces[1], "link", "set", cable.far, "mtu", "3000")
    try:
        fallen_back(start_far(xdp=[cable.far]), cable, "MTU is 3000")
    finally:
        cable.ip("-n", cable.spaces[1], "link", "set", cable.far, "mtu", "1500")
