"""Objects as callers send them: the parts that they may write, and the rest, which is theirs to send back unread."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from msgspec import Meta, Struct

from trimtab.model.application import ApplicationSpec, Metadata, Operation
from trimtab.model.keys import Manifest
from trimtab.server.failures import bad_request
from trimtab.server.operation import Body

AnApplicationSpec = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": "#/components/schemas/ApplicationSpec"})]
"""Kept as it was sent, while the OpenAPI document says what it is."""
AnAppProjectSpec = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": "#/components/schemas/AppProjectSpec"})]
"""Likewise."""


class Nothing(Struct, frozen=True):
    """An empty object: the reply where there is nothing to say."""


class WrittenApplication(Struct, frozen=True):
    """An Application as it is after a write, without apiVersion and kind. Its status may be one of before any look."""

    metadata: Metadata
    spec: ApplicationSpec
    status: dict[str, Any]
    operation: Operation | None = None


class MetadataBody(Body, frozen=True):
    """Kubernetes' ObjectMeta. What only the API server writes may be sent back, and is not read."""

    name: str = ""
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    finalizers: tuple[str, ...] | None = None
    resource_version: str | None = None
    owner_references: tuple[dict[str, Any], ...] | None = None
    uid: str | None = None
    generate_name: str | None = None
    self_link: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    managed_fields: tuple[dict[str, Any], ...] | None = None


def written(metadata: MetadataBody) -> Mapping[str, Any]:
    """What callers may write of an object's metadata, by field; an empty value is none."""
    finalizers = list(metadata.finalizers or ())
    return {"labels": metadata.labels or {}, "annotations": metadata.annotations or {}, "finalizers": finalizers}


def refuse_unsendable(spec: Manifest) -> None:
    """Raises Failure (400) for what is JSON, but more than Kubernetes takes: numbers beyond 64 bits, 300 levels."""
    try:
        orjson.dumps(spec)
    except orjson.JSONEncodeError as error:
        raise bad_request(f"Kubernetes cannot hold that: {error}") from error
