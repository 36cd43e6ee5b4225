"""known_hosts: whether it names a host, which keys it trusts, and how they are replaced."""

import base64
import subprocess
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import Stalled
from trimtab.model.known_hosts import MOST_KEYS, TYPES, HostKey, keys_of, names_host, read_keys, with_keys

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


def made(algorithm: str = "ssh-ed25519") -> HostKey:
    return HostKey(*asyncssh.generate_private_key(algorithm).export_public_key().decode().split()[:2])


OLD, NEW, ECDSA = made(), made(), made("ecdsa-sha2-nistp256")
RSA = made("ssh-rsa")


def line(names: str, key: HostKey, *more: str) -> str:
    return " ".join([names, key.type, key.data, *more])


def test_only_the_lines_of_the_host_are_replaced() -> None:
    before = [
        "# ours",
        line("gitlab.com", OLD),
        line("github.com", OLD, "comment"),
        "",
        line("@revoked github.com", ECDSA),
        line("*.github.com", OLD),
        line("GitHub.com", ECDSA),
        line("[github.com]:443", OLD),
    ]
    after = with_keys("\n".join(before), "github.com", (NEW, RSA)).splitlines()
    assert after == [*before[:2], line("github.com", NEW), line("github.com", RSA), *before[3:6], before[7]]


def test_other_names_of_a_line_keep_their_key() -> None:
    after = with_keys(line("github.com,140.82.121.4", OLD, "comment"), "github.com", (NEW,))
    assert after == line("github.com", NEW) + "\n" + line("140.82.121.4", OLD, "comment") + "\n"


def test_hashed_lines_are_replaced_too(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(line("github.com", OLD) + "\n" + line("gitlab.com", OLD) + "\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    hashed = path.read_text()
    assert keys_of(hashed, "github.com") == (OLD,)
    after = with_keys(hashed, "github.com", (NEW,))
    assert (keys_of(after, "github.com"), keys_of(after, "gitlab.com")) == ((NEW,), (OLD,))


def test_a_port_of_its_own_is_another_host() -> None:
    after = with_keys(line("github.com", OLD), "github.com:2222", (NEW,))
    assert after == line("github.com", OLD) + "\n" + line("[github.com]:2222", NEW) + "\n"
    assert keys_of(after, "github.com:2222") == (NEW,)


def test_nothing_changed_is_nothing_written() -> None:
    before = f"{line('github.com', NEW, 'x')}\r\n\n{line('github.com', OLD)}"
    assert with_keys(before, "github.com", (OLD, NEW)) is before


def test_no_keys_are_never_written() -> None:
    with pytest.raises(ValueError, match="no host keys"):
        with_keys(line("github.com", OLD), "github.com", ())


lines = st.lists(
    st.one_of(
        st.text(max_size=40), st.sampled_from([line("github.com", OLD), line("a,github.com", RSA), line("b", OLD)])
    )
)


@given(lines)
def test_whatever_stands_there(texts: list[str]) -> None:
    before = "\n".join(texts)
    after = with_keys(before, "github.com", (NEW, ECDSA))
    assert set(keys_of(after, "github.com")) == {NEW, ECDSA}
    assert keys_of(after, "b") == keys_of(before, "b")
    assert with_keys(after, "github.com", (ECDSA, NEW)) is after


def test_what_is_a_comment_for_ssh_stays_one() -> None:
    before = f"# the old one:\x0c{line('github.com', OLD)}\u2028x"
    assert keys_of(before, "github.com") == ()
    assert with_keys(before, "github.com", (NEW,)).split("\n") == [before, line("github.com", NEW), ""]


def test_fingerprints_are_those_of_ssh(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(f"{NEW.type} {NEW.data}\n")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], check=True, capture_output=True, text=True)
    assert NEW.fingerprint == shown.stdout.split()[1]
    assert str(NEW) == f"ssh-ed25519 {NEW.fingerprint}"
    assert HostKey("ssh-rsa", "!").fingerprint == ""


def test_what_is_published_is_read() -> None:
    listed = [f"{key.type} {key.data}" for key in (NEW, ECDSA, RSA)]
    assert read_keys([*listed, "ssh-dss AAAA", "ssh-next AAAA", "", listed[0] + " x"], origin="/meta") == (
        NEW,
        ECDSA,
        RSA,
    )


JUNK = {
    "nothing": [],
    "none that is used": ["ssh-dss AAAA"],
    "no base64": ["ssh-ed25519 !!!"],
    "no data": ["ssh-ed25519"],
    "another type": [f"ssh-rsa {NEW.data}"],
    "cut short": [f"ssh-ed25519 {base64.b64encode(base64.b64decode(NEW.data)[:-1]).decode()}"],
    "with a tail": [f"ssh-ed25519 {base64.b64encode(base64.b64decode(NEW.data) + b'x').decode()}"],
    "very long": [f"ssh-rsa {'A' * 4096}"],
    "very many": [f"{NEW.type} {NEW.data}"] * (MOST_KEYS + 1),
    "one good, one bad": [f"{NEW.type} {NEW.data}", "ssh-rsa AAAA"],
}


@pytest.mark.parametrize("published", JUNK.values(), ids=JUNK)
def test_junk_is_refused(published: list[str]) -> None:
    with pytest.raises(Stalled, match="the host keys that are known stay as they are"):
        read_keys(published, origin="/meta")


@given(st.text(), st.sampled_from(TYPES))
def test_no_line_end_gets_in(text: str, kind: str) -> None:
    try:
        (key,) = read_keys([f"{kind} {text}"], origin="/meta")
    except Stalled:
        return
    assert with_keys("", "github.com", (key,)).count("\n") == 1
