"""Sources that cannot be fetched: people hear of it by the second poll, once, and when it is over."""

from pathlib import Path

from tests.engine.objects import config_map, files
from tests.engine.world import Scene, at
from tests.repos import GitRepo
from tests.servers.http_git import HttpGit


async def test_a_source_that_stays_away_is_told_once(resting: Scene) -> None:
    scene = resting
    scene.repo.commit(files("app", config_map("settings")))
    await scene.start(poll=0.2)
    await scene.create(scene.an_app())
    await scene.synced()
    good, away = scene.repo.sha(), Path(f"{scene.repo.path}-away")
    Path(scene.repo.path).rename(away)
    text = await scene.event("SourceUnreachable")
    assert "repository gone, or hidden from these credentials (since 20" in text
    assert f"last good commit {good[:12]})" in text
    assert "correct repoURL" in text
    memory = scene.world.memory(scene.key())
    assert memory.unreachable and memory.unreachable.polls >= 2
    await scene.looked_at(times=3)
    assert len(await scene.events("SourceUnreachable")) == 1
    away.rename(scene.repo.path)
    assert "is fetched again" in await scene.event("SourceReachable")
    await scene.app_until(lambda app: at(app, "status.sync.status") == "Synced")
    assert scene.world.memory(scene.key()).unreachable is None


async def test_one_failure_is_no_news(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app())
    await scene.synced()
    away = Path(f"{scene.repo.path}-away")
    Path(scene.repo.path).rename(away)
    app = await scene.refresh()
    assert at(app, "status.sync.status") == "Unknown"
    await scene.refresh()
    away.rename(scene.repo.path)
    app = await scene.refresh()
    assert at(app, "status.sync.status") == "Synced"
    assert await scene.events("SourceUnreachable") == await scene.events("SourceReachable") == []


async def test_a_second_way_is_told(resting: Scene, tmp_path: Path) -> None:
    scene = resting
    root = tmp_path / "served"
    root.mkdir()
    revision = GitRepo(root / "app.git").commit(files("app", config_map("settings")))
    async with HttpGit(root, login=("ada", "right")) as first, HttpGit(root) as second:
        labels = {"argocd.argoproj.io/secret-type": "repository"}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "repo-1",
                "namespace": scene.control,
                "labels": labels,
                "annotations": {"trimtab.dev/fallback-url": second.url("app.git")},
            },
            "stringData": {"url": first.url("app.git"), "username": "ada", "password": "wrong"},
        }
        await scene.create(secret)
        await scene.start()
        await scene.create(scene.an_app(source={"repoURL": first.url("app.git")}))
        await scene.synced(revision=revision)
        text = await scene.event("SourceFellBack")
        assert "refused the credentials" in text
        assert "by its other URL" in text
        await scene.refresh()
        assert len(await scene.events("SourceFellBack")) == 1
