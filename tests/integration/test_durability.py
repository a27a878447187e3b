# SPDX-License-Identifier: GPL-3.0-or-later
"""
What was acknowledged is kept: kill -9 at random moments while several clients update, restarts, a full
disk, the order of sync and acknowledgement.
"""
import os
import random
import re
import resource
import signal
import subprocess
import threading
import time

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import servers
import wire
from wire import ANY, IN, rr

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd's store")

ZONE = "example.net"
TEXT = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
ZONES = {ZONE: {"text": TEXT, "log-size": "1M"}}
ROUNDS = int(os.environ.get("ONNET_KILL_ROUNDS", "25"))


class Client(threading.Thread):
    """
    Makes changes one after another until the server is gone. Change n adds two records, writes n to the
    client's own counter, and takes away the pair of change n - 5: all that or nothing.
    """

    def __init__(self, server, number, first):
        super().__init__()
        self.server = server
        self.number = number
        self.next = first      # the first change whose fate is unknown
        self.fault = None
        self.stop = False

    def message(self, n):
        me = self.number
        m = dns.update.UpdateMessage(ZONE)
        m.absent(f"a{n}.c{me}")
        m.add(f"a{n}.c{me}", 60, "TXT", str(n))
        m.add(f"0.1.2.{n}.c{me}", 60, "TXT", str(n))
        m.replace(f"counter.c{me}", 60, "TXT", str(n))
        if n >= 5:
            m.delete(f"a{n - 5}.c{me}")
            m.delete(f"0.1.2.{n - 5}.c{me}")
        m.use_tsig(servers.tsig_key("ops"))
        return m

    def run(self):
        while not self.stop:
            m = self.message(self.next)
            try:
                data = (self.server.tcp if self.number % 2 else self.server.udp)(
                    m.to_wire(), timeout=0.3)
                if data is None:
                    return
                r = dns.message.from_wire(data, keyring=m.keyring, request_mac=m.mac)
            except (OSError, EOFError):
                return
            if r.rcode() != dns.rcode.NOERROR:
                self.fault = r.rcode()
                return
            self.next += 1


def check(server, clients):
    """Everything acknowledged is there, what was under way is there whole or not at all."""
    found = {}
    for owner, rdtype, _, rdata in server.content(ZONE):
        if rdtype == dns.rdatatype.TXT:
            relative = owner.relativize(dns.name.from_text(ZONE)).to_text()
            assert relative not in found
            found[relative] = rdata.strings[0].decode()
    for c in clients:
        me = c.number
        mine = {k: v for k, v in found.items() if k.endswith(f".c{me}")}
        last = int(mine.get(f"counter.c{me}", "-1"))
        assert last in (c.next - 1, c.next), f"acknowledged up to {c.next - 1}, there is {last}"
        assert c.fault is None or last == c.next - 1, "what was refused is there"
        want = {f"counter.c{me}": str(last)} if last >= 0 else {}
        for n in range(max(0, last - 4), last + 1):
            want[f"a{n}.c{me}"] = want[f"0.1.2.{n}.c{me}"] = str(n)
        assert mine == want
        c.next = last + 1


def test_kill_at_random_moments(start_onnetd):
    seed = random.randrange(2 ** 32)
    rng = random.Random(seed)
    server = start_onnetd(ZONES, server={"workers": 2})
    firsts, serial = [0] * 6, 1
    for turn in range(ROUNDS):
        clients = [Client(server, n, first) for n, first in enumerate(firsts)]
        for c in clients:
            c.start()
        time.sleep(rng.uniform(0.005, 0.15))
        server.kill()
        for c in clients:
            c.join()
            assert c.fault is None, f"seed {seed}, round {turn}: {c.fault}"
        server.start()
        check(server, clients)
        firsts = [c.next for c in clients]
        now = server.serial(ZONE)
        assert now - serial == sum(firsts) - (serial - 1), "each change is one step of the serial"
        serial = now
    assert sum(firsts) > ROUNDS, f"seed {seed}: hardly anything was tested"


def test_stop_in_the_middle_loses_nothing_either(start_onnetd):
    server = start_onnetd(ZONES)
    firsts = [0] * 4
    for _ in range(4):
        clients = [Client(server, n, first) for n, first in enumerate(firsts)]
        for c in clients:
            c.start()
        time.sleep(0.1)
        server.stop()
        for c in clients:
            c.join()
            assert c.fault in (None, dns.rcode.SERVFAIL)
        server.start()
        check(server, clients)
        firsts = [c.next for c in clients]


def test_a_restart_keeps_everything_and_does_not_read_the_file_again(start_onnetd):
    server = start_onnetd({ZONE: {"text": TEXT}, "fresh.example": {}})
    m = dns.update.UpdateMessage(ZONE)
    m.add("x", 60, "NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:alice@example.net!" .')
    m.delete("ns")
    assert server.update(m).rcode() == 0
    m = dns.update.UpdateMessage("fresh.example")
    m.add("y", 60, "TXT", "y")
    assert server.update(m).rcode() == 0
    for end in (server.stop, server.kill):
        before = {z: (server.content(z), server.serial(z)) for z in server.zones}
        end()
        server.write("example.net.zone", TEXT + "late A 192.0.2.9\n")
        server.start()
        assert {z: (server.content(z), server.serial(z)) for z in server.zones} == before


def test_synced_before_acknowledged(start_onnetd):
    """Between an update's arrival and its acknowledgement the system calls show a sync to the disk."""
    strace = servers.program("strace")
    if strace is None:
        pytest.skip("strace is not here")
    if "asan" in servers.BUILD or "tsan" in servers.BUILD:
        pytest.skip("sanitizers do not like to be traced")
    server = start_onnetd(ZONES, server={"workers": 1})
    trace = server.path("trace")
    calls = "fsync,fdatasync,msync,sync_file_range,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg"
    with subprocess.Popen([strace, "-f", "-y", "-q", "-o", trace, "-e", f"trace={calls}", "-p",
                           str(server.process.pid)], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as tracer:
        try:
            time.sleep(0.5)  # it has no sign of being ready
            if tracer.poll() is not None:
                pytest.skip("may not trace here")
            count = 5
            for n in range(count):
                m = dns.update.UpdateMessage(ZONE)
                m.add(f"n{n}", 60, "TXT", "x")
                assert server.update(m).rcode() == 0
        finally:
            if tracer.poll() is None:
                tracer.send_signal(signal.SIGINT)
            tracer.wait()
    synced, answers = False, 0
    with open(trace, encoding="utf-8", errors="replace") as f:
        lines = f.read().splitlines()
    for line in lines:
        if re.search(r"(fsync|fdatasync|msync)(\(| resumed).*= 0", line):
            synced = True
        elif re.search(r"send(to|msg|mmsg)\(", line) and "= -1" not in line:
            assert synced, "an answer before the sync:\n" + "\n".join(lines)
            synced, answers = False, answers + 1
    assert answers == count, "\n".join(lines)


def fill(server, first):
    """Adds 40 KB at a time until it fails; returns how many were acknowledged, and the code."""
    for n in range(first, first + 500):
        records = [rr(f"r{i}.n{n}.{ZONE}", "TXT", IN, 60, (b"\xff" + b"x" * 255) * 4)
                   for i in range(40)]
        a = server.tcp(wire.sign(wire.update(ZONE, records=records)))
        assert a is not None
        if wire.rcode(a) != 0:
            return n, wire.rcode(a)
    return first + 500, 0


def full_disk(server, make_room):
    mark = len(server.log())
    done, rcode = fill(server, 0)
    assert rcode == dns.rcode.SERVFAIL, f"{done} updates and no end"
    server.wait_log(r"(?i)(no space|too large|full|room)", mark)
    # Still answering, still whole, and every acknowledged record is there.
    assert server.query("ns.example.net", "A").rcode() == 0
    names = {(n, t) for n, t, _, _ in server.content(ZONE)}
    assert len(names) == 2 + 40 * done
    a = server.tcp(wire.sign(wire.update(ZONE, prerequisite=[rr(f"nothing.{ZONE}", "ANY", ANY)])))
    assert wire.rcode(a) == dns.rcode.NXDOMAIN
    assert fill(server, done)[1] == dns.rcode.SERVFAIL
    before = server.serial(ZONE)
    make_room()
    m = dns.update.UpdateMessage(ZONE)
    m.add("room", 60, "TXT", "again")
    assert server.update(m).rcode() == 0
    assert server.serial(ZONE) == before + 1
    for n in range(done, done + 5):
        records = [rr(f"r{i}.n{n}.{ZONE}", "TXT", IN, 60, (b"\xff" + b"x" * 255) * 4)
                   for i in range(40)]
        assert wire.rcode(server.tcp(wire.sign(wire.update(ZONE, records=records)))) == 0
    server.kill()
    server.start()
    assert len(server.content(ZONE)) == 2 + 40 * (done + 5) + 1


def test_a_file_that_may_not_grow(start_onnetd):
    server = start_onnetd(ZONES)
    size = max(os.path.getsize(os.path.join(root, f))
               for root, _, files in os.walk(server.path("store")) for f in files)
    pid = server.process.pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 1_000_000, resource.RLIM_INFINITY))
    full_disk(server, lambda: resource.prlimit(
        pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))


def test_a_full_disk(start_onnetd, tmp_path):
    store = tmp_path / "disk"
    store.mkdir()

    def mount(*options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(store)],
                              capture_output=True, check=False).returncode == 0

    if os.geteuid() != 0 or not mount("size=2m"):
        pytest.skip("may not mount a file system here")
    try:
        server = start_onnetd(ZONES, server={"storage": str(store / "store")})
        full_disk(server, lambda: mount("remount", "size=200m"))
        server.stop()
    finally:
        subprocess.run(["umount", "-l", str(store)], check=False)
