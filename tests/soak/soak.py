#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
All at once, for as long as wanted: queries, signed updates, transfers, reloads, imports, compactions,
restarts in order and by kill -9. Answers are compared with a model that is kept here; at the end the server's memory
and descriptors have to be what they were.

    tests/soak/soak.py [--seconds=3600]

Each client has names of its own in one zone and knows what each must be; where a server died before it
answered, both what was and what was to be are right. A second zone is imported anew again and again and is always
of one generation. Restarts fill the first third; then one server lives to the end, so that
what it takes up can be compared. A line every 10 seconds, and a verdict; the exit code is 0 where it is good.

Environment: ONNET_BUILD and ONNET_PORTS as for tests/integration, ONNET_SOAK_SEED to do again what was done.
"""
import argparse
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
# pylint: disable=wrong-import-position
import dns.exception
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.versioned
import dns.xfr
import dns.zone

import servers
import wire
from wire import ANY, IN, rr

ZONE, NUMBERS, MORE = "soak.example", "e164.example", "more.example"
HEAD = "$TTL 60\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
CLIENTS, NAMES, RECORDS = 3, 200, 500
KINDS = ("queries", "updates", "transfers", "reloads", "imports", "compactions", "ends", "kills")
LATE = 120                  # seconds more, at the most, on a machine that is slow
PATIENCE = 2.0              # seconds for an answer; without one it counts as not known
ROOM = 8 << 20              # octets that memory may be larger at the end, beside
UPDATE_ROOM = 64            # so many for each signed update that is remembered against copies,
UPDATES_REMEMBERED = 1 << 20
FILES_ROOM = 8


class Fault(Exception):
    """The server did what it must not do."""


class Soak:
    def __init__(self, seconds, directory):
        self.seed = int(os.environ.get("ONNET_SOAK_SEED", str(random.randrange(2 ** 32))))
        self.began = time.monotonic()
        self.seconds = seconds
        self.end = self.began + seconds
        self.steady = None             # from here on one server lives
        self.counts = dict.fromkeys((*KINDS, "refused", "unknown"), 0)
        self.faults = []
        self.quiet = threading.Lock()  # held: no client changes anything
        self.life = threading.RLock()  # held: the server neither ends nor is told anything
        self.samples = []              # (time, octets, files, updates) of the last server
        self.generation = 0
        self.server = servers.Onnetd(directory, {
            ZONE: {"text": HEAD, "log-size": "1M"},
            NUMBERS: {"text": self.numbers(0)}}, server={"rate-limit": 0, "tcp-max-per-client": 1000})
        self.server.start()

    def count(self, what, number=1):
        self.counts[what] += number

    def over(self):
        """A machine that is slow has more time, until there was one of each."""
        late = time.monotonic() - self.end
        missing = self.steady is None or any(self.counts[what] == 0 for what in KINDS)
        return bool(self.faults) or late >= (LATE if missing else 0)

    @staticmethod
    def numbers(generation):
        return HEAD + f"generation TXT {generation}\n" + "".join(
            f"{n % 10}.{n // 10 % 10}.{n // 100 % 10}.{n // 1000} TXT {generation}\n" for n in range(RECORDS))

    def guard(self, work, *args):
        """A thread's life; what it finds ends the run."""
        def run():
            try:
                work(*args)
            except Exception as fault:  # pylint: disable=broad-except
                if not isinstance(fault, Fault):
                    sys.excepthook(*sys.exc_info())
                self.faults.append(f"{work.__name__}: {fault!r}")
        return threading.Thread(target=run, daemon=True)

    def repeat(self, work, pause):
        """Now and then; shorter runs have it more often."""
        rng = random.Random(f"{self.seed} {work.__name__}")
        pause = min(pause, self.seconds / 8)
        while not self.over():
            time.sleep(rng.uniform(pause / 2, pause))
            if not self.over():
                work()

    # --- what is done to the server ---

    def reload(self):
        with self.life:
            self.server.zones.pop(MORE, None) or self.server.zones.update({MORE: {}})
            self.server.configure()
            mark = len(self.server.log())
            self.server.reload()
            self.server.wait_log("onnet.yaml (read again|not taken)", mark)
        self.count("reloads")

    def command(self, *words):
        done = subprocess.run([self.server.binary(), words[0], "-c", self.server.path("onnet.yaml"),
                               *words[1:]], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise Fault(f"{words[0]}: {done.stderr}")

    def import_numbers(self):
        with self.life:
            self.generation += 1
            self.server.write("numbers.new", self.numbers(self.generation))
            self.command("import", NUMBERS, self.server.path("numbers.new"))
            self.check_numbers()
        self.count("imports")

    def check_numbers(self):
        found = {rdata.strings[0] for _, rdtype, _, rdata in self.server.content(NUMBERS)
                 if rdtype == dns.rdatatype.TXT}
        if found != {str(self.generation).encode()}:
            raise Fault(f"of generation {self.generation} there is {found}")

    def compact(self):
        with self.life:
            self.command("compact", "--force")
        self.count("compactions")

    def restart(self):
        if self.steady is not None:
            return
        with self.life:
            if self.counts["ends"] <= self.counts["kills"]:
                self.server.stop()
                self.count("ends")
            else:
                self.server.kill()
                self.server.check_log()
                self.count("kills")
            self.server.start()
            self.check_numbers()
        now = time.monotonic()
        if now - self.began >= self.seconds / 3 and self.counts["kills"] > 0:
            self.steady = now
            self.end = max(self.end, now + self.seconds / 2)

    # --- what it takes up ---

    def measure(self):
        with self.life:
            pid = self.server.process.pid
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                memory = next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
            files = len(os.listdir(f"/proc/{pid}/fd"))
        if self.steady is not None:
            self.samples.append((memory << 10, files, self.counts["updates"]))
        return memory, files

    def tell(self):
        memory, files = self.measure()
        counts = ", ".join(f"{number} {what}" for what, number in self.counts.items())
        print(f"{time.monotonic() - self.began:6.0f} s: {counts}; {memory} KiB, {files} files", flush=True)

    def watch(self):
        told = self.began
        while not self.over():
            time.sleep(min(1, self.seconds / 40))
            if time.monotonic() - told >= 10:
                told = time.monotonic()
                self.tell()
            else:
                self.measure()

    def check_growth(self):
        """The last quarter beside the second one: by then all is there that is made once."""
        part = len(self.samples) // 4
        if part == 0:
            raise Fault("too short to compare anything")
        early, late = self.samples[part:2 * part], self.samples[-part:]
        memory = [statistics.median(s[0] for s in samples) for samples in (early, late)]
        files = [statistics.median(s[1] for s in samples) for samples in (early, late)]
        updates = late[-1][2] - early[0][2]
        room = ROOM + memory[0] / 10 + UPDATE_ROOM * min(updates, UPDATES_REMEMBERED)
        if memory[1] > memory[0] + room and not self.is_sanitized():
            raise Fault(f"memory: {memory[0]:.0f} octets became {memory[1]:.0f}")
        if files[1] > files[0] + FILES_ROOM:
            raise Fault(f"descriptors: {files[0]:.0f} became {files[1]:.0f}")

    def is_sanitized(self):
        """Then it keeps what was freed, to see whether somebody uses it."""
        with open(self.server.binary(), "rb") as f:
            program = f.read()
        return b"__asan_init" in program or b"__tsan_init" in program

    # --- the run ---

    def run(self):
        print(f"soak: seed {self.seed}, {self.server.directory}", flush=True)
        clients = [Client(self, number) for number in range(CLIENTS)]
        threads = [self.guard(client.run) for client in clients]
        threads.append(self.guard(self.repeat, Reader(self, clients).transfer, 2))
        for work, pause in ((self.reload, 5), (self.import_numbers, 8), (self.compact, 20),
                            (self.restart, 4)):
            threads.append(self.guard(self.repeat, work, pause))
        threads.append(self.guard(self.watch))
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and time.monotonic() < self.end + LATE + 3 * servers.PATIENCE:
                thread.join(1)
            if thread.is_alive():
                self.faults.append("a thread does not end")
        for check in (self.check_growth, Reader(self, clients).transfer, self.check_numbers,
                      self.server.close):
            try:
                check()
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append(f"at the end: {fault!r}")
        self.faults += [f"there was not one of: {what}" for what in KINDS if self.counts[what] == 0]
        if self.counts["refused"] > self.counts["updates"] / 20:
            self.faults.append(f"{self.counts['refused']} updates were refused")
        return not self.faults


class Client:
    """Names of its own, and what each may be: a set of numbers, None among them for no such name."""

    def __init__(self, soak, number):
        self.soak = soak
        self.number = number
        self.rng = random.Random(f"{soak.seed} client {number}")
        self.names = {self.owner(n): {None} for n in range(NAMES)}
        self.next = 0

    def owner(self, n):
        """Half of them are numbers."""
        if n % 2:
            return f"{n % 10}.{n // 10 % 10}.{n // 100}.{self.number}.{ZONE}"
        return f"n{n}.c{self.number}.{ZONE}"

    def run(self):
        sockets = [self.make_socket() for _ in range(2)]
        while not self.soak.over():
            # A lock that is taken again at once would never be another's.
            with self.soak.quiet:
                for _ in range(20):
                    self.change(sockets[0])
            for _ in range(40):
                self.ask(sockets[1])

    def make_socket(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(PATIENCE)
        s.connect((servers.ADDRESS, self.soak.server.port))
        return s

    @staticmethod
    def exchange(s, message):
        """The answer; None: there is none, the server may have died."""
        end = time.monotonic() + PATIENCE
        try:
            s.send(message)
            while time.monotonic() < end:
                answer = s.recv(65535)
                if answer[:2] == message[:2]:
                    return answer
        except (ConnectionRefusedError, TimeoutError):
            time.sleep(0.01)
        return None

    def change(self, s):
        owner = self.rng.choice(list(self.names))
        self.next += 1
        value = None if self.rng.random() < 0.3 else self.next
        records = [rr(owner, "TXT", ANY)]
        if value is not None:
            text = str(value).encode()
            records.append(rr(owner, "TXT", IN, 60, bytes([len(text)]) + text))
        message = wire.sign(wire.update(ZONE, records=records))
        answer = self.exchange(s, message)
        if answer is None:
            self.names[owner] = self.names[owner] | {value}
            self.soak.count("unknown")
            return
        if wire.rcode(answer) == dns.rcode.SERVFAIL:  # as a server that is ending says
            self.soak.count("refused")
            return
        if wire.rcode(answer) != 0 or not wire.signed_right(answer, message):
            raise Fault(f"update of {owner}: rcode {wire.rcode(answer)}")
        self.names[owner] = {value}
        self.soak.count("updates")

    def ask(self, s):
        owner = self.rng.choice(list(self.names))
        answer = self.exchange(s, wire.query(owner, "TXT"))
        if answer is None:
            return
        self.soak.count("queries")
        texts = [int(f[5][1:]) for f in wire.records(answer) if f[0] == 1]
        if wire.rcode(answer) not in (0, 3) or len(texts) > 1:
            raise Fault(f"{owner}: rcode {wire.rcode(answer)}, {texts}")
        found = texts[0] if texts else None
        if found not in self.names[owner]:
            raise Fault(f"{owner} is {found}, may be {self.names[owner]}")


class Reader:
    """A secondary: follows the zone, by what changed where the server offers that, else whole."""

    def __init__(self, soak, clients):
        self.soak = soak
        self.clients = clients
        self.zone = dns.versioned.Zone(dns.name.from_text(ZONE), relativize=False)

    def fetch(self):
        query, _ = dns.xfr.make_query(self.zone, keyring=servers.tsig_key("ops"))
        dns.query.inbound_xfr(servers.ADDRESS, self.zone, query, port=self.soak.server.port,
                              timeout=servers.PATIENCE, lifetime=servers.PATIENCE)

    def found(self):
        return {name.to_text(omit_final_dot=True): int(rdata.strings[0])
                for name, _, rdata in self.zone.iterate_rdatas("TXT")}

    def transfer(self):
        with self.soak.life, self.soak.quiet:
            self.fetch()
            found = self.found()
            for client in self.clients:
                for owner, may in client.names.items():
                    if found.pop(owner, None) not in may:
                        raise Fault(f"transfer: {owner} is none of {may}")
        if found:
            raise Fault(f"transfer: {found} too")
        self.soak.count("transfers")


def main():
    parser = argparse.ArgumentParser(description="All at once, compared with a model.")
    parser.add_argument("--seconds", type=float, default=3600)
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="onnet-soak-")
    soak = Soak(options.seconds, os.path.join(directory, "s"))
    good = soak.run()
    if good:
        shutil.rmtree(directory)
    else:
        print("\n".join(soak.faults))
        print(soak.server.log()[-5000:])
    counts = ", ".join(f"{number} {what}" for what, number in soak.counts.items())
    print(f"soak: {counts}: {'good' if good else f'FAILED, seed {soak.seed}, see {directory}'}")
    return 0 if good else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
