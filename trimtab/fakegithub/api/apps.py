"""GitHub Apps: the manifest's code, the App itself, its hook, its installations and their tokens."""

from collections.abc import Mapping

from trimtab.fakegithub.api.call import NOTHING, Answer, Call, Route, Who
from trimtab.fakegithub.api.hooks import configure, find_delivery
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.applications import GitHubApp, Installation
from trimtab.fakegithub.credentials import enough
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.shapes import applications, repositories
from trimtab.fakegithub.shapes.people import Json


def convert(call: Call) -> Answer:
    """https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest"""
    found = call.world.convert(call.path["code"])
    if found is None:
        raise not_found()
    return Answer(applications.app_with_secrets(call.world, found), 201)


def app(call: Call) -> Json:
    count = sum(one.app is _app(call) for one in call.world.installations.values())
    return {**applications.app(call.world, _app(call)), "installations_count": count}


def hook_config(call: Call) -> Json:
    return repositories.hook_config(_app(call).hook)


def change_hook_config(call: Call) -> Json:
    configure(call.world, _app(call).hook, call.body)
    return repositories.hook_config(_app(call).hook)


def deliveries(call: Call) -> list[Json]:
    return [repositories.delivery_item(one) for one in _app(call).hook.deliveries]


def delivery(call: Call) -> Json:
    return repositories.delivery(find_delivery(call, _app(call).hook))


def redeliver(call: Call) -> Answer:
    hook = _app(call).hook
    call.world.redeliver(hook, find_delivery(call, hook))
    return Answer({}, 202)


def installations(call: Call) -> list[Json]:
    found = (one for one in call.world.installations.values() if one.app is _app(call))
    return [applications.installation(call.world, one) for one in found]


def installation(call: Call) -> Json:
    return applications.installation(call.world, _installation(call))


def uninstall(call: Call) -> Answer:
    call.world.uninstall(_installation(call))
    return NOTHING


def of_repository(call: Call) -> Json:
    return _of_account(call, call.repository.owner, call.repository)


def of_organisation(call: Call) -> Json:
    found = call.world.find_organisation(call.path["org"])
    if found is None:
        raise not_found()
    return _of_account(call, found.login, None)


def _of_account(call: Call, account: str, repository: Repository | None) -> Json:
    for one in call.world.installed(account, repository):
        if one.app is _app(call):
            return applications.installation(call.world, one)
    raise not_found()


def access_token(call: Call) -> Answer:
    """https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app"""
    found = _installation(call)
    if found.suspended:
        raise Refusal(403, "This installation has been suspended")
    wanted: Mapping[str, str] | None = call.body.get("permissions")
    for name, level in (wanted or {}).items():
        if not enough(found.permissions.get(name, ""), level):
            raise Refusal(422, "The permissions requested are not granted to this installation.")
    chosen = _chosen(call, found)
    numbers = None if chosen is None else frozenset(one.id for one in chosen)
    permissions = None if wanted is None else {"metadata": "read", **wanted}
    token = call.world.installation_token(found, permissions=permissions, repositories=numbers)
    return Answer(applications.installation_token(call.world, token, chosen), 201)


def _chosen(call: Call, found: Installation) -> list[Repository] | None:
    """The repositories that a token is to be narrowed to; None: it is not. Raises Refusal."""
    names, numbers = call.body.get("repositories"), call.body.get("repository_ids")
    if names is None and numbers is None:
        return None
    reached = [one for one in call.world.repositories.values() if one.id in call.world.reached(found)]
    chosen = [one for one in reached if one.name in (names or ()) or one.id in (numbers or ())]
    if len(chosen) < len(set(names or ()) | set(numbers or ())):
        what = "There is at least one repository that does not exist or is not accessible to the parent installation."
        raise Refusal(422, what)
    return chosen


def revoke_token(call: Call) -> Answer:
    call.world.forget(call.token.value)
    return NOTHING


def installed_repositories(call: Call) -> Answer:
    reached = call.world.reached(call.world.installations[call.token.installation])
    numbers = reached if call.token.repositories is None else reached & call.token.repositories
    shown = [repositories.repository(call.world, one) for one in call.world.repositories.values() if one.id in numbers]
    selection = "all" if call.token.repositories is None else "selected"
    return Answer({"total_count": len(shown), "repository_selection": selection, "repositories": shown})


def _app(call: Call) -> GitHubApp:
    assert call.caller.app, "this route is for Apps"
    return call.caller.app


def _installation(call: Call) -> Installation:
    found = call.world.installations.get(call.number("installation_id"))
    if found is None or found.app is not _app(call):
        raise not_found()
    return found


_HOOK = "/app/hook/deliveries"
_ONE = "/app/installations/{installation_id}"
ROUTES = (
    Route("POST", "/app-manifests/{code}/conversions", convert, Who.ANYBODY),
    Route("GET", "/app", app, Who.APP),
    Route("GET", "/app/hook/config", hook_config, Who.APP),
    Route("PATCH", "/app/hook/config", change_hook_config, Who.APP),
    Route("GET", _HOOK, deliveries, Who.APP),
    Route("GET", _HOOK + "/{delivery_id}", delivery, Who.APP),
    Route("POST", _HOOK + "/{delivery_id}/attempts", redeliver, Who.APP),
    Route("GET", "/app/installations", installations, Who.APP),
    Route("GET", _ONE, installation, Who.APP),
    Route("DELETE", _ONE, uninstall, Who.APP),
    Route("POST", _ONE + "/access_tokens", access_token, Who.APP),
    Route("GET", "/repos/{owner}/{repo}/installation", of_repository, Who.APP),
    Route("GET", "/orgs/{org}/installation", of_organisation, Who.APP),
    Route("GET", "/installation/repositories", installed_repositories, Who.INSTALLATION),
    Route("DELETE", "/installation/token", revoke_token, Who.INSTALLATION),
)
