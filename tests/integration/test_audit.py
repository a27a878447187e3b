# SPDX-License-Identifier: GPL-3.0-or-later
"""
onnet log and onnet undo: who changed what and when, and how to turn it round. The change log is bounded, and
copies of updates are told from new ones however short it is.
"""
import datetime
import json
import os
import re
import subprocess
import time

import dns.message
import dns.rcode
import dns.update
import pytest

import publish
import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd's change log")

ZONE = "example.net"
NUMBER = "+12025550123"
OWNER = "3.2.1.0.5.5.5.2.0.2.1.e164.example.net"


def zones(**more):
    texts = publish.zone_texts()
    for zone in texts.values():
        zone.update({"update": ["ops", "reseller"], "transfer": ["ops", "reader"]}, **more)
    return texts


@pytest.fixture
def server(start_onnetd):
    return start_onnetd(zones())


@pytest.fixture
def tool(server):
    return publish.Tool(server)


def update(server, *changes, key="ops", zone=ZONE, code=dns.rcode.NOERROR):
    """One update; each change is ("add", name, ttl, type, data) or ("delete", name[, type[, data]])."""
    m = dns.update.UpdateMessage(zone)
    for word, *arguments in changes:
        getattr(m, word)(*arguments)
    return send(server, m, code, key)


def send(server, m, code, key="ops"):
    m.use_tsig(servers.tsig_key(key))
    wire = m.to_wire()  # once: each time it is another signature
    check(server, wire, m.mac, code)
    return wire, m.mac


def check(server, wire, mac, code):
    r = dns.message.from_wire(server.tcp(wire), keyring=servers.keyring(), request_mac=mac)
    assert r.rcode() == code, r


def key_word(name):
    algorithm, secret = servers.KEYS[name]
    return f"{algorithm}:{name}:{secret}"


def records(listed):
    return [f"{r['name']} {r['ttl']} {r['type']} {r['data']}" for r in listed if r["type"] != "SOA"]


def test_who_when_and_what_is_told(server, tool):
    before = int(time.time())
    tool.run("number", "set", NUMBER, "sip:{number}@gw1.example.net")
    tool.run("number", "set", NUMBER, "sip:{number}@gw2.example.net", "-k", key_word("reseller"))
    update(server, ("add", "a", 60, "A", "192.0.2.1"))

    log = tool.run("log", "1 (202) 555-0123", "--json").json()
    assert [e["serial"] for e in log] == [1, 2, 3]
    assert [e["kind"] for e in log] == ["made", "change", "change"]
    assert [e["key"] for e in log] == [None, "ops", "reseller"]
    assert [e["address"] for e in log] == [None, "127.0.0.1", "127.0.0.1"]
    changed = log[2]
    assert changed["zone"] == "e164.example.net." and changed["serial_before"] == 2
    assert changed["removed"][0]["number"] == NUMBER
    assert changed["removed"][0]["template"] == "sip:{number}@gw1.example.net"
    assert changed["added"][0]["template"] == "sip:{number}@gw2.example.net"
    assert records(changed["added"]) == [
        f'{OWNER}. 60 NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@gw2.example.net!" .']
    moment = datetime.datetime.strptime(changed["time"], "%Y-%m-%dT%H:%M:%SZ")
    moment = moment.replace(tzinfo=datetime.timezone.utc).timestamp()
    assert before <= moment <= time.time()

    # for people: before and after, numbers as numbers; local time, which is whatever TZ says
    out = tool.run("log", NUMBER, "--utc").out
    lines = out.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +3  reseller  127\.0\.0\.1$", lines[-3])
    assert lines[-2] == f"    - {NUMBER}  NAPTR  100 10 E2U+sip sip:{{number}}@gw1.example.net  60 s"
    assert lines[-1] == f"    + {NUMBER}  NAPTR  100 10 E2U+sip sip:{{number}}@gw2.example.net  60 s"

    # all zones at once say which one it was
    out = tool.run("log").out
    assert "a.example.net  A  192.0.2.1  60 s" in out
    assert re.search(r"reseller +127\.0\.0\.1 +e164\.example\.net\n", out)


def test_what_is_asked_for_comes_and_no_more(server, tool):
    for i in range(5):
        update(server, ("add", f"h{i}.sub", 60, "A", f"192.0.2.{i}"),
               key="reseller" if i % 2 else "ops")
    update(server, ("add", "one", 60, "A", "192.0.2.1"), ("add", "two", 60, "A", "192.0.2.1"))

    def serials(*words, code=0):
        return [e["serial"] for e in tool.run("log", *words, "--json", code=code).json()]

    assert serials(ZONE) == [1, 2, 3, 4, 5, 6, 7]
    assert serials(ZONE, "--limit", "2") == [6, 7]
    assert serials(ZONE, "--key", "reseller") == [3, 5]
    assert serials(ZONE, "--key", "RESELLER.") == [3, 5]
    assert serials("h3.sub.example.net") == [1, 5]
    assert serials("SUB.example.net", "--key", "ops") == [2, 4, 6]
    assert serials(ZONE, "--since", "2h") == [1, 2, 3, 4, 5, 6, 7]
    assert serials(ZONE, "--until", "2h", code=7) == []
    assert serials(ZONE, "--since", "2099-01-01", code=7) == []
    assert serials(ZONE, "--since", "yesterday", "--until", "2099-01-01 10:00Z") == list(range(1, 8))
    entry = tool.run("log", "one.example.net", "--json").json()[-1]
    assert records(entry["added"]) == ["one.example.net. 60 A 192.0.2.1"]
    assert entry["others"] == 1
    assert tool.run("log", ZONE, "--limit", "2").err == ""
    r = tool.run("log", ZONE, "--since", "2099-01-01", code=7)
    assert "there is no such change; the change log goes back to serial 0" in r.err
    for i in range(100):
        update(server, ("replace", "again", 60, "A", f"192.0.2.{i}"))
    r = tool.run("log", ZONE)
    assert "older changes are left out; --limit 0 shows all" in r.err
    assert r.out.count(" again.example.net ") == 199
    r = tool.run("log", ZONE, "--limit", "0")
    assert r.err == "" and "one.example.net" in r.out
    assert "--since 'gestern'" in tool.run("log", "--since", "gestern", code=2).err


def test_the_log_is_for_those_who_may_transfer(server, tool):
    update(server, ("add", "a", 60, "A", "192.0.2.1"))
    assert "192.0.2.1" in tool.run("log", ZONE, "-k", key_word("reader")).out
    r = tool.run("log", ZONE, "-k", key_word("pbx"), code=5)
    assert "REFUSED" in r.err and "a change log is for whoever may transfer the zone" in r.err
    tool.run("log", ZONE, "-k", "none", code=5)
    assert "change log refused: zone=example.net. peer=127.0.0.1" in server.log()

    # a question by dig, without our option, is a question for a type that is not there
    r = server.query(ZONE, 65284, tcp=True)
    assert r.rcode() == dns.rcode.NOERROR and not r.answer and r.authority


def test_another_server_is_told_from_onnetd(start_named, start_knotd):
    for start in (start_named, start_knotd):
        other = start(publish.zone_texts())
        r = publish.Tool(other).run("log", ZONE, code=5)
        assert f"127.0.0.1@{other.port} keeps no change log that onnet can read; onnetd does" in r.err


def test_an_undo_puts_back_what_was_there(server, tool):
    tool.run("number", "set", NUMBER, "sip:{number}@gw1.example.net", "sip:b@example.net")
    tool.run("number", "set", NUMBER, "sip:oops@example.net", "--ttl", "5")
    good = tool.naptr(OWNER)
    assert len(good) == 1
    r = tool.run("undo", "3", NUMBER)
    assert r.out.startswith("e164.example.net: serial 3 undone, which was made by key ops from 127.0.0.1")
    assert "+ +12025550123  NAPTR  100 10 E2U+sip sip:{number}@gw1.example.net  60 s\n" in r.out
    assert "- +12025550123  NAPTR  100 10 E2U+sip sip:oops@example.net" in r.out
    assert tool.naptr(OWNER) == [
        '100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@gw1.example.net!" .',
        '100 20 "u" "E2U+sip" "!^.*$!sip:b@example.net!" .']
    assert server.serial("e164.example.net") == 4

    # twice is refused, and the one that stands in the way is named
    r = tool.run("undo", "3", NUMBER, code=5)
    assert "serial 3 can't be undone: +12025550123 NAPTR that it added was taken away since, " \
           "by serial 4 (key ops from 127.0.0.1" in r.err
    assert "onnet undo 4 e164.example.net" in r.err
    tool.run("undo", "4", "e164.example.net")
    assert tool.naptr(OWNER) == good
    # 2 and 3 in turn: back to nothing, not even a name
    tool.run("undo", "5", NUMBER)
    tool.run("undo", "2", NUMBER)
    assert server.query(OWNER, "NAPTR").rcode() == dns.rcode.NXDOMAIN


def test_a_domain_of_many_sets_comes_back_whole_after_a_restart(server, tool):
    tool.run("domain", "set", ZONE, "--server", "sip1.example.net,weight=70,address=192.0.2.1",
             "--server", "sip2.example.net,weight=30", "--transport", "tls,udp")
    update(server, ("add", "other", 60, "A", "192.0.2.9"))
    before = tool.content(ZONE)
    tool.run("domain", "set", ZONE, "--server", "sip9.example.net,address=192.0.2.99",
             "--standby", "sip1.example.net", "--transport", "tcp", "--ttl", "5")
    update(server, ("add", "unrelated", 60, "A", "192.0.2.8"))
    server.kill()
    server.start()
    script = tool.run("undo", "4", ZONE, "--print").out
    assert script.count("prereq ") > 4 and script.endswith("send\n")
    tool.run("undo", "4", ZONE)
    assert tool.content(ZONE) == sorted(before + ["unrelated.example.net. 60 A 192.0.2.8"])
    tool.run("undo", "6", ZONE)
    server.kill()
    server.start()
    tool.nsupdate(tool.run("undo", "7", ZONE, "--print").out)
    assert tool.content(ZONE) == sorted(before + ["unrelated.example.net. 60 A 192.0.2.8"])


def test_later_changes_of_other_records_are_kept(server, tool):
    update(server, ("add", "a", 60, "A", "192.0.2.1"))
    update(server, ("add", "a", 60, "A", "192.0.2.2"))
    update(server, ("add", "a", 60, "A", "192.0.2.3"))
    update(server, ("add", "a", 60, "TXT", '"x"'))
    tool.run("undo", "3", ZONE)
    assert sorted(str(r) for r in server.query("a.example.net", "A").answer[0]) == ["192.0.2.1",
                                                                                  "192.0.2.3"]
    # a TTL that somebody changed since
    update(server, ("replace", "b", 60, "A", "192.0.2.1"))
    update(server, ("delete", "b"), ("add", "b", 600, "A", "192.0.2.1"))
    r = tool.run("undo", "7", ZONE, code=5)
    assert "b.example.net A that it added got another TTL since, by serial 8" in r.err


def test_an_alias_and_records_change_places(server, tool):
    update(server, ("add", "c", 60, "A", "192.0.2.1"), ("add", "c", 60, "TXT", '"t"'))
    before = tool.content(ZONE)
    update(server, ("delete", "c"), ("add", "c", 60, "CNAME", "x.example.net."))
    alias = tool.content(ZONE)
    tool.run("undo", "3", ZONE)
    assert tool.content(ZONE) == before
    tool.run("undo", "4", ZONE)
    assert tool.content(ZONE) == alias
    tool.run("undo", "5", ZONE)
    # what came meanwhile stands in the way of an alias
    update(server, ("delete", "c"))
    update(server, ("add", "c", 60, "CNAME", "y.example.net."))
    update(server, ("delete", "c"))
    update(server, ("add", "c", 60, "AAAA", "2001:db8::1"))
    r = tool.run("undo", "9", ZONE, code=5)
    assert "c.example.net AAAA that can't stand beside it came since, by serial 10" in r.err


def test_the_apex_is_turned_round_too(server, tool):
    update(server, ("replace", "@", 300, "NS", "ns2.example.net."))
    update(server, ("add", "@", 60, "SOA", "ns.example.net. new.example.net. 50 7 7 7 7"))
    assert server.serial(ZONE) == 50
    tool.run("undo", "50", ZONE)
    soa = server.query(ZONE, "SOA").answer[0][0]
    assert (str(soa.rname), soa.refresh, soa.serial) == ("hostmaster.example.net.", 3600, 51)
    tool.run("undo", "2", ZONE)
    ns = server.query(ZONE, "NS").answer[0]
    assert ([str(r) for r in ns], ns.ttl) == (["ns.example.net."], 60)


def test_a_number_that_left_its_range_can_be_put_back(start_onnetd):
    server = start_onnetd(zones(**{"number-ranges": "on"}))
    tool = publish.Tool(server)
    tool.run("range", "set", "+1202555", "--digits", "4", "sip:{number}@range.example.net")
    tool.run("number", "set", NUMBER, "sip:own@example.net")
    tool.run("number", "unset", NUMBER)
    assert "by the range" in tool.run("number", "show", NUMBER).out
    tool.run("undo", "4", NUMBER)
    assert tool.naptr(OWNER) == ['100 10 "u" "E2U+sip" "!^.*$!sip:own@example.net!" .']
    r = tool.run("log", NUMBER, "--utc").out
    assert "sip:own@example.net" in r
    assert "+1202555, 4 more digits" in tool.run("log", "e164.example.net").out


def test_what_can_not_be_undone_is_said(server, tool):
    r = tool.run("undo", "1", ZONE, code=5)
    assert "was made: there was nothing before" in r.err
    r = tool.run("undo", "77", ZONE, code=7)
    assert "serial 77 is not in the change log of example.net" in r.err
    tool.run("undo", "x", code=2)
    tool.run("undo", code=2)
    r = tool.run("undo", "1", code=3)
    assert "serial 1 is in several change logs" in r.err
    update(server, ("add", "a", 60, "A", "192.0.2.1"))
    r = tool.run("undo", "2", "b.example.net", code=7)
    assert "serial 2 of example.net did not change b.example.net" in r.err
    # whoever may read but not write is told so by the server
    r = tool.run("undo", "2", ZONE, "-k", key_word("reader"), code=5)
    assert "REFUSED: key 'reader' may not change" in r.err

    # an import
    path = server.write("new.zone", f"$ORIGIN {ZONE}.\n{publish.HEAD}ns A 127.0.0.1\nn A 192.0.2.1\n")
    done = subprocess.run([os.path.join(servers.BUILD, "onnetd"), "import", "-c",
                           server.path("onnet.yaml"), ZONE, path], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert "the whole zone was replaced; it then had 3 names" in tool.run("log", ZONE).out
    assert tool.run("log", ZONE, "--json").json()[-1]["kind"] == "replaced"
    r = tool.run("undo", "3", ZONE, code=5)
    assert "was replaced by an import" in r.err
    r = tool.run("undo", "2", ZONE, code=5)
    assert "a.example.net A that it added was taken away since, by serial 3 (the server itself" in r.err


def test_hundreds_of_numbers_in_one_update(server, tool):
    csv = "".join(f"+1202777{i:04},sip:{{number}}@gw{i % 7}.example.net\n" for i in range(400))
    tool.run("number", "import", "-", stdin=csv)
    log = tool.run("log", "+12027770042", "--json").json()
    assert len(log[-1]["added"]) == 1 and log[-1]["others"] > 100
    out = tool.run("log", "e164.example.net").out
    assert "more records; --full shows all" in out
    assert tool.run("log", "e164.example.net", "--full").out.count("gw3.example.net") == 57
    serial = server.serial("e164.example.net")
    for n in range(serial, 1, -1):
        tool.run("undo", str(n), "e164.example.net")
    assert tool.content("e164.example.net") == []


def test_the_log_is_as_short_as_configured_and_copies_are_known_all_the_same(start_onnetd):
    server = start_onnetd(zones(**{"log-size": "64K"}))
    tool = publish.Tool(server)
    first = update(server, ("add", "first", 60, "A", "192.0.2.1"))
    update(server, ("delete", "first"))
    refused = dns.update.UpdateMessage(ZONE)
    refused.present("nothing")
    refused.add("late", 60, "A", "192.0.2.1")
    refused = send(server, refused, dns.rcode.NXDOMAIN)
    for i in range(300):
        update(server, ("replace", "big", 60, "TXT", " ".join(['"%0200d"' % i] * 4)))
    log = tool.run("log", ZONE, "--json").json()
    assert len(log) < 60 and log[-1]["serial"] == 303
    assert log[0]["serial"] > 200
    r = tool.run("undo", "2", ZONE, code=7)
    assert "which goes back to serial" in r.err

    update(server, ("add", "nothing", 60, "A", "192.0.2.1"))
    server.kill()
    server.start()
    # a copy changes nothing, and is answered as the first one was
    serial = server.serial(ZONE)
    check(server, *first, dns.rcode.NOERROR)
    check(server, *refused, dns.rcode.NXDOMAIN)
    assert server.serial(ZONE) == serial
    assert server.query("first.example.net", "A").rcode() == dns.rcode.NXDOMAIN
    assert server.query("late.example.net", "A").rcode() == dns.rcode.NXDOMAIN


def test_the_log_is_as_young_as_configured(start_onnetd):
    server = start_onnetd(zones(**{"log-age": "1s"}))
    tool = publish.Tool(server)
    update(server, ("add", "old", 60, "A", "192.0.2.1"))
    end = time.monotonic() + servers.PATIENCE
    while "old.example.net" in subprocess.run(tool.command("log", ZONE, "--json"),
                                              capture_output=True, text=True).stdout:
        assert time.monotonic() < end
        time.sleep(0.1)
    serial, log = 2, []
    while not log and time.monotonic() < end:  # who is slow finds an empty log
        serial += 1
        update(server, ("add", f"new{serial}", 60, "A", "192.0.2.1"))
        log = json.loads(subprocess.run(tool.command("log", ZONE, "--json"), capture_output=True,
                                        text=True, check=False).stdout)
    assert [e["serial"] for e in log] == [serial]
