# SPDX-License-Identifier: BSD-2-Clause
"""get: the connection's fetch_file() as an action; the module fetch would want Python there."""
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """get: src=FILE THERE dest=FILE HERE"""

    TRANSFERS_FILES = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self._connection.fetch_file(self._task.args["src"], self._task.args["dest"])
        return {**result, "changed": False}
