# SPDX-License-Identifier: GPL-3.0-or-later
"""
Messages made by hand, octet by octet, for what no library would send, and TSIG (RFC 8945)
computed here a second time, so that truncated, wrong and late signatures can be made and the
server's own can be judged by something that is not its library.
"""
import base64
import hashlib
import hmac
import random
import struct
import time

import dns.name
import dns.rdataclass
import dns.rdatatype

import servers

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
QUERY, IQUERY, STATUS, NOTIFY, UPDATE = 0, 1, 2, 4, 5
IN, CH, NONE, ANY = 1, 3, 254, 255
BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22

HASHES = {"hmac-md5": hashlib.md5, "hmac-sha1": hashlib.sha1, "hmac-sha224": hashlib.sha224,
          "hmac-sha256": hashlib.sha256, "hmac-sha384": hashlib.sha384,
          "hmac-sha512": hashlib.sha512}


def name(text):
    """A name in wire form; text as in master files, always absolute."""
    return dns.name.from_text(text).to_wire()


def header(flags=0, qd=0, an=0, ns=0, ar=0, opcode=0, ident=None):
    ident = random.randrange(65536) if ident is None else ident
    return struct.pack("!6H", ident, flags | opcode << 11, qd, an, ns, ar)


def number(registry, value):
    return value if isinstance(value, int) else registry.from_text(value)


def question(owner, rdtype="A", rdclass=IN):
    owner = owner if isinstance(owner, bytes) else name(owner)
    return owner + struct.pack("!HH", number(dns.rdatatype, rdtype), rdclass)


def query(owner, rdtype="A", rdclass=IN, flags=0, ident=None, extra=b"", ar=0):
    return header(flags, qd=1, ar=ar, ident=ident) + question(owner, rdtype, rdclass) + extra


def rr(owner, rdtype, rdclass=IN, ttl=0, rdata=b""):
    owner = owner if isinstance(owner, bytes) else name(owner)
    return owner + struct.pack("!HHIH", number(dns.rdatatype, rdtype), rdclass, ttl,
                               len(rdata)) + rdata


def opt(payload=1232, version=0, flags=0, options=b"", extended=0, owner=b"\0"):
    return rr(owner, 41, payload, extended << 24 | version << 16 | flags, options)


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def update(zone, *, prerequisite=(), records=(), additional=(), rdtype="SOA", rdclass=IN,
           ident=None):
    """An UPDATE message; the sections are lists of rr()."""
    return (header(0, 1, len(prerequisite), len(records), len(additional), UPDATE, ident)
            + question(zone, rdtype, rdclass) + b"".join(prerequisite) + b"".join(records)
            + b"".join(additional))


def ident(message):
    return struct.unpack("!H", message[:2])[0]


def rcode(message):
    return message[3] & 15


def skip_name(message, at):
    while True:
        size = message[at]
        if size >= 0xc0:
            return at + 2
        at += 1 + size
        if size == 0:
            return at


def records(message):
    """Every record of a message: (section, offset, type, class, ttl, rdata)."""
    counts = struct.unpack("!4H", message[4:12])
    at, found = 12, []
    for _ in range(counts[0]):
        at = skip_name(message, at) + 4
    for section, count in enumerate(counts[1:], 1):
        for _ in range(count):
            offset = at
            at = skip_name(message, at)
            rdtype, rdclass, ttl, size = struct.unpack("!HHIH", message[at:at + 10])
            found.append((section, offset, rdtype, rdclass, ttl, message[at + 10:at + 10 + size]))
            at += 10 + size
    assert at == len(message), "octets left over behind the message"
    return found


class Tsig:
    """The fields of the TSIG record at the end of a message; rest is the message without it."""

    def __init__(self, message):
        section, offset, rdtype, rdclass, ttl, rdata = records(message)[-1]
        assert (section, rdtype, rdclass, ttl) == (3, 250, ANY, 0), "no TSIG at the end"
        self.owner = dns.name.from_wire(message, offset)[0]
        end = skip_name(rdata, 0)
        self.algorithm = dns.name.from_wire(rdata, 0)[0]
        high, low, self.fudge, size = struct.unpack("!HIHH", rdata[end:end + 10])
        self.time = high << 32 | low
        self.mac = rdata[end + 10:end + 10 + size]
        self.original_id, self.error, size = struct.unpack("!HHH", rdata[end + 10 + size:
                                                                       end + 16 + size])
        self.other = rdata[len(rdata) - size:] if size else b""
        count = struct.unpack("!H", message[10:12])[0] - 1
        self.rest = (struct.pack("!H", self.original_id) + message[2:10]
                     + struct.pack("!H", count) + message[12:offset])


def has_tsig(message):
    found = records(message)
    return bool(found) and found[-1][2] == 250


def algorithm_name(algorithm):
    return name("hmac-md5.sig-alg.reg.int" if algorithm == "hmac-md5" else algorithm)


def variables(owner, algorithm, when, fudge, error, other):
    """RFC 8945, 4.3.3: what is digested of the TSIG record itself."""
    return (owner.lower() + struct.pack("!HI", ANY, 0) + algorithm.lower()
            + struct.pack("!HIHHH", when >> 32, when & 0xffffffff, fudge, error, len(other))
            + other)


def mac_of(key, message, when, fudge, request_mac=b"", error=0, other=b"", keys=servers.KEYS):
    algorithm, secret = keys[key]
    prefix = struct.pack("!H", len(request_mac)) + request_mac if request_mac else b""
    data = prefix + message + variables(name(key), algorithm_name(algorithm), when, fudge, error,
                                        other)
    return hmac.new(base64.b64decode(secret), data, HASHES[algorithm]).digest()


def sign(message, key="ops", *, when=None, fudge=300, mac_size=None, owner=None, algorithm=None,
         spoil=False, keys=servers.KEYS):
    """
    The message with a TSIG record. owner and algorithm replace those in the record (not in the
    digest), mac_size cuts or stretches the MAC, spoil turns one of its bits.
    """
    when = int(time.time()) if when is None else when
    mac = mac_of(key, message, when, fudge, keys=keys)
    if spoil:
        mac = bytes([mac[0] ^ 1]) + mac[1:]
    if mac_size is not None:
        mac = (mac + bytes(256))[:mac_size]
    rdata = (algorithm_name(algorithm or keys[key][0])
             + struct.pack("!HIHH", when >> 32, when & 0xffffffff, fudge, len(mac)) + mac
             + message[:2] + struct.pack("!HH", 0, 0))
    count = struct.unpack("!H", message[10:12])[0] + 1
    return (message[:10] + struct.pack("!H", count) + message[12:]
            + rr(name(owner or key), 250, ANY, 0, rdata))


def signed_right(response, request, key="ops", keys=servers.KEYS):
    """True if the response carries the key's signature over the request's MAC (RFC 8945, 5.3)."""
    t = Tsig(response)
    want = mac_of(key, t.rest, t.time, t.fudge, Tsig(request).mac, t.error, t.other, keys)
    return len(t.mac) >= 10 and want[:len(t.mac)] == t.mac
