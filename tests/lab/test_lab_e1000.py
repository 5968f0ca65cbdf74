# SPDX-License-Identifier: BSD-2-Clause
"""The judge of the e1000 laboratory can say no: it is shown devices that do not bound."""
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import lab_e1000 as lab  # noqa: E402

SENT, RECEIVED = set(lab.SENT), set(lab.RECEIVED)


def sent(key, frames, count, head, tail):
    return (f"[0.1] lab e1000: {key[0]} {key[1]}: begins\r\n"
            f"[0.2] lab e1000: {key[0]} {key[1]}: frames={frames} bytes={count + 4 * frames} "
            f"TDH={head} TDT={tail} DD=0\r\n")


def received(key, frames, oversize, head):
    return (f"[0.1] lab e1000: {key[0]} {key[1]}: begins\r\n"
            f"[0.2] lab e1000: {key[0]} {key[1]}: wants 1 60\r\n"
            f"[0.2] lab e1000: {key[0]} {key[1]}: received={frames} bytes=60 oversize={oversize} "
            f"RDH={head} DD=0\r\n")


def tail_of(key):
    return {"TDH=9": 3, "TDT=0x100": 256, "TDH=9,TDT=0x100": 256}.get(key[1], lab.SENT[key][2])


def log(**changes):
    """What a good device prints, with numbers of some shapes changed."""
    text = ""
    for key, (frames, count, head) in lab.SENT.items():
        row = {"frames": frames, "count": count, "head": head, "tail": tail_of(key)}
        text += sent(key, **{**row, **changes.get(key[1], {})})
    for key, (frames, oversize, head) in lab.RECEIVED.items():
        row = {"frames": frames, "oversize": oversize, "head": head}
        text += received(key, **{**row, **changes.get(key[1], {})})
    return text


def test_a_good_device_passes(capsys):
    assert lab.judge(log(), SENT, RECEIVED)
    rows = [row for row in capsys.readouterr().out.split("\n") if row.endswith("  ok")]
    assert len(rows) == len(SENT) + len(RECEIVED)


@pytest.mark.parametrize("changes", [
    {"7x0xffff": {"count": 458745}},
    {"0xffff+0x100": {"count": 65536}},
    {"segment-0x100fe": {"frames": 2, "count": 131071}},
    {"3x0xffff": {"head": 2}},
    {"segment-after-frame": {"head": 1}},
    {"TDH=9": {"head": 9}},
    {"TDT=0x100": {"head": 7}},
    {"receive-into-TDT": {"head": 0}},
    {"frame": {"frames": 0, "count": 0}},
    {"segments": {"frames": 1, "count": 304}},
    {"receive-1514": {"frames": 1}},
    {"receive-1523": {"frames": 2, "oversize": 0, "head": 2}},
    {"receive-9000": {"frames": 2, "oversize": 0, "head": 6}},
    {"receive-no-buffer": {"frames": 0, "head": 0}},
], ids=lambda changes: next(iter(changes)))
def test_a_bad_one_does_not(changes):
    assert not lab.judge(log(**changes), SENT, RECEIVED)


def test_another_length_within_bounds_is_no_fault(capsys):
    assert lab.judge(log(**{"0x8000+0x8000": {"count": 65535}}), SENT, RECEIVED)
    assert "not as on 7.2" in capsys.readouterr().out
    # QEMU 7.0 does not block the write: both frames leave.
    assert lab.judge(log(**{"receive-into-TDT": {"frames": 2, "count": 120, "head": 2, "tail": 2}}),
                     SENT, RECEIVED)


def test_a_shape_that_is_missing_or_unknown():
    text = log()
    last = text.rindex("[0.2]")
    assert not lab.judge(text[:last], SENT, RECEIVED)
    assert not lab.judge(text + sent(("2099-1", "x"), 0, 0, 0, 0), SENT, RECEIVED)
    assert not lab.judge(text + received(("2099-1", "x"), 1, 0, 1), SENT, RECEIVED)
    assert not lab.judge("", SENT, RECEIVED)


def test_every_row_is_explained_in_two_sentences(capsys):
    """As facts have it: the table, and why, for each defect and each shape."""
    texts = {**lab.DEFECTS, **lab.SHAPES}
    assert {key[0] for key in SENT | RECEIVED} == set(lab.DEFECTS) == set(lab.SINCE)
    assert {key[1] for key in SENT | RECEIVED} == set(lab.SHAPES)
    for name, text in texts.items():
        assert text.endswith(".") and text.count(". ") == 1, name
    lab.explain(SENT | RECEIVED)
    said = " ".join(capsys.readouterr().out.split())
    assert all(text in said for text in texts.values())


@pytest.mark.parametrize("said,version", [
    ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", (7, 2)),
    ("QEMU emulator version 10.0.2", (10, 0)),
    ("QEMU emulator version 5.2.0", (5, 2)),
])
def test_versions(said, version):
    assert lab.version_of(said) == version


def try_version(tmp_path, version, *arguments):
    """The laboratory with a stand-in for QEMU that notes how it was called."""
    stand_in = tmp_path / "qemu"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n'
                        f'echo "QEMU emulator version {version}"\n')
    stand_in.chmod(0o755)
    done = subprocess.run([sys.executable, os.path.join(HERE, "lab_e1000.py"), *arguments],
                          env=dict(os.environ, QEMU=str(stand_in)), capture_output=True,
                          text=True, timeout=120, check=False)
    return done, (tmp_path / "calls").read_text().splitlines()


@pytest.mark.parametrize("version,arguments", [
    ("0.15.1", []), ("5.2.0", []), ("6.2.0", []), ("1.0.1", ["--cve", "2012-0029"]),
    ("1.3.0", ["--cve", "2012-6075"]), ("2.4.0", ["--cve", "2015-6815"]),
    ("2.5.0", ["--cve", "2016-1981"]), ("5.1.0", ["--cve", "2020-28916"]),
    ("5.2.0", ["--cve", "2021-20257"]), ("6.2.0", ["--cve", "2021-3416"]),
    ("5.1.0", ["--model", "e1000e"])])
def test_an_old_qemu_is_refused_and_not_started(tmp_path, version, arguments):
    """Only -version may have been asked."""
    done, calls = try_version(tmp_path, version, *arguments)
    assert done.returncode == 2
    assert "refused" in done.stdout and version in done.stdout
    assert set(calls) == {"-version"}


def test_an_older_one_is_tried_with_what_is_mended_there(tmp_path):
    """The stand-in is no QEMU, so the run fails, but it was started."""
    done, calls = try_version(tmp_path, "5.2.0", "--cve", "2012-0029", "--model", "e1000")
    assert done.returncode == 1
    assert len(calls) == 2 and "lab=e1000:2012-0029" in calls[1]
