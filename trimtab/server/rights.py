"""The rights in force: argocd-rbac-cm and the roles of the AppProjects, read anew whenever they change.

While the policy is broken, only what both its readable lines and the last good one allow is allowed; after a start with
a broken one, what its readable lines allow.
"""

from collections.abc import Mapping

import msgspec

from trimtab.access.enforcer import Enforcer
from trimtab.access.policy import parse_policy
from trimtab.access.rules import Rules
from trimtab.model.appproject import AppProject
from trimtab.model.keys import Manifest
from trimtab.server.last_good import LastGood

POLICY_MAP = "argocd-rbac-cm"


class Rights:
    """`enforcer` answers; `problems` says what is wrong in the policy, () when nothing is."""

    def __init__(self) -> None:
        self._policy: Manifest | None = None
        self._rules = LastGood(Rules())
        self._manifests: dict[str, Manifest] = {}
        self.projects: Mapping[str, AppProject] = {}
        self.enforcer = Enforcer(Rules())

    @property
    def problems(self) -> tuple[str, ...]:
        return self._rules.problems

    @property
    def scopes(self) -> tuple[str, ...]:
        """The claims of single sign-on that hold groups."""
        return self._rules.good.scopes

    def update(self, policy: Manifest | None, projects: Mapping[str, Manifest]) -> None:
        """Take in what the API server says now; cheap when nothing of it has changed."""
        if policy is self._policy and projects == self._manifests:
            return
        if policy is not self._policy:
            rules, problems = parse_policy((policy or {}).get("data") or {})
            self._rules.take(rules, tuple(str(problem) for problem in problems))
            self._policy = policy
        if projects != self._manifests:
            self._manifests = dict(projects)
            self.projects = {name: project for name, one in projects.items() if (project := _readable(one)) is not None}
        self.enforcer = self._made()

    def _made(self) -> Enforcer:
        rules, projects = self._rules, self.projects.values()
        if rules.readable is None:
            return Enforcer(rules.good, projects)
        return Enforcer(rules.readable, projects, last_good=rules.good if rules.known else None)


def _readable(manifest: Manifest) -> AppProject | None:
    """A project that cannot be read grants nothing."""
    try:
        return msgspec.convert(manifest, AppProject)
    except msgspec.ValidationError:
        return None
