"""The page of a person: what is dangerous, what is now, what has been. Every reading is traced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from xinglin.clinical.privacy import permissions as privacy
from xinglin.clinical.privacy.models import Presence, Vip, open_people, opened
from xinglin.clinical.record import lines, permissions, portrait, story
from xinglin.clinical.record.forms import TimelineForm
from xinglin.clinical.record.known import Known, known
from xinglin.clinical.record.lines import Asked, Line, actor_key
from xinglin.clinical.record.models import KINDS, Encounter
from xinglin.clinical.record.portrait import Sign
from xinglin.kernel import parameters
from xinglin.kernel.access import NONE, Actor, Reach
from xinglin.kernel.prepared import FURTHER, SLOT, Cabinet, Prepared
from xinglin.registry.organisations.models import tree
from xinglin.registry.people import permissions as people_permissions
from xinglin.registry.people.models import Identifier, Person, caring
from xinglin.ui.pages import page, wants_part
from xinglin.ui.requests import Request

PERSON = tuple(field.attname for field in Person._meta.concrete_fields)
_prepared: Cabinet[Prepared] = Cabinet()


@require_GET
def person(request: Request, pk: UUID) -> HttpResponse:
    """Who somebody is; and, for those who treat them, everything that happened to them."""
    actor = request.actor
    who, in_care = _open(actor, pk)
    shut = who is None
    if who is None:
        who = get_object_or_404(Person.objects.visible_to(actor), pk=pk)
    counted, hidden = _counted(actor, who)
    acts = _acts(actor, who, shut=shut, in_care=in_care)
    if shut and not counted:
        return page(request, "record/closed.html", person=who, identity=_identity(who), **acts)
    opened(actor, who, parts="own" if shut else "record")
    form = TimelineForm(request.GET)
    asked = form.asked()
    past = _past(request, who, asked)
    if wants_part(request):
        return page(
            request,
            "record/person.html",
            part="more" if asked.before else "list",
            person=who,
            total=lines.heads(actor, who.pk, asked._replace(before=None)).order_by().count(),
            **past,
        )
    told = known(actor, who.pk)
    others = portrait.gather(actor, who)
    return page(
        request,
        "record/person.html",
        person=who,
        identity=_identity(who),
        known=told,
        signs=signs_of(who, told, others.signs),
        requests=others.requests,
        shut=shut,
        restricted=0 if shut else hidden,
        filters=_filters(form, asked, counted),
        total=_total(actor, who, asked, counted),
        **past,
        **acts,
    )


def _open(actor: Actor, pk: UUID) -> tuple[Person | None, bool]:
    """The person whose record the post may read, and whether one of its houses is in care."""
    found = _prepared.get(
        ("person", *actor_key(actor)),
        lambda: Prepared(open_people(actor).filter(pk=SLOT).annotate(in_care=caring(actor))),
    )
    values = found.first(pk)
    if values is None:
        return None, False
    return found.row(Person, PERSON, values[: len(PERSON)]), bool(values[len(PERSON)])


def _past(request: Request, who: Person, asked: Asked) -> dict[str, Any]:
    """One page of the past: visits with what is in them, and how to go on."""
    actor, size = request.actor, parameters.get("record.timeline_visits")
    usual = asked == lines.EVERYTHING
    key = actor_key(actor)

    def newest() -> Prepared:
        return Prepared(lines.heads(actor, SLOT)[: size + 1])

    if usual:
        found = _prepared.get(("heads", size, *key), newest).all(who.pk)
    else:
        found = list(lines.heads(actor, who.pk, asked)[: size + 1])
    heads = lines.lines(found)
    shown = heads[:size]
    visits = [head.id for head in shown if head.kind == "encounter"]
    members: list[Line] = []
    if visits and usual and size <= len(FURTHER):

        def inside() -> Prepared:
            return Prepared(lines.members(actor, SLOT, FURTHER[:size]))

        wanted = [*visits, *[NONE] * (size - len(visits))]
        members = lines.lines(_prepared.get(("members", size, *key), inside).all(who.pk, *wanted))
    elif visits:
        members = lines.lines(lines.members(actor, who.pk, visits, asked))
    return {
        "groups": story.tell(
            actor, shown, members, notes=not asked.kinds or "encounter" in asked.kinds
        ),
        "further": _further(request, shown[-1]) if len(heads) > size else "",
    }


def _further(request: Request, last: Line) -> str:
    """The address of what came before; the same page as long as nothing older is written."""
    query = request.GET.copy()
    query["before"] = f"{last.at.isoformat()}_{last.id}"
    return query.urlencode()


Counted = dict[tuple[str, UUID], tuple[int, int]]


def _counted(actor: Actor, who: Person) -> tuple[Counted, int]:
    """What the post may read, by kind and house; and how much lies behind a sensitive door."""
    query = _prepared.get(
        ("counts", *actor_key(actor)), lambda: Prepared(lines.counts(actor, SLOT))
    )
    counted: Counted = {}
    hidden = 0
    for kind, house, facts, alone in query.all(who.pk):
        if kind == lines.HIDDEN:
            hidden += facts
        else:
            counted[kind, house] = facts, alone
    return counted, hidden


def _total(actor: Actor, who: Person, asked: Asked, counted: Counted) -> int:
    """How many visits and lone facts there are in all."""
    if asked._replace(before=None) == lines.EVERYTHING:
        return sum(alone for _facts, alone in counted.values())
    return lines.heads(actor, who.pk, asked._replace(before=None)).order_by().count()


def _filters(form: TimelineForm, asked: Asked, counted: Counted) -> dict[str, Any]:
    """What can be chosen, with how much there is of it."""
    kinds: dict[str, int] = {}
    houses: dict[UUID, int] = {}
    for (kind, house), (facts, _alone) in counted.items():
        kinds[kind] = kinds.get(kind, 0) + facts
        houses[house] = houses.get(house, 0) + facts
    language = get_language() or ""
    return {
        "kinds": [
            (kind, story.kind_label(kind, language), kinds[kind]) for kind in KINDS if kind in kinds
        ],
        "houses": sorted(
            ((str(house), tree.name(house), facts) for house, facts in houses.items()),
            key=lambda told: -told[2],
        ),
        "kind": "".join(asked.kinds),
        "house": str(asked.house or ""),
        "since": form["since"].value() or "",
        "until": form["until"].value() or "",
        "voided": asked.voided,
        "narrowed": asked._replace(before=None) != lines.EVERYTHING,
    }


def signs_of(who: Person, told: Known, others: Iterable[Sign]) -> list[Sign]:
    """What must be seen first: death, allergies, infection, risk, and what is overdue."""
    found = []
    if who.deceased_on:
        words = {"day": who.deceased_on.isoformat()}
        found.append(Sign(_("%(day)s 死亡") % words, "plain", "ban"))
    for line in told.allergies:
        words = {"what": line.title}
        found.append(
            Sign(
                (_("严重过敏：%(what)s") if line.mark else _("过敏：%(what)s")) % words,
                "bad" if line.mark else "warn",
                "alert-triangle",
                line.detail,
            )
        )
    if not told.allergies:
        found.append(Sign(_("无过敏记录"), "plain", "circle-dashed"))
    return [*found, *told.signs, *others]


def _identity(who: Person) -> list[dict[str, Any]]:
    keeper = tree.get(who.managed_by_id)
    return [
        {"label": _("出生日期"), "value": who.birth_date},
        {"label": _("居民健康档案编号"), "value": who.health_record_no},
        {
            "label": _("管理机构"),
            "value": keeper or "",
            "url": keeper.get_absolute_url() if keeper else "",
            "reason": _("未建档"),
        },
        {"label": _("联系人"), "value": who.contact_name},
        {"label": _("住址"), "value": who.township + who.village, "wide": True},
    ]


def _acts(actor: Actor, who: Person, *, shut: bool, in_care: bool) -> dict[str, Any]:
    """What the post may do here; what the page has asked already is not asked again."""
    new = Encounter(person=who, organisation_id=actor.org_id)
    here = Presence(person=who, organisation_id=actor.org_id)
    alive = who.deceased_on is None
    return {
        "may_prove": privacy.PROVE.allows(actor, here) and privacy.OPEN.allows(actor, here),
        "may_break": privacy.BREAK.allows(actor, here),
        "may_consent": not shut and in_care and actor.may(privacy.CONSENT.code),
        "may_take_over": alive
        and who.managed_by_id != actor.org_id
        and privacy.TAKE_OVER.allows(actor, who),
        "may_give_account": alive and privacy.GIVE_ACCOUNT.allows(actor, who),
        "may_watch": privacy.WATCH.allows(actor, Vip(county_id=who.county_id)),
        "may_start": alive and permissions.WRITE.allows(actor, new),
        "may_refer": alive and actor.may("referral.draft"),
        "may_alarm": alive and actor.may("emergency.open"),
        "may_correct": actor.may(people_permissions.CORRECT.code)
        and (in_care or actor.reach is Reach.COUNTY),
        "may_void": people_permissions.VOID.allows(actor, who),
        "may_report_death": alive and people_permissions.REPORT_DEATH.allows(actor, who),
        "may_identify": people_permissions.IDENTIFY.allows(
            actor, Identifier(person=who, county_id=who.county_id)
        ),
    }
