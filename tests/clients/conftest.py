# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures of the tests with real clients.  One libvirtd serves them all; `start(...)` starts a domain
(see domain.Domain for the arguments), on the board that the test runs on (tests/conftest.py), that
ends with the test, and waits for its agent.  A failing test shows each domain's events, serial log
and what libvirt and the agent said.

Where there is no libvirt, the tests are skipped and say what is missing; with
BARE_QGA_MUST_RUN=1, as continuous integration has it, that is a failure.
"""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../boot")]
import libvirtd  # noqa: E402
import qemu  # noqa: E402
from domain import Domain, Domains  # noqa: E402

LOGS = os.path.join(qemu.ROOT, "build/client-logs", "-".join(libvirtd.CHOSEN))
MUST_RUN = os.environ.get("BARE_QGA_MUST_RUN") == "1"


def end_because_absent(why):
    if MUST_RUN:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def absent():
    """absent(WHY) ends the test because something is not installed."""
    return end_because_absent


@pytest.fixture(scope="session")
def daemon(absent):
    """The running libvirtd.Libvirtd."""
    why = libvirtd.missing()
    if why:
        absent(why)
    for arch in libvirtd.CHOSEN:
        if not os.path.exists(image := qemu.ARCHES[arch]["image"]):
            pytest.fail(f"{image} does not exist: run make", pytrace=False)
    with libvirtd.Libvirtd(LOGS) as running:
        yield running


@pytest.fixture
def start(request, daemon, machine):
    domains = Domains(daemon, machine)
    request.node.domains = domains
    yield domains
    domains.stop()


@pytest.fixture(scope="module")
def start_for_all(daemon, machine):
    """As start(), for all tests of a file on one board."""
    domains = Domains(daemon, machine)
    yield domains
    domains.stop()


@pytest.fixture(scope="module")
def domain(start_for_all):
    """A domain of each board that the tests of one file share; they leave it as they found it."""
    return start_for_all()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        domains = getattr(item, "domains", None)
        if domains:
            report.sections.extend(domains.report())
        for shared in getattr(item, "funcargs", {}).values():
            if isinstance(shared, Domain):
                report.sections.append((f"{shared.name}: serial log", shared.serial_log()[-4000:]))
                report.sections.append(("libvirtd and the agent", shared.daemon.log()[-6000:]))
