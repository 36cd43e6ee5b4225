"""Where the files of an application are in the repository, and which of them one environment may touch."""

from msgspec import Struct, field

from trimtab.declare.declaration import Declaration
from trimtab.environment.environment import Environment
from trimtab.environment.objects import root_name
from trimtab.errors import Stalled

APPLICATIONS = "applications"


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What of an environment the files of its applications depend on."""

    environment: str
    repository: str
    branch: str
    folder: str
    namespace: str = "argocd"
    """Of the Application objects."""
    ingress_class: str = field(default="", name="ingressClass")
    issuer: str = ""
    """A ClusterIssuer of cert-manager, for certificates of hosts."""
    certificate_arn: str = field(default="", name="certificateARN")


class Layout(Struct, frozen=True):
    """Folders and files of one application in one environment; paths from the repository's root."""

    base: str
    overlay: str
    application: str
    namespace: str


def place_of(env: Environment) -> Place:
    """Raises Stalled for an environment whose folder would be that of the applications."""
    if env.name == APPLICATIONS:
        raise Stalled(
            f"an environment cannot be named {APPLICATIONS}: {env.folder}/{APPLICATIONS} is where applications are; "
            "choose another name"
        )
    return Place(
        environment=env.name,
        repository=env.repository_url,
        branch=env.branch,
        folder=env.folder,
        namespace=env.namespace,
        ingress_class=env.ingress.class_name,
        issuer=env.ingress.tls.issuer,
        certificate_arn=env.ingress.tls.certificate_arn,
    )


def refuse_name(app: str, env: Environment) -> None:
    """Raises Stalled for an application that would take the place of an app-of-apps."""
    if app in (root_name(env, "applications"), root_name(env, "namespaces")):
        raise Stalled(f"an application cannot be named {app}: that is the Application of all; choose another name")


def layout_of(declared: Declaration, place: Place) -> Layout:
    """Base and overlays stand beside those of other environments; what Argo CD reads is in the environment's folder."""
    return Layout(
        base=base_of(declared.name, place),
        overlay=overlay_of(declared.name, place),
        application=application_of(declared.name, place),
        namespace=namespace_of(declared.namespace, place),
    )


def base_of(app: str, place: Place) -> str:
    return f"{place.folder}/{APPLICATIONS}/{app}/base"


def overlay_of(app: str, place: Place) -> str:
    return f"{place.folder}/{APPLICATIONS}/{app}/overlays/{place.environment}"


def application_of(app: str, place: Place) -> str:
    return f"{place.folder}/{place.environment}/argocd/applications/{app}.yaml"


def namespace_of(namespace: str, place: Place) -> str:
    return f"{place.folder}/{place.environment}/argocd/namespaces/{namespace}.yaml"


class Scope(Struct, frozen=True):
    """What a command of one environment may write: its own folders, and a base that no other environment uses."""

    folders: tuple[str, ...]

    def outside(self, path: str) -> bool:
        """Is `path` none of its files? Anything but a plain path is, too."""
        parts = path.split("/")
        plain = all(part not in ("", ".", "..") for part in parts) and "\\" not in path and "\0" not in path
        return not plain or not any(path.startswith(f"{folder}/") for folder in self.folders)


def scope_of(app: str, place: Place, *, base: bool) -> Scope:
    """`base`: is the base this environment's alone?"""
    own = (f"{place.folder}/{place.environment}", overlay_of(app, place))
    return Scope((*own, base_of(app, place)) if base else own)
