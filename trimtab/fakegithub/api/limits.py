"""How often one may call in an hour. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"""

from dataclasses import dataclass

from trimtab.fakegithub.api.caller import Caller
from trimtab.fakegithub.api.refusal import Refusal
from trimtab.fakegithub.state import State

WINDOW_SECONDS = 3600


@dataclass
class _Window:
    ends: float
    used: int = 0


class Limits:
    """Counts the calls of each token, App or stranger. The world says how many are let through: `rate_limit`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._windows: dict[str, _Window] = {}

    def count(self, caller: Caller) -> None:
        """One call more. Raises Refusal when it is one too many."""
        window = self._window(caller)
        if window.used >= self._state.rate_limit:
            raise Refusal(403, "API rate limit exceeded. Wait until the time in X-RateLimit-Reset.")
        window.used += 1

    def forgive(self, caller: Caller) -> None:
        """What had not changed does not count."""
        self._window(caller).used -= 1

    def headers(self, caller: Caller) -> dict[str, str]:
        """What every answer tells of it."""
        window, limit = self._window(caller), self._state.rate_limit
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - window.used),
            "X-RateLimit-Used": str(window.used),
            "X-RateLimit-Reset": str(int(window.ends)),
            "X-RateLimit-Resource": "core",
        }

    def _window(self, caller: Caller) -> _Window:
        name = caller.token.value if caller.token else caller.app.slug if caller.app else ""
        now = self._state.clock.now().timestamp()
        window = self._windows.get(name)
        if window is None or window.ends <= now:
            window = self._windows[name] = _Window(now + WINDOW_SECONDS)
        return window
