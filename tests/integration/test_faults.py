# SPDX-License-Identifier: GPL-3.0-or-later
"""
What goes wrong around a server while it runs: its disk, the clock, memory, descriptors, the address space,
the network. It loses nothing acknowledged, answers as long as it can, says in a line what is wrong, and goes on by
itself when that is over.
"""
import errno
import os
import resource
import socket
import struct
import subprocess
import time

import dns.rcode
import pytest

import cable as cables
import faults
import servers
import wire
from wire import IN, rr

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

ZONE = "example.net"
TEXT = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
ZONES = {ZONE: {"text": TEXT}}
DAY = 86400
LARGE = 140000  # records of 2 KB: more than the smallest map of a store, 256 MiB, takes


@pytest.fixture
def start_faulty(tmp_path):
    started = []

    def start(storage=True, **more):
        server = faults.Faulty(tmp_path / f"f{len(started)}", ZONES, storage, **more)
        started.append(server)
        server.start()
        if storage:
            server.restart()  # now there is a storage that can be watched
        return server

    yield start
    for server in started:
        server.faults.clear()
        server.close()


def update(owner, when=None, size=1):
    return wire.sign(wire.update(ZONE, records=[rr(f"{owner}.{ZONE}", "TXT", IN, 60, b"\2%02d" % i)
                                                for i in range(size)]), when=when)


def change(server, owner):
    return wire.rcode(server.udp(update(owner)))


def answers(server):
    """At once, over both transports."""
    assert server.query(f"ns.{ZONE}", "A").rcode() == 0
    assert server.query(f"ns.{ZONE}", "A", tcp=True).rcode() == 0


def names(server):
    return {owner.labels[0].decode() for owner, _, _, _ in server.content(ZONE)}


def command(server, *words):
    return subprocess.run([server.binary(), words[0], "-c", server.path("onnet.yaml"), *words[1:]],
                          capture_output=True, text=True, timeout=60, check=False)


# --- the disk ---

@faults.needs_library
@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_a_disk_that_takes_nothing_any_more(start_faulty, error):
    """Full, or made read-only by the kernel when it found a fault."""
    server = start_faulty()
    assert change(server, "before") == 0
    server.restart()  # a checkpoint has what was acknowledged
    mark = len(server.log())
    server.faults.error = getattr(errno, error)
    for n in range(3):
        assert change(server, f"fails{n}") == dns.rcode.SERVFAIL
        answers(server)
    server.wait_log(rf"error: updates can't be stored: {os.strerror(getattr(errno, error))}.*"
                    "until that is mended", mark)
    assert server.log()[mark:].count("can't be stored") == 1
    assert names(server) == {"example", "ns", "before"}
    server.faults.error = 0
    assert change(server, "after") == 0
    server.wait_log("updates are stored again", mark)
    server.kill()
    server.start()
    assert names(server) == {"example", "ns", "before", "after"}


@faults.needs_library
def test_a_disk_that_fails_while_it_makes_something_last(start_faulty):
    """What the kernel has in memory may not be what the disk has: the server ends, and the next has all of it."""
    server = start_faulty()
    assert change(server, "before") == 0
    server.faults.error = errno.EIO  # before the checkpoint that takes the change in
    query = wire.query(f"ns.{ZONE}", "A")
    end = time.monotonic() + servers.PATIENCE
    while not server.died() and time.monotonic() < end:
        server.udp(query, timeout=0.05)
    assert server.died(), server.log()
    assert server.process.returncode == 1
    assert server.log().count("error: the disk failed") == 1
    server.bury()
    server.start()
    assert names(server) == {"example", "ns", "before"}
    assert change(server, "after") == 0


@faults.needs_library
@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_an_import_and_a_compaction_without_a_disk(start_faulty, error):
    server = start_faulty()
    assert change(server, "before") == 0
    server.restart()
    server.write("new.zone", TEXT + "new TXT x\n")
    server.faults.error = getattr(errno, error)
    for words in (("import", ZONE, server.path("new.zone")), ("compact", "--force")):
        done = command(server, *words)
        assert done.returncode == 1, done
        assert os.strerror(getattr(errno, error)) in done.stderr or "no room" in done.stderr
        answers(server)
    server.faults.error = 0
    assert change(server, "after") == 0
    assert names(server) == {"example", "ns", "before", "after"}
    assert command(server, "compact", "--force").returncode == 0
    assert command(server, "import", ZONE, server.path("new.zone")).returncode == 0
    assert names(server) == {"example", "ns", "new"}
    server.kill()
    server.start()
    assert names(server) == {"example", "ns", "new"}


# --- the clock ---

def tsig_time(answer):
    return wire.Tsig(answer).time


@faults.needs_library
def test_a_clock_that_steps(start_faulty):
    """Signatures go by the wall clock, as RFC 8945, 5.2.3 has it; nothing is done twice; nothing else minds."""
    server = start_faulty(storage=False, server={"tcp-idle-timeout": 60})
    idle = server.connect()
    first = update("first")
    assert wire.rcode(server.udp(first)) == 0
    serial = server.serial(ZONE)
    now = int(time.time())
    for turn, step in enumerate((DAY, 0, -DAY, 0)):
        server.faults.clock_s = step
        if step != 0:
            late = server.udp(update("late", now))
            assert wire.rcode(late) == dns.rcode.NOTAUTH
            assert wire.Tsig(late).error == wire.BADTIME
            high, low = struct.unpack("!HI", wire.Tsig(late).other)
            assert abs((high << 32 | low) - (now + step)) < 60
        answers(server)
        idle.send(wire.query(ZONE, "SOA"))
        assert idle.receive() is not None, "a clock that steps is no time that passes"
        good = update(f"step{turn}", now + step + 60)
        for message, steps in ((first, 0), (good, 1), (good, 0), (first, 0)):
            assert wire.rcode(server.udp(message)) in ((0,) if message is good else
                                                       (0, dns.rcode.NOTAUTH))
            serial += steps
            assert server.serial(ZONE) == serial, f"step {turn}: carried out twice, or not at all"
    idle.close()
    server.restart()
    answers(server)
    assert server.serial(ZONE) == serial


# --- memory ---

@faults.needs_library
def test_allocations_that_fail(start_faulty):
    """SERVFAIL, or no answer; then all is as before, and nothing that was acknowledged is missing."""
    server = start_faulty(storage=False)
    acknowledged, failed = set(), 0
    server.write("new.zone", TEXT + "".join(f"x{i} A 192.0.2.1\n" for i in range(200)))
    for one_in in (200, 50, 20, 7, 3, 2):
        server.faults.memory = one_in
        for n in range(40):
            answer = server.udp(update(f"u{one_in}-{n}", size=3), timeout=0.05)
            if answer is not None and wire.rcode(answer) == 0:
                acknowledged.add(f"u{one_in}-{n}")
            else:
                failed += 1
            assert answer is None or wire.rcode(answer) in (0, dns.rcode.SERVFAIL, dns.rcode.NOTAUTH)
            with socket.socket() as s:
                s.settimeout(0.05)
                s.connect((servers.ADDRESS, server.port))
                for message in (wire.query(ZONE, "SOA"), wire.sign(wire.query(ZONE, "AXFR"))):
                    try:
                        s.sendall(struct.pack("!H", len(message)) + message)
                        s.recv(65535)
                    except OSError:
                        pass
        mark = len(server.log())
        server.reload()
        server.wait_log("onnet.yaml (read again|not taken)", mark)
        assert server.alive(), server.log()
    assert server.faults.refused > 20
    server.faults.memory = 0
    answers(server)
    assert change(server, "after") == 0
    assert names(server) >= acknowledged | {"after"}
    assert acknowledged and failed
    server.kill()
    server.start()
    assert names(server) >= acknowledged | {"after"}


@faults.needs_library  # a sanitizer takes terabytes of addresses
@pytest.mark.thorough
def test_an_address_space_that_is_full(tmp_path):
    """The store's map is as large as it may be; where that is used up, changes fail as on a full disk."""
    server = servers.Onnetd(tmp_path / "m", ZONES, server={"workers": 1})
    server.preexec = lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
    try:
        server.start()
        assert change(server, "before") == 0
        line = " TXT" + f' "{"x" * 250}"' * 8
        server.write("large.zone", TEXT + "".join(f"n{i}{line}\n" for i in range(LARGE)))
        done = command(server, "import", ZONE, server.path("large.zone"))
        assert done.returncode == 1 and "No space left" in done.stderr, done
        answers(server)
        began = time.monotonic()
        while change(server, "swept") != 0:
            assert time.monotonic() - began < servers.PATIENCE, server.log()
            time.sleep(0.1)
        print(f"{time.monotonic() - began:.1f} s until there was room again")
        server.kill()
        server.preexec = None
        server.start()
        assert names(server) == {"example", "ns", "before", "swept"}
    finally:
        server.close()


# --- descriptors ---

def test_no_more_descriptors(start_onnetd):
    """UDP and updates need none; a reload, an import and a compaction are refused, and are possible again afterwards."""
    server = start_onnetd(ZONES, server={"workers": 1, "tcp-idle-timeout": 3600})
    pid = server.process.pid
    files = len(os.listdir(f"/proc/{pid}/fd"))
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files + 2, hard))
    held = []
    for _ in range(12):
        s = server.connect()
        s.send(wire.query(ZONE, "SOA"))
        held.append(s)
    for n in range(5):
        assert server.query(f"ns.{ZONE}", "A").rcode() == 0
        assert change(server, f"full{n}") == 0
    began = cpu(pid)
    time.sleep(0.5)
    assert cpu(pid) - began < 0.25, "it turns round and round"
    done = command(server, "compact", "--force")
    assert done.returncode == 1
    assert "Too many open files" in done.stderr
    for s in held:
        s.close()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert command(server, "compact", "--force").returncode == 0
    mark = len(server.log())
    server.reload()
    server.wait_log("read again", mark)
    answers(server)
    assert names(server) >= {f"full{n}" for n in range(5)}


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


# --- the network ---

def test_an_interface_that_goes_and_comes_back(tmp_path):
    """A socket that is bound to an address works again when the address is back."""
    try:
        with cables.Cable() as cable:
            server = cables.FarOnnetd(tmp_path / "far", ZONES, cable)
            try:
                server.start()
                for take, give in (((("link", "set", cable.far, "down"),),
                                    (("link", "set", cable.far, "up"),)),
                                   ((("addr", "del", f"{cables.FAR}/24", "dev", cable.far),),
                                    (("addr", "add", f"{cables.FAR}/24", "dev", cable.far),))):
                    for words in take:
                        cable.ip("-n", cable.spaces[1], *words)
                    assert server.udp(wire.query(ZONE, "SOA"), timeout=0.2) is None
                    assert server.alive()
                    for words in give:
                        cable.ip("-n", cable.spaces[1], *words)
                    end = time.monotonic() + servers.PATIENCE
                    while (server.udp(wire.query(ZONE, "SOA"), timeout=0.2) is None
                           and time.monotonic() < end):
                        pass
                    assert server.query(ZONE, "SOA").rcode() == 0
                    assert server.query(ZONE, "SOA", tcp=True).rcode() == 0
                    assert change(server, f"x{len(take[0])}") == 0
            finally:
                server.close()
    except cables.Missing as fault:
        pytest.skip(str(fault))
