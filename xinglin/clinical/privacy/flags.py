"""What is odd about readings, computed from the trail; each flag explains itself by its lines.

A flag is a question, no verdict: a village doctor does read their neighbours. The thresholds
are parameters (`privacy.flag.…`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xinglin.clinical.privacy.models import BreakGlass, Mark, Vip, readings
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.models import TrailEntry
from xinglin.registry.people.models import Person, merged_into, standing_for
from xinglin.registry.staff.models import Post, Practitioner, User

FLAGS: dict[str, Any] = {
    "colleague": gettext_lazy("查阅同事或本人"),
    "neighbour": gettext_lazy("查阅邻居"),
    "family": gettext_lazy("查阅疑似亲属"),
    "vip": gettext_lazy("查阅重点关注人员"),
    "volume": gettext_lazy("查阅量异常"),
    "night": gettext_lazy("夜间查阅"),
    "no-act": gettext_lazy("查阅后无诊疗行为"),
    "refused": gettext_lazy("被拒的查阅"),
    "glass": gettext_lazy("紧急查阅"),
}
USUAL_DAYS = 30


@dataclass
class Line:
    """A reading, as little of it as the flags need."""

    pk: int
    at: datetime
    kind: str
    user_id: UUID
    who: str
    role: str
    org_id: UUID
    org: str
    person_id: UUID
    verb: str

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)


@dataclass
class Finding:
    """One flag of one reader on one day, about one person (none: about the whole day)."""

    flag: str
    day: date
    first: Line
    person: Person | None
    why: str
    lines: list[int] = field(default_factory=list)
    mark: Mark | None = None

    @property
    def label(self) -> str:
        return str(FLAGS[self.flag])

    @property
    def key(self) -> str:
        about = self.person.pk if self.person else ""
        return f"{self.flag}:{self.first.user_id}:{about}:{self.day.isoformat()}"


@dataclass
class Known:
    """What is known of the readers and of those who were read.

    `people` holds by every id the registration that stands for it today, so that lines about one
    that was merged since are lines about the survivor.
    """

    people: dict[UUID, Person]
    readers: dict[UUID, Practitioner]
    selves: dict[UUID, Person]
    staff_by_card: dict[str, set[UUID]]
    staff_by_phone: dict[tuple[str, str], set[UUID]]
    watched: set[UUID]


def _moment(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _lines(actor: Actor, since: date, until: date) -> list[Line]:
    rows = readings(actor).filter(
        at__gte=_moment(since),
        at__lt=_moment(until + timedelta(days=1)),
        person_id__isnull=False,
    )
    columns = ("id", "at", "kind", "user_id", "actor_name", "role")
    more = ("org_id", "org_name", "person_id", "verb")
    told = rows.exclude(role__in=["resident", "system"]).order_by("at", "id")
    return [Line(*row) for row in told.values_list(*columns, *more).iterator(2000)]


def find(actor: Actor, since: date, until: date, *, only: str = "") -> list[Finding]:
    """Every flag of the days, the newest first, with what has been made of it."""
    lines = _lines(actor, since, until)
    known = _known(actor, lines)
    found: list[Finding] = []
    for flag in FLAGS:
        if not only or flag == only:
            found += CHECKS[flag](actor, lines, known)
    marks = {mark.key: mark for mark in Mark.objects.filter(county_id=actor.county_id)}
    for finding in found:
        finding.mark = marks.get(finding.key)
    found.sort(key=lambda each: (each.first.at, each.flag), reverse=True)
    return found


def _known(actor: Actor, lines: list[Line]) -> Known:
    ids = {line.person_id for line in lines}
    users = {line.user_id for line in lines}
    readers = {
        user.pk: user.practitioner
        for user in User.objects.filter(pk__in=users).select_related("practitioner")
        if user.practitioner is not None
    }
    houses: dict[UUID, set[UUID]] = defaultdict(set)
    today = timezone.localdate(clock.now())
    for post in Post.objects.filter(practitioner__county_id=actor.county_id).held_on(today):
        houses[post.practitioner_id].add(post.organisation_id)
    by_card: dict[str, set[UUID]] = defaultdict(set)
    by_phone: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for each in Practitioner.objects.filter(county_id=actor.county_id):
        if each.id_number:
            by_card[each.id_number] |= houses[each.pk]
        if each.phone:
            by_phone[each.name, each.phone] |= houses[each.pk]
    cards = {reader.id_number: user for user, reader in readers.items() if reader.id_number}
    selves = {
        cards[person.id_number]: person
        for person in Person.objects.filter(
            county_id=actor.county_id, id_number__in=list(cards), voided_at=None
        )
    }
    people = standing_for(ids)
    earlier = merged_into({person.pk for person in people.values()})
    people |= standing_for(person.pk for person in earlier)
    return Known(
        people=people,
        readers=readers,
        selves=selves,
        staff_by_card=by_card,
        staff_by_phone=by_phone,
        watched=set(Vip.objects.visible_to(actor).standing().values_list("person_id", flat=True)),
    )


def _by_day(
    flag: str,
    lines: Iterable[Line],
    known: Known,
    why: Callable[[Line, Person], str],
) -> list[Finding]:
    """The lines for which there is a reason, together by reader, person and day."""
    found: dict[tuple[UUID, UUID, date], Finding] = {}
    for line in lines:
        person = known.people.get(line.person_id)
        if person is None:
            continue
        key = (line.user_id, person.pk, line.day)
        if key in found:
            found[key].lines.append(line.pk)
            continue
        reason = why(line, person)
        if reason:
            found[key] = Finding(flag, line.day, line, person, reason, [line.pk])
    return list(found.values())


def _read(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.kind == TrailEntry.Kind.READ]


def _colleague(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    def why(line: Line, person: Person) -> str:
        me = known.selves.get(line.user_id)
        if me is not None and me.pk == person.pk:
            return _("查阅的是本人")
        houses = known.staff_by_card.get(person.id_number, set()) if person.id_number else set()
        houses = houses or known.staff_by_phone.get((person.name, person.phone), set())
        return _("被查阅者也在%(house)s工作") % {"house": line.org} if line.org_id in houses else ""

    return _by_day("colleague", _read(lines), known, why)


def _neighbour(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    def why(line: Line, person: Person) -> str:
        me = known.selves.get(line.user_id)
        if me is None or me.pk == person.pk or not person.village:
            return ""
        # Whoever keeps the records of their own village reads their neighbours by duty.
        if person.managed_by_id == line.org_id:
            return ""
        if (me.township, me.village) != (person.township, person.village):
            return ""
        return _("与查阅人同住%(place)s") % {"place": person.township + person.village}

    return _by_day("neighbour", _read(lines), known, why)


def _family(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    def why(line: Line, person: Person) -> str:
        me = known.selves.get(line.user_id)
        if me is None or me.pk == person.pk or not person.address_detail:
            return ""
        same = (me.township, me.village, me.address_detail) == (
            person.township,
            person.village,
            person.address_detail,
        )
        return _("与查阅人同姓同住址") if same and me.name[:1] == person.name[:1] else ""

    return _by_day("family", _read(lines), known, why)


def _vip(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    return _by_day(
        "vip",
        _read(lines),
        known,
        lambda line, person: _("在重点关注名单中") if person.pk in known.watched else "",
    )


def _night(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    start, end = parameters.get("privacy.flag.night_from"), parameters.get("privacy.flag.night_to")

    def why(line: Line, person: Person) -> str:
        at = timezone.localtime(line.at)
        return _("%(time)s查阅") % {"time": f"{at:%H:%M}"}

    def dark(line: Line) -> bool:
        hour = timezone.localtime(line.at).hour
        return bool(hour >= start or hour < end if start > end else start <= hour < end)

    return _by_day("night", filter(dark, _read(lines)), known, why)


def _refused(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    refused = [line for line in lines if line.kind == TrailEntry.Kind.REFUSED]
    return _by_day("refused", refused, known, lambda line, person: _("没有查阅权限或核验未通过"))


def _glass(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    if not lines:
        return []
    broken = BreakGlass.objects.visible_to(actor).filter(
        since__lte=lines[-1].at, until__gte=lines[0].at
    )
    spans = {(each.user_id, each.person_id): each for each in broken}

    def why(line: Line, person: Person) -> str:
        glass = spans.get((line.user_id, person.pk))
        if glass is None or not glass.since <= line.at <= glass.until:
            return ""
        return _("%(reason)s：%(text)s") % {"reason": glass.reason_said, "text": glass.reason}

    return _by_day("glass", _read(lines), known, why)


def _no_act(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    span = parameters.duration("privacy.flag.later_act_days")
    settled = [line for line in _read(lines) if line.at + span < clock.now()]
    if not settled:
        return []
    acted: dict[tuple[UUID, UUID], list[datetime]] = defaultdict(list)
    changes = TrailEntry.objects.filter(
        county_id=actor.county_id,
        kind=TrailEntry.Kind.CHANGE,
        person_id__isnull=False,
        at__gte=settled[0].at - span,
        at__lte=settled[-1].at + span,
    ).exclude(verb__startswith="privacy.")
    for person_id, org_id, at in changes.values_list("person_id", "org_id", "at").iterator(2000):
        if person_id in known.people:
            acted[known.people[person_id].pk, org_id].append(at)

    def idle(line: Line) -> bool:
        person = known.people.get(line.person_id)
        moments = acted.get((person.pk, line.org_id), ()) if person else ()
        return not any(line.at - span <= at <= line.at + span for at in moments)

    words = _("查阅前后 %(days)s 天内，该机构没有为其就诊、转诊或书写") % {"days": span.days}
    return _by_day("no-act", filter(idle, settled), known, lambda line, person: words)


def _volume(actor: Actor, lines: list[Line], known: Known) -> list[Finding]:
    """More people a day than the same post at the same house usually reads."""
    if not lines:
        return []
    before = _lines(
        actor,
        lines[0].day - timedelta(days=USUAL_DAYS),
        lines[0].day - timedelta(days=1),
    )
    usual = _usual(before)
    people: dict[tuple[UUID, date], set[UUID]] = defaultdict(set)
    told: dict[tuple[UUID, date], list[Line]] = defaultdict(list)
    for line in _read(lines):
        people[line.user_id, line.day].add(line.person_id)
        told[line.user_id, line.day].append(line)
    times = parameters.get("privacy.flag.volume_times")
    least = parameters.get("privacy.flag.volume_least")
    found = []
    for key, who in people.items():
        first = told[key][0]
        normal = usual.get((first.role, first.org_id), 0.0)
        if len(who) >= least and len(who) > times * normal:
            why = _("一天查阅 %(count)s 人，该岗位平日约 %(usual)s 人") % {
                "count": len(who),
                "usual": round(normal),
            }
            ids = [line.pk for line in told[key]]
            found.append(Finding("volume", key[1], first, None, why, ids))
    return found


def _usual(lines: list[Line]) -> dict[tuple[str, UUID], float]:
    """The median number of people whom somebody in a post reads on a day on which they read."""
    people: dict[tuple[UUID, date], set[UUID]] = defaultdict(set)
    posts: dict[tuple[UUID, date], tuple[str, UUID]] = {}
    for line in _read(lines):
        people[line.user_id, line.day].add(line.person_id)
        posts[line.user_id, line.day] = (line.role, line.org_id)
    days: dict[tuple[str, UUID], list[int]] = defaultdict(list)
    for key, who in people.items():
        days[posts[key]].append(len(who))
    return {post: float(median(counts)) for post, counts in days.items()}


CHECKS: dict[str, Callable[[Actor, list[Line], Known], list[Finding]]] = {
    "colleague": _colleague,
    "neighbour": _neighbour,
    "family": _family,
    "vip": _vip,
    "volume": _volume,
    "night": _night,
    "no-act": _no_act,
    "refused": _refused,
    "glass": _glass,
}
