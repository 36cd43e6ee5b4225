"""The line to GitHub by which feedback is given: opened as the environment and its GitHub App say, and renewed."""

import contextlib

from msgspec import Struct

from trimtab.clock import Clock
from trimtab.controller.environment import Applied, applied_environment
from trimtab.controller.namespace_data import NamespaceData
from trimtab.controller.posting import Poster
from trimtab.environment.environment import Environment
from trimtab.environment.names import APP
from trimtab.feedback.place import Place, place_of
from trimtab.github.app import AppTokens, InstallationTokens, find_owner_installation, get_app
from trimtab.github.client import GitHub
from trimtab.github.endpoints import endpoints_of
from trimtab.model.credentials import secret_text

FRESH_SECONDS = 60.0
"""A changed environment or App is noticed this much later at most."""


class AppKeys(Struct, frozen=True):
    """The GitHub App, as its Secret has it. `installation` and `slug` may be "": GitHub is asked then."""

    app_id: str
    private_key: str
    installation: str
    slug: str

    def __repr__(self) -> str:
        return f"AppKeys({self.app_id!r})"


class Line(Struct, frozen=True):
    """An open line."""

    applied: Applied
    place: Place
    poster: Poster


class FeedbackLine:
    """`close()` when done."""

    def __init__(self, kept: NamespaceData, *, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._line: Line | None = None
        self._wanted: tuple[Environment, AppKeys] | None = None
        self._until = 0.0
        self._open = contextlib.AsyncExitStack()

    async def get(self) -> Line | None:
        """None where no feedback is wanted, or no App is there to give it. Raises ApiError and the errors of GitHub."""
        if self._clock.monotonic() < self._until:
            return self._line
        applied = await applied_environment(self._kept)
        keys = await self._app_keys() if applied is not None and _is_wanted(applied.env) else None
        wanted = (applied.env, keys) if applied is not None and keys is not None else None
        if wanted is None or wanted != self._wanted:
            await self.close()
        if applied is not None and keys is not None and self._line is None:
            self._line = await self._opened(applied, keys)
            self._wanted = wanted
        self._until = self._clock.monotonic() + FRESH_SECONDS
        return self._line

    async def close(self) -> None:
        """End the connections."""
        self._line, self._wanted, self._until = None, None, 0.0
        await self._open.aclose()

    async def _app_keys(self) -> AppKeys | None:
        secret = await self._kept.read_object("Secret", APP)
        data = secret_text(secret or {})
        if not (data.get("id") and data.get("privateKey")):
            return None
        return AppKeys(data["id"], data["privateKey"], data.get("installationID", ""), data.get("slug", ""))

    async def _opened(self, applied: Applied, keys: AppKeys) -> Line:
        env = applied.env
        as_app = AppTokens(keys.app_id, keys.private_key, clock=self._clock)
        app = await self._open.enter_async_context(GitHub(endpoints_of(env), as_app, clock=self._clock))
        number = keys.installation or (await find_owner_installation(app, env.organization)).id
        tokens = InstallationTokens(app, int(number), permissions=permissions_of(env))
        github = await self._open.enter_async_context(GitHub(endpoints_of(env), tokens, clock=self._clock))
        slug = keys.slug or (await get_app(app)).slug
        return Line(applied, place_of(env), Poster(github, f"{slug}[bot]"))


def permissions_of(env: Environment) -> dict[str, str]:
    """What the token may: no more than what is switched on needs."""
    switches = env.feedback
    wanted = {
        "statuses": switches.statuses,
        "deployments": switches.deployments,
        "pull_requests": switches.comments,
    }
    return {name: "write" for name, on in wanted.items() if on}


def _is_wanted(env: Environment) -> bool:
    return bool(permissions_of(env))
