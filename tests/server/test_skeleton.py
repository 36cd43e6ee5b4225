"""The thinnest path through the whole: log in, be known, be refused, and see that the server is ready."""

from tests.server.desk import Desk


async def test_ready(desk: Desk) -> None:
    answer = await desk.call("GET", "/readyz", who="")
    assert (answer.status, answer.body["ready"], answer.body["problems"]) == (200, True, {})
    assert (await desk.call("GET", "/healthz", who="", full=True)).body == b"ok"


async def test_log_in_and_be_known(desk: Desk) -> None:
    nobody = await desk.call("GET", "/api/v1/session/userinfo", who="")
    assert nobody.body == {"loggedIn": False}
    answer = await desk.call("GET", "/api/v1/session/userinfo")
    assert answer.body == {"loggedIn": True, "username": "admin", "iss": "argocd"}


async def test_a_wrong_password(desk: Desk) -> None:
    answer = await desk.call("POST", "/api/v1/session", who="", json={"username": "admin", "password": "wrong-horse"})
    assert answer.failure == (401, 16, "Invalid username or password")


async def test_pages_need_no_login_and_hold_no_script_of_their_own(desk: Desk) -> None:
    for path in ("/", "/login"):
        answer = await desk.call("GET", path, who="")
        assert answer.status == 200
        text = answer.body.decode()
        assert "<script src=" in text and "<script>" not in text and "style=" not in text
        assert "'unsafe" not in answer.headers["content-security-policy"]
    assert (await desk.call("GET", "/assets/..%2Fpages.py", who="")).status == 404
