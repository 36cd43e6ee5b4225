"""The Dockerfile makes the image that `make image` makes."""

import json
import re
from pathlib import Path

from tools.image import build, layout
from trimtab import __version__

TEXT = (build.ROOT / "Dockerfile").read_text().replace("\\\n", " ")
BUILDING, FINAL = TEXT.split("\n\nFROM scratch\n")


def of(instruction: str, text: str = FINAL) -> list[str]:
    return re.findall(rf"^{instruction} +(.*)$", text, re.MULTILINE)


def pairs(instruction: str) -> dict[str, str]:
    return dict(re.findall(r'([\w.]+)="([^"]*)"', " ".join(of(instruction))))


def test_the_same_is_run_by_the_same_user() -> None:
    run = build.run_configuration("")
    assert of("USER") == [run["User"]]
    assert json.loads(of("ENTRYPOINT")[0]) == run["Entrypoint"]
    assert of("WORKDIR") == [run["WorkingDir"]]
    assert [f"{port}/tcp" for port in of("EXPOSE")] == [*run["ExposedPorts"]]
    assert [f"{name}={value}" for name, value in pairs("ENV").items()] == run["Env"]
    assert pairs("LABEL") == layout.LABELS | {"org.opencontainers.image.version": __version__}


def test_the_same_modules_make_the_files() -> None:
    (place,) = re.findall(r"python3 -m tools\.image rootfs (\S+)", BUILDING)
    assert of("COPY") == [f"--from=build {place} /"]
    assert f"FROM debian:{layout.SUITE}-slim AS build" in BUILDING


def test_no_package_is_named_twice() -> None:
    """What is in the image comes from the list; an engine needs Python and pip to read it."""
    (installed,) = re.findall(r"--no-install-recommends (.*)", BUILDING)
    assert installed.split() == ["python3", "python3-pip"]


def test_all_that_building_reads_is_sent_to_the_engine() -> None:
    sent = [line[1:] for line in (build.ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [path for path in sent if not (build.ROOT / path).exists()] == []
    ours = Path(build.__file__).parent
    used = {
        name.replace(".", "/")
        for module in ours.glob("*.py")
        for package, names in re.findall(r"^from (tools[\w.]*) import (.+)$", module.read_text(), re.MULTILINE)
        for name in (f"{package}.{one}" for one in names.split(", "))
        if not name.startswith("tools.image")
    }
    assert [name for name in used if f"{name}.py" not in sent] == []
