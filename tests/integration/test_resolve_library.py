# SPDX-License-Identifier: GPL-3.0-or-later
"""
libonnet as a package: what is installed, what it exports and needs, and that the examples build
against it by pkg-config alone and find what a server holds.
"""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

import servers

BUILD = os.path.join(servers.ROOT, os.environ.get("ONNET_BUILD", "build"))
LIBRARY = os.path.join(BUILD, "include", "libonnet.so.0")
ZONE = """$TTL 60
@ SOA ns host 1 7200 900 1209600 300
@ NS ns
ns A 192.0.2.53
@ NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
_sip._tcp SRV 10 0 5060 one
_sip._tcp SRV 20 0 5062 two
one A 192.0.2.1
two A 192.0.2.2
"""
EXAMPLES = {"resolve-poll": "onnet", "resolve-blocking": "onnet", "resolve-libuv": "onnet libuv",
            "resolve-libevent": "onnet libevent"}
EXPORTED_MAX = 24

pytestmark = pytest.mark.skipif(servers.JUDGE != "onnetd", reason="the library is what is tested here")


def output(*command, **more):
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **more)
    assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
    assert not servers.SANITIZER.search(run.stderr), run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """(an environment for pkg-config and the linker, what the compiler needs to know)"""
    root = tmp_path_factory.mktemp("root")
    output("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(root))
    found = [d for d, _, files in os.walk(root) if "onnet.pc" in files]
    assert len(found) == 1, found
    with open(os.path.join(BUILD, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as f:
        sanitizer = {o["name"]: o["value"] for o in json.load(f)}["b_sanitize"]
    environment = dict(os.environ, PKG_CONFIG_PATH=found[0], PKG_CONFIG_SYSROOT_DIR=str(root),
                       LD_LIBRARY_PATH=os.path.dirname(found[0]))
    flags = [] if sanitizer == "none" else [f"-fsanitize={sanitizer}"]
    yield environment, flags
    shutil.rmtree(str(root), ignore_errors=True)


def pkg_config(installed, *arguments):
    return shlex.split(output("pkg-config", *arguments, env=installed[0]))


def compile_and_link(installed, compiler, source, program, packages):
    output(*compiler, "-Wall", "-Wextra", "-Werror", *installed[1], source, "-o", program,
           *pkg_config(installed, "--cflags", "--libs", *packages.split()))


def test_all_that_is_exported_is_marked_so():
    lines = output("nm", "-D", "--defined-only", LIBRARY).splitlines()
    names = {line.split()[-1] for line in lines}
    names = {name for name in names if not name.startswith("_")}    # the toolchain's
    declared = set()
    for header in ("error.h", "number.h", "resolve.h"):
        with open(os.path.join(servers.ROOT, "include", "onnet", header), encoding="utf-8") as f:
            declared |= set(re.findall(r"^ONNET_API [^;(]*?(\w+)\(", f.read(), re.M))
    assert names == declared
    assert len(names) <= EXPORTED_MAX


def test_each_function_has_its_page(installed):
    pages = {name for _, _, files in os.walk(installed[0]["PKG_CONFIG_SYSROOT_DIR"]) for name in files}
    lines = output("nm", "-D", "--defined-only", LIBRARY).splitlines()
    missing = {line.split()[-1] for line in lines if " T onnet_" in line}
    missing = {name for name in missing if f"{name}.3" not in pages}
    assert not missing


def test_it_needs_libunbound_and_nothing_else_of_weight():
    dynamic = output("readelf", "-d", LIBRARY)
    assert re.search(r"SONAME.*\[libonnet\.so\.0\]", dynamic)
    needed = set(re.findall(r"NEEDED.*\[(.*?)\.so", dynamic))
    sanitizers = {"libasan", "libubsan", "libtsan"}
    assert needed - sanitizers - {"libm"} == {"libunbound", "libc"}


def test_headers_are_good_cxx(installed, tmp_path):
    source = tmp_path / "headers.cc"
    source.write_text("#include <onnet/resolve.h>\n#include <onnet/number.h>\n"
                      "int main() { return onnet_error_name(ONNET_OK) == nullptr; }\n")
    program = str(tmp_path / "headers")
    compile_and_link(installed, ["c++", "-std=c++17", "-pedantic"], str(source), program, "onnet")
    output(program, env=installed[0])


def test_the_static_library_has_no_other_names():
    lines = output("nm", "-g", "--defined-only", LIBRARY.replace(".so.0", ".a")).splitlines()
    names = {line.split()[-1] for line in lines if len(line.split()) == 3}
    assert {name for name in names if not name.startswith(("onnet_", "_"))} == set()
    assert any(name.startswith("onnet_") for name in names)


def test_the_static_library_is_enough(installed, tmp_path):
    program = str(tmp_path / "static")
    root = os.path.dirname(installed[0]["PKG_CONFIG_PATH"])
    output("cc", *installed[1], os.path.join(servers.ROOT, "examples", "resolve-blocking.c"),
           "-o", program, *pkg_config(installed, "--cflags", "onnet"),
           os.path.join(root, "libonnet.a"), "-lunbound")
    assert '"error":"bad_uri"' in output(program, "@127.0.0.1", "sip:", env=installed[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    onnetd = servers.Onnetd(tmp_path_factory.mktemp("onnetd"), {"example.net": {"text": ZONE}})
    try:
        yield onnetd.start()
    finally:
        onnetd.close()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(installed, server, tmp_path, name):
    program = str(tmp_path / name)
    compile_and_link(installed, ["cc"], os.path.join(servers.ROOT, "examples", f"{name}.c"), program,
                     EXAMPLES[name])
    said = output(program, f"@{servers.ADDRESS}@{server.port}", "sip:alice@example.net",
                  "sip:192.0.2.7", env=installed[0])
    assert said.index("192.0.2.1") < said.index("192.0.2.2")
    assert "192.0.2.7" in said
    assert "5062" in said
