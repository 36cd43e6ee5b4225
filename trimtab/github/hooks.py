"""Webhooks: a repository's (`owner/name`; permission repository_hooks, or scope admin:repo_hook), and an App's own."""

from collections.abc import Iterable

from trimtab.github.client import GitHub
from trimtab.github.nouns import Hook, HookConfig, HookDelivery
from trimtab.github.paths import path

NEWEST = 50
"""Deliveries that are looked at."""


async def list_hooks(github: GitHub, repo: str) -> list[Hook]:
    """All of the repository's."""
    return await github.pages(path("repos", repo, "hooks"), Hook)


async def create_hook(github: GitHub, repo: str, *, url: str, secret: str, events: Iterable[str] = ("push",)) -> Hook:
    """Raises Invalid when the repository has one for this URL already."""
    body = {"name": "web", "active": True, "events": list(events), "config": _config(url, secret)}
    return await github.post(path("repos", repo, "hooks"), Hook, body=body)


async def update_hook(github: GitHub, repo: str, hook_id: int, *, url: str, secret: str) -> Hook:
    """Give it a new secret, or address; its events stay."""
    body = {"active": True, "config": _config(url, secret)}
    return await github.patch(path("repos", repo, "hooks", hook_id), Hook, body=body)


async def delete_hook(github: GitHub, repo: str, hook_id: int) -> None:
    """Raises NotFound when it is gone already."""
    await github.delete(path("repos", repo, "hooks", hook_id))


async def list_deliveries(github: GitHub, repo: str, hook_id: int) -> list[HookDelivery]:
    """The newest, newest first."""
    deliveries = path("repos", repo, "hooks", hook_id, "deliveries")
    return await github.get(deliveries, list[HookDelivery], query={"per_page": NEWEST})


async def get_app_hook(app: GitHub) -> HookConfig:
    """Where the App's events go."""
    return await app.get("/app/hook/config", HookConfig)


async def set_app_hook(app: GitHub, *, url: str, secret: str) -> HookConfig:
    """Where the App's events go from now on, signed with `secret`."""
    return await app.patch("/app/hook/config", HookConfig, body=_config(url, secret))


async def list_app_deliveries(app: GitHub) -> list[HookDelivery]:
    """The App's newest, newest first."""
    return await app.get("/app/hook/deliveries", list[HookDelivery], query={"per_page": NEWEST})


async def redeliver_to_app(app: GitHub, delivery_id: int) -> None:
    """Have GitHub send one of the App's again."""
    await app.post(path("app", "hook", "deliveries", delivery_id, "attempts"), type(None))


def _config(url: str, secret: str) -> HookConfig:
    return HookConfig(url=url, content_type="json", secret=secret, insecure_ssl="0")
