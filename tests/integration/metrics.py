# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reading metrics as strictly as the format allows (Prometheus's text format, version 0.0.4): each metric
has its help and its type first, its lines stand together, no line is there twice, a counter's name
ends in _total, and a histogram is whole and rises.
"""
import re
import urllib.error
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
LINE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf|NaN)")
TYPES = ("counter", "gauge", "histogram")


class Metrics:
    """What a scrape says: metrics["name", {label: value}], and types by name."""

    def __init__(self, text):
        self.values = {}
        self.types = {}
        self.helps = {}
        self.parse(text)
        self.check_histograms()

    @staticmethod
    def key(name, labels):
        return name, tuple(sorted(labels.items()))

    @staticmethod
    def unescape(found):
        return "\n" if found.group(1) == "n" else found.group(1)

    def __getitem__(self, what):
        return self.values[self.key(*what) if isinstance(what, tuple) else (what, ())]

    def get(self, name, **labels):
        return self.values.get(self.key(name, labels))

    def names(self):
        return {name for name, _ in self.values}

    def sum(self, name):
        return sum(v for (n, _), v in self.values.items() if n == name)

    def family(self, name):
        """The metric that a line is of: a histogram has lines of other names."""
        for end in ("_bucket", "_sum", "_count"):
            if name.endswith(end) and self.types.get(name[:-len(end)]) == "histogram":
                return name[:-len(end)]
        return name

    def parse(self, text):
        current = None
        assert text.endswith("\n")
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                current, sentence = line[7:].split(" ", 1)
                assert re.fullmatch(NAME, current) and sentence, line
                assert current not in self.helps, f"{current} has two heads"
                self.helps[current] = sentence
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                assert name == current and kind in TYPES and name not in self.types, line
                assert (kind == "counter") == name.endswith("_total"), line
                self.types[name] = kind
            else:
                self.take(line, current)

    def take(self, line, current):
        found = LINE.fullmatch(line)
        assert found, f"no line of this format: {line!r}"
        name, labels, number = found.group(1), found.group(2) or "", found.group(found.lastindex)
        assert NUMBER.fullmatch(number), line
        assert self.family(name) == current and current in self.types, f"{line} below {current}"
        pairs = re.findall(LABEL, labels)
        assert len(dict(pairs)) == len(pairs), line
        key = self.key(name, {label: re.sub(r"\\(.)", self.unescape, v) for label, v in pairs})
        assert key not in self.values, f"twice: {line}"
        self.values[key] = float(number)

    def check_histograms(self):
        for name in [n for n, kind in self.types.items() if kind == "histogram"]:
            buckets = [(float(dict(labels)["le"]), v) for (n, labels), v in self.values.items()
                       if n == name + "_bucket"]
            assert buckets == sorted(buckets) and buckets[-1][0] == float("inf"), buckets
            assert [v for _, v in buckets] == sorted(v for _, v in buckets), buckets
            assert buckets[-1][1] == self[name + "_count"]
            assert self[name + "_sum"] >= 0


def get(port, path="/metrics", method="GET", address="127.0.0.1"):
    """The answer to an HTTP request, as (status, headers, text)."""
    request = urllib.request.Request(f"http://{address}:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read().decode()


def scrape(port):
    status, headers, text = get(port)
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(text)
