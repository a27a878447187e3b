# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the field's own tools do works word for word: tsig-keygen, nsupdate, host, dig, kdig, and the K files
that older dnssec-keygen made.
"""
import os
import re
import subprocess

import pytest

import servers

HEAD = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
EXAMPLE = HEAD + """\
@ NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp
@ NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp
@ NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp
"""
SESSION = """\
server 127.0.0.1 {port}
update add 3.2.1.e164.example.net. 60 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:123@example.net!" .
send
update add 3.2.1.543.isn.example.net. 60 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:123@example.net!" .
send
update add _sip._udp.example.net. 60 SRV 10 100 5060 sip1.example.net.
update add _sip._udp.example.net. 60 SRV 100 100 5060 sip2.example.net.
send
"""
KEYGEN_NUMBERS = {"hmac-md5": 157, "hmac-sha1": 161, "hmac-sha224": 162, "hmac-sha256": 163,
                  "hmac-sha384": 164, "hmac-sha512": 165}

pytestmark = pytest.mark.skipif(servers.JUDGE == "nsd", reason="nsd takes no updates")


def run(*words, stdin=None, cwd=None, status=0):
    done = subprocess.run(words, input=stdin, cwd=cwd, capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, LC_ALL="C"), check=False)
    assert status is None or done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout + (done.stderr if status != 0 else "")


def tool(name):
    found = servers.program(name)
    if found is None:
        pytest.skip(f"{name} is not here")
    return found


def zones(keys):
    return {"example.net": {"text": EXAMPLE, "update": keys},
            "e164.example.net": {"text": HEAD, "update": keys},
            "isn.example.net": {"text": HEAD, "update": keys}}


def key_of(text):
    return (re.search(r"algorithm ([\w-]+);", text).group(1),
            re.search(r'secret "([^"]+)";', text).group(1))


@pytest.mark.parametrize("algorithm", sorted(KEYGEN_NUMBERS))
def test_the_session(start, tmp_path, algorithm):
    text = run(tool("tsig-keygen"), "-a", algorithm, "ops")
    (tmp_path / "ops.key").write_text(text)
    server = start(zones(["ops"]), keys={"ops": key_of(text)})
    run(tool("nsupdate"), "-k", "ops.key", stdin=SESSION.format(port=server.port), cwd=tmp_path)

    def host(rdtype, name):
        return run(tool("host"), "-t", rdtype, "-p", str(server.port), name, "127.0.0.1")

    found = host("naptr", "example.net")
    for line in ('example.net has NAPTR record 50 50 "s" "SIPS+D2T" "" _sips._tcp.example.net.',
                 'example.net has NAPTR record 90 50 "s" "SIP+D2T" "" _sip._tcp.example.net.',
                 'example.net has NAPTR record 100 50 "s" "SIP+D2U" "" _sip._udp.example.net.'):
        assert line in found
    for name in ("3.2.1.e164.example.net", "3.2.1.543.isn.example.net"):
        assert host("naptr", name).splitlines()[-1] == (
            f'{name} has NAPTR record 100 10 "u" "E2U+sip" "!^.*$!sip:123@example.net!" .')
    found = host("srv", "_sip._udp.example.net")
    assert "_sip._udp.example.net has SRV record 10 100 5060 sip1.example.net." in found
    assert "_sip._udp.example.net has SRV record 100 100 5060 sip2.example.net." in found


@pytest.mark.parametrize("algorithm", sorted(KEYGEN_NUMBERS))
@pytest.mark.parametrize("suffix", ["key", "private"])
def test_files_of_older_dnssec_keygen(start, tmp_path, algorithm, suffix):
    """K<name>.+157+<id>.{key,private} as dnssec-keygen -n HOST made them up to BIND 9.12."""
    secret = servers.KEYS["sha512"][1]
    code = KEYGEN_NUMBERS[algorithm]
    stem = f"Kops.+{code:03}+12345"
    (tmp_path / f"{stem}.key").write_text(f"ops. IN KEY 512 3 {code} {secret}\n")
    (tmp_path / f"{stem}.private").write_text(
        f"Private-key-format: v1.3\nAlgorithm: {code} ({algorithm.upper().replace('-', '_')})\n"
        f"Key: {secret}\nBits: AAA=\nCreated: 20150101000000\nPublish: 20150101000000\n"
        f"Activate: 20150101000000\n")
    server = start(zones(["ops"]), keys={"ops": (algorithm, secret)})
    run(tool("nsupdate"), "-k", f"{stem}.{suffix}", stdin=SESSION.format(port=server.port),
        cwd=tmp_path)
    assert len(server.query("_sip._udp.example.net", "SRV").answer[0]) == 2


@pytest.fixture
def server(start):
    return start(zones(["ops"]))


def nsupdate(server, script, *options, status=0):
    algorithm, secret = servers.KEYS["ops"]
    return run(tool("nsupdate"), *options, "-y", f"{algorithm}:ops:{secret}", status=status,
               stdin=f"server 127.0.0.1 {server.port}\n{script}")


def test_nsupdate_finds_the_zone_itself(server):
    nsupdate(server, "update add 9.9.9.e164.example.net. 60 TXT deep\nsend\n")
    assert server.query("9.9.9.e164.example.net", "TXT").answer[0][0].strings == (b"deep",)


def test_nsupdate_over_tcp_and_by_hand(server):
    nsupdate(server, "zone example.net\nprereq nxdomain x.example.net.\n"
                     "update add x.example.net. 60 A 192.0.2.9\nsend\n"
                     "update delete x.example.net. A\nsend\n", "-v")
    assert server.query("x.example.net", "A").rcode() == 3


@pytest.mark.parametrize("script, code", [
    ("prereq yxdomain nothing.example.net.\nupdate add x.example.net. 60 A 192.0.2.9\nsend\n",
     "NXDOMAIN"),
    ("prereq nxdomain ns.example.net.\nupdate add x.example.net. 60 A 192.0.2.9\nsend\n", "YXDOMAIN"),
    ("prereq nxrrset ns.example.net. A\nupdate add x.example.net. 60 A 192.0.2.9\nsend\n", "YXRRSET"),
    ("prereq yxrrset ns.example.net. TXT\nupdate add x.example.net. 60 A 192.0.2.9\nsend\n", "NXRRSET"),
    ("zone example.net\nupdate add x.example.org. 60 A 192.0.2.9\nsend\n", "NOTZONE"),
    ("zone example.org\nupdate add x.example.org. 60 A 192.0.2.9\nsend\n", "NOTAUTH"),
])
@pytest.mark.differs("knotd", "answers some of them unsigned")
def test_nsupdate_shows_what_went_wrong(server, script, code):
    assert f"update failed: {code}" in nsupdate(server, script, status=2)


def test_nsupdate_with_a_wrong_key(server):
    out = run(tool("nsupdate"), "-y", "hmac-sha256:ops:" + servers.KEYS["sha256"][1], status=2,
              stdin=f"server 127.0.0.1 {server.port}\nzone example.net\n"
                    "update add x.example.net. 60 A 192.0.2.9\nsend\n")
    assert "BADSIG" in out or "tsig indicates error" in out
    assert server.query("x.example.net", "A").rcode() == 3


def test_nsupdate_without_a_key(server):
    out = run(tool("nsupdate"), status=2,
              stdin=f"server 127.0.0.1 {server.port}\nzone example.net\n"
                    "update add x.example.net. 60 A 192.0.2.9\nsend\n")
    assert "REFUSED" in out or "NOTAUTH" in out


def test_dig(server):
    at = ["@127.0.0.1", "-p", str(server.port)]
    out = run(tool("dig"), *at, "example.net", "NAPTR")
    assert "status: NOERROR" in out and "flags: qr aa" in out
    assert 'example.net.\t\t3600\tIN\tNAPTR\t50 50 "s" "SIPS+D2T" "" _sips._tcp.example.net.' in out
    assert "WARNING" not in out.replace("recursion requested but not available", "").replace(
        ";; WARNING: ", "")
    assert run(tool("dig"), *at, "+short", "ns.example.net").split() == ["192.0.2.53"]
    assert run(tool("dig"), *at, "+tcp", "+short", "ns.example.net").split() == ["192.0.2.53"]
    assert "status: NXDOMAIN" in run(tool("dig"), *at, "nothing.example.net")
    assert "status: REFUSED" in run(tool("dig"), *at, "example.org")
    assert "EDNS: version: 0" in run(tool("dig"), *at, "+edns=0", "ns.example.net")
    assert "BADVERS" in run(tool("dig"), *at, "+edns=1", "+noednsnegotiation", "ns.example.net")


def test_dig_transfer(server):
    out = run(tool("dig"), "@127.0.0.1", "-p", str(server.port), "-y",
              f"hmac-sha256:ops:{servers.KEYS['ops'][1]}", "example.net", "AXFR")
    assert "XFR size: 7 records" in out
    assert "Transfer failed" not in out and "WARNING" not in out


def test_kdig(server):
    at = ["@127.0.0.1", "-p", str(server.port)]
    out = run(tool("kdig"), *at, "example.net", "NAPTR")
    assert "status: NOERROR" in out and "ERROR" not in out.replace("NOERROR", "")
    assert "WARNING" not in out
    out = run(tool("kdig"), *at, "-y", f"hmac-sha256:ops:{servers.KEYS['ops'][1]}", "example.net", "AXFR")
    assert "7 records" in out and "WARNING" not in out and ";; ERROR" not in out
    out = run(tool("kdig"), *at, "-y", f"hmac-sha256:ops:{servers.KEYS['ops'][1]}", "+tcp",
              "example.net", "SOA")
    assert "WARNING" not in out and ";; ERROR" not in out


def test_host_transfer(server):
    out = run(tool("host"), "-p", str(server.port), "-l", "-a", "example.net", "127.0.0.1")
    assert "Transfer failed" not in out
    assert "SIP+D2U" in out
