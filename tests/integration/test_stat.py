# SPDX-License-Identifier: GPL-3.0-or-later
"""onnetd stat and onnetd compact: beside a server, and without one."""
import json
import os
import subprocess
import threading
import time

import dns.update
import pytest

import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

HEAD = "$TTL 60\n@ SOA ns.example.net. host.example.net. 7 3600 600 86400 60\n@ NS ns.example.net.\n"
NUMBERS = HEAD + "".join(
    f'{n % 10}.{n // 10 % 10}.{n // 100 % 10}.{n // 1000}.1 NAPTR 100 10 "u" "E2U+sip" '
    f'"!^.*$!sip:+1{n:04}@gw{n % 8}.example.net!" .\n' for n in range(3000))
ZONES = {"e164.example.net": {"text": NUMBERS}, "example.net": {"text": HEAD}}


def run(server, *words, code=0):
    done = subprocess.run([os.path.join(servers.BUILD, "onnetd"), words[0], "-c",
                           server.path("onnet.yaml"), *words[1:]], capture_output=True, text=True,
                          timeout=120, check=False, stdin=subprocess.DEVNULL)
    assert not servers.SANITIZER.search(done.stderr), done.stderr
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def stat(server):
    return json.loads(run(server, "stat", "--json").stdout)


def add(server, count):
    """Adds so many names to example.net, a kilobyte each."""
    for start in range(0, count, 20):
        m = dns.update.UpdateMessage("example.net")
        for n in range(start, start + 20):
            m.add(f"n{n}", 60, "TXT", " ".join(["x" * 200] * 5))
        assert server.update(m, tcp=True).rcode() == 0


def test_what_the_store_holds_is_shown_beside_a_server_and_without_one(start_onnetd):
    server = start_onnetd(dict(ZONES))
    add(server, 40)
    beside = stat(server)
    zones = {z["domain"]: z for z in beside["zones"]}
    assert sorted(zones) == ["e164.example.net", "example.net"]
    numbers = zones["e164.example.net"]
    assert (numbers["numbers"], numbers["blocks"], numbers["names"]) == (3000, 3, 1)
    assert 0 < numbers["numbers_size"] < 6000
    assert numbers["serial"] == 7 and numbers["log_entries"] == 1
    names = zones["example.net"]
    assert (names["numbers"], names["names"], names["log_entries"]) == (0, 41, 3)
    assert names["serial"] == server.serial("example.net") and names["log_size"] > 40000
    assert all(z["served"] for z in zones.values())
    assert beside["numbers"] == 3000 and 0 < beside["octets_per_number"] < 10
    assert beside["readers"] > 0
    assert beside["file_size"] == os.path.getsize(server.path("store/data.mdb"))

    text = run(server, "stat").stdout
    line = next(x for x in text.splitlines() if x.startswith("e164.example.net"))
    assert line.split()[:4] == ["e164.example.net", "7", "3,000", "3"]

    server.stop()
    alone = stat(server)
    assert alone["zones"] == beside["zones"]
    assert alone["readers"] == 0
    assert "no server is running" in run(server, "stat").stdout


def test_a_zone_that_is_not_served_is_shown_as_such(start_onnetd):
    server = start_onnetd(dict(ZONES))
    server.stop()
    del server.zones["example.net"]
    server.configure()
    server.start()
    assert {z["domain"]: z["served"] for z in stat(server)["zones"]} == {
        "e164.example.net": True, "example.net": False}
    assert "example.net (not served)" in run(server, "stat").stdout


def wait(condition):
    end = time.monotonic() + servers.PATIENCE
    while not condition():
        assert time.monotonic() < end, "what is waited for does not come"
        time.sleep(0.02)


def test_copies_are_shown_with_their_primaries_and_catalogs(start_onnetd):
    primary = start_onnetd({"cat.example": {"catalog": "producer", "update": []},
                            "member.example": {"text": HEAD, "catalog-zone": "cat.example"},
                            "copy.example": {"text": HEAD}})
    at = f"{servers.ADDRESS}@{primary.port}"
    nowhere = servers.take_port()
    entry = {"address": at, "key": "ops"}
    server = start_onnetd({"cat.example": {"catalog": "consumer", "update": [], "primary": [entry],
                                           "member": {"transfer": "127.0.0.0/8"}},
                           "copy.example": {"primary": [f"{servers.ADDRESS}@{nowhere}", entry]},
                           "missing.example": {"primary": f"{servers.ADDRESS}@{nowhere}"},
                           "example.net": {"text": HEAD}})
    wait(lambda: all(server.query(z, "SOA").rcode() == 0 for z in ("copy.example", "member.example")))
    server.stop()

    zones = {z["domain"]: z for z in stat(server)["zones"]}
    assert set(zones) == {"cat.example", "copy.example", "example.net", "member.example",
                          "missing.example"}
    assert all(z["served"] for z in zones.values())
    assert {d: z["role"] for d, z in zones.items() if d != "example.net"} == {
        d: "copy" for d in zones if d != "example.net"}
    assert zones["example.net"]["role"] == "primary" and "primaries" not in zones["example.net"]
    copy, member, missing = (zones[d] for d in ("copy.example", "member.example", "missing.example"))
    assert copy["primaries"] == [f"{servers.ADDRESS}@{nowhere}", at] and "catalog" not in copy
    assert member["primaries"] == [at] and member["catalog"] == "cat.example"
    for zone in (copy, member):
        assert zone["fetched"] and zone["serial"] == 7
        assert time.time() - 600 < zone["checked"] <= time.time()
        assert zone["expires"] == zone["checked"] + 86400
    assert not missing["fetched"] and missing["checked"] == missing["expires"] == 0

    below = run(server, "stat").stdout.split("\n\n")[-1].splitlines()
    lines = {line.split()[0]: line for line in below}
    assert set(lines) == {"copy", "cat.example", "copy.example", "member.example", "missing.example"}
    assert "not fetched yet" in lines["missing.example"]
    assert lines["member.example"].split()[1] == at
    assert "in 2" in lines["member.example"] and lines["member.example"].endswith(" cat.example")
    servers.release_port(nowhere)


def test_a_store_that_is_not_there_is_not_made(start_onnetd):
    server = start_onnetd(dict(ZONES))
    server.stop()
    os.rename(server.path("store"), server.path("moved"))
    assert "No such file" in run(server, "stat", code=1).stderr
    assert "No such file" in run(server, "compact", code=1).stderr
    assert not os.path.exists(server.path("store"))
    os.rename(server.path("moved"), server.path("store"))
    run(server, "stat", "unknown", code=2)


def test_compaction_gives_back_what_is_free_and_keeps_the_rest(start_onnetd):
    server = start_onnetd(dict(ZONES))
    add(server, 1000)
    m = dns.update.UpdateMessage("example.net")
    for n in range(1000):
        m.delete(f"n{n}")
    assert server.update(m, tcp=True).rcode() == 0
    add(server, 20)
    content = {z: server.content(z) for z in ZONES}
    serials = {z: server.serial(z) for z in ZONES}

    # The log of changes has what was taken away; what is free is more all the same.
    server.stop()
    before = stat(server)
    assert before["pages_free"] > 100
    assert "MiB now" in run(server, "compact", "--force").stdout
    after = stat(server)
    assert after["file_size"] < before["file_size"] - 90 * before["page_size"]
    assert after["zones"] == before["zones"]
    assert "left as it is" in run(server, "compact").stdout

    server.start()
    assert {z: server.content(z) for z in ZONES} == content
    assert {z: server.serial(z) for z in ZONES} == serials
    add(server, 20)
    server.kill()
    server.start()
    assert {z: server.content(z) for z in ZONES} == content


def test_a_server_compacts_its_store_while_it_serves(start_onnetd):
    """Updates and questions go on meanwhile; a killed server has all of it."""
    server = start_onnetd(dict(ZONES))
    add(server, 1000)
    m = dns.update.UpdateMessage("example.net")
    for n in range(1000):
        m.delete(f"n{n}")
    assert server.update(m, tcp=True).rcode() == 0
    before = stat(server)
    stop, faults, done = threading.Event(), [], []

    def change():
        n = 0
        try:
            while not stop.is_set():
                m = dns.update.UpdateMessage("example.net")
                m.add(f"c{n}", 60, "A", "192.0.2.1")
                assert server.update(m).rcode() == 0
                r = server.query(f"c{n}.example.net", "A")
                assert len(r.answer) == 1, r
                done.append(n)
                n += 1
        except Exception as e:  # pylint: disable=broad-except
            faults.append(e)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(5):
            assert "MiB now" in run(server, "compact", "--force").stdout
    finally:
        stop.set()
        thread.join()
    assert not faults, faults
    assert len(done) > 3
    assert stat(server)["file_size"] < before["file_size"] - 90 * before["page_size"]
    content = {z: server.content(z) for z in ZONES}
    serials = {z: server.serial(z) for z in ZONES}
    server.kill()
    server.start()
    assert {z: server.content(z) for z in ZONES} == content
    assert {z: server.serial(z) for z in ZONES} == serials
    for n in done:
        assert server.query(f"c{n}.example.net", "A").answer
    server.wait_log("ready")
