# SPDX-License-Identifier: GPL-3.0-or-later
"""
The worked look-up cases through libonnet: all zones of all cases in one server, and one resolver
that asks it. Results are the same whoever serves the zones; each case is a test of its own.
"""
import json
import os
import re
import subprocess

import pytest

import servers

BUILD = os.path.join(servers.ROOT, os.environ.get("ONNET_BUILD", "build"))
PROGRAM = os.path.join(BUILD, "tests", "scenario", "resolver-live")
FILES = ("resolver.json", "resolver-more.json")

pytestmark = [
    pytest.mark.skipif(servers.JUDGE != "onnetd", reason="the library is what is tested here"),
    pytest.mark.skipif(not os.path.isdir(os.path.dirname(PROGRAM)),
                       reason="built without tests (meson's option tests)")]


def load():
    cases = []
    for name in FILES:
        with open(os.path.join(servers.ROOT, "tests", "scenario", name), encoding="utf-8") as f:
            cases += json.load(f)["cases"]
    return cases


CASES = load()

# Zones with rules that are no rules, which is what their cases are about. BIND loads no such zone.
LEFT_OUT = {"named": {"enum.example."}}


def zones(kind):
    """Equal origins have equal text. onnetd would refuse some of the rules that the cases are about."""
    found = {}
    for case in CASES:
        for origin, text in case["zone"].items():
            assert found.setdefault(origin, text) == text, f"two zones {origin}"
    for origin in LEFT_OUT.get(kind, ()):
        del found[origin]
    return {origin: {"text": text, "naptr-check": "off"} for origin, text in found.items()}


def play(server):
    """{case: what was said about it}; "" where all was right."""
    environment = dict(os.environ, ONNET_SERVER=f"{servers.ADDRESS}@{server.port}",
                       CMOCKA_MESSAGE_OUTPUT="TAP")
    run = subprocess.run([PROGRAM], cwd=servers.ROOT, env=environment, capture_output=True,
                         text=True, timeout=240, check=False)
    output = run.stdout + run.stderr
    assert not servers.SANITIZER.search(output), output
    results = {}
    for ok, case in re.findall(r"^(ok|not ok) \d+ - (\S+)$", output, re.M):
        results[case] = "" if ok == "ok" else output
    return results


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Plays all cases against a kind of server, once."""
    known = {}

    def get(kind):
        if kind not in known:
            server = servers.KINDS[kind](tmp_path_factory.mktemp(kind), zones(kind))
            try:
                server.start()
                known[kind] = play(server)
            finally:
                server.close()
        return known[kind]

    return get


def served(case, kind):
    return not LEFT_OUT.get(kind, set()) & set(case["zone"])


@pytest.mark.parametrize(("kind", "case"), [
    (kind, case["id"]) for kind in ("onnetd", "named", "nsd") for case in CASES
    if served(case, kind)])
def test_case(played, kind, case):
    fault = played(kind).get(case, "it did not run")
    assert not fault, fault
