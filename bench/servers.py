# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that are measured: their configuration, start and end.

Each is started in the foreground below its own directory, on a port of 127.0.0.1, and ends with
this program whatever happens to it: setpriv asks the kernel for a SIGKILL when the parent dies.
A server is ready when it answers for the SOA of each of its zones.
"""

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


def spawn(command, **options):
    """Starts a program that dies with this one."""
    prefix = ["setpriv", "--pdeathsig", "KILL"]
    return subprocess.Popen(prefix + [str(word) for word in command],
                            stdin=subprocess.DEVNULL, **options)


def query_write(name, kind):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.rstrip(".").split("."))
    return struct.pack("!6H", 4711, 0, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def answers_soa(port, zone):
    """Whether the server on `port` has an authoritative SOA for the zone now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        try:
            sock.connect(("127.0.0.1", port))
            sock.send(query_write(zone, SOA))
            flags, _, answers = struct.unpack_from("!3H", sock.recv(4096), 2)
        except (OSError, struct.error):
            return False
        return flags & 0x840F == 0x8400 and answers == 1


class Server:
    """One server. `title` is its name and version as the table shows it."""

    name = ""

    def __init__(self, directory, port, zones):
        self.directory = directory / self.name
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
        command = self.command()
        self._claim_port()
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = spawn(command, stdout=log, stderr=log)
        while not self.ready():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended at its start:\n{self.log_tail()}")
            if time.monotonic() > begin + READY_WITHIN:
                raise Failure(f"{self.name} is not ready after {READY_WITHIN} s:\n"
                              f"{self.log_tail()}")
            time.sleep(0.02)
        return time.monotonic() - begin

    def _claim_port(self):
        """A stranger on our port would be measured in the server's place."""
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
                try:
                    sock.bind(("127.0.0.1", self.port))
                except OSError as e:
                    raise Failure(f"port {self.port} for {self.name}: {e.strerror}") from e

    def ready(self):
        return all(answers_soa(self.port, zone) for zone in self.zones)

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
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) // 1024


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

    def __init__(self, directory, port, tool):
        self.tool = tool
        super().__init__(directory, port, {})

    def command(self):
        return [self.tool, self.port]

    def ready(self):
        """It has no zone; it is ready when what is sent comes back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            try:
                sock.connect(("127.0.0.1", self.port))
                sock.send(query_write("example.net", SOA))
                return len(sock.recv(4096)) > 0
            except OSError:
                return False


class Knot(Server):
    """knotd with one UDP worker, zones in memory, nothing that watches or limits."""

    name = "knotd"

    def version(self):
        return version_of(["knotd", "--version"], r"(\d+\.\d+[.\d]*)")

    def command(self):
        config = self.directory / "knot.conf"
        zones = "".join(f"  - domain: {zone}\n    file: {path}\n"
                        for zone, path in self.zones.items())
        config.write_text(f"""\
server:
    rundir: {self.directory}
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
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
    """onnetd with one worker; the zone files seed its store at the first start."""

    name = "onnetd"

    def __init__(self, directory, port, zones, binary):
        self.binary = binary
        super().__init__(directory, port, zones)

    def version(self):
        return version_of([self.binary, "--version"], r"(\d+\.\d+[.\d]*)")

    def command(self):
        config = self.directory / "onnet.yaml"
        zones = "".join(f"  - domain: {zone}\n    file: {path}\n    update: {KEY_NAME}\n"
                        for zone, path in self.zones.items())
        config.write_text(f"""\
server:
  listen: 127.0.0.1@{self.port}
  storage: {self.directory}/store
  workers: 1
key:
  - id: {KEY_NAME}
    algorithm: {KEY_ALGORITHM}
    secret: "{KEY_SECRET}"
zone:
{zones}""")
        return [self.binary, "-c", config]

    def stored(self):
        """The store's size on the disk in MiB."""
        files = (self.directory / "store").rglob("*")
        return sum(os.stat(f).st_blocks for f in files) * 512 // 2**20
