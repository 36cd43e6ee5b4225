"""What docs/login.md shows of single sign-on is read as it says."""

import re
from pathlib import Path

from tests.server.auth_sso.place import Place
from trimtab.access.sso import GitHub, Oidc, Organisation
from trimtab.render import yaml

LOGIN = Path(__file__).parents[3] / "docs/login.md"


def apply(place: Place, chapter: str) -> None:
    """Write the objects that a chapter shows."""
    text = LOGIN.read_text().partition(f"## {chapter}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        manifest = yaml.load(block, origin=str(LOGIN))
        data = manifest.get("data") or manifest["stringData"]
        labels = manifest["metadata"].get("labels", {})
        place.configuration.write(manifest["kind"], manifest["metadata"]["name"], data, labels=labels)


async def test_github(place: Place) -> None:
    apply(place, "Single sign-on with GitHub")
    (provider,) = place.served.sign_on.config.providers
    assert isinstance(provider, GitHub)
    assert provider.orgs == (Organisation(name="acme", id=4711, teams=("platform", "on-call")),)
    assert len(provider.client_secret) == 40
    assert place.problems == ()


async def test_openid_connect(place: Place) -> None:
    place.secret(**{"oidc.okta.clientSecret": "s3cret"})
    apply(place, "Single sign-on with OpenID Connect")
    (provider,) = place.served.sign_on.config.providers
    assert isinstance(provider, Oidc)
    assert (provider.name, provider.client_secret) == ("Okta", "s3cret")
    assert place.problems == ()


def test_every_key_that_is_read_is_told_of() -> None:
    text = LOGIN.read_text()
    sources = Path(__file__).parents[3].glob("trimtab/access/sso_*.py")
    keys = {
        key
        for path in sources
        for key in re.findall(
            r'(?:config|section)\.(?:text|texts|flag|url|mapping|sections)\("(\w+)"', path.read_text()
        )
    }
    known_elsewhere = {"name", "org", "insecureEnableGroups", "getUserInfo", "scopes", "azure"}
    assert {key for key in keys - known_elsewhere if f"`{key}`" not in text} == set()
