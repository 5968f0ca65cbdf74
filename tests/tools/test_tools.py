# SPDX-License-Identifier: BSD-2-Clause
"""The checks of `make lint` and the sum of results can fail: each is shown something wrong."""
import os
import struct
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import check_image  # noqa: E402
import check_layers  # noqa: E402
import check_python  # noqa: E402

TEXT, RODATA, DATA = (5, 0x1000), (4, 0x2000), (6, 0x3000)


def image(segments=(TEXT, RODATA, DATA), note_align=4, note_kind=18, pvh_entry=0x101000,
          magic=0xe85250d6, size=0x4000):
    """An ELF64 file with one page a segment, loaded at 1 MiB plus its place in the file."""
    headers = [struct.pack("<IIQQQQQQ", 1, flags, at, 0x100000 + at, 0x100000 + at, 0x1000, 0x1000,
                           0x1000) for flags, at in segments]
    headers.append(struct.pack("<IIQQQQQQ", 4, 4, 0x2000, 0x102000, 0x102000, 24, 24, note_align))
    file = bytearray(size)
    file[:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, 0x101000, 64, 0,
                            0, 64, 56, len(headers), 0, 0, 0)
    for index, header in enumerate(headers):
        file[64 + 56 * index:120 + 56 * index] = header
    file[0x1008:0x1018] = struct.pack("<IIII", magic, 0, 16, -(magic + 16) & 0xffffffff)
    file[0x2000:0x2018] = struct.pack("<III4sQ", 4, 8, note_kind, b"Xen\0", pvh_entry)
    return bytes(file)


def test_good_image():
    check_image.check(image())


@pytest.mark.parametrize("change", [
    {"note_align": 8}, {"note_kind": 17}, {"pvh_entry": 0x103000}, {"pvh_entry": 1 << 32},
    {"magic": 0x1badb002}, {"size": check_image.SIZE_LIMIT}, {"segments": ((7, 0x1000), RODATA)},
    {"segments": (TEXT, RODATA, (6, 0x2800))}, {"segments": (RODATA,)}])
def test_bad_image(change):
    with pytest.raises(check_image.Fault):
        check_image.check(image(**change))


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Files in an empty tree; afterwards the current folder is the tree."""
    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.chdir(tmp_path)
        check_layers.text_of.cache_clear()
        check_layers.reach.cache_clear()
    return write


@pytest.mark.parametrize("path,text", [
    ("drivers/x.c", '#include "agent/y.h"\n'),
    ("drivers/x.c", '#include "../boot/z.h"\n'),
    ("drivers/x.c", "#include <unistd.h>\n"),
    ("agent/x.c", "#include <arch/mmio.h>\n"),
    ("agent/x.c", '#include "drivers/d.h"\n'),
    ("agent/x.c", '#include "exec/e.h"\n'),
    ("agent/exec/x.c", '#include "drivers/d.h"\n'),
    ("boot/x.c", '#include "drivers/d.h"\n#include "y.h"\n#include "agent/y.h"\n'),
    ("boot/x.c", '#include "through.h"\n#include "drivers/d.h"\n')])
def test_layers_broken(tree, path, text):
    tree({"agent/y.h": "", "agent/exec/e.h": "", "boot/z.h": "", "drivers/d.h": "", path: text,
          "boot/through.h": '#include "agent/y.h"\n'})
    assert list(check_layers.layer_faults(path))


@pytest.mark.parametrize("path,text", [
    ("drivers/x.c", '#include <arch/mmio.h>\n#include <stdint.h>\n#include "d.h"\n'),
    ("agent/x.c", '#include "y.h"\n#include <string.h>\n#include <jsmn.h>\n'),
    ("agent/cmd_exec.c", '#include "exec/e.h"\n'),
    ("agent/exec/x.c", '#include "e.h"\n#include "y.h"\n'),
    ("boot/x.c", '#include "drivers/d.h"\n#include "z.h"\n'),
    ("boot/main.c", '#include "drivers/d.h"\n#include "agent/y.h"\n')])
def test_layers_kept(tree, path, text):
    tree({"agent/y.h": "", "agent/exec/e.h": "", "boot/z.h": "", "drivers/d.h": "", path: text})
    assert not list(check_layers.layer_faults(path))


@pytest.mark.parametrize("line", ["#ifdef __x86_64__", "#if defined(__linux__)",
                                  "#  elif __STDC_HOSTED__"])
def test_condition_on_machine(tree, line):
    tree({"drivers/x.c": line + "\n#endif\n", "boot/x86_64/x.c": line + "\n#endif\n"})
    assert list(check_layers.condition_faults("drivers/x.c"))
    assert not list(check_layers.condition_faults("boot/x86_64/x.c"))


def test_licence(tree):
    tree({"drivers/x.c": "/* nothing */\n"})
    assert list(check_layers.licence_faults("drivers/x.c"))


def test_python_style(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("x = 1 \n" + "y" * 101 + "\n")
    assert len(list(check_python.faults(str(path)))) == 2
    path.write_text("def f(:\n")
    assert list(check_python.faults(str(path)))


def run_results(tmp_path, *arguments):
    done = subprocess.run([sys.executable, os.path.join(HERE, "results.py"), *arguments],
                          env=dict(os.environ, BUILD=str(tmp_path)), stdout=subprocess.PIPE,
                          text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_tally(tmp_path):
    assert run_results(tmp_path, "tally")[0] == 1, "nothing ran, so nothing passed"
    run_results(tmp_path, "record", "one", "3", "0", "1")
    assert run_results(tmp_path, "check", "two", "true")[0] == 0
    assert run_results(tmp_path, "tally") == (0, [
        f"{'one':<28}     3 passed     0 failed     1 skipped",
        f"{'two':<28}     1 passed     0 failed     0 skipped", "4 passed, 0 failed, 1 skipped"])
    assert run_results(tmp_path, "check", "two", "false")[0] == 1
    status, lines = run_results(tmp_path, "tally")
    assert status == 1 and lines[-1] == "3 passed, 1 failed, 1 skipped"


def test_junit(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text('<testsuites><testsuite><testcase classname="m" name="a"/>'
                      '<testcase classname="m" name="b"><failure/></testcase>'
                      '<testcase classname="m" name="c"><skipped/></testcase>'
                      '</testsuite></testsuites>')
    assert run_results(tmp_path, "junit", "p", str(report))[0] == 1
    assert run_results(tmp_path, "tally")[1][-1] == "1 passed, 1 failed, 1 skipped"
    again = tmp_path / "again.xml"
    again.write_text('<testsuite><testcase classname="m" name="b"/></testsuite>')
    assert run_results(tmp_path, "junit", "p", str(report), str(again))[0] == 0
    assert run_results(tmp_path, "tally")[1][1:] == [
        "    UNSTABLE, passed when run again: m::b", "2 passed, 0 failed, 1 skipped"]
    assert run_results(tmp_path, "junit", "p", str(report), str(report))[0] == 1
    assert run_results(tmp_path, "junit", "q", str(tmp_path / "none.xml"))[0] == 1


@pytest.mark.skipif(not os.path.exists("/usr/bin/dpkg-query"), reason="not Debian")
def test_need_is_silent_when_all_is_there():
    done = subprocess.run([os.path.join(HERE, "need"), "a test", "dpkg"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout == b""


@pytest.mark.skipif(not os.path.exists("/usr/bin/dpkg-query"), reason="not Debian")
def test_need_tells_what_to_do(tmp_path):
    """Neither root nor sudo: the exact line, and failure."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    for tool in ("dpkg-query", "flock", "bash"):
        os.symlink(f"/usr/bin/{tool}", tmp_path / tool)
    done = subprocess.run([os.path.join(HERE, "need"), "a test", "no-such-package"], check=False,
                          env={"PATH": str(tmp_path)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends no-such-package" in done.stdout
