"""What git and ssh print, and what a user is told."""

import pytest

from trimtab.errors import Retry, Stalled
from trimtab.source.failures import HostKeyRefused, explain, is_missing_ref, redact, timed_out

URL = "https://git.example.org/shop"
REMOTE = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
CHANGED = (
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
    "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
    "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n"
    "The fingerprint for the ED25519 key sent by the remote host is\n"
    "SHA256:et5KklgnS0Ff0iG7s8X9fI5I0b9A0wyfmBQmOBECkvw.\n"
    "Offending ED25519 key in /tmp/known_hosts:1\nHost key verification failed.\r\n"
)
UNKNOWN_HOST = (
    "No ED25519 host key is known for x and you have requested strict checking.\nHost key verification failed."
)

STALLED = [
    (CHANGED, "HostKeyChanged"),
    (UNKNOWN_HOST, "HostKeyUnknown"),
    ("git@x: Permission denied (publickey).\n" + REMOTE, "AuthenticationFailed"),
    ('Load key "/tmp/k": error in libcrypto\ngit@x: Permission denied (publickey).', "InvalidPrivateKey"),
    ("fatal: could not read Username for 'https://x': terminal prompts disabled", "AuthenticationFailed"),
    ("remote: Invalid username or token.\nfatal: Authentication failed for 'https://x/a/'", "AuthenticationFailed"),
    ("fatal: unable to access 'https://x/a/': The requested URL returned error: 403", "AuthenticationFailed"),
    (
        "fatal: unable to access 'https://x/': Received HTTP code 407 from proxy after CONNECT",
        "ProxyAuthenticationFailed",
    ),
    ("remote: Repository not found.\nfatal: repository 'https://x/a/' not found", "RepositoryNotFound"),
    ("ERROR: Repository not found.\n" + REMOTE, "RepositoryNotFound"),
    ("ERROR: The project you were looking for could not be found or you don't have permission", "RepositoryNotFound"),
    (
        "remote: TF401019: The Git repository with name or identifier a does not exist or you do not have permissions",
        "RepositoryNotFound",
    ),
    ("fatal: '/srv/a' does not appear to be a git repository\n" + REMOTE, "RepositoryNotFound"),
    ("fatal: detected dubious ownership in repository at '/srv/a'\n" + REMOTE, "RepositoryNotOwned"),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 301", "Redirected"),
    (
        "fatal: unable to access 'https://x/': server certificate verification failed. CAfile: none",
        "CertificateNotTrusted",
    ),
    ("fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate", "CertificateNotTrusted"),
    (
        "fatal: unable to access 'https://x/': SSL: no alternative certificate subject name matches",
        "CertificateNotTrusted",
    ),
    ("fatal: unable to access 'https://x/': could not load PEM client certificate", "InvalidCertificate"),
    ("fatal: transport 'http' not allowed", "InvalidURL"),
]

RETRY = [
    ("fatal: unable to access 'https://x/': The requested URL returned error: 429", "RateLimited"),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 502", "ServerFailed"),
    ("fatal: write error: No space left on device", "DiskFull"),
    ("fatal: unable to access 'https://x/': Could not resolve host: x", "Unreachable"),
    ("ssh: Could not resolve hostname x: Name or service not known\n" + REMOTE, "Unreachable"),
    ("ssh: connect to host x port 22: Connection refused\n" + REMOTE, "Unreachable"),
    ("ssh: connect to host x port 22: Connection timed out\n" + REMOTE, "Timeout"),
    ("kex_exchange_identification: Connection closed by remote host\n" + REMOTE, "Unreachable"),
    ("fatal: unable to access 'http://x/': Failed to connect to x port 1 after 0 ms: Couldn't connect", "Unreachable"),
    ("fatal: unable to access 'http://x/': Operation too slow. Less than 1 bytes/sec", "Timeout"),
    ("fatal: unable to access 'http://x/': Recv failure: Connection reset by peer", "Unreachable"),
    ("fatal: unable to access 'https://x/': gnutls_handshake() failed: An unexpected TLS packet", "Unreachable"),
    ("fatal: http://x/info/refs not valid: is this a git repository?", "Unreachable"),
    ("error: RPC failed; curl 18\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output", "Unreachable"),
    ("fatal: unable to access 'https://x/': getpeername() failed with errno 107", "Unreachable"),
    ("sign_and_send_pubkey: no mutual signature supported\n" + REMOTE, "Unreachable"),
    ("fatal: Unable to create '/cache/1/packed-refs.lock': File exists.", "MirrorLocked"),
    ("error: index-pack died of signal 9\nfatal: fetch-pack: invalid index-pack output", "GitKilled"),
    ("fatal: bad object refs/heads/main", "GitFailed"),
    ("", "GitFailed"),
]


@pytest.mark.parametrize(("stderr", "reason"), STALLED)
def test_what_a_person_has_to_change(stderr: str, reason: str) -> None:
    error = explain(stderr, url=URL, secrets=())
    assert (isinstance(error, Stalled), error.reason) == (True, reason)
    assert error.message.startswith(f"{URL}: ")


@pytest.mark.parametrize(("stderr", "reason"), RETRY)
def test_what_may_pass(stderr: str, reason: str) -> None:
    error = explain(stderr, url=URL, secrets=())
    assert (type(error), error.reason) == (Retry, reason)
    assert error.message.startswith(f"{URL}: ")


def test_an_unknown_key_of_a_known_host_is_a_changed_one() -> None:
    assert explain(UNKNOWN_HOST, url=URL, host_is_known=True).reason == "HostKeyChanged"


def test_the_key_that_was_shown_is_named() -> None:
    error = explain(CHANGED, url=URL)
    assert isinstance(error, HostKeyRefused)
    assert error.offered == "ED25519 SHA256:et5KklgnS0Ff0iG7s8X9fI5I0b9A0wyfmBQmOBECkvw"
    assert f"(it shows {error.offered}; " in error.message
    unknown = explain(UNKNOWN_HOST, url=URL)
    assert isinstance(unknown, HostKeyRefused)
    assert unknown.offered == ""


def test_the_words_of_git_are_kept_on_one_line_without_its_hints() -> None:
    error = explain("ssh: connect to host x port 22: Connection refused\r\n" + REMOTE, url=URL, secrets=())
    assert error.message == (
        f"{URL}: the server cannot be reached or does not speak Git (ssh: connect to host x port 22: Connection "
        "refused; fatal: Could not read from remote repository.)"
    )


def test_secrets_are_taken_out_wherever_they_stand() -> None:
    stderr = "remote: token s3cret/x of https://ada:s3cret@x.org/a is bad: s3cret\nfatal: Authentication failed for 'x'"
    error = explain(stderr, url=URL, secrets=("s3cret", "s3cret/x"))
    assert "s3cret" not in error.message
    assert "token *** of https://***@x.org/a is bad: ***" in error.message
    assert redact("http://proxy-user:pw@proxy:3128 fails", ()) == "http://***@proxy:3128 fails"


def test_what_the_remote_has_not() -> None:
    assert is_missing_ref("fatal: couldn't find remote ref refs/pull/9/head")
    assert is_missing_ref("fatal: remote error: upload-pack: not our ref 1111")
    assert is_missing_ref("error: Server does not allow request for unadvertised object 1111")
    assert not is_missing_ref("fatal: repository 'x' not found")


def test_a_deadline_says_how_long_it_was() -> None:
    error = timed_out(URL, seconds=90.0)
    assert (type(error), error.reason) == (Retry, "Timeout")
    assert error.message == f"{URL}: the server did not deliver within 90 s and git was stopped"
