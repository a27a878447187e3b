# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements: rounds in which every server has its turn.

What a shared machine gives changes from second to second, so a figure alone says little. Each
round asks all servers one after the other, and what is compared is compared within a round; the
table shows the median of the rounds. A server that is not having its turn is idle.

A figure is void when answers were wrong or did not come: then the rate is not that of the work.
"""

import json
import os
import shutil
import signal
import subprocess
import time

from servers import KEY_ALGORITHM, KEY_NAME, KEY_SECRET, Failure, spawn

LOST_ALLOWED = 0.001
IDLE_WANTED = 0.02
DISK_SECONDS = 1

LOADS = {
    # words of the table, which questions, arguments of bench-generate
    "bursts": ("numbers, in bursts", "questions", []),
    "single": ("numbers, one by one", "questions", ["-s"]),
    "mix": ("SIP mix, in bursts", "mix", []),
    "mix_single": ("SIP mix, one by one", "mix", ["-s"]),
}
UPDATE_KINDS = {
    # words of the table, arguments of bench-update, whether its numbers are whole blocks
    "one": ("1 client: updates/s", ["-c", "1"], False),
    "sixteen": ("16 clients: updates/s", ["-c", "16"], False),
    "crowd": ("256 clients: updates/s", ["-c", "256"], False),
    "large": ("500 a message: records/s", ["-c", "16", "-r", "500", "-T"], True),
}


def in_front():
    """The words that put a program in front of all others, where we may say them."""
    if shutil.which("chrt") and os.geteuid() == 0:
        return ["chrt", "-f", "1"]
    return []


class Measure:
    """Runs the load tools and keeps what they say. `tell` gets a line for each step."""

    def __init__(self, tools, options, tell):
        self.tools = tools
        self.options = options
        self.tell = tell
        self.void = []
        self.notes = []

    def tool(self, name, arguments, prefix=()):
        """Runs a tool to its end; returns the line of JSON that it prints."""
        return self.tool_end(name, self.tool_begin(name, arguments, prefix))

    def tool_begin(self, name, arguments, prefix=()):
        return spawn([*prefix, self.tools / name, *arguments],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def tool_end(self, name, process):
        try:
            out, err = process.communicate()
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise Failure(err.strip() or f"{name} ended with {process.returncode}")
        return json.loads(out)

    def generate(self, server, arguments, prefix=None):
        """One load of queries on a server, judged.

        What is lost when queries leave by the clock is a result (the server stood still longer
        than its receive buffer lasts); when they follow the answers it must not happen."""
        unchecked = ["-u"] if server.name == "echo" else []
        plain = ["-n"] if self.options.no_edns else []
        if prefix is None:
            prefix = ["taskset", "-c", self.options.cores[1]]
        result = self.tool("bench-generate",
                           [*unchecked, *plain, "-p", server.port, *arguments], prefix)
        if result["wrong"] > 0:
            self.void.append(f"{server.title}: {result['wrong']} wrong answers")
        result["missing"] = result["lost"] + result["unsent"]
        if "-r" not in arguments and result["missing"] > LOST_ALLOWED * result["sent"]:
            self.void.append(f"{server.title}: {result['lost']} of {result['sent']} queries lost")
        return result

    # Queries

    def queries(self, servers, plan):
        """Rates of each load, and times at a fixed rate: for each a dictionary from server to
        the list of its rounds."""
        options = self.options
        results = {load: {s.name: [] for s in servers} for load in (*LOADS, "latency")}
        for server in servers:
            server.bind({options.cores[0]})
        for turn in range(options.rounds):
            self.tell(f"queries, round {turn + 1} of {options.rounds}")
            for load in results:
                _, which, arguments = LOADS.get(load, ("", "questions", ["-r", options.rate]))
                for server in servers:
                    result = self.generate(server, [*arguments, "-t", options.seconds,
                                                    getattr(plan, which)])
                    results[load][server.name].append(result)
                    if load != "latency" and result["idle"] < IDLE_WANTED:
                        self._note(f"{load}, {server.name}: the generator had no idle time; "
                                   "its rate may be the generator's")
        for server in servers:
            server.bind(set(os.sched_getaffinity(0)))
        return results

    def right(self, server, questions):
        """Asks each question once; whether every answer was right."""
        result = self.generate(server, ["-1", questions])
        return result["answered"] - result["wrong"] == result["sent"]

    # Sizes and starts

    def taken_in(self, server, plan, domain):
        """What taking in a plan costs, by a pipe from its maker; then how fast the server is back
        when it was killed."""
        self.tell(f"onnetd import: {plan.count:,} numbers, {server.directory.name}")
        seconds, memory = server.take_in(domain, plan.command("csv"))
        result = {"numbers": plan.count, "seconds": seconds, "import_memory": memory,
                  "answered": seconds + server.start()}
        result.update(self.held(server, plan))
        return result

    def held(self, server, plan):
        """What a running server's zone takes, whether it is all there, and how long a restart is."""
        right = self.right(server, plan.questions)
        memory = server.own_memory()
        server.end()
        result = {"octets": server.data() / plan.count, "stored": server.stored(),
                  "own_memory": memory, "right": right}
        server.start()
        server.end(signal.SIGKILL)
        result["again"] = server.start()
        return result

    def seeded(self, server, plan):
        """Seconds from a zone file to the first answer."""
        path = plan.zone
        self.tell(f"{server.title}: a zone file of {plan.count:,} numbers")
        os.sync()
        seconds = server.start()
        right = self.right(server, plan.questions)
        if not right:
            self.void.append(f"{server.title}: not all of {path.name} is there")
        return seconds

    # Updates

    def updates(self, servers, plans):
        """Rates of updates and of a bare fdatasync(), then whether what was acknowledged is there
        when the server was killed and started again."""
        results = {kind: {s.name: [] for s in servers} for kind in UPDATE_KINDS}
        results["disk"] = []
        results["overwritten"] = []
        results["idle"] = []
        results["busy"] = []
        self.skip = {(kind, s.name): 0 for kind in (False, True) for s in servers}
        # What the zones' making left unwritten would be written at the updates' expense.
        os.sync()
        for turn in range(self.options.rounds):
            self.tell(f"updates, round {turn + 1} of {self.options.rounds}")
            results["disk"].append(self._disk_rate(servers[0].directory, False))
            results["overwritten"].append(self._disk_rate(servers[0].directory, True))
            for kind, (_, arguments, blocks) in UPDATE_KINDS.items():
                for server in servers:
                    results[kind][server.name].append(
                        self._update(server, plans[server.name], arguments, blocks))
            self._latencies(results, servers[-1], plans[servers[-1].name])
        durable = {s.name: self._survivors(s) for s in servers}
        return results, durable

    def _latencies(self, results, server, plan):
        """Times of queries by the clock, from a server that is idle and from one that 16 clients
        update; the generator sleeps in between and goes before all others."""
        prefix = [*in_front(), "taskset", "-c", self.options.cores[1]]
        arguments = ["-w", "-r", self.options.rate, "-t", self.options.seconds, plan.used]
        results["idle"].append(self.generate(server, arguments, prefix))
        clients = self._update_begin(server, plan, ["-c", "16"], False,
                                     self.options.seconds + 2)
        results["busy"].append(self.generate(server, arguments, prefix))
        self._update_end(server, False, self.tool_end("bench-update", clients))

    def _update_begin(self, server, plan, arguments, blocks, seconds):
        key = f"{KEY_ALGORITHM}:{KEY_NAME}:{KEY_SECRET}"
        return self.tool_begin("bench-update", [
            "-p", server.port, "-k", key, "-z", plan.suffix, "-s", self.skip[blocks, server.name],
            "-a", self._acknowledged(server), "-t", seconds, *arguments,
            plan.fresh if blocks else plan.vacant])

    def _update_end(self, server, blocks, result):
        self.skip[blocks, server.name] += result["taken"]
        if result["wrong"] > 0:
            self.void.append(f"{server.title}: {result['wrong']} updates failed (answers by "
                             f"RCODE: {result['rcodes']})")
        if result["lost"] > 0:  # more on their way than its receive buffer holds
            self._note(f"{server.title}: {result['lost']} updates not answered within 5 s")
        return result

    def _update(self, server, plan, arguments, blocks):
        process = self._update_begin(server, plan, arguments, blocks, self.options.seconds)
        return self._update_end(server, blocks, self.tool_end("bench-update", process))

    def _acknowledged(self, server):
        return server.directory / "acknowledged.questions"

    def _survivors(self, server):
        """Kills a server, starts it and asks for each number that it had acknowledged."""
        self.tell(f"kill -9 {server.name}, start it and ask for what it acknowledged")
        server.end(signal.SIGKILL)
        seconds = server.start()
        result = self.generate(server, ["-1", self._acknowledged(server)])
        right = result["answered"] - result["wrong"]
        return {"asked": result["sent"], "found": right, "start": seconds}

    def _disk_rate(self, directory, over):
        """How often a second the disk makes one page durable: appended, or written over what is
        there."""
        path = directory / "fdatasync"
        page = bytes(4096)
        done = 0
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        if over:
            os.write(fd, page * 1024)
            os.fsync(fd)
            os.lseek(fd, 0, os.SEEK_SET)
        begin = time.monotonic()
        while time.monotonic() < begin + DISK_SECONDS:
            if over and done % 1024 == 0:
                os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, page)
            os.fdatasync(fd)
            done += 1
        elapsed = time.monotonic() - begin
        os.close(fd)
        os.unlink(path)
        return done / elapsed

    def _note(self, text):
        if text not in self.notes:
            self.notes.append(text)
