# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary made by the test: it serves a zone by a script, and does wrong where that says so."""
import contextlib
import socket
import threading

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

import servers


def soa(zone, serial, timers="3600 1 1209600 60"):
    return dns.rrset.from_text(zone, 60, "IN", "SOA", f"ns.{zone} host.{zone} {serial} {timers}")


def record(owner, rdtype, *data, ttl=60):
    return dns.rrset.from_text(owner, ttl, "IN", rdtype, *data)


class Primary:
    """
    serial is what it says when asked for the SOA; transfer(request), a generator, gives the messages of a
    transfer: each a list of record sets, or octets. Messages are signed where the request is.
    """

    def __init__(self, zone, serial, transfer, timers="3600 1 1209600 60"):
        self.zone = zone
        self.serial = serial
        self.transfer = transfer
        self.timers = timers
        self.asked = []          # the types that were asked for
        self.sign = lambda number, wire: wire  # may spoil a message
        self.port = servers.take_port()
        self.sockets = [socket.socket(socket.AF_INET, kind)
                        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        for s in self.sockets:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((servers.ADDRESS, self.port))
        self.sockets[1].listen(16)
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self):
        for s in self.sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        servers.release_port(self.port)

    def parse(self, data):
        return dns.message.from_wire(data, keyring=servers.keyring())

    def response(self, request, answer=()):
        m = dns.message.make_response(request)
        m.flags |= dns.flags.AA
        m.answer = list(answer)
        return m

    def answer_soa(self, request):
        self.asked.append("SOA")
        return self.response(request, [soa(self.zone, self.serial, self.timers)]).to_wire()

    def serve_udp(self):
        with contextlib.suppress(OSError):
            while True:
                data, peer = self.sockets[0].recvfrom(65535)
                if not data:
                    return
                self.sockets[0].sendto(self.answer_soa(self.parse(data)), peer)

    def serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.sockets[1].accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = servers.Stream.__new__(servers.Stream)
        stream.socket = connection
        with contextlib.suppress(OSError), stream:
            data = stream.receive()
            if data is None:
                return
            request = self.parse(data)
            kind = dns.rdatatype.to_text(request.question[0].rdtype)
            if kind == "SOA":
                stream.send(self.answer_soa(request))
                return
            self.asked.append(kind)
            context = None
            for number, message in enumerate(self.transfer(request)):
                if not isinstance(message, bytes):
                    m = message if isinstance(message, dns.message.Message) else \
                        self.response(request, message)
                    wire = m.to_wire(multi=True, tsig_ctx=context, max_size=65535)
                    context = m.tsig_ctx
                    message = self.sign(number, wire)
                stream.send(message)
