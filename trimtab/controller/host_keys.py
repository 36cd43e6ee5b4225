"""The host keys of the environment's GitHub, kept as GitHub lists them at `/meta`, over TLS.

They are asked for on schedule, and when a server shows another one. What GitHub lists is trusted, and fetching goes on
at once; what it does not list stops everything from there, and is raised. A key is never trusted because it was seen.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from trimtab.clock import Clock, rfc3339
from trimtab.controller.environment import Applied, applied_environment
from trimtab.controller.events import Reason, Recorder
from trimtab.controller.namespace_data import NamespaceData
from trimtab.environment.environment import Environment
from trimtab.environment.host_keys import Asked, refused, replaced
from trimtab.environment.names import KNOWN_HOSTS, KNOWN_HOSTS_KEY
from trimtab.errors import Stalled, TrimtabError
from trimtab.github.client import GitHub
from trimtab.github.endpoints import endpoints_of
from trimtab.github.meta import get_meta
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.model.known_hosts import HostKey, keys_of, read_keys, with_keys
from trimtab.source.failures import HostKeyRefused
from trimtab.source.poll import poll_delay
from trimtab.source.url import parse_url

log = logging.getLogger(__name__)
T = TypeVar("T")
EVERY_SECONDS = 6 * 3600.0
JITTER_SECONDS = 3600.0
"""Many clusters do not ask in the same moment."""
MISMATCH_SECONDS = 120.0
"""However many fetches fail, GitHub is asked at most this often because of it: strangers have 60 questions an hour."""
MOST_RAISED = 10
"""Who shows another key each time is not raised each time."""
NOT_LISTED: Reason = "HostKeyNotListed"


class HostKeys:
    """`on_change`: called when other keys are trusted, to try again what failed."""

    def __init__(
        self,
        transport: Transport,
        discovery: Discovery,
        *,
        namespace: str,
        clock: Clock,
        recorder: Recorder,
        on_change: Callable[[], None],
    ) -> None:
        self._kept = NamespaceData(transport, discovery, namespace)
        self._clock = clock
        self._recorder = recorder
        self._on_change = on_change
        self._seed = secrets.token_hex(4)
        self._turn = 0
        self._acting = False
        self._wanted = asyncio.Event()
        self._answer: asyncio.Future[None] | None = None
        self._asked = Asked(at="never", problem="nobody asked yet")
        self._mismatch_at = float("-inf")
        self._raised: set[str] = set()

    async def keep(self) -> None:
        """For ever. What it starts writes only while whoever runs it may (`kube/fence.py`)."""
        self._acting = True
        try:
            while True:
                await self._guarded()
                await self._pause()
        finally:
            self._acting = False
            _end(self._answer)

    async def again(self, error: Stalled, url: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Fetch once more after `error`, if a host key is the trouble and GitHub may have listed another since.

        Raises `error` where it is about something else, and Stalled (HostKeyNotListed) for a key that GitHub does not
        list.
        """
        applied = await self._concerned(error, url)
        if applied is None:
            raise error
        await self._ask()
        try:
            outcome = await attempt()
        except HostKeyRefused as still:
            raise await self._alarm(applied, still.offered) from still
        self._raised.clear()
        return outcome

    async def _concerned(self, error: Stalled, url: str) -> Applied | None:
        """The environment, when the error is about a host key of its GitHub and it is our turn to act."""
        if not self._acting or not isinstance(error, HostKeyRefused):
            return None
        with contextlib.suppress(TrimtabError):
            applied = await applied_environment(self._kept)
            if applied is not None and parse_url(url).host == applied.env.ssh_place:
                return applied
        return None

    async def _ask(self) -> None:
        """Return when GitHub was asked; at once when that was because of a mismatch just now."""
        now = self._clock.monotonic()
        if self._answer is None or self._answer.done():
            if now - self._mismatch_at < MISMATCH_SECONDS:
                return
            self._mismatch_at = now
            self._answer = asyncio.get_running_loop().create_future()
            self._wanted.set()
        await asyncio.shield(self._answer)

    async def _alarm(self, applied: Applied, offered: str) -> Stalled:
        known = keys_of(await self._known_hosts(), applied.env.ssh_place)
        message = refused(applied.env, offered, known=known, asked=self._asked)
        if offered not in self._raised and len(self._raised) < MOST_RAISED:
            self._raised.add(offered)
            self._recorder.emit_about(applied.involved, NOT_LISTED, message, kind="Warning")
        return Stalled(message, reason=NOT_LISTED)

    async def _pause(self) -> None:
        """Until the next time by schedule, or until somebody wants to know."""
        self._turn += 1
        delay = poll_delay(self._seed, self._turn, interval=EVERY_SECONDS, jitter=JITTER_SECONDS)
        waits = [
            asyncio.create_task(self._clock.sleep(delay or EVERY_SECONDS)),
            asyncio.create_task(self._wanted.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _guarded(self) -> None:
        # Who asks from now on waits for the next time: this one may not see what they have seen.
        serving = self._answer if self._wanted.is_set() else None
        self._wanted.clear()
        try:
            await self._refresh()
        except TrimtabError as error:
            log.warning("host keys stay as they are: %s", error.message)
            self._asked = Asked(at=rfc3339(self._clock.now()), problem=error.message)
        except Exception:
            log.exception("host keys: a defect in Trimtab; they stay as they are")
            self._asked = Asked(at=rfc3339(self._clock.now()), problem="a defect in Trimtab")
        finally:
            _end(serving)

    async def _refresh(self) -> None:
        applied = await applied_environment(self._kept)
        if applied is None:
            return
        keys = await _listed(applied.env, self._clock)
        self._asked = Asked(at=rfc3339(self._clock.now()), listed=keys)
        place, before = applied.env.ssh_place, list[HostKey]()

        def change(data: Mapping[str, str]) -> Mapping[str, str]:
            known = data.get(KNOWN_HOSTS_KEY, "")
            before[:] = keys_of(known, place)
            after = with_keys(known, place, keys)
            return {} if after == known else {KNOWN_HOSTS_KEY: after}

        if await self._kept.change_data("ConfigMap", KNOWN_HOSTS, change) is not None:
            message = replaced(applied.env, before, keys)
            self._recorder.emit_about(applied.involved, "HostKeysReplaced", message, kind="Normal")
            self._raised.clear()
            self._on_change()

    async def _known_hosts(self) -> str:
        with contextlib.suppress(TrimtabError):
            found = await self._kept.read_object("ConfigMap", KNOWN_HOSTS) or {}
            return str((found.get("data") or {}).get(KNOWN_HOSTS_KEY, ""))
        return ""


def is_about_host_key(error: TrimtabError) -> bool:
    """Is it in vain to fetch until other host keys are known?"""
    return isinstance(error, HostKeyRefused) or error.reason == NOT_LISTED


def _end(answer: asyncio.Future[None] | None) -> None:
    if answer is not None and not answer.done():
        answer.set_result(None)


async def _listed(env: Environment, clock: Clock) -> tuple[HostKey, ...]:
    """Raises what `github/errors.py` has, and Stalled for a list that cannot be used."""
    async with GitHub(endpoints_of(env), clock=clock) as github:
        meta = await get_meta(github)
    return read_keys(meta.ssh_keys, origin=f"{env.api_url}/meta")
