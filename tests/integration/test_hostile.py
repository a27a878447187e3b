# SPDX-License-Identifier: GPL-3.0-or-later
"""On the open internet: cookies (RFC 7873, 9018), rate limits, bounds on connections and on the work for bad
signatures, and what the server says about itself."""
import os
import re
import resource
import socket
import struct
import subprocess
import time

import dns.message
import dns.rcode
import pytest

import servers
import wire
from wire import IN, rr

ZONE = "example.net"
TEXT = "$TTL 60\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\ntwo A 192.0.2.1\n" \
    + "".join(f'huge TXT "{n:03}{"z" * 200}"\n' for n in range(100))
ZONES = {ZONE: {"text": TEXT}}
CLIENT = b"clientco"
SECRETS = ["e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"]

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd's configuration")


def ask(options=b"", name=f"two.{ZONE}", rdtype="A", **more):
    return wire.query(name, rdtype, extra=wire.opt(options=options), ar=1, **more)


def cookie_of(message):
    """The COOKIE option of an answer; None where it has none."""
    for section, _, rdtype, _, _, rdata in wire.records(message):
        while rdtype == 41 and rdata:
            code, size = struct.unpack("!HH", rdata[:4])
            if code == 10:
                return rdata[4:4 + size]
            rdata = rdata[4 + size:]
    return None


def extended(message):
    return wire.rcode(message) | next((r[4] >> 24 << 4 for r in wire.records(message) if r[2] == 41), 0)


def fresh_cookie(server, source=None):
    return cookie_of(server.udp(ask(wire.option(10, CLIENT)), source=source))


def tool(*command):
    path = servers.program(command[0])
    if path is None:
        pytest.skip(f"no {command[0]}")
    return subprocess.run([path, *command[1:]], capture_output=True, text=True, check=False,
                          timeout=servers.PATIENCE).stdout


def dig(server, *more, name=f"two.{ZONE}"):
    return tool("dig", "@127.0.0.1", "-p", str(server.port), name, "A", "+tries=1", *more)


# Cookies

def test_dig_and_kdig_take_a_cookie(start_onnetd):
    server = start_onnetd(ZONES)
    text = dig(server, f"+cookie={CLIENT.hex()}")
    assert re.search(rf"COOKIE: {CLIENT.hex()}01000000\w{{24}} \(good\)", text), text
    cookie = fresh_cookie(server).hex()
    assert f"COOKIE: {cookie} (good)" in dig(server, f"+cookie={cookie}")
    text = tool("kdig", "@127.0.0.1", "-p", str(server.port), f"two.{ZONE}", "+cookie")
    assert "COOKIE" in text and "192.0.2.1" in text, text


def test_where_cookies_are_required_dig_comes_again(start_onnetd):
    """RFC 7873, 5.2.3 and 5.3: BADCOOKIE with a new cookie, and the client tries that."""
    server = start_onnetd(ZONES, server={"cookies": "required"})
    text = dig(server, f"+cookie={CLIENT.hex()}")
    assert "BADCOOKIE, retrying" in text and "192.0.2.1" in text, text
    assert "status: BADCOOKIE" in dig(server, "+cookie", "+nobadcookie")
    assert "192.0.2.1" in dig(server, "+nocookie")
    assert "192.0.2.1" in dig(server, "+cookie", "+tcp")


def test_servers_behind_one_address_share_a_secret(start_onnetd):
    a = start_onnetd(ZONES, server={"cookies": "required", "cookie-secret": SECRETS[0]})
    b = start_onnetd(ZONES, server={"cookies": "required", "cookie-secret": list(reversed(SECRETS))})
    cookie = fresh_cookie(a)
    answer = b.udp(ask(wire.option(10, cookie)))
    assert extended(answer) == 0
    renewed = cookie_of(answer)
    assert renewed != cookie and renewed[:8] == CLIENT
    # a does not know b's first secret yet
    assert extended(a.udp(ask(wire.option(10, renewed)))) == dns.rcode.BADCOOKIE
    a.options["cookie-secret"] = SECRETS
    a.configure()
    mark = len(a.log())
    a.reload()
    a.wait_log("read again", mark)
    assert extended(a.udp(ask(wire.option(10, renewed)))) == 0


def test_a_secret_of_the_server_s_own_outlives_a_reload(start_onnetd):
    server = start_onnetd(ZONES, server={"cookies": "required"})
    cookie = fresh_cookie(server)
    mark = len(server.log())
    server.reload()
    server.wait_log("read again", mark)
    assert extended(server.udp(ask(wire.option(10, cookie)))) == 0
    server.restart()
    assert extended(server.udp(ask(wire.option(10, cookie)))) == dns.rcode.BADCOOKIE


def test_a_secret_in_a_file(start_onnetd, tmp_path):
    path = tmp_path / "cookie.secret"
    path.write_text(SECRETS[0] + "\n")
    path.chmod(0o600)
    server = start_onnetd(ZONES, server={"cookies": "required", "cookie-secret-file": str(path)})
    cookie = fresh_cookie(server)
    server.restart()
    assert extended(server.udp(ask(wire.option(10, cookie)))) == 0


# Rate limits

def flood(server, count, source, message=None):
    """Sends so many over UDP; how many full and how many truncated answers come."""
    full = short = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((source, 0))
        s.connect((servers.ADDRESS, server.port))
        s.settimeout(0.3)
        for n in range(count):
            s.send(message or wire.query(f"two.{ZONE}", ident=n))
        try:
            while True:
                answer = s.recv(4096)
                if answer[2] & 2:
                    assert len(answer) <= len(message or wire.query(f"two.{ZONE}"))
                    short += 1
                else:
                    full += 1
        except TimeoutError:
            pass
    return full, short


@pytest.fixture(scope="module")
def limited(start_onnetd_module):
    return start_onnetd_module(ZONES, server={"rate-limit": 10, "workers": 1,
                                              "rate-limit-exempt": "127.9.0.0/16"})


@pytest.fixture(scope="module")
def start_onnetd_module(start_module):
    return start_module  # these run against onnetd alone


def test_over_the_limit_every_other_answer_is_short(limited):
    mark = len(limited.log())
    full, short = flood(limited, 200, "127.1.1.1")
    assert 10 <= full <= 30
    assert 60 <= short <= 100
    limited.wait_log(r"responses limited: prefix=127\.1\.1\.0/24 rate-limit=10", mark)
    assert limited.log()[mark:].count("responses limited") == 1


def test_who_is_limited_comes_by_tcp_or_with_a_cookie(limited):
    cookie = fresh_cookie(limited, source="127.2.1.2")
    flood(limited, 100, "127.2.1.1")
    with_cookie = ask(wire.option(10, cookie))
    for _ in range(30):
        assert extended(limited.udp(with_cookie, source="127.2.1.2")) == 0
        assert wire.rcode(limited.tcp(ask(), source="127.2.1.1")) == 0
    flood(limited, 100, "127.2.1.1")
    text = dig(limited, "-b", "127.2.1.1", "+nocookie", "+tries=5", "+time=1")
    assert "192.0.2.1" in text, text


def test_who_is_not_limited(limited):
    assert flood(limited, 100, "127.9.1.1") == (100, 0)
    flood(limited, 100, "127.3.1.1")
    assert wire.rcode(limited.udp(wire.query(f"two.{ZONE}"), source="127.3.2.1")) == 0


def test_without_a_word_there_is_no_limit(start_onnetd):
    server = start_onnetd(ZONES)
    assert flood(server, 200, "127.1.1.1") == (200, 0)
    server.options.update({"rate-limit": 10, "rate-limit-slip": 0})
    server.configure()
    mark = len(server.log())
    server.reload()
    server.wait_log("read again", mark)
    full, short = flood(server, 200, "127.1.1.1")
    assert full < 100 and short == 0


# TCP

def is_served(stream):
    try:
        stream.send(wire.query(f"two.{ZONE}"))
        return stream.receive() is not None
    except OSError:
        return False


def test_one_client_has_so_many_connections(start_onnetd):
    server = start_onnetd(ZONES, server={"tcp-max-per-client": 3})
    held = [server.connect(source="127.0.0.2") for _ in range(3)]
    assert all(is_served(s) for s in held)
    with server.connect(source="127.0.0.2") as s:
        assert not is_served(s)
    with server.connect(source="127.0.0.3") as s:
        assert is_served(s)
    assert all(is_served(s) for s in held)
    held.pop().close()
    for _ in range(200):
        with server.connect(source="127.0.0.2") as s:
            if is_served(s):
                break
    else:
        pytest.fail("no room again")
    for s in held:
        s.close()


def test_who_is_idle_for_longest_makes_room(start_onnetd):
    server = start_onnetd(ZONES, server={"tcp-max-clients": 4, "workers": 1, "tcp-idle-timeout": 3600})
    held = [server.connect() for _ in range(4)]
    for s in held:
        assert is_served(s)
    assert is_served(held[0])
    with server.connect() as s:
        assert is_served(s)
        assert held[1].closed()
        assert is_served(held[0]) and is_served(held[2]) and is_served(held[3]) and is_served(s)
    for s in held:
        s.close()


def busy(server):
    """Ticks of the processor that the server has used."""
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_without_files_new_connections_wait_and_nothing_spins(start_onnetd):
    server = start_onnetd(ZONES, server={"workers": 1})
    taken = {int(fd) for fd in os.listdir(f"/proc/{server.process.pid}/fd")}
    files = next(fd for fd in range(1000) if fd not in taken)
    old = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files, old[1]))
    with server.connect() as s:
        s.send(wire.query(f"two.{ZONE}"))
        server.wait_log("new TCP connections have to wait")
        before = busy(server)
        time.sleep(0.5)
        assert busy(server) - before < 20  # a loop would have taken 50
        assert wire.rcode(server.udp(wire.query(f"two.{ZONE}"))) == 0
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, old)
        assert wire.rcode(s.receive()) == 0
    assert server.log().count("have to wait") == 1


def test_thousands_of_questions_in_one_go_are_all_answered(start_onnetd):
    """In turns with others, and to the last one, though the client has finished sending."""
    server = start_onnetd(ZONES, server={"workers": 1})
    with server.connect() as s, server.connect() as other:
        s.send(*[wire.query(f"two.{ZONE}", ident=n) for n in range(3000)])
        s.socket.shutdown(socket.SHUT_WR)
        assert is_served(other)
        seen = {wire.ident(s.receive()) for _ in range(3000)}
        assert len(seen) == 3000
        assert s.closed()


# Signatures and refusals

def good_update(server, n, tcp):
    q = wire.sign(wire.update(ZONE, records=[rr(f"x{n}.{ZONE}", "A", IN, 60, bytes(4))]))
    return (server.tcp if tcp else server.udp)(q, source="127.0.0.9")


def test_bad_signatures_hinder_no_good_ones(start_onnetd):
    server = start_onnetd(ZONES, server={"workers": 1})
    bad = wire.sign(wire.update(ZONE, records=[rr(f"y.{ZONE}", "A", IN, 60, bytes(4))]), spoil=True)
    full, short = flood(server, 400, "127.5.5.5", bad)
    assert 100 <= full <= 110 and short == 400 - full
    server.wait_log(r"too many bad signatures: prefix=127\.5\.5\.0/24")
    # who is elsewhere, and who is there and comes by TCP, goes on
    assert wire.rcode(good_update(server, 1, tcp=False)) == 0
    good = wire.sign(wire.update(ZONE, records=[rr(f"z.{ZONE}", "A", IN, 60, bytes(4))]))
    assert wire.rcode(server.tcp(good, source="127.5.5.5")) == 0
    assert server.query(f"z.{ZONE}").rcode() == 0
    assert server.query(f"y.{ZONE}").rcode() == dns.rcode.NXDOMAIN


def test_updates_get_through_beside_forged_ones(start_onnetd, build):
    """The budget of 127.0.0.0/24 is spent in its name; onnet, at 127.0.0.1, is led to TCP."""
    server = start_onnetd(ZONES, server={"workers": 1})
    bad = wire.sign(wire.update(ZONE, records=[rr(f"y.{ZONE}", "A", IN, 60, bytes(4))]), spoil=True)
    flood(server, 200, "127.0.0.66", bad)
    done = subprocess.run([os.path.join(build, "onnet"), "-c", server.path("onnet.yaml"), "record", "add",
                           f"tool.{ZONE}", "A", "192.0.2.9"], capture_output=True, text=True, check=False,
                          timeout=servers.PATIENCE)
    assert done.returncode == 0, done.stderr
    assert server.query(f"tool.{ZONE}").answer
    script = f"server 127.0.0.1 {server.port}\nupdate add ns.tool.{ZONE} 60 A 192.0.2.9\nsend\n"
    done = subprocess.run([servers.program("nsupdate"), "-v", "-y", ":".join(
        [servers.KEYS["ops"][0], "ops", servers.KEYS["ops"][1]])], input=script, capture_output=True,
        text=True, check=False, timeout=servers.PATIENCE)
    assert done.returncode == 0, done.stderr


def test_refusals_do_not_fill_the_log(start_onnetd):
    server = start_onnetd(ZONES, server={"workers": 1})
    refused = wire.update(ZONE, records=[rr(f"y.{ZONE}", "A", IN, 60, bytes(4))])
    assert flood(server, 500, "127.5.5.5", refused) == (500, 0)
    server.wait_log(r"requests refused: and \d+ more within a second")
    assert server.log().count("update refused: ") < 400  # a hundred in each second that it took


def test_the_writer_s_refusals_do_not_fill_the_log_either(start_onnetd):
    """How many there were is told when they have ended, and not with the next one."""
    server = start_onnetd(ZONES, server={"workers": 1})
    missing = rr(f"none.{ZONE}", "ANY", 255, 0, b"")
    refused = wire.sign(wire.update(ZONE, prerequisite=[missing], records=[
        rr(f"y.{ZONE}", "A", IN, 60, bytes(4))]))
    assert flood(server, 500, "127.5.5.5", refused) == (500, 0)
    server.wait_log(r"updates refused: and \d+ more within a second")
    assert server.log().count("update refused: ") < 400


# What it says about itself

def test_nothing_is_said_unless_configured(start_onnetd):
    silent = start_onnetd(ZONES)
    open_one = start_onnetd(ZONES, server={"version": "telephone numbers", "identity": "ns1"})
    for name, text in (("version.bind", "telephone numbers"), ("version.server", "telephone numbers"),
                       ("hostname.bind", "ns1"), ("id.server", "ns1")):
        assert silent.query(name, "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED
        r = open_one.query(name, "TXT", rdclass="CH")
        assert r.answer[0][0].strings == (text.encode(),)
    assert "NSID" not in dig(silent, "+nsid")
    assert '("ns1")' in dig(open_one, "+nsid")


@pytest.mark.parametrize("rdtype", ["ANY", "TXT"])
def test_what_is_large_is_small_over_udp(start_onnetd, rdtype):
    server = start_onnetd(ZONES)
    q = wire.query(f"huge.{ZONE}", rdtype)
    a = server.udp(q)
    assert a[2] & 2 and len(a) <= len(q)
    q = wire.query(ZONE, rdtype)
    assert len(server.udp(q)) <= len(q) + 100
    assert len(wire.records(server.tcp(wire.query(ZONE, "ANY")))) == 1
