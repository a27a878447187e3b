# SPDX-License-Identifier: GPL-3.0-or-later
"""onnet number and onnet range against onnetd, named and knotd."""
import pytest

import publish

OWNER = "3.2.1.0.5.5.5.2.0.2.1.e164.example.net"


@pytest.fixture(scope="module", params=publish.KINDS)
def server(request, tmp_path_factory):
    """One server for the file; the tests take numbers of their own."""
    import servers
    started = servers.KINDS[request.param](tmp_path_factory.mktemp(request.param),
                                           publish.zone_texts())
    yield started.start()
    started.close()


@pytest.fixture
def tool(server):
    return publish.Tool(server)


def test_a_number_is_set_shown_and_taken_away(tool):
    r = tool.run("number", "set", "+1 (202) 555-0123", "sip:alice@example.net")
    assert r.out == "+12025550123: sip:alice@example.net\n"
    assert tool.naptr(OWNER) == ['100 10 "u" "E2U+sip" "!^.*$!sip:alice@example.net!" .']
    r = tool.run("number", "show", "tel:+1-202-555-0123")
    assert r.out.startswith(f"+12025550123   at {OWNER}\n")
    assert "sip:alice@example.net" in r.out
    tool.run("number", "unset", "12025550123")
    assert tool.naptr(OWNER) == []
    r = tool.run("number", "show", "+12025550123", code=7)
    assert "+12025550123: nothing at" in r.err
    assert tool.run("number", "show", "+12025550123", "--json", code=7).json()["uris"] == []
    tool.run("number", "unset", "+12025550123", code=7)


def test_several_uris_have_rising_preferences_and_replace_what_was_there(tool):
    tool.run("number", "set", "+12025550124", "sip:old@example.net")
    tool.run("number", "set", "+12025550124", "sip:{number}@gw1.example.net",
             "tel:+12025550199", "--ttl", "300", "--order", "7", "--preference", "5")
    owner = OWNER.replace("3.2", "4.2", 1)
    assert tool.naptr(owner) == [
        '7 15 "u" "E2U+pstn:tel" "!^.*$!tel:+12025550199!" .',
        '7 5 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@gw1.example.net!" .']
    assert tool.server.query(owner, "NAPTR").answer[0].ttl == 300
    shown = tool.run("number", "show", "+12025550124", "--json").json()
    assert shown["owner"] == owner
    assert [(u["preference"], u["uri"], u.get("template")) for u in shown["uris"]] == [
        (5, "sip:+12025550124@gw1.example.net", "sip:{number}@gw1.example.net"),
        (15, "tel:+12025550199", "tel:+12025550199")]


def test_add_keeps_what_is_there_and_comes_after_it(tool):
    tool.run("number", "set", "+12025550125", "sip:a@example.net")
    tool.run("number", "set", "+12025550125", "sip:b@example.net", "--add")
    tool.run("number", "set", "+12025550125", "sip:c@example.net", "--add", "--preference", "10",
             "--service", "voice:tel+sms:tel")
    assert tool.naptr(OWNER.replace("3.2", "5.2", 1)) == [
        '100 10 "u" "E2U+sip" "!^.*$!sip:a@example.net!" .',
        '100 10 "u" "E2U+voice:tel+sms:tel" "!^.*$!sip:c@example.net!" .',
        '100 20 "u" "E2U+sip" "!^.*$!sip:b@example.net!" .']
    tool.run("number", "unset", "+12025550125", "sip:b@example.net")
    assert len(tool.naptr(OWNER.replace("3.2", "5.2", 1))) == 2
    tool.run("number", "unset", "+12025550125", "sip:nobody@example.net", code=7)


def test_an_isn_lies_under_its_own_suffix(tool):
    tool.run("number", "set", "123*543", "sip:{digits}@example.net")
    assert tool.naptr("3.2.1.543.isn.example.net") == [
        '100 10 "u" "E2U+sip" "!^\\\\+?(.*)$!sip:\\\\1@example.net!" .']
    assert tool.run("number", "show", "123*543", "--json").json()["uris"][0]["uri"] == \
        "sip:123@example.net"


def test_what_cannot_be_published_is_refused_before_anything_is_sent(tool):
    before = tool.server.serial("e164.example.net")
    for words in (["0012025550123", "sip:a@b"], ["alice", "sip:a@b"], ["+1", "alice"],
                  ["+1", "gopher:x"], ["+1", "sip:{nummer}@b"], ["+1", "sip:" + "a" * 260],
                  ["+1", "sip:a@b", "--service", "a b"]):
        r = tool.run("number", "set", *words, code=3)
        assert r.err.startswith("onnet: ") and r.out == ""
    for words in (["+1"], [], ["+1", "sip:a@b", "--order", "65536"], ["+1", "sip:a@b", "--odd"],
                  ["+1", "sip:a@b", "--ttl", "-1"], ["+1", "sip:a@b", "--preference", "x"]):
        tool.run("number", "set", *words, code=2)
    assert tool.server.serial("e164.example.net") == before


def test_a_range_answers_for_its_numbers_and_no_others(tool):
    tool.run("range", "set", "+1202777", "--digits", "4", "sip:{digits}@gw.example.net")
    assert tool.naptr("*.7.7.7.2.0.2.1.e164.example.net") == [
        '100 10 "u" "E2U+sip" "!^\\\\+(1202777[0-9]{4})$!sip:\\\\1@gw.example.net!" .']
    shown = tool.run("number", "show", "+12027771234", "--json").json()
    assert shown["range"] == {"prefix": "+1202777", "digits": 4}
    assert shown["uris"][0]["uri"] == "sip:12027771234@gw.example.net"
    r = tool.run("number", "show", "+12027771234")
    assert "by the range +1202777, 4 more digits" in r.out
    for other in ("+1202777123", "+120277712345"):
        r = tool.run("number", "show", other, code=7)
        assert "does not match this number" in r.out
    r = tool.run("number", "unset", "+12027771234", code=7)
    assert "the range +1202777, 4 more digits answers for it" in r.err

    r = tool.run("range", "show", "+1202777")
    assert "+1202777, 4 more digits   at *.7.7.7.2.0.2.1.e164.example.net" in r.out
    assert "sip:{digits}@gw.example.net" in r.out
    for other in ("+12027", "+12027771", "+1202778"):
        tool.run("range", "show", other, code=7)
        tool.run("range", "unset", other, code=7)
    listed = tool.run("range", "list", "+1202777", "--json").json()
    assert [(x["prefix"], x["digits"]) for x in listed] == [("+1202777", 4)]
    tool.run("range", "unset", "+1202777")
    tool.run("number", "show", "+12027771234", code=7)


def test_a_number_inside_a_range_says_what_it_cuts_off(tool):
    tool.run("range", "set", "+1202888", "--digits", "4", "sip:{number}@gw.example.net")
    r = tool.run("number", "set", "+12028881234", "sip:own@example.net")
    assert "no longer answers for other numbers that start with +12028881" in r.err
    assert "onnet range set +12028881 --digits 3 URI" in r.err
    assert "range" not in tool.run("number", "show", "+12028881234", "--json").json()
    tool.run("number", "show", "+12028881235", code=7)
    # What it says helps.
    for prefix, digits in (("+12028881", "3"), ("+120288812", "2"), ("+1202888123", "1")):
        tool.run("range", "set", prefix, "--digits", digits, "sip:{number}@gw.example.net")
    for number in ("+12028881235", "+12028881299", "+12028881999", "+12028882000"):
        shown = tool.run("number", "show", number, "--json").json()
        assert shown["uris"][0]["uri"] == f"sip:{number}@gw.example.net"
    assert tool.run("number", "show", "+12028881234", "--json").json()["uris"][0]["uri"] == \
        "sip:own@example.net"
    # Again, and nothing is new.
    r = tool.run("number", "set", "+12028881234", "sip:own@example.net")
    assert r.err == ""


def test_a_range_without_digits_or_uri_is_misuse(tool):
    tool.run("range", "set", "+1202", "sip:a@b", code=2)
    tool.run("range", "set", "+1202", "--digits", "4", code=2)
    tool.run("range", "set", "+1202", "--digits", "0", "sip:a@b", code=2)
    tool.run("range", "set", "+1202", "--digits", "4", "sip:a@b", "--add", code=2)


def test_print_sends_nothing_and_nsupdate_takes_it(tool):
    owner = "7.6.5.e164.example.net"
    for words in (["number", "set", "+567", "sip:{digits}@example.net", "sip:b@example.net"],
                  ["range", "set", "+567", "--digits", "2", "sip:{number}@example.net"]):
        before = tool.server.serial("e164.example.net")
        script = tool.run(*words, "--print").out
        assert tool.server.serial("e164.example.net") == before
        tool.nsupdate(script)
    assert tool.naptr(owner) == [
        '100 10 "u" "E2U+sip" "!^\\\\+?(.*)$!sip:\\\\1@example.net!" .',
        '100 20 "u" "E2U+sip" "!^.*$!sip:b@example.net!" .']
    assert tool.run("number", "show", "+56712", "--json").json()["uris"][0]["uri"] == \
        "sip:+56712@example.net"
    tool.nsupdate(tool.run("number", "unset", "+567", "--print").out)
    tool.nsupdate(tool.run("range", "unset", "+567", "--print").out)
    assert tool.naptr(owner) == []


def test_a_list_is_sorted_and_takes_a_prefix(tool):
    for number in ("+31103", "+31101", "+3110"):
        tool.run("number", "set", number, f"sip:{{number}}@example.net")
    tool.run("range", "set", "+3110", "--digits", "2", "sip:{number}@example.net")
    r = tool.run("number", "list", "+3110")
    assert [line.split()[0] for line in r.out.splitlines()] == ["number", "+3110", "+31101",
                                                                "+31103"]
    assert "sip:+31101@example.net" in r.out
    listed = tool.run("number", "list", "+3110", "--json").json()
    assert [x["number"] for x in listed] == ["+3110", "+31101", "+31103"]
    assert tool.run("number", "list", "+999").out == ""
    assert tool.run("number", "list", "+999", "--json").json() == []
    everything = tool.run("number", "list", "--json").json()
    assert len(everything) >= 3


def test_who_has_one_kind_of_numbers_lists_that(tool):
    tool.run("number", "set", "+4299", "sip:x@example.net")
    tool.run("number", "set", "4299*543", "sip:y@example.net")
    e164 = publish.Tool(tool.server, {"e164": "e164.example.net"})
    isn = publish.Tool(tool.server, {"isn": "isn.example.net"})
    both = {x["number"] for x in tool.run("number", "list", "--json").json()}
    assert {"+4299", "4299*543"} <= both
    assert {x["number"] for x in e164.run("number", "list", "--json").json()} == \
        {n for n in both if n[0] == "+"}
    assert {x["number"] for x in isn.run("number", "list", "--json").json()} == \
        {n for n in both if n[0] != "+"}
    zone = e164.run("--zone", "isn.example.net", "number", "list", "--json").json()
    assert "4299*543" in {x["number"] for x in zone}
    r = e164.run("number", "show", "4299*543", code=3)
    assert "isn" in r.err


def test_a_server_that_is_not_there_is_said_so(tool):
    r = tool.run("--server", "127.0.0.1@1", "--timeout", "1", "number", "show", "+1", code=4)
    assert "127.0.0.1@1" in r.err


def test_a_wrong_key_is_refused_in_words(tool):
    key = "hmac-sha256:ops:d3Jvbmcgc2VjcmV0IHdyb25nIHNlY3JldA=="
    r = tool.run("--key", key, "number", "set", "+1999", "sip:a@b", code=5)
    assert "onnet: " in r.err and r.out == ""
