# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP past the sockets (AF_XDP), beside the same servers with sockets.

The servers stand in a network namespace at the far end of cables (veth pairs), the generator in
one at the near end. Each server has a cable of its own: a BPF program at an interface changes how
its frames go, also those that sockets get. Queries go one by one, since a virtual cable with such a
program does not carry bursts in one piece. All of it takes root.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time

from servers import Echo, Failure, Knot

CLONE_NEWNET = 0x40000000
PORT = 5830
LOADS = {"single": "questions", "mix_single": "mix"}

libc = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """It can't be measured here; the text says why."""


class Spaces:
    """Two network namespaces and cables between them, numbered."""

    def __init__(self):
        self.near = f"onnet-bench{os.getpid()}-near"
        self.far = f"onnet-bench{os.getpid()}-far"

    def ip(self, *words):
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise Missing(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def __enter__(self):
        if os.geteuid() != 0:
            raise Missing("network namespaces take root")
        try:
            for space in (self.near, self.far):
                self.ip("netns", "add", space)
                self.ip("-n", space, "link", "set", "lo", "up")
        except FileNotFoundError:
            raise Missing("there is no program ip (iproute2)") from None
        except Missing:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for space in (self.near, self.far):
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    def cable(self, number):
        """Lays one; returns its far end's interface and address."""
        self.ip("link", "add", f"near{number}", "netns", self.near, "type", "veth",
                "peer", "name", f"far{number}", "netns", self.far)
        for host, space, link in ((1, self.near, f"near{number}"), (2, self.far, f"far{number}")):
            self.ip("-n", space, "addr", "add", f"10.98.{number}.{host}/24", "dev", link)
            self.ip("-n", space, "link", "set", link, "up")
        return f"far{number}", f"10.98.{number}.2"

    @contextlib.contextmanager
    def inside(self, space):
        """This thread in a namespace."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{space}") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise Failure("setns: " + os.strerror(ctypes.get_errno()))
            try:
                yield
            finally:
                libc.setns(home.fileno(), CLONE_NEWNET)


def place(spaces, server, address, core):
    """Puts a server to the far end, on one core."""
    server.address = address
    server.prefix = ["ip", "netns", "exec", spaces.far, "taskset", "-c", core]
    server.within = lambda: spaces.inside(spaces.near)
    server._claim_port = lambda: None  # nobody else is in that namespace


def servers_make(run, spaces, zones):
    """name: server, each with its cable: sockets alone, and past them."""
    made = {}
    for number, (name, kind, past) in enumerate((
            ("echo", "echo", False), ("knotd", "knotd", False), ("knotd, AF_XDP", "knotd", True),
            ("onnetd", "onnetd", False), ("onnetd, AF_XDP", "onnetd", True))):
        interface, address = spaces.cable(number)
        called = f"xdp-{number}"
        if kind == "echo":
            server = run.server(Echo, PORT, run.tools / "bench-echo", called=called)
        elif kind == "knotd":
            server = run.server(Knot, PORT, zones, called=called)
            if server is not None and past:
                server.more = f"xdp:\n    listen: {interface}@{PORT}\n"
        else:
            more = f"  listen-xdp: {interface}@{PORT}\n" if past else ""
            server = run.onnetd(called, PORT, zones[next(iter(zones))], more=more)
        if server is not None:
            place(spaces, server, address, run.options.cores[0])
            made[name] = server
    return made


def measure(run, measure_, plan, zones):
    """For each load a dictionary from a server's name to the list of its rounds."""
    options = run.options
    results = {load: {} for load in LOADS}
    with Spaces() as spaces:
        made = servers_make(run, spaces, zones)
        try:
            for name, server in made.items():
                run.start(server)
                for load in LOADS:
                    results[load][name] = []
                if name.startswith("onnetd,") and "queues" not in server.log.read_text():
                    raise Missing(server.log_tail())
            prefix = ["ip", "netns", "exec", spaces.near, "taskset", "-c", options.cores[1]]
            for turn in range(options.rounds):
                run.measure.tell(f"AF_XDP, round {turn + 1} of {options.rounds}")
                for load, which in LOADS.items():
                    for name, server in made.items():
                        result = measure_.generate(
                            server, ["-a", server.address, "-s", "-t", options.seconds,
                                     getattr(plan, which)], prefix)
                        results[load][name].append(result)
        finally:
            for server in made.values():
                server.end(signal.SIGTERM)
            time.sleep(0.1)
    return results
