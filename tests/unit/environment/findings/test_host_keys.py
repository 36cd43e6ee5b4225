"""Trusted host keys against those that GitHub lists."""

import asyncssh
import pytest

from tests.unit.environment.builders import an_environment
from trimtab.environment.findings.host_keys import judge_host_keys
from trimtab.environment.host_keys import Asked, refused, replaced
from trimtab.model.known_hosts import HostKey, with_keys

ENV = an_environment()


def made() -> HostKey:
    return HostKey(*asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2])


OLD, NEW = made(), made()


@pytest.mark.parametrize(
    ("trusted", "listed", "level", "words"),
    [
        ((OLD, NEW), (NEW, OLD), "ok", "as GitHub lists them"),
        ((OLD,), (OLD, NEW), "warning", "lists ssh-ed25519"),
        ((), (OLD,), "error", "lists ssh-ed25519"),
        ((OLD,), (NEW,), "error", "trusts ssh-ed25519"),
    ],
    ids=("the same", "one is missing", "all are missing", "another"),
)
def test_judged(trusted: tuple[HostKey, ...], listed: tuple[HostKey, ...], level: str, words: str) -> None:
    text = with_keys("", ENV.ssh_place, trusted) if trusted else ""
    found = judge_host_keys(ENV, text, listed)
    assert (found.level, words in found.message, bool(found.fix)) == (level, True, level != "ok")


def test_what_is_said() -> None:
    news = replaced(ENV, (OLD,), (NEW,))
    assert (OLD.fingerprint in news, NEW.fingerprint in news) == (True, True)
    alarm = refused(ENV, "ED25519 SHA256:x", known=(OLD,), asked=Asked(at="now", listed=(OLD,)))
    assert all(word in alarm for word in ("SHA256:x", OLD.fingerprint, "asked at now", "by itself"))
    unasked = refused(ENV, "", known=(), asked=Asked(at="now", problem="it is away"))
    assert all(word in unasked for word in ("could not be followed: it is away", "known are none", "does not name"))
