"""From rendered targets to objects that can be compared and applied.

Fills the namespace in, drops what only a server may write, turns a Secret's `stringData` into `data`, stamps the
tracking annotation, and sets hooks apart. Nothing here knows the cluster but through `scopes`.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal

import orjson
from msgspec import Struct

from trimtab.model.hooks import is_hook, is_skipped
from trimtab.model.keys import Kind, Manifest, ObjectKey, key_of, kind_of
from trimtab.model.names import TRACKING_ID
from trimtab.model.target import Target
from trimtab.model.tracking import tracking_id

Scope = Literal["Namespaced", "Cluster"]
Scopes = Mapping[tuple[str, str], Scope]
"""(group, kind) → scope, for every kind the cluster serves or the targets define."""

SERVER_FIELDS = ("creationTimestamp", "managedFields", "uid", "resourceVersion", "generation", "selfLink")
CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


class TargetObject(Struct, frozen=True, gc=False):
    """A target ready to be compared and applied; `body` is its JSON, `digest` stands for its content."""

    key: ObjectKey
    kind: Kind
    body: bytes
    digest: str
    origin: str

    def manifest(self) -> Manifest:
        """A fresh copy of the object, the caller's to change."""
        manifest: Manifest = orjson.loads(self.body)
        return manifest


class Problem(Struct, frozen=True):
    """Something about the targets that the user must be told: an Application condition."""

    type: str
    message: str


class Prepared(Struct, frozen=True):
    """The targets of one application. `problems` of type ComparisonError mean: apply nothing."""

    objects: tuple[TargetObject, ...] = ()
    hooks: tuple[TargetObject, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.type == "ComparisonError")


class Identity(Struct, frozen=True):
    """What targets are stamped with: the application's instance name and its destination namespace."""

    instance: str
    namespace: str


def prepare(targets: Iterable[Target], *, identity: Identity, scopes: Scopes) -> Prepared:
    """Make `targets` comparable. Of objects declared twice the last wins, with a RepeatedResourceWarning."""
    objects: dict[ObjectKey, TargetObject] = {}
    hooks: list[TargetObject] = []
    problems: list[Problem] = []
    for target in targets:
        kind = kind_of(target.manifest)
        scope = scopes.get((kind.group, kind.kind))
        if scope is None:
            problems.append(_unknown_kind(target, kind))
            continue
        prepared = prepare_object(target, identity=identity, scope=scope)
        if is_skipped(target.manifest):
            continue
        if is_hook(target.manifest):
            hooks.append(prepared)
            continue
        if (earlier := objects.pop(prepared.key, None)) is not None:
            problems.append(_repeated(earlier, prepared))
        objects[prepared.key] = prepared
    return Prepared(objects=tuple(objects.values()), hooks=tuple(hooks), problems=tuple(problems))


def prepare_object(target: Target, *, identity: Identity, scope: Scope) -> TargetObject:
    """One target with its namespace, without server fields, stamped."""
    manifest = dict(target.manifest)
    metadata = {k: v for k, v in (manifest.get("metadata") or {}).items() if k not in SERVER_FIELDS}
    if scope == "Cluster":
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        metadata["namespace"] = identity.namespace
    manifest["metadata"] = metadata
    manifest.pop("status", None)
    kind = kind_of(manifest)
    if kind.kind == "Secret" and kind.group == "":
        _encode_string_data(manifest)
    key = key_of(manifest)
    if (kind.group, kind.kind) != CRD:
        stamp = tracking_id(identity.instance, key, destination_namespace=identity.namespace)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), TRACKING_ID: stamp}
    body = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return TargetObject(key=key, kind=kind, body=body, digest=digest, origin=target.origin)


def scopes_declared(targets: Iterable[Target]) -> dict[tuple[str, str], Scope]:
    """The scopes of kinds that the targets themselves define by CustomResourceDefinitions."""
    found: dict[tuple[str, str], Scope] = {}
    for target in targets:
        kind = kind_of(target.manifest)
        spec = target.manifest.get("spec")
        if (kind.group, kind.kind) != CRD or not isinstance(spec, dict) or not isinstance(spec.get("names"), dict):
            continue
        scope: Scope = "Cluster" if spec.get("scope") == "Cluster" else "Namespaced"
        found[(str(spec.get("group")), str(spec["names"].get("kind")))] = scope
    return found


def _encode_string_data(manifest: Manifest) -> None:
    """`stringData` is write-only: as `data` it can be owned, compared and pruned field by field."""
    strings = manifest.pop("stringData", None)
    if not isinstance(strings, dict):
        return
    encoded = {k: base64.b64encode(str(v).encode()).decode() for k, v in strings.items()}
    manifest["data"] = {**(manifest.get("data") or {}), **encoded}


def _unknown_kind(target: Target, kind: Kind) -> Problem:
    name = (target.manifest.get("metadata") or {}).get("name", "")
    where = f"{target.origin}: {kind.kind} {name}"
    what = f"the cluster does not serve {kind.kind} in {kind.api_version}"
    return Problem(
        "ComparisonError", f"{where}: {what}; install its CustomResourceDefinition or correct apiVersion and kind"
    )


def _repeated(earlier: TargetObject, later: TargetObject) -> Problem:
    message = f"{later.key} is declared twice: {earlier.origin} and {later.origin}; the last one is used"
    return Problem("RepeatedResourceWarning", message)
