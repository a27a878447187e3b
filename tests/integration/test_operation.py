# SPDX-License-Identifier: GPL-3.0-or-later
"""How onnetd starts, is checked, is told to reload, and refuses to start."""
import os
import pwd
import signal
import socket
import stat
import subprocess
import threading
import time

import dns.rcode
import dns.update
import pytest

import servers
import wire

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

HEAD = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
ZONES = {"example.net": {"text": HEAD}}

AS_WRITTEN = """\
server:
  listen: [127.0.0.1@5300, "::1@5300"]
  storage: /var/lib/onnet        # the store; made with mode 0700 where missing
  workers: 2                     # default: one for each core
  user: onnet                    # optional: dropped to after binding
  tcp-idle-timeout: 10           # seconds
  tcp-max-clients: 1000
key:
  - id: ops
    algorithm: hmac-sha256       # hmac-md5, hmac-sha1, -sha224, -sha256, -sha384, -sha512
    secret: "b25uZXQtZXhhbXBsZS1zZWNyZXQtMDEyMzQ1Njc4OTA="
  - id: reseller
    algorithm: hmac-sha256
    secret-file: reseller.secret # relative to this file; refused where others can read it
zone:
  - domain: example.net
    file: example.net.zone       # seeds a zone that the store does not have yet
    update: [ops]
    transfer: [ops, 127.0.0.0/8, "::1"]
  - domain: e164.example.net
    update:
      - ops                      # a key: may change everything in the zone
      - key: reseller            # or a rule: this key, only these numbers and types
        numbers: ["+120255501"]
        types: [NAPTR]
      - key: pbx
        names: [_sip._udp.example.net]
        address: 192.0.2.0/24    # and only from there
number:
  e164: [e164.example.net]       # suffixes under which numbers are published and looked up, in order
  isn: [isn.example.net]
"""


def run(directory, *words, name="onnet.yaml"):
    return subprocess.run([os.path.join(servers.BUILD, "onnetd"), "-c", str(directory / name), *words],
                          capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)


def test_the_configuration_as_written(tmp_path):
    """Word for word; that the key pbx is missing from it is said, and nothing else."""
    (tmp_path / "onnet.yaml").write_text(AS_WRITTEN)
    (tmp_path / "example.net.zone").write_text(HEAD)
    secret = tmp_path / "reseller.secret"
    secret.write_text("cmVzZWxsZXItc2VjcmV0LXJlc2VsbGVyLXNlY3JldA==\n")
    secret.chmod(0o600)
    done = run(tmp_path, "--check")
    if done.returncode != 0:
        faults = [line for line in done.stderr.splitlines() if "onnet.yaml:" in line]
        assert len(faults) == 1 and "pbx" in faults[0] and "onnet.yaml:26:" in faults[0], done.stderr
        (tmp_path / "onnet.yaml").write_text(AS_WRITTEN.replace(
            "zone:\n", "  - id: pbx\n    algorithm: hmac-sha1\n    secret: cGJ4LXNlY3JldC1wYng=\nzone:\n",
            1))
        done = run(tmp_path, "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change, words", [
    (("workers: 2 ", "worker: 2 "), ["yaml:4:3:", "worker", "workers"]),
    (("workers: 2 ", "workers: two "), ["yaml:4:", "two"]),
    (("  tcp-max-clients: 1000\n", "  tcp-max-clients: 1000\n  workers: 3\n"), ["yaml:8:3:", "workers"]),
    (("hmac-sha256  ", "hmac-sha3  "), ["yaml:10:", "hmac-sha3", "hmac-sha256"]),
    (("127.0.0.0/8", "127.0.0.1/8"), ["yaml:19:", "127.0.0.1/8"]),
    (("update: [ops]", "update: [opps]"), ["yaml:18:", "opps"]),
    (("listen: [127.0.0.1@5300", "listen: [127.0.0.1:5300"), ["yaml:2:", "127.0.0.1:5300"]),
    (("domain: e164.example.net", "domain: example.net"), ["yaml:20:", "example.net"]),
    (("types: [NAPTR]", "types: [NAPTRR]"), ["yaml:25:", "NAPTRR"]),
    (("number:\n", "number\n"), ["onnet.yaml:"]),
    (("zone:\n", "zone: [\n"), ["onnet.yaml:"]),
], ids=range(11))
def test_check_says_file_line_and_what_is_wrong(tmp_path, change, words):
    assert change[0] in AS_WRITTEN
    (tmp_path / "onnet.yaml").write_text(AS_WRITTEN.replace(*change, 1))
    (tmp_path / "reseller.secret").write_text("cmVzZWxsZXI=\n")
    (tmp_path / "reseller.secret").chmod(0o600)
    done = run(tmp_path, "--check")
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert any(all(w in line for w in words) and "onnet.yaml:" in line
               for line in done.stderr.splitlines()), done.stderr


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    (tmp_path / "onnet.yaml").write_text(AS_WRITTEN)
    (tmp_path / "reseller.secret").write_text("cmVzZWxsZXI=\n")
    (tmp_path / "reseller.secret").chmod(0o640)
    done = run(tmp_path, "--check")
    assert done.returncode != 0
    assert "reseller.secret" in done.stderr and "600" in done.stderr
    assert "cmVzZWxsZXI" not in done.stderr


def test_no_such_configuration(tmp_path):
    done = run(tmp_path)
    assert done.returncode != 0
    assert "onnet.yaml" in done.stderr and "No such file" in done.stderr


def test_check_does_not_start_and_makes_nothing(start_onnetd, tmp_path):
    server = servers.Onnetd(tmp_path / "c", ZONES)
    done = run(tmp_path / "c", "--check")
    assert done.returncode == 0, done.stderr
    assert not os.path.exists(server.path("store"))
    servers.release_port(server.port)


def test_the_store_is_made_for_its_owner_alone(start_onnetd):
    server = start_onnetd(ZONES)
    assert stat.S_IMODE(os.stat(server.path("store")).st_mode) == 0o700


def test_a_second_server_on_the_store_is_refused(start_onnetd, tmp_path):
    first = start_onnetd(ZONES)
    second = servers.Onnetd(tmp_path / "second", ZONES, server={"storage": first.path("store")})
    done = run(tmp_path / "second")
    assert done.returncode > 0
    assert first.path("store") in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, done.stderr
    assert first.serial("example.net") == 1
    m = dns.update.UpdateMessage("example.net")
    m.add("x", 60, "TXT", "x")
    assert first.update(m).rcode() == 0
    first.kill()
    # The lock died with its holder.
    second.start()
    assert second.serial("example.net") == 2
    second.stop()
    servers.release_port(second.port)
    first.start()


def test_an_address_in_use_is_said(start_onnetd, tmp_path):
    port = servers.take_port()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((servers.ADDRESS, port))
        servers.Onnetd(tmp_path / "o", ZONES, port=port)
        done = run(tmp_path / "o")
    servers.release_port(port)
    assert done.returncode > 0
    assert f"127.0.0.1@{port}" in done.stderr, done.stderr


def test_an_address_in_use_by_another_of_ours_is_said(start_onnetd, tmp_path):
    """Sockets that share a port would let two servers answer by turns."""
    first = start_onnetd(ZONES)
    servers.Onnetd(tmp_path / "o", ZONES, port=first.port)
    done = run(tmp_path / "o")
    assert done.returncode > 0
    assert f"127.0.0.1@{first.port}" in done.stderr, done.stderr
    assert first.serial("example.net") == 1


def test_a_zone_file_with_a_fault_is_said(tmp_path):
    server = servers.Onnetd(tmp_path / "z", {"example.net": {"text": HEAD + "x A 192.0.2.256\n"}})
    done = run(tmp_path / "z")
    servers.release_port(server.port)
    assert done.returncode > 0
    assert "example.net.zone:5" in done.stderr, done.stderr


def test_a_zone_file_with_a_bad_expression_is_said(tmp_path):
    server = servers.Onnetd(tmp_path / "z", {"example.net": {
        "text": HEAD + 'x NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:\\\\1@example.net!" .\n'}})
    done = run(tmp_path / "z")
    servers.release_port(server.port)
    assert done.returncode > 0
    assert "example.net.zone:5" in done.stderr, done.stderr


def test_privileges_are_dropped(start_onnetd, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root has privileges to drop")
    nobody = pwd.getpwnam("nobody")
    for directory in (tmp_path, *tmp_path.parents):
        if str(directory).startswith("/tmp/"):
            os.chmod(directory, 0o755)
    server = start_onnetd(ZONES, server={"user": "nobody"})
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
    assert status["Gid"].split() == [str(nobody.pw_gid)] * 4
    assert status["Groups"].split() in ([], [str(nobody.pw_gid)])
    m = dns.update.UpdateMessage("example.net")
    m.add("x", 60, "TXT", "x")
    assert server.update(m).rcode() == 0
    server.restart()
    assert server.serial("example.net") == 2


def rewrite(server, zones=None, keys=None, number=None, **options):
    server.zones = zones or server.zones
    server.keys = keys or server.keys
    server.number = number or server.number
    server.options = {**server.options, **options}
    server.configure()


def until(condition):
    end = time.monotonic() + servers.PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def test_reload_brings_and_takes_zones_keys_and_rules(start_onnetd):
    server = start_onnetd(ZONES)
    m = dns.update.UpdateMessage("example.net")
    m.add("kept", 60, "TXT", "kept")
    assert server.update(m).rcode() == 0
    assert server.query("ns.more.example", "A").rcode() == dns.rcode.REFUSED

    keys = dict(servers.KEYS, extra=("hmac-sha384", servers.KEYS["sha384"][1]))
    rewrite(server, {"example.net": {"text": HEAD, "update": ["extra"]},
                     "more.example": {"text": HEAD}}, keys)
    server.reload()
    until(lambda: server.query("ns.more.example", "A").rcode() == 0)
    assert server.query("kept.example.net", "TXT").rcode() == 0
    m = dns.update.UpdateMessage("example.net")
    m.add("by-extra", 60, "TXT", "x")
    assert server.update(m, "extra").rcode() == 0
    m = dns.update.UpdateMessage("example.net")
    m.add("by-ops", 60, "TXT", "x")
    assert server.update(m, "ops").rcode() == dns.rcode.REFUSED

    del keys["ops"]
    rewrite(server, {"more.example": {"text": HEAD, "update": ["extra"], "transfer": ["extra"]}}, keys)
    server.reload()
    until(lambda: server.query("kept.example.net", "TXT").rcode() == dns.rcode.REFUSED)
    a = server.udp(wire.sign(wire.query("ns.more.example"), "ops"))
    assert wire.rcode(a) == dns.rcode.NOTAUTH and wire.Tsig(a).error == wire.BADKEY

    # What the store has of a zone is there when the zone comes back.
    rewrite(server, {"example.net": {"text": HEAD}, "more.example": {"text": HEAD}}, servers.KEYS)
    server.reload()
    until(lambda: server.query("kept.example.net", "TXT").rcode() == 0)
    assert server.query("by-extra.example.net", "TXT").rcode() == 0


@pytest.mark.parametrize("spoil", ["word", "syntax", "gone", "zonefile"])
def test_a_bad_file_never_touches_the_running_one(start_onnetd, spoil):
    server = start_onnetd(ZONES)
    good = open(server.path("onnet.yaml"), encoding="ascii").read()
    mark = len(server.log())
    if spoil == "gone":
        os.remove(server.path("onnet.yaml"))
    elif spoil == "zonefile":
        rewrite(server, {"example.net": {"text": HEAD}, "bad.example": {"text": HEAD + "x A bad\n"}})
    else:
        server.write("onnet.yaml", {"word": good + "wrong: 1\n", "syntax": good + "zone: [\n"}[spoil])
    server.reload()
    line = server.wait_log(r"(onnet\.yaml|bad\.example\.zone)", mark)
    if spoil == "zonefile":
        assert "bad.example.zone:5" in line
    assert server.alive()
    assert server.query("ns.example.net", "A").rcode() == 0
    m = dns.update.UpdateMessage("example.net")
    m.add(f"x-{spoil}", 60, "TXT", "x")
    assert server.update(m).rcode() == 0
    # And a good one works again.
    server.zones = {"example.net": {"text": HEAD}, "more.example": {"text": HEAD}}
    server.configure()
    server.reload()
    until(lambda: server.query("ns.more.example", "A").rcode() == 0)


def test_no_question_is_lost_over_reloads(start_onnetd):
    server = start_onnetd(ZONES)
    stop = threading.Event()
    faults, asked = [], [0]

    def ask():
        with server.connect() as s:
            while not stop.is_set():
                q = wire.query("ns.example.net")
                if asked[0] % 2:
                    s.send(q)
                    a = s.receive()
                else:
                    a = server.udp(q, timeout=5)
                asked[0] += 1
                if a is None or wire.rcode(a) != 0:
                    faults.append(a)
                    return

    def change():
        n = 0
        while not stop.is_set():
            m = dns.update.UpdateMessage("example.net")
            m.add(f"n{n % 100}", 60, "TXT", str(n))
            r = server.update(m)
            if r is None or r.rcode() != 0:
                faults.append(r)
                return
            n += 1

    threads = [threading.Thread(target=ask), threading.Thread(target=ask),
               threading.Thread(target=change)]
    for t in threads:
        t.start()
    for n in range(25):
        rewrite(server, {"example.net": {"text": HEAD}, f"z{n}.example": {"text": HEAD}})
        server.reload()
        until(lambda name=f"ns.z{n}.example": server.query(name, "A").rcode() == 0)
    stop.set()
    for t in threads:
        t.join()
    assert not faults, faults
    assert asked[0] > 50


def test_signals_end_it_in_order(start_onnetd):
    server = start_onnetd(ZONES)
    for sig in (signal.SIGTERM, signal.SIGINT):
        assert server.end(sig) == 0
        server.start()


def test_help_and_version():
    binary = os.path.join(servers.BUILD, "onnetd")
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "onnet" in done.stdout
    done = subprocess.run([binary, "--nothing"], capture_output=True, text=True, check=False)
    assert done.returncode > 0 and done.stderr


def test_every_worker_serves(start_onnetd):
    """With many workers each source port may reach another one; all know the zone and its changes."""
    server = start_onnetd(ZONES, server={"workers": 8})
    for n in range(10):
        m = dns.update.UpdateMessage("example.net")
        m.add(f"n{n}", 60, "TXT", "x")
        assert server.update(m).rcode() == 0
        for _ in range(30):
            assert wire.rcode(server.udp(wire.query(f"n{n}.example.net", "TXT"))) == 0
