# SPDX-License-Identifier: GPL-3.0-or-later
"""
Name servers as child processes: onnetd, and named, knotd, nsd and pdns_server as its judges.

Each kind takes the same description of zones and keys and writes its own configuration from it,
into a directory of its own, on a loopback port that nobody else has. A server is ready when it
answers a question. What it writes to stderr is kept; a sanitizer's complaint in it fails the test.

Environment:
  ONNET_BUILD   where onnetd and onnet were built (default: build/ in the root of the tree)
  ONNET_PORTS   ports to choose from (default 5860-5899)
  ONNET_JUDGE   named, knotd or nsd: run the tests of the protocol against that server instead
"""
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("ONNET_BUILD", "build"))
JUDGE = os.environ.get("ONNET_JUDGE", "onnetd")
ADDRESS = "127.0.0.1"

# How long anything may take that should be immediate; generous, since sanitizers are slow.
PATIENCE = 20.0

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|"
                       r"Assertion .* failed")

# id: (algorithm, secret); one for each algorithm, and some for rules that give little.
KEYS = {
    "ops": ("hmac-sha256", "b25uZXQtZXhhbXBsZS1zZWNyZXQtMDEyMzQ1Njc4OTA="),
    "md5": ("hmac-md5", "bWQ1LXNlY3JldC1tZDUtc2VjcmV0LTE="),
    "sha1": ("hmac-sha1", "c2hhMS1zZWNyZXQtc2hhMS1zZWNyZXQtMQ=="),
    "sha224": ("hmac-sha224", "c2hhMjI0LXNlY3JldC1zaGEyMjQtc2VjcmV0"),
    "sha256": ("hmac-sha256", "c2hhMjU2LXNlY3JldC1zaGEyNTYtc2VjcmV0"),
    "sha384": ("hmac-sha384", "c2hhMzg0LXNlY3JldC1zaGEzODQtc2VjcmV0"),
    "sha512": ("hmac-sha512", "c2hhNTEyLXNlY3JldC1zaGE1MTItc2VjcmV0"),
    "reseller": ("hmac-sha256", "cmVzZWxsZXItc2VjcmV0LXJlc2VsbGVyLXNlY3JldA=="),
    "pbx": ("hmac-sha256", "cGJ4LXNlY3JldC1wYngtc2VjcmV0LXBieC1zZWNyZXQ="),
    "reader": ("hmac-sha256", "cmVhZGVyLXNlY3JldC1yZWFkZXItc2VjcmV0LTEyMzQ="),
}

running = []      # every server that was started and not yet stopped
held_ports = {}   # port: the lock that says it is ours


class Broken(Exception):
    """The server did not start, died, or complained about itself."""


def take_port():
    """A port that is free for UDP and TCP, on 127.0.0.1 and ::1, and is ours until we exit."""
    low, high = (int(p) for p in os.environ.get("ONNET_PORTS", "5860-5899").split("-"))
    ports = list(range(low, high + 1))
    random.shuffle(ports)
    for port in ports:
        if port in held_ports:
            continue
        lock = open(f"/tmp/onnet-port-{port}.lock", "a")
        try:
            # SO_REUSEPORT would let two servers share a port in silence, hence the lock.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for family, address in ((socket.AF_INET, ADDRESS), (socket.AF_INET6, "::1")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(family, kind) as s:
                        if kind == socket.SOCK_STREAM:
                            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        s.bind((address, port))
        except OSError:
            lock.close()
            continue
        held_ports[port] = lock
        return port
    raise Broken(f"no free port in {low}-{high}")


def release_port(port):
    held_ports.pop(port).close()


def keyring(names=KEYS, keys=KEYS):
    return {dns.name.from_text(n): tsig_key(n, keys) for n in names}


def tsig_key(name, keys=KEYS):
    algorithm, secret = keys[name]
    if algorithm == "hmac-md5":
        algorithm = "hmac-md5.sig-alg.reg.int"
    return dns.tsig.Key(name, secret, algorithm)


def yaml(value, pad=""):
    """The little YAML that a configuration needs: mappings, lists, scalars, block style."""
    if isinstance(value, dict):
        text = ""
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                text += f"{pad}{key}:\n{yaml(item, pad + '  ')}"
            else:
                text += f"{pad}{key}: {scalar(item)}\n"
        return text
    text = ""
    for item in value:
        if isinstance(item, dict):
            text += f"{pad}- {yaml(item, pad + '  ')[len(pad) + 2:]}"
        else:
            text += f"{pad}- {scalar(item)}\n"
    return text


def scalar(value):
    if value == []:
        return "[]"
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9_/][A-Za-z0-9_./-]*", value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


class Server:
    """
    zones: {domain: {"text": zone file, "update": rules, "transfer": rules, ...}}. A rule is the id
    of a key, an address, or (onnetd alone) a mapping as onnet.yaml takes it. The others also take
    {"primary": port, "key": id}: they transfer the zone from there, signed where there is a key, and
    listen to its NOTIFY; and {"tell": [ports], "tell-key": id}: they send NOTIFY there.
    """
    kind = None
    fixed_fault = None

    def __init__(self, directory, zones, keys=None, server=None, port=None, number=None):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.zones = zones
        self.keys = KEYS if keys is None else keys
        self.options = server or {}
        self.number = number
        self.own_port = port is None
        self.port = take_port() if port is None else port
        self.process = None
        self.preexec = None
        self.environment = None
        self.log_path = os.path.join(self.directory, f"{self.kind}.log")
        self.configure()

    # What differs from kind to kind.
    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    # Files
    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="latin-1") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def zone_file(self, domain):
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", domain.rstrip(".")) or "root"
        return f"{safe}.zone"

    # Life
    def start(self, wait=True):
        self.log_file = open(self.log_path, "ab")
        environment = dict(os.environ, **(self.environment or {}))
        environment.pop("JOURNAL_STREAM", None)
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                        stdout=self.log_file, stderr=self.log_file,
                                        cwd=self.directory, preexec_fn=self.preexec,
                                        env=environment)
        running.append(self)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        probe = dns.message.make_query(next(iter(self.zones), "."), "SOA")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Broken(f"{self.kind} ended with {self.process.returncode}:\n{self.log()}")
            try:
                if self.udp(probe.to_wire(), timeout=0.2) is not None:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise Broken(f"{self.kind} does not answer:\n{self.log()}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def end(self, sig):
        """Sends the signal and waits for the end; returns the exit status."""
        self.process.send_signal(sig)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise Broken(f"{self.kind} does not end on signal {sig}:\n{self.log()}") from None
        finally:
            running.remove(self)
            self.process = None
            self.log_file.close()
        return status

    def kill(self):
        return self.end(signal.SIGKILL)

    def stop(self):
        """Ends the server in order. Broken if it had died before, or complained."""
        if self.process is None:
            return
        died = self.process.poll()
        if died is not None:
            running.remove(self)
            self.process = None
            self.log_file.close()
            raise Broken(f"{self.kind} died with {died}:\n{self.log()}")
        status = self.end(signal.SIGTERM)
        self.check_log()
        if status != 0 and self.kind == "onnetd":
            raise Broken(f"onnetd ended with {status}:\n{self.log()}")

    def close(self):
        """stop(), and the port is given back."""
        try:
            self.stop()
        finally:
            if self.own_port and self.port in held_ports:
                release_port(self.port)

    def restart(self):
        self.stop()
        return self.start()

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def check_log(self):
        found = SANITIZER.search(self.log())
        if found:
            raise Broken(f"{self.kind}: {found.group(0)}\n{self.log()}")

    def wait_log(self, pattern, start=0):
        """Waits until the log (from the offset start) has a line like pattern; returns it."""
        end = time.monotonic() + PATIENCE
        while True:
            for line in self.log()[start:].splitlines():
                if re.search(pattern, line):
                    return line
            if time.monotonic() > end:
                raise Broken(f"no log line like {pattern!r} in:\n{self.log()[start:]}")
            time.sleep(0.02)

    # Questions
    def udp(self, data, timeout=PATIENCE, address=ADDRESS, source=None):
        """Sends octets, returns the octets that come back; None where nothing comes in time."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            if source:
                s.bind((source, 0))
            s.connect((address, self.port))
            try:
                s.send(data)
                return s.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                return None

    def connect(self, address=ADDRESS, timeout=PATIENCE, source=None):
        return Stream(address, self.port, timeout, source)

    def tcp(self, data, timeout=PATIENCE, address=ADDRESS, source=None):
        """As udp(), on a connection of its own; None where it is closed or nothing comes."""
        with self.connect(address, timeout, source) as s:
            s.send(data)
            return s.receive()

    def exchange(self, message, tcp=False, timeout=PATIENCE, address=ADDRESS, source=None):
        """Sends a dnspython message; returns the checked answer (TSIG too), or None."""
        wire = message.to_wire()
        data = (self.tcp if tcp else self.udp)(wire, timeout, address, source)
        if data is None:
            return None
        r = dns.message.from_wire(data, keyring=message.keyring, request_mac=message.mac)
        assert r.id == message.id, "the answer has another id"
        assert r.flags & dns.flags.QR, "the answer is no answer"
        return r

    def query(self, name, rdtype="A", tcp=False, rdclass="IN", key=None, flags=0, **edns):
        """A question, and its answer. edns: use_edns, want_dnssec, payload, options."""
        m = dns.message.make_query(name, rdtype, rdclass, **edns)
        m.flags = flags
        if key:
            m.use_tsig(tsig_key(key, self.keys))
        return self.exchange(m, tcp)

    def serial(self, zone):
        r = self.query(zone, "SOA")
        assert len(r.answer) == 1, r
        return r.answer[0][0].serial

    def update(self, message, key="ops", tcp=False, source=None):
        """Signs and sends a dns.update.UpdateMessage; returns the checked answer."""
        if key:
            message.use_tsig(tsig_key(key, self.keys))
        return self.exchange(message, tcp, source=source)

    def transfer(self, zone, key="ops", rdtype="AXFR"):
        """The messages of a transfer, each checked; the list of record sets, in order."""
        generator = dns.query.xfr(ADDRESS, zone, rdtype=rdtype, port=self.port, timeout=PATIENCE,
                                  lifetime=PATIENCE, relativize=False,
                                  keyring=tsig_key(key, self.keys) if key else None,
                                  keyalgorithm=tsig_key(key, self.keys).algorithm if key else
                                  dns.tsig.default_algorithm)
        return [rrset for message in generator for rrset in message.answer]

    def content(self, zone, key="ops"):
        """The zone's records as {(owner, type, ttl, rdata)}, the SOA left out."""
        return {(s.name, s.rdtype, s.ttl, rdata)
                for s in self.transfer(zone, key) for rdata in s
                if s.rdtype != dns.rdatatype.SOA}


class Stream:
    """A TCP connection that carries DNS messages, each behind its length in two octets."""

    def __init__(self, address, port, timeout, source=None):
        self.socket = socket.create_connection((address, port), timeout,
                                               (source, 0) if source else None)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(len(m).to_bytes(2, "big") + m for m in messages))

    def send_raw(self, data):
        self.socket.sendall(data)

    def octets(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def receive(self):
        """The next message; None where the peer closed or was silent for too long."""
        try:
            return self.octets(int.from_bytes(self.octets(2), "big"))
        except (EOFError, TimeoutError, ConnectionResetError):
            return None

    def closed(self):
        """Waits for the peer to close; True if it did, False if it was silent for too long."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


class Onnetd(Server):
    kind = "onnetd"

    def configuration(self):
        server = {"listen": [f"{ADDRESS}@{self.port}", f"::1@{self.port}"], "storage": "store"}
        server.update(self.options)
        zones = []
        for domain, zone in self.zones.items():
            entry = {"domain": domain}
            if "text" in zone:
                entry["file"] = self.zone_file(domain)
            entry.update({k: v for k, v in zone.items() if k not in ("text", "tell", "tell-key")})
            if "tell" in zone:
                key = {"key": zone["tell-key"]} if "tell-key" in zone else {}
                entry["notify"] = [{"address": f"{ADDRESS}@{p}", **key} for p in zone["tell"]]
            entry.setdefault("update", ["ops"])
            entry.setdefault("transfer", ["ops", "127.0.0.0/8", "::1"])
            zones.append(entry)
        return {"server": server,
                "key": [{"id": n, "algorithm": a, "secret": s} for n, (a, s) in self.keys.items()],
                "zone": zones,
                "number": self.number}

    def configure(self):
        for domain, zone in self.zones.items():
            if "text" in zone:
                self.write(self.zone_file(domain), zone["text"])
        configuration = {k: v for k, v in self.configuration().items() if v}
        self.write("onnet.yaml", yaml(configuration))

    def binary(self):
        return os.path.join(BUILD, "onnetd")

    def command(self):
        return [self.binary(), "-c", self.path("onnet.yaml")]

    def reload(self):
        self.process.send_signal(signal.SIGHUP)


def plain_rules(rules):
    return [r for r in rules if isinstance(r, str)]


def program(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


class Named(Server):
    kind = "named"

    def configure(self):
        text = f"""
options {{
	directory "{self.directory}";
	listen-on port {self.port} {{ 127.0.0.1; }};
	listen-on-v6 port {self.port} {{ ::1; }};
	pid-file none; session-keyfile none; lock-file none;
	recursion no; notify no; zero-no-soa-ttl no; minimal-any yes; minimal-responses no;
	check-names primary ignore; check-integrity no; check-srv-cname ignore; check-mx ignore;
	dnssec-validation no; empty-zones-enable no; allow-query {{ any; }};
	edns-udp-size 1232; max-udp-size 1232; serial-update-method increment;
}};
controls {{ }};
"""
        for name, (algorithm, secret) in self.keys.items():
            text += f'key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};\n'
        for domain, zone in self.zones.items():
            if "primary" in zone:
                key = f' key "{zone["key"]}"' if "key" in zone else ""
                text += (f'zone "{domain}" {{ type secondary; file "{self.zone_file(domain)}"; '
                         f'primaries {{ 127.0.0.1 port {zone["primary"]}{key}; }};\n'
                         "\tallow-transfer { 127.0.0.0/8; };\n};\n")
                continue
            self.write(self.zone_file(domain), zone["text"])
            update = plain_rules(zone.get("update", ["ops"]))
            transfer = plain_rules(zone.get("transfer", ["ops", "127.0.0.0/8", "::1"]))
            text += f'zone "{domain}" {{ type primary; file "{self.zone_file(domain)}";\n'
            for word, rules in (("allow-update", update), ("allow-transfer", transfer)):
                items = " ".join(f'key "{r}";' if r in self.keys else f"{r};" for r in rules)
                text += f"\t{word} {{ {items or 'none;'} }};\n"
            if "tell" in zone:
                key = f' key "{zone["tell-key"]}"' if "tell-key" in zone else ""
                items = " ".join(f"127.0.0.1 port {p}{key};" for p in zone["tell"])
                text += f"\tnotify explicit; notify-delay 0; also-notify {{ {items} }};\n"
            text += "};\n"
        self.write("named.conf", text)

    def command(self):
        return [program("named"), "-g", "-n", "1", "-c", self.path("named.conf")]


class Knotd(Server):
    kind = "knotd"

    def configure(self):
        os.makedirs(self.path("run"), exist_ok=True)
        os.makedirs(self.path("db"), exist_ok=True)
        text = f"""
server:
  rundir: {self.path("run")}
  listen: [127.0.0.1@{self.port}, "::1@{self.port}"]
  udp-max-payload: 1232
  automatic-acl: off
database:
  storage: {self.path("db")}
log:
  - target: stderr
    any: info
key:
"""
        for name, (algorithm, secret) in self.keys.items():
            text += f"  - id: {name}\n    algorithm: {algorithm}\n    secret: {secret}\n"
        remotes, acl, zones = "", "acl:\n", "zone:\n"
        for i, (domain, zone) in enumerate(self.zones.items()):
            if "primary" in zone:
                key = f"    key: {zone['key']}\n" if "key" in zone else ""
                remotes += f"  - id: primary{i}\n    address: 127.0.0.1@{zone['primary']}\n{key}"
                acl += (f"  - id: notify{i}\n    address: 127.0.0.1\n{key}    action: notify\n"
                        f"  - id: transfer{i}\n    address: 127.0.0.0/8\n    action: transfer\n")
                zones += (f"  - domain: \"{domain}\"\n    master: primary{i}\n"
                          f"    acl: [notify{i}, transfer{i}]\n    zonefile-sync: -1\n"
                          f"    zonefile-load: none\n    journal-content: all\n"
                          f"    semantic-checks: off\n")
                continue
            self.write(self.zone_file(domain), zone["text"])
            names = []
            for action, default in (("update", ["ops"]),
                                    ("transfer", ["ops", "127.0.0.0/8", "::1"])):
                for j, rule in enumerate(plain_rules(zone.get(action, default))):
                    names.append(f"{action}{i}-{j}")
                    what = "key" if rule in self.keys else "address"
                    acl += f"  - id: {names[-1]}\n    {what}: \"{rule}\"\n    action: {action}\n"
            key = f"    key: {zone['tell-key']}\n" if "tell-key" in zone else ""
            told = [f"told{i}-{p}" for p in zone.get("tell", [])]
            for name, port in zip(told, zone.get("tell", [])):
                remotes += f"  - id: {name}\n    address: 127.0.0.1@{port}\n{key}"
            zones += (f"  - domain: \"{domain}\"\n    storage: {self.directory}\n"
                      f"    file: {self.zone_file(domain)}\n    zonefile-sync: -1\n"
                      f"    semantic-checks: off\n    acl: [{', '.join(names)}]\n"
                      + (f"    notify: [{', '.join(told)}]\n" if told else ""))
        if remotes:
            text += "remote:\n" + remotes
        self.write("knot.conf", text + acl + zones)

    def command(self):
        return [program("knotd"), "-c", self.path("knot.conf")]


class Nsd(Server):
    kind = "nsd"

    def configure(self):
        text = f"""
server:
	port: {self.port}
	ip-address: 127.0.0.1
	ip-address: ::1
	server-count: 1
	username: ""
	zonesdir: "{self.directory}"
	database: ""
	pidfile: "{self.path('nsd.pid')}"
	xfrdfile: "{self.path('xfrd.state')}"
	zonelistfile: "{self.path('zone.list')}"
	xfrdir: "{self.directory}"
	minimal-responses: no
	refuse-any: yes
	ipv4-edns-size: 1232
	ipv6-edns-size: 1232
remote-control:
	control-enable: no
"""
        for name, (algorithm, secret) in self.keys.items():
            text += f'key:\n\tname: "{name}"\n\talgorithm: {algorithm}\n\tsecret: "{secret}"\n'
        for domain, zone in self.zones.items():
            if "primary" in zone:
                how = "" if "key" in zone else "AXFR "
                key = zone.get("key", "NOKEY")
                text += (f'zone:\n\tname: "{domain}"\n\tzonefile: "{self.zone_file(domain)}"\n'
                         f"\trequest-xfr: {how}127.0.0.1@{zone['primary']} {key}\n"
                         f"\tallow-notify: 127.0.0.1 {key}\n"
                         f"\tprovide-xfr: 127.0.0.0/8 NOKEY\n")
                continue
            self.write(self.zone_file(domain), zone["text"])
            text += f'zone:\n\tname: "{domain}"\n\tzonefile: "{self.zone_file(domain)}"\n'
            for rule in plain_rules(zone.get("transfer", ["ops", "127.0.0.0/8", "::1"])):
                text += "\tprovide-xfr: " + (f"0.0.0.0/0 {rule}\n\tprovide-xfr: ::/0 {rule}\n"
                                             if rule in self.keys else f"{rule} NOKEY\n")
            for port in zone.get("tell", []):
                text += f"\tnotify: 127.0.0.1@{port} {zone.get('tell-key', 'NOKEY')}\n"
        self.write("nsd.conf", text)

    def command(self):
        return [program("nsd"), "-d", "-c", self.path("nsd.conf")]


class Pdns(Server):
    """
    PowerDNS with its zones in SQLite. Of a zone that is its own, "transfer" may name addresses and
    keys, and "notify" is a list of ports that it tells of changes; "update" lets addresses change it.
    """
    kind = "pdns_server"
    SCHEMA = "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql"

    def configure(self):
        self.write("pdns.conf", f"""
launch=gsqlite3
gsqlite3-database={self.path("pdns.db")}
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1, ::1
local-port={self.port}
socket-dir={self.directory}
daemon=no
guardian=no
disable-syslog=yes
loglevel=6
primary=yes
secondary=yes
dnsupdate=yes
allow-dnsupdate-from=
allow-axfr-ips=127.0.0.0/8,::1
allow-notify-from=127.0.0.0/8,::1
only-notify=
xfr-cycle-interval=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
receiver-threads=1
distributor-threads=1
retrieval-threads=1
udp-truncation-threshold=1232
""")
        with open(self.SCHEMA, encoding="ascii") as f:
            schema = f.read()
        database = sqlite3.connect(self.path("pdns.db"))
        database.executescript(schema)
        for name, (algorithm, secret) in self.keys.items():
            database.execute("INSERT INTO tsigkeys (name, algorithm, secret) VALUES (?, ?, ?)",
                             (name, algorithm, secret))
        for domain, zone in self.zones.items():
            self.zone_row(database, domain.rstrip("."), zone)
        database.commit()
        database.close()
        for domain, zone in self.zones.items():
            if "primary" not in zone:
                self.load(domain, zone["text"])

    def zone_row(self, database, domain, zone):
        secondary = "primary" in zone
        row = database.execute(
            "INSERT INTO domains (name, type, master) VALUES (?, ?, ?)",
            (domain, "SLAVE" if secondary else "MASTER",
             f"127.0.0.1:{zone['primary']}" if secondary else None)).lastrowid
        rules = plain_rules(zone.get("transfer", ["ops", "127.0.0.0/8", "::1"]))
        if secondary:
            data = [("IXFR", "1")]
            data += [("AXFR-MASTER-TSIG", zone["key"])] if "key" in zone else []
        else:
            data = [("TSIG-ALLOW-AXFR", r) for r in rules if r in self.keys]
            data += [("ALSO-NOTIFY", f"127.0.0.1:{port}") for port in zone.get("tell", zone.get("notify", []))]
            data += [("ALLOW-DNSUPDATE-FROM", "127.0.0.0/8"),
                     ("SOA-EDIT-DNSUPDATE", "INCREASE"), ("NOTIFY-DNSUPDATE", "1")]
        for kind, content in data:
            database.execute("INSERT INTO domainmetadata (domain_id, kind, content)"
                             " VALUES (?, ?, ?)", (row, kind, content))

    def load(self, domain, text):
        """Puts the records of a zone file in place of those of the zone."""
        path = self.write(self.zone_file(domain), text)
        done = subprocess.run([program("pdnsutil"), f"--config-dir={self.directory}", "load-zone",
                               domain.rstrip("."), path], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Broken(f"pdnsutil load-zone: {done.stdout}{done.stderr}")

    def command(self):
        return [program("pdns_server"), f"--config-dir={self.directory}"]


KINDS = {c.kind: c for c in (Onnetd, Named, Knotd, Nsd, Pdns)}
