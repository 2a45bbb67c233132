"""The other key: archiving and restoring need a management key, which opens every workspace of its account.

It is read only when something is about to be archived or restored. Since it is bound to no workspace, each of its
requests names the workspace: else it would act in the one that the key falls back to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from presetctl.domain.errors import AccessError
from presetctl.providers.http import HttpJson


class Management:
    """Calls with the management key. ``connect`` opens them, ``workspace`` says in which workspace they are to act.

    ``variable`` names the variable with the key, for messages.
    """

    def __init__(self, connect: Callable[[], HttpJson], workspace: Callable[[], str | None], variable: str) -> None:
        self._connect = connect
        self._workspace = workspace
        self.variable = variable

    @cached_property
    def http(self) -> HttpJson:
        """The calls. AccessError where there is no key."""
        return self._connect()

    @cached_property
    def workspace_id(self) -> str:
        """The workspace to name in each request. AccessError where nothing says which it is."""
        found = self._workspace()
        if found is None:
            raise AccessError(
                "the remote does not say which workspace the key opens, and nothing is archived or restored without "
                "naming it",
                hint="use a key that belongs to one workspace",
            )
        return found

    def close(self) -> None:
        """Closes the calls, where they were ever opened."""
        if "http" in self.__dict__:
            self.http.close()
