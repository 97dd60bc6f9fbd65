"""What people do with agreements. Every write to one happens here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.kernel import clock, inbox, parameters
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.kernel.outbox import publish
from xinglin.kernel.papers import take_in
from xinglin.registry.agreements import events, permissions
from xinglin.registry.agreements.models import (
    RUNNING,
    Agreement,
    Party,
    SignedPaper,
    State,
    book,
)
from xinglin.registry.organisations.models import tree


class KnownNumber(Conflict):
    code = "known-agreement-number"


class WrongParties(Refused):
    """Fewer than two parties, one named twice, one of another county, or nobody who may send."""

    code = "wrong-parties"


class WrongValidity(Refused):
    code = "wrong-validity"


class NotSigned(Refused):
    """A signer or the signed text is missing."""

    code = "not-signed"


WRITABLE = (
    "number",
    "title",
    "kind",
    "departments",
    "diagnoses",
    "services",
    "answer_hours",
    "reserved_percent",
    "visits_per_month",
    "first_duties",
    "second_duties",
    "quota",
    "quota_by",
    "valid_from",
    "valid_until",
)
LISTS = ("departments", "diagnoses", "services", "first_duties", "second_duties")
# The longest that anybody signs for; beyond it the year is a slip of the pen.
LONGEST = timedelta(days=366 * 30)
ICD10 = re.compile(r"[A-Z](\d(\d(\.[0-9A-Z]{0,7})?)?)?")


@action(permissions.WRITE)
def draft(agreement: Agreement, *, by: Actor, parties: Sequence[Party]) -> Agreement:
    """Write down what houses are about to agree on; it waits for its signatures."""
    return _draft(agreement, parties)


@action(permissions.RENEW)
def follow_on(agreement: Agreement, *, by: Actor, parties: Sequence[Party]) -> Agreement:
    """Write down the agreement that follows another; it waits for its signatures."""
    return _draft(agreement, parties)


def _draft(agreement: Agreement, parties: Sequence[Party]) -> Agreement:
    if agreement.follows is not None and agreement.follows.county_id != agreement.county_id:
        raise Refused(_("续签的协议不在本县。"), field="follows")
    _check(agreement, parties)
    now = clock.now()
    agreement.hand_to(
        agreement.keeper_id,
        permissions.SIGN.code,
        since=now,
        due_at=now + parameters.duration("agreement.draft_days"),
    )
    agreement.save(force_insert=True)
    _put(agreement, parties)
    return agreement


@action(permissions.WRITE)
def change(
    agreement: Agreement, /, *, by: Actor, parties: Sequence[Party] | None = None, **facts: Any
) -> Agreement:
    """Write on at a draft; what was signed is changed only by a renewal."""
    if agreement.state != State.DRAFT:
        raise WrongState(_("协议已签署，不能再修改；可续签一份新的协议。"))
    for name, value in facts.items():
        setattr(agreement, name, value)
    _check(agreement, agreement.in_order if parties is None else parties)
    agreement.save()
    if parties is not None:
        _put(agreement, parties)
    return agreement


def renew(
    agreement: Agreement, *, by: Actor, parties: Sequence[Party] | None = None, **facts: Any
) -> Agreement:
    """A draft that follows an agreement, with what that says as far as `facts` say nothing else."""
    permissions.RENEW.check(by, agreement)
    if agreement.state not in permissions.STATES[permissions.RENEW.code]:
        raise WrongState(
            _("%(record)s当前为“%(now)s”，不能续签。")
            % {"record": agreement, "now": agreement.get_state_display()}
        )
    return follow_on(
        renewal_of(agreement, by=by, **facts),
        by=by,
        parties=parties_again(agreement) if parties is None else parties,
    )


def renewal_of(agreement: Agreement, *, by: Actor, **facts: Any) -> Agreement:
    """The unsaved agreement that would follow another: from the day after it, just as long."""
    since = agreement.valid_until + timedelta(days=1)
    known = {name: getattr(agreement, name) for name in WRITABLE if name != "number"}
    known |= {
        "number": f"{agreement.number[:36]}-{_('续')}",
        "valid_from": since,
        "valid_until": since + (agreement.valid_until - agreement.valid_from),
    }
    return Agreement(
        county_id=agreement.county_id,
        keeper_id=by.org_id if by.role != "system" else agreement.keeper_id,
        follows=agreement,
        **{**known, **facts},
    )


def parties_again(agreement: Agreement) -> list[Party]:
    """The same parties, unsaved; who signs is asked anew."""
    names = ("organisation_id", "side", "extent", "role", "contact", "phone")
    return [Party(**{name: getattr(party, name) for name in names}) for party in agreement.in_order]


@action(permissions.FILE)
def file_paper(paper: SignedPaper, *, by: Actor, content: File[bytes]) -> SignedPaper:
    """Keep a scan of the signed text: its type is read from its bytes, its digest kept."""
    if paper.agreement.state in (State.ENDED, State.EXPIRED):
        raise WrongState(_("协议已结束，不能再上传签署文本。"))
    taken = take_in(content)
    if SignedPaper.objects.filter(agreement=paper.agreement, digest=taken.digest).exists():
        raise Conflict(_("这份文件已上传过。"), field="file")
    paper.title = paper.title.strip() or taken.name[:200]
    paper.file, paper.media_type = taken.file, taken.media_type
    paper.size, paper.digest = taken.size, taken.digest
    paper.filed_by = by.name
    paper.clean_or_refuse(exclude=["agreement", "file"])
    paper.save(force_insert=True)
    return paper


@action(permissions.SIGN)
def sign(agreement: Agreement, *, by: Actor, signed_on: date) -> Agreement:
    """Put a signed agreement into force; it counts from its first day."""
    if agreement.state == State.SUSPENDED:
        raise WrongState(_("协议已签署，现为暂停；请恢复执行，不必再次签署。"))
    today = timezone.localdate(clock.now())
    if signed_on > today:
        raise WrongValidity(_("签订日期不能晚于今天。"), field="signed_on")
    if agreement.valid_until < today:
        raise WrongValidity(
            _("协议的截止日期 %(day)s 已过，不能签署生效。")
            % {"day": agreement.valid_until.isoformat()},
            field="valid_until",
        )
    unsigned = [party.name for party in agreement.in_order if not party.signer]
    if unsigned:
        raise NotSigned(
            _("还没有填写签署代表：%(houses)s。") % {"houses": _("、").join(unsigned)},
            field="parties",
        )
    if parameters.get("agreement.needs_paper") and not agreement.papers.exists():
        raise NotSigned(_("请先上传双方签署的协议文本。"), field="file")
    _check(agreement, agreement.in_order)
    agreement.move_to(State.IN_FORCE)
    agreement.signed_on = signed_on
    agreement.finish()
    agreement.save()
    _forget()
    if agreement.follows_id is not None and agreement.follows is not None:
        rest(agreement.follows, by=system(agreement.county_id))
    _tell(agreement, gettext_noop("协议已生效：%(agreement)s"))
    publish(
        events.AgreementSigned(
            agreement_id=agreement.pk,
            county_id=agreement.county_id,
            kind=agreement.kind,
            on=signed_on,
        )
    )
    return agreement


@action(permissions.SUSPEND)
def suspend(agreement: Agreement, *, by: Actor, reason: str) -> Agreement:
    """Stop an agreement for a while, from today."""
    _because(reason)
    agreement.move_to(State.SUSPENDED)
    agreement.suspended_on = timezone.localdate(clock.now())
    agreement.reason = reason.strip()
    return _stopped(agreement, gettext_noop("协议已暂停：%(agreement)s"))


@action(permissions.RESUME)
def resume(agreement: Agreement, *, by: Actor) -> Agreement:
    """Let a suspended agreement count again, from today."""
    if agreement.state != State.SUSPENDED:
        raise WrongState(_("协议没有暂停，无需恢复。"))
    agreement.move_to(State.IN_FORCE)
    agreement.suspended_on = None
    agreement.reason = ""
    agreement.save()
    _forget()
    _tell(agreement, gettext_noop("协议已恢复执行：%(agreement)s"))
    return agreement


@action(permissions.END)
def end(agreement: Agreement, *, by: Actor, reason: str) -> Agreement:
    """End an agreement before its last day, or give a draft up."""
    _because(reason)
    told = agreement.state != State.DRAFT
    agreement.move_to(State.ENDED)
    agreement.ended_on = timezone.localdate(clock.now())
    agreement.reason = reason.strip()
    agreement.reminded = None
    agreement.finish()
    return _stopped(agreement, gettext_noop("协议已终止：%(agreement)s") if told else "")


@action(permissions.CLOCK)
def remind(agreement: Agreement, *, by: Actor, days: int) -> Agreement:
    """Put an agreement that is about to end before the house that keeps it."""
    if agreement.state not in RUNNING:
        raise WrongState(_("协议已结束，无需提醒。"))
    agreement.reminded = days
    agreement.hand_to(
        agreement.keeper_id,
        permissions.RENEW.code,
        since=clock.now(),
        due_at=_midnight_after(agreement.valid_until),
    )
    agreement.save()
    inbox.tell(
        agreement.keeper_id,
        permissions.RENEW.code,
        gettext_noop("协议将于 %(day)s 到期：%(agreement)s，请续签或准备终止"),
        subject=agreement,
        day=agreement.valid_until.isoformat(),
        agreement=agreement,
    )
    return agreement


@action(permissions.CLOCK)
def rest(agreement: Agreement, *, by: Actor) -> Agreement:
    """Ask for no renewal any more: there is one."""
    if agreement.reminded is not None:
        agreement.reminded = None
        agreement.finish()
        agreement.save()
    return agreement


@action(permissions.CLOCK)
def expire(agreement: Agreement, *, by: Actor) -> Agreement:
    """Note that the last day of an agreement is over."""
    if agreement.valid_until >= timezone.localdate(clock.now()):
        raise WrongState(_("协议尚未到期。"))
    agreement.move_to(State.EXPIRED)
    agreement.reminded = None
    agreement.finish()
    return _stopped(agreement, gettext_noop("协议已到期：%(agreement)s"))


def _stopped(agreement: Agreement, message: str) -> Agreement:
    agreement.save()
    _forget()
    if message:
        _tell(agreement, message)
        publish(
            events.AgreementStopped(
                agreement_id=agreement.pk,
                county_id=agreement.county_id,
                kind=agreement.kind,
                on=timezone.localdate(clock.now()),
                state=agreement.state,
            )
        )
    return agreement


def _forget() -> None:
    """Now, for this transaction; and once more when others see what it wrote."""
    book.forget()
    transaction.on_commit(book.forget)


def _tell(agreement: Agreement, message: str) -> None:
    """The keeper and every party with people of its own hear of it."""
    houses = {agreement.keeper_id, *(party.organisation_id for party in agreement.in_order)}
    for house_id in sorted(houses):
        house = tree.get(house_id)
        if house is not None and not house.outside:
            inbox.tell(
                house_id,
                permissions.READ.code,
                message,
                subject=agreement,
                agreement=agreement,
            )


def _because(reason: str) -> None:
    if not reason.strip():
        raise Refused(_("请填写原因。"), field="reason")


def _midnight_after(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _put(agreement: Agreement, parties: Sequence[Party]) -> None:
    """The parties as they are told now, in the place of those before."""
    agreement.parties.all().delete()
    for party in parties:
        party.agreement = agreement
    Party.objects.bulk_create(parties)
    # What was read of them before is no longer so.
    getattr(agreement, "_prefetched_objects_cache", {}).pop("parties", None)


def _check(agreement: Agreement, parties: Sequence[Party]) -> None:
    for name in LISTS:
        told = getattr(agreement, name)
        if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
            raise Refused(_("应为文字的列表。"), field=name)
        kept = list(dict.fromkeys(each.strip() for each in told if each.strip()))
        if len(kept) > 100 or any(len(each) > 200 for each in kept):
            raise Refused(_("最多 100 项，每项不超过 200 字。"), field=name)
        setattr(agreement, name, kept)
    agreement.diagnoses = [code.upper() for code in agreement.diagnoses]
    for code in agreement.diagnoses:
        if not ICD10.fullmatch(code):
            raise Refused(
                _("“%(code)s”不是 ICD-10 编码或其前几位，如 I20 或 I21.0。") % {"code": code[:20]},
                field="diagnoses",
            )
    agreement.number, agreement.title = agreement.number.strip(), agreement.title.strip()
    agreement.clean_or_refuse(exclude=["county", "keeper", "owner", "follows"])
    if agreement.valid_until < agreement.valid_from:
        raise WrongValidity(_("截止日期不能早于生效日期。"), field="valid_until")
    if agreement.valid_until - agreement.valid_from > LONGEST:
        raise WrongValidity(_("有效期超过 30 年，请核对截止日期。"), field="valid_until")
    if agreement.quota is not None and agreement.quota < 1:
        raise Refused(_("额度至少为 1；不限额度时留空。"), field="quota")
    if agreement.reserved_percent is not None and agreement.reserved_percent > 100:
        raise Refused(_("预留比例不能超过 100%。"), field="reserved_percent")
    taken = Agreement.objects.filter(county_id=agreement.county_id, number=agreement.number)
    if taken.exclude(pk=agreement.pk).exists():
        raise KnownNumber(
            _("协议编号 %(number)s 已登记。") % {"number": agreement.number}, field="number"
        )
    _check_parties(agreement, parties)


def _check_parties(agreement: Agreement, parties: Sequence[Party]) -> None:
    if len(parties) < 2:
        raise WrongParties(_("协议至少要有两方。"), field="parties")
    houses = [party.organisation_id for party in parties]
    if len(set(houses)) < len(houses):
        raise WrongParties(_("同一机构不能重复列为协议方。"), field="parties")
    for party in parties:
        house = tree.get(party.organisation_id)
        if house is None or house.region_id != agreement.county_id:
            raise WrongParties(_("协议方须是本县机构目录中的机构。"), field="parties")
        if house.closed_on is not None and agreement.state == State.DRAFT:
            raise WrongParties(_("%(house)s已停办。") % {"house": house}, field="parties")
        party.clean_or_refuse(exclude=["agreement", "organisation"])
    if not any(party.role != Party.Role.RECEIVES for party in parties) or not any(
        party.role != Party.Role.SENDS for party in parties
    ):
        raise WrongParties(_("须有一方转出（邀请），一方接收（受邀）。"), field="parties")
