# SPDX-License-Identifier: GPL-3.0-or-later
"""
Two network namespaces and a cable (a veth pair) between them: onnetd at the far end, the test at
the near one. A socket belongs to the namespace in which it was made, so the test steps over for
just that long. All of it takes root.
"""
import contextlib
import ctypes
import os
import socket
import subprocess

import servers

CLONE_NEWNET, PR_CAPBSET_DROP = 0x40000000, 24
NEAR, FAR = "10.99.0.1", "10.99.0.2"
NEAR6, FAR6 = "fd99::1", "fd99::2"
PORT = 5300          # ports need no care here: a namespace has all of them to itself
PLAIN_PORT = 5301    # where no AF_XDP listens

libc = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """There can be no cable here."""


def enter(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Cable:
    count = 0

    def __init__(self):
        Cable.count += 1
        name = f"onnet{os.getpid()}-{Cable.count}"
        self.spaces = [f"{name}-near", f"{name}-far"]
        self.near, self.far = "onnet-near", "onnet-far"
        if os.geteuid() != 0:
            raise Missing("network namespaces take root")

    def ip(self, *words):
        try:
            subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
        except FileNotFoundError:
            raise Missing("there is no program ip (iproute2)") from None
        except subprocess.CalledProcessError as fault:
            raise Missing(f"ip {' '.join(words)}: {fault.stderr.strip()}") from None

    def __enter__(self):
        near, far = self.spaces
        try:
            for space in self.spaces:
                self.ip("netns", "add", space)
            self.ip("link", "add", self.near, "netns", near, "type", "veth",
                    "peer", "name", self.far, "netns", far)
            for space, link, addresses in ((near, self.near, (NEAR, NEAR6)),
                                           (far, self.far, (FAR, FAR6))):
                self.ip("-n", space, "addr", "add", addresses[0] + "/24", "dev", link)
                self.ip("-n", space, "addr", "add", addresses[1] + "/64", "dev", link, "nodad")
                self.ip("-n", space, "link", "set", link, "up")
                self.ip("-n", space, "link", "set", "lo", "up")
        except Missing:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    @contextlib.contextmanager
    def inside(self, index):
        """This thread at the near (0) or far (1) end."""
        with open("/proc/thread-self/ns/net") as home, \
                open(f"/run/netns/{self.spaces[index]}") as space:
            enter(space.fileno())
            try:
                yield
            finally:
                enter(home.fileno())

    def socket(self, *kind):
        with self.inside(0):
            return socket.socket(*kind)

    def taken_by_sockets(self):
        """UDP datagrams that the far end's kernel has given to sockets so far."""
        with self.inside(1):
            with open("/proc/thread-self/net/snmp") as f:
                words = [line.split() for line in f if line.startswith("Udp:")]
            with open("/proc/thread-self/net/snmp6") as f:
                v6 = [int(line.split()[1]) for line in f if line.startswith("Udp6InDatagrams")]
        return int(dict(zip(*words))["InDatagrams"]) + sum(v6)

    def hardware(self, index):
        with self.inside(index), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(((self.near, self.far)[index], 0))
            return s.getsockname()[4]


class FarOnnetd(servers.Onnetd):
    """
    onnetd at the far end of a cable. xdp: what listen-xdp says; None: the word is left out.
    without: the number of a capability that it shall not have.
    """
    kind = "onnetd"

    def __init__(self, directory, zones, cable, xdp=None, without=None, server=None, **more):
        self.cable = cable
        options = {"listen": [f"{address}@{port}" for address in (FAR, FAR6)
                              for port in (PORT, PLAIN_PORT)], "workers": 1}
        if xdp is not None:
            options["listen-xdp"] = xdp
        options.update(server or {})
        super().__init__(directory, zones, server=options, port=PORT, **more)
        if without is not None:
            self.preexec = lambda: libc.prctl(PR_CAPBSET_DROP, without, 0, 0, 0)

    def start(self, wait=True):
        with self.cable.inside(1):
            return super().start(wait)

    def udp(self, data, timeout=servers.PATIENCE, address=FAR, source=None, port=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.cable.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            s.connect((address, port or self.port))
            try:
                s.send(data)
                return s.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                return None

    def connect(self, address=FAR, timeout=servers.PATIENCE, source=None):
        with self.cable.inside(0):
            return servers.Stream(address, self.port, timeout, source)

    def exchange(self, message, tcp=False, timeout=servers.PATIENCE, address=FAR, source=None):
        return super().exchange(message, tcp, timeout, address, source)


servers.KINDS["far"] = FarOnnetd
