"""Whether known_hosts names a host."""

import subprocess
from pathlib import Path

import pytest

from trimtab.source.hostkeys import names_host

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIfA0Jx5N5kx0P0Gd0aBJvYx1a3nLwQm3qvQ5xg0Zb1e"
LINES = f"""
# comment
github.com,140.82.121.4 {KEY}
[git.example.org]:2222 {KEY}
@cert-authority ca.example.org {KEY}
|1|broken {KEY}
"""


@pytest.mark.parametrize(
    ("place", "known"),
    [
        ("github.com", True),
        ("GitHub.com", True),
        ("140.82.121.4", True),
        ("git.example.org:2222", True),
        ("ca.example.org", True),
        ("git.example.org", False),
        ("github.com:2222", False),
        ("comment", False),
        ("", False),
    ],
)
def test_plain_names(place: str, known: bool) -> None:
    assert names_host(LINES, place) is known


def test_hashed_names(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(LINES)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    hashed = path.read_text()
    assert "github.com" not in hashed
    assert names_host(hashed, "github.com")
    assert names_host(hashed, "git.example.org:2222")
    assert not names_host(hashed, "gitlab.com")
