"""Who is told of what: events on their way to the hooks of repositories and Apps."""

import uuid

from trimtab.fakegithub import payloads
from trimtab.fakegithub.applications import GitHubApp, Installation
from trimtab.fakegithub.hooks import Delivery, Hook
from trimtab.fakegithub.people import Organisation
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.shapes.people import node
from trimtab.fakegithub.state import Payload, State


class Hooks(State):
    """Verbs."""

    def hook(
        self,
        repository: Repository,
        url: str,
        *,
        secret: str = "",
        events: tuple[str, ...] = ("push",),
        content_type: str = "json",
        insecure_ssl: str = "0",
        active: bool = True,
    ) -> Hook:
        """A webhook of a repository; it is pinged."""
        now = self.clock.now()
        made = Hook(
            self.new_id(),
            ("repository", repository.id),
            url,
            now,
            now,
            secret=secret,
            events=events,
            active=active,
            content_type=content_type,
            insecure_ssl=insecure_ssl,
        )
        repository.hooks.append(made)
        self.ping(made, repository)
        return made

    def ping(self, hook: Hook, repository: Repository | None = None) -> None:
        """GitHub's zen, to a hook of a repository or of an App."""
        self.send(hook, "ping", payloads.ping(self, hook, repository), repository=repository)

    def installed(self, account: str, repository: Repository | None = None) -> list[Installation]:
        """The installations on an account that reach a repository, suspended or not."""
        return [
            one
            for one in self.installations.values()
            if one.account == account
            and (repository is None or one.repositories is None or repository.id in one.repositories)
        ]

    def covering(self, account: str, repository: Repository | None = None) -> list[Installation]:
        """Those that are not suspended."""
        return [one for one in self.installed(account, repository) if not one.suspended]

    def tell_repository(self, repository: Repository, event: str, payload: Payload) -> None:
        """Something happened in a repository: its hooks hear, and the Apps that are installed on it."""
        for hook in repository.hooks:
            self.send(hook, event, payload, repository=repository)
        for installation in self.covering(repository.owner, repository):
            self.tell_installation(installation, event, payload, repository=repository)

    def tell_organisation(self, organisation: Organisation, event: str, payload: Payload) -> None:
        """Something happened in an organisation: the Apps that are installed on it hear."""
        for installation in self.covering(organisation.login):
            self.tell_installation(installation, event, payload)

    def tell_installation(
        self, installation: Installation, event: str, payload: Payload, *, repository: Repository | None = None
    ) -> None:
        """An App hears of an event, and in which of its installations it was."""
        within = {"id": installation.id, "node_id": node("Installation", installation.id)}
        if event in installation.events:
            told = {**payload, "installation": within}
            self.send(installation.app.hook, event, told, repository=repository, installation=installation.id)

    def tell_app(self, app: GitHubApp, event: str, payload: Payload, *, installation: int | None = None) -> None:
        """What every App hears, whatever it has subscribed to."""
        self.send(app.hook, event, payload, installation=installation, always=True)

    def send(
        self,
        hook: Hook,
        event: str,
        payload: Payload,
        *,
        repository: Repository | None = None,
        installation: int | None = None,
        always: bool = False,
    ) -> None:
        """Put a delivery on its way, if the hook wants it."""
        if not (hook.hears(event) or (always and hook.hears("ping"))):
            return
        delivery = Delivery(self.new_id(), str(uuid.uuid4()), event, payload, self.clock.now())
        delivery.repository = repository.id if repository else None
        delivery.installation = installation
        self._post(hook, delivery)

    def redeliver(self, hook: Hook, delivery: Delivery) -> None:
        """The same payload and GUID again."""
        again = Delivery(self.new_id(), delivery.guid, delivery.event, delivery.payload, self.clock.now(), True)
        again.repository, again.installation = delivery.repository, delivery.installation
        self._post(hook, again)

    def _post(self, hook: Hook, delivery: Delivery) -> None:
        hook.deliveries.insert(0, delivery)
        self.outbox.append((hook, delivery))
        self.wake()
