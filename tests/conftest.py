# SPDX-License-Identifier: BSD-2-Clause
"""
One suite for all machines.  A test that has `machine` among its fixtures (`boot` and `start` ask
for it) runs on one board of each architecture, on those that its file lists as MACHINES, or on
those that it lists itself by parametrize("machine", …).

    @pytest.mark.only("x86_64", why="…")

keeps a test to the architectures that have its subject, and says what the others lack; for a whole
file, it is its pytestmark.  BARE_QGA_ARCH=aarch64 (`make test-boot ARCH=aarch64`) leaves the part
of one architecture; what has no machine is x86_64's, so that it runs once.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot"))
import qemu  # noqa: E402

ARCH = os.environ.get("BARE_QGA_ARCH")


def pytest_configure(config):
    config.addinivalue_line("markers", "only(arch, ..., why=): runs on these architectures alone")


def is_listed(metafunc):
    """Whether the test says itself on which machines it runs."""
    lists = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    return any("machine" in (names.replace(" ", "").split(",") if isinstance(names, str) else names)
               for names in lists)


def pytest_generate_tests(metafunc):
    if "machine" in metafunc.fixturenames and not is_listed(metafunc):
        machines = getattr(metafunc.module, "MACHINES", qemu.DEFAULTS)
        metafunc.parametrize("machine", machines, indirect=True, scope="module")


@pytest.fixture(scope="module")
def machine(request):
    """The board that the test runs on, as qemu.Vm names it."""
    return request.param


def belongs(item):
    """Whether a test is one of the chosen architecture, and of one that has its subject."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    arch = qemu.arch_of(params.get("machine", "pc"))[0]
    for mark in item.iter_markers("only"):
        assert set(mark.kwargs) == {"why"} and set(mark.args) <= set(qemu.ARCHES), item.nodeid
        if arch not in mark.args:
            return False
    return ARCH in (None, arch)


def pytest_collection_modifyitems(config, items):
    elsewhere = [item for item in items if not belongs(item)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if belongs(item)]
