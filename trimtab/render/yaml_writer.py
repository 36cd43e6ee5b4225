"""Writing YAML that kubectl reads back as the same value: a string that it would take for another type is quoted."""

import math
from typing import Any, Final

import yaml as pyyaml

from trimtab.render.scalars import BadScalar, Scalar, plain_value

_STRING: Final = "tag:yaml.org,2002:str"
_OTHER: Final = "tag:yaml.org,2002:other"
_TAGS: Final[dict[type, str]] = {
    str: _STRING,
    bool: "tag:yaml.org,2002:bool",
    int: "tag:yaml.org,2002:int",
    float: "tag:yaml.org,2002:float",
    type(None): "tag:yaml.org,2002:null",
}
_ENDLESS: Final = 2**30


def dump(value: Any) -> str:
    """A JSON value as YAML: keys in their order, texts of several lines as blocks. Raises ValueError for NaN."""
    text: str = pyyaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, sort_keys=False, allow_unicode=True, width=_ENDLESS
    )
    return text


class _Dumper(pyyaml.CSafeDumper):
    """libyaml's emitter with Kubernetes' idea of what an unquoted scalar is."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        usual = str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        if kind is not pyyaml.ScalarNode or not implicit[0]:
            return usual
        tag = _plain_tag(value)
        # Other readers take a text like 2026-01-01 for a date: kubectl quotes it too.
        return _OTHER if tag == _STRING and usual != _STRING else tag

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> pyyaml.Node:
        return self.represent_scalar(_STRING, data, style="|" if "\n" in data else None)

    def represent_real(self, data: float) -> pyyaml.Node:
        if not math.isfinite(data):
            raise ValueError(f"JSON has no {data}")
        return self.represent_scalar(_TAGS[float], repr(data))


def _plain_tag(text: str) -> str:
    """What kubectl takes an unquoted text for. `<<` would merge as a key, `=` confuses other readers."""
    if text in ("<<", "="):
        return _OTHER
    try:
        value: Scalar = plain_value(text)
    except BadScalar:
        return _OTHER
    if isinstance(value, str):
        return _STRING
    return _TAGS[float] if any(char in text for char in ".eE") and type(value) in (int, float) else _TAGS[type(value)]


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(float, _Dumper.represent_real)
