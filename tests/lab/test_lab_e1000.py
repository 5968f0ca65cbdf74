# SPDX-License-Identifier: BSD-2-Clause
"""The judge of the e1000 laboratory can say no: it is shown devices that do not bound."""
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import lab_e1000 as lab  # noqa: E402

ALL = set(lab.EXPECTED)


def line(key, frames, count, head, tail):
    return (f"[0.1] lab e1000: {key[0]} {key[1]}: begins\r\n"
            f"[0.2] lab e1000: {key[0]} {key[1]}: frames={frames} bytes={count + 4 * frames} "
            f"TDH={head} TDT={tail} DD=0\r\n")


def tail_of(key):
    return {"TDH=9": 3, "TDT=0x100": 256, "TDH=9,TDT=0x100": 256}.get(key[1], lab.EXPECTED[key][2])


def log(**changes):
    """What a good device prints, with one shape's frames, count, head or tail changed."""
    text = ""
    for key in lab.EXPECTED:
        frames, count, head = lab.EXPECTED[key]
        row = {"frames": frames, "count": count, "head": head, "tail": tail_of(key)}
        row.update(changes.get(key[1], {}))
        text += line(key, **row)
    return text


def test_a_good_device_passes(capsys):
    assert lab.judge(log(), ALL)
    assert len([row for row in capsys.readouterr().out.split("\n") if "  ok" in row]) == len(ALL)


@pytest.mark.parametrize("changes", [
    {"7x0xffff": {"count": 458745}},
    {"0xffff+0x100": {"count": 65536}},
    {"segment-0x100fe": {"frames": 2, "count": 131071}},
    {"3x0xffff": {"head": 2}},
    {"segment-after-frame": {"head": 1}},
    {"TDH=9": {"head": 9}},
    {"TDT=0x100": {"head": 7}},
    {"frame": {"frames": 0, "count": 0}},
    {"segments": {"frames": 1, "count": 304}},
], ids=lambda changes: next(iter(changes)))
def test_a_bad_one_does_not(changes):
    assert not lab.judge(log(**changes), ALL)


def test_another_length_within_bounds_is_no_fault(capsys):
    assert lab.judge(log(**{"0x8000+0x8000": {"count": 65535}}), ALL)
    assert "not as on 7.2" in capsys.readouterr().out


def test_a_shape_that_is_missing_or_unknown():
    text = log()
    assert not lab.judge(text[:text.rindex("[0.2]")], ALL)
    assert not lab.judge(text + line(("2099-1", "x"), 0, 0, 0, 0), ALL)
    assert not lab.judge("", ALL)


@pytest.mark.parametrize("said,version", [
    ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", (7, 2)),
    ("QEMU emulator version 10.0.2", (10, 0)),
    ("QEMU emulator version 5.2.0", (5, 2)),
])
def test_versions(said, version):
    assert lab.version_of(said) == version


@pytest.mark.parametrize("version", ["0.15.1", "2.4.0", "5.2.0"])
def test_an_old_qemu_is_refused_and_not_started(tmp_path, version):
    """A stand-in that notes how it was called: only -version may have been asked."""
    stand_in = tmp_path / "qemu"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n'
                        f'echo "QEMU emulator version {version}"\n')
    stand_in.chmod(0o755)
    done = subprocess.run([sys.executable, os.path.join(HERE, "lab_e1000.py")],
                          env=dict(os.environ, QEMU=str(stand_in)), capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "refused" in done.stdout and version in done.stdout
    assert (tmp_path / "calls").read_text() == "-version\n"
