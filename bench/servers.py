# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that are measured: their configuration, start and end.

Each is started in the foreground below its own directory, on a port of 127.0.0.1, and ends with
this program whatever happens to it: setpriv asks the kernel for a SIGKILL when the parent dies.
A server is ready when it answers for the SOA of each of its zones.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

KEY_NAME = "ops"
KEY_ALGORITHM = "hmac-sha256"
KEY_SECRET = "b25uZXQtYmVuY2gtc2VjcmV0LTAxMjM0NTY3ODlhYmM="
READY_WITHIN = 300

SOA = 6


class Failure(Exception):
    """The benchmark cannot go on; the text says why."""


def spawn(command, source=subprocess.DEVNULL, **options):
    """Starts a program that dies with this one; it reads from `source`."""
    prefix = ["setpriv", "--pdeathsig", "KILL"]
    return subprocess.Popen(prefix + [str(word) for word in command], stdin=source, **options)


def query_write(name, kind):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.rstrip(".").split("."))
    return struct.pack("!6H", 4711, 0, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def answers_soa(address, port, zone):
    """Whether the server there has an authoritative SOA for the zone now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        try:
            sock.connect((address, port))
            sock.send(query_write(zone, SOA))
            flags, _, answers = struct.unpack_from("!3H", sock.recv(4096), 2)
        except (OSError, struct.error):
            return False
        return flags & 0x840F == 0x8400 and answers == 1


class Server:
    """One server. `title` is its name and version as the table shows it."""

    name = ""
    address = "127.0.0.1"
    within = contextlib.nullcontext  # where its sockets are
    prefix = ()                      # of its command

    def __init__(self, directory, port, zones, called=None):
        self.directory = directory / (called or self.name)
        self.port = port
        self.zones = zones  # domain -> path of its zone file
        self.process = None
        self.log = self.directory / "log"
        self.directory.mkdir(parents=True)
        self.title = f"{self.name} {self.version()}".strip()

    def version(self):
        return ""

    def command(self):
        raise NotImplementedError

    def start(self):
        """Starts it and waits until it is ready; returns the seconds that it took."""
        command = [*self.prefix, *self.command()]
        with self.within():
            self._claim_port()
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = spawn(command, stdout=log, stderr=log)
        while not self._ready():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended at its start:\n{self.log_tail()}")
            if time.monotonic() > begin + READY_WITHIN:
                raise Failure(f"{self.name} is not ready after {READY_WITHIN} s:\n"
                              f"{self.log_tail()}")
            time.sleep(0.002)
        return time.monotonic() - begin

    def _ready(self):
        with self.within():
            return self.ready()

    def _claim_port(self):
        """A stranger on our port would be measured in the server's place."""
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
                try:
                    sock.bind((self.address, self.port))
                except OSError as e:
                    raise Failure(f"port {self.port} for {self.name}: {e.strerror}") from e

    def ready(self):
        return all(answers_soa(self.address, self.port, zone) for zone in self.zones)

    def bind(self, cores):
        """Binds all its threads to cores (a set of numbers)."""
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            os.sched_setaffinity(int(thread), cores)

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])

    def end(self, how=signal.SIGTERM):
        """Ends it; a server that does not go within ten seconds is killed."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process = None

    def resident(self):
        """Its memory in MiB."""
        return memory(self.process.pid, "VmRSS")

    def own_memory(self):
        """Its memory in MiB without mapped files."""
        return memory(self.process.pid, "RssAnon")


def memory(pid, field):
    """A field of /proc/PID/status in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return int(re.search(field + r":\s+(\d+)", status.read())[1]) / 1024


def version_of(command, pattern):
    """What a program says of its version, the part that the pattern's group holds."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else ""


class Echo(Server):
    """The ceiling: sockets and nothing else (echo.c)."""

    name = "echo"

    def __init__(self, directory, port, tool, called=None):
        self.tool = tool
        super().__init__(directory, port, {}, called)

    def command(self):
        return [self.tool, self.port, self.address]

    def ready(self):
        """It has no zone; it is ready when what is sent comes back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            try:
                sock.connect((self.address, self.port))
                sock.send(query_write("example.net", SOA))
                return len(sock.recv(4096)) > 0
            except OSError:
                return False


class Knot(Server):
    """knotd with one UDP worker, zones in memory, nothing that watches or limits."""

    name = "knotd"
    more = ""  # lines of its configuration

    def version(self):
        return version_of(["knotd", "--version"], r"(\d+\.\d+[.\d]*)")

    def command(self):
        config = self.directory / "knot.conf"
        zones = "".join(f"  - domain: {zone}\n    file: {path}\n"
                        for zone, path in self.zones.items())
        config.write_text(f"""\
server:
    rundir: {self.directory}
    listen: {self.address}@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
{self.more}log:
  - target: stderr
    any: warning
database:
    storage: {self.directory}
template:
  - id: default
    storage: {self.directory}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
{zones}""")
        return ["knotd", "-c", config]


class Named(Server):
    """named with dynamic zones; its journal is on the disk of the other's store.

    It logs nothing, because its default is several lines for each update, and has copies of the
    zone files, because it writes them anew."""

    name = "named"

    def version(self):
        return version_of(["named", "-v"], r"BIND (\d+\.\d+[.\d]*)")

    def command(self):
        config = self.directory / "named.conf"
        zones = ""
        for zone, path in self.zones.items():
            copy = self.directory / path.name
            if not copy.exists():
                shutil.copyfile(path, copy)
            zones += (f'zone "{zone}" {{ type primary; file "{copy}"; '
                      f"allow-update {{ key {KEY_NAME}; }}; }};\n")
        config.write_text(f"""\
key "{KEY_NAME}" {{ algorithm {KEY_ALGORITHM}; secret "{KEY_SECRET}"; }};
options {{
	directory "{self.directory}";
	listen-on port {self.port} {{ 127.0.0.1; }};
	listen-on-v6 {{ none; }};
	pid-file none;
	session-keyfile none;
	recursion no;
	notify no;
	dnssec-validation no;
	empty-zones-enable no;
	flush-zones-on-shutdown no;
}};
controls {{ }};
logging {{ category default {{ null; }}; }};
{zones}""")
        return ["named", "-4", "-f", "-c", config]


class Onnetd(Server):
    """onnetd, with one worker unless told otherwise; a zone that has a file (others have None) is
    seeded from it at the first start."""

    name = "onnetd"

    def __init__(self, directory, port, zones, binary, called=None, workers=1, more=""):
        self.binary = binary
        self.workers = workers
        self.more = more
        super().__init__(directory, port, zones, called)
        self.config = self.directory / "onnet.yaml"

    def version(self):
        return version_of([self.binary, "--version"], r"(\d+\.\d+[.\d]*)")

    def configure(self):
        zones = "".join(f"  - domain: {zone}\n    update: {KEY_NAME}\n" +
                        (f"    file: {path}\n" if path else "")
                        for zone, path in self.zones.items())
        self.config.write_text(f"""\
server:
  listen: {self.address}@{self.port}
  storage: {self.directory}/store
  workers: {self.workers}
{self.more}key:
  - id: {KEY_NAME}
    algorithm: {KEY_ALGORITHM}
    secret: "{KEY_SECRET}"
zone:
{zones}""")

    def command(self):
        self.configure()
        return [self.binary, "-c", self.config]

    def take_in(self, zone, maker):
        """Runs "onnetd import" of what a command writes; the seconds, and its own memory in MiB."""
        self.configure()
        begin = time.monotonic()
        source = spawn(maker, stdout=subprocess.PIPE)
        with open(self.log, "ab") as log:
            taker = spawn([self.binary, "import", "--csv", "-c", self.config, zone, "-"],
                          source=source.stdout, stdout=log, stderr=log)
        source.stdout.close()
        most = 0
        while taker.poll() is None:
            try:
                most = max(most, memory(taker.pid, "RssAnon"))
            except (OSError, TypeError):
                pass
            time.sleep(0.05)
        seconds = time.monotonic() - begin
        source.wait()
        if taker.returncode != 0 or source.returncode != 0:
            raise Failure(f"onnetd import ended with {taker.returncode}:\n{self.log_tail()}")
        return seconds, most

    def stored(self):
        """Octets that the store takes on the disk, all of its files."""
        files = (self.directory / "store").rglob("*")
        return sum(os.stat(f).st_blocks for f in files) * 512

    def data(self):
        """Octets of the file that holds the zones."""
        return os.stat(self.directory / "store" / "data.mdb").st_blocks * 512
