# SPDX-License-Identifier: GPL-3.0-or-later
"""onnet domain against onnetd, named and knotd."""
import dns.update
import pytest

import publish


@pytest.fixture(params=publish.KINDS)
def tool(request):
    start = request.getfixturevalue(f"start_{request.param}")
    return publish.Tool(start(publish.zone_texts()))


SET = ["domain", "set", "example.net",
       "--server", "sip1.example.net,weight=60,address=192.0.2.1,address=[2001:db8::1]",
       "--server", "sip2:5070,weight=40,tls-port=5071,address=192.0.2.2",
       "--standby", "backup.example.com"]

RECORDS = sorted("""\
example.net. 60 NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.example.net.
example.net. 60 NAPTR 90 90 "s" "SIP+D2T" "" _sip._tcp.example.net.
example.net. 60 NAPTR 100 100 "s" "SIP+D2U" "" _sip._udp.example.net.
_sips._tcp.example.net. 60 SRV 10 60 5061 sip1.example.net.
_sips._tcp.example.net. 60 SRV 10 40 5071 sip2.example.net.
_sips._tcp.example.net. 60 SRV 20 10 5061 backup.example.com.
_sip._tcp.example.net. 60 SRV 10 60 5060 sip1.example.net.
_sip._tcp.example.net. 60 SRV 10 40 5070 sip2.example.net.
_sip._tcp.example.net. 60 SRV 20 10 5060 backup.example.com.
_sip._udp.example.net. 60 SRV 10 60 5060 sip1.example.net.
_sip._udp.example.net. 60 SRV 10 40 5070 sip2.example.net.
_sip._udp.example.net. 60 SRV 20 10 5060 backup.example.com.
sip1.example.net. 60 A 192.0.2.1
sip1.example.net. 60 AAAA 2001:db8::1
sip2.example.net. 60 A 192.0.2.2
ns.example.net. 60 A 127.0.0.1
""".splitlines())


def test_a_domain_is_set_shown_changed_and_taken_away(tool):
    r = tool.run(*SET)
    assert r.out == "example.net: TLS, TCP, UDP to 2 servers, 1 on stand-by\n"
    assert tool.content("example.net") == RECORDS

    r = tool.run("domain", "show", "example.net")
    titles = [line.split()[1] for line in r.out.splitlines() if line.startswith("   ") and
              line.split()[0] in ("1.", "2.", "3.")]
    assert titles == ["TLS", "TCP", "UDP"]
    assert "60 %     sip1.example.net:5061    192.0.2.1, 2001:db8::1\n" in r.out
    assert "40 %     sip2.example.net:5071    192.0.2.2\n" in r.out
    assert "reserve  backup.example.com:5060  (address not known to this server)\n" in r.out
    assert "missing" not in r.out

    # One transport, one server; its address is left alone, and so is what is nobody's business.
    message = dns.update.UpdateMessage("example.net")
    message.add("example.net.", 60, "NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .')
    message.add("example.net.", 60, "NAPTR", '80 10 "s" "SIPS+D2W" "" _sips._ws.example.net.')
    assert tool.server.update(message).rcode() == 0
    tool.run("domain", "set", "example.net", "--server", "sip2", "--transport", "udp", "--ttl",
             "300")
    assert tool.content("example.net") == sorted("""\
_sip._udp.example.net. 300 SRV 10 10 5060 sip2.example.net.
example.net. 300 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .
example.net. 300 NAPTR 100 100 "s" "SIP+D2U" "" _sip._udp.example.net.
example.net. 300 NAPTR 80 10 "s" "SIPS+D2W" "" _sips._ws.example.net.
ns.example.net. 60 A 127.0.0.1
sip1.example.net. 60 A 192.0.2.1
sip1.example.net. 60 AAAA 2001:db8::1
sip2.example.net. 60 A 192.0.2.2
""".splitlines())

    tool.run("domain", "unset", "example.net")
    left = [line for line in tool.content("example.net") if "SRV" in line or "NAPTR" in line]
    assert left == ['example.net. 300 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .',
                    'example.net. 300 NAPTR 80 10 "s" "SIPS+D2W" "" _sips._ws.example.net.']


def test_show_as_json_and_what_is_missing(tool):
    r = tool.run("domain", "show", "example.net", code=7)
    assert "neither NAPTR nor SRV" in r.err
    assert tool.run("domain", "show", "example.net", "--json", code=7).json()["transports"] == []

    tool.run("domain", "set", "example.net", "--server", "sip3", "--transport", "tcp")
    shown = tool.run("domain", "show", "example.net", "--json").json()
    assert shown["domain"] == "example.net"
    assert shown["missing"] == ["no address for sip3.example.net"]
    transport, = shown["transports"]
    assert (transport["transport"], transport["order"], transport["name"]) == \
        ("tcp", 90, "_sip._tcp.example.net")
    assert transport["servers"] == [{"host": "sip3.example.net", "port": 5060, "priority": 10,
                                     "weight": 10, "reserve": False, "share": 100.0,
                                     "addresses": [], "note": "no address"}]
    r = tool.run("domain", "show", "example.net")
    assert r.out.endswith("\nmissing:\n  no address for sip3.example.net\n")


def test_print_sends_nothing_and_nsupdate_takes_it(tool):
    script = tool.run(*SET, "--print").out
    assert tool.content("example.net") == ["ns.example.net. 60 A 127.0.0.1"]
    tool.nsupdate(script)
    assert tool.content("example.net") == RECORDS


def test_what_cannot_be_is_refused_before_anything_is_sent(tool):
    before = tool.server.serial("example.net")
    for words in (["--server", "192.0.2.1"], ["--server", "[2001:db8::1]:5060"],
                  ["--server", "a:70000"], ["--server", "a,weight=x"],
                  ["--server", "a,address=1.2.3"], ["--server", "a", "--transport", "sctp"],
                  ["--server", "a", "--server", "a.example.net"],
                  ["--server", "sip.example.com,address=192.0.2.1"]):
        r = tool.run("domain", "set", "example.net", *words, code=3)
        assert r.err.startswith("onnet: ")
    for words in ([], ["--standby"], ["--server", "a", "more"], ["--server", "a", "--odd"]):
        tool.run("domain", "set", "example.net", *words, code=2)
    assert tool.server.serial("example.net") == before


def test_a_domain_of_others_is_refused(tool):
    tool.run("domain", "show", "example.org", code=5)
