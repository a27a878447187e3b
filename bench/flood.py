# SPDX-License-Identifier: GPL-3.0-or-later
"""What bad clients send, from as many addresses of 127.0.0.0/8 as they please.

    flood.py KIND PORT SECONDS RATE        KIND: garbage, any, signed, numbers, connect

Datagrams go out in bursts of one length (UDP_SEGMENT), so that one process sends more than a server takes.
Answers are not looked at. It prints how many were sent.
"""

import random
import select
import socket
import struct
import sys
import time

from servers import KEY_ALGORITHM, KEY_NAME, query_write

UDP_SEGMENT = 103
BURST = 32
SOCKETS = 200
ANY, NAPTR, SOA, TSIG = 255, 35, 6, 250
ZONE = "example.net"


def name_write(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".")) + b"\0"


def update_write():
    """An update with a MAC of the right length and of nothing else."""
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes(4)
    rdata = (name_write(KEY_ALGORITHM) + struct.pack("!HIHH", 0, int(time.time()), 300, 32)
             + random.randbytes(32) + struct.pack("!HHH", 1, 0, 0))
    return (struct.pack("!6H", 1, 5 << 11, 1, 0, 1, 1) + name_write(ZONE) + struct.pack("!HH", SOA, 1)
            + record + name_write(KEY_NAME) + struct.pack("!HHIH", TSIG, ANY, 0, len(rdata)) + rdata)


def number_name():
    return ".".join(str(random.randrange(10)) for _ in range(10)) + ".1.e164." + ZONE


MAKERS = {
    "garbage": lambda: random.randbytes(64),
    "any": lambda: query_write(ZONE, ANY),
    "signed": update_write,
    "numbers": lambda: query_write(number_name(), NAPTR),
}


def random_address():
    return f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def datagrams(kind, port, seconds, rate):
    """Bursts by the clock; how many datagrams."""
    sockets = []
    for _ in range(SOCKETS):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        sock.bind((random_address(), 0))
        sock.connect(("127.0.0.1", port))
        sock.setblocking(False)
        sockets.append(sock)
    bursts = []
    for _ in range(64):
        parts = [MAKERS[kind]() for _ in range(BURST)]
        bursts.append((b"".join(parts), struct.pack("H", len(parts[0]))))
    sent = 0
    begin = time.monotonic()
    while (now := time.monotonic() - begin) < seconds:
        if sent >= now * rate:
            time.sleep(0.0002)
            continue
        octets, size = bursts[sent // BURST % len(bursts)]
        try:
            sockets[sent // BURST % SOCKETS].sendmsg(
                [octets], [(socket.IPPROTO_UDP, UDP_SEGMENT, size)])
        except OSError:
            pass  # the buffer is full: sent for nothing, as in life
        sent += BURST
    return sent


def connections(port, seconds, rate):
    """Opens connections, says half a message on each and leaves them; how many."""
    held = []
    opened = 0
    begin = time.monotonic()
    while (now := time.monotonic() - begin) < seconds:
        if opened >= now * rate:
            time.sleep(0.0005)
            continue
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.bind((random_address(), 0))
            sock.connect_ex(("127.0.0.1", port))
            select.select([], [sock], [], 0.01)
            sock.send(b"\0")
        except OSError:
            pass
        opened += 1
        held.append(sock)
        if len(held) > 500:
            held.pop(0).close()
    return opened


def main():
    kind, port, seconds, rate = sys.argv[1], *map(int, sys.argv[2:5])
    if kind == "connect":
        print(connections(port, seconds, rate))
    else:
        print(datagrams(kind, port, seconds, rate))


if __name__ == "__main__":
    main()
