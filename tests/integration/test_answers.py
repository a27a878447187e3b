# SPDX-License-Identifier: GPL-3.0-or-later
"""
Answers as octets: header, EDNS, truncation, names with any octet, every record type. What is in an
answer, and why, is told by tests/scenario/*.txt.
"""
import random
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

import servers
import wire

LONG_LABEL = "a" * 63
# 3 labels of 63 and one of 48, and example.net: 255 octets.
LONG_NAME = f"{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}.{'a' * 49}.example.net."

TYPES = r"""
A 192.0.2.1
NS Ns.Example.ORG.
CNAME Other.Example.ORG.
PTR Host.Example.ORG.
HINFO "a cpu" "an os"
MX 10 Mail.Example.ORG.
TXT "one" "" "three \"quoted\" \\ \000\255"
RP Mbox.Example.ORG. Txt.Example.ORG.
AFSDB 1 Afs.Example.ORG.
RT 2 Relay.Example.ORG.
AAAA 2001:db8::1
LOC 42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m
SRV 10 60 5060 Sip1.Example.ORG.
NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:alice@example.net!" .
KX 10 Kx.Example.ORG.
CERT 1 12345 8 AQIDBAU=
DNAME Elsewhere.Example.ORG.
APL 1:192.0.2.0/24 !2:2001:db8::/32
DS 12345 8 2 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
SSHFP 4 2 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
DNSKEY 257 3 8 AwEAAcFcGsaxxdgiuuGmCkVI
DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
TLSA 3 1 1 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
SMIMEA 3 1 1 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
CDS 12345 8 2 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
CDNSKEY 257 3 8 AwEAAcFcGsaxxdgiuuGmCkVI
OPENPGPKEY AQIDBAU=
CSYNC 66 3 A NS AAAA
ZONEMD 2018031500 1 1 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f200102030405060708090a0b0c0d0e0f10
SVCB 1 Svc.Example.ORG. port="5061" alpn="h2"
HTTPS 1 . ipv4hint="192.0.2.1"
SPF "v=spf1 -all"
NID 10 0014:4fff:ff20:ee64
L32 10 10.1.2.0
L64 10 2001:0DB8:1140:1000
LP 10 L64.Example.ORG.
EUI48 00-00-5e-00-53-2a
EUI64 00-00-5e-ef-10-00-00-2a
URI 10 1 "sip:alice@example.net"
CAA 0 issue "ca.example.net"
TYPE65280 \# 4 00ff0a5c
TYPE65535 \# 0
"""
TYPES = [line.split(" ", 1) for line in TYPES.strip().splitlines()]

OCTETS = [r"a\000b", r"a\.b", r"\255\254", r"with\032space", r"back\\slash", r"\"quote\"", r"\@",
          r"tab\009", r"\195\188", r"semi\;colon", r"dollar\$", "_under", "a_b", "UPPER", "*x", "x*",
          r"\000", r"\127", "-", "1", LONG_LABEL]

TEXT = rf"""$ORIGIN example.net.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.53
mail A 192.0.2.25
MixedCase A 192.0.2.77
two A 192.0.2.1
two A 192.0.2.2
two AAAA 2001:db8::2
two TXT "two"
alias CNAME two
{LONG_NAME} TXT "long"
se NAPTR 10 20 "se" "SIP+D2U" "" _sip._udp.Example.ORG.
S NAPTR 10 20 "S" "SIP+D2U" "" _sip._udp.Example.ORG.
octets NAPTR 1 2 "u" "E2U+sip:\000\255" "!^\\+1(.*)$!sip:\\1@\195\188.example;x=\"y\"!" .
u NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:\"a\\\\b\"@example.net!" .
_sip._udp SRV 10 10 5060 mail
""" + "".join(f'{label}.octets TXT "{n}"\n' for n, label in enumerate(OCTETS)) \
    + "".join(f"t{n}.types {rdtype} {data}\n" for n, (rdtype, data) in enumerate(TYPES)) \
    + "".join(f'big TXT "{n:03} {"x" * 90}"\n' for n in range(20)) \
    + "".join(f'middle TXT "{n:03} {"x" * 90}"\n' for n in range(8)) \
    + "".join(f'huge TXT "{n:03} {"x" * 240}"\n' for n in range(100)) \
    + "".join(f"more MX {n} host{n:02}\nhost{n:02} A 192.0.2.{n}\nhost{n:02} AAAA 2001:db8::{n}\n"
              for n in range(1, 14))

ZONES = {"example.net": {"text": TEXT, "naptr-check": "off"}}


@pytest.fixture(scope="module")
def server(start_module):
    return start_module(ZONES)


@pytest.fixture(autouse=True)
def still_well(server):
    yield
    assert server.alive(), "the server died"
    assert wire.rcode(server.udp(wire.query("two.example.net"))) == 0


def only_set(r, name, rdtype):
    assert r.rcode() == dns.rcode.NOERROR, r
    assert len(r.answer) == 1, r
    assert (r.answer[0].name, r.answer[0].rdtype) == (dns.name.from_text(name), rdtype), r
    return r.answer[0]


# Header

def test_the_question_comes_back_octet_for_octet_in_its_case(server):
    for owner in ("TwO.eXample.NET", "two.example.net", "NOTHING.Example.net", "mixedcase.EXAMPLE.NET"):
        q = wire.query(owner)
        a = server.udp(q)
        assert a[12:len(q)] == q[12:]
        assert a[:2] == q[:2]


def test_rd_is_copied_and_ra_ad_stay_clear(server):
    for flags in (0, wire.RD, wire.CD, wire.RD | wire.CD):
        a = server.udp(wire.query("two.example.net", flags=flags))
        got = struct.unpack("!H", a[2:4])[0]
        assert got & (wire.QR | wire.AA) == wire.QR | wire.AA
        assert got & (wire.RA | wire.AD | wire.TC) == 0
        assert got & wire.RD == flags & wire.RD


@pytest.mark.differs("nsd knotd", "clears CD")
def test_cd_is_copied(server):
    """RFC 4035, 3.1.6: copied from the query into the response."""
    a = server.udp(wire.query("two.example.net", flags=wire.CD))
    assert struct.unpack("!H", a[2:4])[0] & wire.CD


def test_bits_without_meaning_in_a_question_are_ignored(server):
    a = server.udp(wire.query("two.example.net", flags=wire.AA | wire.RA | wire.AD | 0x0040))
    assert wire.rcode(a) == 0
    assert struct.unpack("!H", a[6:8])[0] == 2
    assert struct.unpack("!H", a[2:4])[0] & (wire.RA | 0x0040) == 0


@pytest.mark.parametrize("opcode", [0, 1, 2, 4, 5, 6, 15])
def test_a_response_is_never_answered(server, opcode):
    q = wire.header(wire.QR, qd=1, opcode=opcode) + wire.question("two.example.net")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(servers.PATIENCE)
        s.connect((servers.ADDRESS, server.port))
        s.send(q)
        after = wire.query("two.example.net", ident=(wire.ident(q) + 1) % 65536)
        s.send(after)
        assert wire.ident(s.recv(65535)) == wire.ident(after)
        s.settimeout(0.2)
        with pytest.raises(TimeoutError):
            s.recv(65535)


@pytest.mark.parametrize("opcode", [1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_other_opcodes_are_not_implemented(server, opcode, tcp):
    q = wire.header(qd=1, opcode=opcode) + wire.question("two.example.net")
    a = (server.tcp if tcp else server.udp)(q)
    assert a[:2] == q[:2]
    assert wire.rcode(a) == dns.rcode.NOTIMP
    assert a[2] >> 3 & 15 == opcode
    assert a[2] & 0x80


@pytest.mark.differs("named", "acknowledges NOTIFY for a zone of its own")
def test_notify_is_answered_by_an_error(server):
    q = wire.header(wire.AA, qd=1, opcode=wire.NOTIFY) + wire.question("example.net", "SOA")
    a = server.udp(q)
    assert wire.rcode(a) in (dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.NOTAUTH)
    assert a[2] >> 3 & 15 == wire.NOTIFY


@pytest.mark.differs("nsd knotd", "does not read past the header then, or is silent")
def test_any_count_of_questions_but_one_is_formerr(server):
    two = wire.question("two.example.net")
    for q in (wire.header(), wire.header(qd=2) + two + two, wire.header(qd=2) + two,
              wire.header(qd=65535) + two):
        a = server.udp(q)
        assert a is not None
        assert a[:2] == q[:2]
        assert wire.rcode(a) == dns.rcode.FORMERR
        assert len(a) <= len(q) + 11


def formerr_or_silence(server, q):
    a = server.udp(q, timeout=0.3)
    assert a is None or wire.rcode(a) == dns.rcode.FORMERR, wire.rcode(a)
    assert a is None or a[:2] == q[:2]


def test_a_packet_shorter_than_a_header_is_not_answered(server):
    q = wire.query("two.example.net")
    for size in range(12):
        assert server.udp(q[:size], timeout=0.05) is None


@pytest.mark.parametrize("broken", [
    b"", b"\x03two", b"\x03two\x07example\x03net", wire.name("two.example.net"),
    wire.name("two.example.net") + b"\0", wire.name("two.example.net") + b"\0\1\0",
    b"\xc0\x0c\0\1\0\1", b"\xc0\x0e\xc0\x0c\0\1\0\1", b"\x01a\xc0\x0c\0\1\0\1",
    b"\xc0\xff\0\1\0\1", b"\xff\xff\0\1\0\1", b"\xc0", b"\x40abc\0\0\1\0\1", b"\x80abc\0\0\1\0\1",
    (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1", b"\x01a" * 128 + b"\0\0\1\0\1", b"\x01a" * 200,
], ids=range(17))
def test_a_broken_question_is_formerr_or_silence(server, broken):
    formerr_or_silence(server, wire.header(qd=1) + broken)


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 11, b"trailing garbage", b"\xc0\x0c" * 40])
def test_octets_behind_the_message_are_formerr_silence_or_ignored(server, tail):
    q = wire.query("two.example.net") + tail
    a = server.udp(q, timeout=0.3)
    if a is not None and wire.rcode(a) == 0:
        assert len(dns.message.from_wire(a).answer[0]) == 2
    else:
        formerr_or_silence(server, q)


@pytest.mark.parametrize("tail", [b"", b"\0", b"\0\0\x29", wire.opt()[:-1], b"\xc0\xc0" + b"\0" * 10,
                                  wire.rr("x", "A", rdata=b"1234")[:-2], b"\x3fa"], ids=range(7))
def test_a_count_without_its_record_is_formerr_or_silence(server, tail):
    for place in range(3):
        counts = [0, 0, 0]
        counts[place] = 1
        formerr_or_silence(server, wire.header(0, 1, *counts) + wire.question("two.example.net")
                           + tail)


@pytest.mark.parametrize("rdtype", [0, 41, 249, 250, 253, 254, 128, 32768, 65535])
def test_odd_types_are_answered_somehow(server, rdtype):
    for owner in ("two.example.net", "example.net", "nothing.example.net"):
        a = server.udp(wire.query(owner, rdtype))
        assert wire.rcode(a) in (dns.rcode.NOERROR, dns.rcode.FORMERR, dns.rcode.NXDOMAIN,
                                 dns.rcode.NOTIMP, dns.rcode.REFUSED)
        assert struct.unpack("!H", a[6:8])[0] == 0


def test_other_classes_are_refused(server):
    for rdclass in (0, 2, 3, 4, 254, 65535):
        a = server.udp(wire.query("two.example.net", rdclass=rdclass))
        assert wire.rcode(a) in (dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR)
        assert struct.unpack("!H", a[6:8])[0] == 0


@pytest.mark.differs("knotd", "answers as if the class were IN")
def test_class_any_is_never_answered_as_authoritative(server):
    """RFC 1035, 6.2 (of RFC 1034: 3.7): the response can never be authoritative."""
    a = server.udp(wire.query("two.example.net", rdclass=wire.ANY))
    flags = struct.unpack("!H", a[2:4])[0]
    assert not flags & wire.AA or wire.rcode(a) != 0


# Names

@pytest.mark.parametrize("number", range(len(OCTETS)), ids=OCTETS)
def test_labels_of_any_octets(server, number):
    name = f"{OCTETS[number]}.octets.example.net."
    s = only_set(server.query(name, "TXT"), name, dns.rdatatype.TXT)
    assert s[0].strings == (str(number).encode(),)


def test_octets_that_look_like_another_name_are_another_name(server):
    for name in (r"a\.b\.octets.example.net.", r"b.octets.example.net.",
                 r"\000b.octets.example.net.", r"a\000.octets.example.net.", "a.octets.example.net."):
        assert server.query(name, "TXT").rcode() == dns.rcode.NXDOMAIN


def test_only_ascii_letters_have_two_cases(server):
    # 0xC3 0xBC is a letter in UTF-8; 0xC3 0x9C would be its upper case, but not in the DNS.
    assert server.query(r"\195\156.octets.example.net.", "TXT").rcode() == dns.rcode.NXDOMAIN
    # '[' and '{', '@' and '`' differ in the bit that makes upper from lower case.
    assert server.query(r"`.octets.example.net.", "TXT").rcode() == dns.rcode.NXDOMAIN
    assert server.query("upper.OCTETS.example.NET.", "TXT").rcode() == dns.rcode.NOERROR


def test_the_longest_name(server):
    assert len(wire.name(LONG_NAME)) == 255
    only_set(server.query(LONG_NAME, "TXT"), LONG_NAME, dns.rdatatype.TXT)
    other = "b" + LONG_NAME[1:]
    assert server.query(other, "TXT").rcode() == dns.rcode.NXDOMAIN


def test_many_labels(server):
    name = "a." * 121 + "example.net."
    assert len(wire.name(name)) == 255
    assert server.query(name, "TXT").rcode() == dns.rcode.NXDOMAIN


# Types

@pytest.mark.differs("nsd knotd", "turns names in data to lower case")
@pytest.mark.parametrize("number", range(len(TYPES)), ids=[t for t, _ in TYPES])
def test_every_type_is_served_as_it_was_written(server, number):
    rdtype, text = TYPES[number]
    name = f"t{number}.types.example.net."
    want = dns.rdata.from_text("IN", rdtype, text, relativize=False).to_wire()
    a = server.udp(wire.query(name, rdtype, extra=wire.opt(), ar=1))
    r = dns.message.from_wire(a)
    if rdtype == "NS":
        assert r.answer == [] and r.authority[0].rdtype == dns.rdatatype.NS, r
        got = r.authority[0][0].to_wire()
    else:
        got = only_set(r, name, dns.rdatatype.from_text(rdtype))[0].to_wire()
    assert got == want


@pytest.mark.differs("nsd knotd", "turns names in data to lower case")
def test_names_in_newer_types_are_not_compressed(server):
    """RFC 2782, RFC 3403, RFC 3597, section 4."""
    for name, rdtype in (("_sip._udp.example.net", "SRV"), ("se.example.net", "NAPTR")):
        found = wire.records(server.udp(wire.query(name, rdtype)))[0]
        wanted = {"SRV": struct.pack("!3H", 10, 10, 5060) + wire.name("mail.example.net"),
                  "NAPTR": struct.pack("!2H", 10, 20) + b"\2se\7SIP+D2U\0"
                  + wire.name("_sip._udp.Example.ORG")}
        assert found[5] == wanted[rdtype]


@pytest.mark.parametrize("owner, rdata", [
    ("se", b"\0\x0a\0\x14\2se\7SIP+D2U\0" + wire.name("_sip._udp.Example.ORG")),
    ("S", b"\0\x0a\0\x14\1S\7SIP+D2U\0" + wire.name("_sip._udp.Example.ORG")),
    ("u", b"\0\1\0\2\1u\7E2U+sip\x23!^.*$!sip:\"a\\\\b\"@example.net!\0"[:-1] + b"\0"),
    ("octets", None),
])
@pytest.mark.differs("nsd knotd", "turns names in data to lower case")
def test_naptr_octet_for_octet(server, owner, rdata):
    found = wire.records(server.udp(wire.query(f"{owner}.example.net", "NAPTR")))[0][5]
    if owner == "octets":
        assert b"\x0aE2U+sip:\0\xff"[1:] in found
        assert b"sip:\\1@\xc3\xbc.example;x=\"y\"!" in found
        return
    if owner == "u":
        regexp = b"!^.*$!sip:\"a\\\\b\"@example.net!"
        rdata = b"\0\1\0\2\1u\7E2U+sip" + bytes([len(regexp)]) + regexp + b"\0"
    assert found == rdata


@pytest.mark.differs("knotd", "answers ANY over TCP with all")
def test_any_brings_one_set(server):
    """RFC 8482, 4.1: a subset of the sets; over TCP too, since both are answered alike."""
    for name in ("two.example.net.", "example.net."):
        for tcp in (False, True):
            r = server.query(name, "ANY", tcp=tcp)
            if r.flags & dns.flags.TC and not tcp:
                continue
            assert r.rcode() == dns.rcode.NOERROR
            assert len(r.answer) == 1 or servers.JUDGE != "onnetd" and len(r.answer) > 0
            assert r.answer[0].name == dns.name.from_text(name)


@pytest.mark.differs("nsd", "sends TC for every ANY")
def test_any_for_what_is_not_there(server):
    assert server.query("nothing.example.net", "ANY").rcode() == dns.rcode.NXDOMAIN
    r = server.query("octets.example.net", "ANY")
    assert r.rcode() == dns.rcode.NOERROR


@pytest.mark.differs("nsd", "sends TC for every ANY")
def test_any_at_a_cname_is_the_cname(server):
    only_set(server.query("alias.example.net", "ANY"), "alias.example.net.", dns.rdatatype.CNAME)


# EDNS (RFC 6891)

def opts(a):
    return [f for f in wire.records(a) if f[2] == 41]


def test_no_opt_without_being_asked(server):
    for name in ("two.example.net", "nothing.example.net", "example.com"):
        assert opts(server.udp(wire.query(name))) == []


def test_opt_comes_with_every_answer_to_opt(server):
    for name in ("two.example.net", "nothing.example.net", "example.com", "big.example.net"):
        found = opts(server.udp(wire.query(name, "TXT", extra=wire.opt(512), ar=1)))
        assert len(found) == 1
        section, _, _, size, ttl, _ = found[0]
        assert section == 3
        assert size == 1232
        assert ttl == 0


@pytest.mark.parametrize("version", [1, 2, 255])
def test_other_versions_are_badvers(server, version):
    """RFC 6891, 6.1.3: BADVERS, with the highest version that we know: 0."""
    a = server.udp(wire.query("two.example.net", extra=wire.opt(version=version), ar=1))
    r = dns.message.from_wire(a)
    assert r.rcode() == dns.rcode.BADVERS
    assert r.edns == 0
    assert r.answer == []


def test_unknown_options_are_ignored_and_not_sent_back(server):
    for options in (wire.option(65001, b"x"), wire.option(65001) * 3,
                    wire.option(10, b"12345678") + wire.option(65535, bytes(200))):
        r = dns.message.from_wire(server.udp(wire.query("two.example.net", ar=1,
                                                        extra=wire.opt(options=options))))
        assert r.rcode() == dns.rcode.NOERROR
        assert len(r.answer[0]) == 2
        assert not [o for o in r.options if int(o.otype) >= 65001]


def test_do_is_copied_and_other_flags_are_not(server):
    """RFC 3225, 3; RFC 6891, 6.1.4: the other bits are zero."""
    for flags, want in ((0x8000, 0x8000), (0, 0), (0x7fff, 0), (0xffff, 0x8000)):
        a = server.udp(wire.query("two.example.net", extra=wire.opt(flags=flags), ar=1))
        assert opts(a)[0][4] == want


@pytest.mark.differs("nsd", "takes the first and ignores the rest")
def test_two_opts_are_formerr(server):
    """RFC 6891, 6.1.1."""
    a = server.udp(wire.query("two.example.net", extra=wire.opt() * 2, ar=2))
    assert wire.rcode(a) == dns.rcode.FORMERR


@pytest.mark.parametrize("options", [b"\0", b"\0\1\0", b"\0\1\0\5abcd", b"\xff\xff\xff\xff"])
@pytest.mark.differs("nsd", "does not look into options that it does not know")
def test_options_that_do_not_fit_are_formerr(server, options):
    a = server.udp(wire.query("two.example.net", extra=wire.opt(options=options), ar=1))
    assert wire.rcode(a) == dns.rcode.FORMERR


def test_opt_elsewhere_than_at_the_root_is_formerr_or_ignored(server):
    a = server.udp(wire.query("two.example.net", extra=wire.opt(owner=wire.name("x")), ar=1))
    assert wire.rcode(a) in (dns.rcode.FORMERR, dns.rcode.NOERROR)


def test_opt_may_stand_behind_other_records(server):
    extra = wire.rr("x.example.net", "A", rdata=b"\xc0\0\2\1") + wire.opt()
    a = server.udp(wire.query("two.example.net", extra=extra, ar=2))
    if wire.rcode(a) == 0:
        assert len(opts(a)) == 1


# Sizes

def flags_of(a):
    return struct.unpack("!H", a[2:4])[0]


def test_without_edns_512_octets(server):
    a = server.udp(wire.query("middle.example.net", "TXT"))
    assert len(a) <= 512
    assert flags_of(a) & wire.TC


@pytest.mark.differs("knotd", "takes OPT with a payload of 1 for a record of class IN: FORMERR")
@pytest.mark.parametrize("payload", [0, 1, 511, 512])
def test_a_payload_below_512_counts_as_512(server, payload):
    """RFC 6891, 6.2.3."""
    a = server.udp(wire.query("middle.example.net", "TXT", extra=wire.opt(payload), ar=1))
    assert len(a) <= 512
    assert flags_of(a) & wire.TC
    r = dns.message.from_wire(server.udp(wire.query("two.example.net", "A", ar=1,
                                                    extra=wire.opt(payload))))
    assert not r.flags & dns.flags.TC
    assert len(r.answer[0]) == 2


@pytest.mark.parametrize("payload", [1000, 1232, 4096, 65535])
def test_the_payload_that_was_offered_up_to_ours(server, payload):
    a = server.udp(wire.query("middle.example.net", "TXT", extra=wire.opt(payload), ar=1))
    assert not flags_of(a) & wire.TC
    assert len(wire.records(a)) >= 9
    a = server.udp(wire.query("big.example.net", "TXT", extra=wire.opt(payload), ar=1))
    assert len(a) <= 1232
    assert flags_of(a) & wire.TC


def test_a_truncated_answer_holds_no_part_of_a_set(server):
    """RFC 2181, 9: TC is set only when a whole set does not fit; half a set is worth nothing."""
    for extra, ar in ((b"", 0), (wire.opt(1232), 1)):
        r = dns.message.from_wire(server.udp(wire.query("big.example.net", "TXT", extra=extra, ar=ar)))
        assert r.flags & dns.flags.TC
        if servers.JUDGE == "onnetd":
            assert r.answer == []
        assert r.rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("name, count", [("big.example.net", 20), ("huge.example.net", 100)])
def test_tcp_gives_all(server, name, count):
    r = server.query(name, "TXT", tcp=True)
    assert not r.flags & dns.flags.TC
    assert len(r.answer[0]) == count


def test_additional_records_never_cause_truncation(server):
    """RFC 2181, 9: no TC merely because extra information could have been sent."""
    r = dns.message.from_wire(server.udp(wire.query("more.example.net", "MX")))
    assert not r.flags & dns.flags.TC
    assert len(r.answer[0]) == 13
    assert 0 < len(r.additional) < 26
    r = server.query("more.example.net", "MX", tcp=True)
    assert len(r.additional) >= 26


def test_sizes_near_every_limit(server):
    """At each size that a client may offer: within it, whole sets, TC exactly when the answer lacks."""
    for payload in range(512, 1233, 13):
        for name, rdtype, count in (("middle.example.net", "TXT", 8), ("more.example.net", "MX", 13)):
            a = server.udp(wire.query(name, rdtype, extra=wire.opt(payload), ar=1))
            assert len(a) <= payload
            r = dns.message.from_wire(a)
            if r.flags & dns.flags.TC:
                assert servers.JUDGE != "onnetd" or r.answer == []
            else:
                assert len(r.answer[0]) == count
            for s in r.additional:
                assert len(s) == 1
            assert r.edns == 0


# Addresses

def test_ipv6(server):
    a = server.udp(wire.query("two.example.net"), address="::1")
    assert wire.rcode(a) == 0
    a = server.tcp(wire.query("two.example.net"), address="::1")
    assert wire.rcode(a) == 0


def test_the_answer_comes_from_the_address_that_was_asked(start_onnetd):
    if servers.JUDGE != "onnetd":
        pytest.skip("about onnetd's sockets")
    port = servers.take_port()
    s = start_onnetd(ZONES, port=port, server={"listen": [f"0.0.0.0@{port}", f"::@{port}"]})
    for address in ("127.0.0.1", "127.0.0.77", "::1"):
        # udp() connects its socket: an answer from elsewhere does not arrive.
        assert wire.rcode(s.udp(wire.query("two.example.net"), address=address, timeout=5)) == 0
        assert wire.rcode(s.tcp(wire.query("two.example.net"), address=address)) == 0
    servers.release_port(port)


# Zones

def test_the_root_can_be_a_zone(start):
    s = start({".": {"text": "$TTL 60\n. SOA a. b. 1 2 3 4 5\n. NS a.\na. A 192.0.2.1\n"
                             "net. NS ns.example.\n"}})
    assert s.query("a.", "A").answer[0][0].address == "192.0.2.1"
    assert s.query("b.", "A").rcode() == dns.rcode.NXDOMAIN
    r = s.query("x.net.", "A")
    assert not r.flags & dns.flags.AA and r.authority[0].rdtype == dns.rdatatype.NS
    assert s.query(".", "SOA").answer[0][0].serial == 1


def test_a_zone_without_a_file_starts_with_soa_and_ns(start_onnetd):
    if servers.JUDGE != "onnetd":
        pytest.skip("about onnetd's configuration")
    s = start_onnetd({"fresh.example": {}})
    soa = s.query("fresh.example", "SOA")
    assert soa.flags & dns.flags.AA
    assert len(soa.answer[0]) == 1
    assert len(s.query("fresh.example", "NS").answer[0]) == 1
    r = s.query("nothing.fresh.example", "A")
    assert r.rcode() == dns.rcode.NXDOMAIN
    assert r.authority[0].rdtype == dns.rdatatype.SOA


# Anything at all

def test_nothing_that_arrives_wedges_it(server):
    """Random octets, and questions with some octets changed; then it answers as before."""
    seed = random.randrange(2 ** 32)
    rng = random.Random(seed)
    starts = [wire.query("two.example.net", extra=wire.opt(options=wire.option(10, b"12345678")), ar=1),
              wire.sign(wire.query("example.net", "AXFR")),
              wire.sign(wire.update("example.net", records=[
                  wire.rr("x.example.net", "NAPTR", ttl=60, rdata=b"\0\1\0\2\1u\3a+b\4!a!b\0")])),
              wire.query("alias.example.net", "NAPTR")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((servers.ADDRESS, server.port))
        for n in range(3000):
            if n % 4 == 0:
                data = bytearray(rng.randbytes(rng.randrange(600)))
            else:
                data = bytearray(rng.choice(starts))
                for _ in range(rng.randrange(1, 6)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                if rng.random() < 0.2:
                    del data[rng.randrange(len(data)):]
            s.send(bytes(data))
            if n % 50 == 49:
                assert server.udp(wire.query("two.example.net")) is not None, f"seed {seed}"
    assert server.query("big.example.net", "TXT", tcp=True).rcode() == 0, f"seed {seed}"
