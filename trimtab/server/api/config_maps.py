"""Changing the ConfigMaps of the control namespace, for callers who look at once whether it was done."""

from trimtab.controller.namespace_data import Change, NamespaceData
from trimtab.server.auth.settled import settled
from trimtab.server.served import Served


async def change_config_map(served: Served, name: str, change: Change) -> None:
    """Returns when the server knows of it itself. Raises what `change` raises, ApiError, Retry."""
    kept = NamespaceData(served.transport, served.discovery, served.namespace)
    await settled(served.configuration, await kept.change_data("ConfigMap", name, change))
