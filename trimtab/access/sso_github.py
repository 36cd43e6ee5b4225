"""Whom a GitHub connector lets in, decided by what GitHub says of their organisations and teams."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from trimtab.access.sso import GitHub, Organisation

ACTIVE = "active"
RESERVED = ("role", "proj", "admin")
"""What `role:admin`, `proj:shop:dev` and the account `admin` begin with."""


class Membership(Struct, frozen=True):
    """Of an organisation; `state` is `active`, or `pending` until the invitation is accepted."""

    organisation: str
    organisation_id: int
    state: str


class Team(Struct, frozen=True):
    """A team that somebody is in, and the organisation whose team it is."""

    organisation_id: int
    slug: str
    name: str


class Admission(Struct, frozen=True):
    """`groups` as Dex names them (`acme:platform`). `organisations`: id by name as configured, of those that let in."""

    groups: tuple[str, ...]
    organisations: Mapping[str, int]


class NotAdmitted(Struct, frozen=True):
    """`reason` is for the person, `detail` for the log."""

    reason: str
    detail: str = ""


def admit(
    connector: GitHub, memberships: Sequence[Membership], teams: Sequence[Team], *, known: Mapping[str, int]
) -> Admission | NotAdmitted:
    """`known`: the ids that organisations had before, by name: one that was deleted and registered anew by somebody
    else has another.
    """
    if not connector.orgs:
        return Admission(_all_groups(connector, memberships, teams) if connector.load_all_groups else (), {})
    groups: list[str] = []
    admitted: dict[str, int] = {}
    for organisation in connector.orgs:
        membership = _membership(organisation, memberships, known)
        if membership is None:
            continue
        own = [team for team in teams if team.organisation_id == membership.organisation_id]
        found = [name for team in own for name in _names(connector, team) if _wanted(organisation, name)]
        if found or not organisation.teams:
            admitted[organisation.name] = membership.organisation_id
            groups += [f"{organisation.name}:{name}" for name in found]
    if not admitted:
        return _refusal(connector, memberships, known)
    return Admission(tuple(dict.fromkeys(groups)), admitted)


def _membership(
    organisation: Organisation, memberships: Iterable[Membership], known: Mapping[str, int]
) -> Membership | None:
    """The active one of that organisation: by its id where one is known, else by its name."""
    for one in memberships:
        if one.state == ACTIVE and _is(organisation, one, known):
            return one
    return None


def _is(organisation: Organisation, membership: Membership, known: Mapping[str, int]) -> bool:
    if organisation.id:
        return membership.organisation_id == organisation.id
    named = membership.organisation.lower() == organisation.name.lower()
    return named and known.get(organisation.name, membership.organisation_id) == membership.organisation_id


def _wanted(organisation: Organisation, team: str) -> bool:
    return not organisation.teams or team in organisation.teams


def _names(connector: GitHub, team: Team) -> tuple[str, ...]:
    match connector.team_name_field:
        case "slug":
            return (team.slug,)
        case "both":
            return (team.name, team.slug)
        case "name":
            return (team.name,)


def _all_groups(connector: GitHub, memberships: Sequence[Membership], teams: Sequence[Team]) -> tuple[str, ...]:
    active = {
        one.organisation_id: one.organisation
        for one in memberships
        # Anybody can register an organisation: none may make the name of a role (`role:admin`).
        if one.state == ACTIVE and one.organisation.lower() not in RESERVED
    }
    own = [team for team in teams if team.organisation_id in active]
    named = [f"{active[team.organisation_id]}:{name}" for team in own for name in _names(connector, team)]
    return tuple(dict.fromkeys((*active.values(), *named)))


def _refusal(connector: GitHub, memberships: Iterable[Membership], known: Mapping[str, int]) -> NotAdmitted:
    for one in memberships:
        if one.state != ACTIVE and any(_is(organisation, one, known) for organisation in connector.orgs):
            invitation = f"{connector.web_url}/orgs/{one.organisation}/invitation"
            return NotAdmitted(f"your membership of {one.organisation} is {one.state}: accept it at {invitation} first")
    names = {organisation.name.lower() for organisation in connector.orgs}
    impostors = [
        f"{one.organisation} (id {one.organisation_id})" for one in memberships if one.organisation.lower() in names
    ]
    detail = f"member of {', '.join(impostors)}, but not in the teams, or not the organisation of the id that counts"
    return NotAdmitted(
        f"you are in none of the organisations and teams of {connector.name} that may log in here",
        detail if impostors else "",
    )
