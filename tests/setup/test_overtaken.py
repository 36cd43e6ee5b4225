"""While a person reads a plan, the world goes on: what is then done is judged by how things stand at that moment."""

from tests.setup.place import Place
from tests.setup.terminal import Scripted


class Pondering(Scripted):
    """While this person reads the plan, somebody else sets the same environment up."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(place.visit)
        self._place, self._text = place, text

    async def confirm(self, question: str) -> bool:
        await self._place.set_up(self._text, self._place.terminal())
        return True


async def test_a_set_up_that_was_overtaken_takes_nothing_away(place: Place) -> None:
    text = place.environment()
    assert await place.set_up(text, Pondering(place, text)) == "done"
    assert len(place.visitor.clicks) == 3, "there is an App already"
    app = await place.cluster.secret("trimtab-github-app")
    assert app["privateKey"]
    assert app["installationID"]
    assert len(place.github.world.github_apps) == 1
    assert await place.set_up(text, place.terminal()) == "nothing"


async def test_an_app_that_somebody_has_deleted_is_made_anew(place: Place) -> None:
    text = place.environment()
    await place.set_up(text, place.terminal())
    before = await place.cluster.secret("trimtab-github-app")
    place.github.world.delete_app(place.github.world.github_apps[before["slug"]])
    place.visitor.clicks.clear()
    assert await place.set_up(text, place.terminal()) == "done"
    assert len(place.visitor.clicks) == 3
    assert (await place.cluster.secret("trimtab-github-app"))["id"] != before["id"]
    assert await place.set_up(text, place.terminal()) == "nothing"
