"""`trimtab completion`."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell. To have it always, add to its start-up file:

    \b
      bash   eval "$(trimtab completion bash)"    # ~/.bashrc
      zsh    eval "$(trimtab completion zsh)"     # ~/.zshrc
      fish   trimtab completion fish | source     # ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "trimtab", "_TRIMTAB_COMPLETE").source())
