"""Adapters to the workspaces, one module per provider, over one HTTP module."""

import sys
from typing import Any, cast

# httpx has a command line of its own, and where rich is installed it imports all of that for nobody here.
cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)
