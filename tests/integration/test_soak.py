# SPDX-License-Identifier: GPL-3.0-or-later
"""A short one of what `make soak` does for an hour."""
import os
import subprocess
import sys

import pytest

import servers

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="about onnetd")


def test_all_at_once_for_some_seconds():
    path = os.path.join(servers.ROOT, "tests/soak/soak.py")
    done = subprocess.run([sys.executable, path, "--seconds=8"], capture_output=True, text=True,
                          timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
