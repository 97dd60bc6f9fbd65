"""What opens a record, closes it, and answers for having opened it."""

from __future__ import annotations

import hmac
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xinglin.clinical.privacy import catalogue, events, permissions, rules
from xinglin.clinical.privacy.models import (
    NOT_PROVEN,
    PARTS,
    AccessCode,
    BreakGlass,
    Consent,
    Mark,
    Presence,
    Review,
    State,
    Vip,
    is_open,
    officer_house,
    readings,
)
from xinglin.kernel import aftermath, clock, inbox, parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState
from xinglin.kernel.models import Notice
from xinglin.kernel.outbox import publish
from xinglin.kernel.reasons import UnknownReason
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people import actions as people
from xinglin.registry.people.models import CareLink, Person, merged_into
from xinglin.registry.staff import actions as staff


class NotProven(Refused):
    """Neither the code nor the card fits; nothing has been opened."""

    code = "not-proven"


class TooManyTries(Refused):
    code = "too-many-tries"


class WrongConsent(Refused):
    code = "wrong-consent"


# --------------------------------------------------------------------- the resident is here


def present(person: Person, proof: str, *, by: Actor, field: str = "proof") -> Presence:
    """The proof that a resident is here: their code, or the number of the card in hand.

    A wrong one is kept as a failed try before it is refused (`NotProven`, `TooManyTries`), so
    call this before the act that needs it and outside of its transaction.
    """
    medium, plain = rules.kind_of(proof)
    if not medium:
        raise NotProven(_("请输入 6 位授权码或完整的身份证号码。"), field=field)
    given: dict[str, Any] = {
        "county_id": person.county_id,
        "person": person,
        "organisation_id": by.org_id,
        "user_id": by.user_id,
        "medium": medium,
    }
    tried = Presence(**given)
    prove(tried, by=by, plain=plain, field=field)
    if not tried.passed:
        aftermath.keep(lambda: prove_again(Presence(**given), by=by))
        raise NotProven(
            _("授权码不对、已用过或已过期，请居民重新出示。")
            if medium == "code"
            else _("身份证号码与登记的不符，请核对证件。"),
            field=field,
        )
    return tried


@action(permissions.PROVE)
def prove(presence: Presence, *, by: Actor, plain: str, field: str = "proof") -> Presence:
    """Compare what was shown with what is known; a failed try counts against house and user."""
    _not_too_often(presence, field)
    person = presence.person
    if presence.medium == Presence.Medium.CARD:
        if not person.id_number:
            raise NotProven(_("该居民没有登记身份证号码，请用授权码。"), field=field)
        presence.passed = hmac.compare_digest(plain.encode(), person.id_number.upper().encode())
    else:
        presence.passed = _redeem(presence, plain)
    presence.save(force_insert=True)
    if not presence.passed:
        trail.refuse(by, "record.read", person, basis=NOT_PROVEN.kept(), parts="record")
    return presence


@action(permissions.PROVE)
def prove_again(presence: Presence, *, by: Actor) -> Presence:
    """Keep a failed try though the request around it was taken back."""
    presence.save(force_insert=True)
    trail.refuse(by, "record.read", presence.person, basis=NOT_PROVEN.kept(), parts="record")
    return presence


def _not_too_often(presence: Presence, field: str) -> None:
    since = clock.now() - timedelta(hours=24)
    failed = Presence.objects.filter(passed=False, created_at__gte=since)
    here = failed.filter(person=presence.person, organisation_id=presence.organisation_id)
    if here.count() >= parameters.get("privacy.proof.tries"):
        raise TooManyTries(
            _("今天核验失败次数过多，已停用一天；请居民在手机上直接授权，或用紧急查阅。"),
            field=field,
        )
    if failed.filter(user_id=presence.user_id).count() >= parameters.get(
        "privacy.proof.user_tries"
    ):
        raise TooManyTries(_("您今天核验失败次数过多，已停用一天。"), field=field)


def _redeem(presence: Presence, plain: str) -> bool:
    """Use a code up: of two houses that type it at once, one wins."""
    now = clock.now()
    earlier = merged_into([presence.person_id])
    everybody = [presence.person_id, *(each.pk for each in earlier)]
    return bool(
        AccessCode.objects.filter(
            person=presence.person,
            # Of two registrations that were merged, each may have had a code.
            digest__in=[rules.digest_of(plain, each) for each in everybody],
            used_at=None,
            valid_until__gt=now,
        ).update(used_at=now, used_by_id=presence.organisation_id, updated_at=now)
    )


def fits(presence: Presence | None, person_id: object, organisation_id: object) -> bool:
    """Whether a proof is of this person, in this house, and of today."""
    return (
        presence is not None
        and presence.passed
        and (presence.person_id, presence.organisation_id) == (person_id, organisation_id)
        and presence.created_at > clock.now() - timedelta(hours=24)
    )


@action(permissions.OPEN)
def open_record(presence: Presence, *, by: Actor) -> Presence:
    """Open the record of somebody who is here, for as long as such a meeting lasts."""
    if not fits(presence, presence.person_id, by.org_id):
        raise NotProven(_("核验未通过，病历没有打开。"))
    now = clock.now()
    people.link_care(
        presence.person_id,
        presence.organisation_id,
        CareLink.Basis.PRESENCE,
        evidence=presence.evidence,
        since=now,
        until=open_until(presence),
    )
    return presence


def open_until(presence: Presence) -> datetime:
    """Until when a meeting lets its house read."""
    return presence.created_at + parameters.duration("privacy.presence_hours")


@action(permissions.TAKE_OVER)
def take_over(person: Person, *, by: Actor, presence: Presence, house: Organisation) -> Person:
    """Become the keeper of the record of a resident who is here and wants it."""
    people.still_stands(person)
    if not fits(presence, person.pk, by.org_id) or not by.reaches(house.pk):
        raise NotProven(_("接管档案须由居民出示授权码或身份证。"))
    former = person.managed_by_id
    if former == house.pk:
        raise Conflict(_("该居民的健康档案已由%(house)s管理。") % {"house": house})
    person.managed_by = house
    person.save()
    people.hand_over(person, former, presence.evidence)
    return person


@action(permissions.GIVE_ACCOUNT)
def give_account(
    person: Person, *, by: Actor, presence: Presence, username: str, password: str
) -> Person:
    """Give a resident who is here an account of their own, or a new password to it."""
    people.still_stands(person)
    if not fits(presence, person.pk, by.org_id):
        raise NotProven(_("开通账号须由居民出示授权码或身份证。"), field="proof")
    staff.open_account_of(person, username=username, password=password)
    given = gettext_noop("%(house)s%(who)s为您开通了账号或重设了密码；如不是您本人办理，请联系县里")
    _tell_resident(person, given, person, house=by.org_name, who=by.name)
    return person


# ------------------------------------------------------------------------------------ codes


def new_code(person: Person, *, by: Actor) -> tuple[str, AccessCode]:
    """A code for the resident's telephone, and its row; the code itself is kept nowhere."""
    plain = rules.new_code()
    row = AccessCode(
        county_id=person.county_id,
        person=person,
        medium=AccessCode.Medium.PHONE,
        digest=rules.digest_of(plain, person.pk),
        valid_until=clock.now() + parameters.duration("privacy.code_minutes"),
    )
    return plain, issue(row, by=by)


def paper_code(person: Person, *, by: Actor) -> tuple[str, AccessCode]:
    """A code on paper, for those without a telephone; whoever keeps the record prints it."""
    plain = rules.new_code()
    row = AccessCode(
        county_id=person.county_id,
        person=person,
        medium=AccessCode.Medium.PAPER,
        digest=rules.digest_of(plain, person.pk),
        valid_until=clock.now() + parameters.duration("privacy.paper_code_days"),
    )
    return plain, issue_paper(row, by=by)


@action(permissions.OWN_CODE)
def issue(code: AccessCode, *, by: Actor) -> AccessCode:
    """Make a new code on the resident's own page; the one before is void."""
    return _issue(code)


@action(permissions.ISSUE)
def issue_paper(code: AccessCode, *, by: Actor) -> AccessCode:
    """Print a code that the resident takes along; the one before is void."""
    _issue(code)
    printed = gettext_noop("%(house)s%(who)s为您打印了纸质授权码")
    _tell_resident(code.person, printed, code, house=by.org_name, who=by.name)
    return code


def _issue(code: AccessCode) -> AccessCode:
    now = clock.now()
    AccessCode.objects.filter(
        person=code.person, medium=code.medium, used_at=None, valid_until__gt=now
    ).update(valid_until=now, updated_at=now)
    code.save(force_insert=True)
    return code


# --------------------------------------------------------------------------------- consents


@action(permissions.CONSENT)
def record_consent(consent: Consent, *, by: Actor) -> Consent:
    """Write down what the resident has signed on paper in a house that may read the record."""
    consent.recorded_by, consent.recorded_at_id = by.name, by.org_id
    _consent(consent)
    written = gettext_noop("%(house)s%(who)s登记了您的一份纸质授权；如不是您的意思，请撤回")
    _tell_resident(consent.person, written, consent, house=by.org_name, who=by.name)
    return consent


@action(permissions.OWN_CONSENT)
def give_consent(consent: Consent, *, by: Actor) -> Consent:
    """Allow or forbid, by the resident's own hand."""
    consent.method = Consent.Method.PHONE
    consent.signer, consent.relation = by.name, Consent.Relation.SELF
    consent.recorded_by, consent.recorded_at_id = by.name, None
    return _consent(consent)


def _consent(consent: Consent) -> Consent:
    today = timezone.localdate(clock.now())
    consent.since = consent.since or today
    if consent.since > today:
        raise WrongConsent(_("开始日期不能晚于今天。"), field="since")
    if consent.until is not None and consent.until < today:
        raise WrongConsent(_("截止日期不能早于今天。"), field="until")
    unknown = [part for part in consent.part_list if part not in PARTS]
    if unknown:
        raise WrongConsent(_("没有“%(part)s”这一范围。") % {"part": unknown[0]}, field="parts")
    consent.parts = f",{','.join(consent.part_list)}," if consent.part_list else ""
    consent.signer = consent.signer.strip()
    if not consent.signer:
        raise WrongConsent(_("请填写签署人。"), field="signer")
    _signed_by_whom(consent, today)
    consent.clean_or_refuse(exclude=["county", "person", "house", "recorded_at"])
    consent.save(force_insert=True)
    return consent


def _signed_by_whom(consent: Consent, today: date) -> None:
    # 依据：《个人信息保护法》第三十一条，不满十四周岁未成年人须取得监护人同意。
    age = consent.person.age_years(today)
    minor = age is not None and age < parameters.get("privacy.guardian_age")
    if minor and consent.relation != Consent.Relation.GUARDIAN:
        raise WrongConsent(_("不满十四周岁的，须由监护人签署。"), field="relation")


@action(permissions.WITHDRAW)
def record_withdrawal(consent: Consent, *, by: Actor, presence: Presence | None = None) -> Consent:
    """Write down that the resident takes back what was allowed or forbidden.

    No house lifts a no by itself: the resident is here and shows code or card.
    """
    lifts = consent.effect == Consent.Effect.DENY
    if lifts and not fits(presence, consent.person_id, by.org_id):
        raise NotProven(_("撤回“不允许查阅”须居民到场，请居民出示授权码或身份证。"), field="proof")
    _withdraw(consent, by)
    taken = gettext_noop("%(house)s%(who)s登记您撤回了一份授权；如不是您的意思，请重新授权")
    _tell_resident(consent.person, taken, consent, house=by.org_name, who=by.name)
    return consent


@action(permissions.OWN_WITHDRAW)
def withdraw_consent(consent: Consent, *, by: Actor) -> Consent:
    """Take back, by the resident's own hand, what was allowed or forbidden."""
    return _withdraw(consent, by)


def _withdraw(consent: Consent, by: Actor) -> Consent:
    if consent.withdrawn_at is not None:
        raise WrongState(_("该授权已撤回。"))
    consent.withdrawn_at = clock.now()
    consent.withdrawn_by = by.name
    consent.save()
    return consent


# ------------------------------------------------------------------------------ break-glass


@action(permissions.BREAK)
def break_glass(glass: BreakGlass, *, by: Actor) -> BreakGlass:
    """Open the record in an emergency; officer and resident hear of it, and it is reviewed."""
    glass.reason = glass.reason.strip()
    catalogue.reasons.check("break-glass", glass.reason_code, glass.reason, field="reason_code")
    if len(glass.reason) < 4:
        raise UnknownReason(_("请用一句话写明当时情况。"), field="reason")
    now = clock.now()
    glass.user_id, glass.user_name = by.user_id, by.name
    glass.since = now
    glass.until = now + parameters.duration("privacy.glass_hours")
    glass.clean_or_refuse(exclude=["county", "person", "organisation"])
    if is_open(by, glass.person):
        raise Conflict(_("该居民的病历已对您开放，无需紧急查阅。"))
    glass.save(force_insert=True)
    review = _before_the_officer(
        Review(
            county_id=glass.county_id,
            person=glass.person,
            kind=Review.Kind.GLASS,
            glass=glass,
            said=f"{glass.reason_said}：{glass.reason}"[:500],
        ),
        "privacy.review_days",
    )
    told = {"who": by.name, "house": by.org_name}
    inbox.tell(
        review.owner_id,
        permissions.REVIEW.code,
        gettext_noop("%(house)s%(who)s紧急查阅了%(patient)s的病历，请核查"),
        subject=review,
        patient=glass.person.masked_name,
        **told,
    )
    opened = gettext_noop("%(house)s%(who)s以紧急查阅打开了您的病历，县里会核查")
    _tell_resident(glass.person, opened, review, **told)
    publish(
        events.GlassBroken(
            person_id=glass.person_id, organisation_id=glass.organisation_id, review_id=review.pk
        )
    )
    return glass


def _tell_resident(person: Person, message: str, about: Record, **params: str) -> None:
    """Put a sentence where the resident reads it; the house may not take it back."""
    Notice(
        at=clock.now(),
        org_id=person.county_id,
        audience=f"person:{person.pk}",
        message=message,
        params=params,
        kind=str(about._meta.model_name),
        subject_id=about.pk,
    ).save(force_insert=True)


def _before_the_officer(review: Review, key: str) -> Review:
    """The officer's house owes the review, until its deadline."""
    now = clock.now()
    review.hand_to(
        officer_house(review.county_id),
        permissions.REVIEW.code,
        due_at=now + parameters.duration(key),
        since=now,
    )
    review.save(force_insert=True)
    inbox.follow(review)
    return review


@action(permissions.OWN_DISPUTE)
def dispute(review: Review, *, by: Actor) -> Review:
    """Ask the privacy officer why somebody looked at one's record."""
    entry = review.entry
    if entry is None or not readings(by).filter(pk=entry.pk).exists():
        raise Refused(_("没有这条查阅记录。"))
    if Review.objects.filter(entry=entry).exists():
        raise Conflict(_("您已对这次查阅提出异议，正在核查。"))
    review.kind = Review.Kind.DISPUTE
    review.said = review.said.strip()
    review.clean_or_refuse(exclude=["county", "person", "owner", "glass", "entry"])
    return _before_the_officer(review, "privacy.dispute_days")


@action(permissions.REVIEW)
def ask(review: Review, *, by: Actor, answer: str = "") -> Review:
    """Note that the reader has been asked; the deadline stays."""
    review.move_to(State.ASKED)
    review.answer = answer.strip()
    review.clean_or_refuse(exclude=["county", "person", "owner", "glass", "entry"])
    review.save()
    return review


@action(permissions.REVIEW)
def decide(review: Review, *, by: Actor, justified: bool, answer: str) -> Review:
    """Say whether a reading was justified, and why; the resident hears of it."""
    if not answer.strip():
        raise Refused(_("请填写核查意见。"), field="answer")
    review.move_to(State.JUSTIFIED if justified else State.UNJUSTIFIED)
    review.answer = answer.strip()
    review.reviewed_by, review.reviewed_at = by.name, clock.now()
    review.finish()
    review.clean_or_refuse(exclude=["county", "person", "owner", "glass", "entry"])
    review.save()
    if justified:
        message = gettext_noop("对您病历的一次查阅已核查：查阅正当")
    else:
        message = gettext_noop("对您病历的一次查阅已核查：查阅不当，将按规定处理")
    _tell_resident(review.person, message, review)
    return review


@action(permissions.MARK)
def mark(row: Mark, *, by: Actor) -> Mark:
    """Note what has been made of a flag; a later word takes the place of the earlier."""
    row.marked_by = by.name
    row.clean_or_refuse(exclude=["county"])
    known = Mark.objects.filter(county_id=row.county_id, key=row.key).first()
    if known is not None:
        known.verdict, known.note, known.marked_by = row.verdict, row.note, row.marked_by
        known.save()
        return known
    row.save(force_insert=True)
    return row


@action(permissions.WATCH)
def watch(vip: Vip, *, by: Actor) -> Vip:
    """Flag every reading of a person whose record draws curiosity."""
    catalogue.reasons.check("vip", vip.reason, field="reason")
    if Vip.objects.standing().filter(person=vip.person).exists():
        raise Conflict(_("该居民已列为重点关注。"))
    vip.save(force_insert=True)
    return vip


@action(permissions.WATCH)
def stop_watching(vip: Vip, *, by: Actor) -> Vip:
    """Take a person off the list; the readings flagged before stay flagged."""
    if vip.lifted_at is not None:
        raise WrongState(_("已不在重点关注名单。"))
    vip.lifted_at = clock.now()
    vip.save()
    return vip
