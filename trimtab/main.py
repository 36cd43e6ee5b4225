"""`trimtab`: the table of commands, and how a command's end becomes an exit code.

Nothing heavy is imported here: a command's own modules load when it is called.
"""

import os
import sys
from collections.abc import Sequence

import click

from trimtab import __version__
from trimtab.cli.lazy import Lazy, LazyGroup
from trimtab.errors import TrimtabError

COMMANDS = {
    "demo": Lazy("trimtab.demo.command:demo", "See it work, on this machine."),
    "app": Lazy("trimtab.cli.app:app", "Work with Applications: list, get, create, diff, sync, …"),
    "login": Lazy("trimtab.cli.login:login", "Log in to a server; commands talk to it from then on."),
    "logout": Lazy("trimtab.cli.login:logout", "End the login to a server."),
    "context": Lazy("trimtab.cli.login:context", "Show the logins, or switch between them."),
    "plan": Lazy("trimtab.cli.plan:plan", "Show what the manifests in a folder would change."),
    "setup": Lazy("trimtab.cli.setup:setup", "Set up an environment: deploy key, login, ingress, installation."),
    "teardown": Lazy("trimtab.cli.teardown:teardown", "Reverse a set-up; what others use stays."),
    "rotate": Lazy("trimtab.cli.rotate:rotate", "Replace a deploy key, webhook secret or signing key without a gap."),
    "doctor": Lazy("trimtab.cli.doctor:doctor", "Look at all that an environment needs, and say what to do."),
    "scaffold": Lazy("trimtab.cli.scaffold:scaffold", "Print a declaration to begin with, commented."),
    "apply": Lazy("trimtab.cli.apply:apply", "Write what is declared into a checkout, as files to commit."),
    "delete": Lazy("trimtab.cli.delete:delete", "Take what is declared out of a checkout."),
    "controller": Lazy("trimtab.cli.controller:controller", "Keep the applications of a namespace on course."),
    "serve": Lazy("trimtab.cli.serve:serve", "Run the server: Argo CD's API, the pages, and the controller."),
    "sandbox": Lazy("trimtab.cli.sandbox:sandbox", "Run an embedded Kubernetes API, for trying things out."),
    "install": Lazy("trimtab.cli.install:install", "Print the manifests that run the server in a cluster."),
    "crds": Lazy("trimtab.cli.crds:crds", "Print the CustomResourceDefinitions to install."),
    "completion": Lazy("trimtab.cli.completion:completion", "Print the completion script of a shell."),
}

FAILED = 2
"""0 is "done" or "the same", 1 is "differs" (diff, plan), this and above is an error."""
INTERRUPTED = 130


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trimtab", message="%(prog)s %(version)s")
def trimtab() -> None:
    """Keep Kubernetes clusters on the course that Git sets."""


def main() -> None:
    """The entry point of the `trimtab` program."""
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run one command line; its exit code. Every error becomes one line on stderr."""
    try:
        code = trimtab.main(args=list(args), prog_name="trimtab", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        return _failed(_with_help(error))
    except TrimtabError as error:
        return _failed(error.message)
    except (click.Abort, KeyboardInterrupt):
        return _failed("interrupted", code=INTERRUPTED)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; what is left in the buffer must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("TRIMTAB_DEBUG"):
            raise
        return _failed(f"internal error, please report it: {error!r}; TRIMTAB_DEBUG=1 shows where")
    return code if isinstance(code, int) else 0


def _failed(message: str, *, code: int = FAILED) -> int:
    click.echo(f"trimtab: {message}", err=True)
    return code


def _with_help(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    message = message[:1].lower() + message[1:]
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message.rstrip('.')} (see {error.ctx.command_path} --help)"
    return message


if __name__ == "__main__":
    main()
