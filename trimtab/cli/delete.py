"""`trimtab delete`: taking out of the repository what was declared."""

from collections.abc import Iterator

import click

from trimtab.cli.apply import CheckoutFlags, checkout_flags, place_at
from trimtab.cli.checkout import Checkout
from trimtab.cli.declared import neighbours, objects_of, tools_of, tree_of
from trimtab.cli.file_plan import carry_out, outcome, show_files
from trimtab.cli.output import echo, wrapped
from trimtab.cli.words import counted
from trimtab.declare.declaration import LABEL
from trimtab.declare.place import Place, overlay_of
from trimtab.declare.reading import like
from trimtab.declare.removal import Removal, plan_removal


@click.group()
def delete() -> None:
    """Take what is declared out of a checkout of the repository."""


@delete.command()
@click.argument("name")
@checkout_flags
@click.pass_context
def application(ctx: click.Context, /, flags: CheckoutFlags, name: str) -> None:
    """Remove the files of application NAME from one environment. Shows first what goes, and what stays.

    Its namespace stays, and so does the base while other environments use it. What runs in the cluster stays, too,
    unless its Application says otherwise. Ends with 1 with --dry-run.
    """
    if wrong := like(LABEL, "is no application's name")(name):
        raise click.UsageError(f"{name!r} {wrong}")
    place = place_at(flags.environment)
    checkout = Checkout(flags.checkout)
    tree = tree_of(checkout, name, place)
    uncommitted = checkout.uncommitted(sorted(tree.files))
    removal = plan_removal(name, place, tree, tools_of(checkout), uncommitted=uncommitted)
    show_files(removal.plan)
    echo()
    for line in _consequences(removal, checkout, name, place):
        echo(wrapped(line, indent=0))
    title = f"Application {name} in environment {place.environment}"
    if flags.dry_run:
        echo(f"{title}: {outcome(removal.plan)}")
        ctx.exit(1)
    carry_out(removal.plan, checkout, question=f"{title}: {outcome(removal.plan)}. Remove?", yes=flags.yes)
    echo("Removed. Commit and push it to have it in force.")


def _consequences(removal: Removal, checkout: Checkout, name: str, place: Place) -> Iterator[str]:
    objects = objects_of(checkout, name, overlay_of(name, place))
    named = f" ({', '.join(objects)})" if objects else ""
    count = counted(len(objects), "object") if objects else "objects"
    if removal.cascades:
        yield f"Deleted from the cluster with it, as the finalizer of its Application says: {count}{named}"
    else:
        yield f"Left running in the cluster: {count}{named}. `trimtab app delete {name}` deletes them; call it first."
    if removal.base_users:
        yield f"The base stays: it is used by {', '.join(removal.base_users)}."
    if removal.namespace:
        others = neighbours(checkout, name, place, namespace=removal.namespace)
        shared = f"; {', '.join(others)} is there, too" if others else ""
        yield f"Namespace {removal.namespace} stays{shared}."
