# SPDX-License-Identifier: GPL-3.0-or-later
"""
Fixtures. start(zones, ...) starts the server under test (onnetd, or the judge that ONNET_JUDGE
names) for one test, start_module for all tests of a file; start_onnetd, start_named, start_knotd,
start_nsd and start_pdns start that kind, start_kind(kind, zones) any of them. All servers are stopped, by their process ids, when the test or the
file is over; a server that died, that a sanitizer complained about, or that does not end in order
is a failure.
"""
import contextlib
import os
import shutil

import pytest

import servers


def pytest_configure(config):
    config.addinivalue_line("markers", "differs(kind, reason): this server does otherwise, and "
                                       "the RFC or our own promise decides")
    config.addinivalue_line("markers", "thorough: left out where time is short (-m 'not thorough')")


def pytest_collection_modifyitems(items):
    for item in items:
        for mark in item.iter_markers("differs"):
            if servers.JUDGE in mark.args[0].split():
                item.add_marker(pytest.mark.skip(reason=mark.args[1]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for server in servers.running:
            report.sections.append((f"{server.kind} in {server.directory}",
                                    server.log()[-20000:]))


def starter(directory, kind):
    """A generator for a fixture: hands out a function that starts servers, then ends them."""
    started = []

    def start(zones, **more):
        here = os.path.join(str(directory), f"{kind}{len(started)}")
        server = servers.KINDS[kind](here, zones, **more)
        try:
            server.start()
        except BaseException:
            server.close()
            raise
        started.append(server)
        return server

    yield start
    faults = []
    for server in started:
        try:
            server.close()
        except servers.Broken as fault:
            faults.append(str(fault))
    if not faults:
        shutil.rmtree(str(directory), ignore_errors=True)
    assert not faults, "\n".join(faults)


@pytest.fixture
def start(tmp_path):
    yield from starter(tmp_path / "s", servers.JUDGE)


@pytest.fixture(scope="module")
def start_module(tmp_path_factory):
    yield from starter(tmp_path_factory.mktemp("module"), servers.JUDGE)


@pytest.fixture
def start_onnetd(tmp_path):
    yield from starter(tmp_path / "o", "onnetd")


@pytest.fixture
def start_named(tmp_path):
    yield from starter(tmp_path / "n", "named")


@pytest.fixture
def start_knotd(tmp_path):
    yield from starter(tmp_path / "k", "knotd")


@pytest.fixture
def start_nsd(tmp_path):
    yield from starter(tmp_path / "d", "nsd")


@pytest.fixture
def start_pdns(tmp_path):
    yield from starter(tmp_path / "p", "pdns_server")


@pytest.fixture
def start_kind(tmp_path):
    """start_kind(kind, zones, ...): a server of any kind."""
    with contextlib.ExitStack() as stack:
        makers = {}

        def start(kind, zones, **more):
            if kind not in makers:
                makers[kind] = stack.enter_context(contextlib.contextmanager(starter)(
                    tmp_path / kind, kind))
            return makers[kind](zones, **more)

        yield start


@pytest.fixture(scope="session")
def build():
    """The directory with the built programs."""
    return servers.BUILD
