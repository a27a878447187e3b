# SPDX-License-Identifier: GPL-3.0-or-later
"""
onnetd import and onnetd export: zones replaced while they are served, updated and killed, from files of
all kinds; and what goes out comes in again.
"""
import gzip
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import dns.message
import dns.rcode
import dns.rdatatype
import dns.update
import dns.zone
import pytest

import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

ZONE = "e164.example.net"
HEAD = "$TTL 60\n@ SOA ns.example.net. host.example.net. {} 3600 600 86400 60\n@ NS ns.example.net.\n"
ROUNDS = int(os.environ.get("ONNET_KILL_ROUNDS", "12"))


def owner(number):
    return ".".join(reversed(number))


def line(number, host):
    return (f'{owner(number)} NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:+{number}@{host}.example.net!" .'
            "\n")


def zone_text(serial, numbers, host, more=""):
    return HEAD.format(serial) + more + "".join(line(n, host) for n in numbers)


def csv_text(numbers, host):
    return "".join(f"+{n},sip:+{n}@{host}.example.net\n" for n in numbers)


NUMBERS = [f"1202555{n:04}" for n in range(5000)]


def command(server, *words):
    return [os.path.join(servers.BUILD, "onnetd"), words[0], "-c", server.path("onnet.yaml"),
            *words[1:]]


def run(server, *words, code=0, data=None):
    done = subprocess.run(command(server, *words), capture_output=True, timeout=300, check=False,
                          input=data if data is not None else b"")
    out, err = done.stdout.decode(), done.stderr.decode()
    assert not servers.SANITIZER.search(err), err
    assert done.returncode == code, (out, err)
    return out, err


def bring(server, text, name="new.zone", code=0):
    server.write(name, text)
    return run(server, "import", ZONE, server.path(name), code=code)


def hosts(server):
    """Which hosts the numbers of the zone lead to, and how many of them do."""
    found = {}
    for name, rdtype, _, rdata in server.content(ZONE):
        if rdtype == dns.rdatatype.NAPTR:
            host = rdata.regexp.decode().split("@")[1].split(".")[0]
            found.setdefault(host, set()).add(name)
    return {host: len(names) for host, names in found.items()}


def numbers_of(server):
    """The same as hosts(), by an export: for many numbers."""
    found = {}
    for row in run(server, "export", "--csv", ZONE)[0].splitlines():
        host = row.split("@")[1].split(".")[0]
        found[host] = found.get(host, 0) + 1
    return found


@pytest.fixture
def server(start_onnetd):
    return start_onnetd({ZONE: {"text": zone_text(5, NUMBERS, "old", "txt TXT kept\n")}})


def test_a_zone_file_replaces_all_of_a_zone_that_is_served(server):
    out, _ = bring(server, zone_text(3, NUMBERS[:100], "new"))
    assert "102 records, serial 6" in out  # that of the file is older than the one before
    assert hosts(server) == {"new": 100}
    assert server.serial(ZONE) == 6
    assert server.query(f"txt.{ZONE}", "TXT").rcode() == dns.rcode.NXDOMAIN
    out, _ = bring(server, zone_text(1000, NUMBERS[:100], "next"))
    assert "serial 1000" in out and server.serial(ZONE) == 1000


def test_lines_of_numbers_replace_the_numbers_and_nothing_else(server):
    bring(server, csv_text(NUMBERS[1000:], "new"), "new.csv")
    assert hosts(server) == {"new": 4000}
    assert server.serial(ZONE) == 6
    assert server.query(f"txt.{ZONE}", "TXT").answer[0][0].strings == (b"kept",)
    assert server.query(f"{owner(NUMBERS[0])}.{ZONE}", "NAPTR").rcode() == dns.rcode.NXDOMAIN
    server.restart()
    assert hosts(server) == {"new": 4000}
    assert server.query(f"txt.{ZONE}", "TXT").answer[0][0].strings == (b"kept",)


def test_an_import_without_a_server_is_there_when_one_starts(server):
    server.stop()
    bring(server, csv_text(NUMBERS[:10], "new"), "new.csv")
    server.start()
    assert hosts(server) == {"new": 10}
    server.stop()
    bring(server, zone_text(77, NUMBERS[:20], "next"))
    server.start()
    assert hosts(server) == {"next": 20} and server.serial(ZONE) == 77


def test_files_come_packed_and_by_standard_input(server):
    text = csv_text(NUMBERS[:3000], "new").encode()
    with gzip.open(server.path("a.csv.gz"), "wb") as f:
        f.write(text)
    run(server, "import", ZONE, server.path("a.csv.gz"))
    assert hosts(server) == {"new": 3000}
    run(server, "import", "--csv", ZONE, "-", data=gzip.compress(text.replace(b"new", b"next")))
    assert hosts(server) == {"next": 3000}
    run(server, "import", ZONE, "-", data=zone_text(9, NUMBERS[:7], "last").encode())
    assert hosts(server) == {"last": 7}
    # cut short
    _, err = run(server, "import", "--csv", ZONE, "-", data=gzip.compress(text)[:-200], code=1)
    assert "stdin" in err and "nothing was changed" in err
    assert hosts(server) == {"last": 7}


@pytest.mark.parametrize("name, text, told", [
    ("a.zone", zone_text(9, NUMBERS, "new") + "x A 1.2.3\n", ["a.zone:5004: "]),
    ("a.zone", zone_text(9, NUMBERS, "new") + "c CNAME d\nx A 192.0.2.1\nc A 192.0.2.1\n",
     ["a.zone:5006: a name with a CNAME"]),
    ("a.zone", "x A 192.0.2.1\n", ["a.zone: the zone has no SOA record"]),
    ("a.zone", zone_text(9, [], "new") + "x.example.com. A 192.0.2.1\n" * 30,
     ["a.zone:4: the name is not in the zone", "a.zone: and 10 more"]),
    ("a.csv", csv_text(NUMBERS, "new") + "+12,sip:x\n+1202x,sip:a@b\n\n+44,sip:a b\n",
     ["a.csv:5002: ", "a.csv:5004: "]),
    ("a.csv", csv_text(NUMBERS, "new") + '"+12025550000,sip:a@b\n', ["a.csv:5001: "]),
    ("a.csv", "+12025550000\n", ["a.csv:1: "]),
    ("a.csv", "", ["a.csv: there is no number in it"]),  # whoever should have written it failed
    ("a.csv", "number,uri\n\n", ["a.csv: there is no number in it"]),
    ("nothing", None, ["nothing: No such file"]),
], ids=range(10))
def test_what_is_wrong_with_a_file_is_told_and_nothing_is_changed(server, name, text, told):
    if text is not None:
        server.write(name, text)
    _, err = run(server, "import", ZONE, server.path(name), code=1)
    for part in told:
        assert part in err
    assert "nothing was changed" in err
    assert hosts(server) == {"old": 5000} and server.serial(ZONE) == 5


def test_a_zone_that_nobody_has_is_no_place_for_a_file(server):
    server.write("a.csv", csv_text(NUMBERS, "new"))
    _, err = run(server, "import", "example.com", server.path("a.csv"), code=1)
    assert "example.com is no zone of" in err
    run(server, "import", ZONE, code=2)
    run(server, "import", "--what", ZONE, "x", code=2)
    run(server, "export", code=2)
    run(server, "export", "example.com", code=1)


def control(server, data, files=()):
    """Sends octets to the control socket; what comes back."""
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(server.path("store"))  # the path of a socket is short
        try:
            s.connect("onnetd.sock")
        finally:
            os.chdir(here)
        s.settimeout(60)
        socket.send_fds(s, [data], files)
        s.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while part := s.recv(1000):
                got += part
        except ConnectionResetError:
            pass  # not all of it was read
        return got.decode()


def test_what_is_no_request_is_answered_and_harms_nothing(server):
    assert os.stat(server.path("store/onnetd.sock")).st_mode & 0o777 == 0o600
    with open(server.write("junk", "x" * 5000), "rb") as junk, open("/dev/zero", "rb") as zero:
        for line in ("what", "", "import", f"import {ZONE} zone 0 1 1", "import " + "x" * 900,
                     f"import {ZONE} zone 0 -1 x", " ".join(["import"] * 20)):
            for files in ([], [junk.fileno()], [junk.fileno()] * 2, [zero.fileno()] * 2):
                assert "failed " in control(server, (line + "\n").encode(), files), line
        for size in (0, 1, 100, 5000, 6000):
            line = f"import {ZONE} zone 1 {size} {size}\n".encode()
            assert "failed " in control(server, line, [junk.fileno()] * 2)
        assert control(server, b"x" * 5000) == ""  # never a line
        assert control(server, b"no end") == ""
    assert hosts(server) == {"old": 5000} and server.serial(ZONE) == 5
    bring(server, csv_text(NUMBERS[:10], "new"), "new.csv")
    assert hosts(server) == {"new": 10}


def test_what_goes_out_comes_in_again(server):
    more = ("*.2 NAPTR 100 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@range.example.net!\" .\n"
            "_sip._udp.1.2.3.4 SRV 1 2 5060 a.example.net.\n1.2.3.4 A 192.0.2.1\n"
            "9.9.9.9 NS ns.elsewhere.example.\n\\000\\001.x TXT \"a\\\"b\" \"\"\n"
            "T TYPE65280 \\# 3 010203\n1 TXT one\n1.1 TXT two\n1.1.1 TXT three\n1.1.1.1 TXT four\n")
    bring(server, zone_text(9, NUMBERS, "new", more))
    before = server.content(ZONE)
    run(server, "export", ZONE, server.path("out.zone.gz"))
    run(server, "import", ZONE, server.path("out.zone.gz"))
    assert server.content(ZONE) == before
    out, _ = run(server, "export", ZONE)
    run(server, "import", ZONE, "-", data=out.encode())
    assert server.content(ZONE) == before
    zone = dns.zone.from_text(out, ZONE, relativize=False)
    assert len(list(zone.iterate_rdatas())) == len(before) + 1
    # the numbers alone; what lines can't say is told
    out, err = run(server, "export", "--csv", ZONE, code=1)
    assert "1.2.3.4." in err and len(out.splitlines()) == 5000
    run(server, "import", "--csv", ZONE, "-", data=out.encode())
    assert hosts(server)["new"] == 5000


def test_lines_mean_what_they_mean_for_the_tool(start_onnetd):
    """The same file by onnet number import, which goes by updates, and by onnetd import."""
    draw = random.Random(7)
    lines = ["number,uri,ttl,service,order,preference"]
    for n in range(3000):
        number = f"{draw.choice(['1202555', '4420794', '331'])}{draw.randrange(1500):04}"
        lines.append(draw.choice([
            f"+{number},sip:+{number}@gw{draw.randrange(4)}.example.net",
            f"{number},sip:{number}@gw{draw.randrange(4)}.example.net,{draw.randrange(1, 90)}",
            f'"+{number[:3]} {number[3:]}",tel:+{number}',
            f"+{number},sip:{{number}}@pbx.example.net,,,{draw.randrange(3)}",
            f"+{number},sip:{{digits}}@pbx.example.net,,voice:sip,7,{draw.randrange(11, 90)}",
            f"+{number},mailto:x!{number}{number}@example.net",
            f"{draw.randrange(1, 2000)}*{draw.randrange(1, 4)},sip:isn@example.net",
            f"+{number},h323:{number}@h323.example.net,{number[-3:]}",
        ]))
    zones = {ZONE: {"text": HEAD.format(1)}, "itad.example.net": {"text": HEAD.format(1)}}
    number = {"e164": [ZONE], "isn": ["itad.example.net"]}
    tool, bulk = start_onnetd(dict(zones), number=number), start_onnetd(dict(zones), number=number)
    for kind, zone in (("E.164", ZONE), ("ISN", "itad.example.net")):
        chosen = [lines[0]] + [x for x in lines[1:] if ("*" in x) == (kind == "ISN")]
        text = "\r\n".join(chosen) + "\n"
        tool.write("a.csv", text)
        done = subprocess.run(
            [os.path.join(servers.BUILD, "onnet"), "-c", tool.path("onnet.yaml"), "--server",
             f"127.0.0.1@{tool.port}", "--key", "ops", "number", "import", tool.path("a.csv")],
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        bulk.write("a.csv", text)
        run(bulk, "import", zone, bulk.path("a.csv"))
        assert len(bulk.content(zone)) > 300
        assert bulk.content(zone) == tool.content(zone)


def random_zone(draw, count):
    """Many names in no order, some again and again, in all ways of writing."""
    text = [HEAD.format(2)]
    for n in range(count):
        name = draw.choice([owner(f"1202{draw.randrange(3000):05}"), owner(f"12{draw.randrange(999)}"),
                            f"h{draw.randrange(count)}", f"h{draw.randrange(99)}.h{draw.randrange(9)}",
                            f"*.h{draw.randrange(99)}", f"_sip._udp.{owner(str(draw.randrange(9999)))}"])
        data = draw.choice([f"A 192.0.2.{draw.randrange(256)}", f"TXT \"a;b(\" \"{n} \\\" )\"",
                            f"TXT ( \"{n}\"\n\t\"two\" ) ; (", f"TXT ( {n}\n$TTL 7 )", "SRV 1 2 3 a.b.c.",
                            f"NAPTR 1 {n % 99} \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@{n}.x!\" ."])
        text.append(f"{name} {data}\n")
        roll = draw.randrange(100)
        if roll == 0:
            text.append("$TTL %d\n" % draw.randrange(1, 9) if n % 2 else "\n; a comment \" (\n")
        elif roll == 1:
            text.append(f"$ORIGIN o{draw.randrange(9)}.{ZONE}.\n")
        elif roll == 2:
            text.append(f"$ORIGIN {ZONE}.\n")
        elif roll < 20:
            text.append("\tA 192.0.2.77\n")
    return "".join(text)


@pytest.mark.thorough
def test_a_file_in_parts_is_the_zone_that_it_is_as_one(server):
    """Some MiB in no order: what dnspython makes of the file is what is served then."""
    text = random_zone(random.Random(0), 40000)
    assert len(text) > 1500000
    wanted = set()
    zone = dns.zone.from_text(text, ZONE, relativize=False)
    for name, rdataset in zone.iterate_rdatasets():
        if rdataset.rdtype != dns.rdatatype.SOA:
            wanted |= {(name, rdataset.rdtype, rdata) for rdata in rdataset}
    bring(server, text)
    assert {(name, rdtype, rdata) for name, rdtype, _, rdata in server.content(ZONE)} == wanted


class Asker(threading.Thread):
    """Asks for a number that all versions of the zone have; every answer has to be one of them."""

    def __init__(self, server, allowed):
        super().__init__()
        self.server = server
        self.allowed = allowed
        self.stop = False
        self.faults = []
        self.count = 0

    def run(self):
        draw = random.Random(1)
        while not self.stop:
            name = f"{owner(draw.choice(NUMBERS[:100]))}.{ZONE}"
            r = self.server.query(name, "NAPTR")
            self.count += 1
            if r.rcode() != 0 or len(r.answer) != 1 or not any(
                    f"@{host}.".encode() in r.answer[0][0].regexp for host in self.allowed):
                self.faults.append(str(r))


class Updater(threading.Thread):
    """Adds names, one after another; remembers those that were acknowledged."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.stop = False
        self.faults = []
        self.done = []

    def run(self):
        n = 0
        while not self.stop:
            m = dns.update.UpdateMessage(ZONE)
            m.add(f"u{n}", 60, "TXT", str(n))
            r = self.server.update(m)
            if r is None or r.rcode() != 0:
                self.faults.append(str(r))
            else:
                self.done.append(n)
            n += 1


def test_a_zone_is_replaced_without_a_gap_in_answers_or_updates(server):
    many = [f"1202{n:07}" for n in range(5550000, 5590000)]
    allowed = ["old"] + [f"v{i}" for i in range(6)]
    askers = [Asker(server, allowed) for _ in range(2)]
    updater = Updater(server)
    for thread in askers + [updater]:
        thread.start()
    try:
        for i in range(6):
            bring(server, csv_text(NUMBERS + many, f"v{i}"), "new.csv")
            name = f"{owner(NUMBERS[0])}.{ZONE}"
            assert f"@v{i}.".encode() in server.query(name, "NAPTR").answer[0][0].regexp
    finally:
        for thread in askers + [updater]:
            thread.stop = True
            thread.join()
    assert not updater.faults and not any(a.faults for a in askers)
    assert all(a.count > 100 for a in askers) and len(updater.done) > 50
    names = {str(name) for name, rdtype, _, _ in server.content(ZONE)
             if rdtype == dns.rdatatype.TXT}
    assert not [n for n in updater.done if f"u{n}.{ZONE}." not in names]
    server.restart()
    # a number that stands in the file twice has two records
    assert numbers_of(server) == {"v5": 45000}


@pytest.mark.thorough
@pytest.mark.parametrize("victim", ["command", "server"])
def test_whoever_is_killed_the_zone_is_one_or_the_other(server, victim):
    draw = random.Random(3)
    numbers = [f"1202{n:07}" for n in range(60000)]
    current = numbers_of(server)
    for i in range(ROUNDS):
        server.write("new.csv", csv_text(numbers, f"v{i}"))
        with subprocess.Popen(command(server, "import", ZONE, server.path("new.csv")),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(draw.random() * 0.25)
            if victim == "command":
                process.kill()
            else:
                server.kill()
            process.wait()
            if victim == "server":
                server.start()
        new = {f"v{i}": 60000}
        found = numbers_of(server)
        assert found in (current, new), found
        if victim == "command":
            run(server, "import", ZONE, server.path("new.csv"))  # the server is still of use
            assert numbers_of(server) == new
            current = new
        else:
            current = found


def test_a_file_that_is_read_for_long_keeps_nobody_waiting(server):
    """While it is read, the server has nothing to do with it: no connection is open that could end."""
    text = csv_text(NUMBERS, "new").encode() + b"\n" * (2 << 20)
    with subprocess.Popen(command(server, "import", "--csv", ZONE, "-"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as slow:
        slow.stdin.write(text)  # far more than a pipe holds: so most of it has been read
        slow.stdin.flush()
        fds = f"/proc/{slow.pid}/fd"
        assert not [fd for fd in os.listdir(fds) if os.readlink(f"{fds}/{fd}").startswith("socket:")]
        out, err = slow.communicate(timeout=300)
    assert slow.returncode == 0, (out, err)
    assert hosts(server) == {"new": 5000}


def owners(store):
    return {os.stat(os.path.join(store, name)).st_uid for name in os.listdir(store)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work for others")
@pytest.mark.parametrize("user", [None, "nobody"])
def test_what_root_makes_in_the_store_is_not_roots(start_onnetd, monkeypatch, user):
    """A service's unit may name the user, and the configuration none: then the folder says whose it is."""
    nobody = pwd.getpwnam("nobody")
    # LeakSanitizer can't look into a process that gave up its rights
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    # pytest shuts its own directories to others, again whenever another run of it begins
    home = tempfile.mkdtemp(prefix="onnet-test-")
    os.chmod(home, 0o755)
    folder = os.path.join(home, "store")
    try:
        check_owners(start_onnetd, folder, nobody, user)
    finally:
        shutil.rmtree(home)


def check_owners(start_onnetd, folder, nobody, user):
    os.mkdir(folder, 0o700)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    server = start_onnetd({ZONE: {}}, server={"storage": folder} | ({"user": user} if user else {}))
    server.stop()
    for words in (["import", "--csv", ZONE, "-"], ["stat"], ["compact", "--force"], ["export", ZONE],
                  ["export", ZONE, server.path("out.zone")]):
        shutil.rmtree(folder)
        os.mkdir(folder, 0o700)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        run(server, *words, data=b"+12025550123,sip:a@b\n", code=1 if words[0] == "export" else 0)
        assert owners(folder) == {nobody.pw_uid}, words
