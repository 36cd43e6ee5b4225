"""Which repositories an environment tells about, and where its pages are."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.environment.environment import Environment, Feedback
from trimtab.model.credentials import normalised

_SSH = re.compile(r"ssh://(?:[^@/]+@)?(?P<host>[^/]+?)(?::\d+)?/(?P<repo>.+)")


class Place(Struct, frozen=True, kw_only=True):
    """An environment, as feedback needs it. `namespace`: the control namespace; `owner`: whose repositories are told
    about; hosts are in lower case.
    """

    environment: str
    namespace: str
    url: str
    owner: str
    web: str
    ssh_host: str
    feedback: Feedback

    def repository(self, url: str) -> str:
        """`owner/name` of a repository of the owner on the environment's GitHub, "" for others."""
        text = normalised(url)
        if text.startswith("ssh:"):
            found = _SSH.fullmatch(text)
            repo = found["repo"] if found and found["host"] == self.ssh_host else ""
        else:
            parts = urlsplit(text)
            asked = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            repo = asked.removeprefix(f"{self.web}/") if asked.startswith(f"{self.web}/") else ""
        owner, _, name = repo.partition("/")
        return repo if owner == self.owner and name and "/" not in name else ""

    def called(self, namespace: str, name: str) -> str:
        """What an application is called: by its namespace too where that is not the control namespace."""
        return name if namespace == self.namespace else f"{namespace}/{name}"

    def page(self, namespace: str, name: str) -> str:
        """Of an application."""
        return f"{self.url}/applications/{namespace}/{name}"


def place_of(env: Environment) -> Place:
    """That of an environment."""
    return Place(
        environment=env.name,
        namespace=env.namespace,
        url=env.url,
        owner=env.organization.lower(),
        web=env.web_url.lower(),
        ssh_host=env.ssh_host.lower(),
        feedback=env.feedback,
    )
