"""From a method and a raw path to an operation. The path stays percent-encoded until it is split, so that a parameter
may hold a slash (`/repositories/https%3A%2F%2Fgit.example.com%2Fapp`).
"""

from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from msgspec import Struct, field

from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.operation import AnyOperation

LONGEST_PATH = 8192


class _Node(Struct):
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    operations: dict[str, AnyOperation] = field(default_factory=dict)


class Match(Struct, frozen=True):
    operation: AnyOperation
    params: Mapping[str, str]


class Router:
    """A tree of path segments; a literal goes before a parameter."""

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def find(self, method: str, raw_path: bytes) -> Match:
        """Raises Failure: 404 for no such path, 405 for another method, 400 for what is no path at all."""
        if len(raw_path) > LONGEST_PATH:
            raise bad_request(f"the path is longer than {LONGEST_PATH} bytes")
        segments = raw_path.partition(b"?")[0].strip(b"/").split(b"/")
        found = _find(self._root, segments, ())
        if found is None:
            raise Failure(Code.NOT_FOUND, "Not Found")
        node, values = found
        operation = node.operations.get("GET" if method == "HEAD" else method)
        if operation is None:
            allowed = ", ".join(sorted(node.operations))
            raise Failure(Code.UNIMPLEMENTED, "Method Not Allowed", status=405, headers={"allow": allowed})
        return Match(operation, dict(zip(_names(operation.path), map(_decoded, values), strict=True)))

    def _add(self, operation: AnyOperation) -> None:
        node = self._root
        for segment in operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        known = node.operations.setdefault(operation.method, operation)
        if known is not operation:
            raise ValueError(f"{operation.method} {operation.path} is both {known.id} and {operation.id}")


def _find(node: _Node, segments: list[bytes], values: tuple[bytes, ...]) -> tuple[_Node, tuple[bytes, ...]] | None:
    if not segments:
        return (node, values) if node.operations else None
    head, *rest = segments
    literal = node.literals.get(head.decode("latin-1"))
    if literal is not None and (found := _find(literal, rest, values)) is not None:
        return found
    return _find(node.parameter, rest, (*values, head)) if node.parameter is not None and head else None


def _names(path: str) -> list[str]:
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


def _decoded(value: bytes) -> str:
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise bad_request("the path is not valid UTF-8") from error
    if not text.isprintable():
        raise bad_request("the path holds control characters")
    return text
