"""The CustomResourceDefinitions, generated from the Structs.

They check the types of the fields that people write and keep every field that is not known, so that nothing which a
newer Argo CD writes is lost. The status of an Application is open: controllers write it, often, and checking each field
of it costs the API server a quarter of every such write. No status subresource, as with Argo CD: status is written by
patches of the object.
"""

from typing import Any

from msgspec import Struct, inspect

from trimtab.model.application import ApplicationSpec, Operation
from trimtab.model.appproject import AppProjectSpec, AppProjectStatus
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, VERSION

KEEP = "x-kubernetes-preserve-unknown-fields"
Schema = dict[str, Any]

APPLICATION_COLUMNS = (
    {"name": "Sync Status", "type": "string", "jsonPath": ".status.sync.status"},
    {"name": "Health Status", "type": "string", "jsonPath": ".status.health.status"},
    {"name": "Revision", "type": "string", "jsonPath": ".status.sync.revision", "priority": 10},
    {"name": "Project", "type": "string", "jsonPath": ".spec.project", "priority": 10},
)


def crds() -> tuple[Manifest, ...]:
    """Application, AppProject, and ApplicationSet as an open schema."""
    return (
        _crd(
            "Application",
            short=("app", "apps"),
            parts={"spec": ApplicationSpec, "operation": Operation},
            columns=APPLICATION_COLUMNS,
        ),
        _crd("ApplicationSet", short=("appset", "appsets"), parts={}, columns=()),
        _crd(
            "AppProject",
            short=("appproj", "appprojs"),
            parts={"spec": AppProjectSpec, "status": AppProjectStatus},
            columns=(),
        ),
    )


def _crd(
    kind: str, *, short: tuple[str, ...], parts: dict[str, type[Struct]], columns: tuple[dict[str, Any], ...]
) -> Manifest:
    plural = f"{kind.lower()}s"
    version = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": _object(parts)}}
    if columns:
        version["additionalPrinterColumns"] = [dict(column) for column in columns]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "labels": {"app.kubernetes.io/name": f"{plural}.{GROUP}", "app.kubernetes.io/part-of": "argocd"},
        },
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": list(short),
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def _object(parts: dict[str, type[Struct]]) -> Schema:
    own = {name: schema_of(inspect.type_info(part)) for name, part in parts.items()}
    named = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    spec = own.pop("spec", {"type": "object", KEEP: True})
    own.setdefault("status", {"type": "object", KEEP: True})
    return {
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {**named, "spec": spec, **own},
        KEEP: True,
    }


def schema_of(kind: inspect.Type) -> Schema:
    """The OpenAPI v3 schema of a type. Raises TypeError for a type that no Struct of the model uses yet."""
    match kind:
        case inspect.StructType():
            return _struct(kind)
        case inspect.VarTupleType():
            return {"type": "array", "items": schema_of(kind.item_type)}
        case inspect.DictType(value_type=inspect.AnyType()):
            return {"type": "object", KEEP: True}
        case inspect.DictType():
            return {"type": "object", "additionalProperties": schema_of(kind.value_type)}
        case inspect.UnionType():
            return _union(kind)
        case inspect.AnyType():
            return {KEEP: True}
    return _scalar(kind)


def _scalar(kind: inspect.Type) -> Schema:
    """The words of a Literal are not listed: a newer version may know more of them."""
    match kind:
        case inspect.StrType() | inspect.LiteralType():
            return {"type": "string"}
        case inspect.IntType():
            return {"type": "integer", "format": "int64"}
        case inspect.BoolType():
            return {"type": "boolean"}
    raise TypeError(f"no schema for {kind!r}")


def _struct(kind: inspect.StructType) -> Schema:
    required = [field.encode_name for field in kind.fields if field.required]
    properties = {field.encode_name: schema_of(field.type) for field in kind.fields}
    return {"type": "object", **({"required": required} if required else {}), "properties": properties, KEEP: True}


def _union(kind: inspect.UnionType) -> Schema:
    options = [option for option in kind.types if not isinstance(option, inspect.NoneType)]
    if len(options) == 1:
        return schema_of(options[0])
    if {type(option) for option in options} == {inspect.IntType, inspect.StrType}:
        return {"x-kubernetes-int-or-string": True}
    raise TypeError(f"no schema for {kind!r}")
