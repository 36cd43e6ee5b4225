"""`trimtab doctor`: look at all that an environment needs, and say what to do about what is not well."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from trimtab.cli.applications import run
from trimtab.cli.environment_file import read_file, recorded_environment
from trimtab.cli.flags import ClusterFlags, cluster_flags, gathered
from trimtab.cli.output import OutputFormat, document, echo, faint, output_option, paint, wrapped
from trimtab.cli.setup import github_token
from trimtab.cli.words import counted
from trimtab.clock import SystemClock
from trimtab.doctor.checks import CHECKS, Check, examine
from trimtab.doctor.facts import Facts
from trimtab.environment.environment import Environment
from trimtab.environment.findings.finding import LEVELS, Finding, exit_code, ordered
from trimtab.kube.config import load
from trimtab.kube.transport import Transport
from trimtab.manifests.install import install_objects
from trimtab.manifests.options import InstallOptions
from trimtab.setup.cluster import Cluster

INDENT = 4


class DoctorFlags(Struct, frozen=True):
    """What is looked at, and how it is told."""

    file: Path | None
    check: tuple[str, ...]
    output: OutputFormat


doctor_flags = gathered(
    "how",
    DoctorFlags,
    click.option(
        "-f",
        "--file",
        type=click.Path(path_type=Path),
        help="The environment file [default: as set-up left it in the cluster].",
    ),
    click.option(
        "--check",
        multiple=True,
        metavar="NAME",
        type=click.Choice([check.name for check in CHECKS]),
        help=f"Only this one of {', '.join(check.name for check in CHECKS)}; may be given several times.",
    ),
    output_option(),
)


@click.command()
@doctor_flags
@cluster_flags
@click.pass_context
def doctor(ctx: click.Context, /, flags: ClusterFlags, how: DoctorFlags) -> None:
    """Look at an environment: credentials, host keys, webhook, DNS, certificate, rights, versions, deprecations.

    Nothing is changed. The exit code is 0 where all is well, 1 for warnings, 2 for errors. GITHUB_TOKEN (or GH_TOKEN)
    is used to look at the webhook of a repository without a GitHub App.
    """
    ctx.exit(run(_doctor(flags, how)))


async def _doctor(flags: ClusterFlags, how: DoctorFlags) -> int:
    async with Transport(load(flags.kubeconfig, flags.context)) as transport:
        cluster = Cluster(transport, namespace=flags.namespace)
        read = read_file(how.file) if how.file else (await recorded_environment(cluster)).file
        async with Facts(
            read.env,
            transport=transport,
            discovery=cluster.discovery,
            clock=SystemClock(),
            token=github_token(),
            installed=install_objects(_installed(read.env)),
        ) as facts:
            findings = ordered(await examine(facts, _chosen(how.check)))
    _tell(findings, how.output)
    return exit_code(findings)


def _chosen(names: Sequence[str]) -> list[Check]:
    return [check for check in CHECKS if not names or check.name in names]


def _installed(env: Environment) -> InstallOptions:
    return InstallOptions(namespace=env.namespace, replicas=env.install.replicas)


def _tell(findings: Sequence[Finding], output: OutputFormat) -> None:
    if output != "table":
        document({"findings": msgspec.to_builtins(findings)}, output)
        return
    echo("\n".join(_lines(findings)))
    well, warnings, errors = (sum(one.level == level for one in findings) for level in LEVELS)
    echo(f"\n{counted(errors, 'error')}, {counted(warnings, 'warning')}, {well} well")


def _lines(findings: Iterable[Finding]) -> Iterable[str]:
    for one in findings:
        yield f"{paint(one.level)}  {one.check}  {one.subject}"
        yield faint(wrapped(one.message, indent=INDENT))
        if one.fix:
            yield wrapped(f"→ {one.fix}", indent=INDENT)
