"""What tests say about people, organisations and teams; and the tokens of people."""

import datetime as dt
import secrets

from trimtab.fakegithub import payloads
from trimtab.fakegithub.credentials import Kind, Token, new_value
from trimtab.fakegithub.hook_world import Hooks
from trimtab.fakegithub.people import Organisation, Team, User


class People(Hooks):
    """Verbs."""

    def user(self, login: str, **details: str | bool) -> User:
        """Somebody registers."""
        self.users[login] = User(id=self.new_id(), login=login, **details)  # type: ignore[arg-type]
        return self.users[login]

    def organisation(
        self, login: str, *members: str, pending: tuple[str, ...] = (), owners: tuple[str, ...] = ()
    ) -> Organisation:
        """Somebody registers an organisation; the name has to be free. Owners are members, too."""
        assert login not in self.organisations, f"{login} is taken"
        states = dict.fromkeys((*members, *owners), "active") | dict.fromkeys(pending, "pending")
        self.organisations[login] = Organisation(self.new_id(), login, states, set(owners))
        return self.organisations[login]

    def team(self, organisation: str, name: str, *members: str) -> Team:
        """A team; its slug is made of its name."""
        slug = name.lower().replace(" ", "-")
        team = Team(self.new_id(), self.organisations[organisation], slug, name, set(members))
        self.teams.append(team)
        return team

    def find_team(self, organisation: str, slug: str) -> Team | None:
        return next((one for one in self.teams if (one.organisation.login, one.slug) == (organisation, slug)), None)

    def join(self, team: Team, login: str) -> None:
        """Somebody is added to a team."""
        team.members.add(login)
        self.tell_organisation(team.organisation, "membership", payloads.membership(self, team, login, "added"))

    def leave(self, team: Team, login: str) -> None:
        """Somebody is removed from a team."""
        team.members.discard(login)
        self.tell_organisation(team.organisation, "membership", payloads.membership(self, team, login, "removed"))

    def remove(self, organisation: str, login: str) -> None:
        """Somebody is removed from an organisation, and so from its teams."""
        found = self.organisations[organisation]
        del found.members[login]
        found.owners.discard(login)
        for team in self.teams:
            if team.organisation is found and login in team.members:
                self.leave(team, login)
        self.tell_organisation(found, "organization", payloads.member_removed(self, found, login))

    def rename(self, organisation: str, login: str) -> None:
        """An organisation takes another name; the old one is free."""
        found = self.organisations.pop(organisation)
        found.login = login
        self.organisations[login] = found

    def memberships(self, user: str) -> list[tuple[Organisation, str]]:
        """(organisation, state) of each that somebody is in or invited to."""
        found = self.organisations.values()
        return [(one, one.members[user]) for one in found if user in one.members]

    def log_in(self, login: str) -> str:
        """Somebody logs in with a browser: the value of the cookie `user_session`."""
        cookie = secrets.token_hex(16)
        self.sessions[cookie] = login
        return cookie

    def token(self, user: str, *scopes: str, app: str = "") -> str:
        """A new token of an OAuth App."""
        return self.keep(Token(new_value(Kind.OAUTH.value), Kind.OAUTH, user=user, scopes=scopes, app=app))

    def personal_token(self, user: str, *scopes: str, seconds: float | None = None) -> str:
        """A classic personal access token."""
        value = new_value(Kind.CLASSIC.value)
        return self.keep(Token(value, Kind.CLASSIC, user=user, scopes=scopes, expires_at=self._ends(seconds)))

    def fine_grained_token(
        self,
        user: str,
        owner: str,
        *,
        permissions: dict[str, str],
        repositories: tuple[str, ...] | None = None,
        seconds: float | None = 30 * 86400,
    ) -> str:
        """A fine-grained personal access token for repositories (names; None: all) of one owner."""
        chosen = None
        if repositories is not None:
            chosen = frozenset(self.repositories[f"{owner}/{name}"].id for name in repositories)
        return self.keep(
            Token(
                new_value(Kind.FINE_GRAINED.value),
                Kind.FINE_GRAINED,
                user=user,
                owner=owner,
                permissions={"metadata": "read"} | permissions,
                repositories=chosen,
                expires_at=self._ends(seconds),
            )
        )

    def keep(self, token: Token) -> str:
        self.tokens[token.value] = token
        return token.value

    def forget(self, value: str) -> None:
        """A token is deleted; the deploy keys that it made go with it, unless an App made them.

        https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys
        """
        del self.tokens[value]
        for repository in self.repositories.values():
            repository.keys[:] = [key for key in repository.keys if key.dies_with != value]
        self.doors_changed()

    def revoke(self, user: str) -> None:
        """A person takes back the access of all applications."""
        for value in [value for value, one in self.tokens.items() if one.user == user and one.app_made]:
            self.forget(value)
        for login, client_id in [key for key in self.authorised if key[0] == user]:
            del self.authorised[login, client_id]
            for app in self.github_apps.values():
                if app.client_id == client_id:
                    self.tell_app(app, "github_app_authorization", payloads.authorization_revoked(self, login))

    def _ends(self, seconds: float | None) -> dt.datetime | None:
        return None if seconds is None else self.clock.now() + dt.timedelta(seconds=seconds)
