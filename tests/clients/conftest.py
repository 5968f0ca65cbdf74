# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures of the tests with real clients.  One libvirtd serves them all; `start(...)` starts a domain
(see libvirtd.Domain for the arguments) that ends with the test and waits for its agent.  A
failing test shows each domain's events, serial log and what libvirt and the agent said.

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

LOGS = os.path.join(qemu.ROOT, "build/client-logs")
MUST_RUN = os.environ.get("BARE_QGA_MUST_RUN") == "1"


def absent(why):
    """Ends the test because something is not installed."""
    if MUST_RUN:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def daemon():
    """The running libvirtd.Libvirtd."""
    why = libvirtd.missing()
    if why:
        absent(why)
    if not os.path.exists(qemu.IMAGE):
        pytest.fail(f"{qemu.IMAGE} does not exist: run make", pytrace=False)
    with libvirtd.Libvirtd(LOGS) as running:
        yield running


class Domains:
    """The domains of one test, or of one module."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.log_mark = daemon.log_size()
        self.list = []

    def __call__(self, **options):
        domain = self.prepare(**options)
        domain.start().wait_connected()
        return domain

    def prepare(self, **options):
        """A domain that is defined and not started."""
        domain = self.daemon.domain(**options)
        self.list.append(domain)
        return domain

    def report(self):
        for domain in self.list:
            yield f"{domain.name}: events", "\n".join(map(str, domain.events.since(0)))
            yield f"{domain.name}: serial log", domain.serial_log()[-4000:]
        yield "libvirtd and the agent", self.daemon.log(self.log_mark)[-12000:]

    def stop(self):
        for domain in self.list:
            domain.stop()


@pytest.fixture
def start(request, daemon):
    domains = Domains(daemon)
    request.node.domains = domains
    yield domains
    domains.stop()


@pytest.fixture(scope="module", params=["pc", "q35"])
def domain(request, daemon):
    """A domain of each machine that the tests of one file share; they leave it as they found it."""
    domains = Domains(daemon)
    yield domains(machine=request.param)
    domains.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        domains = getattr(item, "domains", None)
        shared = getattr(item, "funcargs", {}).get("domain")
        if shared:
            report.sections.append((f"{shared.name}: serial log", shared.serial_log()[-4000:]))
            report.sections.append(("libvirtd and the agent", shared.daemon.log()[-6000:]))
        if domains:
            report.sections.extend(domains.report())
