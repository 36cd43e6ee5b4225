"""Distil Kubernetes' protobuf field numbers from its Go types into `trimtab/sandbox/data/protobuf.json.gz`.

    python -m tools.distil_protobuf "$(go env GOMODCACHE)/k8s.io"

kubectl sends what it builds itself (`kubectl create deployment …`) as protobuf, so the sandbox has to read it. The Go
struct tags say all there is to know: number, JSON name, whether it is a pointer and whether it is omitted when zero.

A message is a map of field numbers to `[JSON name, type, flags]`. Types: `s` string, `b` bytes, `i` integer, `B`
boolean, `d` double, `#NAME` a message, and `@time`, `@micro`, `@quantity`, `@intstr`, `@raw`,
`@items` (a list of strings). Flags: `r` repeated,
`m` a map with such values, `z` left out when zero. An inlined struct has no JSON name.
"""

import gzip
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

VERSION = "v0.36.3"
TARGET = Path(__file__).parent.parent / "trimtab" / "sandbox" / "data" / "protobuf.json.gz"
META = "k8s.io/apimachinery/pkg/apis/meta/v1"
PACKAGES = (
    META,
    *(
        f"k8s.io/api/{name}"
        for name in (
            "admissionregistration/v1",
            "apps/v1",
            "authentication/v1",
            "authorization/v1",
            "autoscaling/v1",
            "autoscaling/v2",
            "batch/v1",
            "certificates/v1",
            "coordination/v1",
            "core/v1",
            "discovery/v1",
            "events/v1",
            "networking/v1",
            "node/v1",
            "policy/v1",
            "rbac/v1",
            "scheduling/v1",
            "storage/v1",
        )
    ),
)
SPECIAL = {
    f"{META}.Time": "@time",
    f"{META}.MicroTime": "@micro",
    f"{META}.FieldsV1": "@raw",
    "k8s.io/apimachinery/pkg/api/resource.Quantity": "@quantity",
    "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "@intstr",
    "k8s.io/apimachinery/pkg/runtime.RawExtension": "@raw",
    "k8s.io/apimachinery/pkg/types.UID": "s",
    "k8s.io/api/authentication/v1.ExtraValue": "@items",
    "k8s.io/api/authorization/v1.ExtraValue": "@items",
    "k8s.io/api/certificates/v1.ExtraValue": "@items",
}
SCALARS = {"string": "s", "bool": "B", "int32": "i", "int64": "i", "int": "i", "float64": "d", "uint8": "i"}

STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
ALIAS = re.compile(r"^type (\w+) ([\w.\[\]*]+)$", re.MULTILINE)
IMPORT = re.compile(r'^\s+(?:(\w+) )?"([\w./-]+)"$', re.MULTILINE)
FIELD = re.compile(r'^\t(?:(\w+)\s+)?([\w.\[\]*]+)\s+`json:"([^"]*)"[^`]*?protobuf:"\w+,(\d+)', re.MULTILINE)

Message = dict[str, list[str]]


class Source(NamedTuple):
    """A Go package: its text, and what its imports are called."""

    path: str
    text: str
    imports: dict[str, str]
    aliases: dict[str, str]


def main(modules: str) -> None:
    sources = {path: _source(Path(modules), path) for path in PACKAGES}
    messages = {}
    for source in sources.values():
        for name, body in STRUCT.findall(source.text):
            if fields := _fields(body, source, sources):
                messages[_name(f"{source.path}.{name}")] = fields
    text = json.dumps(messages, separators=(",", ":"), sort_keys=True)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{TARGET}: {len(messages)} messages, {TARGET.stat().st_size} bytes")


def _source(modules: Path, path: str) -> Source:
    module, _, below = path.removeprefix("k8s.io/").partition("/")
    text = "\n".join(file.read_text() for file in sorted((modules / f"{module}@{VERSION}" / below).glob("*types.go")))
    imports = {alias or target.rpartition("/")[2]: target for alias, target in IMPORT.findall(text)}
    return Source(path, text, imports, dict(ALIAS.findall(text)))


def _fields(body: str, source: Source, sources: dict[str, Source]) -> Message:
    fields = {}
    for _, go_type, tag, number in FIELD.findall(body):
        name, _, options = tag.partition(",")
        kind, flags = _type(go_type.lstrip("*"), source, sources)
        if "omitempty" in options and not go_type.startswith("*"):
            flags += "z"
        fields[number] = [name, kind, flags]
    return fields


def _type(go_type: str, source: Source, sources: dict[str, Source]) -> tuple[str, str]:
    """The letter and the flags of a Go type."""
    if go_type == "[]byte":
        return "b", ""
    if go_type.startswith("[]"):
        return _type(go_type[2:].lstrip("*"), source, sources)[0], "r"
    if go_type.startswith("map["):
        return _type(go_type.partition("]")[2], source, sources)[0], "m"
    if go_type in SCALARS:
        return SCALARS[go_type], ""
    return _named(go_type, source, sources)


def _named(go_type: str, source: Source, sources: dict[str, Source]) -> tuple[str, str]:
    package, _, name = go_type.rpartition(".")
    path = source.imports[package] if package else source.path
    if special := SPECIAL.get(f"{path}.{name}"):
        return special, ""
    home = sources.get(path)
    if home and name in home.aliases and not home.aliases[name].startswith("[]"):
        return _type(home.aliases[name], home, sources)
    return f"#{_name(f'{path}.{name}')}", ""


def _name(path: str) -> str:
    """The OpenAPI name of a Go type: `k8s.io/api/core/v1.Pod` is `io.k8s.api.core.v1.Pod`."""
    return "io.k8s." + path.removeprefix("k8s.io/").replace("/", ".")


if __name__ == "__main__":
    main(*sys.argv[1:])
