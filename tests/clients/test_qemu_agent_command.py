# SPDX-License-Identifier: BSD-2-Clause
"""virsh qemu-agent-command."""


def test_ping(domain):
    assert domain.command('{"execute":"guest-ping"}') == {"return": {}}
