"""What a project permits: sources, destinations, kinds; and what it inherits."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.access.builders import a_project
from trimtab.access.global_projects import inheriting, read_global_projects
from trimtab.access.project import (
    Limits,
    Place,
    application_refusals,
    destination_refusal,
    kind_refusal,
    namespace_refusal,
    normal_url,
    source_refusal,
)
from trimtab.model.application import Application, ApplicationSource, ApplicationSpec, Destination, Metadata
from trimtab.model.appproject import AppProject, ResourcePattern, SyncWindow, default_project
from trimtab.model.keys import ObjectKey

DEPLOYMENT = ObjectKey(group="apps", kind="Deployment", namespace="shop", name="web")
NAMESPACE = ObjectKey(group="", kind="Namespace", namespace="", name="team-shop")


def a_kind(text: str, name: str = "") -> ResourcePattern:
    group, _, kind = text.rpartition("/")
    return ResourcePattern(group=group, kind=kind, name=name)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Git.example/Acme/shop.git", "https://git.example/acme/shop"),
        ("git@git.example:acme/shop.git", "git@git.example/acme/shop"),
        ("ssh://git@git.example/acme/shop", "git@git.example/acme/shop"),
        ("git@git.example:acme/*", "git@git.example/acme/*"),
        ("oci://registry.example/charts", "oci://registry.example/charts"),
        ("*", "*"),
    ],
)
def test_spellings_of_a_repository(url: str, normal: str) -> None:
    assert normal_url(url) == normal


@pytest.mark.parametrize(
    ("patterns", "url", "permitted"),
    [
        (("*",), "https://git.example/acme/shop", True),
        ((), "https://git.example/acme/shop", False),
        (("https://git.example/acme/*",), "https://git.example/acme/shop.git", True),
        (("https://git.example/acme/*",), "https://git.example/acme/team/shop", False),
        (("https://git.example/acme/**",), "https://git.example/acme/team/shop", True),
        (("https://git.example/*",), "https://git.example.evil.example/shop", False),
        (("https://git.example/{acme,beta}/*",), "https://git.example/beta/shop", True),
        (("git@git.example:acme/*",), "ssh://git@git.example/acme/shop.git", True),
        (("*", "!https://git.example/acme/secret"), "https://git.example/acme/secret.git", False),
        (("*", "!https://git.example/acme/secret"), "https://git.example/acme/shop", True),
        (("!https://git.example/acme/secret", "*"), "https://git.example/acme/secret", False),
        (("!https://git.example/acme/secret",), "https://git.example/acme/shop", True),
        (("!https://git.example/acme/secret",), "https://git.example/acme/secret", False),
        (("https://git.example/*", "!https://git.example/secret"), "https://other.example/shop", False),
        (("https://git.example/[acme",), "https://git.example/a", False),
        (("*", "!https://git.example/[acme"), "https://git.example/a", False),
    ],
)
def test_sources(patterns: tuple[str, ...], url: str, *, permitted: bool) -> None:
    refusal = source_refusal(a_project(source_repos=patterns), ApplicationSource(repo_url=url))
    assert (refusal == "") is permitted
    assert permitted or ("project shop" in refusal and "\n" not in refusal)


def test_why_a_source_is_refused() -> None:
    project = a_project(source_repos=("https://git.example/*", "!https://git.example/secret"))
    denied = source_refusal(project, ApplicationSource(repo_url="https://git.example/secret"))
    foreign = source_refusal(project, ApplicationSource(repo_url="https://ada:pa55@other.example/x?token=1"))
    assert denied == (
        "source https://git.example/secret is denied by sourceRepos !https://git.example/secret of project shop"
    )
    assert foreign == (
        "source https://other.example/x is not permitted in project shop; "
        "add it to the project's sourceRepos, or use another project"
    )


def to(server: str = "", namespace: str = "*", name: str = "") -> Destination:
    return Destination(server=server, name=name, namespace=namespace)


@pytest.mark.parametrize(
    ("destinations", "permitted"),
    [
        ((), False),
        ((to("*"),), True),
        ((to("https://prod.example", "shop"),), True),
        ((to("https://prod.example", "sh*"),), True),
        ((to("https://prod.example", "other"),), False),
        ((to("https://dev.example"),), False),
        ((to(name="prod"),), True),
        ((to(name="pr*"),), True),
        ((to(name="dev"),), False),
        ((to("*"), to("!https://prod.example")), False),
        ((to("*"), to("*", "!shop")), False),
        ((to("*"), to("https://dev.example", "!shop")), False),
        ((to("*", "!kube-*"),), True),
        ((to("!https://dev.example"),), True),
        ((to("*"), to(name="!prod")), False),
        ((to("*", "[shop"),), False),
        ((to("*"), to("*", "![shop")), False),
    ],
)
def test_destinations(destinations: tuple[Destination, ...], *, permitted: bool) -> None:
    place = Place(server="https://prod.example", name="prod", namespace="shop")
    refusal = destination_refusal(a_project(destinations=destinations), place)
    assert (refusal == "") is permitted


def test_a_cluster_whose_name_is_not_known_could_be_the_one_that_is_denied() -> None:
    project = a_project(destinations=(to("*"), to(name="!prod")))
    assert "denied" in destination_refusal(project, Place(server="https://x.example", namespace="shop"))


def test_a_project_may_insist_on_its_own_clusters() -> None:
    project = a_project(destinations=(to("*"),), permit_only_project_scoped_clusters=True)
    place = Place(server="https://prod.example", name="prod", namespace="shop")
    assert "permits its own clusters only, and prod is none" in destination_refusal(project, place)
    assert destination_refusal(project, place, {"https://prod.example"}) == ""


@pytest.mark.parametrize(
    ("lists", "key", "permitted"),
    [
        ({}, DEPLOYMENT, True),
        ({}, NAMESPACE, False),
        ({"cluster_resource_whitelist": (a_kind("*/*"),)}, NAMESPACE, True),
        ({"cluster_resource_whitelist": (a_kind("Namespace"),)}, NAMESPACE, True),
        ({"cluster_resource_whitelist": (a_kind("Namespace", "team-*"),)}, NAMESPACE, True),
        ({"cluster_resource_whitelist": (a_kind("Namespace", "kube-*"),)}, NAMESPACE, False),
        ({"cluster_resource_whitelist": (a_kind("apps/Namespace"),)}, NAMESPACE, False),
        (
            {"cluster_resource_whitelist": (a_kind("*/*"),), "cluster_resource_blacklist": (a_kind("Name*"),)},
            NAMESPACE,
            False,
        ),
        ({"namespace_resource_whitelist": ()}, DEPLOYMENT, False),
        ({"namespace_resource_whitelist": (a_kind("apps/*"),)}, DEPLOYMENT, True),
        ({"namespace_resource_whitelist": (a_kind("apps/Stateful*"),)}, DEPLOYMENT, False),
        ({"namespace_resource_blacklist": (a_kind("apps/Deployment"),)}, DEPLOYMENT, False),
        ({"namespace_resource_blacklist": (a_kind("Deployment"),)}, DEPLOYMENT, True),
        ({"namespace_resource_blacklist": (a_kind("apps/[Dep"),)}, DEPLOYMENT, False),
        ({"namespace_resource_whitelist": (a_kind("apps/[Dep"),)}, DEPLOYMENT, False),
        ({"cluster_resource_blacklist": (a_kind("*/*"),)}, DEPLOYMENT, True),
    ],
)
def test_kinds(lists: dict[str, Any], key: ObjectKey, *, permitted: bool) -> None:
    refusal = kind_refusal(a_project(**lists), key)
    assert (refusal == "") is permitted
    assert permitted or refusal.endswith(("of project shop", "Whitelist"))


def test_an_object_in_a_namespace_that_is_not_permitted_is_none() -> None:
    limits = Limits(project=a_project(destinations=(to("*", "shop"),)), server="https://k8s.example")
    assert limits.object_refusal(DEPLOYMENT) == ""
    elsewhere = ObjectKey(group="apps", kind="Deployment", namespace="kube-system", name="web")
    assert "namespace kube-system of https://k8s.example is not permitted" in limits.object_refusal(elsewhere)
    assert limits.refused([DEPLOYMENT, elsewhere, NAMESPACE]) == {elsewhere, NAMESPACE}


@pytest.mark.parametrize(
    ("patterns", "namespace", "permitted"),
    [
        ((), "argocd", True),
        ((), "team-a", False),
        (("team-*",), "team-a", True),
        (("/^team-[ab]$/",), "team-a", True),
        (("/^team-[ab]$/",), "team-c", False),
        (("/[/",), "team-a", False),
    ],
)
def test_where_applications_may_be_declared(patterns: tuple[str, ...], namespace: str, *, permitted: bool) -> None:
    refusal = namespace_refusal(a_project(source_namespaces=patterns), namespace, control="argocd")
    assert (refusal == "") is permitted


def test_all_that_is_wrong_with_an_application_is_said_at_once() -> None:
    source = ApplicationSource(repo_url="https://git.example/shop")
    app = Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name="web", namespace="team-a"),
        spec=ApplicationSpec(source=source, destination=to("https://k8s.example", "shop")),
    )

    def refusals(project: AppProject) -> tuple[str, ...]:
        limits = Limits(project=project, server="https://k8s.example", cluster="k8s")
        return application_refusals(app, (source,), limits, control="argocd")

    assert len(refusals(a_project())) == 3
    assert refusals(a_project(source_repos=("*",), destinations=(to("*"),), source_namespaces=("*",))) == ()
    assert refusals(default_project("argocd"))[0].startswith("applications of project default may not be declared")


def test_the_default_project_refuses_nothing() -> None:
    limits = Limits(project=default_project("argocd"), server="https://k8s.example")
    assert limits.object_refusal(DEPLOYMENT) == limits.object_refusal(NAMESPACE) == ""


def labelled(name: str, labels: dict[str, str], **spec: Any) -> AppProject:
    project = a_project(name, **spec)
    return replace(project, metadata=replace(project.metadata, labels=labels))


WINDOW = SyncWindow(kind="deny", schedule="0 22 * * *", duration="1h", applications=("*",))
BASE = a_project(
    "base",
    source_repos=("https://git.example/base",),
    cluster_resource_blacklist=(a_kind("*/*"),),
    namespace_resource_whitelist=(a_kind("apps/*"),),
    sync_windows=(WINDOW,),
)


@pytest.mark.parametrize(
    ("selector", "inherits"),
    [
        ({}, True),
        ({"matchLabels": {"team": "shop"}}, True),
        ({"matchLabels": {"team": "ops"}}, False),
        ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["shop", "ops"]}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["shop"]}]}, False),
        ({"matchExpressions": [{"key": "team", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "stage", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "stage", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "Like"}]}, False),
    ],
)
def test_a_project_inherits_from_the_global_ones_that_select_it(selector: dict[str, Any], *, inherits: bool) -> None:
    globals_ = read_global_projects([{"labelSelector": selector, "projectName": "base"}])
    project = labelled("shop", {"team": "shop"}, source_repos=("https://git.example/shop",))
    spec = inheriting(project, globals_, {"base": BASE}).spec
    assert (spec.sync_windows == (WINDOW,)) is inherits
    assert (spec.namespace_resource_whitelist == (a_kind("apps/*"),)) is inherits
    assert spec.source_repos == ("https://git.example/shop", *(["https://git.example/base"] if inherits else []))


def test_a_global_project_that_does_not_exist_or_is_oneself_adds_nothing() -> None:
    globals_ = read_global_projects([{"labelSelector": {}, "projectName": "base"}])
    assert inheriting(BASE, globals_, {"base": BASE}) == BASE
    assert inheriting(a_project(), globals_, {}) == a_project()
    assert inheriting(a_project(), globals_, {"base": a_project("base")}).spec.namespace_resource_whitelist is None


@pytest.mark.parametrize("value", ["text", [1], [{"labelSelector": {}}], [{"projectName": 3}]])
def test_global_projects_that_cannot_be_read(value: Any) -> None:
    with pytest.raises(ValueError, match="globalProjects of argocd-cm cannot be read"):
        read_global_projects(value)
    assert read_global_projects(None) == ()
