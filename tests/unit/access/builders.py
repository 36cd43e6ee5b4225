"""Projects and questions, in the words of policies."""

from typing import Any

from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import parse_policy
from trimtab.access.subject import Subject
from trimtab.model.application import Metadata
from trimtab.model.appproject import AppProject, AppProjectSpec, ProjectRole


def a_project(name: str = "shop", **spec: Any) -> AppProject:
    return AppProject(
        api_version="argoproj.io/v1alpha1",
        kind="AppProject",
        metadata=Metadata(name=name, namespace="argocd"),
        spec=AppProjectSpec(**spec),
    )


def a_role(name: str, *policies: str, groups: tuple[str, ...] = ()) -> ProjectRole:
    return ProjectRole(name=name, policies=policies, groups=groups)


def enforcer(csv: str = "", *projects: AppProject, **data: str) -> Enforcer:
    """By a policy without a flaw."""
    rules, problems = parse_policy({"policy.csv": csv, **{key.replace("_", "."): text for key, text in data.items()}})
    assert not problems, problems
    return Enforcer(rules, projects)


def may(by: Enforcer, name: str, question: str, *, groups: tuple[str, ...] = ()) -> bool:
    """`question` is `RESOURCE ACTION OBJECT`."""
    resource, action, object_ = question.split(" ", 2)
    return by.judge(Subject(name=name, groups=groups), resource, action)(object_)
