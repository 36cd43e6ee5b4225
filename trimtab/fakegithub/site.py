"""Where the fake GitHub is found: its URLs, as it writes them into what it says."""

from dataclasses import dataclass


@dataclass
class Site:
    """Written by the server when it listens. `prefix`: where the REST API begins, `/api/v3` as on GitHub Enterprise."""

    url: str = "http://127.0.0.1"
    prefix: str = "/api/v3"
    ssh: str = ""
    """`ssh://git@127.0.0.1:2222`, "" for no SSH."""

    @property
    def api_url(self) -> str:
        return self.url + self.prefix
