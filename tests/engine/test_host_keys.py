"""Host keys of GitHub: what it lists is trusted and fetching goes on; what it does not list stops, and is raised."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.engine.github import OTHERS, GitHubOnLoopback
from tests.engine.objects import config_map, files
from tests.engine.world import Scene, at, conditions, until
from tests.servers.authority import Authority
from tests.servers.scripted import Answer, Cut, Reply
from trimtab.clock import StepClock
from trimtab.controller import host_keys
from trimtab.controller.events import Recorder
from trimtab.controller.host_keys import EVERY_SECONDS, JITTER_SECONDS, MISMATCH_SECONDS, MOST_RAISED, HostKeys
from trimtab.environment.names import ENVIRONMENT, FILE_KEY, KNOWN_HOSTS
from trimtab.errors import Stalled
from trimtab.kube.fence import write_only_while
from trimtab.model.known_hosts import HostKey, keys_of
from trimtab.source.failures import HostKeyRefused


async def deployed(github: GitHubOnLoopback) -> Scene:
    """An application from the repository, in sync, and a controller that polls all the time."""
    scene = github.scene
    scene.repo.commit(files("app", config_map("settings", {"color": "red"})))
    await scene.start(poll=0.2)
    await scene.create(scene.an_app(source={"repoURL": github.url}))
    await scene.synced()
    return scene


def color(wanted: str) -> Callable[[Any], bool]:
    return lambda seen: bool(at(seen, "data.color") == wanted)


async def test_a_listed_key_is_trusted_and_fetching_goes_on(github: GitHubOnLoopback) -> None:
    scene, before = await deployed(github), github.host_key
    github.ssh.swap_host_key("ecdsa-sha2-nistp256")
    after = github.host_key
    github.lists(after)
    scene.repo.commit(files("app", config_map("settings", {"color": "blue"})))
    await scene.there("ConfigMap", "settings", color("blue"))
    known = await github.known_hosts()
    assert known == f"{OTHERS}[127.0.0.1]:{github.ssh.port} {after.type} {after.data}\n"
    (message,) = await until(lambda: github.told("HostKeysReplaced"), bool)
    assert (before.fingerprint in message, after.fingerprint in message) == (True, True)
    assert await github.told("HostKeyNotListed") == []
    assert "ComparisonError" not in conditions(await scene.synced())


async def test_a_key_that_is_not_listed_stops_and_is_raised_once(
    github: GitHubOnLoopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, before = await deployed(github), github.host_key
    trusted, asked = await github.known_hosts(), github.asked
    github.ssh.swap_host_key()
    after = github.host_key
    scene.repo.commit(files("app", config_map("settings", {"color": "blue"})))
    app = await scene.app_until(lambda app: "ComparisonError" in conditions(app))
    told = conditions(app)["ComparisonError"]
    assert "is not one of GitHub's" in told
    assert all(one in told for one in (github.place, before.fingerprint, after.fingerprint, "intercepting"))
    for _ in range(3):
        await scene.refresh()
    assert len(await until(lambda: github.told("HostKeyNotListed"), bool)) == 1
    assert (await github.known_hosts(), github.asked) == (trusted, asked + 1)
    assert at(await scene.get("ConfigMap", "settings"), "data.color") == "red"

    monkeypatch.setattr(host_keys, "MISMATCH_SECONDS", 0.0)
    github.lists(after)
    await scene.there("ConfigMap", "settings", color("blue"))
    assert keys_of(await github.known_hosts(), github.place) == (after,)


async def test_many_applications_cost_one_question(github: GitHubOnLoopback) -> None:
    scene = await deployed(github)
    for name in ("a", "b", "c", "d"):
        scene.repo.commit(files(name, config_map(name)))
        await scene.create(scene.an_app(name, path=name, source={"repoURL": github.url}))
        await scene.synced(name)
    asked = github.asked
    github.ssh.swap_host_key()
    github.lists(github.host_key)
    await asyncio.gather(*(scene.refresh(name) for name in ("a", "b", "c", "d", "shop")))
    for name in ("a", "b", "c", "d", "shop"):
        assert "ComparisonError" not in conditions(await scene.app(name))
    assert github.asked == asked + 1


async def test_without_an_environment_nothing_is_asked(github: GitHubOnLoopback) -> None:
    await github.scene.delete("ConfigMap", ENVIRONMENT, namespace=github.scene.control)
    scene = await deployed(github)
    github.ssh.swap_host_key()
    github.lists(github.host_key)
    app = await scene.app_until(lambda app: "ComparisonError" in conditions(app))
    assert "put the new one into ConfigMap argocd-ssh-known-hosts-cm" in conditions(app)["ComparisonError"]
    assert github.asked == 0


class Kept:
    """Host keys alone, with a clock that is stepped."""

    def __init__(self, github: GitHubOnLoopback) -> None:
        scene, self.clock = github.scene, StepClock()
        self.changes = 0
        self.recorder = Recorder(scene.transport, scene.discovery, self.clock)
        self.keys = HostKeys(
            scene.transport,
            scene.discovery,
            namespace=scene.control,
            clock=self.clock,
            recorder=self.recorder,
            on_change=self._changed,
        )

    def _changed(self) -> None:
        self.changes += 1


@contextlib.asynccontextmanager
async def keeping(github: GitHubOnLoopback) -> AsyncIterator[Kept]:
    """At work, after the first question."""
    kept = Kept(github)
    task = asyncio.create_task(kept.keys.keep())
    try:
        await github.server.until("GET /meta")
        yield kept
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def waits(kept: Kept) -> None:
    """Return when the last round is over and the next one waits for the clock."""

    async def sleeping() -> bool:
        return kept.keys._turn > 0 and bool(kept.clock._sleepers)

    await until(sleeping, bool)


async def test_keys_are_asked_for_on_schedule(github: GitHubOnLoopback) -> None:
    async with keeping(github) as kept:
        await waits(kept)
        github.ssh.new_host_key("ssh-rsa")
        new = github.host_key
        github.lists(new)
        kept.clock.step(EVERY_SECONDS - 1)
        assert github.asked == 1
        kept.clock.step(JITTER_SECONDS + 1)
        await github.server.until("GET /meta", 2)
        await until(github.known_hosts, lambda text: keys_of(text, github.place) == (new,))
        await until(lambda: _count(kept), lambda changes: changes == 1)
    assert (await github.known_hosts()).startswith(OTHERS)


async def _count(kept: Kept) -> int:
    return kept.changes


async def test_nothing_changed_is_nothing_written(github: GitHubOnLoopback) -> None:
    before = await github.scene.get("ConfigMap", KNOWN_HOSTS, namespace=github.scene.control)
    async with keeping(github) as kept:
        await waits(kept)
        after = await github.scene.get("ConfigMap", KNOWN_HOSTS, namespace=github.scene.control)
    assert before == after
    assert kept.changes == 0


async def test_where_no_known_hosts_are_they_are_made(github: GitHubOnLoopback) -> None:
    await github.scene.delete("ConfigMap", KNOWN_HOSTS, namespace=github.scene.control)
    async with keeping(github):
        known = await until(github.known_hosts, bool)
    assert known == f"[127.0.0.1]:{github.ssh.port} {github.host_key.type} {github.host_key.data}\n"


HOSTILE: dict[str, Answer] = {
    "no keys": Reply.json({"ssh_keys": []}),
    "nothing": Reply.json({}),
    "null": Reply.json({"ssh_keys": None}),
    "another shape": Reply.json([1, 2]),
    "no JSON": Reply(b"<html>proxy</html>"),
    "junk among them": Reply.json({"ssh_keys": ["ssh-ed25519 AAAA", "ssh-rsa \u0000"]}),
    "only what is broken": Reply.json({"ssh_keys": ["ssh-dss AAAAB3NzaC1kc3M="]}),
    "line ends": Reply.json({"ssh_keys": ["ssh-ed25519 AAAA\n* ssh-ed25519 AAAA"]}),
    "very many": Reply.json({"ssh_keys": ["ssh-ed25519 AAAA"] * 1000}),
    "huge": Reply(b'{"ssh_keys": ["' + b"A" * (17 << 20) + b'"]}'),
    "elsewhere": Reply(b"", 302, {"Location": "http://127.0.0.1:1/meta"}),
    "forbidden": Reply.json({"message": "no"}, 403),
    "gone": Reply.json({"message": "Not Found"}, 404),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
async def test_whatever_answers_the_known_keys_stay(github: GitHubOnLoopback, answer: Answer) -> None:
    trusted = await github.known_hosts()
    github.answers(answer)
    async with keeping(github) as kept:
        await waits(kept)
        refused = HostKeyRefused("refused", reason="HostKeyChanged", offered="ED25519 SHA256:new")

        async def attempt() -> None:
            raise refused

        with pytest.raises(Stalled, match="could not be followed") as caught:
            await kept.keys.again(refused, github.url, attempt)
        assert all(one in caught.value.message for one in ("SHA256:new", github.host_key.fingerprint))
        await kept.recorder.flush()
    assert await github.known_hosts() == trusted
    assert (kept.changes, len(await github.told("HostKeyNotListed"))) == (0, 1)


async def test_an_api_that_is_not_trusted_is_not_believed(github: GitHubOnLoopback) -> None:
    github.ca = Authority("another").pem
    await github.applied()
    trusted = await github.known_hosts()
    github.lists(HostKey("ssh-rsa", "AAAAB3NzaC1yc2EAAAADAQABAAAAAQA="))
    await self_signed(github)
    assert (await github.known_hosts(), github.asked) == (trusted, 0)


async def test_http_beyond_loopback_is_not_asked(github: GitHubOnLoopback, caplog: pytest.LogCaptureFixture) -> None:
    file = github.file.replace(f"apiURL: {github.server.url}", "apiURL: http://github.example.com")
    await github.map(ENVIRONMENT, {FILE_KEY: file})
    trusted = await github.known_hosts()
    await self_signed(github)
    assert (await github.known_hosts(), github.asked) == (trusted, 0)
    assert "host keys stay as they are" in caplog.text


async def self_signed(github: GitHubOnLoopback) -> None:
    """One round, in which nobody is asked."""
    kept = Kept(github)
    task = asyncio.create_task(kept.keys.keep())
    await waits(kept)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_who_may_not_act_writes_nothing(github: GitHubOnLoopback) -> None:
    github.ssh.new_host_key()
    github.lists(github.host_key)
    trusted = await github.known_hosts()

    async def fenced() -> None:
        write_only_while(lambda: False)
        async with keeping(github) as kept:
            await waits(kept)
            assert kept.changes == 0

    await asyncio.create_task(fenced())
    assert await github.known_hosts() == trusted


async def test_who_does_not_act_asks_nobody(github: GitHubOnLoopback) -> None:
    kept, refused = Kept(github), HostKeyRefused("refused", reason="HostKeyChanged", offered="")

    async def attempt() -> None:
        raise AssertionError("it is not fetched again")

    with pytest.raises(HostKeyRefused):
        await kept.keys.again(refused, github.url, attempt)
    assert github.asked == 0


@pytest.mark.parametrize(
    "url", ["git@gitlab.com:acme/infra.git", "https://127.0.0.1/acme/infra", "ssh://git@127.0.0.1/x"]
)
async def test_other_hosts_are_none_of_its_business(github: GitHubOnLoopback, url: str) -> None:
    refused = HostKeyRefused("refused", reason="HostKeyChanged", offered="")

    async def attempt() -> None:
        raise AssertionError("it is not fetched again")

    async with keeping(github) as kept:
        await waits(kept)
        for error in (refused, Stalled("no", reason="AuthenticationFailed")):
            with pytest.raises(Stalled) as caught:
                await kept.keys.again(error, url, attempt)
            assert caught.value is error
    assert github.asked == 1


async def test_a_storm_of_mismatches_is_one_question_in_a_while(github: GitHubOnLoopback) -> None:
    refused = HostKeyRefused("refused", reason="HostKeyChanged", offered="ED25519 SHA256:new")

    async def attempt() -> None:
        raise refused

    async with keeping(github) as kept:
        await waits(kept)
        for expected in (2, 3):
            storm = (kept.keys.again(refused, github.url, attempt) for _ in range(20))
            outcomes = await asyncio.gather(*storm, return_exceptions=True)
            assert {type(one) for one in outcomes} == {Stalled}
            assert github.asked == expected
            kept.clock.step(MISMATCH_SECONDS + 1)
        await kept.recorder.flush()
    assert len(await github.told("HostKeyNotListed")) == 1


async def test_whoever_shows_ever_new_keys_is_not_raised_without_end(github: GitHubOnLoopback) -> None:
    async with keeping(github) as kept:
        await waits(kept)
        for number in (*range(30), *range(30)):
            await refuse(kept, github, f"ED25519 SHA256:{number}" if number else "")
        await kept.recorder.flush()
    assert len(await github.told("HostKeyNotListed")) == MOST_RAISED


async def refuse(kept: Kept, github: GitHubOnLoopback, offered: str) -> None:
    refused = HostKeyRefused("refused", reason="HostKeyChanged", offered=offered)

    async def attempt() -> None:
        raise refused

    with pytest.raises(Stalled, match="is not one of GitHub's"):
        await kept.keys.again(refused, github.url, attempt)


async def test_a_github_that_is_away_is_asked_again(github: GitHubOnLoopback) -> None:
    """What was cut off is sent once more by the client; then by schedule."""
    github.answers(Cut(), Reply.json({"ssh_keys": [f"{github.host_key.type} {github.host_key.data}"]}))
    async with keeping(github) as kept:

        async def asked() -> int:
            kept.clock.step(1.0)
            return github.asked

        await until(asked, lambda count: count == 2)
        await waits(kept)
