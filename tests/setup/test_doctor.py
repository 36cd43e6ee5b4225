"""What a doctor finds in an environment that was just set up: nothing to do."""

from tests.engine.world import until
from tests.setup.place import Place
from trimtab.clock import SystemClock
from trimtab.doctor.checks import CHECKS, examine
from trimtab.doctor.facts import Facts
from trimtab.environment.findings.finding import Finding
from trimtab.github.hooks import list_app_deliveries
from trimtab.manifests.install import install_objects
from trimtab.manifests.options import InstallOptions
from trimtab.setup.read_file import read_text


async def examined(place: Place, text: str) -> list[Finding]:
    """What all checks find."""
    env = read_text(text, origin="environment.yaml").env
    async with Facts(
        env,
        transport=place.transport,
        discovery=place.cluster.discovery,
        clock=SystemClock(),
        installed=install_objects(InstallOptions(namespace=env.namespace)),
    ) as facts:
        return await examine(facts)


async def deliver_again(place: Place, text: str) -> None:
    """What GitHub wanted to say while nobody was there yet."""
    async with await place.job(text, place.terminal()) as job:
        app = await job.as_app()
        for one in {one.guid: one for one in await list_app_deliveries(app)}.values():
            await app.post(f"/app/hook/deliveries/{one.id}/attempts", dict)


def troubles(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.level != "ok"]


async def test_what_was_just_set_up_is_well(place: Place) -> None:
    text = place.environment()
    await place.set_up(text, place.terminal())
    await deliver_again(place, text)
    found = await until(lambda: examined(place, text), lambda found: not troubles(found))
    assert {one.check for one in found} == {check.name for check in CHECKS}
    (key,) = [one for one in found if one.check == "credentials"]
    assert key.message.startswith("ed25519 SHA256:")
    assert key.message.endswith("0 days old, made by ada")
    fetched = {one.subject for one in found if one.check == "fetches"}
    assert fetched == {place.repository_url}
