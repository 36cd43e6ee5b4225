"""`tests/cases/setup/*.txt`: what is typed and seen at 80 columns. `pytest tests/setup --update` writes them anew.

    environment: {login: {type: oauthApp}}     fields of the environment file
    scopes: repo, read:org                     of the person's token; none where there is no such line
    $ trimtab setup -f environment.yaml        a command; below it what the terminal shows
    < n                                        what is typed where it asks, on the line before the output
    [1]                                        its exit code, where it is not 0

Not shown is what is waited for, since it depends on how quick the machine is.
"""

import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.setup.command_line import ROOT, Command
from tests.setup.place import Place
from trimtab.render.yaml import load

CASES = Path(__file__).parent.parent / "cases" / "setup"
ANSWERS = {"TRIMTAB_CLIENT_ID": "Ov23liExample", "TRIMTAB_CLIENT_SECRET": "s3cret"}
ONE_LINE = ("$ ", "trimtab: ", "environment: ", "  https://")
"""How lines begin that may be longer than the terminal is wide."""
WAITING = re.compile(r"^  (Waiting for |https://\S+ does not answer yet)[^\n]*\n(  [^ +~✓!-][^\n]*\n)*", re.MULTILINE)
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-03-01T12:00:00Z"),
    (re.compile(r"\brepo-\d+"), "repo-0123456789"),
    (re.compile(r"\([0-9a-f]{8}\)"), "(01234567)"),
    (re.compile(r"\bcommit [0-9a-f]{7}\b"), "commit 0123456"),
    (re.compile(r"\btrimtab-production-[0-9a-f]{6}\b"), "trimtab-production-012345"),
    (re.compile(r"127\.0\.0\.1:\d{5}"), "127.0.0.1:12345"),
    (re.compile(r"[\w-]+@127"), "git@127"),
    (re.compile(r"localhost(:|%3A)\d+"), r"localhost\g<1>8443"),
)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", sorted(CASES.glob("*.txt")), ids=lambda path: path.stem)
async def test_transcript(path: Path, place: Place, request: pytest.FixtureRequest) -> None:
    played = "".join([part async for part in _played(path.read_text(), place)])
    if request.config.getoption("--update", default=False):
        path.write_text(played)
    assert played == path.read_text()
    assert not [line for line in played.splitlines() if len(line) > 80 and not line.startswith(ONE_LINE)]


async def _played(written: str, place: Place) -> AsyncIterator[str]:
    token, typed = "", re.findall(r"^\$ (.+)(?:\n< (.*))?", written, re.MULTILINE)
    for line in written.partition("$")[0].splitlines():
        name, _, value = line.partition(": ")
        if name == "environment":
            (place.folder / "environment.yaml").write_text(place.environment(**load(value, origin=name)))
        if name == "scopes":
            token = place.github.world.personal_token("ada", *value.split(", "))
        yield f"{line}\n"
    for command, answer in typed:
        yield f"$ {command}\n" + (f"< {answer}\n" if answer else "")
        yield await _shown(command, place, token=token, answer=answer)


async def _shown(text: str, place: Place, *, token: str, answer: str) -> str:
    command = Command(
        *shlex.split(text)[1:],
        kubeconfig=place.folder / "kubeconfig",
        folder=place.folder,
        **ANSWERS,
        PYTHONPATH=str(ROOT),
        GITHUB_TOKEN=token,
    )
    await command.start()
    if answer:
        await command.said(r"\[y/N\]: ")
        command.type(answer)
    code = await command.ended(within=60)
    shown = WAITING.sub("", command.output.replace(place.github.url, "https://github.example"))
    for pattern, mask in MASKS:
        shown = pattern.sub(mask, shown)
    return shown + (f"[{code}]\n" if code else "") + "\n"
