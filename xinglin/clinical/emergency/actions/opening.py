"""Starting a case, for somebody known or for somebody without a name who is known later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.emergency import catalogue, events, permissions, rules
from xinglin.clinical.emergency.actions import turns
from xinglin.clinical.emergency.models import GreenCase, GreenStep
from xinglin.kernel import clock, trail
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import Merge, Person, Sex
from xinglin.registry.people.permissions import MERGE

SOURCE = "emergency"


class CaseRunning(Conflict):
    """A case of this kind runs already for the person; `links` leads to it."""

    code = "case-running"


class NoDestination(Refused):
    """The house cannot take the case: closed, of another county, or of a lower level."""

    code = "no-destination"


@action(permissions.OPEN)
def open_case(case: GreenCase, *, by: Actor) -> GreenCase:
    """Start the green channel: the receiving house hears of it at once, the clock runs.

    A case without a person is for somebody unknown, who gets a registration of their own that
    is merged when the name is known; `sex_seen` and `age_about` say what was seen.
    """
    now = clock.now()
    kind = catalogue.kind_of(case.kind)
    case.number = rules.number_for(timezone.localtime(now))
    # Neither need be named yet.
    where, who = cast(UUID | None, case.to_org_id), cast(UUID | None, case.person_id)
    if where is None:
        case.to_org = _first(destinations(case.kind, case.from_org_id))
    _check_destination(case)
    case.unknown = who is None
    if case.unknown:
        case.person = _nameless(case)
    elif case.person.county_id != case.county_id or case.person.voided_at is not None:
        raise Refused(_("该居民不在本县。"), field="person")
    elif case.person.deceased_on is not None:
        raise Refused(_("该居民已登记死亡，请核对。"), field="person")
    else:
        _refuse_second(case)
    case.opened_at = case.asked_at = now
    case.opened_by, case.opener = by.name, by.user_id
    turns.keep(case, now)
    if any(step.code == "contact" for step in kind.steps):
        # Whoever starts the channel stands before the patient; corrected where it was earlier.
        _first_contact(case, by)
    turns.tell_receiver(case, gettext_noop("%(sender)s启动%(kind)s绿色通道，患者 %(patient)s"))
    turns.announce(events.CaseOpened, case, now)
    return case


def _first_contact(case: GreenCase, by: Actor) -> None:
    step = GreenStep(
        case=case, code="contact", at=case.opened_at, organisation_id=by.org_id, author=by.name
    )
    step.save(force_insert=True)
    trail.record(by, permissions.STAMP.code, step, before={})
    turns.keep(case, case.opened_at)


def destinations(kind: str, from_org_id: UUID) -> list[Organisation]:
    """The houses that may take a case of this kind, the proposed one first.

    The county's own order in the catalogue comes first, then the hospital that leads, then
    other county hospitals, then the house above; a closed one is never among them.
    """
    here = tree.get(from_org_id)
    if here is None:
        return []
    named = {code: at for at, code in enumerate(catalogue.kind_of(kind).destinations)}
    fit = [
        house
        for house in tree.rows().values()
        if house.region_id == here.region_id
        and house.closed_on is None
        and not house.outside
        and house.level in (Level.COUNTY, Level.TOWNSHIP)
        and (house.level == Level.COUNTY or here.path.startswith(house.path))
    ]

    def rank(house: Organisation) -> tuple[Any, ...]:
        return (
            named.get(house.code, len(named)),
            house.level != Level.COUNTY,
            not house.leads,
            house.code,
        )

    return sorted(fit, key=rank)


def _first(houses: list[Organisation]) -> Organisation:
    if not houses:
        raise NoDestination(_("没有可接收的医院，请选择接收机构。"), field="to_org")
    return houses[0]


def _check_destination(case: GreenCase) -> None:
    if case.to_org_id not in {house.pk for house in destinations(case.kind, case.from_org_id)}:
        raise NoDestination(
            _("%(house)s不能接收这类急危重症，请选择县级医院或上级卫生院。")
            % {"house": tree.name(case.to_org_id)},
            field="to_org",
        )


def _nameless(case: GreenCase) -> Person:
    """A registration for somebody without a name; it opens nothing and is nobody's charge."""
    return people.register(
        Person(
            county_id=case.county_id,
            name=f"无名氏{case.number[-6:]}",
            sex=case.sex_seen or Sex.UNKNOWN,
            id_type="",
            source=SOURCE,
            source_id=case.number,
        ),
        by=system(case.county_id),
        checked=_("绿色通道身份不明"),
    )


def _refuse_second(case: GreenCase) -> None:
    known = GreenCase.objects.filter(
        person_id=case.person_id, county_id=case.county_id, kind=case.kind
    )
    running = known.running().first()
    if running is None:
        return
    seen = bool({case.from_org_id} & running.parties)
    raise CaseRunning(
        _("%(patient)s 的%(kind)s绿色通道已在进行（%(number)s）。")
        % {
            "patient": case.person.name,
            "kind": case.of_kind.label,
            "number": running.number,
        },
        field="person",
        links=[(running.number, running.get_absolute_url())] if seen else [],
    )


@action(permissions.IDENTIFY)
def identify(
    case: GreenCase, /, *, by: Actor, person: Person | None = None, **facts: Any
) -> GreenCase:
    """Say who the unknown patient is: a registered resident, or `facts` of somebody new.

    With a resident, the people index merges the provisional registration into theirs, and
    everything written about it follows; the office can part them again if it was somebody else.
    """
    turns.still(case, permissions.IDENTIFY)
    if not case.unknown:
        raise WrongState(_("患者身份已确认。"))
    now = clock.now()
    nameless = case.person
    if person is not None:
        if person.pk == nameless.pk or person.source == SOURCE:
            raise Refused(_("请选择已登记的居民。"), field="person")
        if person.county_id != case.county_id or person.voided_at is not None:
            raise Refused(_("该居民不在本县。"), field="person")
        people.merge(
            Merge(
                county_id=case.county_id,
                survivor=person,
                loser=nameless,
                reason=_("绿色通道 %(number)s 确认身份") % {"number": case.number},
            ),
            by=replace(by, codes=by.codes | {MERGE.code}),
        )
        case.refresh_from_db(fields=["person"])
    elif facts.get("name"):
        people.correct(nameless, by=system(case.county_id), **facts)
    else:
        raise Refused(_("请选择已登记的居民，或填写姓名。"), field="person")
    case.unknown = False
    case.identified_at, case.identified_by = now, by.name
    turns.keep(case, now)
    for tell in (turns.tell_sender, turns.tell_receiver):
        tell(case, gettext_noop("%(number)s 患者身份已确认：%(patient)s"))
    turns.announce(events.PatientIdentified, case, now)
    return case
