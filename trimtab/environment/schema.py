"""JSON Schema of what people declare, for editors."""

from typing import Any

import msgspec


def json_schema(kind: type[msgspec.Struct], *, title: str, file: str) -> dict[str, Any]:
    """Of a declaration that is read into `kind`; `file` ends its id: `environment-v1alpha1`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://trimtab.dev/schemas/{file}.json",
        "title": title,
        **msgspec.json.schema(kind),
    }
