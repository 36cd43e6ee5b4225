"""Under which licences a package stands, from what it says of itself."""

import re
from typing import Any, Protocol

STANZA = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)
COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])")
CLASSIFIER = "License :: "


class Metadata(Protocol):
    """Of a Python package, as `importlib.metadata` reads them."""

    def get_all(self, name: str, failobj: list[Any]) -> list[Any]: ...


def of_debian(copyright_text: str, *, where: str) -> list[str]:
    """The short names of a machine-readable copyright file; of another one the path, and the texts it refers to."""
    if "Format:" in copyright_text[:400] and (found := STANZA.findall(copyright_text)):
        return sorted({" ".join(name.split()) for name in found})
    return [f"see {where}", *sorted(set(COMMON.findall(copyright_text)))]


def of_python(metadata: Metadata) -> list[str]:
    """The expression, else the classifiers, else the first line of the free text."""
    if expression := metadata.get_all("License-Expression", []):
        return expression[:1]
    if named := [one for one in metadata.get_all("Classifier", []) if one.startswith(CLASSIFIER)]:
        return sorted(name.rpartition(" :: ")[2] for name in named)
    return [text.strip().partition("\n")[0] for text in metadata.get_all("License", [])]
