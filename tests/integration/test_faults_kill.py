# SPDX-License-Identifier: GPL-3.0-or-later
"""
The server dies, or the machine's power goes, in front of each single operation on its files: of a
commit, of a checkpoint, a compaction, an import, a start and a transfer in. Each time what was acknowledged is there, and what
was under way is there whole or not at all.

ONNET_FAULT_ROUNDS: how often each step's turn comes (default 2; for each the disk looks otherwise).
ONNET_FAULT_SEED: what a failed run has told.
"""
import os
import random
import signal
import socket
import struct
import subprocess
import time

import dns.rdatatype
import pytest

import faults
import servers
import wire
from wire import ANY, IN, rr

pytestmark = faults.needs_library

ZONE = "example.net"
TEXT = "$TTL 3600\n@ SOA ns host {} 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
ROUNDS = int(os.environ.get("ONNET_FAULT_ROUNDS", "2"))
SEED = int(os.environ.get("ONNET_FAULT_SEED", str(random.randrange(2 ** 32))))
KEPT = 4
STEPS_MAX = 2000


def txt(number):
    text = str(number).encode()
    return bytes([len(text)]) + text


def owners(number):
    return f"a{number}.{ZONE}", f"0.1.2.{number}.{ZONE}"


class Model:
    """A counter, and the names of the last few changes. An import brings a generation, and takes all else away."""

    def __init__(self, server):
        self.server = server
        self.acknowledged = 0  # changes
        self.first = 1         # the first one since the last import
        self.imported = 0
        self.importing = False # whether the next generation may be there

    def message(self, number):
        records = [rr(f"counter.{ZONE}", "TXT", ANY), rr(f"counter.{ZONE}", "TXT", IN, 60, txt(number))]
        records += [rr(owner, "TXT", IN, 60, txt(number)) for owner in owners(number)]
        if number - KEPT >= self.first:
            records += [rr(owner, "ANY", ANY) for owner in owners(number - KEPT)]
        return wire.sign(wire.update(ZONE, records=records))

    def change(self):
        """One more change; True: acknowledged, False: it died first."""
        answer = self.server.ask(self.message(self.acknowledged + 1))
        if answer is None:
            return False
        assert wire.rcode(answer) == 0
        self.acknowledged += 1
        return True

    def import_done(self):
        self.imported, self.first, self.importing = self.imported + 1, self.acknowledged + 1, False

    def wanted(self, last):
        names = {f"imported.{ZONE}": self.imported} if self.imported else {}
        if last >= self.first:
            names[f"counter.{ZONE}"] = last
        for number in range(max(self.first, last - KEPT + 1), last + 1):
            names.update(dict.fromkeys(owners(number), number))
        return names

    def found(self):
        return {owner.to_text(omit_final_dot=True): int(rdata.strings[0])
                for owner, rdtype, _, rdata in self.server.content(ZONE) if rdtype == dns.rdatatype.TXT}

    def check(self):
        """All that was acknowledged, and perhaps what was under way."""
        found = self.found()
        if self.importing and found.get(f"imported.{ZONE}") == self.imported + 1:
            self.import_done()
        self.importing = False
        if found == self.wanted(self.acknowledged + 1):
            self.acknowledged += 1
        assert found == self.wanted(self.acknowledged), \
            f"seed {SEED}: after change {self.acknowledged} of {self.imported}"


@pytest.fixture
def model(tmp_path):
    server = faults.Faulty(tmp_path / "f", {ZONE: {"text": TEXT.format(1), "log-size": "64K"}},
                           server={"workers": 1})
    server.start()
    server.stop()  # a store with a zone, which the library finds at the next start
    server.start()
    yield Model(server)
    if server.process is not None:
        server.faults.clear()
    server.close()


def each_step(model, activity, count):
    """activity(armed) is begun once for each step; False: it died, as it shall."""
    rng = random.Random(SEED)
    server, deaths = model.server, 0
    for turn in range(ROUNDS):
        for step in range(1, STEPS_MAX):
            loss = rng.randrange(faults.LOSSES + 1)
            end = activity(lambda: server.faults.arm(step, loss, rng.randrange(2 ** 31)))
            server.faults.die_at = 0
            if end and model.change():
                break  # else it died by what it did of itself afterwards
            assert server.bury() == -signal.SIGKILL
            deaths += 1
            server.start()
            model.check()
        else:
            pytest.fail("no end of it")
    print(f"{deaths} deaths, {model.acknowledged} changes")
    assert deaths >= count, f"only {deaths} steps"


def wait_end(server, done):
    """True: done() came; False: the server died first."""
    end = time.monotonic() + servers.PATIENCE
    while time.monotonic() < end:
        if server.died():
            return False
        if done():
            return True
        time.sleep(0.001)
    raise servers.Broken(f"no end:\n{server.log()}")


def test_at_each_step_of_a_commit(model):
    def activity(arm):
        assert model.change()
        arm()
        return model.change()
    each_step(model, activity, 4)


def test_at_each_step_of_a_checkpoint(model):
    """The end of a server makes one."""
    def activity(arm):
        assert model.change()
        arm()
        model.server.process.send_signal(signal.SIGTERM)
        model.server.process.wait(servers.PATIENCE)
        if model.server.process.returncode != 0:
            return False
        model.server.bury()
        model.server.start()
        model.check()
        return True
    each_step(model, activity, 3)


def test_at_each_step_of_a_compaction(model):
    def activity(arm):
        assert model.change()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(model.server.path("store/onnetd.sock"))
            s.settimeout(servers.PATIENCE)
            arm()
            s.send(b"compact\n")
            if not model.change():
                return False
            try:
                answer = s.recv(1000)
            except ConnectionResetError:
                answer = b""
        assert answer == b"" or answer.startswith(b"done"), answer
        return wait_end(model.server, lambda: answer != b"")
    each_step(model, activity, 10)


def test_at_each_step_of_an_import(model):
    server = model.server

    def activity(arm):
        number = model.imported + 1
        server.write("new.zone", TEXT.format(1) + f"imported TXT {number}\n"
                     + "".join(f"x{i} A 192.0.2.1\n" for i in range(20)))
        assert model.change()
        model.importing = True
        arm()
        with subprocess.Popen([server.binary(), "import", "-c", server.path("onnet.yaml"), ZONE,
                               server.path("new.zone")], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as command:
            done = command.wait(servers.PATIENCE) == 0
        if done:
            model.import_done()
            return not server.died()
        server.process.wait(servers.PATIENCE)
        return False
    each_step(model, activity, 10)


def test_at_each_step_of_a_start(model):
    server = model.server

    def activity(arm):
        assert model.change()
        server.process.send_signal(signal.SIGKILL)
        server.bury()
        arm()
        server.start(wait=False)
        if not server.wait_ready():
            return False
        model.check()
        return True
    each_step(model, activity, 5)


class Copy:
    """The zone at a secondary: one of those that its primary ever had."""

    def __init__(self, server, primary):
        self.server = server
        self.primary = primary
        self.versions = {}
        self.acknowledged = 0
        self.whole = False

    def change_primary(self):
        """By turns a few records, which come as differences, and all of them."""
        self.acknowledged += 1
        if self.whole:
            self.primary.write("new.zone", TEXT.format(1) + f"imported TXT {self.acknowledged}\n" + "".join(
                f"x{i} A 192.0.2.1\n" for i in range(30)))
            subprocess.run([self.primary.binary(), "import", "-c", self.primary.path("onnet.yaml"), ZONE,
                            self.primary.path("new.zone")], check=True, stdout=subprocess.DEVNULL)
        else:
            message = wire.sign(wire.update(ZONE, records=[
                rr(owner, "TXT", IN, 60, txt(self.acknowledged)) for owner in owners(self.acknowledged)]))
            assert wire.rcode(self.primary.udp(message)) == 0
        self.whole = not self.whole
        self.versions[self.primary.serial(ZONE)] = self.primary.content(ZONE)

    def serial(self):
        """None: it has none yet, or died."""
        answer = self.server.ask(wire.query(ZONE, "SOA"))
        found = wire.records(answer) if answer is not None else []
        return struct.unpack("!I", found[0][5][-20:-16])[0] if found and found[0][0] == 1 else None

    def follow(self):
        """Until it has what the primary has; False: it died first."""
        wanted = max(self.versions)
        header = wire.header(wire.AA, qd=1, opcode=wire.NOTIFY) + wire.question(ZONE, "SOA")
        if self.server.ask(wire.sign(header)) is None:
            return False
        return wait_end(self.server, lambda: self.serial() == wanted)

    def change(self):
        """A whole round without a fault."""
        self.change_primary()
        if not self.follow():
            return False
        self.check()
        return True

    def check(self):
        """It may have fetched the next one meanwhile, so all is looked at in one answer."""
        if self.serial() is None:
            return
        sets = self.server.transfer(ZONE)
        found = {(s.name, s.rdtype, s.ttl, rdata) for s in sets for rdata in s
                 if s.rdtype != dns.rdatatype.SOA}
        serial = sets[0][0].serial
        assert found == self.versions[serial], f"seed {SEED}: serial {serial}"


def test_at_each_step_of_a_transfer_in(tmp_path):
    primary = servers.Onnetd(tmp_path / "p", {ZONE: {"text": TEXT.format(1)}})
    server = faults.Faulty(tmp_path / "s", {ZONE: {"primary": [
        {"address": f"{servers.ADDRESS}@{primary.port}", "key": "ops"}]}}, server={"workers": 1})
    copy = Copy(server, primary)
    try:
        primary.start()
        copy.versions[primary.serial(ZONE)] = primary.content(ZONE)
        server.start()
        server.stop()
        server.start()
        assert copy.change()

        def activity(arm):
            copy.change_primary()
            arm()
            return copy.follow()
        for _ in range(2):  # each step of differences, and of all
            each_step(copy, activity, 4)
            copy.change_primary()
            assert copy.follow()
    finally:
        server.faults.clear()
        server.close()
        primary.close()
