# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures of the boot tests.  `boot(...)` starts a machine (see qemu.Vm for the arguments), on the
board that the test runs on (tests/conftest.py), and ends it with the test.  A failing test keeps
build/boot-logs/<test>/<n>/{command,serial.log,qemu.stderr} and prints them; a passing one leaves
nothing.
"""
import os
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import qemu  # noqa: E402

LOGS = os.path.join(qemu.ROOT, "build/boot-logs")


class Machines:
    """The machines of one test; of the board that it runs on, unless it asks for another."""

    def __init__(self, directory, machine):
        self.directory = directory
        self.machine = machine
        self.vms = []

    def prepare(self, **options):
        """A machine that is not started yet."""
        vm = qemu.Vm(os.path.join(self.directory, str(len(self.vms))),
                     **{"machine": self.machine, **options})
        if vm.kernel and not os.path.exists(vm.kernel):
            pytest.fail(f"{vm.kernel} does not exist: run make", pytrace=False)
        self.vms.append(vm)
        return vm

    def __call__(self, **options):
        return self.prepare(**options).start()

    def stop(self):
        for vm in self.vms:
            vm.stop()

    def report(self):
        """What a reader of a failure wants to see, per machine."""
        for number, vm in enumerate(self.vms):
            log = vm.serial.text() if vm.serial else ""
            yield f"QEMU {number}: command line", vm.command()
            yield f"QEMU {number}: its own messages", vm.errors() if vm.process else ""
            yield f"QEMU {number}: serial log", log[-8000:]


@pytest.fixture
def boot(request, machine):
    name = re.sub(r"[^A-Za-z0-9_.=,-]+", "_", request.node.nodeid.split("/")[-1])[:180]
    directory = os.path.join(LOGS, name)
    shutil.rmtree(directory, ignore_errors=True)
    machines = Machines(directory, machine)
    request.node.machines = machines
    yield machines
    machines.stop()
    if not getattr(request.node, "failed", False):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True
        machines = getattr(item, "machines", None)
        if machines:
            for title, text in machines.report():
                report.sections.append((title, text))
            report.sections.append(("kept in", machines.directory))


@pytest.fixture
def needs_fw_cfg(machine):
    """For what reaches the guest no other way."""
    if not qemu.has_fw_cfg(machine):
        pytest.skip("this QEMU takes no -fw_cfg on this board")
