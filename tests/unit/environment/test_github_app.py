"""What the GitHub App asks for: for each setting what it needs, and no more."""

import pytest

from tests.unit.environment.builders import an_environment
from trimtab.environment.environment import Feedback, Login
from trimtab.environment.github_app import LONGEST_NAME, app_manifest, app_name, permission_map

QUIET = Feedback(statuses=False, deployments=False, comments=False)
BARE = {"changes": "none", "feedback": QUIET}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({**BARE}, {"administration": "write", "members": "read"}),
        ({**BARE, "access": "githubApp"}, {"contents": "read", "members": "read"}),
        ({**BARE, "access": "githubApp", "login": Login("oidc")}, {"contents": "read"}),
        ({**BARE, "changes": "commit", "access": "githubApp"}, {"contents": "write", "members": "read"}),
        (
            {**BARE, "changes": "pullRequest"},
            {"contents": "write", "pull_requests": "write", "administration": "write", "members": "read"},
        ),
        (
            {**BARE, "feedback": Feedback()},
            {
                "administration": "write",
                "members": "read",
                "statuses": "write",
                "deployments": "write",
                "pull_requests": "write",
            },
        ),
    ],
)
def test_permissions_follow_the_settings(fields: dict[str, object], wanted: dict[str, str]) -> None:
    assert permission_map(an_environment(**fields)) == {"metadata": "read", **wanted}


def test_names_are_short_and_differ_between_clusters() -> None:
    env = an_environment(name="a" * 40)
    names = {app_name(env, cluster) for cluster in ("1b4e28ba-2fa1", "9f8b1c2d-0000")}
    assert len(names) == 2
    assert all(len(name) <= LONGEST_NAME for name in names)


def test_the_manifest_leads_back_to_where_it_came_from() -> None:
    made = app_manifest(an_environment(), cluster="1b4e28ba", page="http://127.0.0.1:8765")
    assert made["redirect_url"] == "http://127.0.0.1:8765/created"
    assert made["setup_url"] == "http://127.0.0.1:8765/installed"
    assert made["callback_urls"] == ["https://argocd.acme.example/api/dex/callback", "http://127.0.0.1/authorized"]
    assert made["hook_attributes"] == {"url": "https://argocd.acme.example/api/webhook", "active": True}
    assert made["public"] is False
