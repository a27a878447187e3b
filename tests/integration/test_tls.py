# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS over TLS (RFC 7858) and transfers over it (RFC 9103): onnetd, onnet, and their peers."""
import os
import shutil
import socket
import ssl
import subprocess
import time

import dns.edns
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update
import dns.zone
import pytest

import certificates
import servers
from publish import Result

HEAD = """$TTL 60
@ SOA ns.example.net. hostmaster.example.net. 1 1 1 86400 60
@ NS ns.example.net.
"""
MANY = HEAD + "".join(f'{n % 10}.{n // 10 % 10}.{n // 100 % 10}.{n // 1000} NAPTR 100 10 "u" '
                      f'"E2U+sip" "!^.*$!sip:{n}@gw.example.net!" .\n' for n in range(1000))
ZONES = {
    "example.net": {"text": HEAD + "ns A 127.0.0.1\n",
                    "transfer": ["ops", {"key": "reader", "tls": "on"}]},
    "many.example": {"text": MANY, "transfer": ["ops", {"address": "127.0.0.0/8", "tls": "on"}]},
}
NAME = "ns1.example.net"


class TlsServer(servers.Onnetd):
    """onnetd with a port for TLS beside the other one."""

    def __init__(self, *args, authority, certificate=None, **more):
        self.authority = authority
        self.certificate = certificate or authority.sign(NAME)
        self.tls_port = servers.take_port()
        super().__init__(*args, **more)

    def configuration(self):
        conf = super().configuration()
        conf["server"].setdefault("listen-tls", f"127.0.0.1@{self.tls_port}")
        conf["tls"] = {"certificate": self.certificate[0], "key": self.certificate[1],
                       "authorities": self.authority.file}
        return conf

    def close(self):
        try:
            super().close()
        finally:
            servers.release_port(self.tls_port)

    def connect_tls(self, alpn=("dot",), newest=ssl.TLSVersion.TLSv1_3, name=NAME):
        """A stream over TLS, its certificate checked."""
        context = ssl.create_default_context(cafile=self.authority.file)
        context.maximum_version = newest
        if alpn:
            context.set_alpn_protocols(list(alpn))
        stream = servers.Stream("127.0.0.1", self.tls_port, servers.PATIENCE)
        stream.socket = context.wrap_socket(stream.socket, server_hostname=name)
        return stream

    def ask_tls(self, message, **more):
        with self.connect_tls(**more) as s:
            s.send(message.to_wire())
            return dns.message.from_wire(s.receive(), keyring=message.keyring,
                                         request_mac=message.mac)


class Tool:
    """onnet over TLS, with the authorities of a configuration of its own."""

    def __init__(self, directory, port, authority):
        self.conf = os.path.join(str(directory), "tool.yaml")
        algorithm, secret = servers.KEYS["ops"]
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(servers.yaml({"server": {"listen": f"127.0.0.1@{port}"},
                                  "tls": {"authorities": authority.file},
                                  "key": [{"id": "ops", "algorithm": algorithm,
                                           "secret": secret}]}))
        self.port = port

    def run(self, *words, name=NAME, code=0, stdin=None):
        done = subprocess.run([os.path.join(servers.BUILD, "onnet"), "-c", self.conf, "--server",
                               f"127.0.0.1@{self.port}", "--tls", name, *words], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False)
        assert not servers.SANITIZER.search(done.stderr), done.stderr
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return Result(done)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


def serve(directory, authority, zones=None, **more):
    server = TlsServer(directory, zones or ZONES, authority=authority, **more)
    try:
        return server.start()
    except BaseException:
        server.close()
        raise


@pytest.fixture(scope="module")
def server(tmp_path_factory, authority):
    directory = tmp_path_factory.mktemp("tls")
    server = serve(directory / "onnetd", authority)
    yield server
    server.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def own(tmp_path, authority):
    """A function that starts a server for one test."""
    started = []

    def start(**more):
        started.append(serve(tmp_path / f"own{len(started)}", authority, **more))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def tool(server, tmp_path_factory, authority):
    return Tool(tmp_path_factory.mktemp("tool"), server.tls_port, authority)


def question(name="ns.example.net", rdtype="A", key=None):
    m = dns.message.make_query(name, rdtype)
    if key:
        m.use_tsig(servers.tsig_key(key))
    return m


def transfer_tls(server, zone, key=None, **more):
    """The records of a transfer over TLS; the RCODE where there are none."""
    m = question(zone, "AXFR", key)
    records, soas, state = [], 0, None
    with server.connect_tls(**more) as s:
        s.send(m.to_wire())
        while soas < 2:
            r = dns.message.from_wire(s.receive(), keyring=m.keyring, request_mac=m.mac,
                                      tsig_ctx=state, multi=key is not None, xfr=True)
            if r.rcode() != dns.rcode.NOERROR:
                return dns.rcode.to_text(r.rcode())
            state = r.tsig_ctx
            records += [(rrset.name, rrset.rdtype, rrset.ttl, rdata)
                        for rrset in r.answer for rdata in rrset]
            soas = sum(record[1] == dns.rdatatype.SOA for record in records)
    return {record for record in records if record[1] != dns.rdatatype.SOA}


# Queries and updates

@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("alpn", [(), ("dot",), ("h2", "dot")])
def test_a_question(server, newest, alpn):
    r = server.ask_tls(question(), newest=newest, alpn=alpn)
    assert r.answer[0][0].address == "127.0.0.1"


def test_a_client_of_another_protocol_is_turned_away(server):
    with pytest.raises(ssl.SSLError):
        server.ask_tls(question(), alpn=("h2",))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_old_tls_is_turned_away(server):
    context = ssl.create_default_context(cafile=server.authority.file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", server.tls_port)) as s, \
            pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(s, server_hostname=NAME)


def test_many_questions_in_one_record_and_one_question_in_many(server):
    wires = [question(f"{n % 10}.0.0.0.many.example", "NAPTR").to_wire() for n in range(200)]
    data = b"".join(len(w).to_bytes(2, "big") + w for w in wires)
    with server.connect_tls() as s:
        s.send_raw(data)
        answers = [dns.message.from_wire(s.receive()) for _ in wires]
        assert all(len(a.answer) == 1 for a in answers)
        for octet in data[:len(wires[0]) + 2]:
            s.send_raw(bytes([octet]))
        assert dns.message.from_wire(s.receive()).id == dns.message.from_wire(wires[0]).id


def test_more_questions_than_the_client_reads_answers_of(server):
    wire_ = question("many.example", "SOA").to_wire()
    count = 5000
    with server.connect_tls() as s:
        s.socket.setblocking(False)
        data = (len(wire_).to_bytes(2, "big") + wire_) * count
        sent, got = 0, b""
        while sent < len(data):  # nothing is read until nothing can be sent any more
            try:
                sent += s.socket.send(data[sent:sent + 16384])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                s.socket.setblocking(True)
                got += s.socket.recv(65536)
                s.socket.setblocking(False)
        s.socket.setblocking(True)
        size = None
        while size is None or len(got) < size:
            size = (int.from_bytes(got[:2], "big") + 2) * count if len(got) > 2 else None
            if size is None or len(got) < size:
                part = s.socket.recv(65536)
                assert part
                got += part


@pytest.mark.parametrize("name", ["ns.example.net", "many.example", "nothing.example.net"])
def test_responses_are_padded_where_that_is_asked_for(server, name):
    """RFC 7830, RFC 8467 4.1."""
    m = dns.message.make_query(name, "ANY", options=[dns.edns.GenericOption(12, b"")])
    with server.connect_tls() as s:
        s.send(m.to_wire())
        r = s.receive()
        assert len(r) % 468 == 0
        assert any(o.otype == 12 for o in dns.message.from_wire(r).options)
        s.send(dns.message.make_query(name, "ANY", use_edns=0).to_wire())
        assert len(s.receive()) % 468 != 0
    assert len(server.tcp(m.to_wire())) % 468 != 0, "not where everybody can read it"


def test_a_padded_transfer_is_signed_as_any(server):
    m = question("many.example", "AXFR")
    m.use_edns(0, options=[dns.edns.GenericOption(12, b"")])
    m.use_tsig(servers.tsig_key("ops"))
    soas, state = 0, None
    with server.connect_tls() as s:
        s.send(m.to_wire())
        while soas < 2:
            r = dns.message.from_wire(s.receive(), keyring=m.keyring, request_mac=m.mac,
                                      tsig_ctx=state, multi=True, xfr=True)
            state = r.tsig_ctx
            soas += sum(len(rrset) for rrset in r.answer if rrset.rdtype == dns.rdatatype.SOA)


def test_a_signed_update(server):
    m = dns.update.UpdateMessage("example.net")
    m.add("over-tls", 60, "A", "192.0.2.7")
    m.use_tsig(servers.tsig_key("ops"))
    assert server.ask_tls(m).rcode() == dns.rcode.NOERROR
    assert server.query("over-tls.example.net").answer[0][0].address == "192.0.2.7"


def test_kdig_checks_the_certificate(server):
    words = ["kdig", "@127.0.0.1", "-p", str(server.tls_port), f"+tls-ca={server.authority.file}",
             "+short", "+retry=0"]
    good = subprocess.run([*words, f"+tls-hostname={NAME}", "ns.example.net", "A"],
                          capture_output=True, text=True, check=False)
    assert good.stdout.strip() == "127.0.0.1", good
    bad = subprocess.run([*words, "+tls-hostname=other.example", "ns.example.net", "A"],
                         capture_output=True, text=True, check=False)
    assert bad.stdout.strip() != "127.0.0.1", bad


# Transfers

def want(text, origin):
    zone = dns.zone.from_text(text, origin, relativize=False, check_origin=False)
    return {(n, d.rdtype, t, d) for n, t, d in zone.iterate_rdatas()
            if d.rdtype != dns.rdatatype.SOA}


def test_a_transfer(server):
    assert transfer_tls(server, "many.example") == want(MANY, "many.example.")


def test_a_signed_transfer(server):
    assert transfer_tls(server, "many.example", "ops") == want(MANY, "many.example.")


def test_a_rule_that_wants_tls(server):
    """RFC 9103 11: the policy is the primary's to set."""
    with pytest.raises(dns.query.TransferError, match="REFUSED"):
        server.transfer("example.net", "reader")
    assert transfer_tls(server, "example.net", "reader")
    assert server.transfer("example.net", "ops"), "another rule does without TLS"
    server.wait_log(r"transfer refused: zone=example.net. .*key=reader.*over TLS alone")


def test_a_transfer_takes_tls_1_3_and_the_token(server):
    """RFC 9103 7.1, 7.2."""
    assert transfer_tls(server, "many.example", newest=ssl.TLSVersion.TLSv1_2) == "REFUSED"
    assert transfer_tls(server, "many.example", alpn=()) == "REFUSED"
    assert transfer_tls(server, "example.net", "ops", alpn=()) == "REFUSED"


class NamedSecondary(servers.Named):
    """named that transfers from a port over TLS; zones: {domain: {}}."""

    def __init__(self, *args, source, authority, name=NAME, **more):
        self.source, self.authority, self.name = source, authority, name
        super().__init__(*args, **more)

    def configure(self):
        super().configure()
        with open(self.path("named.conf"), encoding="ascii") as f:
            text = f.read()
        text += (f'tls t {{ ca-file "{self.authority.file}"; remote-hostname "{self.name}"; '
                 "protocols { TLSv1.3; }; };\n")
        for domain in ZONES:
            text += (f'zone "{domain}" {{ type secondary; file "{self.zone_file(domain)}"; '
                     f"primaries {{ 127.0.0.1 port {self.source} key ops tls t; }};\n"
                     "\tallow-transfer { 127.0.0.0/8; };\n};\n")
        self.write("named.conf", text)


def wait_for(what):
    end = time.monotonic() + servers.PATIENCE
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("the state never came")


def has_all(secondary, domain, count):
    r = secondary.query(domain, "SOA")
    return r.rcode() == dns.rcode.NOERROR and r.answer and \
        len(secondary.content(domain, None)) >= count


def run(server):
    try:
        server.start(wait=False)
        server.zones = ZONES
        server.wait_ready()
    except BaseException:
        server.close()
        raise
    return server


def test_named_transfers_over_tls(server, authority, tmp_path):
    secondary = run(NamedSecondary(tmp_path / "named", {}, source=server.tls_port,
                                   authority=authority))
    try:
        wait_for(lambda: has_all(secondary, "many.example", 1000))
        assert secondary.content("many.example", None) == server.content("many.example", "ops")
    finally:
        secondary.close()


class NsdSecondary(servers.Nsd):
    def __init__(self, *args, source, authority, **more):
        self.source, self.authority = source, authority
        super().__init__(*args, **more)

    def configure(self):
        super().configure()
        with open(self.path("nsd.conf"), encoding="ascii") as f:
            text = f.read()
        text = text.replace("server:\n", f'server:\n\ttls-cert-bundle: "{self.authority.file}"\n', 1)
        text += f'tls-auth:\n\tname: t\n\tauth-domain-name: "{NAME}"\n'
        for domain in ZONES:
            text += (f'zone:\n\tname: "{domain}"\n\tzonefile: "{self.zone_file(domain)}"\n'
                     f"\trequest-xfr: AXFR 127.0.0.1@{self.source} ops t\n"
                     "\tprovide-xfr: 127.0.0.0/8 NOKEY\n")
        self.write("nsd.conf", text)


def test_nsd_transfers_over_tls(server, authority, tmp_path):
    secondary = run(NsdSecondary(tmp_path / "nsd", {}, source=server.tls_port,
                                 authority=authority))
    try:
        wait_for(lambda: has_all(secondary, "many.example", 1000))
        assert secondary.content("many.example", None) == server.content("many.example", "ops")
    finally:
        secondary.close()


# The tool

def test_onnet_over_tls(tool, server):
    out = tool.run("zone", "export", "many.example", "--key", "none").out
    assert out.count("NAPTR") == 1000
    tool.run("record", "add", "tool.example.net", "60", "A", "192.0.2.9", "--zone", "example.net")
    assert server.query("tool.example.net").answer[0][0].address == "192.0.2.9"
    assert "192.0.2.9" in tool.run("record", "show", "tool.example.net").out


def test_onnet_streams_updates_over_tls(tool, server):
    lines = "".join(f"+1202555{n:04},sip:{n}@gw.example.net\n" for n in range(1000))
    tool.run("number", "import", "-", "--zone", "example.net", stdin=lines)
    r = server.query("9.9.9.0.5.5.5.2.0.2.1.example.net", "NAPTR")
    assert b"sip:999@" in r.answer[0][0].regexp


def test_onnet_says_what_is_wrong_with_a_certificate(own, authority, tmp_path):
    other = certificates.Authority(tmp_path / "other")
    for certificate, name, text in (
            (authority.sign("ns2.example.net"), NAME,
             "its certificate is for ns2.example.net, not ns1.example.net"),
            (authority.sign(NAME, -1), NAME, "its certificate has expired"),
            (authority.sign(NAME, named=False), NAME, "it has no subjectAltName"),
            (other.sign(NAME), NAME, "is not from an authority that is trusted here")):
        server = own(certificate=certificate)
        tool = Tool(tmp_path, server.tls_port, authority)
        for words in (("zone", "export", "many.example", "--key", "none"),
                      ("record", "show", "ns.example.net")):
            r = tool.run(*words, name=name, code=4)
            assert text in r.err, r.err
        server.stop()


def test_onnet_where_nobody_speaks_tls(server, tmp_path, authority):
    tool = Tool(tmp_path, server.port, authority)
    r = tool.run("--timeout", "0.2", "record", "show", "ns.example.net", code=4)
    assert "no TLS handshake" in r.err


class NamedTls(servers.Named):
    """named with a port for TLS beside the other one."""

    def __init__(self, *args, authority, **more):
        self.authority = authority
        self.tls_port = servers.take_port()
        super().__init__(*args, **more)

    def configure(self):
        super().configure()
        file, key = self.authority.sign(NAME)
        with open(self.path("named.conf"), encoding="ascii") as f:
            text = f.read()
        text = f'tls t {{ cert-file "{file}"; key-file "{key}"; }};\n' + text.replace(
            "options {\n", f"options {{\n\tlisten-on port {self.tls_port} tls t {{ 127.0.0.1; }};\n")
        self.write("named.conf", text)

    def close(self):
        super().close()
        servers.release_port(self.tls_port)


def test_onnet_with_named_over_tls(authority, tmp_path):
    zones = {"many.example": {"text": MANY, "transfer": ["ops"], "update": ["ops"]}}
    named = NamedTls(tmp_path / "named", zones, authority=authority).start()
    try:
        tool = Tool(tmp_path, named.tls_port, authority)
        assert tool.run("zone", "export", "many.example", "--key", "ops").out.count("NAPTR") == 1000
        tool.run("record", "add", "a.many.example", "60", "A", "192.0.2.9", "--key", "ops")
        assert named.query("a.many.example").answer[0][0].address == "192.0.2.9"
    finally:
        named.close()


def test_a_copy_of_named_over_tls(authority, tmp_path):
    """Whole at first, then what has changed, upon its NOTIFY."""
    copy = TlsServer(tmp_path / "copy", {}, authority=authority)
    zones = {"many.example": {"text": MANY, "transfer": ["ops"], "update": ["ops"], "tell": [copy.port],
                              "tell-key": "ops"}}
    named = NamedTls(tmp_path / "named", zones, authority=authority).start()
    copy.zones = {"many.example": {"transfer": ["ops"], "primary": [
        {"address": f"127.0.0.1@{named.tls_port}", "key": "ops", "tls": NAME}]}}
    copy.configure()
    try:
        copy.start(wait=False)
        copy.wait_log("many.example: transferred from .*AXFR")
        change = dns.update.UpdateMessage("many.example")
        change.add("a", 60, "A", "192.0.2.9")
        named.update(change, "ops")
        copy.wait_log("many.example: transferred from .*IXFR")
        assert copy.query("a.many.example").answer[0][0].address == "192.0.2.9"
        assert copy.content("many.example", "ops") == named.content("many.example", "ops")
    finally:
        copy.close()
        named.close()


# Who means no good, and who is slow

def hello(server):
    """The octets of a client's first flight."""
    context = ssl.create_default_context(cafile=server.authority.file)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def is_closed(stream):
    """Takes what comes, an alert perhaps, and waits for the end."""
    try:
        while stream.socket.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def test_garbage(server):
    data = question().to_wire()
    for junk in (b"GET / HTTP/1.0\r\n\r\n", len(data).to_bytes(2, "big") + data, b"\x16\x03\x01\xff\xff",
                 os.urandom(2000), hello(server)[:-1] + b"x"):
        with servers.Stream("127.0.0.1", server.tls_port, servers.PATIENCE) as s:
            s.send_raw(junk)
            try:
                s.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has closed already
            assert is_closed(s)
    assert server.ask_tls(question()).answer


def test_handshakes_cut_anywhere(server):
    octets = hello(server)
    for size in range(0, len(octets), 7):
        with servers.Stream("127.0.0.1", server.tls_port, servers.PATIENCE) as s:
            s.send_raw(octets[:size])
    assert server.ask_tls(question()).answer


def test_slow_handshakes_hold_up_nobody_and_end(own):
    server = own(server={"tcp-idle-timeout": 2, "workers": 1})
    octets = hello(server)
    slow = [servers.Stream("127.0.0.1", server.tls_port, servers.PATIENCE) for _ in range(50)]
    for i, s in enumerate(slow):
        s.send_raw(octets[:i * 4])
    assert server.ask_tls(question()).answer
    trickle = slow[10]
    try:
        for octet in octets[40:]:  # a sign of life now and then does not make it last
            trickle.send_raw(bytes([octet]))
            time.sleep(0.05)
    except OSError:
        pass
    for s in slow:
        assert is_closed(s)
        s.close()
    assert server.ask_tls(question()).answer


def test_a_session_is_taken_up_again(server):
    context = ssl.create_default_context(cafile=server.authority.file)
    context.set_alpn_protocols(["dot"])
    session = None
    for again in (False, True):
        with socket.create_connection(("127.0.0.1", server.tls_port)) as plain, \
                context.wrap_socket(plain, server_hostname=NAME, session=session) as s:
            data = question().to_wire()
            s.sendall(len(data).to_bytes(2, "big") + data)
            assert s.recv(2)
            session = s.session
            assert s.session_reused == again


# Configuration

def shown(server):
    """The certificate that the server shows."""
    context = ssl.create_default_context(cafile=server.authority.file)
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", server.tls_port)) as plain, \
            context.wrap_socket(plain) as s:
        return {value for _, value in s.getpeercert()["subjectAltName"]}


def test_a_reload_takes_another_certificate(own, authority):
    server = own()
    with server.connect_tls() as old:
        assert shown(server) == {NAME}
        server.certificate = authority.sign("new.example.net")
        server.configure()
        server.reload()
        server.wait_log("read again")
        assert shown(server) == {"new.example.net"}
        old.send(question().to_wire())
        assert dns.message.from_wire(old.receive()).answer, "a session outlives its credentials"

        server.certificate = (server.certificate[0], authority.sign(NAME)[1])  # not its key
        server.configure()
        server.reload()
        server.wait_log("goes on as it was")
        server.wait_log("tls: certificate '.*new.example.net")
        assert shown(server) == {"new.example.net"}
        old.send(question().to_wire())
        assert dns.message.from_wire(old.receive()).answer


def test_a_reload_without_a_certificate(own):
    server = own()
    server.options["listen-tls"] = []
    server.configure()
    text = open(server.path("onnet.yaml"), encoding="utf-8").read()
    at = text.index("tls:\n  certificate")
    server.write("onnet.yaml", text[:at])
    server.reload()
    server.wait_log("listen-tls changed; it takes a restart")
    server.wait_log("read again")
    with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
        server.ask_tls(question())
    assert server.query("ns.example.net").answer


@pytest.mark.parametrize("change, says", [
    (lambda s: os.chmod(s.certificate[1], 0o640), "others than its owner may use"),
    (lambda s: os.remove(s.certificate[0]), "tls: certificate: can't read"),
    (lambda s: os.remove(s.authority.file), "tls: authorities: can't read"),
    (lambda s: s.write(s.authority.file, "nothing"), "tls: authorities: no certificate in"),
])
def test_a_start_without_its_files(tmp_path, change, says):
    authority = certificates.Authority(tmp_path / "authority")
    server = TlsServer(tmp_path / "onnetd", ZONES, authority=authority)
    change(server)
    try:
        with pytest.raises(servers.Broken):
            server.start()
        assert says in server.log()
    finally:
        servers.running.remove(server)
        servers.release_port(server.port)
        servers.release_port(server.tls_port)
