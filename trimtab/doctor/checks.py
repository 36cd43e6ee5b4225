"""All that `trimtab doctor` looks at, in this order. A check is a line here, and a heading in docs/doctor.md."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from trimtab.doctor.credentials import credentials, fetches
from trimtab.doctor.deprecations import deprecations
from trimtab.doctor.facts import Facts
from trimtab.doctor.host_keys import host_keys
from trimtab.doctor.outside import certificate, dns, ui
from trimtab.doctor.rights import rights
from trimtab.doctor.versions import versions
from trimtab.doctor.webhook import webhook
from trimtab.environment.findings.finding import Finding
from trimtab.errors import TrimtabError

log = logging.getLogger(__name__)
SECONDS = 120.0
"""The longest that one check may take."""


class Check(Struct, frozen=True):
    """`look` gives what it found, at least one finding where there is anything to look at. `cheap`: the controller
    looks every hour.
    """

    name: str
    look: Callable[[Facts], Awaitable[list[Finding]]]
    cheap: bool = False


CHECKS = (
    Check("credentials", credentials, cheap=True),
    Check("fetches", fetches),
    Check("host-keys", host_keys, cheap=True),
    Check("webhook", webhook),
    Check("dns", dns),
    Check("certificate", certificate, cheap=True),
    Check("ui", ui),
    Check("rights", rights),
    Check("versions", versions, cheap=True),
    Check("deprecations", deprecations),
)


async def examine(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """What the checks find. One that cannot look is a finding itself: nothing is concluded from what was not seen."""
    found = await asyncio.gather(*(_looked(facts, check) for check in checks))
    return [finding for findings in found for finding in findings]


async def _looked(facts: Facts, check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(SECONDS):
            return await check.look(facts)
    except TimeoutError:
        return [_unseen(facts, check, f"no answer within {SECONDS:g} s")]
    except TrimtabError as error:
        return [_unseen(facts, check, error.message)]
    except Exception as error:
        log.exception("check %s: a defect in Trimtab", check.name)
        return [_unseen(facts, check, f"a defect in Trimtab: {type(error).__name__}; please report it")]


def _unseen(facts: Facts, check: Check, why: str) -> Finding:
    message = f"could not be looked at: {why}"
    fix = "mend what is in the way, and look again"
    return Finding(check=check.name, subject=facts.env.name, level="warning", message=message, fix=fix, seen=False)
