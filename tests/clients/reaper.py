#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
reaper.py COMMAND...: runs a daemon and is the parent of whatever it leaves behind.

libvirt starts QEMU as a child of nobody and takes it for alive until somebody collects it; process
1 of a container may take seconds for that, or never do it.  When the daemon ends, or whoever
started this program, nothing is left running.
"""
import ctypes
import os
import signal
import subprocess
import sys

# linux/prctl.h
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def main():
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) or prctl(PR_SET_PDEATHSIG, signal.SIGTERM):
        sys.exit("reaper.py: " + os.strerror(ctypes.get_errno()))
    daemon = subprocess.Popen(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: os.kill(daemon.pid, signal.SIGTERM))
    status = None
    while True:
        try:
            pid, code = os.wait()
        except ChildProcessError:
            break
        if pid == daemon.pid:
            status = code
        if status is not None:
            # Whom it leaves becomes ours before its own end is told; children of those come later.
            for child in children():
                os.kill(child, signal.SIGKILL)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()
