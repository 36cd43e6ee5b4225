"""Without a GitHub App."""

from tests.setup.place import Place
from tests.setup.terminal import Scripted


async def test_a_teardown_names_the_oauth_app_that_only_a_person_can_delete(place: Place) -> None:
    place.token = place.github.world.personal_token("ada", "repo", "read:org")
    text = place.environment(login={"type": "oauthApp"})
    answers = {"TRIMTAB_CLIENT_ID": "Ov23liAbC", "TRIMTAB_CLIENT_SECRET": "c1ient-secret"}
    await place.set_up(text, Scripted(None, answers))
    terminal = place.terminal()
    assert await place.tear_down(text, terminal) == "done"
    [line] = [line for line in terminal.plan.lines() if line.action == "warn"]
    assert line.subject == "OAuth app trimtab production stays"
    assert line.note == f"delete it at {place.github.url}/organizations/acme/settings/applications"
