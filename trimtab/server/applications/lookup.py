"""Finding the application that a call is about, for callers who may see it; for others it does not exist."""

import re
from typing import Any

from msgspec import Struct

from trimtab.kube import read
from trimtab.kube.errors import NotFound
from trimtab.model.keys import AppKey
from trimtab.server.applications.stored import Stored, rbac_name, stored
from trimtab.server.call import Call
from trimtab.server.failures import Failure, denied, not_found

POSSIBLE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""Kubernetes' names of objects; nothing is asked for by another."""


class Wanted(Struct, frozen=True):
    """Which application a call names; `project` is "" where it does not say."""

    key: AppKey
    project: str


async def find(
    call: Call[Any, Any],
    name: str,
    *,
    app_namespace: str = "",
    project: str = "",
    action: str = "get",
    fresh: bool = False,
) -> Stored:
    """The application, if the caller may see it and do `action`; `fresh`: as the API server has it now.

    Raises Failure. Absent, in another project than `project`, and not to be seen are one and the same: 404 where the
    caller may see such a name in `project`, else 403 "permission denied" (Argo CD's rule). An application that the
    caller may see, but not do `action` to: 403 that says so.
    """
    served = call.served
    wanted = Wanted(AppKey(app_namespace or served.namespace, name), project)
    if not served.applications.follows(wanted.key.namespace):
        call.judge("applications", "get")
        raise denied(f"namespace '{wanted.key.namespace}' is not permitted")
    known = served.applications.get(wanted.key)
    if fresh or known is None or not _may_see(call, wanted, known):
        # What is hidden takes the same way, and time, as what does not exist.
        known = await _ask(call, wanted.key)
    if known is None or not _may_see(call, wanted, known):
        raise _absent(call, wanted)
    if action != "get":
        call.require("applications", action, known.rbac_name(served.namespace))
    return known


def _may_see(call: Call[Any, Any], wanted: Wanted, found: Stored) -> bool:
    allowed = call.may("applications", "get", found.rbac_name(call.served.namespace))
    return allowed and wanted.project in ("", found.project)


def _absent(call: Call[Any, Any], wanted: Wanted) -> Failure:
    named = rbac_name(wanted.project, wanted.key, call.served.namespace)
    if call.may("applications", "get", named) and wanted.project:
        return not_found(f'applications.argoproj.io "{wanted.key.name}" not found')
    return denied()


async def _ask(call: Call[Any, Any], key: AppKey) -> Stored | None:
    if not POSSIBLE_NAME.fullmatch(key.name):
        return None
    resource = await call.served.applications.resource()
    try:
        found = await read.get_observed(call.served.transport, resource, key.name, namespace=key.namespace)
    except NotFound:
        return None
    return stored(found)
