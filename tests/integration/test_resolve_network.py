# SPDX-License-Identifier: GPL-3.0-or-later
"""
Look-ups when the network is not as it should be: forged answers, servers that die and come back,
resolvers that change. One "onnet resolve --batch" lives through it.
"""
import glob
import json
import os
import queue
import subprocess
import sys
import threading
import time

import pytest

import servers

ONNET = os.path.join(servers.ROOT, os.environ.get("ONNET_BUILD", "build"), "onnet")
HEAD = "$TTL 60\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="the resolver is what is tested here")


class Batch:
    """onnet resolve --batch: a line in, a result out."""

    def __init__(self, *arguments, directory):
        self.process = subprocess.Popen(
            [ONNET, "resolve", "--batch", "--json", *arguments], cwd=directory,
            env=dict(os.environ, HOME=str(directory)), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return json.loads(self.lines.get(timeout=60))

    def close(self):
        self.process.stdin.close()
        said = self.process.stderr.read()
        self.process.wait(60)
        assert not servers.SANITIZER.search(said), said


@pytest.fixture
def batch(tmp_path):
    started = []

    def start(*arguments):
        started.append(Batch(*arguments, directory=tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.close()


def address(result):
    assert result["error"] is None, result
    return result["targets"][0]["address"]


def test_it_goes_on_when_the_server_was_away(start_onnetd, batch):
    server = start_onnetd({"example.net": {"text": HEAD + "one A 192.0.2.1\ntwo A 192.0.2.2\n"
                                                          "three A 192.0.2.3\n"}})
    asking = batch("--server", f"{servers.ADDRESS}@{server.port}", "--timeout", "2")
    assert address(asking.ask("sip:one.example.net:5060")) == "192.0.2.1"
    server.stop()
    for _ in range(4):
        assert asking.ask("sip:two.example.net:5060")["error"] == "timeout"
    assert address(asking.ask("sip:one.example.net:5060")) == "192.0.2.1"  # known still
    server.start()
    assert address(asking.ask("sip:three.example.net:5060")) == "192.0.2.3"
    # A failure may be remembered for a while (RFC 9520 3.2), but not for long.
    end = time.monotonic() + servers.PATIENCE
    while asking.ask("sip:two.example.net:5060")["error"] is not None:
        assert time.monotonic() < end, "it does not recover"
        time.sleep(0.2)


def sign(directory, zone, text):
    """The signed zone, and its key as a record."""
    directory.mkdir()
    (directory / "plain").write_text(text)
    for command in (["dnssec-keygen", "-q", "-a", "13", "-f", "KSK", zone],
                    ["dnssec-signzone", "-q", "-z", "-S", "-o", zone, "-f", "signed", "plain"]):
        subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=60)
    with open(glob.glob(str(directory / "K*.key"))[0], encoding="ascii") as f:
        key = [line for line in f if not line.startswith(";")][0]
    return (directory / "signed").read_text(), key.strip()


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """(a server with a signed zone, a signed one with a forged record, and a plain one, an anchor)"""
    directory = tmp_path_factory.mktemp("signed")
    text, key = sign(directory / "keys", "signed.example",
                     HEAD + "good A 192.0.2.1\nforged A 192.0.2.2\n")
    assert "192.0.2.2\n" in text
    server = servers.Nsd(directory / "nsd", {
        "signed.example": {"text": text.replace("192.0.2.2\n", "192.0.2.66\n")},
        "plain.example": {"text": HEAD + "good A 192.0.2.1\n"}})
    try:
        yield server.start(), key
    finally:
        server.close()


@pytest.mark.parametrize(("name", "off", "report", "require"), [
    ("good.signed.example", None, (None, "secure"), (None, "secure")),
    ("forged.signed.example", None, "bogus", "bogus"),
    ("nothing.signed.example", "nxdomain", ("nxdomain", "secure"), ("nxdomain", "secure")),
    ("good.plain.example", None, (None, "insecure"), "bogus"),
])
def test_dnssec(signed, batch, name, off, report, require):
    server, anchor = signed
    asked = ["--server", f"{servers.ADDRESS}@{server.port}"]
    assert batch(*asked).ask(f"sip:{name}:5060")["error"] == off
    for option, wanted in (("--dnssec", report), ("--dnssec=require", require)):
        result = batch(*asked, option, "--trust-anchor", anchor).ask(f"sip:{name}:5060")
        if isinstance(wanted, tuple):
            assert (result["error"], result["dnssec"]) == wanted, option
        else:
            assert result["error"] == wanted, option


def test_a_private_tree_is_asked_of_its_server(start_onnetd, tmp_path, batch):
    server = start_onnetd({"e164.test": {"text": HEAD + '*.2.0.2.1 NAPTR 10 10 "u" "E2U+sip" '
                                                        '"!^(.*)$!sip:\\\\1@example.net!" .\n'}},
                          number={"e164": ["e164.test"]})
    asking = batch("-c", server.path("onnet.yaml"))
    assert asking.ask("+12025550123")["uris"][0]["uri"] == "sip:+12025550123@example.net"


def test_new_resolvers_are_used_when_resolv_conf_changes():
    """In a network of its own, with an /etc/resolv.conf of its own (resolv_conf.py)."""
    if subprocess.run(["unshare", "-rmn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces of our own here")
    run = subprocess.run(["unshare", "-rmn", sys.executable,
                          os.path.join(os.path.dirname(__file__), "resolv_conf.py")],
                         capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
