# SPDX-License-Identifier: GPL-3.0-or-later
"""
The same SIP addresses given to "onnet resolve" and to sip-dig of sofia-sip, the stack of FreeSWITCH,
with onnetd as the name server of both. Where they differ the table says why.
"""
import json
import os
import shutil
import subprocess

import pytest

import servers
from test_resolve_cases import CASES, zones

ONNET = os.path.join(servers.ROOT, os.environ.get("ONNET_BUILD", "build"), "onnet")

ALIKE = """
    rfc3263-41-udp rfc3263-42-transport-param rfc3263-41-sips-no-tls rfc3263-nx rfc3263-42-ipv6-ref
    asterisk-uri-tls-numport asterisk-uri-tls-nameport asterisk-uri-tcp-num asterisk-uri-tcp-name
    asterisk-uri-udp-nameport asterisk-uri-none-name asterisk-uri-sips-numport asterisk-order
    asterisk-failover-preference asterisk-no-naptr asterisk-srv-no-a-fallback pjsip-round-robin
    pjlib-srv-cname rfc4168-sips-d2s sip-mixed-case-service""".split()

DIFFERENT = {
    "rfc3263-41-fallback-dual": "without NAPTR and SRV it is UDP (RFC 3263 4.1), not TCP as well",
    "asterisk-uri-none-num": "a numeric host is asked by UDP (4.1), not by TCP as well",
    "asterisk-uri-none-nameport": "with a port it is UDP (4.1), not TCP as well",
    "asterisk-uri-tls-num": "TLS has port 5061 by default (RFC 3261 19.1.2), not 5060",
    "asterisk-no-compatible-services": "NAPTR records that offer nothing are an answer, too",
    "asterisk-maddr": "maddr is the target (4), not left aside",
    "pjsip-srv-tcp": "a host has all its addresses, not the first alone",
    "rfc7984-dual": "each server of the lot has its place, not the first address of each family",
    "failover-404-stops": "the servers of one priority are all there",
    "sofia-281-truncated": "what is truncated is asked again over TCP",
}

pytestmark = [
    pytest.mark.skipif(servers.JUDGE != "onnetd", reason="the resolver is what is tested here"),
    pytest.mark.skipif(not shutil.which("sip-dig"), reason="no sip-dig here"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = servers.Onnetd(tmp_path_factory.mktemp("onnetd"), zones("onnetd"))
    try:
        yield started.start()
    finally:
        started.close()


def ours(server, query, transports):
    options = query["options"]
    run = subprocess.run(
        [ONNET, "resolve", "--server", f"{servers.ADDRESS}@{server.port}", "--json",
         "--transports", ",".join(transports),
         "--families", ",".join(options.get("families", ["v4", "v6"])), query["input"]],
        capture_output=True, text=True, timeout=60, check=False)
    assert not servers.SANITIZER.search(run.stderr), run.stderr
    return {(t["transport"], t["address"], str(t["port"])) for t in json.loads(run.stdout)["targets"]}


def theirs(server, query, transports, directory):
    """Lines of "NUMBER SHARE TRANSPORT PORT ADDRESS"."""
    conf = directory / "sresolv.conf"
    conf.write_text(f"nameserver {servers.ADDRESS}\nport {server.port}\n")
    run = subprocess.run(["sip-dig", *(word for t in transports for word in ("-p", t)), query["input"]],
                         env=dict(os.environ, SRESOLV_CONF=str(conf)), capture_output=True, text=True,
                         timeout=60, check=False)
    rows = [line.split() for line in run.stdout.splitlines()]
    return {(row[-3], row[-1].strip("[]"), row[-2]) for row in rows if len(row) >= 4}


@pytest.mark.parametrize("name", [*ALIKE, *DIFFERENT])
def test_sip_dig(server, tmp_path, name):
    query = next(case["query"] for case in CASES if case["id"] == name)
    transports = query["options"].get("transports", ["udp", "tcp", "tls"])
    one = ours(server, query, transports)
    other = theirs(server, query, transports, tmp_path)
    if "v6" not in query["options"].get("families", ["v6"]):
        other = {target for target in other if ":" not in target[1]}
    assert (one == other) == (name in ALIKE), f"onnet {one}, sip-dig {other}"
