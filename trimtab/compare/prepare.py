"""From rendered targets to objects that can be compared and applied.

Fills the namespace in, drops what only a server may write, turns a Secret's `stringData` into `data`, stamps the
tracking annotation, and sets hooks apart. Nothing here knows the cluster but through `scopes`.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import orjson
from msgspec import Struct
from msgspec.structs import replace

from trimtab.live.entry import pack, unpack
from trimtab.model.hooks import is_hook, is_skipped
from trimtab.model.keys import Kind, Manifest, ObjectKey, key_of, kind_of
from trimtab.model.names import TRACKING_ID
from trimtab.model.target import Target
from trimtab.model.tracking import tracking_id

Scope = Literal["Namespaced", "Cluster"]
Scopes = Mapping[tuple[str, str], Scope]
"""(group, kind) → scope, for every kind the cluster serves or the targets define."""

SERVER_FIELDS = ("creationTimestamp", "managedFields", "uid", "resourceVersion", "generation", "selfLink")
SECRET = ("", "Secret")
CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


class TargetObject(Struct, frozen=True, gc=False):
    """A target ready to be compared and applied; `packed` is its JSON, compressed, `digest` stands for its content."""

    key: ObjectKey
    kind: Kind
    packed: bytes
    digest: str
    origin: str

    @property
    def body(self) -> bytes:
        """The object as JSON, unpacked anew at each call."""
        return unpack(self.packed)

    def manifest(self) -> Manifest:
        """A fresh copy of the object, the caller's to change."""
        manifest: Manifest = orjson.loads(self.body)
        return manifest


class Problem(Struct, frozen=True):
    """Something about the targets that the user must be told: an Application condition."""

    type: str
    message: str


class Prepared(Struct, frozen=True):
    """The targets of one application. `problems` of type ComparisonError mean: apply nothing.

    `spared`: hooks and skipped targets; a live object of that name is not one that Git no longer declares.
    """

    objects: tuple[TargetObject, ...] = ()
    hooks: tuple[TargetObject, ...] = ()
    problems: tuple[Problem, ...] = ()
    spared: frozenset[ObjectKey] = frozenset()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.type == "ComparisonError")


class Identity(Struct, frozen=True):
    """What targets are stamped with: the application's instance name and its destination namespace."""

    instance: str
    namespace: str


def prepare(
    targets: Iterable[Target], *, identity: Identity, scopes: Scopes, unserved: Collection[Kind] = ()
) -> Prepared:
    """Make `targets` comparable. Of objects declared twice the last wins, with a RepeatedResourceWarning.

    `unserved`: kinds that the cluster serves, if at all, in another version only.
    """
    objects: dict[ObjectKey, TargetObject] = {}
    hooks: list[TargetObject] = []
    skipped: list[ObjectKey] = []
    problems: list[Problem] = []
    for target in targets:
        scope = None if kind_of(target.manifest) in unserved else scopes.get(_group_kind(target))
        if is_skipped(target.manifest):
            skipped.append(_key(target, scope, identity))
            continue
        if (problem := _problem(target, scope)) is not None:
            problems.append(problem)
            continue
        prepared = prepare_object(target, identity=identity, scope=scope or "Namespaced")
        if is_hook(target.manifest):
            hooks.append(prepared)
            continue
        if (earlier := objects.pop(prepared.key, None)) is not None:
            problems.append(_repeated(earlier, prepared))
        objects[prepared.key] = prepared
    spared = frozenset((*skipped, *(hook.key for hook in hooks)))
    return Prepared(tuple(objects.values()), tuple(hooks), tuple(problems), spared)


def prepare_object(target: Target, *, identity: Identity, scope: Scope) -> TargetObject:
    """One target with its namespace, without server fields, stamped. Its shape has been checked."""
    manifest = dict(target.manifest)
    metadata = {k: v for k, v in (manifest.get("metadata") or {}).items() if k not in SERVER_FIELDS}
    key = _key(target, scope, identity)
    metadata.pop("namespace", None)
    if key.namespace:
        metadata["namespace"] = key.namespace
    manifest["metadata"] = metadata
    manifest.pop("status", None)
    kind = kind_of(manifest)
    if (kind.group, kind.kind) == SECRET:
        _put_data(manifest)
    if (kind.group, kind.kind) != CRD:
        stamp = tracking_id(identity.instance, key, destination_namespace=identity.namespace)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), TRACKING_ID: stamp}
    body = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return TargetObject(key=key, kind=kind, packed=pack(body), digest=digest, origin=target.origin)


def _group_kind(target: Target) -> tuple[str, str]:
    kind = kind_of(target.manifest)
    return kind.group, kind.kind


def _key(target: Target, scope: Scope | None, identity: Identity) -> ObjectKey:
    key = key_of(target.manifest, default_namespace=identity.namespace)
    return replace(key, namespace="") if scope == "Cluster" else key


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


def _put_data(manifest: Manifest) -> None:
    """A Secret as the API server keeps it: `stringData` within `data`, base64 on one line, "" for null."""
    data = {name: _one_line(value) for name, value in (manifest.get("data") or {}).items()}
    strings = manifest.pop("stringData", None) or {}
    data |= {name: base64.b64encode((value or "").encode()).decode() for name, value in strings.items()}
    if data:
        manifest["data"] = data


def _one_line(value: str | None) -> str:
    return (value or "").replace("\n", "").replace("\r", "")


def _problem(target: Target, scope: Scope | None) -> Problem | None:
    """Why the target cannot be decided upon, None when it can."""
    kind = kind_of(target.manifest)
    metadata = target.manifest.get("metadata")
    name = (metadata.get("name") or metadata.get("generateName") or "") if isinstance(metadata, dict) else ""
    what = _bad_shape(target.manifest)
    if what is None and scope is None:
        what = f"the cluster does not serve {kind.kind} in {kind.api_version}"
        what += "; install its CustomResourceDefinition or correct apiVersion and kind"
    if what is None and not (metadata or {}).get("name") and not is_hook(target.manifest):
        what = "has no metadata.name; only hooks can have generateName instead"
    return Problem("ComparisonError", f"{target.origin}: {kind.kind} {name}: {what}") if what else None


def _bad_shape(manifest: Manifest) -> str | None:
    """What is wrong with the parts that are read here; a Secret's value is not repeated."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return "metadata is not an object"
    for field in ("name", "namespace"):
        if not isinstance(metadata.get(field), str | None):
            return f"metadata.{field} is not a string; quote it"
    texts = {f"metadata.{field}": metadata.get(field) for field in ("labels", "annotations")}
    if _group_kind(Target(manifest, "")) == SECRET:
        texts |= {field: manifest.get(field) for field in ("data", "stringData")}
    return next((problem for name, value in texts.items() if (problem := _not_texts(name, value))), None)


def _not_texts(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        return f"{name} is not an object"
    for field, text in value.items():
        if not isinstance(text, str | None):
            return f"{name}[{orjson.dumps(field).decode()}] is not a string; quote it"
    return None


def _repeated(earlier: TargetObject, later: TargetObject) -> Problem:
    message = f"{later.key} is declared twice: {earlier.origin} and {later.origin}; the last one is used"
    return Problem("RepeatedResourceWarning", message)
