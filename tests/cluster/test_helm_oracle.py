"""The Helm renderer against `helm template` itself, on every Helm case, called as Argo CD calls it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.render import cases
from trimtab.model.application import ApplicationSource, HelmParameter, HelmSource
from trimtab.render import DirectoryTree, RenderRequest, Tree, Workshop, helm, render, yaml
from trimtab.render.jobs import HelmWork
from trimtab.render.strvals import escaped


@pytest.mark.parametrize("folder", cases.folders("helm"), ids=cases.case_name)
async def test_objects_are_those_of_helm_template(folder: Path, helm_oracle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(folder / "in", root)
    await _assert_same(DirectoryTree(folder / "in"), cases.request_of(folder), root=root, program=helm_oracle)


SETTINGS = (
    HelmSource(),
    HelmSource(parameters=(HelmParameter(name="autoscaling.enabled", value="true"),), skip_tests=True),
    HelmSource(
        values="ingress: {enabled: true, hosts: [{host: a.example.com, paths: [{path: /, pathType: Prefix}]}]}",
        parameters=(
            HelmParameter(name="replicaCount", value="3"),
            HelmParameter(name="service.port", value="8080"),
            HelmParameter(name="podAnnotations.rev", value="1234567", force_string=True),
            HelmParameter(name=r"nodeSelector.kubernetes\.io/os", value="linux"),
            HelmParameter(name="tolerations[0].key", value="spot"),
            HelmParameter(name="tolerations[0].tolerationSeconds", value="7654321"),
            HelmParameter(name="serviceAccount.create", value="false"),
        ),
        release_name="a-very-long-release-name-for-a-chart",
    ),
)


@pytest.mark.parametrize("settings", SETTINGS, ids=["defaults", "autoscaling", "ingress"])
async def test_the_chart_that_helm_itself_creates(settings: HelmSource, helm_oracle: Path, tmp_path: Path) -> None:
    subprocess.run([helm_oracle, "create", tmp_path / "web"], check=True, capture_output=True)  # noqa: ASYNC221
    source = ApplicationSource(repo_url="file:///r", path="web", helm=settings)
    request = RenderRequest(source=source, app_name="shop", namespace="shop-ns", kube_version="1.36.3")
    await _assert_same(DirectoryTree(tmp_path), request, root=tmp_path, program=helm_oracle)


async def _assert_same(tree: Tree, request: RenderRequest, *, root: Path, program: Path) -> None:
    """`root` holds the files of the tree, and may be changed."""
    async with Workshop() as workshop:
        ours = [target.manifest for target in (await render(tree, request, workshop=workshop)).targets]
    work = helm.prepare(tree, request).work
    assert isinstance(work, HelmWork)
    for vendored, place in work.links.items():
        shutil.copytree(root / place, root / vendored)
    assert sorted(ours, key=_key) == sorted(_templated(program, work, root), key=_key)


def _templated(helm: Path, work: HelmWork, root: Path) -> list[Any]:
    command = [str(helm), "template", str(root / work.chart), *_flags(work, root)]
    done = subprocess.run(command, capture_output=True, check=False, env={"HOME": str(root), "PATH": "/usr/bin"})
    assert done.returncode == 0, done.stderr.decode()
    documents = yaml.load_all(done.stdout, origin="helm template")
    return [document.value for document in documents if document.value is not None]


def _flags(work: HelmWork, root: Path) -> list[str]:
    inline = root / "inline-values.yaml"
    inline.write_bytes(work.values)
    flags = ["--name-template", work.release_name, "--namespace", work.namespace, "--kube-version", work.kube_version]
    for name in work.value_files:
        flags += ["--values", str(root / name)]
    flags += ["--values", str(inline)]
    for parameter in work.parameters:
        flags += ["--set-string" if parameter.force_string else "--set", f"{parameter.name}={escaped(parameter.value)}"]
    for name, path in work.parameter_files.items():
        flags += ["--set-file", f"{name}={root / path}"]
    for version in work.api_versions:
        flags += ["--api-versions", version]
    switches = {
        "--include-crds": not work.skip_crds,
        "--skip-tests": work.skip_tests,
        "--skip-schema-validation": work.skip_schema_validation,
    }
    return [*flags, *(switch for switch, given in switches.items() if given)]


def _key(manifest: dict[str, Any]) -> tuple[str, str, str]:
    return manifest["kind"], manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
