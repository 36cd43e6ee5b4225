"""Where a server that redirects wants git to go, found without showing it any credential.

git would send an Authorization header on to whatever host it is redirected to. So authenticated runs follow no
redirect; a redirect within the same host (GitLab adds `.git`, http becomes https) is found out here and used openly.
"""

import re
from urllib.parse import urljoin, urlsplit

from trimtab.source.credentials import Login
from trimtab.source.process import GitFailed, GitTimeout, run_git
from trimtab.source.url import RepositoryUrl

_LOCATION = re.compile(r"<= Recv header: location: (\S+)", re.IGNORECASE)
_KEPT = ("http.proxy", "http.sslCAInfo", "http.sslVerify", "http.lowSpeedLimit", "http.lowSpeedTime")


async def same_host_redirect(url: RepositoryUrl, how: Login, *, deadline: float) -> str | None:
    """The URL that the server sends `url` to, when it is on the same host and not less safe; None: there is none."""
    config = {key: value for key, value in how.config.items() if key in _KEPT} | {"http.followRedirects": "false"}
    environment = {**how.environment, "GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
    try:
        await run_git(["ls-remote", "--", url.url, "HEAD"], deadline=deadline, config=config, environment=environment)
    except GitTimeout:
        return None
    except GitFailed as error:
        return redirected(url.url, error.stderr)
    return None


def redirected(url: str, trace: str) -> str | None:
    """The repository's new URL by the Location header in git's trace; None: none, or to another host."""
    found = _LOCATION.search(trace)
    if not found:
        return None
    old = urlsplit(url)
    new = urlsplit(urljoin(f"{url}/info/refs", found[1]))
    safer = (old.scheme, new.scheme) == ("http", "https") and old.port is None and new.port in (None, 443)
    same = (old.scheme, old.port) == (new.scheme, new.port)
    if new.hostname != old.hostname or not (safer or same) or not new.path.endswith("/info/refs"):
        return None
    return f"{new.scheme}://{new.netloc.rpartition('@')[2]}{new.path.removesuffix('/info/refs')}"
