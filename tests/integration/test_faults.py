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
from wire import ANY, IN, rr

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

ZONE = "example.net"
TEXT = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
ZONES = {ZONE: {"text": TEXT}}
DAY = 86400


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
@pytest.mark.parametrize("error", ["ENOSPC", "EROFS", "EIO"])
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
