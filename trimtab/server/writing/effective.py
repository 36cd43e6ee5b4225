"""The project that is in force for an application: its own, with what it inherits from global projects."""

from collections.abc import Iterator

from trimtab.access.global_projects import GlobalProject, inheriting, read_global_projects
from trimtab.access.project import Limits
from trimtab.errors import Stalled
from trimtab.model.application import Destination
from trimtab.model.appproject import AppProject, default_project
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_CM, IN_CLUSTER_NAME, IN_CLUSTER_SERVER, SECRET_TYPE_LABEL
from trimtab.render import yaml
from trimtab.server.auth.secrets import secret_data
from trimtab.server.served import Served

DEFAULT = "default"


def project_in_force(served: Served, name: str) -> AppProject | None:
    """None where there is no such project, or it cannot be read. `default` needs no object. Raises Stalled."""
    projects = served.configuration.projects
    project = projects.get(name)
    if project is None:
        is_there = served.configuration.object("AppProject", name) is not None
        return default_project(served.namespace) if name == DEFAULT and not is_there else None
    return inheriting(project, globals_of(served), projects)


def limits_in_force(served: Served, name: str, destination: Destination) -> Limits | None:
    """What the project permits there; None where there is no such project. Raises Stalled."""
    project = project_in_force(served, name)
    if project is None:
        return None
    here = destination.server == IN_CLUSTER_SERVER or destination.name == IN_CLUSTER_NAME
    own = own_clusters(served, name)
    return Limits(
        project=project,
        server=IN_CLUSTER_SERVER if here else destination.server,
        cluster=IN_CLUSTER_NAME if here else destination.name,
        own_clusters=frozenset(text for data in own for text in (data.get("server"), data.get("name")) if text),
    )


def global_projects_of(served: Served, project: AppProject) -> Iterator[AppProject]:
    """The projects that `project` inherits from. Raises Stalled."""
    projects = served.configuration.projects
    for each in globals_of(served):
        above = projects.get(each.project_name)
        if above is not None and inheriting(project, (each,), projects) is not project:
            yield above


def globals_of(served: Served) -> tuple[GlobalProject, ...]:
    """`globalProjects` of argocd-cm. Raises Stalled where they cannot be read: what they forbid is not known then."""
    text = served.configuration.config_map(ARGOCD_CM).get("globalProjects", "")
    try:
        return read_global_projects(yaml.load(text, origin="globalProjects of argocd-cm")) if text else ()
    except ValueError as error:
        raise Stalled(str(error), reason="InvalidConfiguration") from error


def own_clusters(served: Served, project: str) -> Iterator[dict[str, str]]:
    """What the Secrets of the clusters say that only `project` may use."""
    for secret in served.configuration.objects("Secret").values():
        data = _cluster(secret)
        if data.get("project") == project:
            yield data


def _cluster(secret: Manifest) -> dict[str, str]:
    if (secret["metadata"].get("labels") or {}).get(SECRET_TYPE_LABEL) != "cluster":
        return {}
    return {name: value.decode(errors="replace") for name, value in secret_data(secret).items()}
