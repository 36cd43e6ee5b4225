"""One Application as the server keeps it."""

import msgspec
from msgspec import Struct

from trimtab.model.application import Application
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.observed import Observed
from trimtab.server.applications.body import named, served
from trimtab.server.applications.header import Header, header_of

_APPLICATION = msgspec.json.Decoder(Application)
_MANIFEST = msgspec.json.Decoder(Manifest)


class Stored(Struct, frozen=True, kw_only=True):
    """`body` is the JSON that callers get. `born`: the resourceVersion at which the server saw it first."""

    key: AppKey
    header: Header
    body: bytes
    resource_version: str
    uid: str
    born: int

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def namespace(self) -> str:
        return self.key.namespace

    @property
    def project(self) -> str:
        """Its project's name; "default" where the spec names none."""
        return self.header.project

    def application(self) -> Application:
        """Decoded, each time. Raises msgspec.ValidationError for what our types do not take."""
        return _APPLICATION.decode(named(self.body))

    def manifest(self) -> Manifest:
        """Decoded, each time, with every field that the API server sent, known or not."""
        return _MANIFEST.decode(named(self.body))

    def rbac_name(self, control_namespace: str) -> str:
        return rbac_name(self.project, self.key, control_namespace)


def stored(observed: Observed) -> Stored:
    """From what a watch or a read yields."""
    header = header_of(observed)
    return Stored(
        key=AppKey(observed.meta.namespace, observed.meta.name),
        header=header,
        body=served(observed.raw),
        resource_version=observed.meta.resource_version,
        uid=observed.meta.uid,
        born=header.version,
    )


def rbac_name(project: str, key: AppKey, control_namespace: str) -> str:
    """What policies call an Application: `PROJECT/NAME`, or `PROJECT/NAMESPACE/NAME` outside the control namespace."""
    if key.namespace == control_namespace:
        return f"{project}/{key.name}"
    return f"{project}/{key.namespace}/{key.name}"
