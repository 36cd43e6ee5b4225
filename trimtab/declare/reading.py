"""A declaration, read: every problem with its line, all of them at once."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from trimtab.declare import declaration as nouns
from trimtab.declare.declaration import Amounts, Declaration, Resources, SecretKey, Volume
from trimtab.environment.fields import Reader, Section, like, wrong_with_text
from trimtab.environment.schema import json_schema
from trimtab.model.located import Located

MOST_VARIABLES = 500
MOST_VOLUMES = 50
LONGEST_VALUE = 100_000
_LABEL = "has to be a name of at most 53 lower-case letters, digits and -, beginning with a letter"
_OBJECT = "has to be a name of lower-case letters, digits, - and ."
_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
RESERVED = frozenset({"kube-system", "kube-public", "kube-node-lease"})


def read_declaration(located: Located) -> Declaration:
    """Raises InvalidDeclaration with every problem of the file."""
    reader = Reader(located)
    reader.head(nouns.API_VERSION, nouns.KIND)
    root = reader.root
    found: dict[str, Any] = {
        "api_version": nouns.API_VERSION,
        "kind": nouns.KIND,
        "name": root.text("name", required=True, check=like(nouns.LABEL, _LABEL)),
        "namespace": root.text("namespace", required=True, check=_namespace),
        "image": root.text("image", required=True, check=_image),
        "project": root.text("project", "default", check=like(nouns.OBJECT, _OBJECT)),
        "replicas": root.integer("replicas", 1, low=0, high=1000),
        "port": root.integer("port", 0, low=1, high=65535),
        "host": root.text("host", check=_host),
        "prometheus": root.text("prometheus", check=like(nouns.URL_PATH, "has to be a path like /metrics")),
        "env": _env(root),
        "volumes": tuple(_volume(one) for one in root.sections("volumes")),
        "resources": _resources(root.section("resources")),
    }
    declared = Declaration(**found)
    _judge(root, declared)
    reader.raise_problems()
    return declared


def schema() -> dict[str, Any]:
    """JSON Schema of a declaration, for editors."""
    return json_schema(Declaration, title=nouns.KIND, file="application-declaration-v1alpha1")


def _namespace(value: str) -> str:
    if value in RESERVED:
        return "is Kubernetes' own: applications have no place there"
    if re.fullmatch(nouns.NAMESPACE, value):
        return ""
    return "has to be a name of at most 63 lower-case letters, digits and -"


def _image(value: str) -> str:
    if re.fullmatch(nouns.IMAGE, value):
        return ""
    if len(value) <= 400 and re.fullmatch(nouns.IMAGE_NAME, value):
        return "names no version: write IMAGE:TAG or IMAGE@sha256:…, else what runs changes unseen"
    return "has to be an image like ghcr.io/acme/web:1.0.0"


def _host(value: str) -> str:
    if len(value) > 253 or not re.fullmatch(nouns.HOST, value):
        return "has to be a host name in lower case, like web.acme.example, without https://"
    return ""


def _env(root: Section) -> dict[str, str | SecretKey]:
    section = root.section("env")
    if len(names := list(section)) > MOST_VARIABLES:
        root.problem("env", f"has {len(names)} variables; {MOST_VARIABLES} are the most")
    good: dict[str, str | SecretKey] = {}
    for name in names[:MOST_VARIABLES]:
        value = section.take(name)
        if not re.fullmatch(nouns.VARIABLE, name):
            section.problem(name, "has to be a name of letters, digits and _, like LOG_LEVEL")
        elif isinstance(value, Mapping):
            good[name] = _secret_key(section.section(name))
        elif wrong := _wrong_with_value(value):
            section.problem(name, wrong)
        else:
            good[name] = value
    return good


def _secret_key(section: Section) -> SecretKey:
    return SecretKey(
        secret=section.text("secret", required=True, check=like(nouns.OBJECT, _OBJECT)),
        key=section.text("key", required=True, check=like(nouns.DATA_KEY, "has to be a key of a Secret")),
    )


def _wrong_with_value(value: object) -> str:
    if value == "":
        return ""
    if isinstance(value, bool):
        return "has to be a text, not true or false (put it in quotes)"
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return f"is longer than {LONGEST_VALUE} characters: put it into a ConfigMap"
    return wrong_with_text(value)


def _volume(section: Section) -> Volume:
    return Volume(
        name=section.text("name", required=True, check=like(nouns.LABEL, _LABEL)),
        path=section.text("path", required=True, check=_folder),
        size=section.text("size", required=True, check=_quantity),
        access=cast(Any, section.choice("access", nouns.ACCESS, "ReadWriteOnce")),
        storage_class=section.text("storageClass", check=like(nouns.OBJECT, _OBJECT)),
    )


def _folder(value: str) -> str:
    if len(value) > 1000 or not re.fullmatch(nouns.FOLDER, value) or ".." in value.split("/"):
        return "has to be a folder of the container, like /data"
    return ""


def _quantity(value: str) -> str:
    return "" if _amount(value) > 0 else "has to be a quantity like 500m, 256Mi or 10Gi"


def _amount(value: str) -> Decimal:
    """A quantity as a number; 0 for what is none."""
    match = re.fullmatch(nouns.QUANTITY, value) if len(value) <= 20 else None
    return Decimal(match[1]) * _FACTORS[match[2] or ""] if match else Decimal(0)


def _resources(section: Section) -> Resources:
    requests, limits = section.section("requests"), section.section("limits")
    found = Resources(requests=_amounts(requests), limits=_amounts(limits))
    for key in ("cpu", "memory"):
        wanted, most = getattr(found.requests, key), getattr(found.limits, key)
        if wanted and most and _amount(wanted) > _amount(most):
            requests.problem(key, f"is more than the limit {most}")
    return found


def _amounts(section: Section) -> Amounts:
    return Amounts(cpu=section.text("cpu", check=_quantity), memory=section.text("memory", check=_quantity))


def _judge(root: Section, declared: Declaration) -> None:
    """What only shows when several fields are seen together."""
    for key in ("host", "prometheus"):
        if key in root and "port" not in root:
            root.problem(key, "needs the port that the container listens on: add port")
    if len(declared.volumes) > MOST_VOLUMES:
        root.problem("volumes", f"has {len(declared.volumes)} items; {MOST_VOLUMES} are the most")
    seen: set[str] = set()
    for number, volume in enumerate(declared.volumes):
        for key, value in (("name", volume.name), ("path", volume.path.rstrip("/"))):
            if value and f"{key} {value}" in seen:
                root.problem_at(("volumes", number, key), f"{value} is that of another volume, too")
            seen.add(f"{key} {value}")
        if declared.replicas > 1 and volume.access not in nouns.SHARED:
            root.problem_at(
                ("volumes", number),
                f"{declared.replicas} replicas cannot share it: set access: ReadWriteMany, or replicas: 1",
            )
