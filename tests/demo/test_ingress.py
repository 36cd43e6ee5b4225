"""The demo's ingress on the sandbox: what Ingress objects say is what callers see, and one bad one harms no other."""

import asyncio
import json
import os
import subprocess
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from tests.demo.front import ISSUER, Front
from tests.engine.world import until
from trimtab.demo.nginx import nginx
from trimtab.errors import Stalled

HOST = "argocd.demo.localhost"
ASKING = {"cert-manager.io/cluster-issuer": ISSUER}
NETWORKING = "networking.k8s.io"
REDIRECT = "nginx.ingress.kubernetes.io/ssl-redirect"


async def test_a_host_is_served_over_tls_and_plain_http_leads_there(ingress: Front) -> None:
    await ingress.secret("web-tls", ingress.authority.issue("web", HOST))
    await ingress.ingress("web", HOST, secret="web-tls")
    shown = json.loads((await ingress.answers(f"https://{HOST}/a/b?c=d")).text)
    port = ingress.controller.https_port
    headers = shown["headers"]
    assert shown["path"] == "/a/b?c=d"
    assert headers["Host"] == headers["X-Forwarded-Host"] == f"{HOST}:{port}"
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-For"]) == ("https", "127.0.0.1")
    led = await ingress.call(f"http://{HOST}/a/b?c=d")
    assert (led.status, led.location) == (308, f"https://{HOST}:{port}/a/b?c=d")
    assert ingress.controller.problems == {}


async def test_curl_reaches_it_by_name_and_by_the_authority_alone(ingress: Front) -> None:
    await ingress.ingress("web", HOST, secret="web-tls", annotations=ASKING)
    await ingress.answers(f"https://{HOST}/")
    authority = ingress.folder / "ca.pem"
    authority.write_text(ingress.authority.pem)
    url = f"https://{HOST}:{ingress.controller.https_port}/hello"

    async def curl(*flags: str) -> subprocess.CompletedProcess[str]:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", *flags, url]
        return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    assert json.loads((await curl("--cacert", str(authority))).stdout)["path"] == "/hello"
    assert "certificate" in (await curl()).stderr


async def test_a_stream_passes_through_piece_by_piece_and_outlives_a_reload(ingress: Front) -> None:
    await ingress.ingress("web", HOST, secret="web-tls", annotations=ASKING)
    await ingress.answers(f"https://{HOST}/")
    url = f"https://{HOST}:{ingress.controller.https_port}/stream"
    async with ingress.session.get(url, ssl=ingress.trusting()) as response:
        assert await response.content.readline() == b"data: first\n"
        await ingress.ingress("other", "other.localhost")
        await ingress.answers("http://other.localhost/")
        ingress.application.go_on.set()
        assert (await response.content.read()).strip() == b"data: second"


async def test_a_renamed_host_gets_its_certificate_and_the_old_one_is_gone(ingress: Front) -> None:
    await ingress.ingress("web", HOST, secret="web-tls", annotations=ASKING)
    await ingress.answers(f"https://{HOST}/")
    before = await ingress.look("Secret", "web-tls")
    await ingress.ingress("web", "new.demo.localhost", secret="web-tls", annotations=ASKING)
    await ingress.answers("https://new.demo.localhost/")
    assert before is not None
    assert await ingress.look("Secret", "web-tls") != before
    assert "certificate" in (await ingress.answers(f"https://{HOST}/", 0)).error
    assert (await ingress.call(f"http://{HOST}/")).status == 404


async def test_a_deleted_ingress_is_not_served(ingress: Front) -> None:
    await ingress.ingress("web", HOST)
    await ingress.answers(f"http://{HOST}/")
    await ingress.delete("Ingress", "web", group=NETWORKING)
    assert "no such host" in (await ingress.answers(f"http://{HOST}/", 404)).text


async def test_an_ingress_of_another_class_is_somebody_elses(ingress: Front) -> None:
    await ingress.ingress("theirs", HOST, class_name="haproxy")
    await ingress.ingress("ours", "ours.localhost")
    await ingress.answers("http://ours.localhost/")
    assert (await ingress.call(f"http://{HOST}/")).status == 404
    assert await ingress.look("IngressClass", ingress.class_name, group=NETWORKING)


async def test_without_its_secret_a_host_shows_a_certificate_that_nobody_trusts(ingress: Front) -> None:
    await ingress.ingress("web", HOST, secret="web-tls")
    await ingress.ingress("other", "other.localhost", secret="other-tls", annotations=ASKING)
    await ingress.answers("https://other.localhost/")
    assert "certificate" in (await ingress.call(f"https://{HOST}/")).error
    assert "Secret default/web-tls holds no usable certificate" in await ingress.problem("web")
    key_of_another = ingress.authority.issue("web", HOST).key
    pair = ingress.authority.issue("web", HOST)
    await ingress.secret("web-tls", type(pair)(pair.certificate, key_of_another))
    await ingress.ingress("third", "third.localhost")
    await ingress.answers("http://third.localhost/")
    assert "Secret default/web-tls" in await ingress.problem("web")
    await ingress.secret("web-tls", pair)
    await ingress.answers(f"https://{HOST}/")
    assert ingress.controller.problems == {}


async def test_of_two_for_one_host_the_older_counts_and_other_paths_are_added(ingress: Front) -> None:
    await ingress.ingress("a-first", HOST, secret="web-tls", annotations=ASKING)
    await ingress.answers(f"https://{HOST}/")
    await ingress.ingress("b-second", HOST, port="other")
    assert f"{HOST}/: an older Ingress serves this already" in await ingress.problem("b-second")
    await ingress.ingress("c-third", HOST, port="other", path="/api")
    await ingress.answers(f"https://{HOST}/api/x", 503)
    await ingress.answers(f"https://{HOST}/api", 503)
    await ingress.answers(f"https://{HOST}/apix")
    await ingress.ingress("d-exact", HOST, path="/api", path_type="Exact")
    await ingress.answers(f"https://{HOST}/api")
    await ingress.answers(f"https://{HOST}/api/x", 503)


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"annotations": {REDIRECT: "maybe"}}, "give true or false"),
        ({"annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "1m; } evil {"}}, "give a size like 8m"),
        ({"annotations": {"nginx.ingress.kubernetes.io/backend-protocol": "FCGI"}}, "give HTTP or HTTPS"),
        ({"path": "/; return 200 evil"}, "is none that can be served"),
        ({"path": "/$request_body"}, "is none that can be served"),
        ({"port": "metrics"}, "its Service, or the port of it, is not there"),
        ({"port": 8080}, "its Service, or the port of it, is not there"),
    ],
)
async def test_a_bad_one_is_named_and_the_others_go_on(ingress: Front, asked: dict[str, object], said: str) -> None:
    await ingress.ingress("good", HOST)
    await ingress.ingress("bad", "bad.localhost", **asked)
    assert said in await ingress.problem("bad")
    await ingress.answers(f"http://{HOST}/")
    assert (await ingress.call("http://bad.localhost/")).status in (404, 503)


async def test_a_service_may_be_named_by_number_and_its_address_may_change(ingress: Front) -> None:
    await ingress.ingress("web", HOST, port=80)
    await ingress.answers(f"http://{HOST}/")
    ingress.controller.route({})
    await ingress.answers(f"http://{HOST}/", 503)
    ingress.controller.route({("default", "web", "80"): ingress.application.address})
    await ingress.answers(f"http://{HOST}/")


async def test_redirects_and_sizes_follow_their_annotations(ingress: Front) -> None:
    sizes = {REDIRECT: "false", "nginx.ingress.kubernetes.io/proxy-body-size": "100k"}
    await ingress.ingress("web", HOST, secret="web-tls", annotations={**ASKING, **sizes})
    await ingress.answers(f"https://{HOST}/")
    await ingress.answers(f"http://{HOST}/")
    assert (await ingress.call(f"http://{HOST}/", data=b"x" * 50_000)).status == 200
    assert (await ingress.call(f"http://{HOST}/", data=b"x" * 200_000)).status == 413


async def test_nothing_is_left_running_and_a_missing_nginx_says_how_to_get_it(
    ingress: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with nginx(ingress.folder / "second", fallback=ingress.authority.issue("x", HOST)) as second:
        pid = int(await until(partial(_said, ingress.folder / "second" / "nginx.pid"), bool))
        assert second.https_port not in (0, ingress.controller.https_port)
        async with ingress.session.get(f"http://{HOST}:{second.http_port}/") as response:
            assert response.status == 404
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(aiohttp.ClientConnectorError):
        await ingress.session.get(f"http://{HOST}:{second.http_port}/")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("trimtab.demo.nginx.PLACES", "/nowhere")
    with pytest.raises(Stalled, match="apt-get install nginx-light"):
        async with nginx(ingress.folder / "third", fallback=ingress.authority.issue("x", HOST)):
            pass


async def _said(path: Path) -> str:
    return path.read_text() if path.exists() else ""
