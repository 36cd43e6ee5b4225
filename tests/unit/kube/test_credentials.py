"""Credentials that somebody else provides: token files and exec plugins (small scripts here)."""

import datetime as dt
import json
import sys
from pathlib import Path

import pytest

from tests.clocks import SwiftClock
from tests.servers.authority import Authority
from tests.servers.scripted import Reply, Scripted, status
from trimtab.clock import StepClock, rfc3339
from trimtab.errors import Retry, Stalled
from trimtab.kube.config import ClusterConfig
from trimtab.kube.credentials import Anonymous, Authenticator, Basic, BearerToken, ClientCertificate, TokenFile
from trimtab.kube.exec_plugin import API_VERSIONS, ExecPlugin, run_plugin
from trimtab.kube.transport import Transport

V1, V1BETA1 = API_VERSIONS


def a_plugin(tmp_path: Path, script: str, **settings: object) -> ExecPlugin:
    """A plugin that runs `script` in Python."""
    path = tmp_path / "plugin.py"
    path.write_text(f"import json, os, sys\n{script}")
    return ExecPlugin(command=sys.executable, args=(str(path),), user="ann", **settings)  # type: ignore[arg-type]


def answering(api_version: str = V1, **fields: str) -> str:
    answer = {"apiVersion": api_version, "kind": "ExecCredential", "status": fields}
    return f"print({json.dumps(answer)!r})"


def counting(tmp_path: Path, expires: dt.datetime | None) -> str:
    """Answers token-1, token-2, …"""
    stamp = f', "expirationTimestamp": "{rfc3339(expires)}"' if expires else ""
    return (
        f"path = {str(tmp_path / 'count')!r}\n"
        "n = int(open(path).read()) + 1 if os.path.exists(path) else 1\n"
        "open(path, 'w').write(str(n))\n"
        f"""print('{{"apiVersion": "{V1}", "kind": "ExecCredential", "status": {{"token": "token-%d"{stamp}}}}}' % n)"""
    )


@pytest.mark.parametrize("version", API_VERSIONS)
async def test_a_plugin_gives_a_token(tmp_path: Path, version: str) -> None:
    answer = await run_plugin(a_plugin(tmp_path, answering(version, token="t0p"), api_version=version))
    assert answer.token == "t0p"


async def test_a_plugin_is_told_about_the_cluster_and_has_its_environment(tmp_path: Path) -> None:
    script = (
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "token = json.dumps([info, os.environ['REGION'], sys.argv[1:], 'PATH' in os.environ, sys.stdin.read()])\n"
        "print(json.dumps({'apiVersion': info['apiVersion'], 'kind': 'ExecCredential', 'status': {'token': token}}))"
    )
    plugin = a_plugin(tmp_path, script, api_version=V1BETA1, cluster={"server": "https://k"}, env={"REGION": "north"})
    info, region, args, has_path, stdin = json.loads((await run_plugin(plugin)).token)
    spec = {"interactive": False, "cluster": {"server": "https://k"}}
    assert info == {"apiVersion": V1BETA1, "kind": "ExecCredential", "spec": spec}
    assert (region, args, has_path, stdin) == ("north", [], True, "")


@pytest.mark.parametrize(
    "script, said",
    [
        ("sys.exit('login first:\\n run login')", "failed with exit code 1: login first: run login"),
        ("sys.exit(3)", "failed with exit code 3: nothing on stderr"),
    ],
)
async def test_a_failing_plugin_may_succeed_later(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(Retry, match=f"of user ann {said}"):
        await run_plugin(a_plugin(tmp_path, script))


@pytest.mark.parametrize(
    "script, said",
    [
        ("print('s3cr3t')", "did not print an ExecCredential as JSON"),
        ("print('[]')", "did not print an ExecCredential as JSON"),
        ("sys.stdout.buffer.write(b'\\xff')", "did not print an ExecCredential as JSON"),
        (answering(V1BETA1, token="s3cr3t"), f"printed a {V1BETA1} ExecCredential, expected {V1} ExecCredential"),
        (answering(V1), "printed neither a token nor a client certificate"),
        (answering(V1, clientCertificateData="c"), "printed a client certificate without key"),
        (answering(V1, token="s3cr3t", clientKeyData="s3cr3t"), "or a key without certificate"),
        (answering(V1, token="s3cr3t", expirationTimestamp="soon"), "expirationTimestamp that is no RFC 3339 time"),
    ],
)
async def test_a_plugin_that_answers_nonsense_is_named_and_its_output_is_not(
    tmp_path: Path, script: str, said: str
) -> None:
    with pytest.raises(Stalled, match=said) as caught:
        await run_plugin(a_plugin(tmp_path, script))
    assert "s3cr3t" not in str(caught.value)
    assert "user ann" in str(caught.value)


async def test_a_plugin_that_is_not_installed_says_how_to_install_it() -> None:
    plugin = ExecPlugin(command="no-such-plugin-anywhere", install_hint="Run: get-it")
    with pytest.raises(Stalled, match=r"no-such-plugin-anywhere cannot be run .*; Run: get-it"):
        await run_plugin(plugin)


async def test_a_plugin_that_must_ask_a_person_needs_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="stdin is no terminal"):
        await run_plugin(a_plugin(tmp_path, answering(token="t"), interactive_mode="Always"))


async def test_an_answer_is_used_until_shortly_before_it_expires(tmp_path: Path) -> None:
    clock = StepClock()
    expires = clock.now() + dt.timedelta(minutes=10)
    auth = Authenticator(a_plugin(tmp_path, counting(tmp_path, expires)), clock=clock)
    assert auth.fresh() is None
    assert (await auth.headers())["Authorization"] == "Bearer token-1"
    clock.step(9 * 60)
    assert auth.fresh() == {"Authorization": "Bearer token-1"}
    clock.step(31)
    assert (await auth.headers())["Authorization"] == "Bearer token-2"


async def test_an_answer_without_expiry_is_used_until_it_is_refused(tmp_path: Path) -> None:
    clock = StepClock()
    auth = Authenticator(a_plugin(tmp_path, counting(tmp_path, None)), clock=clock)
    first = await auth.headers()
    clock.step(1e6)
    assert await auth.headers() is first
    assert await auth.renew(first)
    assert auth.fresh() == {"Authorization": "Bearer token-2"}
    # Another request that was refused with the first token needs no third one.
    assert await auth.renew(first)
    assert auth.fresh() == {"Authorization": "Bearer token-2"}


async def test_a_token_file_is_read_again(tmp_path: Path) -> None:
    clock, path = StepClock(), tmp_path / "token"
    path.write_text("one\n")
    auth = Authenticator(TokenFile(path), clock=clock)
    assert await auth.headers() == {"Authorization": "Bearer one"}
    path.write_text("two\n")
    clock.step(59)
    assert await auth.headers() == {"Authorization": "Bearer one"}
    clock.step(2)
    assert await auth.headers() == {"Authorization": "Bearer two"}
    path.unlink()
    clock.step(61)
    assert await auth.headers() == {"Authorization": "Bearer two"}


@pytest.mark.parametrize("content, said", [(None, "No such file"), (b"", "empty"), (b"\xff\xff", "not text")])
async def test_a_bad_token_file_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Stalled, match=f"token file {path}: {said}"):
        await Authenticator(TokenFile(path), clock=StepClock()).headers()


async def test_a_certificate_from_a_plugin_is_shown_to_the_server(tmp_path: Path) -> None:
    ours = Authority()
    issued = ours.issue("ann")
    script = answering(clientCertificateData=issued.certificate, clientKeyData=issued.key)
    async with Scripted(tls=ours.server(tmp_path, "127.0.0.1", ask_client=True)) as server:
        server.answer("GET /x", Reply(b"{}"), status(401, "Unauthorized"), Reply(b"{}"))
        config = ClusterConfig(server=server.url, ca=ours.pem, credentials=a_plugin(tmp_path, script))
        async with Transport(config, clock=SwiftClock()) as transport:
            assert await transport.request("GET", "/x") == b"{}"
            # Refused once: the plugin is asked again and gives the same.
            assert await transport.request("GET", "/x") == b"{}"


@pytest.mark.parametrize(
    "credentials",
    [
        BearerToken("s3cr3t"),
        Basic("ann", "s3cr3t"),
        ClientCertificate("c", "s3cr3t"),
        ExecPlugin(command="x", args=("s3cr3t",), env={"KEY": "s3cr3t"}),
        ClusterConfig(server="https://k", credentials=BearerToken("s3cr3t")),
        ClusterConfig(server="https://k", certificate=ClientCertificate("c", "s3cr3t"), ca="s3cr3t"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_repr_tells_a_secret(credentials: object) -> None:
    assert "s3cr3t" not in f"{credentials!r} {credentials!s} {[credentials]}"


async def test_anonymous_has_nothing_to_renew() -> None:
    auth = Authenticator(Anonymous(), clock=StepClock())
    assert not await auth.renew(await auth.headers())
