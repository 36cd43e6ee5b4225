"""Distil the OpenAPI definitions of the `kubernetes-validate` package into `trimtab/typed/data/schemas.json.gz`.

    python -m tools.distil_schemas            # the version that the sandbox serves

What is kept of each type: field names, their types, what is required, and how lists and maps merge. Descriptions go.
The format, one JSON value a node:

    "s" "i" "n" "b"      string, integer, number, boolean; "s/date-time" carries the format
    "q" "Q" "*" "o"      int-or-string, a quantity, anything, an object of unknown fields
    "#NAME"              the type NAME; {"#": NAME, "p": STRATEGY} when a patch strategy hangs on the field
    {"l": NODE, …}       a list: "t" its list type, "k" its map keys, "m" patch merge key, "p" patch strategy
    {"v": NODE, …}       a map with values of one type; "a": 1 when atomic
    {"f": {…}, …}        a struct: "r" required fields, "a": 1 when atomic, "d" defaults of its fields, "e" fields that
                         are structs by value in Go, so that the server always has them, if empty; "z" further fields
                         that it always has, and with what value
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate

VERSION = "1.36.0"
TARGET = Path(__file__).parent.parent / "trimtab" / "typed" / "data" / "schemas.json.gz"

# Defaults that are part of a list key: the API server's own schemas have them, the published definitions do not.
KEY_DEFAULTS: dict[str, dict[str, Any]] = {
    "io.k8s.api.core.v1.ContainerPort": {"protocol": "TCP"},
    "io.k8s.api.core.v1.ServicePort": {"protocol": "TCP"},
}

# By the name of the field; the exceptions are pointers all the same.
EMBEDDED = {
    "acceptedNames",
    "involvedObject",
    "jobTemplate",
    "loadBalancer",
    "metadata",
    "names",
    "podSelector",
    "regarding",
    "resources",
    "roleRef",
    "scaleTargetRef",
    "source",
    "spec",
    "status",
    "strategy",
    "template",
    "updateStrategy",
}
NOT_EMBEDDED = {
    ("ReplicationControllerSpec", "template"),
    ("PodSpec", "resources"),
    ("ContainerStatus", "resources"),
    ("PodStatus", "resources"),
    ("NetworkPolicyPeer", "podSelector"),
    ("LeaseSpec", "strategy"),
    ("CustomResourceSubresources", "status"),
    ("CustomResourceConversion", "strategy"),
}

# Fields that are written even when they are empty: the types say no "omitempty".
ZEROS: dict[str, dict[str, Any]] = {
    "io.k8s.api.core.v1.Event": {
        "eventTime": None,
        "firstTimestamp": None,
        "lastTimestamp": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
}

ANYTHING = (
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
)
LETTERS = {"string": "s", "integer": "i", "number": "n", "boolean": "b"}


def main(version: str = VERSION) -> None:
    definitions = _definitions(version)
    types = {name: _node(schema, name) for name, schema in sorted(definitions.items())}
    for name, defaults in KEY_DEFAULTS.items():
        types[name]["d"] = defaults
    for name, zeros in ZEROS.items():
        types[name]["z"] = zeros
    for name, node in types.items():
        if isinstance(node, dict) and (
            embedded := [field for field in node.get("f", ()) if _embedded(types, name, field)]
        ):
            node["e"] = embedded
    kinds = {
        f"{gvk['group']}/{gvk['version']}/{gvk['kind']}": name
        for name, schema in sorted(definitions.items())
        if len(schema.get("x-kubernetes-group-version-kind", ())) == 1
        for gvk in schema["x-kubernetes-group-version-kind"]
    }
    body = json.dumps({"version": version, "types": types, "kinds": kinds}, separators=(",", ":"))
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(gzip.compress(body.encode(), 9, mtime=0))
    print(f"{TARGET}: {len(types)} types, {len(kinds)} kinds, {TARGET.stat().st_size} bytes")


def _embedded(types: dict[str, Any], name: str, field: str) -> bool:
    node = types[name]["f"][field]
    target = node.get("#", "") if isinstance(node, dict) else node.removeprefix("#")
    is_struct = isinstance(types.get(target), dict) and "f" in types[target]
    return is_struct and field in EMBEDDED and (name.rpartition(".")[2], field) not in NOT_EMBEDDED


def _definitions(version: str) -> dict[str, Any]:
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{version}-local"
    definitions: dict[str, Any] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    return definitions


def _node(schema: dict[str, Any], name: str = "") -> Any:
    reference = schema.get("$ref")
    if reference:
        return _reference(reference.rpartition("/")[2], schema.get("x-kubernetes-patch-strategy"))
    if name in ANYTHING:
        return "*"
    if "oneOf" in schema:
        return "Q" if name.endswith(".Quantity") else "q"
    kind = _type(schema)
    if kind == "array":
        return _list(schema)
    if kind == "object":
        return _object(schema)
    letter = LETTERS.get(kind, "*")
    return f"{letter}/{schema['format']}" if "format" in schema else letter


def _reference(name: str, strategy: str | None) -> Any:
    return {"#": name, "p": strategy} if strategy else f"#{name}"


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "")
    return str(next(k for k in kind if k != "null") if isinstance(kind, list) else kind)


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {"l": _node(schema.get("items", {}))}
    for letter, word in (("t", "list-type"), ("k", "list-map-keys"), ("m", "patch-merge-key"), ("p", "patch-strategy")):
        if value := schema.get(f"x-kubernetes-{word}"):
            node[letter] = value
    return node


def _object(schema: dict[str, Any]) -> Any:
    atomic = {"a": 1} if schema.get("x-kubernetes-map-type") == "atomic" else {}
    if "properties" in schema:
        node: dict[str, Any] = {"f": {name: _node(field) for name, field in schema["properties"].items()}} | atomic
        if schema.get("required"):
            node["r"] = schema["required"]
        return node
    if "additionalProperties" in schema:
        return {"v": _node(schema["additionalProperties"])} | atomic
    return "o"


if __name__ == "__main__":
    main(*sys.argv[1:])
