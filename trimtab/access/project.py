"""What a project permits its applications: sources, destinations, kinds, and namespaces to be declared in.

Each question is answered by a reason why not, one line, "" where nothing speaks against it. What cannot be read (a
malformed glob) permits nothing, and denies what it stands for.
"""

from collections.abc import Collection, Iterable

import re2
from msgspec import Struct

from trimtab.model.application import Application, ApplicationSource
from trimtab.model.appproject import AppProject, ResourcePattern
from trimtab.model.globs import matches
from trimtab.model.keys import ObjectKey

DENY = "!"


class Place(Struct, frozen=True, kw_only=True):
    """A cluster by its URL and by its name, where both are known, and a namespace of it."""

    server: str
    name: str = ""
    namespace: str

    def __str__(self) -> str:
        return f"namespace {self.namespace or '(none)'} of {self.name or self.server}"


class Limits(Struct, frozen=True, kw_only=True):
    """A project and the cluster that the question is about. `own_clusters`: names and URLs of the project's own."""

    project: AppProject
    server: str
    cluster: str = ""
    own_clusters: frozenset[str] = frozenset()

    def object_refusal(self, key: ObjectKey) -> str:
        """Why an application may not have this object. Its kind, and the namespace it is in, have to be permitted."""
        return kind_refusal(self.project, key) or self._namespace_refusal(key.namespace)

    def refused(self, keys: Collection[ObjectKey]) -> frozenset[ObjectKey]:
        """Those of many objects that an application may not have."""
        closed = {namespace for namespace in {key.namespace for key in keys} if self._namespace_refusal(namespace)}
        return frozenset(key for key in keys if key.namespace in closed or kind_refusal(self.project, key))

    def _namespace_refusal(self, namespace: str) -> str:
        place = Place(server=self.server, name=self.cluster, namespace=namespace)
        return destination_refusal(self.project, place, self.own_clusters) if namespace else ""


def source_refusal(project: AppProject, source: ApplicationSource) -> str:
    """Why no application of the project may come from there.

    A rule with `!` denies, and permits nothing by itself; a list of nothing else permits all that it does not deny.
    """
    url, rules = normal_url(source.repo_url), project.spec.source_repos
    denials = [rule for rule in rules if rule.startswith(DENY)]
    for rule in denials:
        if _fits(normal_url(rule.removeprefix(DENY)), url, separator="/", malformed=True):
            return f"source {_shown(source.repo_url)} is denied by sourceRepos {rule} of {_named(project)}"
    permissions = [normal_url(rule) for rule in rules if not rule.startswith(DENY)] or (["*"] if denials else [])
    if any(_fits(rule, url, separator="/", malformed=False) for rule in permissions):
        return ""
    return (
        f"source {_shown(source.repo_url)} is not permitted in {_named(project)}; "
        "add it to the project's sourceRepos, or use another project"
    )


def destination_refusal(project: AppProject, place: Place, own_clusters: Collection[str] = ()) -> str:
    """Why no application of the project may go there.

    An entry permits the places that fit all of its parts. A part with `!` fits what it does not deny, and no other
    entry can permit what it denies.
    """
    permitted = False
    for item in project.spec.destinations:
        server = _answer(item.server, place.server)
        name = _answer(item.name, place.name)
        namespace = _answer(item.namespace, place.namespace, required=True)
        if "denied" in (server, name, namespace):
            rule = next(p for p in (item.server, item.name, item.namespace) if p.startswith(DENY))
            return f"destination {place} is denied by destinations {rule} of {_named(project)}"
        permitted |= "permitted" in (server, name) and namespace == "permitted"
    if not permitted:
        return (
            f"destination {place} is not permitted in {_named(project)}; "
            "add it to the project's destinations, or use another project"
        )
    if project.spec.permit_only_project_scoped_clusters and not {place.server, place.name} & set(own_clusters):
        return f"{_named(project)} permits its own clusters only, and {place.name or place.server} is none of them"
    return ""


def kind_refusal(project: AppProject, key: ObjectKey) -> str:
    """Why no application of the project may have an object of that kind and name; `namespace` "" is cluster-scoped."""
    spec, what = project.spec, f"{key.group}/{key.kind}" if key.group else key.kind
    if key.namespace:
        listed, denied = spec.namespace_resource_whitelist, spec.namespace_resource_blacklist
        lists = "namespaceResourceWhitelist", "namespaceResourceBlacklist"
    else:
        listed, denied = spec.cluster_resource_whitelist, spec.cluster_resource_blacklist
        lists = "clusterResourceWhitelist", "clusterResourceBlacklist"
    if any(_is_listed(pattern, key, malformed=True) for pattern in denied):
        return f"{what} is denied by {lists[1]} of {_named(project)}"
    if listed is None or any(_is_listed(pattern, key, malformed=False) for pattern in listed):
        return ""
    return f"{what} is not permitted in {_named(project)}; add it to the project's {lists[0]}"


def namespace_refusal(project: AppProject, namespace: str, *, control: str) -> str:
    """Why no Application of the project may be declared in `namespace`. `control` is the control namespace."""
    if namespace == control or any(_names(pattern, namespace) for pattern in project.spec.source_namespaces):
        return ""
    return (
        f"applications of {_named(project)} may not be declared in namespace {namespace}; "
        "add it to the project's sourceNamespaces"
    )


def application_refusals(
    app: Application, sources: Iterable[ApplicationSource], limits: Limits, *, control: str
) -> tuple[str, ...]:
    """All that the project has against the application as it is declared, with `sources`."""
    project, destination = limits.project, app.spec.destination
    place = Place(server=limits.server, name=limits.cluster, namespace=destination.namespace)
    found = (
        namespace_refusal(project, app.metadata.namespace, control=control),
        *(source_refusal(project, source) for source in sources),
        destination_refusal(project, place, limits.own_clusters),
    )
    return tuple(filter(None, found))


def normal_url(url: str) -> str:
    """The same for every spelling of one repository, and fit for patterns: lower case, no `.git`, no `ssh://`."""
    text = url.strip().lower()
    if "://" not in text and "@" in text.partition(":")[0]:
        text = text.replace(":", "/", 1)
    return text.removesuffix(".git").removeprefix("ssh://")


def _answer(pattern: str, text: str, *, required: bool = False) -> str:
    """permitted, denied, or silent. What is not known of a cluster could be what is denied."""
    denies = pattern.startswith(DENY)
    if not text and not required:
        return "denied" if denies else "silent"
    fits = _fits(pattern.removeprefix(DENY), text, malformed=denies)
    if denies:
        return "denied" if fits else "permitted"
    return "permitted" if fits else "silent"


def _is_listed(pattern: ResourcePattern, key: ObjectKey, *, malformed: bool) -> bool:
    parts = ((pattern.group, key.group), (pattern.kind, key.kind), (pattern.name or "*", key.name))
    return all(_fits(glob, text, malformed=malformed) for glob, text in parts)


def _fits(pattern: str, text: str, *, separator: str = "", malformed: bool) -> bool:
    """`*` alone fits everything, separators too."""
    try:
        return pattern == "*" or matches(pattern, text, separator=separator)
    except ValueError:
        return malformed


def _names(pattern: str, namespace: str) -> bool:
    """A glob, or `/a regular expression/`."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            return re2.search(pattern[1:-1], namespace) is not None
        except re2.error:
            return False
    return _fits(pattern, namespace, malformed=False)


def _named(project: AppProject) -> str:
    return f"project {project.metadata.name}"


def _shown(url: str) -> str:
    """Without credentials."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "ssh":
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
