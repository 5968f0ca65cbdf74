# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures of the tests of misbehaviour.  `hosted(...)` starts the agent as a Linux process with a
personality, and ends it with the test.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from hosted_agent import Hosted  # noqa: E402


@pytest.fixture
def hosted():
    running = []

    def start(personality=None, args=()):
        running.append(Hosted(personality, args))
        return running[-1]
    yield start
    for one in running:
        one.stop()


@pytest.fixture
def faulty(hosted):
    """`faulty(fault, ...)` is a client of a fresh agent that has these faults."""
    def start(*faults):
        return hosted({"faults": list(faults)}).connect()
    return start
