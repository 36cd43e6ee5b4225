"""An AppProject as a caller wants it: checked, and laid over the one that is there. Nothing here acts.

Tokens of roles are not written here: a caller who sends back what they read a while ago would bring a revoked one back.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.model.appproject import AppProject, AppProjectSpec
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, VERSION
from trimtab.model.roundtrip import decode, encode, encode_over
from trimtab.server.failures import bad_request
from trimtab.server.operation import Body
from trimtab.server.writing.application import check_name
from trimtab.server.writing.body import AnAppProjectSpec, MetadataBody, refuse_unsendable, written
from trimtab.server.writing.project_rules import check_spec
from trimtab.server.writing.unknown import refuse_unknown

API_VERSION = f"{GROUP}/{VERSION}"
TOKENS = "jwtTokens"


class ProjectBody(Body, frozen=True):
    """An AppProject as callers send it. `status` is not theirs to write, and is not read."""

    metadata: MetadataBody = MetadataBody()
    spec: AnAppProjectSpec = {}
    api_version: str = f"{GROUP}/{VERSION}"
    kind: str = "AppProject"
    status: Any = None


class Wanted(Struct, frozen=True):
    """What of an AppProject callers decide. `raw_spec` is `spec` as it was sent; `unknown` are its unknown fields."""

    metadata: MetadataBody
    raw_spec: Manifest
    spec: AppProjectSpec
    unknown: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.metadata.name


def read_wanted(body: ProjectBody, *, known: Manifest | None = None) -> Wanted:
    """Raises Failure (400). `known`: the AppProject that is there; fields that it has may stay, known or not."""
    refuse_unsendable(body.spec)
    check_name(body.metadata.name)
    raw = _trimmed({**body.spec, "roles": _with_tokens(body.spec.get("roles"), _tokens_of(known or {}))})
    unknown = refuse_unknown(AppProjectSpec, raw, where="spec", known=(known or {}).get("spec"))
    spec = spec_of(raw)
    if isinstance(spec, str):
        raise bad_request(f"project {body.metadata.name} is invalid: {spec}")
    check_spec(body.metadata.name, spec)
    return Wanted(body.metadata, raw, spec, unknown)


def spec_of(raw: Manifest) -> AppProjectSpec | str:
    """A raw spec, or what is wrong with it."""
    try:
        return decode(AppProjectSpec, raw)
    except Stalled as error:
        where, _, problem = error.message.removeprefix("an object without kind or metadata: ").partition(": ")
        return f"spec.{where}: {problem}"


def project_of(raw: Manifest) -> AppProject | None:
    """The object as a Struct; None where it cannot be read."""
    try:
        return decode(AppProject, raw)
    except Stalled:
        return None


def as_manifest(wanted: Wanted, *, namespace: str) -> Manifest:
    """The object to create."""
    kept = {name: value for name, value in written(wanted.metadata).items() if value}
    return {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": {"name": wanted.name, "namespace": namespace, **kept},
        "spec": encode(wanted.spec),
    }


def is_same(current: Manifest, wanted: Wanted) -> bool:
    """Is the spec what is wanted already?"""
    spec = spec_of(current.get("spec") or {})
    return not wanted.unknown and not isinstance(spec, str) and _canonical(spec) == _canonical(wanted.spec)


def laid_over(current: Manifest, wanted: Wanted, *, metadata: bool) -> Manifest:
    """`current` with the spec (and labels, annotations, finalizers: `metadata`) as wanted.

    What a role that is no more has left in the status goes, so that a new role of that name begins without tokens.
    """
    changed = {**current, "spec": _spec_over(current.get("spec") or {}, wanted)}
    if metadata:
        own = {name: value for name, value in written(wanted.metadata).items() if value}
        kept = {name: value for name, value in current["metadata"].items() if name not in written(wanted.metadata)}
        changed["metadata"] = {**kept, **own}
    status = current.get("status") or {}
    if by_role := status.get("jwtTokensByRole"):
        roles = {role.name for role in wanted.spec.roles}
        left = {role: tokens for role, tokens in by_role.items() if role in roles}
        changed["status"] = {**status, "jwtTokensByRole": left}
    return changed


def _spec_over(current: Manifest, wanted: Wanted) -> Manifest:
    """Fields that we do not know stay, unless the caller shows to know them."""
    if wanted.unknown:
        return wanted.raw_spec
    try:
        return encode_over(wanted.spec, current)
    except Stalled:
        return wanted.raw_spec


def _tokens_of(current: Manifest) -> Mapping[str, list[Any]]:
    """The tokens of each role that is there."""
    roles = (current.get("spec") or {}).get("roles") or []
    return {role.get("name", ""): role.get(TOKENS) or [] for role in roles}


def _with_tokens(roles: Any, tokens: Mapping[str, list[Any]]) -> Any:
    """The roles with the tokens that they have, whatever was sent; something else than a list of roles as it is."""
    if not isinstance(roles, list) or not all(isinstance(role, dict) for role in roles):
        return roles
    return [_with_own(role, tokens.get(str(role.get("name")), [])) for role in roles]


def _with_own(role: Manifest, tokens: list[Any]) -> Manifest:
    bare = {name: value for name, value in role.items() if name != TOKENS}
    policies = bare.get("policies")
    if isinstance(policies, list):
        bare["policies"] = [policy.strip() if isinstance(policy, str) else policy for policy in policies]
    return {**bare, TOKENS: tokens} if tokens else bare


def _trimmed(spec: Manifest) -> Manifest:
    return {name: value for name, value in spec.items() if value is not None}


def _canonical(spec: AppProjectSpec) -> bytes:
    return orjson.dumps(msgspec.to_builtins(spec), option=orjson.OPT_SORT_KEYS)
