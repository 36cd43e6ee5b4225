"""From the words of git and ssh to an error that says what is wrong and what to do. Pure.

The first pattern that matches decides. A pattern is about what a *remote* or the network did; what matches none may be
a damaged mirror, and `git.py` then builds it anew once before it gives up.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.text import one_line

UNKNOWN = "GitFailed"
"""The reason of an error that no pattern explains."""

REFUSED = frozenset(
    {
        "AuthenticationFailed",
        "RepositoryNotFound",
        "InvalidPrivateKey",
        "InvalidToken",
        "GitHubAppIncomplete",
        "GitHubAppKey",
        "GitHubForbidden",
        "GitHubInvalid",
        "GitHubNotFound",
        "GitHubTokenRefused",
    }
)
"""The reasons of errors that other credentials may mend. A host key that is not known is none of them."""

REDIRECTED = "Redirected"
LOCKED = "MirrorLocked"
_OFFERED = re.compile(r"The fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[A-Za-z0-9+/]+)")
_CHANGED = "HostKeyChanged"
_UNKNOWN_HOST = "HostKeyUnknown"


class HostKeyRefused(Stalled):
    """The server did not show a host key that is known. `offered`: the one it shows, `ED25519 SHA256:…`; "" where ssh
    does not say.
    """

    def __init__(self, message: str, *, reason: str, offered: str) -> None:
        super().__init__(message, reason=reason)
        self.offered = offered


class _Rule(NamedTuple):
    pattern: str
    kind: type[Retry] | type[Stalled]
    reason: str
    advice: str


_RULES = (
    _Rule(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        Stalled,
        _CHANGED,
        "the host key of the server is not the one in known_hosts: somebody may be intercepting the connection; only "
        "if the server's key was really replaced, put the new one into ConfigMap argocd-ssh-known-hosts-cm",
    ),
    _Rule(
        r"Host key verification failed|host key is known for",
        Stalled,
        _UNKNOWN_HOST,
        "the host key of the server is not in known_hosts and is never trusted unseen; compare it with what the "
        "server's owner publishes and add it to ConfigMap argocd-ssh-known-hosts-cm",
    ),
    _Rule(
        r"Load key .*(?:libcrypto|invalid format|passphrase|not found|Permission)",
        Stalled,
        "InvalidPrivateKey",
        "sshPrivateKey cannot be read; give an OpenSSH or PEM private key without a passphrase",
    ),
    _Rule(
        r"Permission denied \((?:publickey|[a-z,-]*publickey)",
        Stalled,
        "AuthenticationFailed",
        "the server refused the SSH key; add its public part to the repository as a deploy key, or correct "
        "sshPrivateKey in the repository Secret",
    ),
    _Rule(
        r"could not read Username|Authentication failed for|returned error: 401|HTTP Basic: Access denied",
        Stalled,
        "AuthenticationFailed",
        "the server refused the credentials (401); correct username, password or bearerToken in the repository Secret",
    ),
    _Rule(
        r"returned error: 403",
        Stalled,
        "AuthenticationFailed",
        "the server forbids access with these credentials (403); grant them read access to the repository",
    ),
    _Rule(
        r"returned error: 407|HTTP code 407 from proxy",
        Stalled,
        "ProxyAuthenticationFailed",
        "the proxy refused its credentials (407); correct proxy in the repository Secret",
    ),
    _Rule(
        r"[Rr]epository ['\"]?[^'\"]*['\"]? ?not found|returned error: (?:404|410)|project you were looking for could"
        r"|does not exist or you do(?:n't| not) have|repository ['\"].*['\"] does not exist",
        Stalled,
        "RepositoryNotFound",
        "the server has no such repository, or hides it from these credentials; correct repoURL or the credentials",
    ),
    _Rule(
        r"does not appear to be a git repository|not a valid git repository",
        Stalled,
        "RepositoryNotFound",
        "there is no Git repository at this address; correct repoURL",
    ),
    _Rule(
        r"detected dubious ownership",
        Stalled,
        "RepositoryNotOwned",
        "the folder belongs to another user, which git refuses to read; change its owner to the user that runs trimtab",
    ),
    _Rule(
        r"returned error: 30[12378]|unable to update url base from redirection",
        Stalled,
        REDIRECTED,
        "the server redirects elsewhere, and credentials are not sent there; put the address it leads to in repoURL",
    ),
    _Rule(
        r"certificate verif|SSL certificate problem|certificate has expired|certificate subject name|self[- ]signed"
        r"|unable to get local issuer|no alternative certificate",
        Stalled,
        "CertificateNotTrusted",
        "the TLS certificate of the server is not trusted; add its CA to ConfigMap argocd-tls-certs-cm",
    ),
    _Rule(
        r"error setting certificate|unable to set private key|could not load PEM client certificate|error reading X"
        r"|problem with the local SSL certificate",
        Stalled,
        "InvalidCertificate",
        "a certificate given for this repository cannot be read; correct its PEM text",
    ),
    _Rule(
        r"transport '[^']*' not allowed",
        Stalled,
        "InvalidURL",
        "the server leads to a protocol that is not allowed; correct repoURL",
    ),
    _Rule(r"returned error: 429", Retry, "RateLimited", "the server limits the rate of requests (429)"),
    _Rule(r"returned error: 5\d\d", Retry, "ServerFailed", "the server failed"),
    _Rule(r"cannot run ssh", Stalled, "SshMissing", "ssh is not installed on this machine; install it"),
    _Rule(
        r"died of signal|ended by signal|[Oo]ut of memory",
        Retry,
        "GitKilled",
        "git was killed; where that repeats, give the process more memory",
    ),
    _Rule(r"No space left on device", Retry, "DiskFull", "the disk of the Git cache is full; make room"),
    _Rule(
        r"[Cc]ould not resolve|Name or service not known|Temporary failure in name resolution",
        Retry,
        "Unreachable",
        "the server's name is not known; check repoURL and DNS",
    ),
    _Rule(
        r"Operation too slow|timed out|Timeout was reached",
        Retry,
        "Timeout",
        "the server did not answer in time",
    ),
    _Rule(
        r"Connection refused|Failed to connect|Couldn't connect|Connection reset|Connection closed|No route to host"
        r"|Network is unreachable|Empty reply|hung up unexpectedly|early EOF|RPC failed|unexpected disconnect"
        r"|kex_exchange_identification|Recv failure|Send failure|Broken pipe|gnutls_handshake|SSL_ERROR_SYSCALL"
        r"|invalid server response|protocol error|bad line length|not valid: is this a git repository",
        Retry,
        "Unreachable",
        "the server cannot be reached or does not speak Git",
    ),
    # Whatever else these say is about the other side, so the mirror is not to blame.
    _Rule(r"unable to access '|Could not read from remote", Retry, "Unreachable", "the server cannot be read from"),
    _Rule(r"Unable to create '.*\.lock': File exists", Retry, LOCKED, "a git that was killed left a lock"),
)

_MISSING = re.compile(
    r"couldn't find remote ref|not our ref|unadvertised object|no such remote ref|Couldn't find remote"
)


def is_missing_ref(stderr: str) -> bool:
    """Whether the remote has not what was asked for by name or SHA."""
    return bool(_MISSING.search(stderr))


def explain(stderr: str, *, url: str, secrets: Iterable[str] = (), host_is_known: bool = False) -> TrimtabError:
    """The error for what git printed; `secrets` are taken out of it.

    `host_is_known`: known_hosts has a key for this host. ssh calls the host unknown when it shows a key of another
    type than that one, which is a swapped key all the same.
    """
    words = redact(_essence(stderr), secrets)
    rule = next((rule for rule in _RULES if re.search(rule.pattern, stderr)), None)
    if rule is None:
        return Retry(f"{url}: git failed: {words}", reason=UNKNOWN)
    if rule.reason == _UNKNOWN_HOST and host_is_known:
        rule = next(rule for rule in _RULES if rule.reason == _CHANGED)
    if rule.reason in (_CHANGED, _UNKNOWN_HOST):
        return _host_key_refused(rule, words, url=url, stderr=stderr)
    return rule.kind(f"{url}: {rule.advice} ({words})", reason=rule.reason)


def _host_key_refused(rule: _Rule, words: str, *, url: str, stderr: str) -> HostKeyRefused:
    found = _OFFERED.search(stderr)
    offered = " ".join(found.groups()) if found else ""
    shown = f"it shows {offered}; " if offered else ""
    return HostKeyRefused(f"{url}: {rule.advice} ({shown}{words})", reason=rule.reason, offered=offered)


def timed_out(url: str, *, seconds: float) -> Retry:
    """The error for a git that was stopped at its deadline."""
    return Retry(f"{url}: the server did not deliver within {seconds:g} s and git was stopped", reason="Timeout")


def local_failure(error: OSError, *, url: str) -> TrimtabError:
    """The error for what this machine refuses: git itself, or a place to write to."""
    if error.filename == "git":
        return Stalled(f"{url}: git is not installed on this machine; install it", reason="GitMissing")
    return Retry(
        f"{url}: cannot write {error.filename}: {error.strerror}; make room or correct its permissions",
        reason="DiskFailed",
    )


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets` and without what stands as user and password in any URL."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"(?<=://)[^/@\s']*:[^/@\s']*@", "***@", text)


def _essence(stderr: str) -> str:
    """The lines that say why: git's own fatal and error lines and ssh's, without banners and hints."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip(" @\t")]
    telling = [line for line in lines if re.match(r"fatal:|error:|ERROR:|remote: |ssh: |.*@.*: Perm", line)]
    return one_line("; ".join(telling or lines), limit=400) or "no message"
