"""The build environment."""

import pytest

from trimtab.model.application import ApplicationSource
from trimtab.render.environment import build_environment, substituted
from trimtab.render.request import RenderRequest

VARIABLES = build_environment(
    RenderRequest(
        source=ApplicationSource(repo_url="https://git.example.com/r.git", path="deploy", target_revision="main"),
        app_name="web",
        instance="team_web",
        namespace="prod",
        project="shop",
        revision="0123456789abcdef0123456789abcdef01234567",
        kube_version="1.36.3",
        api_versions=("v1", "apps/v1"),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$ARGOCD_APP_NAME", "team_web"),
        ("a-${ARGOCD_APP_NAMESPACE}-b", "a-prod-b"),
        ("$ARGOCD_APP_PROJECT_NAME/$ARGOCD_APP_SOURCE_PATH", "shop/deploy"),
        ("$ARGOCD_APP_REVISION_SHORT $ARGOCD_APP_REVISION_SHORT_8", "0123456 01234567"),
        ("$ARGOCD_APP_SOURCE_REPO_URL@$ARGOCD_APP_SOURCE_TARGET_REVISION", "https://git.example.com/r.git@main"),
        ("$KUBE_VERSION $KUBE_API_VERSIONS", "1.36.3 v1,apps/v1"),
        ("$UNKNOWN|${UNKNOWN}|", "||"),
        ("$$HOME costs 5$", "$HOME costs 5$"),
        ("none", "none"),
    ],
)
def test_substituted(text: str, expected: str) -> None:
    assert substituted(text, VARIABLES) == expected
