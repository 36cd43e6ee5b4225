"""What cannot be set up is said in one line, with what to do, before anything is made: in the cluster or at GitHub."""

import re
import socket
from typing import Any

import pytest

from tests.clocks import SwiftClock
from tests.setup.place import Place
from tests.setup.terminal import Scripted
from tests.setup.unchanged import nothing_changes
from trimtab.environment.fields import InvalidDeclaration
from trimtab.errors import TrimtabError
from trimtab.fakegithub.trouble import Trouble

BY_TOKEN: dict[str, Any] = {"login": {"type": "oauthApp"}}
"""A set-up for which the person's own token registers key and hook."""


def line_of(text: str, start: str) -> int:
    """The line that begins so."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip(" -").startswith(start))


async def refused(place: Place, *, at: str = "", **fields: Any) -> str:
    """The one line that a set-up ends with. `at`: the beginning of the line of the file that it names."""
    text = place.environment(**fields)
    terminal = place.terminal(TRIMTAB_CLIENT_ID="Ov23", TRIMTAB_CLIENT_SECRET="s3cret")
    async with nothing_changes(place):
        with pytest.raises(TrimtabError) as caught:
            await place.set_up(text, terminal)
    assert (terminal.plans, terminal.pages) == ([], []), "it is said before anything is planned or opened"
    message = caught.value.message
    assert "\n" not in message
    assert not place.token or place.token not in message
    if at:
        assert message.startswith(f"environment.yaml:{line_of(text, at)}: "), message
    return message


def classic(place: Place, *scopes: str, login: str = "ada") -> None:
    place.token = place.github.world.personal_token(login, *(scopes or ("repo", "read:org")))


async def test_every_unknown_key_is_named(place: Place) -> None:
    text = place.environment() + "colour: blue\ndomian: x.example\n"
    async with nothing_changes(place):
        with pytest.raises(InvalidDeclaration) as caught:
            await place.set_up(text, place.terminal())
    said = [str(problem) for problem in caught.value.problems]
    assert [re.sub(r";.*", "", one.partition(": ")[2]) for one in said] == [
        "colour: is not known here",
        "domian: is not known here",
    ]
    assert "did you mean domain?" in said[1]


async def test_an_organization_that_is_not_there(place: Place) -> None:
    said = await refused(place, at="organization", organization="acne")
    assert "acne does not exist" in said
    classic(place)
    assert "acne does not exist" in await refused(place, at="organization", organization="acne", **BY_TOKEN)


async def test_a_team_that_is_not_there(place: Place) -> None:
    classic(place)
    said = await refused(place, at="platfrom", teams=["platfrom"], roles=[], **BY_TOKEN)
    assert "team platfrom does not exist in acme, or is not visible to the token of ada" in said


async def test_a_repository_that_is_not_visible(place: Place) -> None:
    classic(place)
    said = await refused(place, at="repository", repository="infre", **BY_TOKEN)
    assert "acme/infre does not exist, or is not visible to the token of ada" in said
    place.github.world.organisations["acme"].base_permission = "none"
    classic(place, login="eve")
    assert "not visible to the token of eve" in await refused(place, at="repository", **BY_TOKEN)


async def test_an_archived_repository(place: Place) -> None:
    classic(place)
    place.github.world.repositories["acme/infra"].archived = True
    assert "is archived: unarchive it" in await refused(place, at="repository", **BY_TOKEN)


async def test_a_repository_without_admin_rights(place: Place) -> None:
    classic(place, login="eve")
    assert "may not administer acme/infra: ask for the role Admin" in await refused(place, at="repository", **BY_TOKEN)


async def test_a_branch_that_is_not_there(place: Place) -> None:
    classic(place)
    assert "acme/infra has no branch trunk" in await refused(place, at="branch", branch="trunk", **BY_TOKEN)


async def test_no_token_where_one_is_needed(place: Place) -> None:
    said = await refused(place, **BY_TOKEN)
    assert "set GITHUB_TOKEN to one that may administer acme/infra, or write login: {type: githubApp}" in said


async def test_a_token_with_too_few_scopes(place: Place) -> None:
    classic(place, "repo")
    assert "lacks the scopes read:org: make one with repo, read:org" in await refused(place, **BY_TOKEN)


FINE = {
    "metadata": "read",
    "members": "read",
    "administration": "write",
    "contents": "write",
    "pull_requests": "write",
    "repository_hooks": "write",
}
"""What a fine-grained token needs for a set-up with a pull request."""


def fine_grained(place: Place, **levels: str) -> None:
    place.token = place.github.world.fine_grained_token("ada", "acme", permissions={**FINE, **levels})


@pytest.mark.parametrize("permission", ["administration", "contents", "pull_requests", "repository_hooks"])
async def test_a_token_that_may_only_read_what_has_to_be_written(place: Place, permission: str) -> None:
    fine_grained(place, **{permission: "read"})
    said = await refused(place, **BY_TOKEN, changes="pullRequest")
    assert f"lacks the permissions {permission}: write for acme/infra: grant them" in said


async def test_all_that_a_token_lacks_is_said_at_once(place: Place) -> None:
    fine_grained(place, administration="", repository_hooks="read")
    assert "administration: write, repository_hooks: write" in await refused(place, **BY_TOKEN)


async def test_a_token_with_just_what_is_needed(place: Place) -> None:
    fine_grained(place)
    terminal = place.terminal(TRIMTAB_CLIENT_ID="Ov23", TRIMTAB_CLIENT_SECRET="s3cret")
    assert await place.set_up(place.environment(**BY_TOKEN, changes="pullRequest"), terminal) == "done"


async def test_a_token_that_is_over(place: Place) -> None:
    place.token = place.github.world.personal_token("ada", "repo", "read:org", seconds=-1)
    said = await refused(place, **BY_TOKEN)
    assert "has expired or was revoked" in said
    assert "give a new one" in said


async def test_a_token_that_takes_the_key_along(place: Place) -> None:
    place.token = place.github.world.token("ada", "repo", "read:org")
    said = await refused(place, **BY_TOKEN)
    assert "is deleted by GitHub when that token is revoked: use a personal access token that stays" in said


async def test_a_class_of_ingress_that_is_not_there(place: Place) -> None:
    ingress = {"class": "traefik", "tls": {"issuer": "letsencrypt"}}
    assert "no IngressClass traefik; there are: nginx" in await refused(place, at="class", ingress=ingress)


async def test_no_image(place: Place) -> None:
    assert "install.image: is missing" in await refused(place, at="install", install={"namespace": "argocd"})


async def test_deploy_keys_that_the_organization_forbids(place: Place) -> None:
    classic(place)
    place.github.world.organisations["acme"].deploy_keys = False
    said = await refused(place, access="deployKey", at="access", **BY_TOKEN)
    assert "acme forbids deploy keys: write access: githubApp" in said


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble.FORBIDDEN, "the token may not do this"),
        (Trouble.ABSENT, "does not exist"),
        (Trouble.HURRIED, "the next is allowed in 60 s"),
        (Trouble.LIMITED, "GitHub limits the rate of requests"),
        (Trouble.INVALID, "Validation Failed"),
        (Trouble.UNAUTHORIZED, "give a new one"),
        (Trouble.NONSENSE, "check the API's URL"),
        (Trouble.DOWN, "see its status page if that lasts"),
        (Trouble.BROKEN, "GitHub failed (HTTP 500"),
        (Trouble.CUT, "check the network and GitHub's status page"),
    ],
)
@pytest.mark.parametrize("fields", [BY_TOKEN, {}], ids=["by token", "by App"])
async def test_a_github_that_does_not_answer_well(
    place: Place, trouble: Trouble, words: str, fields: dict[str, Any]
) -> None:
    place.clock = SwiftClock()
    if fields:
        classic(place)
    place.github.trouble = trouble
    assert words in await refused(place, **fields)


async def test_a_github_that_is_not_there(place: Place) -> None:
    place.clock = SwiftClock()
    classic(place)
    github = {"url": "http://127.0.0.1:9", "apiURL": "http://127.0.0.1:9", "sshHost": "127.0.0.1"}
    assert "cannot be reached" in await refused(place, github=github, **BY_TOKEN)


async def planned(place: Place, **fields: Any) -> Scripted:
    """The terminal after the plan was shown, which changed nothing."""
    terminal = place.terminal()
    async with nothing_changes(place):
        assert await place.set_up(place.environment(**fields), terminal, dry_run=True) == "planned"
    return terminal


def notes(terminal: Scripted) -> dict[str, str]:
    return {line.subject: line.note for line in terminal.plan.lines() if line.action == "warn"}


async def test_a_classic_token_is_warned_of(place: Place) -> None:
    classic(place)
    found = notes(await planned(place, **BY_TOKEN))
    assert list(found) == ["the deploy key lives as long as the token"]
    assert "deleting that token deletes the key" in found["the deploy key lives as long as the token"]


async def test_a_token_with_needless_scopes_is_warned_of(place: Place) -> None:
    classic(place, "repo", "read:org", "delete_repo", "gist")
    found = notes(await planned(place, **BY_TOKEN))
    assert "without delete_repo, gist" in found["the GitHub token may more than it needs"]


@pytest.mark.parametrize("scopes", [("gist",), ()])
async def test_a_token_that_is_not_needed_is_no_obstacle(place: Place, scopes: tuple[str, ...]) -> None:
    """Many have one in their shell for something else; with a GitHub App it only tells what is there."""
    world = place.github.world
    place.token = world.personal_token("eve", *scopes, seconds=None if scopes else -1)
    assert list(notes(await planned(place))) == ["the GitHub token is not used"]


async def test_a_token_tells_before_the_clicks_what_is_wrong(place: Place) -> None:
    classic(place, login="eve")
    assert notes(await planned(place)) == {}
    place.github.world.repositories["acme/infra"].archived = True
    assert "is archived" in await refused(place, at="repository")


async def test_a_domain_that_does_not_resolve(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = socket.getaddrinfo

    def answer(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).endswith("acme.example"):
            number = known.get(host, socket.EAI_NONAME)
            raise socket.gaierror(number, "not known")
        return ask(host, *args, **kwargs)

    known: dict[str, int] = {}
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    text = place.environment(domain="acme.example")
    found = notes(await planned(place, domain="acme.example"))
    assert found["acme.example is no domain in the DNS"].startswith(
        f"environment.yaml:{line_of(text, 'domain')}: domain"
    )
    known["acme.example"] = socket.EAI_AGAIN
    found = notes(await planned(place, domain="acme.example"))
    assert list(found) == ["argocd.acme.example is no name in the DNS yet"]
