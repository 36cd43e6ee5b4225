"""`trimtab crds`."""

import click

from trimtab.cli.output import OutputFormat, documents, output_option
from trimtab.model.crds import crds as definitions


@click.command()
@output_option("yaml", "json", default="yaml")
def crds(output: OutputFormat) -> None:
    """Print the CustomResourceDefinitions of Application, ApplicationSet and AppProject.

    They are Argo CD's formats: where Argo CD is installed, they are there already.

    \b
      trimtab crds | kubectl apply --server-side -f -
    """
    documents(definitions(), output)
