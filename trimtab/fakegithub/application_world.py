"""What tests say about applications: registering, consenting, installing, and the tokens that come of it."""

import datetime as dt
import secrets
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from trimtab.fakegithub import payloads
from trimtab.fakegithub.applications import (
    Conversion,
    GitHubApp,
    Grant,
    Installation,
    InstallationRequest,
    OAuthApp,
    Refresh,
)
from trimtab.fakegithub.credentials import (
    INSTALLATION_SECONDS,
    REFRESH_SECONDS,
    USER_SECONDS,
    Kind,
    Permissions,
    Token,
    new_value,
)
from trimtab.fakegithub.hooks import Hook
from trimtab.fakegithub.people_world import People

CODE_SECONDS = 600
CONVERSION_SECONDS = 3600


class Applications(People):
    """Verbs."""

    def app(self, callback: str, *, name: str = "", url: str = "", owner: str = "") -> OAuthApp:
        """An OAuth App is registered."""
        client_id, secret = f"Ov23{secrets.token_hex(8)}", secrets.token_hex(20)
        app = OAuthApp(client_id, secret, callback, name=name, url=url, owner=owner, id=self.new_id())
        self.apps[app.client_id] = app
        return app

    def application(self, client_id: str) -> OAuthApp | GitHubApp | None:
        """An application of either kind."""
        found = next((one for one in self.github_apps.values() if one.client_id == client_id), None)
        return found or self.apps.get(client_id)

    def grant(self, app: OAuthApp | GitHubApp, user: str, *, redirect_uri: str, scope: str, challenge: str) -> str:
        """Consent: the code that the browser carries back."""
        code = secrets.token_hex(10)
        expires_at = self.clock.monotonic() + CODE_SECONDS
        scopes = () if isinstance(app, GitHubApp) else tuple(scope.replace(",", " ").split())
        self.authorised.setdefault((user, app.client_id), set()).update(scopes)
        self.grants[code] = Grant(app, user, redirect_uri, scopes, challenge, expires_at)
        return code

    def redeem(self, code: str) -> Grant | None:
        """The grant of a code, once, while it is good."""
        grant = self.grants.pop(code, None)
        return grant if grant is not None and self.clock.monotonic() < grant.expires_at else None

    def github_app(self, owner: str, name: str = "Trimtab", **manifest: Any) -> GitHubApp:
        """A GitHub App is registered, with the fields of a manifest."""
        slug = name.lower().replace(" ", "-")
        assert slug not in self.github_apps, f"{name} is taken"
        number, now = self.new_id(), self.clock.now()
        attributes = manifest.get("hook_attributes", {})
        key, public = _key_pair()
        made = GitHubApp(
            id=number,
            slug=slug,
            name=name,
            owner=owner,
            url=manifest.get("url", "https://example.com"),
            created_at=now,
            client_id=f"Iv23{secrets.token_hex(8)}",
            hook=Hook(
                self.new_id(),
                ("integration", number),
                attributes.get("url", ""),
                now,
                now,
                secret=secrets.token_hex(20),
                active=bool(attributes) and attributes.get("active", True),
                content_type="json",
                events=tuple(manifest.get("default_events", ())),
            ),
            client_secret=secrets.token_hex(20),
            pem=key,
            public_key=public,
            description=manifest.get("description", ""),
            public=manifest.get("public", False),
            redirect_url=manifest.get("redirect_url", ""),
            setup_url=manifest.get("setup_url", ""),
            setup_on_update=manifest.get("setup_on_update", False),
            callback_urls=tuple(manifest.get("callback_urls", ())),
            permissions={"metadata": "read"} | manifest.get("default_permissions", {}),
            events=tuple(manifest.get("default_events", ())),
        )
        self.github_apps[slug] = made
        self.ping(made.hook)
        return made

    def conversion(self, app: GitHubApp) -> str:
        """The code at the end of the manifest flow."""
        code = secrets.token_hex(20)
        self.conversions[code] = Conversion(app, self.clock.monotonic() + CONVERSION_SECONDS)
        return code

    def convert(self, code: str) -> GitHubApp | None:
        """The App of a code, once, within the hour."""
        found = self.conversions.pop(code, None)
        return found.app if found is not None and self.clock.monotonic() < found.expires_at else None

    def install(
        self, app: GitHubApp, account: str, *, repositories: tuple[str, ...] | None = None, sender: str = ""
    ) -> Installation:
        """An owner installs an App, on repositories (names) of theirs or on all (None); the App hears of it."""
        chosen = None
        if repositories is not None:
            chosen = {self.repositories[f"{account}/{name}"].id for name in repositories}
        made = Installation(self.new_id(), app, account, self.clock.now(), app.permissions, app.events, chosen)
        self.installations[made.id] = made
        payload = payloads.installation(self, made, "created", sender or self._somebody(account))
        self.tell_app(app, "installation", payload, installation=made.id)
        return made

    def choose(self, installation: Installation, repositories: set[int] | None, *, sender: str = "") -> None:
        """An owner chooses other repositories for an installation; the App hears what was added and removed."""
        before = self.reached(installation)
        installation.repositories = repositories
        after = self.reached(installation)
        for action, numbers in (("added", after - before), ("removed", before - after)):
            if numbers:
                who = sender or self._somebody(installation.account)
                payload = payloads.installation_repositories(self, installation, action, numbers=numbers, sender=who)
                self.tell_app(installation.app, "installation_repositories", payload, installation=installation.id)

    def reached(self, installation: Installation) -> set[int]:
        """The ids of the repositories of an installation."""
        owned = {one.id for one in self.repositories.values() if one.owner == installation.account}
        return owned if installation.repositories is None else owned & installation.repositories

    def approve(self, request: InstallationRequest) -> Installation:
        """An owner grants what somebody asked for."""
        self.requests.remove(request)
        made = self.install(request.app, request.account)
        made.repositories = None if request.repositories is None else set(request.repositories)
        return made

    def uninstall(self, installation: Installation, *, sender: str = "") -> None:
        """An installation ends, and its tokens with it; the deploy keys that it made stay."""
        payload = payloads.installation(self, installation, "deleted", sender or self._somebody(installation.account))
        self.tell_app(installation.app, "installation", payload, installation=installation.id)
        del self.installations[installation.id]
        for value in [value for value, one in self.tokens.items() if one.installation == installation.id]:
            self.forget(value)

    def delete_app(self, app: GitHubApp) -> None:
        """An App is deleted, wherever it is installed."""
        for installation in [one for one in self.installations.values() if one.app is app]:
            self.uninstall(installation)
        for value in [value for value, one in self.tokens.items() if one.app == app.client_id]:
            self.forget(value)
        del self.github_apps[app.slug]

    def installation_token(
        self,
        installation: Installation,
        *,
        permissions: Permissions | None = None,
        repositories: frozenset[int] | None = None,
    ) -> Token:
        """A token of an installation, good for an hour, narrowed to `permissions` and `repositories`."""
        own = None if installation.repositories is None else frozenset(installation.repositories)
        token = Token(
            new_value(Kind.INSTALLATION.value),
            Kind.INSTALLATION,
            app=installation.app.client_id,
            installation=installation.id,
            owner=installation.account,
            permissions=dict(installation.permissions if permissions is None else permissions),
            repositories=own if repositories is None else repositories,
            expires_at=self.clock.now() + dt.timedelta(seconds=INSTALLATION_SECONDS),
        )
        self.keep(token)
        return token

    def user_token(self, app: GitHubApp, user: str) -> tuple[str, str]:
        """What a person's consent gives to an App: a token for eight hours, and one to refresh it with."""
        ends = self.clock.now() + dt.timedelta(seconds=USER_SECONDS)
        value = self.keep(Token(new_value("ghu_"), Kind.USER, user=user, app=app.client_id, expires_at=ends))
        refresh = new_value("ghr_")
        self.refreshes[refresh] = Refresh(app, user, self.clock.monotonic() + REFRESH_SECONDS)
        return value, refresh

    def _somebody(self, account: str) -> str:
        organisation = self.organisations.get(account)
        return min(organisation.owners or organisation.members, default=account) if organisation else account


def _key_pair() -> tuple[str, str]:
    """Private and public key, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
