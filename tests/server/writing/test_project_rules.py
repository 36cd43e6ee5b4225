"""What an AppProject has to hold to."""

from typing import Any

import pytest

from trimtab.model.appproject import AppProjectSpec
from trimtab.model.keys import Manifest
from trimtab.model.roundtrip import decode
from trimtab.server.failures import Failure
from trimtab.server.writing.project_rules import check_spec

READS = "p, proj:team:ci, applications, get, team/*, allow"


def a_role(name: str = "ci", **more: Any) -> Manifest:
    return {"name": name, "policies": [f"p, proj:team:{name}, applications, sync, team/*, allow"], **more}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"sourceRepos": ["a", "a"]}, "source repository 'a' already added"),
        ({"sourceRepos": ["!*"]}, "source repository has an invalid format, '!*'"),
        ({"sourceRepos": ["[a"]}, "malformed"),
        ({"destinations": [{"server": "a", "namespace": "b"}] * 2}, "destination 'a/b' already added"),
        ({"destinations": [{"server": "!*", "namespace": "b"}]}, "server has an invalid format, '!*'"),
        ({"destinations": [{"server": "a", "namespace": "!*"}]}, "namespace has an invalid format, '!*'"),
        ({"destinations": [{"namespace": "b"}]}, "server or name"),
        ({"description": "a" * 256}, "255"),
        ({"roles": [a_role(), a_role()]}, "role 'ci' already added"),
        ({"roles": [a_role("c i")]}, "invalid role name 'c i'"),
        ({"roles": [{"name": "ci", "groups": ["a,b"]}]}, "group 'a,b'"),
        ({"roles": [{"name": "ci", "groups": ["a\nb"]}]}, "group 'a b'"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:other:ci, applications, get, team/*, allow"]}]}, "subject"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, get, other/*, allow"]}]}, "object"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, get, *, allow"]}]}, "object"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, get, team*/x, allow"]}]}, "object"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:team:ci, accounts, get, team/*, allow"]}]}, "resource"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, fly, team/*, allow"]}]}, "'fly'"),
        ({"roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, get, team/*, yes"]}]}, "effect"),
        ({"roles": [{"name": "ci", "policies": ["g, eve, role:admin"]}]}, "must be of the form"),
        ({"roles": [{"name": "ci", "policies": [f"{READS}\ng, eve, role:admin"]}]}, "must be of the form"),
        ({"syncWindows": [{"kind": "allow", "schedule": "soon", "duration": "1h", "applications": ["*"]}]}, "cron"),
        ({"syncWindows": [{"kind": "maybe", "schedule": "* * * * *", "duration": "1h"}]}, "neither allow nor deny"),
        ({"syncWindows": [{"kind": "allow", "schedule": "* * * * *", "duration": "long"}]}, "duration"),
        ({"destinationServiceAccounts": [{"server": "a", "defaultServiceAccount": "*"}]}, "defaultServiceAccount"),
    ],
)  # fmt: skip
def test_projects_that_cannot_be(spec: Manifest, said: str) -> None:
    with pytest.raises(Failure) as caught:
        check_spec("team", decode(AppProjectSpec, spec))
    assert (caught.value.status, caught.value.code) == (400, 3)
    assert caught.value.message.startswith("project team is invalid: ")
    assert said in caught.value.message


def test_a_project_that_uses_all_there_is() -> None:
    policies = [
        "p, proj:team:ci, applications, *, team/*, allow",
        "p, proj:team:ci, applications, action/apps/Deployment/restart, team/shop, deny",
        "p,proj:team:ci,logs,get,team/*,allow",
        "p, proj:team:ci, clusters, get, team/*, allow",
        'p, proj:team:ci, repositories, create, "team/*", allow',
    ]
    spec = {
        "description": "ours",
        "sourceRepos": ["https://ours.example/*", "!https://ours.example/secret"],
        "destinations": [{"server": "*", "namespace": "team-*"}, {"name": "!prod", "namespace": "*"}],
        "roles": [{"name": "ci", "policies": policies, "groups": ["acme:team", "Team of Ada"]}, {"name": "x_1-y"}],
        "syncWindows": [
            {"kind": "deny", "schedule": "@daily", "duration": "1h30m", "timeZone": "Europe/Berlin", "clusters": ["*"]},
            {"kind": "allow", "schedule": "0 22 * * 1-5", "duration": "1h", "applications": ["a*"]},
        ],
        "sourceNamespaces": ["team-*"],
        "destinationServiceAccounts": [{"server": "*", "namespace": "*", "defaultServiceAccount": "ns:deployer"}],
    }
    check_spec("team", decode(AppProjectSpec, spec))
