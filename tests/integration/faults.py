# SPDX-License-Identifier: GPL-3.0-or-later
"""onnetd with faults: tests/fixture/faults.c goes in front of the C library and is told here what to spoil."""
import mmap
import os
import shutil
import socket
import struct
import time

import pytest

import servers
import wire

LIBRARY = os.path.join(servers.BUILD, "tests/fixture/faults.so")
FIELDS = ("operations", "die_at", "loss", "seed", "error", "clock_s", "memory", "refused")
LOSSES = 4  # enum power_loss: how the disk may look after a loss of power; 0 is the death of the process

needs_library = pytest.mark.skipif(
    servers.JUDGE != "onnetd" or not os.path.exists(LIBRARY),
    reason="tests/fixture/faults.so is built without sanitizers, and for onnetd")


class Faults:
    """struct faults of fixture/faults.h, each field an attribute."""

    def __init__(self, path):
        with open(path, "w+b") as f:
            f.truncate(8 * len(FIELDS))
            self.__dict__["map"] = mmap.mmap(f.fileno(), 8 * len(FIELDS))

    def __getattr__(self, name):
        return struct.unpack_from("q", self.map, 8 * FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("q", self.map, 8 * FIELDS.index(name), value)

    def clear(self):
        self.map[:] = bytes(len(self.map))

    def arm(self, step, loss=0, seed=0):
        """Death in front of that operation on the storage, counted from here."""
        self.loss, self.seed, self.operations, self.die_at = loss, seed, 0, step


class Faulty(servers.Onnetd):
    """storage: whether operations on files are counted, failed, and lost with the power."""

    def __init__(self, directory, zones, storage=True, **more):
        super().__init__(directory, zones, **more)
        self.faults = Faults(self.path("faults"))
        self.environment = {"LD_PRELOAD": LIBRARY, "ONNET_FAULTS": self.path("faults")}
        if storage:
            self.environment["ONNET_FAULTS_STORAGE"] = self.path("store")

    def wait_ready(self):
        """As the others', but rounds of some milliseconds are what this is for. False: it died."""
        probe = wire.query(next(iter(self.zones)), "SOA")
        end = time.monotonic() + servers.PATIENCE
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.01)
            s.connect((servers.ADDRESS, self.port))
            while time.monotonic() < end:
                if self.process.poll() is not None:
                    return False
                try:
                    s.send(probe)
                    s.recv(65535)
                    return True
                except (ConnectionRefusedError, TimeoutError):
                    time.sleep(0.002)
        raise servers.Broken(f"onnetd does not answer:\n{self.log()}")

    def start(self, wait=True):
        os.makedirs(self.path("store/image"), mode=0o700, exist_ok=True)
        os.chmod(self.path("store"), 0o700)
        super().start(wait=False)
        if wait and not self.wait_ready():
            raise servers.Broken(f"onnetd died at its start:\n{self.log()}")
        return self

    def died(self):
        return self.process.poll() is not None

    def bury(self):
        """What is to be done when it died: its disk is what the loss of power left of it."""
        status = self.process.wait(servers.PATIENCE)
        servers.running.remove(self)
        self.process = None
        self.log_file.close()
        self.check_log()
        image = self.path("store/image")
        if os.path.isdir(image) and os.listdir(image):
            shutil.move(image, self.path("image"))
            shutil.rmtree(self.path("store"))
            shutil.move(self.path("image"), self.path("store"))
            os.chmod(self.path("store"), 0o700)
        self.faults.clear()
        return status

    def ask(self, message):
        """The answer over UDP; None: it died first."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.01)
            s.connect((servers.ADDRESS, self.port))
            end = time.monotonic() + servers.PATIENCE
            s.send(message)
            while time.monotonic() < end:
                try:
                    return s.recv(65535)
                except (TimeoutError, ConnectionRefusedError):
                    if self.died():
                        return None
        raise servers.Broken(f"no answer, and it lives:\n{self.log()}")
