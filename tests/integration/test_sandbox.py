# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running server has given up, and that it does all of its work without it."""
import os
import pwd
import shutil
import subprocess

import dns.rcode
import dns.update
import pytest

import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")

ZONE = "example.net"
TEXT = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"


def status(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def command(server, *words):
    done = subprocess.run([server.binary(), words[0], "-c", server.path("onnet.yaml"), *words[1:]],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add(server, owner):
    m = dns.update.UpdateMessage(ZONE)
    m.add(owner, 60, "TXT", "x")
    assert server.update(m).rcode() == 0


def names(server):
    return {owner.labels[0].decode() for owner, _, _, _ in server.content(ZONE)}


def reload(server, zones):
    server.zones = zones
    server.configure()
    mark = len(server.log())
    server.reload()
    return server.wait_log("onnet.yaml (read again|not taken)", mark), server.log()[mark:]


def works(server):
    """All that a server does once it runs."""
    assert server.query(f"ns.{ZONE}", "A", tcp=True).rcode() == 0
    add(server, "one")
    server.write("more.zone", TEXT + "two TXT y\n")
    command(server, "import", ZONE, server.path("more.zone"))
    add(server, "three")
    command(server, "compact", "--force")
    add(server, "four")
    assert "four" in command(server, "export", ZONE)
    assert ZONE in command(server, "stat")
    assert names(server) >= {"two", "three", "four"}
    line, _ = reload(server, {ZONE: {"text": TEXT}, "second.example": {"text": TEXT}})
    assert "read again" in line
    assert server.query("ns.second.example", "A").rcode() == 0
    server.restart()
    assert names(server) >= {"two", "three", "four"}


def test_a_server_does_its_work_in_the_sandbox(start_onnetd):
    server = start_onnetd({ZONE: {"text": TEXT}})
    server.wait_log("sandbox: uid=[0-9]+ no-new-privs seccomp")
    told = status(server)
    assert told["NoNewPrivs"] == "1"
    assert told["Seccomp"] == "2"
    works(server)


def test_root_gives_up_being_root_too(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("takes root")
    tmp_path.chmod(0o755)
    place = f"/tmp/onnet-sandbox-{os.getpid()}"
    os.makedirs(place)
    os.chmod(place, 0o755)
    server = servers.Onnetd(os.path.join(place, "s"), {ZONE: {"text": TEXT}}, server={"user": "nobody"})
    try:
        server.start()
        server.wait_log("sandbox: user=nobody no-new-privs seccomp")
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        told = status(server)
        assert set(told["Uid"].split()) == {nobody}
        assert int(told["CapEff"], 16) == 0
        works(server)
    finally:
        server.close()
        shutil.rmtree(place)


def test_files_elsewhere_take_a_restart(start_onnetd, tmp_path):
    """Folders are those of the start; the log says why, and the server goes on as it was."""
    server = start_onnetd({ZONE: {"text": TEXT}})
    if "landlock(" not in server.log():
        pytest.skip("no Landlock here")
    if "asan" in servers.BUILD or "tsan" in servers.BUILD:
        pytest.skip("sanitizers read all files")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "second.zone").write_text(TEXT)
    more = {ZONE: {"text": TEXT}, "second.example": {"file": str(elsewhere / "second.zone")}}
    line, log = reload(server, more)
    assert "not taken" in line
    assert "Permission denied" in log
    assert server.query(f"ns.{ZONE}", "A").rcode() == 0
    server.restart()
    assert server.query("ns.second.example", "A").rcode() == 0


def test_it_can_be_left_away(start_onnetd):
    server = start_onnetd({ZONE: {"text": TEXT}}, server={"sandbox": "off"})
    server.wait_log("sandbox: off")
    assert status(server)["Seccomp"] == "0"
    assert status(server)["NoNewPrivs"] == "0"
