# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: what was asked is what is counted, and nobody is disturbed by it."""
import json
import os
import re
import signal
import socket
import threading
import time

import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import metrics
import servers
from primary import Primary, soa

ZONES = {
    "example.net": {"text": "$TTL 60\n@ SOA ns host 7 3600 600 86400 60\n@ NS ns\n"
                            "ns A 192.0.2.1\nns AAAA 2001:db8::1\nt TXT " + '"' + "x" * 200 + '" "'
                            + '" "'.join(["y" * 200] * 9) + '"\n'},
    "e164.example.net": {"text": "$TTL 60\n@ SOA ns.example.net. host 3 3600 600 86400 60\n"
                                 "@ NS ns.example.net.\n"
                                 '1.2.3 NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:a@b!" .\n'
                                 '2.2.3 NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:a@b!" .\n'},
}
EXAMPLES = os.path.join(servers.ROOT, "examples")


class Watched:
    """A server with metrics, and what has changed since the last look."""

    def __init__(self, start, zones=None, **options):
        self.port = servers.take_port()
        self.server = start(dict(zones or ZONES),
                            server={"metrics": [f"127.0.0.1@{self.port}"], **options})
        self.before = self.settled()

    def scrape(self):
        return metrics.scrape(self.port)

    def settled(self):
        """Once nothing is under way any more: the server was asked whether it is ready."""
        last = self.scrape()
        while True:
            time.sleep(0.05)
            now = self.scrape()
            if now.sum("onnet_queries_total") == last.sum("onnet_queries_total"):
                return now
            last = now

    def wait(self, condition):
        """Scrapes until condition(metrics) holds, and returns that scrape."""
        end = time.monotonic() + servers.PATIENCE
        while True:
            now = self.scrape()
            if condition(now):
                return now
            assert time.monotonic() < end, "what is waited for does not come"
            time.sleep(0.02)

    def risen(self, name, **labels):
        """By how much a counter has risen since this was made."""
        key = metrics.Metrics.key(name, labels)
        return self.scrape().values[key] - self.before.values[key]


@pytest.fixture
def watch(start_onnetd):
    ports = []

    def begin(zones=None, **options):
        watched = Watched(start_onnetd, zones, **options)
        ports.append(watched.port)
        return watched

    yield begin
    for port in ports:
        servers.release_port(port)


def test_queries_are_counted_one_by_one(watch):
    w = watch()
    s = w.server
    for _ in range(5):
        assert s.query("ns.example.net", "A").rcode() == 0
    for _ in range(3):
        s.query("ns.example.net", "AAAA", tcp=True)
    m = dns.message.make_query("nothing.example.net", "SRV")
    assert s.exchange(m, address="::1").rcode() == 3
    assert s.query("example.org", "TYPE65280").rcode() == 5
    assert s.query("t.example.net", "TXT").flags & 0x200

    # the time is taken when the answer is gone
    w.wait(lambda m: m["onnet_query_duration_seconds_count"] == m.sum("onnet_queries_total"))
    assert w.risen("onnet_queries_total", transport="udp", family="ipv4") == 7
    assert w.risen("onnet_queries_total", transport="tcp", family="ipv4") == 3
    assert w.risen("onnet_queries_total", transport="udp", family="ipv6") == 1
    assert w.risen("onnet_queries_total", transport="tcp", family="ipv6") == 0
    for rdtype, count in (("A", 5), ("AAAA", 3), ("SRV", 1), ("other", 1), ("TXT", 1), ("MX", 0)):
        assert w.risen("onnet_queries_by_type_total", type=rdtype) == count, rdtype
    for rcode, count in (("NOERROR", 9), ("NXDOMAIN", 1), ("REFUSED", 1), ("SERVFAIL", 0)):
        assert w.risen("onnet_query_responses_total", rcode=rcode) == count, rcode
    assert w.risen("onnet_responses_truncated_total") == 1
    assert w.risen("onnet_tcp_accepted_total") == 3
    w.wait(lambda m: m["onnet_tcp_connections"] == 0)


def test_what_can_not_be_read_is_counted(watch):
    w = watch()
    query = dns.message.make_query("example.net", "SOA").to_wire()
    assert w.server.udp(query + b"x") is not None                      # FORMERR
    assert w.server.udp(query[:2] + b"\x20" + query[3:]) is not None   # an opcode of nobody
    w.server.udp(query[:2] + b"\x80" + query[3:], timeout=0.05)           # a response
    w.server.udp(b"short", timeout=0.05)
    w.wait(lambda m: m["onnet_requests_ignored_total"]
           - w.before["onnet_requests_ignored_total"] == 2)
    assert w.risen("onnet_requests_malformed_total") == 1
    assert w.risen("onnet_query_responses_total", rcode="FORMERR") == 1
    assert w.risen("onnet_requests_other_total") == 1
    now = w.scrape()
    assert now.sum("onnet_queries_total") - w.before.sum("onnet_queries_total") == 1


def test_what_the_kernel_drops_is_counted(watch):
    w = watch()
    query = dns.message.make_query("example.net", "SOA").to_wire()
    count = 40000                    # more than a socket's buffer takes
    w.server.process.send_signal(signal.SIGSTOP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", w.server.port))
        for _ in range(count):
            s.send(query)
        w.server.process.send_signal(signal.SIGCONT)
        w.wait(lambda m: m.sum("onnet_queries_total") - w.before.sum("onnet_queries_total")
               + m["onnet_udp_dropped_total"] == count)
    assert w.risen("onnet_udp_dropped_total") > 0


def change(zone="example.net", name="new", key="ops", server=None):
    m = dns.update.UpdateMessage(zone)
    m.add(name, 60, "A", "192.0.2.9")
    return server.update(m, key=key)


def test_updates_are_counted_by_how_they_ended(watch):
    w = watch({"example.net": dict(ZONES["example.net"], update=["ops"])})
    s = w.server
    m = dns.update.UpdateMessage("example.net")
    m.add("new", 60, "A", "192.0.2.9")
    m.use_tsig(servers.tsig_key("ops"))
    wire = m.to_wire()
    assert s.udp(wire)[3] & 15 == 0
    assert s.udp(wire)[3] & 15 == 0                          # a copy
    assert change(key="reseller", server=s).rcode() == 5     # no rule
    m = dns.update.UpdateMessage("example.net")
    m.present("missing")
    assert s.update(m).rcode() == 3
    assert change(zone="example.org", server=s).rcode() == 9
    m = dns.update.UpdateMessage("example.net")
    m.add("x", 60, "A", "192.0.2.9")
    m.use_tsig(servers.tsig_key("ops"))
    damaged = bytearray(m.to_wire())
    damaged[-20] ^= 1
    assert s.udp(bytes(damaged))[3] & 15 == 9

    for rcode, count in (("NOERROR", 2), ("REFUSED", 1), ("NXDOMAIN", 1), ("NOTAUTH", 2)):
        assert w.risen("onnet_updates_total", rcode=rcode) == count, rcode
    for reason in ("access", "prerequisite", "zone", "signature"):
        assert w.risen("onnet_updates_refused_total", reason=reason) == 1, reason
    assert w.risen("onnet_updates_repeated_total") == 1
    assert w.risen("onnet_commit_duration_seconds_count") == 1
    assert w.risen("onnet_commit_updates_sum") == 1
    now = w.scrape()
    assert now.sum("onnet_queries_total") == w.before.sum("onnet_queries_total")
    assert now["onnet_updates_waiting"] == 0


def test_zones_are_shown_as_they_are(watch):
    w = watch()
    s = w.server
    now = w.scrape()
    assert now["onnet_zones"] == 2
    assert now.get("onnet_zone_serial", zone="example.net") == 7
    assert now.get("onnet_zone_numbers", zone="e164.example.net") == 2
    entries = now.get("onnet_zone_log_entries", zone="example.net")
    began = int(time.time())
    for i in range(3):
        assert change(name=f"n{i}", server=s).rcode() == 0
    now = w.scrape()
    assert now.get("onnet_zone_serial", zone="example.net") == s.serial("example.net") == 10
    assert now.get("onnet_zone_names", zone="example.net") == 3 + 3
    assert now.get("onnet_zone_log_entries", zone="example.net") == entries + 3
    assert now.get("onnet_zone_log_bytes", zone="example.net") > 300
    oldest = now.get("onnet_zone_log_oldest_timestamp_seconds", zone="example.net")
    newest = now.get("onnet_zone_change_timestamp_seconds", zone="example.net")
    assert began <= newest <= time.time() and oldest <= newest
    assert now["onnet_store_file_bytes"] == os.path.getsize(s.path("store/data.mdb"))
    assert now["onnet_store_map_bytes"] > now["onnet_store_file_bytes"]
    assert now["process_open_fds"] < now["process_max_fds"]
    assert now["process_start_time_seconds"] <= began + 1


def test_transfers_are_counted(watch):
    w = watch({"example.net": dict(ZONES["example.net"], transfer=["ops"])})
    w.server.content("example.net")
    with w.server.connect() as c:
        c.send(dns.message.make_query("example.net", "AXFR").to_wire())
        assert c.receive()[3] & 15 == 5
    assert w.risen("onnet_transfers_total", direction="out") == 1
    assert w.risen("onnet_transfers_refused_total", direction="out") == 1
    assert w.risen("onnet_transfers_failed_total", direction="out") == 0
    assert w.risen("onnet_queries_by_type_total", type="AXFR") == 2


COPY = "$TTL 60\n@ SOA ns.example. host.example. 5 {} 1 {} 60\n@ NS ns.example.\n"
LASTING, SHORT = COPY.format(3600, 86400), COPY.format(1, 3)
ABOUT_COPIES = ("primary_serial", "checked_timestamp_seconds", "expire_timestamp_seconds", "expired",
                "check_failures")


def follow(primary):
    return {"primary": [{"address": f"{servers.ADDRESS}@{primary.port}", "key": "ops"}]}


def about(now, zone):
    return {what: now.get(f"onnet_zone_{what}", zone=zone) for what in ABOUT_COPIES}


def test_copies_are_shown_as_they_are(watch, start_onnetd):
    primary = start_onnetd({"cat.example": {"catalog": "producer", "update": []},
                            "member.example": {"text": LASTING, "catalog-zone": "cat.example"},
                            "short.example": {"text": SHORT},
                            "refused.example": {"text": LASTING, "transfer": []}})
    w = watch({"cat.example": {"catalog": "consumer", "update": [],
                               "member": {"transfer": "127.0.0.0/8"}, **follow(primary)},
               "short.example": {"update-forward": ["ops"], **follow(primary)}, "refused.example": follow(primary),
               "own.example": {"text": LASTING}})
    now = w.wait(lambda m: m.get("onnet_zone_serial", zone="member.example")
                 and m.get("onnet_zone_serial", zone="short.example")
                 and m.get("onnet_zone_check_failures", zone="refused.example"))
    assert now["onnet_zones"] == 5
    shown = about(now, "member.example")
    assert (shown["primary_serial"], shown["expired"], shown["check_failures"]) == (5, 0, 0)
    assert now["process_start_time_seconds"] <= shown["checked_timestamp_seconds"] <= time.time()
    assert abs(shown["expire_timestamp_seconds"] - shown["checked_timestamp_seconds"] - 86400) <= 2
    shown = about(now, "refused.example")
    assert shown.pop("check_failures") > 0 and shown.pop("primary_serial") == 5
    assert set(shown.values()) == {None}
    assert now.get("onnet_zone_serial", zone="refused.example") is None
    assert set(about(now, "own.example").values()) == {None}
    w.wait(lambda m: m.get("onnet_transfers_total", direction="in") >= 3
           and m.get("onnet_transfers_refused_total", direction="in") >= 1)

    assert change(zone="short.example", server=w.server).rcode() == 0
    assert w.risen("onnet_updates_forwarded_total") == 1

    primary.stop()
    now = w.wait(lambda m: m.get("onnet_zone_expired", zone="short.example") == 1)
    assert now.get("onnet_zone_check_failures", zone="short.example") > 0
    assert now.get("onnet_zone_expire_timestamp_seconds", zone="short.example") <= time.time() + 1
    assert now.get("onnet_zone_expired", zone="member.example") == 0
    assert w.server.query("short.example", "SOA").rcode() == 2

    primary.start()
    w.wait(lambda m: m.get("onnet_zone_expired", zone="short.example") == 0)
    w.server.zones["short.example"] = {"text": SHORT}
    w.server.configure()
    w.server.reload()
    now = w.wait(lambda m: m.get("onnet_reloads_total", outcome="taken") == 1)
    assert set(about(now, "short.example").values()) == {None}, "it is our own now"
    assert about(now, "member.example")["expired"] == 0


def cut(_request):
    yield [soa("copy.example.", 1)]


def notify(server, key):
    m = dns.message.make_query("copy.example", "SOA")
    m.set_opcode(dns.opcode.NOTIFY)
    m.use_tsig(servers.tsig_key(key))
    return server.exchange(m).rcode()


def test_what_comes_from_a_primary_is_counted(watch):
    primary = Primary("copy.example.", 1, cut)
    w = watch({"copy.example": follow(primary)})
    now = w.wait(lambda m: m.get("onnet_transfers_failed_total", direction="in") >= 1)
    assert now.get("onnet_transfers_refused_total", direction="in") == 0
    assert now.get("onnet_transfers_total", direction="in") == 0
    assert notify(w.server, "ops") == 0
    assert notify(w.server, "reader") == 5
    assert w.risen("onnet_notifies_total", direction="in", outcome="taken") == 1
    assert w.risen("onnet_notifies_total", direction="in", outcome="refused") == 1
    primary.close()


def test_updates_that_a_copy_refuses_are_counted(watch, start_onnetd):
    w = watch({"copy.example": follow(start_onnetd({"copy.example": {}}))})
    m = dns.update.UpdateMessage("copy.example")
    m.add("a", 60, "A", "192.0.2.1")
    assert w.server.update(m).rcode() == dns.rcode.REFUSED
    assert w.risen("onnet_updates_total", rcode="REFUSED") == 1
    assert w.risen("onnet_updates_refused_total", reason="access") == 1


def test_connections_that_are_closed_are_counted(watch):
    w = watch(**{"tcp-max-clients": 2, "tcp-idle-timeout": 1, "workers": 1})
    with w.server.connect() as a, w.server.connect() as b:
        w.wait(lambda m: m["onnet_tcp_connections"] == 2)
        with w.server.connect() as c:
            assert c.closed()
        assert a.closed() and b.closed()
    w.wait(lambda m: m["onnet_tcp_connections"] == 0)
    assert w.risen("onnet_tcp_closed_total", reason="limit") == 1
    assert w.risen("onnet_tcp_closed_total", reason="idle") == 2
    assert w.risen("onnet_tcp_accepted_total") == 3  # the first made room for the third


def test_a_reload_is_counted_and_a_restart_begins_anew(watch):
    w = watch()
    s = w.server
    s.query("ns.example.net")
    s.zones["b\\034.example"] = ZONES["example.net"]
    s.configure()
    s.reload()
    now = w.wait(lambda m: m.get("onnet_reloads_total", outcome="taken") == 1)
    assert now["onnet_zones"] == 3
    assert now.get("onnet_zone_serial", zone='b\\".example') == 7
    assert now["onnet_reload_successful"] == 1

    s.write("onnet.yaml", "server: {nonsense: 1}\n")
    s.reload()
    now = w.wait(lambda m: m.get("onnet_reloads_total", outcome="failed") == 1)
    assert now["onnet_reload_successful"] == 0 and now["onnet_zones"] == 3

    s.options["metrics"] = []
    s.configure()
    s.reload()
    s.wait_log("metrics changed; it takes a restart")
    w.wait(lambda m: m["onnet_reload_successful"] == 1)

    s.options["metrics"] = [f"127.0.0.1@{w.port}"]
    s.configure()
    s.restart()
    now = w.scrape()
    assert now.sum("onnet_reloads_total") == 0 and now.get("onnet_queries_by_type_total",
                                                           type="A") == 0


def test_scrapes_while_the_configuration_changes(watch):
    """Nobody looks at a configuration that was freed: what sanitizers would tell of."""
    nowhere = servers.take_port()
    many = {f"z{i}.example": {"update": [], "transfer": []} for i in range(1000)}  # takes a while
    for i in range(100):
        many[f"z{i}.example"]["primary"] = f"{servers.ADDRESS}@{nowhere}"
    w = watch(dict(ZONES, **many))
    s = w.server
    stop = threading.Event()
    faults = []

    def look():
        try:
            while not stop.is_set():
                assert re.search(r"^onnet_zones 100[23]$", metrics.get(w.port)[2], re.MULTILINE)
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for round_ in range(6):
        s.zones["z0.example"] = dict(many["z0.example"], **{"zone-max-size": f"{round_ + 1}G"})
        if round_ % 2:
            del s.zones["example.org"]
        else:
            s.zones["example.org"] = ZONES["example.net"]
        s.configure()
        start = len(s.log())
        s.reload()
        s.wait_log("read again", start)
        assert change(name=f"r{round_}", server=s).rcode() == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults, faults
    servers.release_port(nowhere)


def test_the_door_takes_nothing_but_get(watch):
    w = watch()
    assert metrics.get(w.port, "/")[0] == 404
    assert metrics.get(w.port, "/metrics?name=x")[0] == 200
    status, headers, _ = metrics.get(w.port, method="POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert metrics.get(w.port, method="PUT")[0] == 405
    status, headers, text = metrics.get(w.port, method="HEAD")
    assert status == 200 and text == "" and int(headers["Content-Length"]) > 5000
    for octets in (b"\0\xff\x16\x03\x01", b"GET " + b"a" * 70000, b"\r\n\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", w.port), servers.PATIENCE) as c:
            try:
                c.sendall(octets)
            except ConnectionError:
                pass
    w.scrape()


def test_idle_connections_take_no_room_from_dns(watch):
    w = watch()
    idle = [socket.create_connection(("127.0.0.1", w.port), servers.PATIENCE) for _ in range(40)]
    assert w.server.query("ns.example.net").rcode() == 0
    for c in idle:
        c.close()
    end = time.monotonic() + servers.PATIENCE
    while True:
        try:
            w.scrape()
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_an_address_that_is_taken_is_told(start_onnetd):
    port = servers.take_port()
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(servers.Broken, match=f"metrics: cannot listen at .*{port}"):
            start_onnetd(dict(ZONES), server={"metrics": [f"127.0.0.1@{port}"]})
    servers.release_port(port)


WORD = re.compile(r"\b(?:onnet|process)_[a-z0-9_]+")


def expressions():
    """(file, expression) of all that the examples ask Prometheus for."""
    with open(os.path.join(EXAMPLES, "grafana.json"), encoding="utf-8") as f:
        board = json.load(f)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]
    with open(os.path.join(EXAMPLES, "prometheus-alerts.yaml"), encoding="utf-8") as f:
        for found in re.finditer(r"^ +expr: (.*)$", f.read(), re.MULTILINE):
            yield "prometheus-alerts.yaml", found.group(1)


def test_examples_and_manual_name_metrics_that_there_are(watch, start_onnetd):
    primary = start_onnetd({"copy.example": {"text": LASTING}})
    w = watch(dict(ZONES, **{"copy.example": {"text": LASTING, **follow(primary)}}))
    assert change(server=w.server).rcode() == 0   # what has changed has a time of that
    now = w.wait(lambda m: m.get("onnet_zone_primary_serial", zone="copy.example"))
    asked = list(expressions())
    assert len(asked) > 40
    used = {name for _, e in asked for name in WORD.findall(e)}
    assert used - now.names() == set()

    with open(os.path.join(servers.ROOT, "man", "onnetd.8"), encoding="utf-8") as f:
        manual = set(WORD.findall(f.read()))
    assert {m for m in now.types if m.startswith("onnet_")} - manual == set()
    assert manual - set(now.types) == set()
