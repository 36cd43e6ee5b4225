"""Every test of tests/engine, collected once more: what is proven on the sandbox holds on a real Kubernetes.

Only the fixture `api` is another one (see conftest.py).
"""

import importlib
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "engine"

for _path in sorted(ENGINE.glob("test_*.py")):
    _module = importlib.import_module(f"tests.engine.{_path.stem}")
    for _name, _value in vars(_module).items():
        if _name.startswith("test_"):
            assert _name not in globals(), f"{_path.name}: another file of this folder has a {_name}"
            globals()[_name] = _value
