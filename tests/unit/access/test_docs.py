"""docs/rbac.md: what its configurations say is what it says that they say."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.access.builders import may
from trimtab.access.builtin import ACTIONS, is_known
from trimtab.access.enforcer import Enforcer
from trimtab.access.global_projects import inheriting, read_global_projects
from trimtab.access.policy import parse_policy, project_rules
from trimtab.access.project import Limits, Place, destination_refusal, source_refusal
from trimtab.access.windows import state, window_problem, windows_for
from trimtab.model.application import Application, ApplicationSource, ApplicationSpec, Destination, Metadata
from trimtab.model.appproject import AppProject
from trimtab.model.keys import ObjectKey
from trimtab.model.names import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from trimtab.model.roundtrip import decode, encode
from trimtab.render.yaml import load

PAGE = (Path(__file__).parents[3] / "docs/rbac.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
OBJECTS = {one["metadata"]["name"]: one for kind, text in BLOCKS if kind == "yaml" for one in [load(text, origin="")]}
PROJECT = decode(AppProject, OBJECTS["shop"])
RULES, PROBLEMS = parse_policy(OBJECTS["argocd-rbac-cm"]["data"])
LIMITS = Limits(project=PROJECT, server=IN_CLUSTER_SERVER, cluster=IN_CLUSTER_NAME)


def lines(kind: str) -> list[tuple[str, str]]:
    """(question, answer) of the blocks of a kind."""
    text = "".join(body for name, body in BLOCKS if name == kind)
    found = [line.split(" → ") for line in text.splitlines()]
    assert found
    return [(question, answer) for question, answer in found]


def test_every_configuration_is_read_without_complaint() -> None:
    assert set(OBJECTS) == {"argocd-rbac-cm", "shop", "argocd-cm"}
    assert PROBLEMS == ()
    assert RULES.scopes == ("groups", "email")
    assert project_rules(PROJECT)[2] == ()
    assert encode(PROJECT) == OBJECTS["shop"]
    assert [window_problem(window) for window in PROJECT.spec.sync_windows] == ["", ""]


@pytest.mark.parametrize(("question", "answer"), lines("rights"))
def test_rights(question: str, answer: str) -> None:
    found = re.fullmatch(r"(.*?)(?: \((.*)\))?: (\w.*)", question)
    assert found is not None
    name, group, what = found.groups()
    by = Enforcer(RULES, [PROJECT])
    assert may(by, name, what, groups=(group or "",)) is (answer == "yes")


@pytest.mark.parametrize(("question", "answer"), lines("permits"))
def test_what_the_project_permits(question: str, answer: str) -> None:
    assert (_refusal(*question.split(" ")) == "") is (answer == "yes")


def _refusal(what: str, *words: str) -> str:
    match what, words:
        case "source", (url,):
            return _source(url)
        case "destination", (cluster, namespace):
            return _destination(cluster, namespace)
        case "object", (kind, name):
            return _object(kind, name)
    raise AssertionError(what)


def _source(url: str) -> str:
    return source_refusal(PROJECT, ApplicationSource(repo_url=url))


def _destination(cluster: str, namespace: str) -> str:
    assert cluster == IN_CLUSTER_NAME
    return destination_refusal(PROJECT, Place(server=IN_CLUSTER_SERVER, name=cluster, namespace=namespace))


def _object(kind: str, name: str) -> str:
    group, _, kind = kind.rpartition("/")
    namespace, _, name = name.rpartition("/")
    return LIMITS.object_refusal(ObjectKey(group=group, kind=kind, namespace=namespace, name=name))


@pytest.mark.parametrize(("question", "answer"), lines("windows"))
def test_windows(question: str, answer: str) -> None:
    moment, name = question.split(" ")
    app = Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name=name),
        spec=ApplicationSpec(destination=Destination(name=IN_CLUSTER_NAME, namespace="shop")),
    )
    now = state(windows_for(app, PROJECT), dt.datetime.fromisoformat(moment))
    rights = (now.may_sync(manually=False), now.may_sync(manually=True))
    assert rights == {"open": (True, True), "people only": (False, True), "closed": (False, False)}[answer]


def test_a_broken_policy_is_complained_of_in_these_words() -> None:
    texts = dict(BLOCKS)
    _, problems = parse_policy({"policy.csv": texts["policy"]})
    assert list(map(str, problems)) == texts["problems"].splitlines()


def test_every_resource_and_action_is_told_and_no_other() -> None:
    told: dict[str, set[str]] = {}
    for resources, actions in re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| (`.*`) \|$", PAGE, re.MULTILINE):
        for resource in re.findall(r"`([^`]+)`", resources):
            told[resource] = set(re.findall(r"`([^`]+)`", actions))
    assert all(is_known(resource, action) for resource, actions in told.items() for action in actions)
    assert [resource for resource, actions in ACTIONS.items() if set(actions) - told[resource]] == []


def test_the_project_inherits_from_the_global_one() -> None:
    text = OBJECTS["argocd-cm"]["data"]["globalProjects"]
    above: dict[str, Any] = {**OBJECTS["shop"], "metadata": {"name": "restricted"}, "spec": {"sourceRepos": ["x"]}}
    found = inheriting(
        PROJECT, read_global_projects(load(text, origin="")), {"restricted": msgspec.convert(above, AppProject)}
    )
    assert found.spec.source_repos == (*PROJECT.spec.source_repos, "x")
