"""Who isn't let in for now: addresses with too many logins, and those who are banned."""

from __future__ import annotations

import math
from threading import Lock

from presetctl.emulator.librechat.presets import Clock
from presetctl.emulator.librechat.settings import Settings


class Doors:
    """The login limiter and the bans of one server, in memory."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[str, tuple[float, int]] = {}
        self._banned: dict[str, float] = {}

    def knock(self, address: str) -> tuple[bool, dict[str, str]]:
        """Counts a login from ``address``: whether it's let through, and the headers that say how many may follow."""
        now, limit = self._clock().timestamp(), self._settings.login_max
        if not limit:
            return True, {}
        with self._lock:
            end, count = self._windows.get(address, (0.0, 0))
            if end <= now:
                end, count = now + self._settings.login_window * 60, 0
            self._windows[address] = end, count + 1
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - count - 1)),
            "X-RateLimit-Reset": str(math.ceil(end)),
        }
        if count < limit:
            return True, headers
        return False, headers | {"Retry-After": str(math.ceil(end - now))}

    def ban(self, *who: str) -> None:
        """Bans users and addresses."""
        with self._lock:
            self._banned |= dict.fromkeys(who, self._clock().timestamp() + self._settings.ban_seconds)

    def is_banned(self, *who: str) -> bool:
        """Whether one of these users and addresses is banned."""
        now = self._clock().timestamp()
        with self._lock:
            return any(self._banned.get(each, 0) > now for each in who)
