"""What goes wrong around a mirror: kills, damage, restarts, many callers, several processes."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repos import GitRepo
from tests.servers.http_git import HttpGit
from trimtab.clock import SystemClock
from trimtab.errors import Retry
from trimtab.model.repository import RepositoryAccess
from trimtab.source import mirror as mirror_module
from trimtab.source.git import GitStore


def the_mirror(tmp_path: Path) -> Path:
    (mirror,) = (tmp_path / "cache" / "shared").glob("*/[0-9]*")
    return mirror


def gits(tmp_path: Path) -> list[int]:
    """The running git processes of this test's cache."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"git") and str(tmp_path / "cache").encode() in b" ".join(words):
                found.append(int(process.name))
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.005)


async def eventually_one(tmp_path: Path) -> int:
    await until(lambda: bool(gits(tmp_path)))
    return gits(tmp_path)[0]


async def test_a_fetch_that_is_killed_leaves_the_mirror_usable(
    repo: GitRepo, root: Path, store: GitStore, tmp_path: Path
) -> None:
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        first = await store.checkout(access, "main", "app")
        second = repo.commit({"app/cm.yaml": "value: 2\n"})
        server.misbehave = "hang"
        killed = asyncio.create_task(store.resolve(access, "main"))
        os.kill(await eventually_one(tmp_path), signal.SIGKILL)
        server.misbehave = None
        mirror = the_mirror(tmp_path)
        for left in ("packed-refs.lock", "refs/heads/main.lock", "HEAD.lock", "objects/pack/tmp_pack_x"):
            (mirror / left).touch()
        with pytest.raises(Retry):
            await killed
        assert first.read("app/cm.yaml") == b"value: 1\n"
        assert await store.resolve(access, "main") == second
        assert not list(mirror.rglob("*.lock"))
        assert not list(mirror.rglob("tmp_*"))


async def test_a_first_fetch_that_is_killed_leaves_nothing_half(
    repo: GitRepo, root: Path, stores: Callable[..., GitStore], tmp_path: Path
) -> None:
    store = stores()
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        server.misbehave = "hang"
        task = asyncio.create_task(store.resolve(access, "main"))
        await eventually_one(tmp_path)
        await store.close()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gits(tmp_path) == []
        assert list((tmp_path / "cache" / "shared").glob("*/[0-9n]*")) == []
        server.misbehave = None
        assert await stores().resolve(access, "main") == repo.sha()


def replace(path: Path, content: bytes) -> None:
    """As a new file: who has the old one mapped into memory keeps it."""
    path.unlink()
    path.write_bytes(content)


def truncate_packs(mirror: Path) -> None:
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        replace(pack, pack.read_bytes()[:40])


def garbage_in_packs(mirror: Path) -> None:
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        content = pack.read_bytes()
        replace(pack, content[:12] + bytes(len(content) - 12))


def rot(mirror: Path) -> None:
    """As a bad disk would, under whoever has the file open."""
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        pack.chmod(0o600)
        with pack.open("r+b") as file:
            file.seek(12)
            file.write(bytes(pack.stat().st_size - 12))


def no_objects(mirror: Path) -> None:
    shutil.rmtree(mirror / "objects")


def no_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


def garbage_in_refs(mirror: Path) -> None:
    (mirror / "packed-refs").write_text("garbage\n")
    (mirror / "refs" / "heads" / "main").write_bytes(b"\0" * 41)


def ref_to_nothing(mirror: Path) -> None:
    (mirror / "refs" / "heads" / "main").write_text("1" * 40 + "\n")


def broken_config(mirror: Path) -> None:
    (mirror / "config").write_text("[core\n")


def gone(mirror: Path) -> None:
    shutil.rmtree(mirror)


def a_file_instead(mirror: Path) -> None:
    shutil.rmtree(mirror)
    mirror.touch()


DAMAGES = [
    truncate_packs,
    garbage_in_packs,
    no_objects,
    no_head,
    garbage_in_refs,
    ref_to_nothing,
    broken_config,
    gone,
    a_file_instead,
]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_mirror_is_built_anew(
    repo: GitRepo,
    root: Path,
    stores: Callable[..., GitStore],
    tmp_path: Path,
    damage: Callable[[Path], None],
    moved: bool,
    restart: bool,
) -> None:
    store = stores()
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        await store.resolve(access, "main")
        damage(the_mirror(tmp_path))
        if moved:
            repo.commit({"app/other.yaml": "value: 2\n"})
        if restart:
            store = stores()
        try:
            content = (await store.checkout(access, "main", "app")).read("app/cm.yaml")
        except Retry as error:
            assert error.reason in ("MirrorDamaged", "RevisionGone")
            content = (await store.checkout(access, "main", "app")).read("app/cm.yaml")
        assert content == b"value: 1\n"
        assert await store.resolve(access, "main") == repo.sha()


async def test_damage_of_one_file_is_found_by_reading_it_and_healed(
    repo: GitRepo, root: Path, store: GitStore, tmp_path: Path
) -> None:
    repo.commit({"app/big.yaml": os.urandom(10_000).hex()})
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        checkout = await store.checkout(access, "main", "app")
        rot(the_mirror(tmp_path))
        with pytest.raises(Retry, match="the local mirror cannot be read"):
            checkout.read("app/big.yaml")
        again = await store.checkout(access, checkout.revision, "app")
        assert len(again.read("app/big.yaml")) == 20_000


async def test_fifty_callers_share_one_fetch(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        revisions = await asyncio.gather(*(store.resolve(access, "main") for _ in range(50)))
        assert (set(revisions), server.fetches) == ({repo.sha()}, 1)


async def test_who_asks_during_a_fetch_gets_one_that_started_later(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root, delay=0.1) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        early = asyncio.create_task(store.resolve(access, "main"))
        await until(lambda: bool(server.requests))
        second = repo.commit({"app/cm.yaml": "value: 2\n"})
        late = [asyncio.create_task(store.resolve(access, "main")) for _ in range(20)]
        assert set(await asyncio.gather(*late)) == {second}
        await early
        assert server.fetches == 2


async def test_a_fetch_since_a_moment_serves_everyone_who_names_it(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        since = SystemClock().monotonic()
        for _ in range(3):
            await store.resolve(access, "main", since=since)
        assert server.fetches == 1
        await store.resolve(access, "main", since=SystemClock().monotonic())
        assert server.fetches == 2


async def test_a_caller_that_gives_up_leaves_the_fetch_to_the_others(
    repo: GitRepo, root: Path, store: GitStore
) -> None:
    async with HttpGit(root, delay=0.1) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        impatient, patient = (asyncio.create_task(store.resolve(access, "main")) for _ in range(2))
        await asyncio.sleep(0.02)
        impatient.cancel()
        assert await patient == repo.sha()
        assert server.fetches == 1


async def test_a_repository_that_hangs_does_not_hold_up_another(
    repo: GitRepo, root: Path, stores: Callable[..., GitStore]
) -> None:
    store = stores(deadline=1)
    async with HttpGit(root) as slow, HttpGit(root) as quick:
        slow.misbehave = "hang"
        hanging = asyncio.create_task(store.resolve(RepositoryAccess(url=slow.url("app.git")), "main"))
        async with asyncio.timeout(1):
            assert await store.resolve(RepositoryAccess(url=quick.url("app.git")), "main") == repo.sha()
        hanging.cancel()


async def test_credentials_of_one_do_not_serve_another(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root, login=("ada", "right")) as server:
        url = server.url("app.git")
        good = RepositoryAccess(url=url, username="ada", password="right")
        bad = RepositoryAccess(url=url, username="ada", password="wrong")
        outcome = await asyncio.gather(
            *(store.resolve(access, "main") for access in (good, bad)), return_exceptions=True
        )
        assert outcome[0] == repo.sha()
        assert isinstance(outcome[1], Exception)


async def test_several_processes_share_a_cache(repo: GitRepo, root: Path, tmp_path: Path) -> None:
    repo.commit({"file": "0"})
    command = [sys.executable, "-m", "tests.source.follow", str(tmp_path / "cache"), repo.url, "main", "12"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    followers = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
        for _ in range(3)
    ]
    done = asyncio.gather(*(follower.communicate() for follower in followers))
    number = 0
    while not done.done():
        number += 1
        repo.commit({"file": str(number)}, force_from="" if number % 5 == 0 else None)
        await asyncio.sleep(0.01)
    for (output, _), follower in zip(await done, followers, strict=True):
        assert follower.returncode == 0
        seen = [int(line.split()[1]) for line in output.decode().splitlines()]
        assert len(seen) == 12
        assert seen == sorted(seen)


async def test_a_process_that_is_killed_leaves_a_cache_to_go_on_with(
    repo: GitRepo, store: GitStore, tmp_path: Path
) -> None:
    repo.commit({"file": "0"})
    command = [sys.executable, "-m", "tests.source.follow", str(tmp_path / "cache"), repo.url, "main", "1000"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    follower = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert follower.stdout
    for number in range(20):
        await follower.stdout.readline()
        repo.commit({"file": str(number)})
    await asyncio.sleep(0.005)  # most likely in the middle of fetching the last commit
    follower.kill()
    await follower.wait()
    checkout = await store.checkout(RepositoryAccess(url=repo.url), "main")
    assert (checkout.revision, checkout.read("file")) == (repo.sha(), b"19")


async def test_a_mirror_that_another_process_holds_is_waited_for(
    repo: GitRepo, stores: Callable[..., GitStore], tmp_path: Path
) -> None:
    store = stores(deadline=0.2)
    access = RepositoryAccess(url=repo.url)
    await store.resolve(access, "main")
    second = repo.commit({"a": "1"})
    other = mirror_module.Mirror(the_mirror(tmp_path).parent)
    async with other.locked(patience=1):
        with pytest.raises(Retry, match=r"another process has held it for 0\.4 s") as caught:
            await store.resolve(access, "main")
        assert caught.value.reason == "MirrorBusy"
        waiting = asyncio.create_task(store.resolve(access, "main"))
        await asyncio.sleep(0.05)
    assert await waiting == second


async def test_twenty_thousand_references(repo: GitRepo, root: Path, store: GitStore) -> None:
    sha = repo.sha()
    lines = [f"{sha} refs/heads/topic/{number:05}" for number in range(10_000)]
    lines += [f"{sha} refs/tags/{number:05}.0.0" for number in range(10_000)]
    (repo.path / "packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted\n" + "\n".join(lines) + "\n")
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        assert await store.resolve(access, "topic/03141") == sha
        second = repo.commit({"a": "1"})
        assert await store.resolve(access, "main") == second
        assert await store.resolve(access, ">=3.0.0 <4") == sha


async def test_many_fetches_are_packed_and_old_revisions_stay_readable(
    repo: GitRepo, store: GitStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_module, "_PACKS", 3)
    access = RepositoryAccess(url=repo.url)
    checkouts = []
    for number in range(12):
        repo.commit({"app/cm.yaml": f"value: {number}\n"}, force_from="" if number % 4 == 0 else None)
        checkouts.append(await store.checkout(access, "main", "app"))
        await asyncio.sleep(0.03)
    await until(lambda: len(list(the_mirror(tmp_path).rglob("*.pack"))) <= 6)
    for number, checkout in enumerate(checkouts):
        assert checkout.read("app/cm.yaml") == f"value: {number}\n".encode()
