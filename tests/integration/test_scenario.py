# SPDX-License-Identifier: GPL-3.0-or-later
"""The stories of tests/scenario against a server on a socket."""
import os

import pytest

import scenario
import servers

STORIES = [(path, story) for path in scenario.files() for story in scenario.read(path)]


def identity(value):
    if isinstance(value, str):
        return os.path.basename(value)[:-4]
    return value.title


@pytest.fixture(scope="module")
def fresh(start_module):
    """A server with a file's zones as they are written; the same one until something changes it."""
    servers_of = {}

    def get(path, story):
        kept = servers_of.get(path)
        if kept is None or kept[1]:
            if kept is not None:
                kept[0].close()
            kept = servers_of[path] = [start_module(scenario.server_zones(story.zones)), False]
        kept[1] = kept[1] or story.writes()
        return kept[0]

    return get


@pytest.mark.parametrize("path, story", STORIES, ids=identity)
def test_story(fresh, path, story):
    if servers.JUDGE == "nsd" and story.writes():
        pytest.skip("nsd takes no updates")
    if servers.JUDGE != "onnetd" and any("ranges" in words for words, _ in story.zones.values()):
        pytest.skip("onnetd alone has number ranges")
    differs = scenario.Runner(fresh(path, story), story).run()
    if differs:
        pytest.skip(differs)
