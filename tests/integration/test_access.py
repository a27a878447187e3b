# SPDX-License-Identifier: GPL-3.0-or-later
"""
Who may change what: the rules of onnet.yaml's `update`. A refusal touches nothing, is one log line with
zone, peer, key and reason, and tells its reason in an Extended DNS Error (RFC 8914) if EDNS was spoken.
"""
import itertools

import dns.edns
import dns.message
import dns.rcode
import dns.update
import pytest

import servers
import wire
from wire import ANY, IN, NONE, rr

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd's rules")

HEAD = "$TTL 3600\n@ SOA ns.example. host.example. 1 7200 900 1209600 300\n@ NS ns.example.\n"
NAPTR = '100 10 "u" "E2U+sip" "!^.*$!sip:alice@example.net!" .'
NUMBERS = "0.5.5.5.2.0.2.1.e164.example.net."  # +12025550...: digits of the reseller begin with a 1

ZONES = {
    "example.net": {"text": HEAD + "two A 192.0.2.1\n",
                    "update": ["ops", {"key": "reader", "types": ["A", "AAAA"]}]},
    "e164.example.net": {
        "text": HEAD + f'7.7.1.{NUMBERS} TXT "not a NAPTR"\n7.7.1.{NUMBERS} NAPTR {NAPTR}\n'
                       f'7.7.2.{NUMBERS} NAPTR {NAPTR}\n_sip._udp SRV 1 1 5060 two.example.net.\n',
        "update": ["ops",
                   {"key": "reseller", "numbers": ["+120255501"], "types": ["NAPTR"]},
                   {"key": "pbx", "names": ["_sip._udp.e164.example.net", "*.pbx.e164.example.net"],
                    "address": "127.0.0.2/31"},
                   {"key": "sha1", "numbers": ["+120255501", "+120255502"]},
                   {"key": "sha224", "address": ["192.0.2.0/24", "::1"]}]},
    "isn.example.net": {"text": HEAD, "update": [{"key": "reseller", "numbers": "12*543"}]},
    "address.example": {"text": HEAD, "update": ["127.0.0.5", {"address": "127.0.0.6/32",
                                                             "types": "A"}]},
    "nobody.example": {"text": HEAD + "here A 192.0.2.1\n", "update": []},
}
NUMBER = {"e164": ["e164.example.net"], "isn": ["isn.example.net"]}


@pytest.fixture(scope="module")
def server(start_module):
    return start_module(ZONES, number=NUMBER)


def message(zone, *changes):
    m = dns.update.UpdateMessage(zone)
    for verb, *words in changes:
        getattr(m, verb)(*words)
    return m


def number(digits):
    """The owner name of the number +digits."""
    return ".".join(reversed(digits)) + ".e164.example.net."


def allowed(server, key, zone, *changes, source=None, tcp=False):
    r = server.update(message(zone, *changes), key, source=source, tcp=tcp)
    assert r.rcode() == dns.rcode.NOERROR, r


def refused(server, key, zone, *changes, source=None, tcp=False):
    """Refused, nothing changed, one log line; returns that line."""
    before, mark = server.serial(zone), len(server.log())
    m = message(zone, *changes)
    m.use_edns(0, payload=1232)
    r = server.update(m, key, source=source, tcp=tcp)
    assert r.rcode() == dns.rcode.REFUSED, r
    assert server.serial(zone) == before
    line = server.wait_log(r"(?i)refused", mark)
    assert len([n for n in server.log()[mark:].splitlines() if "refused" in n.lower()]) == 1
    for word in (zone, source or servers.ADDRESS, key or ""):
        assert word in line, line
    extended = [o for o in r.options if o.otype == dns.edns.EDE]
    assert len(extended) == 1
    assert extended[0].text
    return line


def test_a_key_alone_may_change_everything(server):
    allowed(server, "ops", "example.net", ("add", "any", 60, "TXT", "x"), ("delete", "any"),
            ("add", "@", 60, "MX", "1 two"), ("delete", "@", "MX"))


def test_the_algorithm_is_not_what_decides(server):
    refused(server, "sha256", "example.net", ("add", "any", 60, "TXT", "x"))


def test_unsigned_is_refused(server):
    for tcp in (False, True):
        refused(server, None, "example.net", ("add", "any", 60, "TXT", "x"), tcp=tcp)


def test_a_key_of_another_zone_is_refused(server):
    refused(server, "reseller", "example.net", ("add", "any", 60, "A", "192.0.2.9"))
    refused(server, "ops", "isn.example.net", ("add", "1", 60, "A", "192.0.2.9"))


def test_no_rule_at_all_refuses_everybody(server):
    for key in ("ops", None):
        refused(server, key, "nobody.example", ("add", "x", 60, "A", "192.0.2.9"))


def test_nothing_can_be_learnt_without_a_rule(server):
    """Prerequisites are not evaluated for who may change nothing: they would tell what is there."""
    for name in ("here", "nothing"):
        for verb in ("present", "absent"):
            m = message("nobody.example", (verb, name), ("add", "x", 60, "A", "192.0.2.9"))
            assert server.update(m, "ops").rcode() == dns.rcode.REFUSED
    for verb in ("present", "absent"):
        assert server.update(message("nobody.example", (verb, "here")), "ops").rcode() \
            == dns.rcode.REFUSED


def test_types_of_a_rule(server):
    allowed(server, "reader", "example.net", ("add", "t", 60, "A", "192.0.2.9"),
            ("add", "t", 60, "AAAA", "2001:db8::9"), ("delete", "t", "A"),
            ("delete", "t", "AAAA", "2001:db8::9"))
    refused(server, "reader", "example.net", ("add", "t", 60, "TXT", "x"))
    refused(server, "reader", "example.net", ("delete", "two", "TXT"))
    refused(server, "reader", "example.net", ("add", "@", 60, "NS", "ns.example."))


def test_one_record_beyond_the_rule_refuses_the_whole_message(server):
    refused(server, "reader", "example.net", ("add", "t", 60, "A", "192.0.2.9"),
            ("add", "t", 60, "TXT", "x"))
    assert server.query("t.example.net", "A").rcode() == dns.rcode.NXDOMAIN


def test_numbers_of_a_rule(server):
    for digits in ("12025550100", "12025550199", "120255501", "1202555010099"):
        allowed(server, "reseller", "e164.example.net", ("add", number(digits), 60, "NAPTR", NAPTR))
        allowed(server, "reseller", "e164.example.net", ("delete", number(digits), "NAPTR"))


@pytest.mark.parametrize("digits", ["12025550200", "12025550", "1", "112025550100", "22025550100"])
def test_other_numbers_are_refused(server, digits):
    line = refused(server, "reseller", "e164.example.net", ("add", number(digits), 60, "NAPTR", NAPTR))
    assert "reseller" in line


@pytest.mark.parametrize("owner", [
    "e164.example.net.", "*.e164.example.net.", "*.0.5.5.5.2.0.2.1.e164.example.net.",
    "a.e164.example.net.", r"1\.0.5.5.5.2.0.2.1.e164.example.net.",
    "1.0.5.5.5.2.0.2.1.x.e164.example.net.", "11.0.5.5.5.2.0.2.1.e164.example.net."])
def test_names_that_are_not_those_numbers_are_refused(server, owner):
    refused(server, "reseller", "e164.example.net", ("add", owner, 60, "NAPTR", NAPTR))


def test_a_range_within_the_numbers(server):
    allowed(server, "reseller", "e164.example.net", ("add", f"*.5.1.{NUMBERS}", 60, "NAPTR", NAPTR),
            ("delete", f"*.5.1.{NUMBERS}", "NAPTR"))


def test_deleting_a_name_whole_needs_leave_for_all_that_it_has(server):
    owner = f"7.7.1.{NUMBERS}"
    refused(server, "reseller", "e164.example.net", ("delete", owner))
    assert len(server.query(owner, "TXT").answer) == 1
    refused(server, "reseller", "e164.example.net", ("delete", f"7.7.2.{NUMBERS}", "NAPTR"))
    assert len(server.query(f"7.7.2.{NUMBERS}", "NAPTR").answer) == 1


def test_several_numbers_and_no_types(server):
    for digits in ("12025550100", "12025550200"):
        allowed(server, "sha1", "e164.example.net", ("add", number(digits), 60, "TXT", "x"),
                ("delete", number(digits)))
    refused(server, "sha1", "e164.example.net", ("add", number("12025550300"), 60, "TXT", "x"))


def test_isn_numbers_of_a_rule(server):
    """12*543 and what begins with it: digits reversed, then the ITAD whole (RFC 3872)."""
    for owner in ("2.1.543", "9.2.1.543"):
        allowed(server, "reseller", "isn.example.net", ("add", owner, 60, "NAPTR", NAPTR),
                ("delete", owner))
    for owner in ("3.1.543", "2.1.544", "2.1.5433", "1.543", "2.1"):
        refused(server, "reseller", "isn.example.net", ("add", owner, 60, "NAPTR", NAPTR))


def test_names_and_address_of_a_rule(server):
    srv = ("add", "_sip._udp", 60, "SRV", "1 2 5060 two.example.net.")
    back = ("delete", "_sip._udp", "SRV", "1 2 5060 two.example.net.")
    for source, tcp in itertools.product(("127.0.0.2", "127.0.0.3"), (False, True)):
        allowed(server, "pbx", "e164.example.net", srv, source=source, tcp=tcp)
        allowed(server, "pbx", "e164.example.net", back, source=source, tcp=tcp)
        allowed(server, "pbx", "e164.example.net", ("add", "x.pbx", 60, "TXT", "x"),
                ("add", "y.x.pbx", 60, "TXT", "x"), ("delete", "x.pbx"), ("delete", "y.x.pbx"),
                source=source, tcp=tcp)
    for source in ("127.0.0.1", "127.0.0.4"):
        refused(server, "pbx", "e164.example.net", srv, source=source)
    for owner in ("_sip._tcp", "x._sip._udp", "_udp", "@", "pbx", "xpbx"):
        refused(server, "pbx", "e164.example.net", ("add", owner, 60, "SRV", "1 2 3 two.example.net."),
                source="127.0.0.2")
    refused(server, None, "e164.example.net", srv, source="127.0.0.2")


def test_several_addresses_of_a_rule(server):
    refused(server, "sha224", "e164.example.net", ("add", "x", 60, "TXT", "x"))
    m = message("e164.example.net", ("add", "x", 60, "TXT", "x"))
    m.use_tsig(servers.tsig_key("sha224"))
    assert server.exchange(m, address="::1").rcode() == 0
    allowed(server, "ops", "e164.example.net", ("delete", "x"))


def test_an_address_alone_needs_no_signature(server):
    for tcp in (False, True):
        allowed(server, None, "address.example", ("add", "x", 60, "TXT", "x"), source="127.0.0.5",
                tcp=tcp)
        allowed(server, None, "address.example", ("delete", "x"), source="127.0.0.5", tcp=tcp)
    allowed(server, None, "address.example", ("add", "x", 60, "A", "192.0.2.9"), source="127.0.0.6")
    refused(server, None, "address.example", ("add", "x", 60, "TXT", "x"), source="127.0.0.6")
    refused(server, None, "address.example", ("add", "x", 60, "TXT", "x"), source="127.0.0.7")
    refused(server, None, "address.example", ("add", "x", 60, "TXT", "x"))


def test_a_false_signature_is_worse_than_none(server):
    """From an address that needs none, a signature that does not verify is refused all the same."""
    m = wire.update("address.example", records=[rr("y.address.example", "TXT", IN, 60, b"\1x")])
    a = server.udp(wire.sign(m, spoil=True), source="127.0.0.5")
    assert wire.rcode(a) == dns.rcode.NOTAUTH
    assert server.query("y.address.example", "TXT").rcode() == dns.rcode.NXDOMAIN


def test_without_edns_the_refusal_has_no_opt(server):
    r = server.update(message("example.net", ("add", "x", 60, "TXT", "x")), None)
    assert r.rcode() == dns.rcode.REFUSED
    assert r.edns == -1


@pytest.mark.parametrize("rdata, word", [
    ('100 10 "u" "E2U+sip" "!^.*$!sip:a@example.net" .', "delimiter"),
    ('100 10 "u" "E2U+sip" "!^.*$!sip:\\\\1@example.net!" .', "1"),
    ('100 10 "u" "E2U+sip" "!^(.*$!sip:a@example.net!" .', ""),
    ('100 10 "u" "E2U+sip" "!^.*$!sip:a@example.net!" next.example.', "replacement"),
    ('100 10 "x" "E2U+sip" "!^.*$!sip:a@example.net!" .', "flag"),
])
def test_a_bad_expression_is_refused_with_its_reason(server, rdata, word):
    line = refused(server, "ops", "e164.example.net", ("add", "1.2", 60, "NAPTR", rdata))
    assert word in line


def test_a_name_cannot_forge_a_log_line(server):
    owner = b"\x18\nerror: all is lost\x1b[2J\r" + wire.name("example.net")
    owner = bytes([len(b"\nerror: all is lost\x1b[2J\r")]) + owner[1:]
    mark = len(server.log())
    for message_ in (wire.update("example.net", records=[rr(owner, "TXT", IN, 60, b"\1x")]),):
        a = server.udp(wire.sign(message_, "reader"))
        assert wire.rcode(a) == dns.rcode.REFUSED
    server.wait_log("(?i)refused", mark)
    text = server.log()[mark:]
    assert not any(line.startswith("error: all") for line in text.splitlines())
    assert "\x1b" not in text and "\r" not in text


def test_rules_hold_for_every_kind_of_change(server):
    """Nothing slips by: each class and type of update record at a name that is not allowed."""
    for record in (rr("two.example.net", "TXT", IN, 60, b"\1x"), rr("two.example.net", "TXT", ANY),
                   rr("two.example.net", "TXT", NONE, 0, b"\1x"), rr("two.example.net", "ANY", ANY),
                   rr("example.net", "SOA", IN, 60, wire.name("a") + wire.name("b") + b"\x7f" * 20)):
        q = wire.sign(wire.update("example.net", records=[record]), "reader")
        assert wire.rcode(server.udp(q)) == dns.rcode.REFUSED


def test_no_secret_is_ever_logged(server):
    for _, secret in servers.KEYS.values():
        assert secret not in server.log()
