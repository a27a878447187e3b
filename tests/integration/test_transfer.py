# SPDX-License-Identifier: GPL-3.0-or-later
"""AXFR out: RFC 5936, its signatures (RFC 8945, 5.3.1), and who gets it."""
import threading

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone
import pytest

import scenario
import servers
import wire

SOME = r"""$ORIGIN example.net.
$TTL 3600
@ SOA Ns1 hostmaster 42 7200 900 1209600 300
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.53
mail A 192.0.2.25
mail AAAA 2001:db8::25
*.wild TXT "w"
a.b.c TXT "deep"
cut NS ns.cut
ns.cut A 192.0.2.99
hidden.cut TXT "occluded, and yet part of the zone (RFC 5936, 3.5)"
old DNAME new
a\.b TXT "dot"
\000\255 TXT "octets"
x NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:alice@example.net!" .
ttl 60 A 192.0.2.1
ttl 60 A 192.0.2.2
u TYPE65280 \# 3 010203
"""
MANY = ("$ORIGIN many.example.\n$TTL 60\n@ SOA ns.example. host.example. 1 2 3 4 5\n@ NS ns.example.\n"
        + "".join(f'{n % 10}.{n // 10 % 10}.{n // 100 % 10}.{n // 1000} NAPTR 100 10 "u" "E2U+sip" '
                  f'"!^.*$!sip:{n}@gw.example.net!" .\n' for n in range(10000)))
ZONES = {
    "example.net": {"text": SOME, "transfer": ["ops", "md5", "sha512", "127.0.0.0/8"]},
    "many.example": {"text": MANY, "transfer": ["ops"]},
    "closed.example": {"text": "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n",
                       "transfer": []},
    "elsewhere.example": {"text": "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n",
                          "transfer": ["192.0.2.0/24", "reader"]},
}


@pytest.fixture(scope="module")
def server(start_module):
    return start_module(ZONES)


def want(text, origin):
    zone = dns.zone.from_text(text, origin, relativize=False, check_origin=False)
    return {(name, s.rdtype, s.ttl, rdata) for name, node in zone.nodes.items() for s in node
            for rdata in s if s.rdtype != dns.rdatatype.SOA}


def refused(server, zone, key=None, rdtype="AXFR", source=None):
    """The response code of a transfer that is not given; one message, without records."""
    m = dns.message.make_query(zone, rdtype)
    if key:
        m.use_tsig(servers.tsig_key(key))
    with server.connect(source=source) as s:
        s.send(m.to_wire())
        a = s.receive()
    assert a is not None
    r = dns.message.from_wire(a, keyring=m.keyring, request_mac=m.mac)
    assert r.id == m.id
    assert r.answer == []
    return r.rcode()


@pytest.mark.parametrize("key", [None, "ops", "md5", "sha512"])
def test_a_zone_is_transferred_whole(server, key):
    sets = server.transfer("example.net", key)
    assert sets[0].rdtype == dns.rdatatype.SOA
    assert sets[-1].rdtype == dns.rdatatype.SOA
    assert sets[0] == sets[-1]
    assert sum(s.rdtype == dns.rdatatype.SOA for s in sets) == 2
    found = [(s.name, s.rdtype, s.ttl, rdata) for s in sets[1:-1] for rdata in s]
    assert len(found) == len(set(found))
    scenario.compare("transfer", set(found), want(SOME, "example.net."))


def test_a_large_zone_comes_in_several_messages(server):
    m = dns.message.make_query("many.example", "AXFR")
    m.use_tsig(servers.tsig_key("ops"))
    first = m.to_wire()
    owners, messages, soas, unsigned = set(), 0, 0, 0
    context = None
    with server.connect() as s:
        s.send(first)
        while soas < 2:
            a = s.receive()
            assert a is not None
            unsigned = 0 if wire.has_tsig(a) else unsigned + 1
            assert unsigned <= 99, "RFC 8945, 5.3.1: 99 messages may go unsigned, no more"
            assert messages or wire.has_tsig(a), "the first message must be signed"
            r = dns.message.from_wire(a, keyring=m.keyring, request_mac=m.mac, xfr=True, multi=True,
                                      tsig_ctx=context, one_rr_per_rrset=True)
            context = r.tsig_ctx
            messages += 1
            assert r.id == m.id
            assert r.rcode() == 0
            assert r.flags & dns.flags.AA or servers.JUDGE == "knotd"
            assert not r.flags & dns.flags.TC
            for rrset in r.answer:
                soas += rrset.rdtype == dns.rdatatype.SOA
                owners.add(rrset.name)
        assert unsigned == 0, "the last message must be signed"
        # The connection is still good (RFC 5936, 4.1.1).
        q = wire.query("many.example", "SOA")
        s.send(q)
        assert s.receive()[:2] == q[:2]
    assert len(owners) == 10001
    assert messages > 5


def test_a_question_right_behind_a_transfer_is_answered_too(server):
    with server.connect() as s:
        s.send(wire.sign(wire.query("many.example", "AXFR", ident=1)), wire.query("example.net", "SOA",
                                                                                ident=2))
        seen, soas = False, 0
        while soas < 2 or not seen:
            a = s.receive()
            assert a is not None
            if wire.ident(a) == 2:
                assert not seen
                seen = True
            else:
                soas += sum(f[2] == 6 for f in wire.records(a) if f[0] == 1)


def test_two_transfers_on_one_connection(server):
    with server.connect() as s:
        s.send(wire.query("example.net", "AXFR", ident=1), wire.query("example.net", "AXFR", ident=2))
        soas = {1: 0, 2: 0}
        while min(soas.values()) < 2:
            a = s.receive()
            assert a is not None
            soas[wire.ident(a)] += sum(f[2] == 6 for f in wire.records(a))


def test_a_client_that_leaves_in_the_middle_harms_nobody(server):
    for _ in range(20):
        with server.connect() as s:
            s.send(wire.sign(wire.query("many.example", "AXFR")))
            s.receive()
    assert len(server.transfer("example.net")) > 2


@pytest.mark.differs("knotd", "says NOTAUTH to a key that no rule names")
def test_refused_without_a_rule(server):
    assert refused(server, "closed.example") == dns.rcode.REFUSED
    assert refused(server, "closed.example", "ops") == dns.rcode.REFUSED
    assert refused(server, "many.example") == dns.rcode.REFUSED
    assert refused(server, "many.example", "reader") == dns.rcode.REFUSED
    assert refused(server, "elsewhere.example") == dns.rcode.REFUSED


def test_given_to_a_key_alone(server):
    assert len(server.transfer("elsewhere.example", "reader")) == 4


@pytest.mark.differs("nsd", "says so by REFUSED")
def test_what_is_not_a_zone_of_ours_is_notauth(server):
    """RFC 5936, 2.2.1: the server MUST return NOTAUTH where it is not authoritative."""
    assert refused(server, "example.com") == dns.rcode.NOTAUTH
    assert refused(server, "mail.example.net") == dns.rcode.NOTAUTH
    assert refused(server, "cut.example.net") == dns.rcode.NOTAUTH


@pytest.mark.parametrize("key, spoil, error", [("ops", True, wire.BADSIG), ("nobody", False, wire.BADKEY)])
def test_a_bad_signature_is_notauth(server, key, spoil, error):
    keys = dict(servers.KEYS, nobody=servers.KEYS["ops"])
    with server.connect() as s:
        s.send(wire.sign(wire.query("example.net", "AXFR"), key, spoil=spoil, keys=keys))
        a = s.receive()
    assert wire.rcode(a) == dns.rcode.NOTAUTH
    assert wire.Tsig(a).error == error
    assert wire.Tsig(a).mac == b""


@pytest.mark.differs("nsd", "answers with a truncated header")
def test_over_udp_it_is_an_error(server):
    """RFC 5936, 4.2: not defined, so no transfer begins."""
    for q in (wire.query("example.net", "AXFR"), wire.sign(wire.query("example.net", "AXFR"))):
        a = server.udp(q)
        assert wire.rcode(a) in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED)
        assert len([f for f in wire.records(a) if f[0] == 1]) == 0


def test_a_transfer_is_one_moment_of_the_zone(start):
    """While updates add pairs of records, every transfer has both of a pair or none."""
    if servers.JUDGE == "nsd":
        pytest.skip("nsd takes no updates")
    server = start({"many.example": {"text": MANY}})
    stop = threading.Event()
    faults = []

    def change():
        n = 0
        while not stop.is_set():
            m = dns.update.UpdateMessage("many.example")
            m.add(f"0.pair{n}", 60, "TXT", str(n))
            m.add(f"z.pair{n}.z", 60, "TXT", str(n))
            m.replace("first", 60, "TXT", str(n))
            r = server.update(m)
            if r is None or r.rcode() != 0:
                faults.append(r)
            n += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        serials = []
        for _ in range(6):
            sets = server.transfer("many.example")
            assert sets[0][0].serial == sets[-1][0].serial
            serials.append(sets[0][0].serial)
            names = {s.name.labels for s in sets}
            first = [n for n in names if n[0] == b"0" and n[1].startswith(b"pair")]
            last = [n for n in names if n[0] == b"z" and n[1].startswith(b"pair")]
            assert sorted(n[1] for n in first) == sorted(n[1] for n in last)
            latest = [rdata for s in sets if s.name.labels[0] == b"first" for rdata in s]
            assert [t.strings[0] for t in latest] == [str(n).encode() for n in (len(first) - 1,)
                                                      if n >= 0]
            if servers.JUDGE == "onnetd":
                assert len(first) == serials[-1] - 1
    finally:
        stop.set()
        thread.join()
    assert not faults, faults[0]
    assert serials == sorted(serials)
