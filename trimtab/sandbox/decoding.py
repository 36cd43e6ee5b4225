"""From a request's body to an object of its kind: unknown fields found and dropped, types checked, nulls removed."""

import re
from typing import Any, Literal

import orjson
import yaml
from msgspec import Struct

from trimtab.model.keys import Manifest
from trimtab.sandbox import protobuf
from trimtab.sandbox.faults import Fault, bad_request, unsupported_media_type
from trimtab.sandbox.resources import Resource
from trimtab.typed.quantity import canonical
from trimtab.typed.schema import Schema

Validation = Literal["Ignore", "Warn", "Strict"]

_GO_TYPES = {"integer": "int", "string": "string", "boolean": "bool", "number": "float64"}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "int-or-string": (int, str),
}


_WHOLE = ("integer", "int-or-string")


class Mismatch(Exception):
    """A value of the wrong type; the message is the JSON decoder's."""


def parse(body: bytes, content_type: str) -> Any:
    """Decode JSON or YAML. Raises Fault."""
    media = content_type.partition(";")[0].strip()
    if media == "application/vnd.kubernetes.protobuf":
        return _parse_protobuf(body)
    if "protobuf" in media or "cbor" in media:
        raise unsupported_media_type(media)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "yaml" not in media:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    try:
        # Through JSON once more: dates and keys that are no strings have no place in an object.
        return orjson.loads(orjson.dumps(yaml.safe_load(body)))
    except (yaml.YAMLError, TypeError) as error:
        raise bad_request(f"error decoding YAML: {' '.join(str(error).split())}") from error


def _parse_protobuf(body: bytes) -> Manifest:
    try:
        return protobuf.read(body)
    except (ValueError, OverflowError) as error:
        raise bad_request(f"error decoding protobuf: {error}") from error


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
    reader = _Reader(custom=resource.custom)
    try:
        clean = reader.read(manifest, resource.schema, "", "")
    except Mismatch as error:
        raise bad_request(f"{_cannot_be_handled(resource)}: {error}") from error
    return Decoded(manifest=clean, unknown=tuple(reader.unknown))


def strict_error(resource: Resource, unknown: tuple[str, ...]) -> Fault:
    return bad_request(f"{_cannot_be_handled(resource)}: {strict_text(unknown)}")


def strict_text(unknown: tuple[str, ...]) -> str:
    return "strict decoding error: " + ", ".join(f'unknown field "{path}"' for path in unknown)


def _cannot_be_handled(resource: Resource) -> str:
    return f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'


class _Reader:
    """Reads one object; collects the paths of unknown fields."""

    def __init__(self, *, custom: bool) -> None:
        self.unknown: list[str] = []
        self._custom = custom

    def read(self, value: Any, schema: Schema, path: str, place: str) -> Any:
        """`path` is where the value is; `place` how Go names the field that holds it."""
        match schema.shape:
            case "struct":
                return self._struct(value, schema, path, place)
            case "map":
                return self._map(value, schema, path, place)
            case "list":
                if not isinstance(value, list):
                    raise _mismatch(value, place, "[]" + schema.item.name.rpartition(".")[2])
                return [self.read(item, schema.item, f"{path}[{i}]", place) for i, item in enumerate(value)]
            case "scalar":
                return value if self._custom or value is None else _scalar(value, schema, place)
            case _:
                return value

    def _map(self, value: Any, schema: Schema, path: str, place: str) -> Any:
        if not isinstance(value, dict):
            raise _mismatch(value, place, "map[string]string")
        read = {name: self.read(child, schema.child(name), f"{path}.{name}", place) for name, child in value.items()}
        if not self._custom and schema.item.type == "string":
            return {name: "" if child is None else child for name, child in read.items()}
        return read

    def _struct(self, value: Any, schema: Schema, path: str, place: str) -> Any:
        go_name = schema.name.rpartition(".")[2]
        if not isinstance(value, dict):
            raise _mismatch(value, place, go_name or "map[string]interface {}")
        kept = {}
        for name, child in value.items():
            below = schema.fields.get(name)
            here = f"{path}.{name}" if path else name
            if below is None:
                if schema.open:
                    kept[name] = child
                else:
                    self.unknown.append(here)
            elif child is not None:
                read = self.read(child, below, here, f"{go_name}.{_without_indexes(here)}")
                if read or not self._omitted(below, name, schema):
                    kept[name] = read
            elif self._custom or name in schema.zeros:
                kept[name] = None
        return kept

    def _omitted(self, child: Schema, name: str, parent: Schema) -> bool:
        """Whether the built-in type leaves this field out of its JSON when it is an empty list or map."""
        return not self._custom and child.shape in ("list", "map") and name not in parent.required


def _without_indexes(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


def _scalar(value: Any, schema: Schema, place: str) -> Any:
    if isinstance(value, bool) and schema.type != "boolean":
        raise _mismatch(value, place, _go_type(schema))
    if schema.type == "quantity":
        return _quantity(value, place)
    if schema.type in _WHOLE and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, _PYTHON_TYPES[schema.type]):
        raise _mismatch(value, place, _go_type(schema))
    if schema.format == "byte" and isinstance(value, str):
        _check_base64(value)
    limit = 1 << (63 if schema.format == "int64" else 31)
    if schema.type in _WHOLE and isinstance(value, int) and not -limit <= value < limit:
        raise Mismatch(f"json: cannot unmarshal number {value} into Go struct field {place} of type {_go_type(schema)}")
    return value


def _quantity(value: Any, place: str) -> str:
    if not isinstance(value, str | int | float):
        raise _mismatch(value, place, "Quantity")
    try:
        return canonical(value if isinstance(value, str) else f"{value:.15g}")
    except ValueError as error:
        raise Mismatch(str(error)) from error


def _check_base64(text: str) -> None:
    """What stands for bytes has to be Base64; the words are Go's."""
    whole = text.rstrip("=")
    wrong = next((i for i, letter in enumerate(whole) if letter not in _BASE64), None)
    if wrong is None and len(text) % 4:
        wrong = len(text)
    if wrong is not None:
        raise Mismatch(f"illegal base64 data at input byte {wrong}")


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _go_type(schema: Schema) -> str:
    return schema.format if schema.format.startswith("int") else _GO_TYPES.get(schema.type, schema.type)


def _mismatch(value: Any, place: str, go_type: str) -> Mismatch:
    given = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return Mismatch(f"json: cannot unmarshal {given} into Go struct field {place} of type {go_type}")
