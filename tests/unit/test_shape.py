"""The tail is watched: functions longer than a screen and files too long to keep in mind are named here, or split."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES_OF_A_FUNCTION = 60
LINES_OF_A_FILE = 400
MEDIAN = 10


def _sources() -> Iterator[Path]:
    for folder in ("trimtab", "tools", "bench"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def _functions() -> Iterator[tuple[str, int]]:
    """(where, lines without the docstring) of every function."""
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}: {node.name}", _length(node)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_functions_fit_on_a_screen() -> None:
    assert [where for where, lines in _functions() if lines > LINES_OF_A_FUNCTION] == []


def test_the_median_function_is_short() -> None:
    assert statistics.median(lines for _, lines in _functions()) <= MEDIAN


def test_files_can_be_kept_in_mind() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in _sources()}
    assert {name: lines for name, lines in long.items() if lines > LINES_OF_A_FILE} == {}


def test_only_known_packages_write_to_an_api_server() -> None:
    """The targets of applications are written by `apply` alone; the others write what is listed here."""
    allowed = {
        "trimtab/apply",  # the objects of applications
        "trimtab/controller",  # status of Applications, Events
        "trimtab/cli",  # Applications: create, operation, annotations, delete
        "trimtab/server",  # what callers of the API write, argocd-secret, ended sessions
        "trimtab/doctor",  # SubjectAccessReviews, which are questions
        "trimtab/setup",  # what an environment implies
        "trimtab/demo",  # Applications and CRDs of the demo
        "trimtab/kube",
    }
    importers = {
        str(path.relative_to(ROOT).parent)
        for path in _sources()
        if "trimtab" in path.parts
        and any(text in path.read_text() for text in ("kube import write", "kube.write import", "import read, write"))
    }
    assert {name for name in importers if not any(name.startswith(known) for known in (*allowed, "bench"))} == set()
