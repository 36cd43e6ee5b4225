"""The Secrets that configure repositories and credentials: found, made, changed and removed."""

import base64
from collections.abc import Iterator
from typing import Any

from trimtab.controller.repositories import CERTIFICATES, KNOWN_HOSTS
from trimtab.kube import write
from trimtab.kube.errors import NotFound
from trimtab.model import credentials as model
from trimtab.model import repository_secret
from trimtab.model.credentials import normalised
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER, SECRET_TYPE_LABEL
from trimtab.model.repository_secret import C, Credentials, Repository, SecretType
from trimtab.server.auth.secrets import secret_data
from trimtab.server.auth.settled import settled
from trimtab.server.served import Served

MANAGED = {"managed-by": "argocd.argoproj.io"}
PATIENCE_SECONDS = 2.0


def url_of(value: Credentials) -> str:
    """The URL that it is for."""
    url: str = getattr(value, "repo", "") or getattr(value, "url", "")
    return url


def project_of(value: Credentials) -> str:
    """The project that it belongs to; "" for all."""
    project: str = getattr(value, "project", "")
    return project


def known(served: Served, secret_type: SecretType, kind: type[C]) -> Iterator[tuple[Manifest, C]]:
    """The Secrets of this type, and what they say; those without a URL say nothing."""
    for secret in served.configuration.objects("Secret").values():
        labels = secret["metadata"].get("labels") or {}
        if labels.get(SECRET_TYPE_LABEL) == secret_type:
            value = repository_secret.read(kind, secret_data(secret))
            if url_of(value):
                yield secret, value


def find(
    served: Served, secret_type: SecretType, kind: type[C], *, url: str, project: str | None = None
) -> tuple[Manifest, C] | None:
    """The one for `url`, however it is spelled; of `project` (None: of whichever, one for all projects first)."""
    fitting = [
        (secret, value)
        for secret, value in known(served, secret_type, kind)
        if normalised(url_of(value)) == normalised(url) and project in (None, project_of(value))
    ]
    return min(fitting, key=lambda found: (project_of(found[1]) != "", project_of(found[1])), default=None)


def credentials(served: Served, *, trying: Repository | None = None) -> model.Credentials:
    """All that is configured, by which a repository is reached; with `trying`, as if that one was configured so."""
    configuration = served.configuration
    secrets = list(configuration.objects("Secret").values())
    if trying is not None:
        labels = {SECRET_TYPE_LABEL: "repository"}
        secrets.append({"kind": "Secret", "metadata": {"labels": labels}, "data": _encoded(trying)})
    return model.read_credentials(
        secrets,
        known_hosts=configuration.object("ConfigMap", KNOWN_HOSTS),
        certificates=configuration.object("ConfigMap", CERTIFICATES),
    )


async def create(served: Served, secret_type: SecretType, value: Credentials) -> None:
    """Raises `AlreadyExists` and other ApiErrors."""
    name = repository_secret.secret_name(secret_type, url_of(value), project=project_of(value))
    metadata = {
        "name": name,
        "namespace": served.namespace,
        "labels": {SECRET_TYPE_LABEL: secret_type},
        "annotations": MANAGED,
    }
    manifest = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": _encoded(value)}
    resource = await served.discovery.find("", "Secret")
    written = await write.create(served.transport, resource, manifest, field_manager=FIELD_MANAGER)
    await settled(served.configuration, written)


async def change(served: Served, secret: Manifest, value: Credentials) -> None:
    """Write `value` over the very state of the Secret that was seen. Raises `StaleConflict` and other ApiErrors."""
    metadata = secret["metadata"]
    wanted = _encoded(value)
    gone: dict[str, Any] = {key: None for key in secret.get("data") or {} if key not in wanted}
    written = await write.patch(
        served.transport,
        await served.discovery.find("", "Secret"),
        metadata["name"],
        {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "data": {**gone, **wanted}},
        patch_type="merge",
        namespace=served.namespace,
        field_manager=FIELD_MANAGER,
    )
    await settled(served.configuration, written)


async def remove(served: Served, secret: Manifest) -> None:
    """Delete the Secret that was seen, and no other of its name."""
    metadata = secret["metadata"]
    resource = await served.discovery.find("", "Secret")
    try:
        await write.delete(
            served.transport, resource, metadata["name"], namespace=served.namespace, uid=metadata.get("uid", "")
        )
    except NotFound:
        return
    deadline = served.clock.monotonic() + PATIENCE_SECONDS
    while served.configuration.object("Secret", metadata["name"]) and served.clock.monotonic() < deadline:
        await served.clock.sleep(0.005)


def _encoded(value: Credentials) -> dict[str, str]:
    data = repository_secret.write(value)
    return {key: base64.b64encode(raw).decode() for key, raw in data.items()}
