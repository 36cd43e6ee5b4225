"""GET /healthz and /readyz: is the process alive, and can it answer? They tell the truth, also about what is broken."""

from msgspec import Struct

from trimtab.server.auth.sessions import account_problems
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure
from trimtab.server.operation import NoQuery, Operation, Query
from trimtab.server.reply import Json, Raw


class HealthQuery(Query, frozen=True):
    """`full`: ask the API server of Kubernetes, too."""

    full: str = ""


class Readiness(Struct, frozen=True, rename="camel", kw_only=True):
    """`troubles`: what cannot be followed at the moment, by kind; what is said of it may be old. `problems`: what is
    wrong in the configuration, by where it is written; the last good one is in force.
    """

    ready: bool
    acting: bool
    waiting: tuple[str, ...]
    troubles: dict[str, str]
    problems: dict[str, tuple[str, ...]]


async def healthz(call: Call[HealthQuery, None]) -> Raw:
    """The process turns its event loop; with `full=true`, Kubernetes answers it, too."""
    if call.query.full == "true":
        try:
            await call.served.transport.request("GET", "/version", timeout=5.0, verb="get", subject="version")
        except Exception as error:
            raise Failure(Code.UNAVAILABLE, "the API server of Kubernetes does not answer") from error
    return Raw(body=b"ok", content_type="text/plain; charset=utf-8")


async def readyz(call: Call[NoQuery, None]) -> Json:
    """503 until everything that calls need has been seen once."""
    served = call.served
    waiting = served.waiting_for()
    found = Readiness(
        ready=not waiting,
        acting=served.acting(),
        waiting=waiting,
        troubles={**served.configuration.troubles(), **served.applications.troubles()},
        problems={**served.configuration.problems(), **account_problems(served)},
    )
    return Json(value=found, status=503 if waiting else 200)


OPERATIONS = (
    Operation(
        method="GET",
        path="/healthz",
        id="Trimtab_Healthz",
        handler=healthz,
        needs="public",
        query=HealthQuery,
        body=type(None),
        reply=None,
        summary="Is the process alive?",
    ),
    Operation(
        method="GET",
        path="/readyz",
        id="Trimtab_Readyz",
        handler=readyz,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=Readiness,
        summary="Can it answer? And what is broken?",
    ),
)
"""They are answered before the server is ready, too."""
