"""Environment files under tests/cases/environment: what is wrong with the bad, what the good imply in the cluster."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from trimtab.environment.environment import Environment
from trimtab.environment.fields import InvalidDeclaration
from trimtab.environment.ingress import ingress
from trimtab.environment.objects import (
    environment_map,
    login_map,
    repository_secret_name,
    roles_map,
    root_applications,
)
from trimtab.environment.reading import read_environment, schema
from trimtab.render.yaml import dump, load
from trimtab.render.yaml_lines import load_located

CASES = Path(__file__).parents[2] / "cases" / "environment"
GOOD = sorted((CASES / "good").glob("*.yaml"))
BAD = sorted((CASES / "bad").glob("*.yaml"))


def environment(path: Path) -> Environment:
    return read_environment(load_located(path.read_text(), origin=path.name))


def held(golden: Path, text: str, *, update: bool) -> None:
    """`text` is what the golden file says."""
    if update:
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_problem_is_told_with_its_line(path: Path, request: pytest.FixtureRequest) -> None:
    with pytest.raises(InvalidDeclaration) as caught:
        environment(path)
    text = "".join(f"{problem}\n" for problem in caught.value.problems)
    held(path.with_suffix(".problems"), text, update=request.config.getoption("--update"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_an_environment_implies(path: Path, request: pytest.FixtureRequest) -> None:
    env = environment(path)
    implied = [
        environment_map(env, "the file", engine="trimtab"),
        login_map(env, client_id="Iv1.0123", organization_id=77, engine="trimtab"),
        roles_map(env),
        ingress(env),
        *root_applications(env),
    ]
    text = f"# {env.url} {env.repository_url} {repository_secret_name(env)}\n" + "---\n".join(map(dump, implied))
    held(path.with_suffix(".objects"), text, update=request.config.getoption("--update"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_schema_takes_what_is_good(path: Path) -> None:
    validator = jsonschema_rs.validator_for(json.loads(json.dumps(schema())))
    validator.validate(load(path.read_text(), origin=path.name))


def test_the_schema_refuses_what_it_can() -> None:
    validator = jsonschema_rs.validator_for(schema())
    shapeless = [path for path in BAD if path.stem != "nobody"]
    assert [path.name for path in shapeless if validator.is_valid(load(path.read_text(), origin=path.name))] == []
