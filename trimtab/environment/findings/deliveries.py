"""Webhook deliveries: does GitHub reach the server, and does that believe it?"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.environment.findings.finding import Finding, Level

CHECK = "webhook"
IN_A_ROW = 5
"""So many that arrived, and what failed before is over."""
_SECRET = "GitHub and the cluster have different secrets: trimtab rotate webhook-secret"  # noqa: S105 - advice
_FIXES = {
    401: _SECRET,
    403: "something in front of the server refuses GitHub: let /api/webhook through",
    404: "the hook's URL leads elsewhere: it has to end in /api/webhook at the UI's host",
    413: "the payload is too large for what is in front of the server: allow it 50 MB",
    429: "the server is asked too much: look at its log",
    0: "GitHub reaches nobody there: open the ingress to GitHub's addresses (`hooks` of its /meta), and look at DNS",
}


class Delivery(Struct, frozen=True, kw_only=True):
    """`at` as GitHub writes it; `guid`: what is delivered, the same when it is delivered again. `code` 0: nobody
    answered, and `status` says how.
    """

    at: str
    guid: str
    event: str
    code: int
    status: str = ""

    @property
    def arrived(self) -> bool:
        return 200 <= self.code < 300


def judge_hook(subject: str, *, active: bool, events: Sequence[str], expected: str, url: str) -> Finding | None:
    """What is wrong with the hook itself; None where nothing is."""
    if url != expected:
        return _finding(
            subject, "error", f"delivers to {url}, not to {expected}", "set the hook's URL, or trimtab setup"
        )
    if not active:
        return _finding(subject, "error", "is switched off", "switch it on in GitHub, or trimtab setup")
    if "push" not in events and "*" not in events:
        return _finding(subject, "error", "does not tell of pushes", "add the event push in GitHub, or trimtab setup")
    return None


def judge_deliveries(subject: str, deliveries: Sequence[Delivery]) -> Finding:
    """`deliveries`: the newest first. Of what was delivered again the last time counts, and what failed before several
    that arrived is over.
    """
    if not deliveries:
        return _finding(subject, "warning", "has not delivered anything yet", "push something, or press Test in GitHub")
    by_guid: dict[str, Delivery] = {}
    for one in deliveries:
        by_guid.setdefault(one.guid, one)
    last = list(by_guid.values())
    newest, failed = last[0], [one for one in last if not one.arrived]
    if not any(one in failed for one in last[:IN_A_ROW]):
        return _finding(
            subject, "ok", f"the last {min(len(last), IN_A_ROW)} deliveries arrived, the newest {newest.at}", ""
        )
    codes = ", ".join(sorted({str(one.code) if one.code else one.status or "no answer" for one in failed}))
    words = f"{len(failed)} of the last {len(last)} deliveries failed ({codes}), the newest of them {failed[0].at}"
    fix = _FIXES.get(failed[0].code, "look at the server's log of that time; deliver again in GitHub")
    return _finding(subject, "warning" if newest.arrived else "error", words, fix)


def _finding(subject: str, level: Level, message: str, fix: str) -> Finding:
    return Finding(check=CHECK, subject=subject, level=level, message=message, fix=fix)
