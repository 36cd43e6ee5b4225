"""Names, labels and annotations: which characters they may have, and what the API server says of the others."""

import re
from collections.abc import Iterator

from trimtab.model.keys import Manifest
from trimtab.sandbox.faults import Cause
from trimtab.sandbox.resources import Resource

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_DATA_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_LABEL_KINDS = ("namespaces", "services")
_FREE_NAMES = ("rbac.authorization.k8s.io",)
"""Groups whose names may hold any character but a slash."""


def invalid(value: str, rule: str, path: str) -> Cause:
    return Cause("FieldValueInvalid", f'Invalid value: "{value}": {rule}', path)


def name_misfits(manifest: Manifest, resource: Resource) -> Iterator[Cause]:
    name = manifest["metadata"]["name"]
    if resource.group in _FREE_NAMES:
        if "/" in name or "%" in name or name in (".", ".."):
            yield invalid(name, "may not contain '/'", "metadata.name")
    elif resource.qualified in _LABEL_KINDS:
        if "." in name:
            yield invalid(name, "must not contain dots", "metadata.name")
        elif len(name) > 63 or not LABEL.fullmatch(name):
            yield invalid(name, LABEL_RULE, "metadata.name")
    elif len(name) > 253 or not SUBDOMAIN.fullmatch(name):
        yield invalid(name, _SUBDOMAIN_RULE, "metadata.name")


def metadata_misfits(manifest: Manifest) -> Iterator[Cause]:
    """Labels and annotations."""
    meta = manifest["metadata"]
    for field in ("labels", "annotations"):
        for key, value in (meta.get(field) or {}).items():
            name = key.rpartition("/")[2]
            if not _KEY_NAME.fullmatch(name):
                yield invalid(key, _KEY_RULE, f"metadata.{field}")
            elif field == "labels" and not _LABEL_VALUE.fullmatch(value):
                yield invalid(value, _VALUE_RULE, "metadata.labels")


def data_misfits(manifest: Manifest) -> Iterator[Cause]:
    """Keys of ConfigMaps and Secrets."""
    for field in ("data", "binaryData"):
        for key in manifest.get(field) or {}:
            if not _DATA_KEY.fullmatch(key):
                yield invalid(key, _DATA_RULE, f"{field}[{key}]")
