"""Questions of commands: answered on a terminal, and left by Ctrl-C."""

import asyncio
import os
import pty
import signal
import sys
import termios
from collections.abc import Callable, Iterator

import click
import pytest

from tests.engine.world import until
from trimtab.cli.setup_terminal import ConsoleTerminal
from trimtab.cli.typed import typed

Type = Callable[[str], object]


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Types on the terminal that is stdin."""
    keys, screen = pty.openpty()
    with os.fdopen(screen) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda text: os.write(keys, text.encode())
    os.close(keys)


def echoes() -> bool:
    return bool(termios.tcgetattr(sys.stdin)[3] & termios.ECHO)


@pytest.mark.parametrize("text, agreed", [("y\n", True), ("what\nYes\n", True), ("\n", False), ("n\n", False)])
async def test_yes_or_no(keyboard: Type, text: str, agreed: bool) -> None:
    keyboard(text)
    assert await ConsoleTerminal(browser=False).confirm("Sure?") is agreed


async def test_a_value_is_asked_for_until_it_is_given(keyboard: Type, capsys: pytest.CaptureFixture[str]) -> None:
    keyboard("\n  s3cret \n")
    given = await ConsoleTerminal(browser=False).ask("Client secret", variable="NOT_SET_HERE", secret=True)
    assert given == "s3cret"
    assert capsys.readouterr().err.count("Client secret: ") == 2


async def test_the_end_of_the_input_is_no_answer(keyboard: Type) -> None:
    keyboard("\x04")
    with pytest.raises(click.Abort):
        await typed("Sure? ")


async def test_a_secret_does_not_show_and_echo_comes_back_even_when_nobody_answers(keyboard: Type) -> None:
    asked = asyncio.create_task(typed("Password: ", hidden=True))

    async def shown() -> bool:
        return echoes()

    await until(shown, lambda seen: not seen)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert echoes()


async def test_the_prompt_of_a_secret_comes_when_nothing_shows_any_more(
    keyboard: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    echoed: list[bool] = []
    monkeypatch.setattr(click, "echo", lambda *_, **__: echoed.append(echoes()))
    keyboard("s3cret\n")
    await typed("Password: ", hidden=True)
    assert echoed[0] is False


async def test_ctrl_c_ends_a_question_at_once() -> None:
    keys, screen = pty.openpty()
    ask = "import asyncio; from trimtab.cli.setup_terminal import ConsoleTerminal as T; "
    ask += "asyncio.run(T(browser=False).confirm('Sure?'))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ask), stdin=screen, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    assert await process.stderr.readuntil(b"[y/N]: ")
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 15) != 0
    await process.stderr.read()
    os.close(keys)
    os.close(screen)
