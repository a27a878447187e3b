# SPDX-License-Identifier: GPL-3.0-or-later
"""
Look-ups through a change of /etc/resolv.conf; for "unshare -rmn", where both the file and the
network are nobody else's.
"""
import fcntl
import os
import socket
import struct
import subprocess
import tempfile
import time

import servers
from test_resolve_network import HEAD, Batch, address

IFF_UP, SIOCGIFFLAGS, SIOCSIFFLAGS = 1, 0x8913, 0x8914


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = fcntl.ioctl(s, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", request)[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def main():
    loopback_up()
    with tempfile.TemporaryDirectory() as directory:
        conf = os.path.join(directory, "resolv.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", conf, "/etc/resolv.conf"], check=True)
        old, new = (
            servers.Onnetd(os.path.join(directory, listen), port=53,
                           server={"listen": [f"{listen}@53"]},
                           zones={"example.net": {"text": HEAD + f"one A {one}\n"}})
            for listen, one in (("127.0.0.1", "192.0.2.1"), ("127.0.0.2", "192.0.2.2")))
        old.start()
        new.start(wait=False)
        asking = Batch(directory=directory)
        try:
            assert address(asking.ask("sip:one.example.net:5060")) == "192.0.2.1"
            with open(conf, "w", encoding="ascii") as f:
                f.write("nameserver 127.0.0.2\n")
            end = time.monotonic() + servers.PATIENCE
            while address(asking.ask("sip:one.example.net:5060")) != "192.0.2.2":
                assert time.monotonic() < end, "the old resolver is still asked"
                time.sleep(0.1)
        finally:
            asking.close()
            old.close()
            new.close()


main()
