"""How the program starts, and how it ends."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Trimtab
from trimtab.cli.app import COMMANDS as VERBS
from trimtab.cli.lazy import Lazy
from trimtab.main import COMMANDS, trimtab

ROOT = Path(__file__).parents[2]
HEAVY = ("aiohttp", "rich", "msgspec", "yaml", "orjson", "asyncio", "pygit2")


def python(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, env=surroundings, timeout=50)


def test_help_imports_nothing_heavy() -> None:
    ended = python("-X", "importtime", "-m", "trimtab", "--help")
    assert ended.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert not imported & set(HEAVY)


@pytest.mark.parametrize("table", [COMMANDS, VERBS])
def test_every_line_of_the_tables_is_a_command(table: Mapping[str, Lazy]) -> None:
    for name, entry in table.items():
        command = entry.load()
        assert isinstance(command, click.Command)
        assert command.name == name
        assert command.help


def test_a_group_alone_prints_its_help(trimtab: Trimtab) -> None:
    for args in ((), ("app",)):
        assert trimtab(*args) == trimtab(*args, "--help")
        assert trimtab(*args).code == 0


def test_help_fits_80_columns(trimtab: Trimtab) -> None:
    pages = [("--help",), ("app", "--help"), *((name, "--help") for name in COMMANDS)]
    pages += [("app", verb, "--help") for verb in VERBS]
    for page in pages:
        assert max(map(len, trimtab(*page).out.splitlines())) <= 80, page


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["ap"], "no command 'ap'; did you mean app? (see trimtab --help)"),
        (["app", "lst"], "no command 'lst'; did you mean list? (see trimtab app --help)"),
        (["--loud"], "no such option '--loud' (see trimtab --help)"),
        (["crds", "-o", "xml"], "invalid value for '-o' / '--output': 'xml' is not one of 'yaml', 'json' "),
        (["install", "-n", "Argo"], "invalid value for '-n' / '--namespace': 'Argo' is no name of a namespace: "),
        (["install", "--trusted-proxies", "10.0.0.1/8"], "invalid value for '--trusted-proxies': 10.0.0.1/8 has host "),
        (["app", "get"], "missing argument 'NAME' (see trimtab app get --help)"),
    ],
)
def test_a_mistyped_line_is_one_line_of_error(args: list[str], error: str, trimtab: Trimtab) -> None:
    ended = trimtab(*args)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"trimtab: {error}")
    assert ended.err.count("\n") == 1


@click.command()
def _defect() -> None:
    raise KeyError("shop")


@click.command()
def _interrupted() -> None:
    raise KeyboardInterrupt


def test_a_defect_is_one_line_and_a_traceback_on_request(trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "defect", Lazy(f"{__name__}:_defect", ""))
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    ended = trimtab("defect")
    assert ended.code == 2
    assert ended.err == ("trimtab: internal error, please report it: KeyError('shop'); TRIMTAB_DEBUG=1 shows where\n")
    monkeypatch.setenv("TRIMTAB_DEBUG", "1")
    with pytest.raises(KeyError):
        trimtab("defect")


def test_an_interrupt_says_so(trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "interrupted", Lazy(f"{__name__}:_interrupted", ""))
    ended = trimtab("interrupted")
    assert (ended.code, ended.err.strip()) == (130, "trimtab: interrupted")


def test_a_reader_that_leaves_is_no_error() -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m trimtab crds | head -1"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=50,
    )
    assert (ended.stdout, ended.stderr) == ("apiVersion: apiextensions.k8s.io/v1\n", "")


def test_no_cluster_is_named(trimtab: Trimtab, tmp_path: Path) -> None:
    ended = trimtab("app", "list", kubeconfig=tmp_path / "none")
    assert ended.err == f"trimtab: kubeconfig {tmp_path}/none: no such file; check the path\n"
    ended = trimtab("app", "list")
    assert ended.code == 2
    assert "no kubeconfig at" in ended.err


def test_the_version() -> None:
    assert trimtab.main(["--version"], prog_name="trimtab", standalone_mode=False) == 0
