# SPDX-License-Identifier: GPL-3.0-or-later
"""
onnet resolve: the worked look-up cases with --server, then what a person and a program see of it.

One onnetd holds the zones of all cases and a domain, numbers and faults of our own.
"""
import collections
import functools
import json
import os
import subprocess

import pytest

import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="the tool is what is tested here")

TOOL = os.path.join(servers.BUILD, "onnet")

EXIT = {name: 10 + i for i, name in enumerate(
    "bad_uri bad_input nxdomain no_records no_match no_supported_transport "
    "service_not_available unallocated loop timeout servfail bogus".split())}

HEAD = """$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""

OWN = {
    "shop.test": HEAD + """
@ NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp
@ NAPTR 50 60 "s" "SIP+D2U" "" _sip._udp
_sips._tcp SRV 10 60 5061 a
_sips._tcp SRV 10 40 5061 b
_sips._tcp SRV 20 0 5061 spare
_sip._udp SRV 10 0 5060 a
a A 192.0.2.1
a AAAA 2001:db8::1
b A 192.0.2.2
spare A 192.0.2.3
empty TXT "nothing for SIP"
closed NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.closed
_sip._udp.closed SRV 0 0 0 .
""",
    "num.test": HEAD + r"""
3.2.1.0.5.5.5.2.0.2.1 NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:alice@one.shop.test!" .
3.2.1.0.5.5.5.2.0.2.1 NAPTR 10 20 "u" "E2U+pstn:tel" "!^.*$!tel:+12025550123;npdi;rn=+12025559999!" .
4.2.1.0.5.5.5.2.0.2.1 NAPTR 10 10 "" "" "" 4.2.1.0.5.5.5.2.0.2.1
5.2.1.0.5.5.5.2.0.2.1 NAPTR 10 10 "u" "E2U+void:mailto" "!^.*$!mailto:x@shop.test!" .
*.6.1.0.5.5.5.2.0.2.1 NAPTR 10 10 "u" "E2U+sip" "!^(.*)$!sip:\\1@one.shop.test!" .
""",
    "one.shop.test": HEAD + """
@ A 192.0.2.4
""",
}


def load():
    cases = []
    for name in ("resolver.json", "resolver-more.json"):
        with open(os.path.join(servers.ROOT, "tests", "scenario", name), encoding="utf-8") as f:
            cases += json.load(f)["cases"]
    return cases


CASES = load()


class Tool:
    def __init__(self, server, directory):
        self.server = server
        self.address = f"{servers.ADDRESS}@{server.port}"
        self.directory = str(directory)

    def run(self, *words, server=True, stdin=None, code=None):
        """onnet resolve in a directory without a configuration."""
        command = [TOOL, "resolve", *(["--server", self.address] if server else []), *words]
        environment = dict(os.environ, HOME=self.directory, LC_ALL="C.UTF-8")
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120,
                              cwd=self.directory, env=environment, check=False)
        assert not servers.SANITIZER.search(done.stderr), done.stderr
        if code is not None:
            assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words, **more):
        return [json.loads(line) for line in
                self.run("--json", *words, **more).stdout.splitlines()]


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    zones = dict(OWN)
    for case in CASES:
        zones.update(case["zone"])
    server = servers.Onnetd(tmp_path_factory.mktemp("onnetd"),
                            {origin: {"text": text, "naptr-check": "off"}
                             for origin, text in zones.items()})
    try:
        server.start()
        yield Tool(server, tmp_path_factory.mktemp("home"))
    finally:
        server.close()


# --- the cases ---

def endpoint(target):
    address = target["address"]
    return f"{f'[{address}]' if ':' in address else address}:{target['port']}/{target['transport']}"


def key_of(text):
    """As endpoint(), for keys that may have IPv6 without brackets."""
    head, slash, transport = text.rpartition("/")
    address, _, port = head.rpartition(":")
    if not slash or ":" not in address or address.startswith("["):
        return text
    return f"[{address}]:{port}/{transport}"


def ends(node, found, at):
    """Where a match of node that begins at found[at] may end."""
    if isinstance(node, dict) and "any_order_within" in node:
        return ends_any(node["any_order_within"], found, at)
    if isinstance(node, dict) and "in_order" in node:
        return ends_all(node["in_order"], found, at)
    want = node if isinstance(node, str) else node["uri"] if "uri" in node else endpoint(node)
    return {at + 1} if at < len(found) and found[at] == want else set()


def ends_all(nodes, found, at):
    places = {at}
    for node in nodes:
        places = {end for place in places for end in ends(node, found, place)}
    return places


def ends_any(nodes, found, at):
    if not nodes:
        return {at}
    return {end for i, node in enumerate(nodes) for place in ends(node, found, at)
            for end in ends_any(nodes[:i] + nodes[i + 1:], found, place)}


def matches(expect, result):
    if "error" in expect:
        return result["error"] == expect["error"]
    if result["error"] is not None:
        return False
    if "uris" in expect:
        found = [uri["uri"] for uri in result["uris"]]
        return len(found) in ends_all(expect["uris"], found, 0)
    found = [endpoint(target) for target in result["targets"]]
    if "attempts" in expect:
        return bool(ends_all(expect["attempts"], found, 0))
    return len(found) in ends_all(expect["targets"], found, 0)


def options_of(case):
    query = case["query"]
    options = query["options"]
    words = []
    for name, option in (("transports", "--transports"), ("families", "--families"),
                         ("services", "--services")):
        if name in options:
            words += [option, ",".join(options[name])]
    for suffix in options.get("suffixes", []):
        words += ["--isn-suffix" if query["kind"] == "isn" else "--suffix", suffix]
    for name, option in (("greylist", "--avoid"), ("blacklist", "--exclude")):
        for value in options.get(name, []):
            words += [option, value]
    return words + [f"--{name}" for name in ("follow", "infrastructure") if options.get(name)]


def inputs_of(case):
    via = case["query"]["options"].get("via")
    if via:
        return ["--via", f"SIP/2.0/{via['transport'].upper()} {via['sent_by']}"]
    return ["--", case["query"]["input"]]


@pytest.mark.parametrize("case", [c for c in CASES if "prefer" not in c["query"]["options"]],
                         ids=lambda c: c["id"])
def test_case(tool, case):
    done = tool.run("--json", *options_of(case), *inputs_of(case))
    result = json.loads(done.stdout)
    assert any(matches(expect, result)
               for expect in [case["expect"], *case.get("alternatives", [])]), (case, result)
    assert done.returncode == (EXIT[result["error"]] if result["error"] else 0)
    assert done.stderr == ""


def groups(nodes):
    for node in nodes:
        if isinstance(node, dict):
            if "first_probability" in node:
                yield node
            yield from groups(node.get("any_order_within", []) + node.get("in_order", []))


def members(nodes):
    """The endpoints of a group, those of groups within it too."""
    for node in nodes:
        inner = node.get("any_order_within", []) + node.get("in_order", [])
        yield from members(inner) if inner else [endpoint(node)]


DRAWN = [c for c in CASES if list(groups(c["expect"].get("targets", [])))]


@pytest.mark.parametrize("case", DRAWN, ids=lambda c: c["id"])
def test_draws_are_as_the_weights_say(tool, case):
    # Each line of a batch draws for itself, and the seed makes all draws the same in each run.
    for group in groups(case["expect"]["targets"]):
        trials = group.get("trials", 2000)
        results = tool.json("--batch", "--seed", "1", *options_of(case),
                            stdin=f"{case['query']['input']}\n" * trials, code=0)
        inside, first = set(members([group])), collections.Counter()
        for result in results:
            leader = next(t for t in result["targets"] if endpoint(t) in inside)
            first.update({endpoint(leader), leader["host"]})
        for key, share in group["first_probability"].items():
            assert abs(first[key_of(key)] / trials - share) <= group.get("tolerance", 0.05), first


# --- for a program ---

def test_json_has_all_keys_in_one_line(tool):
    done = tool.run("--json", "--families", "v4", "sip:shop.test", code=0)
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert [result[k] for k in ("input", "kind", "error", "uris")] == \
        ["sip:shop.test", "sip", None, []]
    assert "trace" not in result
    first = result["targets"][-1]
    assert {k: first[k] for k in ("transport", "address", "port", "host", "ttl")} == {
        "transport": "udp", "address": "192.0.2.1", "port": 5060, "host": "a.shop.test", "ttl": 60}


def test_follow_goes_on_to_the_servers_and_explain_has_the_trace(tool):
    result, = tool.json("--follow", "--explain", "--suffix", "num.test", "+1 (202) 555-0123",
                        code=0)
    assert result["kind"] == "enum"
    assert [(u["service"], u["uri"], u["ttl"], len(u["targets"])) for u in result["uris"]] == [
        ("E2U+sip", "sip:alice@one.shop.test", 60, 1),
        ("E2U+pstn:tel", "tel:+12025550123;npdi;rn=+12025559999", 60, 0)]
    assert result["uris"][0]["targets"][0]["address"] == "192.0.2.4"
    assert "one.shop.test." in json.dumps(result["trace"])
    result, = tool.json("--suffix", "num.test", "+12025550123", code=0)
    assert not result["uris"][0].get("targets")


@pytest.mark.parametrize("words,error", [
    (["alice"], "bad_uri"), (["sip:"], "bad_uri"), (["--via", "shop.test"], "bad_uri"),
    ([""], "bad_input"), (["+1x"], "bad_input"), (["*543"], "bad_input"),
    (["sip:nobody.shop.test"], "nxdomain"), (["--suffix", "num.test", "+12025550199"], "nxdomain"),
    (["sip:empty.shop.test"], "no_records"),
    (["--suffix", "num.test", "--services", "h323", "+12025550123"], "no_match"),
    (["sips:shop.test", "--transports", "udp"], "no_supported_transport"),
    (["sip:closed.shop.test"], "service_not_available"),
    (["--suffix", "num.test", "+12025550125"], "unallocated"),
    (["--suffix", "num.test", "+12025550124"], "loop"),
    (["sip:nowhere.invalid.example"], "servfail"),
], ids=lambda v: v if isinstance(v, str) else " ".join(v))
def test_each_error_has_its_word_and_its_exit_code(tool, words, error):
    result, = tool.json(*words, code=EXIT[error])
    assert (result["error"], result["targets"], result["uris"]) == (error, [], [])
    done = tool.run(*words, code=EXIT[error])
    assert done.stdout == "" and done.stderr.startswith("onnet: ")


def test_a_server_that_is_not_there_is_a_timeout(tool):
    port = servers.take_port()
    try:
        done = tool.run("--server", f"127.0.0.1@{port}", "--timeout", "2", "sip:shop.test",
                        server=False, code=EXIT["timeout"])
    finally:
        servers.release_port(port)
    assert f"Asked was 127.0.0.1@{port}" in done.stderr


def test_dnssec_takes_no_zone_that_the_root_does_not_know(tool):
    result, = tool.json("--dnssec", "sip:shop.test")
    assert result["error"] in ("bogus", "servfail") and result["targets"] == []
    for anchor in ("nothing", "/no/such/file"):
        done = tool.run("--dnssec", "--trust-anchor", anchor, "sip:shop.test", code=3)
        assert "--trust-anchor" in done.stderr


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A server with a zone that is signed but for one changed record, and the anchor's file."""
    keys = str(tmp_path_factory.mktemp("keys"))
    plain = os.path.join(keys, "plain")
    with open(plain, "w", encoding="ascii") as f:
        f.write(HEAD + "good A 192.0.2.1\nbad A 192.0.2.2\n")

    def sign(*command):
        return subprocess.run([servers.program(command[0]), *command[1:]], check=True, cwd=keys,
                              capture_output=True, text=True, timeout=60).stdout.strip()

    key = sign("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "signed.test")
    sign("dnssec-signzone", "-S", "-z", "-o", "signed.test", "-f", "signed", "plain")
    with open(os.path.join(keys, "signed"), encoding="ascii") as f:
        text = f.read()
    assert text.count("192.0.2.2") == 1
    server = servers.Nsd(tmp_path_factory.mktemp("nsd"), {
        "signed.test": {"text": text.replace("192.0.2.2", "192.0.2.3")},
        "plain.test": {"text": HEAD + "host A 192.0.2.4\n"}})
    try:
        server.start()
        yield ["--server", f"{servers.ADDRESS}@{server.port}", "--families", "v4",
               "--trust-anchor", os.path.join(keys, f"{key}.key")]
    finally:
        server.close()


def test_signatures_are_checked_where_that_is_asked_for(tool, signed):
    def resolve(*words, code=0):
        return tool.run(*signed, *words, server=False, code=code)

    for option in ("--dnssec", "--dnssec=require"):
        done = resolve(option, "sip:good.signed.test")
        assert done.stdout.startswith("sip:good.signed.test   signed, and the signatures hold")
        resolve(option, "sip:bad.signed.test", code=EXIT["bogus"])
    resolve("sip:bad.signed.test")
    done = resolve("--dnssec", "sip:host.plain.test")
    assert done.stdout.startswith("sip:host.plain.test   not all of it signed")
    done = resolve("--dnssec=require", "sip:host.plain.test", code=EXIT["bogus"])
    assert "not signed, and DNSSEC is required" in done.stderr


def test_several_inputs_have_their_results_in_their_order(tool):
    inputs = ["sip:b.shop.test", "sip:192.0.2.9:5070", "sip:a.shop.test"]
    assert [r["input"] for r in tool.json(*inputs, code=0)] == inputs
    done = tool.run("--json", "sip:b.shop.test", "alice", code=8)
    assert [json.loads(line)["error"] for line in done.stdout.splitlines()] == [None, "bad_uri"]
    tool.run("--json", "bob", "alice", code=EXIT["bad_uri"])


def test_lists_have_commas_blanks_words_or_repetition(tool):
    def first(*words):
        return endpoint(tool.json(*words, "sip:a.shop.test", code=0)[0]["targets"][0])

    for words in (["--transports", "tls,udp"], ["--transports", "udp tls", "--families", "v4"],
                  ["--transports", "tls", "--transports", "udp"]):
        assert first("--families=v4", *words) == "192.0.2.1:5060/udp"
    uris = [u["uri"] for u in tool.json("--suffix", "one.shop.test", "num.test", "--services",
                                        "sip", "+12025550123", code=0)[0]["uris"]]
    assert uris == ["sip:alice@one.shop.test"]

    ways = ["192.0.2.1:5060/udp", "[2001:db8::1]:5060/udp"]
    for option in ("--avoid", "--exclude"):
        kept = [[endpoint(t) for t in tool.json(*words, "sip:a.shop.test")[0]["targets"]]
                for words in ([option, *ways], [option, ",".join(ways)],
                              [option, "192.0.2.1:5060/udp", option, "2001:db8::1:5060/udp"])]
        assert kept[0] == kept[1] == kept[2]
        assert set(kept[0]) == (set(ways) if option == "--avoid" else set())


@pytest.mark.parametrize("words", [
    [], ["--batch", "sip:a.test"], ["--via", "SIP/2.0/UDP a", "sip:b.test"],
    ["--transports", "carrier-pigeon", "sip:a.test"], ["--transports", ",", "sip:a.test"],
    ["--families", "v5", "sip:a.test"], ["--avoid", "192.0.2.1", "sip:a.test"],
    ["--exclude", "192.0.2.1:5060", "sip:a.test"], ["--seed", "x", "sip:a.test"],
    ["--dnssec=maybe", "sip:a.test"], ["--unheard-of", "sip:a.test"],
    ["--batch", "--explain"]], ids=" ".join)
def test_a_wrong_command_line_is_told(tool, words):
    done = tool.run(*words, code=2)
    assert "usage: onnet resolve INPUT" in done.stderr


# --- batches ---

def test_a_batch_of_thousands_answers_each_line_in_its_place(tool):
    inputs = [f"+120255501{i:04d}" if i % 3 else f"+12025550{i:03d}x" if i % 2 else
              "sip:a.shop.test" for i in range(5000)]
    results = tool.json("--batch", "--suffix", "num.test", stdin="\n".join(inputs), code=0)
    assert [r["input"] for r in results] == inputs
    for i, result in enumerate(results):
        if i % 3:
            in_range = inputs[i].startswith("+1202555016")
            assert result["error"] == (None if in_range else "nxdomain"), result
            if in_range:
                assert result["uris"][0]["uri"] == f"sip:{inputs[i]}@one.shop.test"
        else:
            assert result["error"] == ("bad_input" if i % 2 else None), result


def test_a_batch_keeps_odd_lines_apart(tool):
    lines = ["", "  ", "sip:a.shop.test\r", "a" * 200000, "sip:a\0b", "sip:192.0.2.5"]
    results = tool.json("--batch", stdin="\n".join(lines), code=0)
    assert [r["error"] for r in results] == ["bad_input", "bad_input", None, "bad_uri", "bad_uri",
                                             None]
    assert tool.run("--batch", stdin="", code=0).stdout == ""


def test_a_batch_answers_while_its_input_is_open(tool):
    command = [TOOL, "resolve", "--server", tool.address, "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          cwd=tool.directory) as batch:
        for name in ("a", "b"):
            batch.stdin.write(f"sip:{name}.shop.test;transport=tcp\n")
            batch.stdin.flush()
            assert batch.stdout.readline().startswith(f"sip:{name}.shop.test;transport=tcp\tok\t")
        batch.stdin.close()
        assert batch.stdout.read() == ""
        assert batch.wait(30) == 0


def test_a_batch_for_people_has_one_line_for_each(tool):
    done = tool.run("--batch", "--suffix", "num.test", "--follow", "--families", "v4", code=0,
                    stdin="sip:one.shop.test\n+12025550123\n+12025550199\n")
    assert done.stdout == (
        "sip:one.shop.test\tok\t192.0.2.4:5060/udp\n"
        "+12025550123\tok\tsip:alice@one.shop.test (192.0.2.4:5060/udp) "
        "tel:+12025550123;npdi;rn=+12025559999\n"
        "+12025550199\tnxdomain\t\n")


def test_the_seed_decides_the_draws(tool):
    @functools.cache
    def order(seed):
        results = tool.json("--batch", "--seed", seed, stdin="sip:shop.test\n" * 64)
        return [result["targets"][0]["host"] for result in results]

    again = tool.json("--batch", "--seed", "5", stdin="sip:shop.test\n" * 64)
    assert order("5") == [result["targets"][0]["host"] for result in again]
    assert len({tuple(order(seed)) for seed in ("0", "1", "5", "18446744073709551615")}) > 1


# --- for a person ---

def test_targets_are_a_table(tool):
    done = tool.run("--families", "v4", "--avoid", "192.0.2.2:5061/tls", "sip:bob@shop.test", code=0)
    assert done.stdout == """\
sip:bob@shop.test
  order  transport  host             address         share  TTL   note
  1      tls        a.shop.test      192.0.2.1:5061  60 %   60 s
  2      tls        spare.shop.test  192.0.2.3:5061         60 s  reserve
  3      udp        a.shop.test      192.0.2.1:5060         60 s
  4      tls        b.shop.test      192.0.2.2:5061  40 %   60 s  avoided: tried last
  certificates must be for shop.test
"""


def test_uris_are_a_table_and_with_follow_their_targets_stand_below(tool):
    number = ["--suffix", "num.test", "+12025550123"]
    assert tool.run(*number, code=0).stdout == """\
+12025550123
  order  service       URI                                    TTL   portability
  1      E2U+sip       sip:alice@one.shop.test                60 s
  2      E2U+pstn:tel  tel:+12025550123;npdi;rn=+12025559999  60 s  ported, routing number +12025559999
"""
    assert tool.run("--follow", *number, code=0).stdout == """\
+12025550123
  1  sip:alice@one.shop.test   E2U+sip   TTL 60 s
       order  transport  host           address         TTL
       1      udp        one.shop.test  192.0.2.4:5060  60 s

  2  tel:+12025550123;npdi;rn=+12025559999   E2U+pstn:tel   TTL 60 s   ported, routing number +12025559999
       not a SIP URI: not followed
"""


def test_a_failure_says_what_was_looked_for_and_what_to_publish(tool):
    done = tool.run("sip:empty.shop.test", code=EXIT["no_records"])
    for part in ("onnet: sip:empty.shop.test: there are no records that lead anywhere\n",
                 "looked for:\n  empty.shop.test. NAPTR: no such records, TTL 60, ",
                 "  _sip._udp.empty.shop.test. SRV: ", "    empty.shop.test. A: no such records",
                 f"onnet --server {tool.address} domain set empty.shop.test --server sip1,address="):
        assert part in done.stderr, done.stderr
    done = tool.run("--suffix", "num.test", "+12025550199", code=EXIT["nxdomain"])
    assert "+12025550199 is not published below num.test. If it is yours" in done.stderr
    assert f"onnet --server {tool.address} number set '+12025550199' sip:USER@DOMAIN " \
           "--zone num.test\n" in done.stderr
    done = tool.run("shop.test", code=EXIT["bad_uri"])
    assert f"onnet --server {tool.address} resolve sip:shop.test\n" in done.stderr


def test_what_is_advised_helps(tool):
    """The command that publishes an SRV set where there was none, word for word."""
    zone = "advice.test"
    done = tool.run(f"sip:{zone}", code=EXIT["servfail"])
    server = tool.server
    directory = os.path.join(tool.directory, "advice")
    other = servers.Onnetd(directory, {zone: {"text": HEAD}})
    try:
        other.start()
        run = functools.partial(subprocess.run, capture_output=True, text=True, cwd=directory,
                                timeout=60, env=dict(os.environ, HOME=directory), check=False)
        done = run([TOOL, "resolve", f"sip:{zone}"])
        assert done.returncode == EXIT["no_records"], done.stderr
        command = next(line for line in done.stderr.splitlines() if " domain set " in line)
        assert run([TOOL, *command.split()[1:]]).returncode == 0
        # the server remembers nothing, and every run has a cache of its own
        done = run([TOOL, "resolve", "--json", f"sip:{zone}"])
        assert [endpoint(t) for t in json.loads(done.stdout)["targets"]] == ["192.0.2.1:5061/tls"]
    finally:
        other.close()
    assert server.alive()


def test_an_explanation_stands_below_the_result(tool):
    done = tool.run("--explain", "--families", "v4", "sip:one.shop.test;transport=udp", code=0)
    assert done.stdout.startswith("sip:one.shop.test;transport=udp\n  order  transport")
    for part in ("_sip._udp.one.shop.test. SRV: the name does not exist", "(RFC 3263 4.2)",
                 "one.shop.test. A: 1 record, TTL 60, from the network"):
        assert part in done.stdout.split("\n\n", 1)[1]
    done = tool.run("--explain", "sip:closed.shop.test", code=EXIT["service_not_available"])
    assert "_sip._udp.closed.shop.test. SRV: 1 record" in done.stdout
    assert "looked for" not in done.stderr


def test_without_options_the_configuration_says_whom_to_ask(tool, tmp_path):
    conf = tmp_path / "onnet.yaml"
    conf.write_text(servers.yaml({
        "server": {"listen": f"127.0.0.1@{tool.server.port}"},
        "zone": [{"domain": "shop.test"}, {"domain": "num.test"}, {"domain": "freenum.test"}],
        "number": {"e164": ["num.test"], "isn": ["freenum.test"]}}))
    words = ["-c", str(conf), "--json"]
    results = [json.loads(line) for line in tool.run(
        *words, "sip:one.shop.test", "+12025550123", "123*543", server=False, code=0)
        .stdout.splitlines()]
    assert results[0]["targets"][0]["address"] == "192.0.2.4"
    assert results[1]["uris"][0]["uri"] == "sip:alice@one.shop.test"
    assert results[2]["uris"][0]["uri"] == "sip:123@sip.example.com"
    conf.write_text("server: [")
    tool.run(*words, "sip:shop.test", server=False, code=3)
    tool.run(*words, "--suffix", "num.test", "sip:shop.test", code=0)
