"""The edits that an Application makes to a kustomization, on its data: what `kustomize edit` would do to the file."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.model.application import KustomizePatch, KustomizeReplica

_TAGGED = re.compile(r"(?P<name>.*):(?P<tag>[a-zA-Z0-9._-]*|\*)")
_KEEP = "*"
"""In place of a name, tag or digest: the one that the kustomization already has."""


class Edits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to change; texts have their variables replaced. `components` exist, and are relative to the folder."""

    name_prefix: str = ""
    name_suffix: str = ""
    images: tuple[str, ...] = ()
    replicas: tuple[KustomizeReplica, ...] = ()
    labels: dict[str, str] = {}
    force_labels: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    annotations: dict[str, str] = {}
    force_annotations: bool = False
    namespace: str = ""
    patches: tuple[KustomizePatch, ...] = ()
    components: tuple[str, ...] = ()


def edited(kustomization: dict[str, Any], edits: Edits) -> dict[str, Any]:
    """A kustomization with the edits made. Raises Stalled for an edit that contradicts it or makes no sense."""
    texts = {"namePrefix": edits.name_prefix, "nameSuffix": edits.name_suffix, "namespace": edits.namespace}
    result = {**kustomization, **{field: text for field, text in texts.items() if text}}
    if edits.images:
        result["images"] = _with_images(_list(result, "images"), edits.images)
    if edits.replicas:
        result["replicas"] = _with_replicas(_list(result, "replicas"), edits.replicas)
    if edits.labels:
        _add_labels(result, edits)
    if edits.annotations:
        known = _object(result, "commonAnnotations")
        result["commonAnnotations"] = _added(known, edits.annotations, force=edits.force_annotations, what="annotation")
    if edits.patches:
        result["patches"] = [*_list(result, "patches"), *msgspec.to_builtins(edits.patches)]
    if edits.components:
        known_components = _list(result, "components")
        new = [component for component in edits.components if component not in known_components]
        result["components"] = [*known_components, *new]
    return result


def image_override(text: str) -> dict[str, str]:
    """`name=new`, `name:tag`, `name@digest` and their combinations as an entry of `images`. Raises Stalled."""
    left, equals, right = text.partition("=")
    if not equals:
        name, tag, digest = _reference(text)
        if name == text:
            raise Stalled(
                f"spec.source.kustomize.images: {text!r} is none of name=newName, name:tag, name@digest",
                reason="InvalidSource",
            )
        return _image(name, "", tag=tag, digest=digest)
    new_name, tag, digest = _reference(right)
    return _image(left, new_name, tag=tag, digest=digest)


def _reference(text: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image reference."""
    name, _, digest = text.partition("@")
    tagged = _TAGGED.fullmatch(name)
    return (tagged["name"], tagged["tag"], digest) if tagged else (name, "", digest)


def _image(name: str, new_name: str, *, tag: str, digest: str) -> dict[str, str]:
    fields = {"name": name, "newName": new_name, "newTag": tag, "digest": digest}
    return {key: value for key, value in fields.items() if value}


def _with_images(known: list[Any], overrides: Iterable[str]) -> list[Any]:
    images = {image.get("name", ""): image for image in known if isinstance(image, dict)}
    for text in overrides:
        override = image_override(text)
        before = images.get(override["name"], {})
        kept = {key: before.get(key) if value == _KEEP else value for key, value in override.items()}
        images[override["name"]] = {key: value for key, value in kept.items() if value}
    return [images[name] for name in sorted(images)]


def _with_replicas(known: list[Any], overrides: Iterable[KustomizeReplica]) -> list[Any]:
    replicas = {replica.get("name", ""): replica for replica in known if isinstance(replica, dict)}
    for override in overrides:
        replicas[override.name] = {"name": override.name, "count": _count(override)}
    return [replicas[name] for name in sorted(replicas)]


def _count(replica: KustomizeReplica) -> int:
    try:
        return int(replica.count)
    except ValueError as error:
        raise Stalled(
            f"spec.source.kustomize.replicas: {replica.name}: {replica.count!r} is not a number", reason="InvalidSource"
        ) from error


def _add_labels(result: dict[str, Any], edits: Edits) -> None:
    if edits.label_include_templates and not edits.label_without_selector:
        raise Stalled(
            "spec.source.kustomize.labelIncludeTemplates needs labelWithoutSelector: true", reason="InvalidSource"
        )
    if not edits.label_without_selector:
        known = _object(result, "commonLabels")
        result["commonLabels"] = _added(known, edits.labels, force=edits.force_labels, what="label")
        return
    groups = [dict(group) for group in _list(result, "labels") if isinstance(group, dict)]
    group = next((group for group in groups if _takes(group, edits)), None)
    if group is None:
        group = {"includeSelectors": False, "includeTemplates": edits.label_include_templates}
        groups.append(group)
    group["pairs"] = _added(_object(group, "pairs"), edits.labels, force=edits.force_labels, what="label")
    result["labels"] = groups


def _takes(group: dict[str, Any], edits: Edits) -> bool:
    return (
        not group.get("includeSelectors")
        and bool(group.get("includeTemplates", False)) == edits.label_include_templates
    )


def _added(known: dict[str, Any], new: dict[str, str], *, force: bool, what: str) -> dict[str, Any]:
    double = sorted(known.keys() & new.keys())
    if double and not force:
        raise Stalled(
            f"spec.source.kustomize: {what} {double[0]} is already in the kustomization; "
            f"set forceCommon{what.capitalize()}s to override it",
            reason="InvalidSource",
        )
    return {**known, **new}


def _list(holder: dict[str, Any], field: str) -> list[Any]:
    value = holder.get(field)
    if not isinstance(value, list | None):
        raise Stalled(f"kustomization: {field} must be a list", reason="InvalidSource")
    return value or []


def _object(holder: dict[str, Any], field: str) -> dict[str, Any]:
    value = holder.get(field)
    if not isinstance(value, dict | None):
        raise Stalled(f"kustomization: {field} must be an object", reason="InvalidSource")
    return value or {}
