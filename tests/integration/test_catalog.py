# SPDX-License-Identifier: GPL-3.0-or-later
"""Catalog zones (RFC 9432): onnetd makes one that named and knotd follow, and follows others."""
import json
import signal
import time

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import certificates
import servers
import test_stat
import test_tls as tls_servers

HEAD = "$TTL 60\n@ SOA ns.example. hostmaster.example. 1 3600 1 86400 60\n@ NS ns.example.\n"


def member(name, **more):
    return {"text": f"{HEAD}@ TXT \"{name}\"\n", "catalog-zone": "cat.example", **more}


def producer_zones():
    return {"cat.example": {"catalog": "producer", "update": []},
            "a.example": member("a"),
            "b.example": member("b", **{"catalog-group": "gold"}),
            "other.example": {"text": HEAD}}


def wait_for(what):
    end = time.monotonic() + servers.PATIENCE
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.02)
    raise AssertionError("the state never came")


def rcode(server, name):
    return dns.rcode.to_text(server.query(name, "TXT").rcode())


def text(server, name):
    """What the TXT record at the name says; None where there is none."""
    r = server.query(name, "TXT")
    return r.answer[0][0].strings[0].decode() if r.answer else None


def reload(server, zones):
    start = len(server.log())
    server.zones = zones
    server.configure()
    server.reload()
    server.wait_log("read again", start)


def listed(server, catalog="cat.example.", key="ops"):
    """{zone: label} and {zone: group}, read as a consumer does; the version is checked."""
    pointers, groups, versions = {}, {}, []
    for owner, rdtype, _, rdata in server.content(catalog, key):
        labels = owner.to_text()[:-len(catalog)].rstrip(".").split(".")
        if labels == ["version"]:
            versions.append(rdata.to_text())
        elif rdtype == dns.rdatatype.PTR and labels[1:] == ["zones"]:
            pointers[labels[0]] = rdata.to_text()
        elif rdtype == dns.rdatatype.TXT and labels[0] == "group":
            groups[labels[1]] = rdata.strings[0].decode()
    assert versions == ['"2"']
    return ({zone: label for label, zone in pointers.items()},
            {pointers[label]: group for label, group in groups.items()})


# The producer

def test_a_catalog_says_what_the_configuration_says(start_onnetd):
    server = start_onnetd(producer_zones())
    labels, groups = listed(server)
    assert set(labels) == {"a.example.", "b.example."}
    assert groups == {"b.example.": "gold"}
    serial = server.serial("cat.example")

    m = dns.update.UpdateMessage("cat.example")
    m.add("x.zones", 0, "PTR", "evil.example.")
    assert server.update(m).rcode() == dns.rcode.REFUSED

    zones = producer_zones()
    reload(server, zones)
    assert server.serial("cat.example") == serial, "nothing was to be changed"
    server.restart()
    assert server.serial("cat.example") == serial

    del zones["b.example"]
    zones["c.example"] = member("c")
    reload(server, zones)
    after, groups = listed(server)
    assert set(after) == {"a.example.", "c.example."} and groups == {}
    assert after["a.example."] == labels["a.example."], "a label stays as long as its zone"
    assert server.serial("cat.example") == serial + 1, "one change"


def notify(server, zone, key=None):
    m = dns.message.make_query(zone, "SOA")
    m.set_opcode(dns.opcode.NOTIFY)
    m.flags |= dns.flags.AA
    if key:
        m.use_tsig(servers.tsig_key(key))
    assert server.exchange(m).rcode() == dns.rcode.NOERROR


class NamedConsumer(servers.Named):
    def __init__(self, *args, source, **more):
        self.source = source
        super().__init__(*args, **more)

    def configure(self):
        super().configure()
        with open(self.path("named.conf"), encoding="ascii") as f:
            conf = f.read()
        conf = conf.replace("options {", "options {\n\tcatalog-zones { zone \"cat.example\" "
                            f"default-primaries {{ 127.0.0.1 port {self.source}; }} "
                            "in-memory yes; };\n\tallow-new-zones yes; min-retry-time 1;", 1)
        conf += ('zone "cat.example" { type secondary; file "cat.zone"; '
                 f"primaries {{ 127.0.0.1 port {self.source}; }}; }};\n")
        self.write("named.conf", conf)


class KnotdConsumer(servers.Knotd):
    def __init__(self, *args, source, **more):
        self.source = source
        super().__init__(*args, **more)

    def configure(self):
        super().configure()
        with open(self.path("knot.conf"), encoding="ascii") as f:
            conf = f.read()
        conf = conf[:conf.index("acl:\n")] + f"""remote:
  - id: primary
    address: 127.0.0.1@{self.source}
acl:
  - id: told
    address: 127.0.0.1
    action: notify
template:
  - id: default
    storage: {self.directory}
  - id: member
    storage: {self.directory}
    master: primary
    acl: told
zone:
  - domain: cat.example
    master: primary
    acl: told
    catalog-role: interpret
    catalog-template: member
"""
        self.write("knot.conf", conf)


@pytest.mark.parametrize("kind", [NamedConsumer, KnotdConsumer])
def test_others_follow_a_catalog(kind, start_onnetd, tmp_path):
    zones = producer_zones()
    source = start_onnetd(zones)
    consumer = kind(tmp_path / "consumer", {}, source=source.port)
    try:
        consumer.start(wait=False)
        wait_for(lambda: consumer.udp(dns.message.make_query(".", "SOA").to_wire(), 0.2))
        wait_for(lambda: text(consumer, "a.example") == "a")
        wait_for(lambda: text(consumer, "b.example") == "b")
        assert rcode(consumer, "other.example") == "REFUSED"

        del zones["b.example"]
        zones["c.example"] = member("c")
        reload(source, zones)
        notify(consumer, "cat.example")
        wait_for(lambda: text(consumer, "c.example") == "c")
        wait_for(lambda: rcode(consumer, "b.example") == "REFUSED")
        assert text(consumer, "a.example") == "a"
    finally:
        consumer.close()


# The consumer, of catalogs that are its own and changed by updates

def consumer_zones(nowhere, **more):
    """Two catalogs; the members of the first have entries for two groups and one for all."""
    def entry(**words):
        return {"primary": f"127.0.0.1@{nowhere}", **words}
    return {"cat1.example": {"catalog": "consumer",
                             "text": HEAD + 'version TXT "2"\n',
                             "member": [entry(group="open", transfer="127.0.0.0/8"), entry()]},
            "cat2.example": {"catalog": "consumer", "text": HEAD + 'version TXT "2"\n',
                             "member": [entry(group="only")]},
            "mine.example": {"text": HEAD + '@ TXT "mine"\n'}, **more}


@pytest.fixture
def nowhere():
    port = servers.take_port()
    yield port
    servers.release_port(port)


def change(server, catalog, *lines):
    """Lines of "+ NAME TYPE RDATA" and "- NAME"."""
    m = dns.update.UpdateMessage(catalog)
    for line in lines:
        sign, name, *rest = line.split(" ", 3)
        if sign == "+":
            m.add(name, 0, *rest)
        else:
            m.delete(name)
    assert server.update(m).rcode() == dns.rcode.NOERROR


def served(server, name):
    """A zone that has no records yet fails; one that is none of ours is refused."""
    return rcode(server, name) != "REFUSED"


def test_zones_come_and_go(start_onnetd, nowhere):
    server = start_onnetd(consumer_zones(nowhere))
    change(server, "cat1.example", "+ u1.zones PTR m1.example.", "+ u2.zones PTR m2.example.",
           "+ u3.zones PTR mine.example.")
    wait_for(lambda: served(server, "m1.example") and served(server, "m2.example"))
    assert rcode(server, "m1.example") == "SERVFAIL"
    server.wait_log("cat1.example.*zone mine.example. is left alone")
    assert text(server, "mine.example") == "mine"

    change(server, "cat1.example", "- u1.zones")
    wait_for(lambda: not served(server, "m1.example"))
    assert served(server, "m2.example")
    server.restart()
    assert served(server, "m2.example") and not served(server, "m1.example")
    reload(server, server.zones)
    assert served(server, "m2.example")

    zones = dict(server.zones)
    del zones["cat1.example"]
    reload(server, zones)
    assert not served(server, "m2.example")


def test_what_is_broken_changes_nothing(start_onnetd, nowhere):
    server = start_onnetd(consumer_zones(nowhere))
    change(server, "cat1.example", "+ u1.zones PTR m1.example.")
    wait_for(lambda: served(server, "m1.example"))
    for lines, why in ((("- version", "- u1.zones"), "it has no version"),
                       (("+ version TXT 3",), "its version is not 2"),
                       (("+ version TXT 2",), "it has several versions")):
        start = len(server.log())
        change(server, "cat1.example", *lines)
        server.wait_log(f"cat1.example is not followed: {why}", start)
        assert served(server, "m1.example")
    server.restart()
    assert served(server, "m1.example")
    change(server, "cat1.example", "- version")
    change(server, "cat1.example", "+ version TXT 2")
    wait_for(lambda: not served(server, "m1.example"))


def test_groups_choose_an_entry(start_onnetd, nowhere):
    zones = consumer_zones(nowhere, **{"m1.example": {"text": HEAD}, "m2.example": {"text": HEAD},
                                       "m3.example": {"text": HEAD}})
    server = start_onnetd(zones)  # so that there are records to be transferred
    reload(server, consumer_zones(nowhere))
    assert not served(server, "m1.example")
    change(server, "cat1.example", "+ u1.zones PTR m1.example.", "+ group.u1.zones TXT open",
           "+ u2.zones PTR m2.example.", "+ group.u2.zones TXT other")
    wait_for(lambda: served(server, "m1.example") and served(server, "m2.example"))

    def may_copy(zone):
        r = server.query(zone, "AXFR", tcp=True)
        return r.rcode() == dns.rcode.NOERROR

    assert may_copy("m1.example") and not may_copy("m2.example")
    change(server, "cat1.example", "- group.u1.zones")
    change(server, "cat1.example", "+ group.u2.zones TXT open")
    wait_for(lambda: may_copy("m2.example") and not may_copy("m1.example"))

    change(server, "cat2.example", "+ u3.zones PTR m3.example.")
    server.wait_log("m3.example. is not served: no entry")
    assert not served(server, "m3.example")


def test_another_label_begins_a_zone_anew(start_onnetd, nowhere):
    zones = consumer_zones(nowhere, **{"m1.example": {"text": HEAD + '@ TXT "old"\n'}})
    server = start_onnetd(zones)
    reload(server, consumer_zones(nowhere))
    change(server, "cat1.example", "+ u1.zones PTR m1.example.")
    wait_for(lambda: text(server, "m1.example") == "old")
    change(server, "cat1.example", "- u1.zones", "+ u2.zones PTR m1.example.")
    wait_for(lambda: rcode(server, "m1.example") == "SERVFAIL")
    server.wait_log("m1.example. begins anew")
    server.restart()
    assert rcode(server, "m1.example") == "SERVFAIL"


def test_a_zone_moves_to_another_catalog(start_onnetd, nowhere):
    zones = consumer_zones(nowhere, **{"m1.example": {"text": HEAD + '@ TXT "old"\n'}})
    server = start_onnetd(zones)
    reload(server, consumer_zones(nowhere))
    change(server, "cat1.example", "+ u1.zones PTR m1.example.")
    wait_for(lambda: text(server, "m1.example") == "old")
    change(server, "cat2.example", "+ u1.zones PTR m1.example.", "+ group.u1.zones TXT only")
    server.wait_log("cat2.example.*m1.example. is left alone")
    change(server, "cat1.example", "+ coo.u1.zones PTR cat2.example.")
    server.wait_log("cat2.example.: zone m1.example. is another one's")
    change(server, "cat1.example", "- u1.zones")
    time.sleep(0.1)
    assert text(server, "m1.example") == "old"
    change(server, "cat2.example", "- u1.zones")
    wait_for(lambda: not served(server, "m1.example"))


def test_the_change_log_of_a_member_gets_shorter_without_updates(start_onnetd, nowhere):
    """Whoever minds change logs goes over to the zones that a catalog brought, and lets the ones before go."""
    zones = consumer_zones(nowhere, **{"m1.example": {"text": HEAD, "update": ["ops"]}})
    zones["cat1.example"]["member"] = [{"primary": f"127.0.0.1@{nowhere}", "log-age": "1s"}]
    server = start_onnetd(zones)
    change(server, "m1.example", "+ x TXT x")
    del zones["m1.example"]
    reload(server, zones)
    time.sleep(2.1)  # so that the change is older than a second
    change(server, "cat1.example", "+ u1.zones PTR m1.example.")

    def entries():
        stat = json.loads(test_stat.run(server, "stat", "--json").stdout)
        return {zone["domain"]: zone["log_entries"] for zone in stat["zones"]}["m1.example"]

    wait_for(lambda: served(server, "m1.example") and entries() == 0)


def test_a_zone_that_is_declared_is_no_catalogs_any_more(start_onnetd, nowhere):
    server = start_onnetd(consumer_zones(nowhere))
    change(server, "cat1.example", "+ u1.zones PTR m1.example.")
    wait_for(lambda: served(server, "m1.example"))
    reload(server, consumer_zones(nowhere, **{"m1.example": {"text": HEAD + '@ TXT "ours"\n'}}))
    assert text(server, "m1.example") == "ours"
    change(server, "cat1.example", "- u1.zones")
    time.sleep(0.1)
    assert text(server, "m1.example") == "ours"
    server.restart()
    assert text(server, "m1.example") == "ours"


def test_many_changes_while_it_is_asked(start_onnetd, nowhere):
    """Whatever number of changes become one following, the last one counts."""
    server = start_onnetd(consumer_zones(nowhere))
    for n in range(40):
        change(server, "cat1.example", f"+ u{n}.zones PTR m{n}.example.",
               *([f"- u{n - 10}.zones"] if n >= 10 else []))
        assert text(server, "mine.example") == "mine"
    wait_for(lambda: all(served(server, f"m{n}.example") == (n >= 30) for n in range(40)))


# The consumer, of catalogs that it copies from others

def consumer_of(port, **more):
    return {"cat.example": {"catalog": "consumer", "update": [],
                            "primary": {"address": f"127.0.0.1@{port}", **more},
                            "member": {"transfer": "127.0.0.0/8"}}}


def follows(consumer, source, zones, change):
    """Zones come, one goes and one comes, and the records are the same on both sides."""
    for zone in zones:
        wait_for(lambda z=zone: text(consumer, z) == z.split(".", maxsplit=1)[0])
        assert consumer.content(zone, None) == source.content(zone, None)
    change()
    notify(consumer, "cat.example")
    wait_for(lambda: text(consumer, "c.example") == "c")
    wait_for(lambda: rcode(consumer, "b.example") == "REFUSED")
    assert text(consumer, "a.example") == "a"
    consumer.restart()
    assert text(consumer, "a.example") == "a" and text(consumer, "c.example") == "c"
    assert rcode(consumer, "b.example") == "REFUSED"


def test_onnetd_follows_onnetd(start_onnetd):
    zones = producer_zones()
    source = start_onnetd(zones)

    def change_list():
        del zones["b.example"]
        zones["c.example"] = member("c")
        reload(source, zones)

    follows(start_onnetd(consumer_of(source.port)), source, ["a.example", "b.example"],
            change_list)


def test_onnetd_follows_a_catalog_written_by_hand(start_onnetd, start_named):
    zones = {z: {"text": f"{HEAD}@ TXT \"{z[0]}\"\n", "transfer": ["127.0.0.0/8"]}
             for z in ("a.example", "b.example", "c.example")}
    source = start_named({"cat.example": {
        "text": HEAD + 'version TXT "2"\n1.zones PTR a.example.\n2.zones PTR b.example.\n',
        "transfer": ["127.0.0.0/8"]}, **zones})
    follows(start_onnetd(consumer_of(source.port)), source, ["a.example", "b.example"],
            lambda: change(source, "cat.example", "- 2.zones", "+ 3.zones PTR c.example."))


class KnotdProducer(servers.Knotd):
    """Its zones are members of the catalog that it makes."""

    def configure(self):
        super().configure()
        with open(self.path("knot.conf"), encoding="ascii") as f:
            conf = f.read()
        for domain in self.zones:
            at = conf.index(f'  - domain: "{domain}"\n') + len(f'  - domain: "{domain}"\n')
            conf = (conf[:at] + "    catalog-role: member\n    catalog-zone: cat.example\n"
                    + conf[at:])
        conf = conf.replace("acl:\n", "acl:\n  - id: copies\n    address: 127.0.0.0/8\n"
                            "    action: transfer\n", 1)
        conf += ("  - domain: cat.example\n    catalog-role: generate\n    acl: copies\n")
        self.write("knot.conf", conf)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)


def test_onnetd_follows_knotd(start_onnetd, tmp_path):
    zones = {z: {"text": f"{HEAD}@ TXT \"{z[0]}\"\n", "transfer": ["127.0.0.0/8"], "update": []}
             for z in ("a.example", "b.example")}
    source = KnotdProducer(tmp_path / "knotd", zones)

    def change_list():
        del source.zones["b.example"]
        source.zones["c.example"] = {"text": f"{HEAD}@ TXT \"c\"\n", "update": [],
                                     "transfer": ["127.0.0.0/8"]}
        source.configure()
        source.reload()
        wait_for(lambda: text(source, "c.example") == "c" and
                 "c.example." in listed(source, key=None)[0])

    try:
        source.start()
        follows(start_onnetd(consumer_of(source.port)), source, ["a.example", "b.example"],
                change_list)
    finally:
        source.close()


def test_a_fleet_over_tls(tmp_path):
    """As onnet.yaml(5) has it: one that is changed, one that follows, TLS and TSIG between them."""
    authority = certificates.Authority(tmp_path / "authority")
    rule = {"transfer": {"key": "ops", "tls": "on"}}
    zones = {z: {**words, **rule} for z, words in producer_zones().items()}
    source = tls_servers.TlsServer(tmp_path / "source", zones, authority=authority).start()
    consumer = None
    try:
        consumer = tls_servers.TlsServer(
            tmp_path / "consumer", consumer_of(source.tls_port, tls=tls_servers.NAME, key="ops"),
            authority=authority).start()
        wait_for(lambda: text(consumer, "a.example") == "a" and text(consumer, "b.example") == "b")
        m = dns.update.UpdateMessage("a.example")
        m.add("new", 60, "TXT", "new")
        assert source.update(m).rcode() == dns.rcode.NOERROR
        notify(consumer, "a.example", "ops")
        wait_for(lambda: text(consumer, "new.a.example") == "new")
    finally:
        if consumer:
            consumer.close()
        source.close()
