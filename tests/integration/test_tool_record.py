# SPDX-License-Identifier: GPL-3.0-or-later
"""
onnet's commands for records, scripts, zones and keys, against onnetd and against BIND: what is on the
server afterwards, what is said, and how the tool ends.
"""
import json
import os
import socket
import stat
import subprocess
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

import servers

HEAD = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
ZONES = {"example.net": {"text": HEAD + "www A 192.0.2.80\n"},
         "e164.example.net": {"text": HEAD}}
DONE, USAGE, INPUT, UNREACHABLE, REFUSED, PREREQUISITE, NOT_FOUND, PARTLY = 0, 2, 3, 4, 5, 6, 7, 8

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="the tool is what is tested here")


class Tool:
    """onnet with the configuration of one server."""

    def __init__(self, server, directory):
        self.server = server
        self.directory = str(directory)
        configuration = {
            "server": {"listen": [f"127.0.0.1@{server.port}"]},
            "key": [{"id": n, "algorithm": a, "secret": s} for n, (a, s) in servers.KEYS.items()],
            "zone": [{"domain": domain, "update": ["ops"]} for domain in server.zones]}
        with open(self.path("onnet.yaml"), "w", encoding="utf-8") as f:
            f.write(servers.yaml(configuration))

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, *words, status=DONE, stdin=""):
        done = subprocess.run([os.path.join(servers.BUILD, "onnet"), *words], cwd=self.directory,
                              input=stdin, capture_output=True, text=True, timeout=60, check=False,
                              env=dict(os.environ, LC_ALL="C", HOME=self.directory))
        assert not servers.SANITIZER.search(done.stderr), done.stderr
        assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        return done

    def records(self, name, rdtype):
        answer = self.server.query(name, rdtype).answer
        return sorted(r.to_text() for s in answer for r in s)


@pytest.fixture(params=["onnetd", "named"])
def tool(request, tmp_path):
    start = request.getfixturevalue(f"start_{request.param}")
    return Tool(start(ZONES), tmp_path)


# Records

def test_a_record_is_added_shown_and_deleted(tool):
    tool.run("record", "add", "--ttl", "60", "a.example.net", "A", "192.0.2.1")
    assert tool.records("a.example.net", "A") == ["192.0.2.1"]
    assert tool.run("record", "show", "a.example.net").stdout == \
        "a.example.net. 60 IN A 192.0.2.1\n"
    tool.run("record", "delete", "a.example.net", "A", "192.0.2.1")
    assert tool.records("a.example.net", "A") == []
    tool.run("record", "show", "a.example.net", status=NOT_FOUND)


@pytest.mark.parametrize("rdata, expected", [
    (["TXT", "one", "two words", ""], ('"one" "two words" ""')),
    (["TXT", '"quoted \\"so\\""'], '"quoted \\"so\\""'),
    (["NAPTR", "100", "10", "u", "E2U+sip", "!^(.*)$!sip:\\\\1@example.net!", "."],
     '100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@example.net!" .'),
    (["NAPTR", "1", "2", "s", "SIP+D2U", "", "_sip._udp.example.net"],
     '1 2 "s" "SIP+D2U" "" _sip._udp.example.net.'),
    (["SRV", "10 60 5060 sip1.example.net"], "10 60 5060 sip1.example.net."),
    (["TYPE65280", "\\#", "2", "00ff"], "\\# 2 00ff"),
])
def test_words_that_the_shell_has_taken_apart_become_rdata(tool, rdata, expected):
    tool.run("record", "add", "x.example.net", *rdata)
    assert tool.records("x.example.net", rdata[0]) == [expected]


def test_what_is_not_there_is_not_called_deleted(tool):
    before = tool.server.serial("example.net")
    tool.run("record", "delete", "nothing.example.net", status=NOT_FOUND)
    tool.run("record", "delete", "www.example.net", "TXT", status=NOT_FOUND)
    assert tool.server.serial("example.net") == before
    tool.run("record", "delete", "www.example.net")
    assert tool.records("www.example.net", "A") == []


@pytest.mark.parametrize("words", [
    ["add", "a.example.net", "A", "192.0.2"],
    ["add", "a.example.net", "FOO", "1"],
    ["add", "a..example.net", "A", "192.0.2.1"],
    ["add", "a.example.net", "ANY", "1"],
    ["add", "a.example.net", "NAPTR", "1", "2", "u", "E2U+sip", "!^(.*$!sip:a@b!", "."],
    ["add", "a.example.net", "NAPTR", "1", "2", "u", "E2U+sip", "!^(.*)$!sip:\\1@b!", "."],
])
def test_bad_input_is_told_before_anything_is_sent(tool, words):
    before = tool.server.serial("example.net")
    assert tool.run("record", *words, status=INPUT).stderr.startswith("onnet: ")
    assert tool.server.serial("example.net") == before


def test_a_question_goes_to_a_server_that_need_not_know_the_key(tool):
    tool.run("record", "show", "www.example.net", "A")
    done = tool.run("--json", "record", "show", "www.example.net", "A")
    assert json.loads(done.stdout) == [
        {"name": "www.example.net.", "ttl": 3600, "type": "A", "data": "192.0.2.80"}]
    assert json.loads(tool.run("record", "show", "no.example.net", "--json",
                               status=NOT_FOUND).stdout) == []


# Where it goes, and who may

def test_print_shows_what_nsupdate_does_just_so(tool):
    shown = tool.run("record", "add", "p.example.net", "TXT", '"a b" "\\\\; $"', "--print").stdout
    assert tool.records("p.example.net", "TXT") == []
    assert servers.KEYS["ops"][1] not in shown
    key = servers.KEYS["ops"]
    subprocess.run(["nsupdate", "-y", f"{key[0]}:ops:{key[1]}"], input=shown, text=True, check=True,
                   timeout=60)
    by_nsupdate = tool.records("p.example.net", "TXT")
    assert len(by_nsupdate) == 1
    tool.run("record", "delete", "p.example.net")
    tool.run("record", "add", "p.example.net", "TXT", '"a b" "\\\\; $"')
    assert tool.records("p.example.net", "TXT") == by_nsupdate


def test_the_zone_is_found_by_asking_where_no_configuration_says_it(tool):
    os.remove(tool.path("onnet.yaml"))
    key = servers.KEYS["ops"]
    tool.run("--server", f"127.0.0.1@{tool.server.port}", "--key", f"{key[0]}:ops:{key[1]}",
             "record", "add", "1.2.3.e164.example.net", "TXT", "deep")
    assert tool.records("1.2.3.e164.example.net", "TXT") == ['"deep"']


@pytest.mark.parametrize("key", [k for k in servers.KEYS if k.startswith(("md5", "sha"))])
def test_every_algorithm_signs(tmp_path, start_named, key):
    zones = {"example.net": dict(ZONES["example.net"], update=[key])}
    tool = Tool(start_named(zones), tmp_path)
    tool.run("--key", key, "record", "add", "a.example.net", "A", "192.0.2.1")
    assert tool.records("a.example.net", "A") == ["192.0.2.1"]


def test_a_refusal_says_why(tool):
    refused = tool.run("--key", "reader", "record", "add", "a.example.net", "A", "192.0.2.1",
                       status=REFUSED).stderr
    assert refused.startswith("onnet: REFUSED: ") and "'reader'" in refused
    wrong = tool.run("--key", "ops:d3Jvbmctc2VjcmV0", "record", "add", "a.example.net", "A",
                     "192.0.2.1", status=REFUSED).stderr
    assert "BADSIG" in wrong and "'ops'" in wrong
    unknown = tool.run("--key", "stranger:d3Jvbmctc2VjcmV0", "record", "add", "a.example.net", "A",
                       "192.0.2.1", status=REFUSED).stderr
    assert "BADKEY" in unknown and "'stranger'" in unknown
    unsigned = tool.run("--key", "none", "record", "add", "a.example.net", "A", "192.0.2.1",
                        status=REFUSED).stderr
    assert unsigned.startswith("onnet: REFUSED: ")
    assert tool.records("a.example.net", "A") == []


def test_onnetd_names_the_key_and_the_name(tmp_path, start_onnetd):
    zones = {"e164.example.net": dict(ZONES["e164.example.net"], update=[
        "ops", {"key": "reseller", "numbers": ["+120255501"], "types": ["NAPTR"]}])}
    tool = Tool(start_onnetd(zones), tmp_path)
    naptr = ["NAPTR", "100", "10", "u", "E2U+sip", "!^.*$!sip:a@example.net!", "."]
    mine = "3.2.1.0.5.5.5.2.0.2.1.e164.example.net"
    other = "4.3.2.1.7.7.7.2.0.2.1.e164.example.net"
    tool.run("--key", "reseller", "record", "add", mine, *naptr)
    said = tool.run("--key", "reseller", "record", "add", other, *naptr, status=REFUSED).stderr
    assert said.startswith("onnet: REFUSED: ") and "reseller" in said
    assert "may not" in said, said


def test_a_server_that_is_not_there_is_unreachable(tool):
    tool.server.stop()
    for words in ([], ["--tcp"]):
        said = tool.run("--timeout", "0.3", *words, "record", "add", "a.example.net", "A",
                        "192.0.2.1", status=UNREACHABLE).stderr
        assert f"127.0.0.1@{tool.server.port}" in said
    tool.server.start()


# Scripts

def test_a_script_of_nsupdate_runs(tool):
    done = tool.run("update", stdin=f"""\
; words that nsupdate knows
server 127.0.0.1 {tool.server.port}
update add 3.2.1.e164.example.net. 60 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:1@example.net!" .
send
zone example.net
ttl 1h
prereq nxdomain new.example.net.
prereq yxdomain www.example.net.
yxrrset www.example.net A
prereq yxrrset www.example.net IN A 192.0.2.80
nxrrset www.example.net MX
add new.example.net IN A 192.0.2.9
update delete www.example.net. 3600 IN A 192.0.2.80
show

answer
""")
    assert tool.records("3.2.1.e164.example.net", "NAPTR") == [
        '100 10 "u" "E2U+sip" "!^.*$!sip:1@example.net!" .']
    assert tool.records("new.example.net", "A") == ["192.0.2.9"]
    assert tool.records("www.example.net", "A") == []
    assert "update add new.example.net. 3600 A 192.0.2.9\n" in done.stdout
    assert "NOERROR" in done.stdout


def test_a_prerequisite_that_does_not_hold_has_its_own_status(tool):
    said = tool.run("update", status=PREREQUISITE, stdin="""\
prereq nxdomain www.example.net
add www.example.net 60 A 192.0.2.9
send
""").stderr
    assert "stdin:3: YXDOMAIN" in said
    assert tool.records("www.example.net", "A") == ["192.0.2.80"]


def test_what_was_done_before_a_mistake_is_told(tool):
    said = tool.run("update", status=PARTLY, stdin="""\
add a.example.net 60 A 192.0.2.1
send
add b.example.net 60 A 192.0.2
send
""").stderr
    assert "stdin:3: " in said
    assert tool.records("a.example.net", "A") == ["192.0.2.1"]


@pytest.mark.parametrize("script, line", [
    ("add a.example.net 60 A 192.0.2.1\n", 1),
    ("\n\nbogus\n", 3),
    ("add a.example.net A 192.0.2.1\nsend\n", 1),
    ("update add\n", 1),
    ("prereq yxrrset a.example.net\n", 1),
    ("server\n", 1),
    ("add a.example.net 60 NAPTR 1 2 \"u\" \"E2U+sip\" \"!^(.*$!x!\" .\nsend\n", 1),
    ("add a.example.net 60 A 192.0.2.1\nzone other.example\n", 2),
])
def test_a_mistake_in_a_script_has_its_line(tool, script, line):
    assert f"stdin:{line}: " in tool.run("update", stdin=script, status=INPUT).stderr
    assert tool.records("a.example.net", "A") == []


# Zones

def test_an_export_reads_back_as_the_zone(tool):
    tool.run("update", stdin="""\
add *.1.2.e164.example.net 60 NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@example.net!" .
add a\\.b.e164.example.net 5 TXT "x;\\"y\\200" z
add Mixed.e164.example.net 3600 SRV 1 2 3 Sip.Example.NET.
add u.e164.example.net 3600 TYPE65280 \\# 3 0001ff
send
""")
    tool.run("zone", "export", "e164.example.net", "-o", "out.zone")
    with open(tool.path("out.zone"), encoding="utf-8") as f:
        text = f.read()
    assert text.splitlines()[:2] == ["$ORIGIN e164.example.net.", "$TTL 3600"]
    zone = dns.zone.from_text(text, relativize=False)
    is_there = {(n, s.rdtype, s.ttl, r) for n, s in zone.iterate_rdatasets() for r in s
                if s.rdtype != dns.rdatatype.SOA}
    assert is_there == tool.server.content("e164.example.net")
    assert "Sip.Example.NET." in text
    tool.run("zone", "check", "out.zone", "e164.example.net")


def test_a_zone_of_many_messages_is_exported_whole(tool):
    lines = [f"add n{i}.e164.example.net 60 TXT \"{'x' * 200}\"\n" +
             ("send\n" if i % 100 == 99 else "") for i in range(2000)]
    tool.run("update", stdin="".join(lines))
    out = tool.run("zone", "export", "e164.example.net").stdout
    assert len(out.splitlines()) == 2000 + 2 + 3


def test_who_may_not_transfer_is_told(tool):
    server = tool.server
    server.zones["example.net"] = dict(ZONES["example.net"], transfer=["reader"])
    server.configure()
    server.restart()
    assert "REFUSED" in tool.run("zone", "export", "example.net", status=REFUSED).stderr
    tool.run("--key", "reader", "zone", "export", "example.net")


def test_the_list_of_zones_has_serials(tool):
    out = json.loads(tool.run("zone", "list", "--json").stdout)
    assert out == [{"zone": z, "serial": 1, "fault": None} for z in ZONES]


# Keys

@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-md5", "hmac-sha512"])
def test_a_new_key_works_in_both_its_forms(tmp_path, start_onnetd, start_named, algorithm):
    tool = Tool(start_named(ZONES), tmp_path)
    out = tool.run("key", "new", "fresh", "-a", algorithm).stdout
    path = tool.path("fresh.key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path, encoding="utf-8") as f:
        assert f.read() in out
    secret = next(line.split('"')[1] for line in out.splitlines() if "secret:" in line)
    keys = {"fresh": (algorithm, secret)}
    zones = {"example.net": dict(ZONES["example.net"], update=["fresh"], transfer=["fresh"])}
    for start in (start_onnetd, start_named):
        server = start(zones, keys=keys)
        tool.run("--server", f"127.0.0.1@{server.port}", "--key", "fresh.key", "record", "add",
                 "a.example.net", "A", "192.0.2.1")
        assert len(server.query("a.example.net", "A").answer) == 1
    tool.run("key", "new", "fresh", status=INPUT)


# A server that lies

class Liar:
    """Answers each request over UDP with what answer(request octets) makes of it."""

    def __init__(self, answer):
        self.port = servers.take_port()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.settimeout(0.05)
        self.answer = answer
        self.over = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.over:
            try:
                data, peer = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            for answer in self.answer(data):
                self.socket.sendto(answer, peer)

    def close(self):
        self.over = True
        self.thread.join()
        self.socket.close()
        servers.release_port(self.port)


def flipped(data, octets):
    """The request as an answer without its records, with these octets of flags."""
    return data[:2] + octets + b"\0\0\0\0\0\0\0\0"


@pytest.mark.parametrize("name, answer", [
    ("an unsigned yes", lambda d: [flipped(d, b"\xa8\x00")]),
    ("another id", lambda d: [bytes([d[0] ^ 1]) + flipped(d, b"\xa8\x05")[1:]]),
    ("rubbish", lambda d: [b"", b"\0", d[:11], os.urandom(40)]),
    ("our own request", lambda d: [d]),
    ("cut in the middle", lambda d: [d[:2] + b"\xa8\x00" + d[4:len(d) // 2]]),
])
def test_an_answer_that_proves_nothing_is_no_success(tool, name, answer):
    liar = Liar(answer)
    try:
        tool.run("--server", f"127.0.0.1@{liar.port}", "--zone", "example.net", "--key", "ops",
                 "--timeout", "0.2", "record", "add", "a.example.net", "A", "192.0.2.1",
                 status=UNREACHABLE)
    finally:
        liar.close()


def test_a_lost_answer_is_asked_for_again(tool):
    seen = []

    def answer(data):
        seen.append(data)
        return [tool.server.udp(data)] if len(seen) == 3 else []

    liar = Liar(answer)
    try:
        tool.run("--server", f"127.0.0.1@{liar.port}", "--zone", "example.net", "--key", "ops",
                 "--timeout", "0.3", "record", "add", "a.example.net", "A", "192.0.2.1")
    finally:
        liar.close()
    assert seen[0] == seen[1] == seen[2]
    assert tool.records("a.example.net", "A") == ["192.0.2.1"]


class Meddler:
    """A relay over TCP that hands each message of the answer through change(number, octets)."""

    def __init__(self, server, change):
        self.server = server
        self.change = change
        self.port = servers.take_port()
        self.socket = socket.create_server(("127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        peer, _ = self.socket.accept()
        with peer, self.server.connect() as stream:
            stream.send_raw(peer.recv(65535))
            stream.socket.settimeout(0.5)
            number = 0
            while True:
                message = stream.receive()
                if message is None:
                    return
                message = self.change(number, message)
                number += 1
                try:
                    peer.sendall(len(message).to_bytes(2, "big") + message)
                except OSError:
                    return

    def close(self):
        self.thread.join()
        self.socket.close()
        servers.release_port(self.port)


def without_tsig(message):
    at = message.rindex(b"\x00\x00\xfa\x00\xff") - len(b"\x03ops")
    arcount = int.from_bytes(message[10:12], "big") - 1
    return message[:10] + arcount.to_bytes(2, "big") + message[12:at]


def replaced(message):
    assert b"xxxx" in message
    return message.replace(b"xxxx", b"yyyy", 1)


@pytest.mark.parametrize("which, change", [
    ("first", replaced), ("second", replaced), ("last", replaced),
    ("first", without_tsig), ("last", without_tsig),
])
def test_a_transfer_that_somebody_meddled_with_is_not_believed(tool, which, change):
    lines = [f"add n{i:03}.e164.example.net 60 TXT \"{'x' * 250}\"\n" for i in range(700)]
    for start in range(0, 700, 100):
        tool.run("update", stdin="".join(lines[start:start + 100]) + "send\n")
    count = []
    counter = Meddler(tool.server, lambda number, m: count.append(m) or m)
    words = ["--zone", "e164.example.net", "--key", "ops", "zone", "export", "e164.example.net"]
    try:
        whole = tool.run("--server", f"127.0.0.1@{counter.port}", *words).stdout
    finally:
        counter.close()
    assert len(count) > 2 and whole.count("xxxx") > 0
    wanted = {"first": 0, "second": 1, "last": len(count) - 1}[which]
    meddler = Meddler(tool.server, lambda number, m: change(m) if number == wanted else m)
    try:
        done = tool.run("--server", f"127.0.0.1@{meddler.port}", *words, status=UNREACHABLE)
    finally:
        meddler.close()
    assert done.stdout == ""
    assert "sign" in done.stderr, done.stderr


# The command line

@pytest.mark.parametrize("words, status", [
    (["--version"], DONE), (["help"], DONE), (["help", "number", "set"], DONE),
    (["record", "add", "--help"], DONE), ([], USAGE), (["recrod"], USAGE),
    (["record"], USAGE), (["record", "bogus"], USAGE), (["--bogus"], USAGE),
    (["--timeout", "x", "help"], USAGE), (["--server"], USAGE), (["record", "add"], USAGE),
    (["-c", "/nowhere.yaml", "zone", "list"], INPUT),
    (["--server", "127.0.0.1:53", "record", "show", "a"], USAGE),
])
def test_the_command_line_has_its_own_status(tmp_path, words, status):
    done = subprocess.run([os.path.join(servers.BUILD, "onnet"), *words], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, HOME=str(tmp_path)))
    assert done.returncode == status, done.stderr
    assert (done.stdout if status == DONE else done.stderr) != ""
