"""The commands on the sandbox, as a person and a script meet them: exit codes, one line for an error, no secret."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.setup.command_line import Command
from tests.setup.place import Place
from tests.setup.unchanged import nothing_changes


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"


def in_file(place: Place, **fields: object) -> str:
    file = place.folder / "environment.yaml"
    file.write_text(place.environment(**fields))
    return str(file)


async def test_a_dry_run_shows_the_plan_and_writes_nothing(place: Place, kubeconfig: Path) -> None:
    command = Command("setup", "-f", in_file(place), "--dry-run", kubeconfig=kubeconfig)
    async with nothing_changes(place):
        assert await command.run() == 1
    assert re.search(r"^Plan: create \d+, .*click 3\.$", command.output, re.MULTILINE), command.output
    assert max(map(len, command.output.splitlines())) <= 80
    assert "\x1b" not in command.output


async def test_nobody_can_be_asked(place: Place, kubeconfig: Path) -> None:
    alone = ("bash", "-c", '"$0" -u -m trimtab "$@" < /dev/null', sys.executable)
    command = Command("setup", "-f", in_file(place), kubeconfig=kubeconfig, program=alone)
    async with nothing_changes(place):
        assert await command.run(within=30) == 2
    last = command.output.splitlines()[-1]
    assert last == "trimtab: Carry this out?: nobody can be asked here; run this in a terminal, or give --yes"


async def test_every_problem_of_a_file_is_one_line(place: Place, kubeconfig: Path) -> None:
    file = in_file(place, colour="blue", teams=[])
    command = Command("setup", "-f", file, "--yes", kubeconfig=kubeconfig)
    async with nothing_changes(place):
        assert await command.run(within=30) == 2
    said = command.output.splitlines()
    *problems, last = said
    assert all(re.match(rf"{re.escape(file)}:\d+: ", line) for line in problems), said
    assert last == f"trimtab: {file}: {len(problems)} problems; nothing was done"
    assert any("colour: is not known here" in line for line in said)


async def test_interrupted_while_a_person_has_to_click(place: Place, kubeconfig: Path) -> None:
    """The next one goes on, and what the first has begun is named."""
    command = Command("setup", "-f", in_file(place), "--yes", "--no-browser", kubeconfig=kubeconfig)
    await command.start()
    await command.page()
    command.interrupt()
    assert await command.ended() == 130
    assert command.output.splitlines()[-1] == "trimtab: interrupted"
    assert "Traceback" not in command.output
    assert place.github.world.github_apps == {}
    again = Command("setup", "-f", in_file(place), "--dry-run", kubeconfig=kubeconfig)
    assert await again.run() == 1
    assert "may be there already" in again.output
    down = Command("teardown", "--yes", kubeconfig=kubeconfig)
    assert await down.run() == 0, down.output
    await place.vanished("Namespace", "argocd")


async def test_a_teardown_without_an_environment(place: Place, kubeconfig: Path) -> None:
    for arguments in (("teardown", "--yes"), ("rotate", "deploy-key", "--yes")):
        command = Command(*arguments, kubeconfig=kubeconfig)
        async with nothing_changes(place):
            assert await command.run(within=30) == 2
        assert len(command.output.splitlines()) == 1
        assert command.output.startswith("trimtab: ")


async def test_a_token_is_never_shown(place: Place, kubeconfig: Path) -> None:
    token = place.github.world.personal_token("ada", "repo", "read:org")
    file = in_file(place, login={"type": "oauthApp"})
    given: Any = {"GITHUB_TOKEN": token, "TRIMTAB_CLIENT_ID": "Ov23liAbC", "TRIMTAB_CLIENT_SECRET": "cl1ent-s3cret"}
    command = Command("setup", "-f", file, "--yes", "--no-browser", kubeconfig=kubeconfig, **given)
    assert await command.run() == 0, command.output
    secrets = [value for name in ("argocd-secret",) for value in (await place.cluster.secret(name)).values()]
    assert not [one for one in (token, "cl1ent-s3cret", *secrets) if one in command.output]
    assert "PRIVATE KEY" not in command.output
