"""What `trimtab doctor` would find, looked at every hour as far as that is cheap; what is new is raised.

A trouble is an Event on the ConfigMap of the environment, and a line in the log, once: until it changes, or is gone.
"""

import logging
from collections import Counter

from trimtab.clock import Clock
from trimtab.controller.environment import Applied, applied_environment
from trimtab.controller.events import Recorder
from trimtab.controller.namespace_data import NamespaceData
from trimtab.doctor.checks import CHECKS, examine
from trimtab.doctor.facts import Facts
from trimtab.environment.findings.finding import Finding, news
from trimtab.errors import TrimtabError
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport

log = logging.getLogger(__name__)
FIRST_SECONDS = 300.0
"""A rollout, of which this process is a part, is over by then."""
EVERY_SECONDS = 3600.0
CHEAP = tuple(check for check in CHECKS if check.cheap)


class Findings:
    """`counts`: how many findings there are, by check and level; empty before the first look."""

    def __init__(
        self,
        transport: Transport,
        discovery: Discovery,
        *,
        namespace: str,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._kept = NamespaceData(transport, discovery, namespace)
        self._clock = clock
        self._recorder = recorder
        self._known: dict[tuple[str, str], Finding] = {}

    async def keep(self) -> None:
        """For ever. Who does so no more knows nothing."""
        try:
            await self._clock.sleep(FIRST_SECONDS)
            while True:
                await self._guarded()
                await self._clock.sleep(EVERY_SECONDS)
        finally:
            self._forget()

    def _forget(self) -> None:
        self.counts.clear()
        self._known.clear()

    async def _guarded(self) -> None:
        try:
            await self._look()
        except TrimtabError as error:
            log.warning("the environment is not looked at: %s", error.message)
        except Exception:
            log.exception("the environment is not looked at: a defect in Trimtab")

    async def _look(self) -> None:
        applied = await applied_environment(self._kept)
        if applied is None:
            self._forget()
            return
        kept = self._kept
        async with Facts(
            applied.env, transport=kept.transport, discovery=kept.discovery, clock=self._clock, inside=True
        ) as facts:
            findings = await examine(facts, CHEAP)
        self._tell(applied, findings)

    def _tell(self, applied: Applied, findings: list[Finding]) -> None:
        fresh = news(self._known, findings)
        for one in fresh.raised:
            log.log(logging.ERROR if one.level == "error" else logging.WARNING, "%s", _sentence(one))
            self._recorder.emit_about(applied.involved, "Finding", _sentence(one), kind="Warning")
        for one in fresh.cleared:
            message = f"{one.check}: {one.subject} is well again"
            self._recorder.emit_about(applied.involved, "FindingCleared", message, kind="Normal")
        self._known = dict(fresh.known)
        self.counts = Counter((one.check, one.level) for one in findings)


def _sentence(one: Finding) -> str:
    return f"{one.check}: {one.subject}: {one.message}; {one.fix}"
