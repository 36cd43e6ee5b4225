"""What tests say about repositories, and what happens in them."""

from collections.abc import Mapping

from trimtab.fakegithub import git_store, payloads
from trimtab.fakegithub.git_store import Moved, Who
from trimtab.fakegithub.hook_world import Hooks
from trimtab.fakegithub.people import Team
from trimtab.fakegithub.repository import ROLES, DeployKey, Repository


class Repositories(Hooks):
    """Verbs."""

    def repository(
        self,
        full_name: str,
        *,
        private: bool = True,
        files: Mapping[str, str] | None = None,
        branch: str = "main",
        **collaborators: str,
    ) -> Repository:
        """Somebody creates a repository: empty, or with one commit of `files`. Keywords are roles by login."""
        owner, _, name = full_name.partition("/")
        path = self.folder / owner / f"{name}.git"
        git_store.create(path, branch=branch)
        made = Repository(self.new_id(), owner, name, path, self.clock.now(), private=private, default_branch=branch)
        made.collaborators.update(collaborators)
        self.repositories[full_name] = made
        if files is not None:
            git_store.commit_files(path, branch, files, message="Initial commit", who=self.who(owner))
            made.pushed_at = self.clock.now()
        return made

    def give(self, team: Team, full_name: str, permission: str) -> None:
        """A team gets a permission (`pull`, `push`, `admin`, …) on a repository."""
        team.repositories[full_name] = permission

    def protect(self, full_name: str, branch: str, *, protected: bool = True) -> None:
        """A branch changes by pull request only; or freely again."""
        found = self.repositories[full_name]
        (found.protected.add if protected else found.protected.discard)(branch)
        git_store.protect(found.git, found.protected)

    def commit(
        self,
        full_name: str,
        files: Mapping[str, str | None],
        *,
        user: str,
        branch: str = "",
        message: str = "Change files",
    ) -> str:
        """Somebody pushes a commit that writes (or, None, removes) files: its id. Hooks hear of it."""
        found = self.repositories[full_name]
        before = git_store.refs(found.git)
        where = branch or found.default_branch
        sha = git_store.commit_files(found.git, where, files, message=message, who=self.who(user))
        self.pushed(found, git_store.moved(before, git_store.refs(found.git)), user)
        return sha

    def pushed(self, repository: Repository, moves: list[Moved], sender: str) -> None:
        """References changed: open pull requests follow, hooks hear."""
        if moves:
            repository.pushed_at = self.clock.now()
        for move in moves:
            for pull in repository.pulls:
                if pull.state == "open" and f"refs/heads/{pull.head}" == move.ref and move.after != git_store.NOBODY:
                    pull.head_sha = move.after
            if not move.ref.startswith("refs/pull/"):
                self.tell_repository(repository, "push", payloads.push(self, repository, move, sender))

    def deploy_key(
        self, repository: Repository, title: str, key: str, *, read_only: bool, added_by: str, dies_with: str = ""
    ) -> DeployKey:
        """A deploy key is added."""
        made = DeployKey(self.new_id(), title, key, read_only, self.clock.now(), added_by, dies_with)
        repository.keys.append(made)
        self.doors_changed()
        return made

    def remove_key(self, repository: Repository, key: DeployKey) -> None:
        """A deploy key is deleted."""
        repository.keys.remove(key)
        self.doors_changed()

    def ssh_key(self, login: str, key: str) -> None:
        """Somebody adds a key to their account."""
        self.users[login].keys.append(" ".join(key.split()[:2]))
        self.doors_changed()

    def role(self, login: str, repository: Repository) -> str:
        """What somebody may do there at the most, one of `ROLES`."""
        if login == repository.owner:
            return "admin"
        organisation = self.organisations.get(repository.owner)
        roles = ["" if repository.private else "pull", repository.collaborators.get(login, "")]
        if organisation and organisation.owned_by(login):
            return "admin"
        if organisation and organisation.members.get(login) == "active":
            roles.append(organisation.base_permission.replace("none", ""))
            roles += [
                one.repositories.get(repository.full_name, "")
                for one in self.teams
                if one.organisation is organisation and login in one.members
            ]
        return max(roles, key=ROLES.index)

    def who(self, login: str) -> Who:
        """Somebody as the author of a commit."""
        user = self.users.get(login)
        name = (user.name if user else "") or login
        email = (user.email if user else "") or f"{login}@users.noreply.github.com"
        return Who(name, email, self.clock.now())
