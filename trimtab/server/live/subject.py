"""The application that is looked at: the object decoded, its cluster, its identity."""

import msgspec
from msgspec import Struct

from trimtab.controller.clusters import ClusterHandle
from trimtab.controller.refresh import identity_of
from trimtab.model.application import Application
from trimtab.model.keys import AppKey
from trimtab.server.applications.stored import Stored
from trimtab.server.failures import precondition
from trimtab.server.served import Served


class Looked(Struct, frozen=True):
    """`instance`: the name that its objects are tracked to."""

    served: Served
    stored: Stored
    app: Application
    cluster: ClusterHandle
    instance: str

    @property
    def key(self) -> AppKey:
        return self.stored.key

    @property
    def name(self) -> str:
        return self.stored.name

    @property
    def namespace(self) -> str:
        """Where its objects go unless they say otherwise."""
        return self.app.spec.destination.namespace

    @property
    def rbac_name(self) -> str:
        return self.stored.rbac_name(self.served.namespace)


def looked(served: Served, stored: Stored) -> Looked:
    """Raises Failure (400) for an Application that cannot be read, `Stalled` for a cluster that nobody knows."""
    try:
        app = stored.application()
    except msgspec.ValidationError as error:
        raise precondition(f"Application {stored.key} is not valid: {error}; correct the object") from error
    cluster = served.world.clusters.find(app.spec.destination)
    return Looked(served, stored, app, cluster, identity_of(app, served.world).instance)
