"""The webhook: where GitHub's App or the repository's hook delivers, and whether that arrives."""

from collections.abc import Iterable

from trimtab.doctor.facts import Facts
from trimtab.environment.findings.deliveries import CHECK, Delivery, judge_deliveries, judge_hook
from trimtab.environment.findings.finding import Finding
from trimtab.github.client import GitHub
from trimtab.github.hooks import get_app_hook, list_app_deliveries, list_deliveries, list_hooks
from trimtab.github.nouns import HookDelivery


async def webhook(facts: Facts) -> list[Finding]:
    """Through the environment's App where it has one, else the repository's hook."""
    app = await facts.as_app()
    return [await (_of_repository(facts) if app is None else _of_app(facts, app))]


async def _of_app(facts: Facts, app: GitHub) -> Finding:
    subject, env = "hook of the GitHub App", facts.env
    hook = await get_app_hook(app)
    wrong = judge_hook(subject, active=True, events=("*",), expected=env.webhook_url, url=hook.url)
    return wrong or judge_deliveries(subject, _seen(await list_app_deliveries(app)))


async def _of_repository(facts: Facts) -> Finding:
    env, github = facts.env, await facts.as_person()
    subject = f"hook of {env.full_name}"
    hook = next((one for one in await list_hooks(github, env.full_name) if one.config.url == env.webhook_url), None)
    if hook is None:
        message = f"there is none to {env.webhook_url}: pushes are noticed with the next poll only"
        return Finding(check=CHECK, subject=subject, level="error", message=message, fix="trimtab setup")
    wrong = judge_hook(subject, active=hook.active, events=hook.events, expected=env.webhook_url, url=hook.config.url)
    return wrong or judge_deliveries(subject, _seen(await list_deliveries(github, env.full_name, hook.id)))


def _seen(deliveries: Iterable[HookDelivery]) -> list[Delivery]:
    return [
        Delivery(at=one.delivered_at, guid=one.guid, event=one.event, code=one.status_code, status=one.status)
        for one in deliveries
    ]
