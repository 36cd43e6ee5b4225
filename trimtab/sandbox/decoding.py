"""From a request's body to an object of its kind: unknown fields found and dropped, types checked, nulls removed."""

from typing import Any, Literal

import orjson
import yaml
from msgspec import Struct

from trimtab.model.keys import Manifest
from trimtab.sandbox.faults import Fault, bad_request, unsupported_media_type
from trimtab.sandbox.resources import Resource
from trimtab.typed.schema import Schema

Validation = Literal["Ignore", "Warn", "Strict"]

_GO_TYPES = {"integer": "int", "string": "string", "boolean": "bool", "number": "float64"}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "int-or-string": (int, float, str),
}


class Mismatch(Exception):
    """A value of the wrong type; the message is the JSON decoder's."""


def parse(body: bytes, content_type: str) -> Any:
    """Decode JSON or YAML. Raises Fault."""
    media = content_type.partition(";")[0].strip()
    if "protobuf" in media or "cbor" in media:
        raise unsupported_media_type(media)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "yaml" not in media:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {' '.join(str(error).split())}") from error


def parse_object(body: bytes, content_type: str) -> Manifest:
    parsed = parse(body, content_type)
    if not isinstance(parsed, dict):
        raise bad_request("the object provided is unrecognized (must be of type map)")
    return parsed


class Decoded(Struct, frozen=True):
    manifest: Manifest
    unknown: tuple[str, ...] = ()


def decode(manifest: Manifest, resource: Resource) -> Decoded:
    """The manifest with only fields of its schema; the paths of the others in `unknown`. Raises Fault."""
    unknown: list[str] = []
    try:
        clean = _conform(manifest, resource.schema, "", unknown, resource)
    except Mismatch as error:
        raise bad_request(f"{_cannot_be_handled(resource)}: {error}") from error
    return Decoded(manifest=clean, unknown=tuple(unknown))


def strict_error(resource: Resource, unknown: tuple[str, ...]) -> Fault:
    return bad_request(f"{_cannot_be_handled(resource)}: {strict_text(unknown)}")


def strict_text(unknown: tuple[str, ...]) -> str:
    return "strict decoding error: " + ", ".join(f'unknown field "{path}"' for path in unknown)


def _cannot_be_handled(resource: Resource) -> str:
    return f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'


def _conform(value: Any, schema: Schema, path: str, unknown: list[str], resource: Resource) -> Any:
    match schema.shape:
        case "struct":
            return _conform_struct(value, schema, path, unknown, resource)
        case "map":
            if not isinstance(value, dict):
                raise _mismatch(value, schema, path, "map[string]string")
            return {
                name: _conform(child, schema.child(name), f"{path}.{name}", unknown, resource)
                for name, child in value.items()
            }
        case "list":
            if not isinstance(value, list):
                raise _mismatch(value, schema, path, "[]" + schema.item.name.rpartition(".")[2])
            return [_conform(item, schema.item, f"{path}[{i}]", unknown, resource) for i, item in enumerate(value)]
        case "scalar":
            return _conform_scalar(value, schema, path, resource)
        case _:
            return value


def _conform_struct(value: Any, schema: Schema, path: str, unknown: list[str], resource: Resource) -> Any:
    if not isinstance(value, dict):
        raise _mismatch(value, schema, path, schema.name.rpartition(".")[2] or "map[string]interface {}")
    kept = {}
    for name, child in value.items():
        below = schema.fields.get(name)
        here = f"{path}.{name}" if path else name
        if below is None:
            if schema.open:
                kept[name] = child
            else:
                unknown.append(here)
        elif child is None:
            if resource.custom:
                kept[name] = None
        else:
            conformed = _conform(child, below, here, unknown, resource)
            if conformed or not _omitted(below, name, schema, resource):
                kept[name] = conformed
    return kept


def _omitted(child: Schema, name: str, parent: Schema, resource: Resource) -> bool:
    """Whether the built-in type leaves this field out of its JSON when it is an empty list or map."""
    if resource.custom or child.shape not in ("list", "map"):
        return False
    return name not in parent.required


def _conform_scalar(value: Any, schema: Schema, path: str, resource: Resource) -> Any:
    if resource.custom or value is None:
        return value
    types = _PYTHON_TYPES[schema.type]
    if isinstance(value, bool) and schema.type != "boolean":
        raise _mismatch(value, schema, path, _go_type(schema))
    if isinstance(value, types):
        return value
    if schema.type == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    raise _mismatch(value, schema, path, _go_type(schema))


def _go_type(schema: Schema) -> str:
    return schema.format if schema.format.startswith("int") else _GO_TYPES.get(schema.type, schema.type)


def _mismatch(value: Any, schema: Schema, path: str, go_type: str) -> Mismatch:
    given = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return Mismatch(f"json: cannot unmarshal {given} into Go struct field {path} of type {go_type}")
