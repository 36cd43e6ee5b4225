"""The documentation cannot drift: the packages, tables, commands and files that it names are there."""

import re
from pathlib import Path

import pytest

from trimtab.cli.app import COMMANDS as APP_COMMANDS
from trimtab.doctor.checks import CHECKS
from trimtab.health.table import RULES
from trimtab.main import COMMANDS

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
USING = (ROOT / "docs/using.md").read_text()
README = (ROOT / "README.md").read_text()


def test_every_package_has_its_line() -> None:
    packages = sorted(path.parent.name for path in (ROOT / "trimtab").glob("*/__init__.py"))
    assert [name for name in packages if f"| `{name}/` |" not in ARCHITECTURE] == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z]+/[a-z_/]+\.py)(?:: [A-Z_]+)?`", ARCHITECTURE))))
def test_files_that_are_named_exist(name: str) -> None:
    examples = {"source/bucket.py", "render/jsonnet.py", "health/rules/acme_widget.py", "sync/gates/quota.py"}
    found = [ROOT / "trimtab" / name, ROOT / name]
    assert name in examples or any(path.exists() for path in found)


@pytest.mark.parametrize(("name", "table"), re.findall(r"`([a-z]+/[a-z_/]+\.py): ([A-Z_]+)`", ARCHITECTURE))
def test_tables_that_are_named_exist(name: str, table: str) -> None:
    path = next(path for path in (ROOT / "trimtab" / name, ROOT / name) if path.exists())
    assert re.search(rf"^{table}\b", path.read_text(), re.MULTILINE)


def test_every_command_is_documented() -> None:
    shown = README + USING
    assert [
        name
        for name in COMMANDS
        if name != "completion" and f"trimtab {name}" not in shown and f"make {name}" not in shown
    ] == []
    assert [name for name in APP_COMMANDS if name not in README] == []


def test_every_check_of_the_doctor_has_a_heading() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / "docs/doctor.md").read_text(), re.MULTILINE)
    assert headings == [check.name for check in CHECKS]


def test_every_health_rule_is_documented() -> None:
    assert [kind for _, kind in RULES if kind not in USING] == []


def test_links_between_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} → {target}"


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", README + USING + ARCHITECTURE))
    assert named - targets == set()
