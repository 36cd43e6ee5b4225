"""The tests of tests/engine, collected once more: what is proven on the sandbox holds on a real Kubernetes.

Only the fixture `api` is another one (see conftest.py).
"""

import importlib
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "engine"
NO_SERVER_ASKED = {"test_a_bad_commit", "test_a_source_that_cannot_be_fetched"}
"""Found out before an API server has a say, sixteen times: once is enough."""

for _path in sorted(ENGINE.glob("test_*.py")):
    _module = importlib.import_module(f"tests.engine.{_path.stem}")
    for _name, _value in vars(_module).items():
        if _name.startswith("test_") and _name not in NO_SERVER_ASKED:
            assert _name not in globals(), f"{_path.name}: another file of this folder has a {_name}"
            globals()[_name] = _value
