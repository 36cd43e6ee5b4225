"""What rendering is asked for, and what it gives."""

from typing import Literal

from msgspec import Struct

from trimtab.model.application import ApplicationSource
from trimtab.model.target import Target

__all__ = ["RenderRequest", "Rendering", "SourceType", "Target"]

SourceType = Literal["Directory", "Kustomize", "Helm"]


class RenderRequest(Struct, frozen=True, kw_only=True):
    """One source of one application.

    `instance` is the name that tracking uses (`name`, or `namespace_name` outside the control namespace); `namespace`
    is the destination's. `kube_version` ("1.36.3", a leading "v" is fine) and `api_versions` ("apps/v1",
    "apps/v1/Deployment") are the destination cluster's; charts can ask for both. `revision` is the commit, for the
    build environment (`$ARGOCD_APP_REVISION`).
    """

    source: ApplicationSource
    app_name: str
    instance: str = ""
    namespace: str = ""
    project: str = "default"
    revision: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


class Rendering(Struct, frozen=True, kw_only=True):
    """What a source declares.

    `digest` names the content: equal digests mean equal targets. `ignored` are YAML files in a directory source that
    hold no Kubernetes object at all, so nothing was made of them.
    """

    targets: tuple[Target, ...]
    source_type: SourceType
    digest: str
    cached: bool = False
    ignored: tuple[str, ...] = ()
