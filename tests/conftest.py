"""What every test has: no network but loopback, and no key or setting of the person who runs it."""

from __future__ import annotations

import os
import socket
from collections import Counter, defaultdict
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared and noisy: no test fails because something took long.
settings.register_profile("presetctl", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("brief", settings.get_profile("presetctl"), max_examples=20, derandomize=True)
settings.load_profile("presetctl")

_LOCAL = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(_LOCAL):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


_NUMBERS = count()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENROUTER_", "PRESETCTL_", "GIT_", "GITHUB_")) or name in {"NO_COLOR", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    # Each test starts with a cache of its own, which isn't there yet.
    monkeypatch.setenv("PRESETCTL_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache-{next(_NUMBERS)}"))


@pytest.fixture(autouse=True)
def _in_battery(request: pytest.FixtureRequest) -> None:
    battery = request.node.get_closest_marker("battery")
    if battery is not None:
        request.node.user_properties.append(("battery", battery.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures of the batteries, as README quotes them.

    A test counts as one run, or as many as it says itself: ``record_property("runs", n)``. So it does with whatever
    else it counts.
    """
    figures = defaultdict[str, Counter[str]](Counter)
    for result in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(result):
            said = dict(getattr(report, "user_properties", ()))  # one of a file that can't be collected has none
            if "battery" in said:
                counts = {name: count for name, count in said.items() if isinstance(count, int)}
                figures[said["battery"]].update({"runs": 1} | counts | {"failures": result != "passed"})
    for name in sorted(figures):
        failures = figures[name].pop("failures")
        counted = ", ".join(f"{count:,} {what}" for what, count in (*figures[name].items(), ("failures", failures)))
        terminalreporter.write_line(f"{name}: {counted}")
