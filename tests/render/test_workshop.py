"""The worker processes: limits, deaths, cancellation, reuse."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.render.trees import chart, config_map, repository
from trimtab.errors import Retry, Stalled
from trimtab.model.application import ApplicationSource
from trimtab.render import DirectoryTree, Limits, Rendering, RenderRequest, Workshop, render

MIB = 1024 * 1024


async def rendered(workshop: Workshop, root: Path, path: str = "app") -> Rendering:
    request = RenderRequest(source=ApplicationSource(repo_url="file:///repo", path=path), app_name="shop")
    return await render(DirectoryTree(root), request, workshop=workshop)


def processes(workshop: Workshop) -> list[int]:
    """The worker processes of this test, found by the folder that they were given."""
    scratch = str(workshop._scratch).encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and scratch in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def at_work(workshop: Workshop) -> list[int]:
    """The worker processes once one of them has a job."""
    while not workshop._all or workshop._idle:  # noqa: ASYNC110 - nothing says so
        await asyncio.sleep(0.01)
    return processes(workshop)


async def test_a_worker_is_used_again(workshop: Workshop, tmp_path: Path) -> None:
    root = repository(tmp_path, {"app/a.yaml": config_map("a"), "two/b.yaml": config_map("b")})
    await rendered(workshop, root)
    first = processes(workshop)
    await rendered(workshop, root, "two")
    assert len(first) == 1
    assert processes(workshop) == first


async def test_a_worker_is_used_again_whatever_its_owner_weighs(tmp_path: Path) -> None:
    root = repository(tmp_path, {"app/a.yaml": config_map("a")})
    limits = Limits(memory=300 * MIB, workers=1)
    assert len(b"x" * limits.memory) == limits.memory, "this process has had that much, too"
    async with Workshop(limits=limits, scratch=tmp_path) as workshop:
        await rendered(workshop, root)
        first = processes(workshop)
        await rendered(workshop, root)
        assert len(first) == 1
        assert processes(workshop) == first


async def test_a_chart_that_loops_is_stopped(tmp_path: Path) -> None:
    loop = "{{ range until 30000 }}{{ range until 30000 }}{{ $x := sha256sum `a` }}{{ end }}{{ end }}"
    root = repository(tmp_path, {**chart("app", loop), "fine/a.yaml": config_map("a")})
    async with Workshop(limits=Limits(seconds=2, workers=1), scratch=tmp_path) as workshop:
        with pytest.raises(Stalled, match=r"^app: rendering took longer than 2 s and was stopped"):
            await rendered(workshop, root)
        assert len((await rendered(workshop, root, "fine")).targets) == 1


async def test_a_chart_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    root = repository(tmp_path, {**chart("app", '{{ repeat 1000000000 "a" }}'), "fine/a.yaml": config_map("a")})
    async with Workshop(limits=Limits(memory=512 * MIB, workers=1), scratch=tmp_path) as workshop:
        with pytest.raises(Stalled, match=r"^app: rendering needs more than 512 MiB of memory") as failed:
            await rendered(workshop, root)
        assert failed.value.reason == "OutOfMemory"
        assert len((await rendered(workshop, root, "fine")).targets) == 1


async def test_yaml_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    root = repository(tmp_path, {"app/a.yaml": config_map("a") + "data: {" + "a: 1, " * 1_500_000 + "}\n"})
    async with Workshop(limits=Limits(memory=20 * MIB, workers=1), scratch=tmp_path) as workshop:
        with pytest.raises(Stalled, match=r"^app: rendering needs more than 20 MiB of memory"):
            await rendered(workshop, root)


async def test_a_kustomization_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    generator = "configMapGenerator:\n- name: a\n  files: [big.txt]\n"
    root = repository(tmp_path, {"app/kustomization.yaml": generator, "app/big.txt": "text\n" * 3 * MIB})
    async with Workshop(limits=Limits(memory=100 * MIB, workers=1), scratch=tmp_path) as workshop:
        with pytest.raises(Stalled, match=r"^app: rendering needs more than 100 MiB of memory"):
            await rendered(workshop, root)


async def test_a_stopped_source_takes_no_worker_again(tmp_path: Path) -> None:
    root = repository(tmp_path, chart("app", '{{ repeat 1000000000 "a" }}'))
    async with Workshop(limits=Limits(memory=512 * MIB, workers=1), scratch=tmp_path) as workshop:
        with pytest.raises(Stalled, match="memory") as first:
            await rendered(workshop, root)
        workshop._start = None  # type: ignore[method-assign, assignment]
        with pytest.raises(Stalled, match="memory") as second:
            await rendered(workshop, root)
        assert second.value.message == first.value.message


async def test_a_worker_that_dies_harms_only_its_own_job(workshop: Workshop, tmp_path: Path) -> None:
    slow = "{{ range until 30000 }}{{ range until 30000 }}{{ $x := sha256sum `a` }}{{ end }}{{ end }}"
    root = repository(tmp_path, {**chart("app", slow), "fine/a.yaml": config_map("a")})
    task = asyncio.create_task(rendered(workshop, root))
    alive = await at_work(workshop)
    os.kill(alive[0], signal.SIGSEGV)
    with pytest.raises(Retry, match=r"^app: the rendering process died: signal 11"):
        await task
    assert len((await rendered(workshop, root, "fine")).targets) == 1


async def test_a_cancelled_job_leaves_no_process(workshop: Workshop, tmp_path: Path) -> None:
    slow = "{{ range until 30000 }}{{ range until 30000 }}{{ $x := sha256sum `a` }}{{ end }}{{ end }}"
    root = repository(tmp_path, {**chart("app", slow), "fine/a.yaml": config_map("a")})
    task = asyncio.create_task(rendered(workshop, root))
    alive = await at_work(workshop)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while set(alive) & set(processes(workshop)):  # noqa: ASYNC110 - another process sets no event
        await asyncio.sleep(0.01)
    assert len((await rendered(workshop, root, "fine")).targets) == 1


async def test_a_job_that_is_cancelled_at_once_leaves_no_process(tmp_path: Path) -> None:
    root = repository(tmp_path, {"app/a.yaml": config_map("a")})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with Workshop(limits=Limits(workers=2), scratch=scratch) as workshop:
        for turns in range(40):
            task = asyncio.create_task(rendered(workshop, root))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert len(processes(workshop)) <= 4
    assert processes(workshop) == []
    assert list(scratch.iterdir()) == []


async def test_an_idle_worker_is_ended(tmp_path: Path) -> None:
    root = repository(tmp_path, {"app/a.yaml": config_map("a")})
    async with Workshop(limits=Limits(idle=0.5, workers=1), scratch=tmp_path) as workshop:
        await rendered(workshop, root)
        while processes(workshop):  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.01)
        assert len((await rendered(workshop, root)).targets) == 1


async def test_what_a_killed_owner_left_is_removed(tmp_path: Path) -> None:
    root = repository(tmp_path, {"app/a.yaml": config_map("a")})
    old, new = tmp_path / "trimtab-render-old", tmp_path / "trimtab-render-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    async with Workshop(limits=Limits(workers=1), scratch=tmp_path) as workshop:
        await rendered(workshop, root)
    assert (old.exists(), new.exists()) == (False, True)


async def test_workers_run_side_by_side(tmp_path: Path) -> None:
    files = {f"app{i}/a.yaml": config_map(f"a{i}") for i in range(20)}
    root = repository(tmp_path, files)
    async with Workshop(limits=Limits(workers=2), scratch=tmp_path) as workshop:
        results = await asyncio.gather(*(rendered(workshop, root, f"app{i}") for i in range(20)))
        assert [result.targets[0].manifest["metadata"]["name"] for result in results] == [f"a{i}" for i in range(20)]
        assert len(processes(workshop)) == 2
