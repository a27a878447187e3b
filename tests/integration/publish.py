# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool onnet against a running server, as a person uses it."""
import json
import os
import subprocess

import servers

KINDS = ["onnetd", "named", "knotd"]

ZONES = ["example.net", "e164.example.net", "isn.example.net"]

HEAD = """$TTL 60
@ SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 60
@ NS ns.example.net.
"""


def zone_texts():
    texts = {z: {"text": f"$ORIGIN {z}.\n{HEAD}"} for z in ZONES}
    texts["example.net"]["text"] += "ns A 127.0.0.1\n"
    return texts


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def json(self):
        return json.loads(self.out)


class Tool:
    """onnet with a configuration that names the server, a key, three zones and two suffixes."""

    def __init__(self, server, number=None):
        self.server = server
        number = number or {"e164": "e164.example.net", "isn": "isn.example.net"}
        algorithm, secret = server.keys["ops"]
        self.conf = server.write(f"tool-{'-'.join(number)}.yaml", servers.yaml({
            "server": {"listen": f"127.0.0.1@{server.port}"},
            "key": [{"id": "ops", "algorithm": algorithm, "secret": secret}],
            "zone": [{"domain": z, "update": "ops"} for z in server.zones],
            "number": number,
        }))

    def command(self, *words):
        return [os.path.join(servers.BUILD, "onnet"), "-c", self.conf, *words]

    def run(self, *words, code=0, stdin=None):
        done = subprocess.run(self.command(*words), input=stdin, capture_output=True, text=True,
                              timeout=120)
        assert not servers.SANITIZER.search(done.stderr), done.stderr
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return Result(done)

    def naptr(self, name):
        """The NAPTR records at a name as dig would show them, sorted."""
        r = self.server.query(name, "NAPTR", tcp=True)
        return sorted(str(rdata) for rrset in r.answer for rdata in rrset)

    def content(self, zone):
        """The zone as sorted lines "OWNER TTL TYPE RDATA", SOA and NS left out."""
        lines = []
        for name, rdtype, ttl, rdata in self.server.content(zone):
            kind = servers.dns.rdatatype.to_text(rdtype)
            if kind != "NS":
                lines.append(f"{name} {ttl} {kind} {rdata}")
        return sorted(lines)

    def nsupdate(self, script):
        """Runs a script of --print through BIND's nsupdate."""
        algorithm, secret = self.server.keys["ops"]
        done = subprocess.run([servers.program("nsupdate"), "-y", f"{algorithm}:ops:{secret}"],
                              input=script, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, (script, done.stdout, done.stderr)
