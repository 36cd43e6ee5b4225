"""`trimtab install`."""

import ipaddress
import re
from typing import Any

import click

from trimtab.cli.output import OutputFormat, documents, output_option
from trimtab.manifests import InstallOptions, install_objects
from trimtab.manifests.options import IMAGE, NAMESPACE

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""What Kubernetes takes for the name of a Namespace (RFC 1123)."""


class _Namespace(click.ParamType[str]):
    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not LABEL.fullmatch(value):
            self.fail(f"{value!r} is no name of a namespace: up to 63 of a-z, 0-9 and -", param, ctx)
        return str(value)


class _Proxies(click.ParamType[tuple[str, ...]]):
    """Addresses and networks, separated by commas."""

    name = "CIDR,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        given = tuple(part.strip() for part in value.split(",") if part.strip())
        for part in given:
            try:
                ipaddress.ip_network(part)
            except ValueError as error:
                self.fail(f"{error}: write addresses or networks such as 10.0.0.0/16", param, ctx)
        return given


@click.command()
@click.option("-n", "--namespace", type=_Namespace(), default=NAMESPACE, show_default=True, help="Namespace to be in.")
@click.option("--image", default=IMAGE, show_default=True, help="Image to run.")
@click.option("--pull-secret", default="", metavar="NAME", help="Secret with the login to the image's registry.")
@click.option("--replicas", type=click.IntRange(1), default=2, show_default=True, help="How many serve; one acts.")
@click.option("--insecure", is_flag=True, help="Serve plain HTTP, for behind an ingress that ends TLS.")
@click.option("--trusted-proxies", type=_Proxies(), default=(), help="Networks whose X-Forwarded-For counts.")
@output_option("yaml", "json", default="yaml")
def install(
    *,
    namespace: str,
    image: str,
    pull_secret: str,
    replicas: int,
    insecure: bool,
    trusted_proxies: tuple[str, ...],
    output: OutputFormat,
) -> None:
    """Print what runs `trimtab serve` in a cluster: all objects, with the rights they need.

    Installations in several namespaces of one cluster do not get in each other's way.

    \b
      trimtab install | kubectl apply --server-side -f -
    """
    options = InstallOptions(
        namespace=namespace,
        image=image,
        pull_secret=pull_secret,
        replicas=replicas,
        insecure=insecure,
        trusted_proxies=trusted_proxies,
    )
    documents(install_objects(options), output)
