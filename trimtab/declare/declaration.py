"""The declaration's nouns: what an application runs, in a few lines. `scaffold.py` has an example."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

API_VERSION = "trimtab.dev/v1alpha1"
KIND = "ApplicationDeclaration"
"""Another word than Argo CD's `Application`, which is made from it."""
LABEL = r"^[a-z]([-a-z0-9]{0,51}[a-z0-9])?$"
"""Shorter than Kubernetes' 63, so that names made from it are names, too."""
NAMESPACE = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
HOST = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
OBJECT = r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$"
DATA_KEY = r"^[-._A-Za-z0-9]{1,253}$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,252}$"
FOLDER = r"^(/[^/\x00-\x1f:,]+)+$"
URL_PATH = r"^/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*$"
QUANTITY = r"^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
IMAGE_NAME = r"(?:[a-zA-Z0-9.-]+(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
TAG = r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"
IMAGE = rf"^(?=.{{1,400}}$){IMAGE_NAME}(?::{TAG}|@{DIGEST}|:{TAG}@{DIGEST})$"

Access = Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"]
ACCESS: tuple[Access, ...] = ("ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany")
SHARED: frozenset[Access] = frozenset({"ReadWriteMany", "ReadOnlyMany"})
"""Several pods on several nodes can have it."""


class SecretKey(Struct, frozen=True, forbid_unknown_fields=True):
    """The value of an environment variable, out of a Secret that is in the namespace."""

    secret: Annotated[str, Meta(pattern=OBJECT, description="The name of the Secret.")]
    key: Annotated[str, Meta(pattern=DATA_KEY, description="The key in it.")]


class Volume(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A PersistentVolumeClaim, and where it is mounted."""

    name: Annotated[str, Meta(pattern=LABEL, description="The claim is named after the application and this.")]
    path: Annotated[str, Meta(pattern=FOLDER, description="The folder of the container where it is mounted.")]
    size: Annotated[str, Meta(pattern=QUANTITY, description="How large it is, like 10Gi.")]
    access: Annotated[Access, Meta(description="ReadWriteMany for more than one replica.")] = "ReadWriteOnce"
    storage_class: Annotated[
        str, Meta(pattern=rf"{OBJECT}|^$", description="A StorageClass; the cluster's default unless given.")
    ] = field(default="", name="storageClass")


class Amounts(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Of CPU (`500m` is half of one) and of memory (`256Mi`)."""

    cpu: Annotated[str, Meta(pattern=rf"{QUANTITY}|^$", description="Cores: 500m is half of one.")] = ""
    memory: Annotated[str, Meta(pattern=rf"{QUANTITY}|^$", description="Bytes, like 256Mi.")] = ""


class Resources(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a pod is given, and what it may take."""

    requests: Annotated[Amounts, Meta(description="What a pod is given.")] = Amounts()
    limits: Annotated[Amounts, Meta(description="What a pod may take at most.")] = Amounts()


class Declaration(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An application. `port` 0: it listens nowhere; `host` "": it is not reached from outside the cluster."""

    api_version: Literal["trimtab.dev/v1alpha1"] = field(name="apiVersion")
    kind: Literal["ApplicationDeclaration"]
    name: Annotated[str, Meta(pattern=LABEL, description="Of the Deployment, the Service and the Application.")]
    namespace: Annotated[str, Meta(pattern=NAMESPACE, description="Made if it is not there, never deleted.")]
    image: Annotated[str, Meta(pattern=IMAGE, description="With a tag or a digest.")]
    project: Annotated[str, Meta(pattern=OBJECT, description="An AppProject of Argo CD.")] = "default"
    replicas: Annotated[int, Meta(ge=0, le=1000, description="How many pods run.")] = 1
    port: Annotated[int, Meta(ge=1, le=65535, description="That the container listens on; makes a Service.")] = 0
    host: Annotated[
        str, Meta(pattern=rf"{HOST}|^$", max_length=253, description="Where it is reached from outside (an Ingress).")
    ] = ""
    prometheus: Annotated[str, Meta(pattern=rf"{URL_PATH}|^$", description="The path of its metrics.")] = ""
    env: Annotated[
        dict[Annotated[str, Meta(pattern=VARIABLE)], str | SecretKey],
        Meta(description="Variables: texts, or {secret: NAME, key: KEY}. No value of a Secret stands here."),
    ] = field(default_factory=dict)
    volumes: Annotated[tuple[Volume, ...], Meta(description="Disks that outlive the container.")] = ()
    resources: Annotated[Resources, Meta(description="What a pod is given, and what it may take.")] = Resources()
