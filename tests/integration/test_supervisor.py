# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told (sd_notify(3)), and that the watchdog hears nothing of a server that stands still."""
import ctypes
import glob
import os
import socket
import time

import dns.update
import pytest

import servers

ZONES = {
    "example.net": {"text": "$TTL 60\n@ SOA ns host 7 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n"},
    "e164.example.net": {"text": "$TTL 60\n@ SOA ns.example.net. host 3 3600 600 86400 60\n"
                                 "@ NS ns.example.net.\n" + "".join(
                                     f"{i % 10}.{i // 10 % 10}.{i // 100 % 10}.{i // 1000} NAPTR "
                                     '1 1 "u" "E2U+sip" "!^.*$!sip:a@b!" .\n'
                                     for i in range(1234))},
}
WATCHDOG_US = 400000


class Supervisor:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.name = name

    def receive(self, timeout=servers.PATIENCE):
        """The next message as a dictionary; None where none comes in time."""
        self.socket.settimeout(timeout)
        try:
            text = self.socket.recv(4096).decode()
        except (TimeoutError, BlockingIOError):
            return None
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait(self, word):
        """The next message with this word."""
        end = time.monotonic() + servers.PATIENCE
        while time.monotonic() < end:
            message = self.receive()
            if message is not None and word in message:
                return message
        raise AssertionError(f"no {word} comes")

    def forget(self):
        while self.receive(0) is not None:
            pass


@pytest.fixture
def begin(start_onnetd, tmp_path):
    """Starts a server that has a supervisor; returns both."""
    made = []

    def begin(name=None, **environment):
        supervisor = Supervisor(name or str(tmp_path / "notify"))
        server = start_onnetd(dict(ZONES))
        server.stop()
        server.environment = dict(environment, NOTIFY_SOCKET=supervisor.name)
        server.start()
        made.append(supervisor.socket)
        return server, supervisor

    yield begin
    for s in made:
        s.close()


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_of_each_step(begin, abstract):
    server, supervisor = begin(f"@onnet-test-{os.getpid()}" if abstract else None)
    assert supervisor.receive() == {"READY": "1", "STATUS": "serving 2 zones, 1,234 numbers"}

    del server.zones["example.net"]
    server.configure()
    before = time.monotonic_ns() // 1000
    server.reload()
    message = supervisor.receive()
    assert message.pop("STATUS") and message.pop("RELOADING") == "1"
    assert before <= int(message.pop("MONOTONIC_USEC")) <= time.monotonic_ns() // 1000
    assert not message
    assert supervisor.receive() == {"READY": "1", "STATUS": "serving 1 zone, 1,234 numbers"}

    server.write("onnet.yaml", "nonsense\n")
    server.reload()
    assert supervisor.receive()["RELOADING"] == "1"
    assert supervisor.receive() == {"READY": "1", "STATUS": "serving 1 zone, 1,234 numbers"}

    server.stop()
    assert supervisor.receive() == {"STOPPING": "1", "STATUS": "ending"}
    assert supervisor.receive(0) is None


def test_a_supervisor_that_is_gone_is_no_hindrance(begin):
    server, supervisor = begin()
    assert supervisor.receive()["READY"] == "1"
    os.unlink(supervisor.name)
    start = len(server.log())
    server.reload()
    server.wait_log("read again", start)
    assert server.query("example.net", "SOA").rcode() == 0


def test_no_watchdog_for_another_process(begin):
    _, supervisor = begin(WATCHDOG_USEC="1000", WATCHDOG_PID="1")
    assert supervisor.receive()["READY"] == "1"
    assert supervisor.receive(0.1) is None


class Frozen:
    """A thread of the server that is stopped (ptrace(2)), while all others go on."""
    SEIZE, INTERRUPT, DETACH, ALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, server, name):
        for path in glob.glob(f"/proc/{server.process.pid}/task/*/comm"):
            with open(path, encoding="ascii") as f:
                if f.read().strip() == name:
                    self.thread = int(path.split("/")[-2])
                    break
        else:
            raise AssertionError(f"no thread {name}")
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.libc.ptrace.restype = ctypes.c_long

    def call(self, what):
        if self.libc.ptrace(what, self.thread, None, None) != 0:
            error = ctypes.get_errno()
            pytest.skip(f"ptrace: {os.strerror(error)}")

    def __enter__(self):
        self.call(self.SEIZE)
        self.call(self.INTERRUPT)
        os.waitpid(self.thread, self.ALL)
        return self

    def __exit__(self, *error):
        self.call(self.DETACH)


def change(server, name):
    """Sends an update, and waits for nothing."""
    m = dns.update.UpdateMessage("example.net")
    m.add(name, 60, "A", "192.0.2.9")
    m.use_tsig(servers.tsig_key("ops"))
    assert server.udp(m.to_wire(), timeout=0.1) is None


@pytest.mark.parametrize("name", ["the writer", "a worker"])
def test_the_watchdog_hears_nothing_while_a_thread_stands_still(begin, name):
    server, supervisor = begin(WATCHDOG_USEC=str(WATCHDOG_US))
    assert supervisor.wait("WATCHDOG")["STATUS"] == "serving 2 zones, 1,234 numbers"
    with Frozen(server, name.split()[1]):
        if name == "the writer":
            # one that has nothing to do may rest
            supervisor.forget()
            for _ in range(6):
                supervisor.wait("WATCHDOG")
            change(server, "new")
        server.wait_log(f"{name} has stood still")
        supervisor.forget()
        assert supervisor.receive(WATCHDOG_US / 1e6) is None
    supervisor.wait("WATCHDOG")
    if name == "the writer":
        end = time.monotonic() + servers.PATIENCE
        while server.query("new.example.net").rcode() != 0:
            assert time.monotonic() < end, "the update that waited is not carried out"
            time.sleep(0.02)
