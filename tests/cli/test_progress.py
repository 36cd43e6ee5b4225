"""What long work shows, at a terminal and elsewhere."""

import io

import pytest
from rich.console import Console
from rich.live import Live

from trimtab.cli.progress import Lines, Picture, display

TITLES = ("PHASE", "KIND", "NAMESPACE", "NAME", "RESULT", "MESSAGE")
RUNNING = ("PreSync", "batch/Job", "shop", "migrate", "Running", "")
DONE = ("PreSync", "batch/Job", "shop", "migrate", "Succeeded", "all pods done")


def test_elsewhere_each_change_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with display("Syncing shop", TITLES) as progress:
        assert isinstance(progress, Lines)
        progress.show("syncing", [])
        progress.show("waiting for completion of hook batch/Job/migrate", [RUNNING])
        progress.show("waiting for completion of hook batch/Job/migrate", [RUNNING])
        progress.show("successfully synced", [DONE])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "syncing",
        "PreSync  batch/Job  shop  migrate  Running",
        "waiting for completion of hook batch/Job/migrate",
        "PreSync  batch/Job  shop  migrate  Succeeded  all pods done",
        "successfully synced",
    ]


def test_at_a_terminal_a_picture_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "12")
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, height=12)
    with Live(console=console, auto_refresh=False) as live:
        rows = [("Sync", "apps/Deployment", "shop", f"web-{n}", "Synced", "created " * 9) for n in range(30)]
        Picture(live, "Syncing argocd/shop", TITLES).show("waiting for healthy state", rows, count="2 of 30 objects")
    drawn = console.render_lines(live.renderable, console.options.update(width=60), pad=False)
    lines = ["".join(segment.text for segment in line) for line in drawn]
    assert [line.rstrip() for line in lines[:4]] == [
        "Syncing argocd/shop  0 s  2 of 30 objects",
        "waiting for healthy state",
        "",
        "(25 above)",
    ]
    assert lines[4].split()[:4] == ["PHASE", "KIND", "NAMESPACE", "NAME"]
    assert lines[-1].split()[3] == "web-29"
    assert len(lines) <= 12
