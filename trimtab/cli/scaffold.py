"""`trimtab scaffold`: examples of what is declared, to begin with."""

import click

from trimtab.cli.output import as_json, echo
from trimtab.declare.reading import schema
from trimtab.declare.scaffold import APPLICATION
from trimtab.environment.reading import schema as environment_schema
from trimtab.environment.scaffold import ENVIRONMENT


@click.group()
def scaffold() -> None:
    """Print a declaration to begin with, commented."""


@scaffold.command()
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema instead, for editors.")
def application(*, as_schema: bool) -> None:
    """Print the declaration of an application, for `trimtab apply application`."""
    echo(as_json(schema()) if as_schema else APPLICATION.rstrip("\n"))


@scaffold.command()
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema instead, for editors.")
def environment(*, as_schema: bool) -> None:
    """Print an environment file, for `trimtab setup`."""
    echo(as_json(environment_schema()) if as_schema else ENVIRONMENT.rstrip("\n"))
