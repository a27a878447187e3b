# SPDX-License-Identifier: GPL-3.0-or-later
"""onnet number import and export against onnetd, named and knotd."""
import re
import signal
import subprocess
import time

import pytest

import publish
import servers


@pytest.fixture(params=publish.KINDS)
def tool(request):
    start = request.getfixturevalue(f"start_{request.param}")
    return publish.Tool(start(publish.zone_texts()))


def write(tool, name, text):
    return tool.server.write(name, text)


def numbers(tool):
    return {x["number"]: [u["template"] for u in x["uris"]]
            for x in tool.run("number", "list", "--json").json()}


MIXED = """\
number,uri,ttl,service,order,preference
+12025550100,sip:{number}@gw1.example.net
"+1 (202) 555-0101","sip:{number}@gw1.example.net",60
+12025550101,sip:{number}@gw2.example.net
alice,sip:x@y
+12025550102,nouri
+12025550103
"+12025550104,sip:x@y

+12025550105,tel:+12025550100,,voice:tel,10,20
123*543,"sip:{digits}@isn.example.net"
+12025550100,sip:{number}@gw9.example.net
"""

PUBLISHED = {
    "+12025550100": ["sip:{number}@gw1.example.net", "sip:{number}@gw9.example.net"],
    "+12025550101": ["sip:{number}@gw1.example.net", "sip:{number}@gw2.example.net"],
    "+12025550105": ["tel:+12025550100"],
    "123*543": ["sip:{digits}@isn.example.net"],
}


def test_good_lines_go_through_and_bad_ones_are_named(tool):
    path = write(tool, "n.csv", MIXED)
    r = tool.run("number", "import", path, code=8)
    assert r.out == "6 lines published, 4 bad\n"
    assert [line.split(":")[1] for line in r.err.splitlines()] == ["5", "6", "7", "8"]
    assert numbers(tool) == PUBLISHED
    assert tool.naptr("5.0.1.0.5.5.5.2.0.2.1.e164.example.net") == [
        '10 20 "u" "E2U+voice:tel" "!^.*$!tel:+12025550100!" .']

    # Again: the same. With --add: kept. A number that is not in the file: not touched.
    tool.run("number", "import", "-", stdin="+12025550100,sip:only@example.net\n")
    tool.run("number", "import", "-", "--add", stdin="+12025550105,sip:x@example.net\n")
    assert numbers(tool) == dict(PUBLISHED, **{
        "+12025550100": ["sip:only@example.net"],
        "+12025550105": ["sip:x@example.net", "tel:+12025550100"][::-1]})


def test_all_or_nothing_looks_first(tool):
    path = write(tool, "n.csv", MIXED)
    r = tool.run("number", "import", "--all-or-nothing", path, code=3)
    assert "4 bad lines; nothing was sent" in r.err
    assert numbers(tool) == {}
    good = "".join(line for i, line in enumerate(MIXED.splitlines(True)) if i not in (4, 5, 6, 7))
    r = tool.run("number", "import", "--all-or-nothing", "-", stdin=good)
    assert r.out == "6 lines published\n" and r.err == ""
    assert numbers(tool) == PUBLISHED


def test_an_export_is_imported_as_it_was(tool):
    tool.run("number", "import", write(tool, "n.csv", MIXED), code=8)
    tool.run("number", "set", "+12025550109", 'sip:"a,b"@example.net', "--ttl", "300")
    before = tool.content("e164.example.net") + tool.content("isn.example.net")
    export = tool.run("number", "export").out
    assert export.splitlines()[0] == "number,uri,ttl,service,order,preference"
    assert '+12025550109,"sip:""a,b""@example.net",300,sip,100,10' in export.splitlines()
    for number in numbers(tool):
        tool.run("number", "unset", number)
    assert tool.content("e164.example.net") == []
    tool.run("number", "import", "-", stdin=export)
    assert tool.content("e164.example.net") + tool.content("isn.example.net") == before
    assert tool.run("number", "export", "+120255501").out == "".join(
        line for line in export.splitlines(True) if not line.startswith("123*"))


def test_print_gives_a_script_that_nsupdate_takes(tool):
    path = write(tool, "n.csv", MIXED)
    script = tool.run("number", "import", path, "--print", code=8).out
    assert tool.content("e164.example.net") == []
    tool.nsupdate(script)
    assert numbers(tool) == PUBLISHED


def test_a_number_whose_lines_stand_far_apart_keeps_them_all(tool):
    lines = [f"+1202{i:07d},sip:a{i}@example.net" for i in range(3000)]
    lines += [f"+1202{i:07d},sip:b{i}@example.net" for i in range(3000)]
    r = tool.run("number", "import", "-", stdin="\n".join(lines))
    assert r.out.startswith("6000 lines published")
    listed = numbers(tool)
    assert len(listed) == 3000
    for i in range(3000):
        assert listed[f"+1202{i:07d}"] == [f"sip:a{i}@example.net", f"sip:b{i}@example.net"]


def test_a_file_that_is_not_there_or_no_text(tool):
    tool.run("number", "import", "/nonexistent.csv", code=3)
    tool.run("number", "import", code=2)
    tool.run("number", "import", "-", "--odd", code=2)
    r = tool.run("number", "import", "-", stdin="+1,sip:a@b\0\n", code=3)
    assert "NUL" in r.err
    assert tool.run("number", "import", "-", stdin="").out == "0 lines published\n"


def test_it_goes_on_where_a_signal_stopped_it(tool):
    """The file is fed slowly, so that the signal comes in the middle of it."""
    lines = [f"+1202{i:07d},sip:{{number}}@example.net\n" for i in range(4000)]
    p = subprocess.Popen(tool.command("number", "import", "-"), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    p.stdin.write("".join(lines[:2500]))
    p.stdin.flush()
    # Some have arrived: then it is at work.
    end = time.monotonic() + servers.PATIENCE
    while not tool.naptr("0.0.0.0.0.0.0.2.0.2.1.e164.example.net"):
        assert time.monotonic() < end
        time.sleep(0.02)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    assert p.returncode == 8, (out, err)
    found = re.search(r"stopped after line (\d+); go on with --from (\d+)", err)
    assert found, err
    stopped, go_on = int(found.group(1)), int(found.group(2))
    assert go_on == stopped + 1 and 0 < stopped <= 2500
    there = numbers(tool)
    assert all(f"+1202{i:07d}" in there for i in range(stopped))

    tool.run("number", "import", "-", "--from", str(go_on), stdin="".join(lines))
    assert len(numbers(tool)) == 4000


def test_a_lost_server_is_said_with_the_line_to_go_on(tool):
    lines = [f"+1202{i:07d},sip:{{number}}@example.net\n" for i in range(3000)]
    p = subprocess.Popen(tool.command("--timeout", "1", "number", "import", "-"),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    p.stdin.write("".join(lines[:1500]))
    p.stdin.flush()
    end = time.monotonic() + servers.PATIENCE
    while not tool.naptr("0.0.0.0.0.0.0.2.0.2.1.e164.example.net"):
        assert time.monotonic() < end
        time.sleep(0.02)
    tool.server.kill()
    try:
        p.stdin.write("".join(lines[1500:]))
        p.stdin.flush()
    except BrokenPipeError:
        pass
    out, err = p.communicate(timeout=60)
    assert p.returncode == 4, (out, err)
    assert re.search(r"go on with --from \d+", err), err


def test_refused_numbers_are_found_and_the_rest_goes_through(start_named, tmp_path):
    """BIND refuses an update whole when one name in it may not be changed."""
    start = start_named
    server = start(publish.zone_texts())
    conf = server.path("named.conf")
    with open(conf, encoding="latin-1") as f:
        text = f.read()
    text = re.sub(r'(zone "e164.example.net" \{[^}]*?)allow-update \{[^}]*\};',
                  r'\1update-policy { deny ops name 7.6.4.0.0.0.0.2.0.2.1.e164.example.net. ANY; '
                  r'deny ops name 1.0.0.0.0.0.0.2.0.2.1.e164.example.net. ANY; '
                  r'grant ops zonesub ANY; };', text)
    assert "update-policy" in text
    with open(conf, "w", encoding="latin-1") as f:
        f.write(text)
    server.restart()
    tool = publish.Tool(server)
    lines = [f"+1202{i:07d},sip:{{number}}@example.net\n" for i in range(1000)]
    r = tool.run("number", "import", "-", stdin="".join(lines), code=8)
    assert r.out.startswith("998 lines published") and r.out.endswith(", 2 refused\n")
    refused = [line.split(":")[:3] for line in r.err.splitlines()]
    assert refused == [["stdin", "2", " +12020000001"], ["stdin", "468", " +12020000467"]]
    assert "REFUSED" in r.err
    assert len(numbers(tool)) == 998


def test_a_server_that_refuses_everything_ends_it_soon(start_named):
    zones = publish.zone_texts()
    zones["e164.example.net"]["update"] = ["reseller"]
    tool = publish.Tool(start_named(zones))
    lines = [f"+1202{i:07d},sip:{{number}}@example.net\n" for i in range(1000)]
    r = tool.run("number", "import", "-", stdin="".join(lines), code=5)
    assert "the server takes nothing of this" in r.err
    assert len(r.err.splitlines()) < 15
