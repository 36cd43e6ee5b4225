"""GitHub is told what became of syncs: once, truly, and never at the cost of a sync."""

import pytest

from tests.engine.feedback import REPO, Told
from tests.engine.objects import config_map
from tests.engine.world import at, until
from trimtab.environment.names import ENVIRONMENT
from trimtab.fakegithub.trouble import Trouble
from trimtab.feedback import outcome

SECRET = "hunter2"


async def succeeded(told: Told, sha: str, *, name: str = "shop") -> None:
    async def states() -> list[str]:
        return told.states(sha, name=name)

    await until(states, lambda seen: seen[-1:] == ["success"])


async def quiet(told: Told) -> int:
    """How much has been told when all of it is."""

    async def waiting() -> int:
        return len(told.scene.world.feedback)

    await until(waiting, lambda left: left == 0)
    return told.posts()


async def test_a_deployed_commit_is_told(told: Told) -> None:
    sha = told.push(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app())
    await succeeded(told, sha)
    status = told.statuses(sha)[-1]
    assert status.description == "Deployed: 1 object"
    name = told.scene.named()
    assert status.target_url == f"https://argocd.acme.example/applications/{told.scene.control}/{name}"
    assert status.user == "trimtab-production[bot]"
    await quiet(told)
    assert told.deployments()[sha][-1:] == ["success"]
    (deployment,) = told.repository.deployments
    asked = deployment.asked
    assert (asked["environment"], asked["task"]) == ("production", f"deploy:{name}")
    assert (asked["auto_merge"], asked["required_contexts"]) == (False, [])
    assert told.comments() == []


async def test_the_next_commit_ends_the_deployment_before(told: Told) -> None:
    first = told.push(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app())
    await succeeded(told, first)
    await quiet(told)
    second = told.push(config_map("settings", {"color": "blue"}))
    await told.scene.refresh()
    await succeeded(told, second)
    await quiet(told)
    assert told.deployments()[first][-1:] == ["inactive"]
    assert told.deployments()[second][-1:] == ["success"]
    third = told.push(config_map("settings", {"color": "red"}))
    await told.scene.refresh()
    await succeeded(told, third)


@pytest.mark.parametrize("cascade", [True, False])
async def test_a_deployment_ends_with_its_application(told: Told, cascade: bool) -> None:
    sha = told.push(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app(cascade=cascade))
    await succeeded(told, sha)
    await quiet(told)
    await told.scene.delete("Application", told.scene.named(), namespace=told.scene.control)

    async def states() -> list[str]:
        return told.deployments()[sha]

    await until(states, lambda seen: seen[-1:] == ["inactive"])
    assert told.states(sha)[-1:] == ["success"]


async def test_a_sync_that_failed_is_told_without_a_word_of_the_cluster(told: Told) -> None:
    good, bad = config_map("settings"), config_map("broken", {"password": SECRET})
    bad["metadata"]["labels"] = {"bad label": SECRET}
    sha = await told.merge(good, bad)
    await told.scene.start()
    await told.scene.create(told.an_app())

    async def states() -> list[str]:
        return told.states(sha)

    await until(states, lambda seen: seen[-1:] == ["failure"])
    await quiet(told)
    assert told.statuses(sha)[-1].description == "Could not be deployed: ConfigMap broken"
    assert told.deployments()[sha][-1:] == ["failure"]
    (comment,) = told.comments()
    assert "Not all of this is deployed to production" in comment.body
    assert SECRET not in repr((told.repository.statuses, told.repository.deployments, told.comments()))


async def test_one_comment_tells_of_all_applications_of_a_pull_request(told: Told) -> None:
    sha = await told.merge(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app("shop"))
    await succeeded(told, sha)
    await quiet(told)
    await told.scene.create(told.an_app("till", spec={"destination": told.an_app()["spec"]["destination"]}))
    await succeeded(told, sha, name="till")
    await quiet(told)
    (comment,) = told.comments()
    assert comment.user == "trimtab-production[bot]"
    assert comment.number == 1
    assert all(f"[{told.scene.named(name)}](https://argocd.acme.example/" in comment.body for name in ("shop", "till"))
    assert comment.body.count("✅ deployed") == 2
    assert "**Deployed to production**" in comment.body


async def test_nothing_is_told_twice_after_a_restart(told: Told) -> None:
    sha = await told.merge(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app())
    await succeeded(told, sha)
    before = await quiet(told)
    await told.scene.restart()
    await told.scene.refresh()
    told.github.requests.clear()
    await told.scene.refresh()
    assert await quiet(told) == before


async def test_a_sync_is_done_while_github_is_away_and_told_when_it_is_back(told: Told) -> None:
    sha = told.push(config_map("settings", {"color": "red"}))
    told.github.plan(Trouble.DOWN, path="/statuses", times=1_000_000)
    await told.scene.start()
    await told.scene.create(told.an_app())
    await told.scene.app_until(lambda app: at(app, "status.operationState.phase") == "Succeeded")
    assert told.statuses(sha) == []
    told.github._planned.clear()
    await succeeded(told, sha)


async def test_a_post_whose_answer_is_lost_is_not_sent_again(told: Told) -> None:
    sha = told.push(config_map("settings", {"color": "red"}))
    told.github.plan(Trouble.LOST, "POST", "/statuses/")
    await told.scene.start()
    await told.scene.create(told.an_app())
    await succeeded(told, sha)
    await quiet(told)
    assert told.states(sha).count("success") == 1


async def test_a_missing_permission_is_said_once(told: Told) -> None:
    told.github.plan(Trouble.FORBIDDEN, "POST", "/statuses/", times=1_000_000)
    sha = told.push(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app())
    scene = told.scene

    async def complaints() -> list[str]:
        await scene.world.recorder.flush()
        events = await scene.list("Event", namespace=scene.control)
        return [one["message"] for one in events if one["involvedObject"]["name"] == ENVIRONMENT]

    (message,) = await until(complaints, bool)
    assert message.startswith(f"GitHub is not told by status of {REPO}: ")
    await quiet(told)
    assert told.deployments()[sha][-1:] == ["success"], "what is allowed is told"
    assert at(await scene.app(), "status.operationState.phase") == "Succeeded"


async def test_what_is_switched_off_is_not_told(told: Told) -> None:
    await told.installed("{statuses: true, deployments: false, comments: false}")
    sha = await told.merge(config_map("settings", {"color": "red"}))
    await told.scene.start()
    await told.scene.create(told.an_app())
    await succeeded(told, sha)
    await quiet(told)
    assert (told.deployments(), told.comments()) == ({}, [])


async def test_repositories_elsewhere_are_nobodys_business(told: Told) -> None:
    scene = told.scene
    scene.repo.commit({"app/cm.yaml": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}'})
    await scene.start()
    await scene.create(scene.an_app())
    await scene.synced()
    assert await quiet(told) == 0


async def test_what_is_taken_back_ends_and_comes_again(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """One commit after the other is deployed, then an older one again, then a new one: one of them is active."""
    monkeypatch.setattr(outcome, "SETTLED_SECONDS", 2.0)
    shas = [told.push(config_map("settings", {"color": color})) for color in ("red", "blue")]
    await told.scene.start()
    await told.scene.create(told.an_app(auto_sync=False))

    async def active() -> list[str]:
        return [sha for sha, states in told.deployments().items() if states[-1:] == ["success"]]

    for sha in (shas[0], shas[1], shas[0], told.push(config_map("settings", {"color": "green"}))):
        await told.scene.operate({"sync": {"revision": sha}})
        await until(active, [sha].__eq__)
    assert [told.states(sha).count("success") for sha in shas] == [1, 1]
