"""What a result hangs on: a change of it renders anew, any other change does not."""

from pathlib import Path

import pytest

from tests.render.trees import chart, config_map, repository
from trimtab.errors import Stalled
from trimtab.model.application import ApplicationSource, HelmSource
from trimtab.render import DirectoryTree, RenderRequest, Workshop, render
from trimtab.render.cache import RenderCache

FILES = {
    "plain/a.yaml": config_map("a"),
    "plain/notes.md": "notes",
    "overlay/kustomization.yaml": "resources: [../base]\n",
    "base/kustomization.yaml": "resources: [a.yaml]\n",
    "base/a.yaml": config_map("base"),
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "chart/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.name }}}\n",
    "values/prod.yaml": "name: prod\n",
    "values/test.yaml": "name: test\n",
    "elsewhere/b.yaml": config_map("b"),
}
SOURCES = {
    "plain": ApplicationSource(repo_url="file:///r", path="plain"),
    "overlay": ApplicationSource(repo_url="file:///r", path="overlay"),
    "chart": ApplicationSource(
        repo_url="file:///r", path="chart", helm=HelmSource(value_files=("../values/prod.yaml",))
    ),
}
NEW = "directory: {exclude: a.yaml}\n"
"""What a new file holds: an override if the name says so, else YAML that is no manifest."""
CHANGES = {
    "plain/a.yaml": {"plain"},
    "plain/notes.md": set(),
    "plain/new.yaml": {"plain"},
    "plain/new.txt": set(),
    "overlay/kustomization.yaml": {"overlay"},
    "base/a.yaml": {"overlay"},
    "chart/templates/a.yaml": {"chart"},
    "values/prod.yaml": {"chart"},
    "values/test.yaml": set(),
    "elsewhere/b.yaml": set(),
    "plain/.argocd-source-shop.yaml": {"plain"},
    "plain/.argocd-source-other.yaml": set(),
}


@pytest.mark.parametrize("changed", CHANGES)
async def test_a_change_renders_what_read_it(changed: str, workshop: Workshop, tmp_path: Path) -> None:
    workshop.cache = RenderCache(tmp_path / "cache")
    root = repository(tmp_path, FILES)
    await _rendered_anew(root, workshop)
    assert await _rendered_anew(root, workshop) == set()
    file = root / changed
    file.write_text(file.read_text() + "# changed\n" if file.exists() else NEW)
    assert await _rendered_anew(root, workshop) == CHANGES[changed]


async def _rendered_anew(root: Path, workshop: Workshop) -> set[str]:
    found = set()
    for name, source in SOURCES.items():
        request = RenderRequest(source=source, app_name="shop", instance="shop")
        if not (await render(DirectoryTree(root), request, workshop=workshop)).cached:
            found.add(name)
    return found


async def test_the_application_s_name_does_not_matter_to_plain_manifests(workshop: Workshop, tmp_path: Path) -> None:
    root = repository(tmp_path, FILES)
    digests = {
        app: (await render(DirectoryTree(root), _request("plain", app), workshop=workshop)).digest for app in ("a", "b")
    }
    assert digests["a"] == digests["b"]
    charts = {
        (await render(DirectoryTree(root), _request("chart", app), workshop=workshop)).digest for app in ("a", "b")
    }
    assert len(charts) == 2


@pytest.mark.parametrize(("template", "asks"), [("x", False), ("{{ .Capabilities.KubeVersion }}", True)])
async def test_a_cluster_s_versions_matter_to_charts_that_ask(
    template: str, *, asks: bool, workshop: Workshop, tmp_path: Path
) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    root = repository(tmp_path, chart("chart", f"{text}data: {{v: '{template}'}}\n"))
    source = ApplicationSource(repo_url="file:///r", path="chart")
    seen = set()
    for version, more in (("1.35.0", ()), ("1.36.0", ()), ("1.36.0", ("example.com/v1",))):
        request = RenderRequest(source=source, app_name="a", kube_version=version, api_versions=("v1", *more))
        seen.add((await render(DirectoryTree(root), request, workshop=workshop)).digest)
    assert len(seen) == (3 if asks else 1)


def _request(name: str, app: str) -> RenderRequest:
    return RenderRequest(source=SOURCES[name], app_name=app)


async def test_a_source_that_only_lends_files_has_no_objects(workshop: Workshop, tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.yaml": config_map("a")})
    request = RenderRequest(source=ApplicationSource(repo_url="file:///r", ref="values"), app_name="a")
    assert (await render(DirectoryTree(root), request, workshop=workshop)).targets == ()


@pytest.mark.parametrize(("count", "reason"), [(1, "FileTooLarge"), (3, "TooBig")])
async def test_more_than_ten_megabytes(count: int, reason: str, workshop: Workshop, tmp_path: Path) -> None:
    text = config_map("a") + "data:\n  a: " + "x" * (12_000_000 // count) + "\n"
    root = repository(tmp_path, {f"plain/{i}.yaml": text for i in range(count)})
    with pytest.raises(Stalled, match=r"plain/\d\.yaml.*more than 10,485,760 bytes") as error:
        await render(DirectoryTree(root), _request("plain", "a"), workshop=workshop)
    assert error.value.reason == reason


async def test_nine_megabytes(workshop: Workshop, tmp_path: Path) -> None:
    text = "---\n".join(config_map(f"a{i}") + f"data: {{a: '{'x' * 3000}'}}\n" for i in range(3000))
    root = repository(tmp_path, {"plain/a.yaml": text})
    assert len((await render(DirectoryTree(root), _request("plain", "a"), workshop=workshop)).targets) == 3000


async def test_a_name_that_is_no_text(workshop: Workshop, tmp_path: Path) -> None:
    root = repository(tmp_path, {"plain/a.yaml": config_map("a")})
    (root / "plain" / "b\udcff.yaml").write_text(config_map("b"))
    with pytest.raises(Stalled, match=r"plain/b\\udcff\.yaml': the name of the file is not UTF-8"):
        await render(DirectoryTree(root), _request("plain", "a"), workshop=workshop)
