"""From a declaration to what runs: the commands of docs/declare.md, and an application that becomes healthy."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from tests.cli.conftest import Trimtab
from tests.cli.scenes import ENVIRONMENT
from tests.cli.stage import Stage
from trimtab.declare.scaffold import APPLICATION
from trimtab.environment.objects import root_applications
from trimtab.environment.reading import read_environment
from trimtab.render.yaml_lines import load_located

DOCUMENT = (Path(__file__).parents[2] / "docs" / "declare.md").read_text()
DISK = "volumes:\n- {name: data, path: /data, size: 1Gi}\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def test_the_commands_of_the_documentation(tmp_path: Path) -> None:
    bare, home = tmp_path / "bare.git", tmp_path / "home"
    pygit2.init_repository(str(bare), bare=True, initial_head="main")
    home.mkdir()
    for block in blocks("yaml"):
        name = re.match(r"# (\S+)", block)
        assert name
        (home / name[1]).write_text(block)
    environment = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "80",
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
    }
    config = f'[url "{bare}"]\n\tinsteadOf = git@github.com:acme/infrastructure.git\n'
    (home / "gitconfig").write_text(f"{config}[user]\n\tname = ana\n\temail = ana@acme.example\n")
    script = "\n".join(blocks("sh")).replace("--dry-run", "--dry-run || test $? = 1")
    done = subprocess.run(
        ["bash", "-euc", script], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("nothing to change") == 1
    overlays = home / "infrastructure/infrastructure/applications/web/overlays"
    kustomization = (overlays / "production/kustomization.yaml").read_text()
    assert "count: 3" in kustomization
    assert "team: lamps" in kustomization
    assert [path.name for path in overlays.iterdir()] == ["production"]
    assert pygit2.Repository(str(bare)).head.peel(pygit2.Commit).message == "Deploy web\n"


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("", False)])
def test_nothing_is_written_without_a_yes(
    answer: str, written: bool, tmp_path: Path, trimtab: Trimtab, at_a_terminal: Callable[[str], None]
) -> None:
    pygit2.init_repository(str(tmp_path / "clone"))
    (tmp_path / "production.yaml").write_text(ENVIRONMENT)
    (tmp_path / "web.yaml").write_text(APPLICATION)
    named = ("-e", str(tmp_path / "production.yaml"), "--checkout", str(tmp_path / "clone"))
    at_a_terminal(answer)
    ended = trimtab("apply", "application", "-f", str(tmp_path / "web.yaml"), *named)
    assert "Application web in environment production: 9 files to create. Write? [y/N]:" in ended.out
    assert (ended.code, (tmp_path / "clone/infrastructure").exists()) == ((0, True) if written else (130, False))
    if written:
        at_a_terminal("n\n")
        assert trimtab("delete", "application", "web", *named).code == 130
        assert (tmp_path / "clone/infrastructure/production/argocd/applications/web.yaml").exists()


def test_what_is_declared_becomes_healthy(stage: Stage, trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stage.folder)
    root = stage.folder / "clone"
    pygit2.init_repository(str(root), initial_head="main")
    (stage.folder / "production.yaml").write_text(ENVIRONMENT)
    (stage.folder / "web.yaml").write_text(APPLICATION.replace("# host", "host") + DISK)
    ended = trimtab("apply", "application", "-f", "web.yaml", "-e", "production.yaml", "--checkout", "clone", "--yes")
    assert ended.code == 0, ended.err
    env = read_environment(load_located(ENVIRONMENT, origin="production.yaml"))
    files = {
        str(path.relative_to(root)): path.read_text().replace(env.repository_url, stage.repo.url)
        for path in (root / "infrastructure").rglob("*.yaml")
    }
    stage.repo.commit(files)
    stage.install()
    stage.control()
    roots = root_applications(env)
    for one in roots:
        one["spec"]["source"]["repoURL"] = stage.repo.url
    stage.create(*roots)
    for name in ("production-namespaces", "production-applications"):
        assert trimtab("app", "wait", name, "--sync", "--timeout", "30s", kubeconfig=stage.kubeconfig).code == 0
    ended = trimtab("app", "wait", "web", "--timeout", "30s", kubeconfig=stage.kubeconfig)
    assert ended.code == 0, ended.err
