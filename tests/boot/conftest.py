# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures of the boot tests.  `boot(...)` starts a machine (see qemu.Vm for the arguments) that ends
with the test.  A failing test keeps build/boot-logs/<test>/<n>/{command,serial.log,qemu.stderr}
and prints them; a passing one leaves nothing.
"""
import os
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import qemu  # noqa: E402

# Runs on other machines may go on at the same time.
ARCH = qemu.arch_of(qemu.DEFAULT_MACHINE)[0]
LOGS = os.path.join(qemu.ROOT, "build/boot-logs" + ("" if ARCH == "x86_64" else "-" + ARCH))


class Machines:
    """The machines of one test."""

    def __init__(self, directory):
        self.directory = directory
        self.vms = []

    def prepare(self, **options):
        """A machine that is not started yet."""
        vm = qemu.Vm(os.path.join(self.directory, str(len(self.vms))), **options)
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
def boot(request):
    name = re.sub(r"[^A-Za-z0-9_.=,-]+", "_", request.node.nodeid.split("/")[-1])[:180]
    directory = os.path.join(LOGS, name)
    shutil.rmtree(directory, ignore_errors=True)
    machines = Machines(directory)
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
