"""Rendering as an application, on this machine."""

from msgspec import Struct

from trimtab.cli.view import KubeFacts
from trimtab.compare.prepare import Identity
from trimtab.model.application import Application, ApplicationSource
from trimtab.model.keys import AppKey
from trimtab.render import Rendering, RenderRequest, Tree, Workshop, render


class Instance(Struct, frozen=True):
    """Who an application is: what its objects are stamped with, and the namespace of its controller."""

    identity: Identity
    control_namespace: str


def identity_of(app: Application) -> Instance:
    """The control namespace is what the controller at work has written into the status; else the application's own."""
    control = app.status.controller_namespace or app.metadata.namespace
    instance = AppKey(app.metadata.namespace, app.metadata.name).instance(control)
    return Instance(Identity(instance, app.spec.destination.namespace), control)


async def rendered(
    app: Application, source: ApplicationSource, *, tree: Tree, facts: KubeFacts, workshop: Workshop, revision: str
) -> Rendering:
    """One source, as the controller renders it."""
    request = RenderRequest(
        source=source,
        app_name=app.metadata.name,
        instance=identity_of(app).identity.instance,
        namespace=app.spec.destination.namespace,
        project=app.spec.project,
        revision=revision,
        kube_version=facts.version,
        api_versions=facts.api_versions,
    )
    return await render(tree, request, workshop=workshop)
