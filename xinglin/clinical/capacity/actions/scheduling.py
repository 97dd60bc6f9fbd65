"""Keeping schedules: established, revised, ended, and laid out into slots ahead of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from xinglin.clinical.capacity import catalogue, permissions, rules
from xinglin.clinical.capacity.actions import changing, laying
from xinglin.clinical.capacity.models import Schedule, Session, Slot
from xinglin.kernel import clock, parameters
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Refused, WrongState
from xinglin.registry.organisations.models import tree

# Minutes of one slot.
LONGEST = 12 * 60


class BadSchedule(Refused):
    """Hours that cannot be meant."""

    code = "bad-schedule"


class TooFewKept(Refused):
    """Fewer places are kept for referrals than the parameter asks."""

    code = "too-few-kept"


def establish(schedule: Schedule, *, by: Actor, sessions: Sequence[Session]) -> Schedule:
    """Open a schedule with its hours, and lay out the coming days."""
    return _establish(schedule, by=by, sessions=list(sessions))


@action(permissions.KEEP)
def _establish(schedule: Schedule, *, by: Actor, sessions: list[Session]) -> Schedule:
    """Open a schedule with its hours, and lay out the coming days."""
    _write(schedule, sessions)
    return schedule


def revise(
    schedule: Schedule, *, by: Actor, sessions: Sequence[Session] | None = None, **facts: Any
) -> Schedule:
    """Change a schedule from now on; who had booked what falls away is told and offered another."""
    done = _revise(schedule, by=by, sessions=sessions, facts=facts)
    changing.settle(Slot.objects.filter(schedule=schedule))
    return done


@action(permissions.KEEP)
def _revise(
    schedule: Schedule, *, by: Actor, sessions: Sequence[Session] | None, facts: dict[str, Any]
) -> Schedule:
    """Change a schedule from now on."""
    for name, value in facts.items():
        setattr(schedule, name, value)
    # A copy without keys: the old hours go, what was booked in them stays.
    hours = sessions if sessions is not None else list(schedule.sessions.all())
    _write(schedule, [_copy(each) for each in hours])
    return schedule


def end(schedule: Schedule, *, by: Actor, on: date) -> Schedule:
    """Let a schedule end on a day; who had booked a later one is told."""
    today = timezone.localdate(clock.now())
    if on < today:
        raise BadSchedule(_("截止日期不能早于今天。"), field="until")
    if on < schedule.since:
        raise BadSchedule(_("截止日期不能早于生效日期。"), field="until")
    return revise(schedule, by=by, until=on)


@action(permissions.PLAN)
def plan(schedule: Schedule, *, by: Actor) -> Schedule:
    """Lay out the days up to the horizon; done twice, it changes nothing."""
    today = timezone.localdate(clock.now())
    if schedule.until is not None and schedule.until < today:
        raise WrongState(_("该排班已截止。"))
    laying.one_at_a_time(schedule.organisation_id)
    laying.lay_out(schedule, schedule.laid_until or today, laying.horizon(today), clock.now())
    return schedule


def _write(schedule: Schedule, sessions: list[Session]) -> None:
    now = clock.now()
    today = timezone.localdate(now)
    house = tree.get(schedule.organisation_id)
    if house is None or house.closed_on is not None:
        raise BadSchedule(_("该机构已停办，不能排班。"), field="organisation")
    schedule.county_id = house.region_id
    laying.one_at_a_time(schedule.organisation_id, schedule.practitioner_id)
    _whole(schedule, today)
    _hours(schedule, sessions, today)
    _kept(schedule)
    _nowhere_else(schedule, [session.pattern for session in sessions], today)
    schedule.clean_or_refuse(exclude=["county", "organisation", "department", "practitioner"])
    schedule.laid_until = None
    schedule.save()
    schedule.sessions.all().delete()
    for session in sessions:
        session.schedule = schedule
    Session.objects.bulk_create(sessions)
    other = laying.lay_out(schedule, today, laying.horizon(today), now)
    # Who stands in for somebody is elsewhere, too, which no schedule says.
    laying.nowhere_else(Slot.objects.filter(schedule=schedule), now)
    changing.tell_who(other, now)


def _copy(session: Session) -> Session:
    return Session(
        **{
            name: getattr(session, name)
            for name in ("weekday", "day", "start", "end", "minutes", "places")
        }
    )


def _whole(schedule: Schedule, today: date) -> None:
    kind = catalogue.kinds().get(schedule.kind)
    if kind is None:
        raise BadSchedule(_("请选择类别。"), field="kind")
    if kind.person and schedule.practitioner_id is None:
        raise BadSchedule(_("%(kind)s须指定医生。") % {"kind": kind.label}, field="practitioner")
    schedule.place = schedule.place.strip()
    if kind.place and not schedule.place:
        raise BadSchedule(_("%(kind)s须填写诊室或设备。") % {"kind": kind.label}, field="place")
    department = schedule.department
    if department is not None and department.organisation_id != schedule.organisation_id:
        raise BadSchedule(_("该科室不属于所选机构。"), field="department")
    doctor = schedule.practitioner
    if doctor is not None and doctor.county_id != schedule.county_id:
        raise BadSchedule(_("该医生不在本县。"), field="practitioner")
    if schedule.until is not None and schedule.until < schedule.since:
        raise BadSchedule(_("截止日期不能早于生效日期。"), field="until")
    if schedule.fee is None or schedule.fee < 0:
        raise BadSchedule(_("挂号费不能小于 0。"), field="fee")
    if schedule._state.adding and schedule.until is not None and schedule.until < today:
        raise BadSchedule(_("截止日期已过，不能新建排班。"), field="until")


def _hours(schedule: Schedule, sessions: Sequence[Session], today: date) -> None:
    if not sessions:
        raise BadSchedule(_("请至少填写一段出诊时间。"), field="sessions")
    for session in sessions:
        _hour(schedule, session)
    known = [session.pattern for session in sessions]
    for place, one in enumerate(known):
        for two in known[place + 1 :]:
            if one.meets(two) and (one.weekday, one.day) == (two.weekday, two.day):
                raise BadSchedule(
                    _("%(one)s 与 %(two)s 两段出诊时间重叠。")
                    % {"one": _said(one), "two": _said(two)},
                    field="sessions",
                )


def _hour(schedule: Schedule, session: Session) -> None:
    field = "sessions"
    if (session.weekday is None) == (session.day is None):
        raise BadSchedule(_("每段出诊时间须写明星期或日期，二者填一。"), field=field)
    if session.weekday is not None and session.weekday not in range(1, 8):
        raise BadSchedule(_("星期须为 1 至 7。"), field=field)
    if session.minutes is None or session.minutes <= 0:
        raise BadSchedule(_("每段分钟数须大于 0。"), field=field)
    if session.places is None or session.places <= 0:
        raise BadSchedule(_("每段号数须大于 0。"), field=field)
    if session.places > parameters.get("capacity.most_places"):
        raise BadSchedule(
            _("每段号数不能超过 %(most)s。") % {"most": parameters.get("capacity.most_places")},
            field=field,
        )
    pattern = session.pattern
    length = pattern.last - pattern.first
    if length <= 0:
        raise BadSchedule(
            _("%(span)s 的结束须晚于开始；跨零点的请分成两段。") % {"span": _said(pattern)},
            field=field,
        )
    if session.minutes > LONGEST:
        raise BadSchedule(_("每段不能超过 12 小时。"), field=field)
    if length % session.minutes:
        raise BadSchedule(
            _("%(span)s 共 %(length)s 分钟，不能按每段 %(minutes)s 分钟分完，请调整。")
            % {"span": _said(pattern), "length": length, "minutes": session.minutes},
            field=field,
        )
    day = session.day
    if day is not None and (day < schedule.since or (schedule.until and day > schedule.until)):
        raise BadSchedule(_("%(day)s 不在排班的有效期内。") % {"day": day}, field=field)


def _said(pattern: rules.Pattern) -> str:
    return f"{pattern.start:%H:%M}–{pattern.end:%H:%M}"


def _kept(schedule: Schedule) -> None:
    """What is kept for whom: known channels, no more than all, no less than the parameter."""
    known = catalogue.channels()
    for code, share in schedule.quotas.items():
        if code not in known:
            raise BadSchedule(_("没有“%(code)s”这一预约渠道。") % {"code": code}, field="quotas")
        if not isinstance(share, int) or isinstance(share, bool) or not 0 <= share <= 100:
            raise BadSchedule(_("预留比例须为 0 至 100 的整数。"), field="quotas")
    if sum(schedule.quotas.values()) > 100:
        raise BadSchedule(_("各渠道预留比例之和不能超过 100%%。") % {}, field="quotas")
    for code, least in catalogue.least_share(schedule.kind).items():
        if schedule.quotas.get(code, 0) < least:
            raise TooFewKept(
                _("%(kind)s为%(channel)s预留的号源不能少于 %(least)s%%，请提高预留比例。")
                % {
                    "kind": schedule.kind_label,
                    "channel": catalogue.label(known, code),
                    "least": least,
                },
                field="quotas",
            )
    schedule.quotas = {code: share for code, share in schedule.quotas.items() if share}


def _nowhere_else(schedule: Schedule, mine: list[rules.Pattern], today: date) -> None:
    """A doctor is in one place at a time, and in a room is one clinic."""
    same = Q(pk__in=[])
    if schedule.practitioner_id is not None:
        same |= Q(practitioner=schedule.practitioner_id)
    if schedule.place:
        same |= Q(organisation=schedule.organisation_id, place=schedule.place)
    others = Schedule.objects.filter(same, county=schedule.county_id).exclude(pk=schedule.pk)
    first = max(schedule.since, today)
    for other in others.standing(first).select_related("practitioner").prefetch_related("sessions"):
        last = min(filter(None, (schedule.until, other.until)), default=None)
        start = max(first, other.since)
        if last is not None and last < start:
            continue
        pair = rules.clash(mine, other.patterns(), start, last)
        if pair is not None:
            doctor = schedule.practitioner_id and (
                schedule.practitioner_id == other.practitioner_id
            )
            raise laying.Overlap(
                _("%(who)s在%(house)s“%(title)s”的 %(span)s 已有排班，时间重叠。")
                % {
                    "who": other.practitioner if doctor else other.place,
                    "house": other.house_name,
                    "title": other.title,
                    "span": _said(pair[1]),
                },
                field="practitioner" if doctor else "place",
            )


def due(now: datetime) -> Iterable[Schedule]:
    """The schedules whose slots do not reach to the horizon yet."""
    today = timezone.localdate(now)
    ahead = laying.horizon(today)
    rows = Schedule.objects.filter(Q(laid_until=None) | Q(laid_until__lt=ahead)).standing(today)
    return list(rows)
