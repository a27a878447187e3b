# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements: rounds in which every server has its turn.

What a shared machine gives changes from second to second, so a figure alone says little. Each
round asks all servers one after the other, and what is compared is compared within a round; the
table shows the median of the rounds. A server that is not having its turn is idle.

A figure is void when answers were wrong or did not come: then the rate is not that of the work.
"""

import json
import os
import signal
import subprocess
import time

from servers import KEY_ALGORITHM, KEY_NAME, KEY_SECRET, Failure, spawn

LOST_ALLOWED = 0.001
IDLE_WANTED = 0.02
DISK_SECONDS = 1

UPDATE_KINDS = {
    # words of the table, arguments of bench-update, whether its numbers are whole blocks
    "one": ("1 client: updates/s", ["-c", "1"], False),
    "sixteen": ("16 clients: updates/s", ["-c", "16"], False),
    "large": ("500 a message: records/s", ["-c", "16", "-r", "500", "-T"], True),
}


class Measure:
    """Runs the load tools and keeps what they say. `tell` gets a line for each step."""

    def __init__(self, tools, plan, options, tell):
        self.tools = tools
        self.plan = plan
        self.options = options
        self.tell = tell
        self.void = []
        self.notes = []

    def tool(self, name, arguments, core=None):
        """Runs a tool to its end; returns the line of JSON that it prints."""
        bound = ["taskset", "-c", core] if core is not None else []
        process = spawn(bound + [self.tools / name] + arguments,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate()
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise Failure(err.strip() or f"{name} ended with {process.returncode}")
        return json.loads(out)

    def generate(self, server, arguments):
        """One load of queries on a server, judged.

        What is lost when queries leave by the clock is a result (the server stood still longer
        than its receive buffer lasts); when they follow the answers it must not happen."""
        unchecked = ["-u"] if server.name == "echo" else []
        plain = ["-n"] if self.options.no_edns else []
        core = self.options.cores[1]
        result = self.tool("bench-generate", unchecked + plain + ["-p", server.port] + arguments,
                           core)
        if result["wrong"] > 0:
            self.void.append(f"{server.name}: {result['wrong']} wrong answers")
        result["missing"] = result["lost"] + result["unsent"]
        if "-r" not in arguments and result["missing"] > LOST_ALLOWED * result["sent"]:
            self.void.append(f"{server.name}: {result['lost']} of {result['sent']} queries lost")
        return result

    def queries(self, servers):
        """Rates with the numbers and with the SIP mix, and times at a fixed rate: for each a
        dictionary from server to the list of its rounds."""
        seconds = ["-t", self.options.seconds]
        slow = ["-r", self.options.rate]
        loads = {
            "enum": seconds + [self.plan.enum_questions],
            "sip": seconds + [self.plan.sip_questions],
            "latency": slow + seconds + [self.plan.enum_questions],
        }
        results = {load: {server.name: [] for server in servers} for load in loads}
        for server in servers:
            server.bind({self.options.cores[0]})
        for turn in range(self.options.rounds):
            self.tell(f"queries, round {turn + 1} of {self.options.rounds}")
            for load, arguments in loads.items():
                for server in servers:
                    result = self.generate(server, arguments)
                    results[load][server.name].append(result)
                    if load != "latency" and result["idle"] < IDLE_WANTED:
                        self._note(f"{load}, {server.name}: the generator had no idle time; "
                                   "its rate may be the generator's")
        for server in servers:
            server.bind(set(os.sched_getaffinity(0)))
        return results

    def updates(self, servers):
        """Rates of updates and of a bare fdatasync(), then whether what was acknowledged is there
        when the server was killed and started again."""
        results = {kind: {server.name: [] for server in servers} for kind in UPDATE_KINDS}
        results["disk"] = []
        skip = {(kind, server.name): 0 for kind in (False, True) for server in servers}
        # What the zones' making left unwritten would be written at the updates' expense.
        os.sync()
        for turn in range(self.options.rounds):
            self.tell(f"updates, round {turn + 1} of {self.options.rounds}")
            results["disk"].append(self._disk_rate(servers[0].directory))
            for kind, (_, arguments, blocks) in UPDATE_KINDS.items():
                for server in servers:
                    result = self._update(server, arguments, blocks, skip[blocks, server.name])
                    skip[blocks, server.name] += result["taken"]
                    results[kind][server.name].append(result)
        durable = {server.name: self._survivors(server) for server in servers}
        return results, durable

    def _update(self, server, arguments, blocks, skip):
        key = f"{KEY_ALGORITHM}:{KEY_NAME}:{KEY_SECRET}"
        numbers = self.plan.fresh if blocks else self.plan.vacant
        result = self.tool("bench-update", [
            "-p", server.port, "-k", key, "-z", self.plan.suffix, "-s", skip,
            "-a", self._acknowledged(server), "-t", self.options.seconds, *arguments, numbers])
        if result["wrong"] > 0 or result["lost"] > 0:
            self.void.append(f"{server.name}: {result['wrong']} updates failed (answers by RCODE: "
                             f"{result['rcodes']}), {result['lost']} not answered")
        return result

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

    def _disk_rate(self, directory):
        """How often a second the disk makes one appended page durable."""
        path = directory / "fdatasync"
        page = bytes(4096)
        done = 0
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        begin = time.monotonic()
        while time.monotonic() < begin + DISK_SECONDS:
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
