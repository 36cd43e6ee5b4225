"""An Application as a caller wants it: checked for what can be told without asking anybody, and laid over the one that
is there. Nothing here acts.
"""

import re
from typing import Any

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import replace

from trimtab.errors import Stalled
from trimtab.model.application import Application, ApplicationSource, ApplicationSpec, Metadata
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import GROUP, VERSION
from trimtab.model.roundtrip import decode, encode, encode_over
from trimtab.server.failures import Failure, bad_request, precondition
from trimtab.server.operation import Body
from trimtab.server.writing.body import AnApplicationSpec, MetadataBody, refuse_unsendable, written
from trimtab.server.writing.unknown import refuse_unknown

API_VERSION = f"{GROUP}/{VERSION}"
DEFAULT_PROJECT = "default"
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_LONGEST_NAME = 253


class ApplicationBody(Body, frozen=True):
    """An Application as callers send it. `operation` and `status` are not theirs to write, and are not read."""

    metadata: MetadataBody = MetadataBody()
    spec: AnApplicationSpec = {}
    api_version: str = API_VERSION
    kind: str = "Application"
    operation: Any = None
    status: Any = None


class Wanted(Struct, frozen=True):
    """What of an Application callers decide. `raw_spec` is `spec` as it was sent; `unknown` are its unknown fields."""

    key: AppKey
    metadata: MetadataBody
    raw_spec: Manifest
    spec: ApplicationSpec
    unknown: frozenset[str] = frozenset()

    def as_application(self) -> Application:
        """For the checks that want one."""
        metadata = Metadata(name=self.key.name, namespace=self.key.namespace)
        return Application(api_version=API_VERSION, kind="Application", metadata=metadata, spec=self.spec)


def read_wanted(key: AppKey, metadata: MetadataBody, spec: Manifest, *, known: Manifest | None = None) -> Wanted:
    """Raises Failure (400) for a name, a spec or a field of it that cannot be.

    `known`: the spec of the Application that is there; fields that it has may stay, even where nobody knows them.
    """
    refuse_unsendable(spec)
    unknown = refuse_unknown(ApplicationSpec, spec, where="spec", known=known)
    wanted = Wanted(key, metadata, spec, _decoded(key.name, spec), unknown)
    _check_destination(wanted)
    check_name(key.name)
    _check_sources(wanted)
    return wanted


def app_of(raw: Manifest) -> Application:
    """The object as a Struct; of a status that cannot be read, the history is kept. Raises Failure (400)."""
    try:
        return decode(Application, raw)
    except Stalled:
        pass
    history = (raw.get("status") or {}).get("history")
    try:
        return decode(Application, {**raw, "status": {"history": history} if history else {}})
    except Stalled as error:
        raise precondition(f"{error.message}; correct the object") from error


def check_name(name: str) -> None:
    """Raises Failure (400) for what is no name of an object: empty, with a slash, `..`, upper case."""
    if not name:
        raise bad_request("metadata.name is missing; name the object")
    if len(name) > _LONGEST_NAME or ".." in name or not _NAME.fullmatch(name):
        raise bad_request(
            f"{name[:_LONGEST_NAME]!r} is no name: use lower case letters, digits, '-' and '.', "
            f"begin and end with a letter or digit, at most {_LONGEST_NAME} in all"
        )


def project_of(spec: Manifest) -> str:
    """The project that a raw spec names. Raises Failure (400) where that is no text."""
    project = spec.get("project") or DEFAULT_PROJECT
    if not isinstance(project, str):
        raise bad_request("spec.project: expected a name")
    return project


def as_manifest(wanted: Wanted) -> Manifest:
    """The object to create."""
    kept = {name: value for name, value in written(wanted.metadata).items() if value}
    if wanted.metadata.owner_references:
        kept["ownerReferences"] = list(wanted.metadata.owner_references)
    return {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {"name": wanted.key.name, "namespace": wanted.key.namespace, **kept},
        "spec": {**encode(wanted.spec), "project": wanted.spec.project},
    }


def is_same(current: Manifest, wanted: Wanted) -> bool:
    """Are spec, labels, annotations and finalizers what is wanted already?"""
    spec, metadata = spec_of(current), current["metadata"]
    same = all((metadata.get(name) or type(value)()) == value for name, value in written(wanted.metadata).items())
    return same and not wanted.unknown and spec is not None and _canonical(spec) == _canonical(wanted.spec)


def spec_of(current: Manifest) -> ApplicationSpec | None:
    """The spec of an object that is there; None where it cannot be read."""
    try:
        return _decoded("", current.get("spec") or {})
    except Failure:
        return None


def laid_over(current: Manifest, wanted: Wanted, *, merge: bool = False) -> Manifest:
    """`current` with spec, labels, annotations and finalizers as wanted, and all the rest as it is.

    `merge`: labels and annotations are added to those that are there, as an upsert does.
    """
    metadata = dict(current["metadata"])
    for name, value in written(wanted.metadata).items():
        laid = {**(metadata.get(name) or {}), **value} if merge and isinstance(value, dict) else value
        if laid:
            metadata[name] = laid
        else:
            metadata.pop(name, None)
    return {**current, "metadata": metadata, "spec": _spec_over(current.get("spec") or {}, wanted)}


def _spec_over(current: Manifest, wanted: Wanted) -> Manifest:
    """Fields that we do not know stay, unless the caller shows to know them."""
    if wanted.unknown:
        return {**wanted.raw_spec, "project": wanted.spec.project}
    try:
        laid = encode_over(wanted.spec, current)
    except Stalled:
        laid = wanted.raw_spec
    return {**laid, "project": wanted.spec.project}


def _decoded(name: str, spec: Manifest) -> ApplicationSpec:
    try:
        decoded = decode(ApplicationSpec, spec)
    except Stalled as error:
        where, _, problem = error.message.removeprefix("an object without kind or metadata: ").partition(": ")
        raise invalid(name, f"spec.{where}: {problem}") from error
    return decoded if decoded.project else replace(decoded, project=DEFAULT_PROJECT)


def invalid(name: str, why: str) -> Failure:
    """The spec of the application cannot be."""
    return bad_request(f"application spec for {name} is invalid: {why}")


def invalid_destination(name: str, why: str) -> Failure:
    """The destination cannot be."""
    return bad_request(f"application destination spec for {name} is invalid: {why}")


def _check_destination(wanted: Wanted) -> None:
    destination = wanted.spec.destination
    if destination.server and destination.name:
        both = f"{destination.name} {destination.server}"
        raise invalid_destination(wanted.key.name, f"can't have both name and server defined: {both}")
    if not destination.server and not destination.name:
        raise invalid_destination(wanted.key.name, "Destination server missing from app spec")


def _check_sources(wanted: Wanted) -> None:
    sources = wanted.spec.all_sources()
    if not sources and not wanted.spec.source_hydrator:
        raise invalid(wanted.key.name, "spec.source is missing; say where the manifests are")
    for source in sources:
        if problem := _source_problem(source):
            raise invalid(wanted.key.name, problem)


def _source_problem(source: ApplicationSource) -> str:
    if not source.repo_url:
        return "spec.source.repoURL is missing; name the repository"
    if not (source.path or source.chart or source.ref):
        return "spec.source needs repoURL and one of path, chart, ref"
    tools = {name: getattr(source, name) for name in ("helm", "kustomize", "directory", "plugin")}
    named = [name for name, tool in tools.items() if tool is not None and tool != type(tool)()]
    if len(named) > 1:
        return f"spec.source names several tools ({', '.join(named)}); leave all but one out"
    return ""


def _canonical(spec: ApplicationSpec) -> bytes:
    """Equal bytes for equal specs, which `==` does not tell: Python holds `True == 1`."""
    return orjson.dumps(msgspec.to_builtins(spec), option=orjson.OPT_SORT_KEYS)
