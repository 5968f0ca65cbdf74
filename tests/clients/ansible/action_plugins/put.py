# SPDX-License-Identifier: BSD-2-Clause
"""put: the connection's put_file() as an action; the module copy would want Python in the guest."""
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """put: src=FILE HERE dest=FILE THERE"""

    TRANSFERS_FILES = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self._connection.put_file(self._task.args["src"], self._task.args["dest"])
        return {**result, "changed": True}
