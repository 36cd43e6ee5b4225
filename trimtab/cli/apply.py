"""`trimtab apply`: from what is declared to files in the repository."""

from pathlib import Path

import click
from msgspec import Struct

from trimtab.cli.checkout import Checkout
from trimtab.cli.declaration_file import read_declared
from trimtab.cli.declared import tools_of, tree_of
from trimtab.cli.environment_file import read_file
from trimtab.cli.file_plan import carry_out, outcome, say, show
from trimtab.cli.flags import gathered
from trimtab.cli.output import echo
from trimtab.cli.words import counted
from trimtab.declare.declaration import Declaration
from trimtab.declare.place import Place, place_of, refuse_name
from trimtab.declare.plan import plan_application
from trimtab.declare.reading import read_declaration
from trimtab.render.yaml_lines import load_located


class CheckoutFlags(Struct, frozen=True):
    """For which environment, in which checkout of its repository; and whether to write, and to ask."""

    environment: Path
    checkout: Path
    dry_run: bool
    yes: bool


REVIEW = "Take over what you want, and delete the .patch: then it counts as done."
_FILE = click.Path(path_type=Path, dir_okay=False)
checkout_flags = gathered(
    "flags",
    CheckoutFlags,
    click.option("-e", "--environment", required=True, type=_FILE, metavar="FILE", help="The environment's file."),
    click.option(
        "--checkout",
        type=click.Path(path_type=Path, file_okay=False),
        default=".",
        metavar="DIR",
        help="Checkout of the environment's repository [default: the one you are in].",
    ),
    click.option("--dry-run", is_flag=True, help="Only show what would change."),
    click.option("-y", "--yes", is_flag=True, help="Do not ask."),
)
"""-e, --checkout, --dry-run and --yes, as the one parameter `flags`."""


def read_flags(flags: CheckoutFlags, app: str) -> tuple[Place, Checkout]:
    """Where the files of an application are. Raises Stalled for a checkout of another repository."""
    env = read_file(flags.environment).env
    refuse_name(app, env)
    checkout = Checkout(flags.checkout)
    checkout.refuse_other(env.repository)
    return place_of(env), checkout


def _declaration(content: bytes, origin: str) -> Declaration:
    return read_declaration(load_located(content, origin=origin))


@click.group()
def apply() -> None:
    """Write what is declared into a checkout, as files to commit."""


@apply.command()
@click.option("-f", "--file", required=True, type=_FILE, metavar="FILE", help="The application's declaration.")
@checkout_flags
@click.pass_context
def application(ctx: click.Context, /, flags: CheckoutFlags, file: Path) -> None:
    """Write the manifests of an application, for one environment.

    What you edited in them stays: both changes are merged, or ours is put beside the file as a .patch to review. Files
    of other environments are never touched. Ends with 1 when a patch waits, and with --dry-run when files would change.
    """
    declared = read_declared(file, _declaration, example="trimtab scaffold application")
    place, checkout = read_flags(flags, declared.name)
    tree = tree_of(checkout, declared.name, place, namespace=declared.namespace)
    plan = plan_application(declared, place, tree, tools_of(checkout))
    checkout.check(plan)
    title = f"Application {declared.name} in environment {place.environment}"
    show(plan)
    if plan.base_users:
        say(f"\nThe base stays, since {plan.base_users[0]} uses it: the overlay says what differs.")
    if plan.writes or plan.reviews:
        echo()
    if not plan.writes:
        echo(f"{title}: nothing to change")
    elif flags.dry_run:
        echo(f"{title}: {outcome(plan)}")
    else:
        carry_out(plan, checkout, question=f"{title}: {outcome(plan)}. Write?", yes=flags.yes)
        echo("Written. Commit and push it to deploy.")
    if plan.reviews:
        say(f"To review: {counted(len(plan.reviews), 'change')}. {REVIEW}")
    if plan.reviews or (plan.writes and flags.dry_run):
        ctx.exit(1)
