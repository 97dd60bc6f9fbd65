"""Some hundred referrals of the past year, in every state, each told step by step by actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from xinglin.clinical.careplans import actions as plans
from xinglin.clinical.referral import actions
from xinglin.clinical.referral.models import Referral
from xinglin.gateway.demo.cases import CASES, Case
from xinglin.gateway.demo.plans import answer_old_flags, carry, object_to, plan_for
from xinglin.kernel import clock
from xinglin.kernel.access import Actor, system
from xinglin.kernel.worker import everything_due
from xinglin.registry.organisations.models import Organisation
from xinglin.registry.people.models import Person
from xinglin.registry.staff.models import Post, User

# What happens to them, and how often among a hundred.
ENDINGS: tuple[tuple[str, int], ...] = (
    ("receipt", 50),
    ("followed", 60),
    ("declined-redirected", 10),
    ("cancelled", 8),
    ("expired-cancelled", 4),
    ("died", 2),
    ("out-closed", 4),
    # those that are open today
    ("waiting", 4),
    ("waiting-late", 1),
    ("accepted", 5),
    ("in-transit", 1),
    ("arrived", 2),
    ("in-treatment", 4),
    ("down-asked", 2),
    ("down-objected", 1),
    ("down-not-come", 1),
    ("down-flagged", 1),
    ("down-follow-up", 3),
    ("down-follow-up-late", 1),
    ("waitlisted", 1),
    ("unanswered", 1),
    ("declined", 1),
    ("expired", 1),
    ("draft", 1),
    ("out-approval", 1),
)


@dataclass
class Cast:
    """Who acts where: the first in force of each role at each house."""

    houses: dict[str, Organisation]
    actors: dict[tuple[str, str], Actor] = field(default_factory=dict)

    def at(self, house: Organisation, role: str) -> Actor:
        key = (house.code, role)
        if key not in self.actors:
            posts = Post.objects.filter(organisation=house, role=role).select_related(
                "practitioner"
            )
            post = posts.order_by("practitioner__code").first()
            assert post is not None, key
            user = User.objects.filter(practitioner_id=post.practitioner_id).first()
            self.actors[key] = post.actor(
                user_id=user.pk if user else post.practitioner_id, name=post.practitioner.name
            )
        return self.actors[key]


class Story:
    """One referral on its way; the clock goes on with each step."""

    def __init__(
        self, cast: Cast, rng: Random, person: Person, case: Case, began: datetime
    ) -> None:
        self.cast = cast
        self.rng = rng
        self.person = person
        self.case = case
        self.now = began
        self.hospital = cast.houses["QS100"]
        clinic = next(h for h in cast.houses.values() if h.pk == person.managed_by_id)
        self.clinic = clinic
        self.township = next(h for h in cast.houses.values() if h.pk == clinic.parent_id)
        self.sender = cast.at(self.township, "township-doctor")
        self.desk = cast.at(self.hospital, "desk")
        self.doctor = cast.at(self.hospital, "specialist")
        self.referral: Referral | None = None

    def after(self, **span: float) -> Story:
        """Let time go by; never past the present."""
        self.now = min(self.now + timedelta(**span), timezone.now())
        return self

    def act(self, do: Callable[..., Referral], by: Actor, **facts: Any) -> Referral:
        assert self.referral is not None
        with clock.at(self.now):
            self.referral = do(self.referral, by=by, **facts)
        return self.referral

    def draft(self, to: Organisation | None = None, by: Actor | None = None) -> Story:
        case, by = self.case, by or self.sender
        self.referral = Referral(
            county_id=by.county_id,
            written_by_id=by.org_id,
            from_org_id=by.org_id,
            to_org=to or self.hospital,
            to_department=case.department,
            from_department="全科" if by is self.sender else "",
            person=self.person,
            doctor=by.name,
            doctor_phone="13900000000",
            urgency=case.urgency,
            kind=case.kind,
            diagnosis_code=case.code,
            diagnosis_name=case.name,
            diagnosed_on=timezone.localdate(self.now),
            symptoms=case.symptoms,
            past_history=case.past,
            allergies="否认药物过敏",
            treatment=case.treatment,
            reason_code=case.reason if to is None else "beyond-county",
            consent_method="paper",
            consent_signer=self.person.name,
            consent_relation="self",
            consented_at=self.now - timedelta(minutes=10),
            created_at=self.now,
        )
        self.act(actions.draft, by)
        return self

    def submit(self) -> Story:
        self.act(actions.submit, self.sender)
        return self

    def ask(self) -> Story:
        return self.draft().submit()

    def accept(self) -> Story:
        minutes = {"emergency": 8, "urgent": 50, "routine": 420}[self.case.urgency]
        self.after(minutes=self.rng.uniform(0.3, 1.6) * minutes)
        self.act(
            actions.accept,
            self.desk,
            department=self.case.department,
            doctor=self.doctor.name,
            expected_at=self.now + timedelta(hours=self.rng.choice([2, 20, 28])),
            place=f"住院楼{self.rng.randint(3, 12)}楼{self.case.department}"
            if self.case.kind == "inpatient"
            else f"门诊楼{self.rng.randint(1, 5)}楼",
            instructions="请携带身份证、医保卡和既往检查资料。",
        )
        return self

    def arrive(self) -> Story:
        self.after(hours=self.rng.uniform(1, 26))
        self.act(actions.receive, self.desk, arrived_at=self.now)
        return self

    def treat(self) -> Story:
        self.after(minutes=self.rng.randint(10, 90))
        self.act(actions.treat, self.doctor)
        return self

    def discharge(self) -> Story:
        inpatient = self.case.kind == "inpatient"
        self.after(days=self.rng.randint(4, 11)) if inpatient else self.after(hours=1)
        self.act(
            actions.discharge,
            self.doctor,
            discharged_at=self.now,
            discharge_way="3" if inpatient else "1",
            outcome="2",
        )
        return self

    def close(self) -> Story:
        self.after(hours=self.rng.uniform(1, 60 if self.case.kind == "inpatient" else 20))
        self.act(
            actions.close,
            self.doctor,
            results=self.case.results,
            treatment=self.case.treated,
            plan=self.case.plan,
            outcome="2",
            final_code=self.case.code,
            final_name=self.case.name,
            inpatient_no=f"ZY{self.rng.randint(100000, 999999)}"
            if self.case.kind == "inpatient"
            else "",
        )
        return self

    def propose_down(self, to: Organisation) -> Referral:
        self.act(
            actions.propose_down,
            self.doctor,
            to_org=to,
            assessment="急性期已过，生命体征平稳",
            treatment_plan=self.case.plan,
            rehabilitation=self.case.rehabilitation,
            consent_signer=self.person.name,
            plan=plan_for(self.case.code, self.person, self.now),
        )
        assert self.referral is not None
        return self.referral.sequels.get()

    def carry(self, *, days: int, flag: bool = False) -> None:
        """Do what the plan asks for in these days; the last may be a red flag."""
        assert self.referral is not None
        assert self.referral.care_plan is not None
        houses = {
            house.pk: self.cast.at(house, role)
            for house, role in (
                (self.township, "township-doctor"),
                (self.clinic, "village-doctor"),
            )
        }
        self.now = carry(self.referral.care_plan, houses, self.now, days=days, flag=flag)

    def below(self, down: Referral, *, until: str) -> None:
        """The township (or the clinic itself) takes the patient back, and follows up."""
        self.referral = down
        self.after(hours=self.rng.uniform(1, 8))
        self.act(actions.accept, self.sender, department="康复科", doctor=self.sender.name)
        self.after(hours=self.rng.uniform(3, 30))
        self.act(actions.receive, self.sender, arrived_at=self.now)
        self.after(hours=1)
        self.act(actions.treat, self.sender, encounter_kind="outpatient", department="康复科")
        self.after(hours=self.rng.uniform(1, 20))
        self.act(
            actions.close,
            self.sender,
            results="",
            treatment="核对用药，指导康复锻炼",
            plan="村卫生室继续随访",
            outcome="2",
            final_code=self.case.code,
        )
        if until != "followed":
            return
        self.after(days=self.rng.uniform(3, 12))
        by = self.cast.at(self.clinic, "village-doctor")
        self.act(
            actions.follow_up,
            by,
            followed_up_at=self.now,
            note="患者恢复良好，按时服药，能坚持康复锻炼，嘱继续监测。",
        )
        self.carry(days=20)
        self.after(days=14)
        plan = self.referral.care_plan
        if plan is not None and plan.state != "ended":
            plan.refresh_from_db()
            with clock.at(self.now):
                plans.evaluate(plan, by=self.sender, outcome="stable")


def tell(story: Story, ending: str) -> None:
    """Take one story to its ending."""
    _ENDINGS[ending](story)


def _full(story: Story) -> Story:
    return story.ask().accept().arrive().treat()


def _receipt(story: Story) -> None:
    _full(story).discharge().close()


def _followed(story: Story, until: str = "followed") -> None:
    _full(story)
    story.discharge()
    down = story.propose_down(story.township)
    up = story.referral
    story.close()
    assert up is not None
    story.below(down, until=until)


def _down_asked(story: Story) -> None:
    _full(story).discharge()
    story.propose_down(story.township)
    story.close()


def _promised(story: Story, **facts: Any) -> None:
    """The township takes the patient who is sent down."""
    _down_asked(story)
    assert story.referral is not None
    story.referral = story.referral.sequels.get()
    story.after(hours=3)
    story.act(actions.accept, story.sender, doctor=story.sender.name, **facts)


def _objected(story: Story) -> None:
    """And asks the hospital to change what it cannot do of the plan."""
    _promised(story, take_plan=False)
    assert story.referral is not None
    assert story.referral.care_plan is not None
    with clock.at(story.now):
        object_to(story.referral.care_plan, story.sender)


def _flagged(story: Story) -> None:
    """A plan that runs, until the village doctor finds a red flag."""
    _followed(story, "closed")
    story.carry(days=12, flag=True)


def _declined(story: Story) -> None:
    story.ask().after(minutes=40)
    story.act(
        actions.decline,
        story.desk,
        code="no-bed",
        text="本周床位已满",
        alternative="建议转县中医院，或下周再申请",
        alternative_org=story.cast.houses["QS101"],
    )


def _redirected(story: Story) -> None:
    _declined(story)
    second = story.cast.houses["QS101"]
    story.after(hours=1)
    story.act(actions.redirect, story.sender, to_org=second, to_department="中医科")
    story.desk = story.cast.at(second, "desk")
    story.doctor = story.cast.at(second, "specialist")
    story.accept().arrive().treat().discharge().close()


def _cancelled(story: Story) -> None:
    story.ask().after(minutes=90)
    code = story.rng.choice(["patient-better", "patient-declines", "gone-elsewhere"])
    story.act(actions.cancel, story.sender, code=code)


def _expired(story: Story) -> None:
    story.ask().accept()
    assert story.referral is not None
    assert story.referral.due_at is not None
    story.now = min(story.referral.due_at + timedelta(hours=1), timezone.now())
    story.act(actions.expire, system(story.sender.county_id))


def _expired_cancelled(story: Story) -> None:
    _expired(story)
    story.after(hours=20)
    story.act(actions.cancel, story.sender, code="gone-elsewhere")


def _died(story: Story) -> None:
    _full(story).after(days=2)
    story.act(actions.end, story.doctor, code="died")


def _out(story: Story) -> Story:
    city = story.cast.houses["WY01"]
    doctor = story.doctor
    story.sender = doctor
    story.draft(city, doctor)
    return story.submit()


def _out_closed(story: Story) -> None:
    _out(story).after(minutes=50)
    story.act(actions.approve, story.cast.at(story.hospital, "leader"))
    # Most are filed with the insurer within the day; some wait for it.
    dice = Random(story.person.id_number)
    if dice.random() < 0.8:
        story.act(
            actions.file_insurance,
            story.cast.at(story.hospital, "insurance-office"),
            number=f"ZW{story.now:%Y%m%d}{dice.randint(1000, 9999)}",
            on=timezone.localdate(story.now),
        )
    story.accept().arrive()
    story.after(hours=2)
    story.act(actions.treat, story.doctor)
    story.discharge().close()


def _waitlisted(story: Story) -> None:
    story.ask().after(minutes=60)
    story.act(actions.waitlist, story.desk, code="no-bed")


def _unanswered(story: Story) -> None:
    story.ask()
    assert story.referral is not None
    assert story.referral.due_at is not None
    story.now = min(
        story.now + 2 * (story.referral.due_at - story.now) + timedelta(minutes=1), timezone.now()
    )
    story.act(actions.leave_unanswered, system(story.sender.county_id))


def _in_transit(story: Story) -> None:
    story.ask().accept().after(hours=1)
    story.act(actions.depart, story.sender, departed_at=story.now, transport="救护车")


_ENDINGS: dict[str, Callable[[Story], object]] = {
    "receipt": _receipt,
    "followed": _followed,
    "declined-redirected": _redirected,
    "cancelled": _cancelled,
    "expired-cancelled": _expired_cancelled,
    "died": _died,
    "out-closed": _out_closed,
    "waiting": lambda story: story.ask(),
    "waiting-late": lambda story: story.ask(),
    "accepted": lambda story: story.ask().accept(),
    "in-transit": _in_transit,
    "arrived": lambda story: story.ask().accept().arrive(),
    "in-treatment": _full,
    "down-asked": _down_asked,
    "down-objected": _objected,
    # The patient does not come: the village doctor looks for them.
    "down-not-come": _promised,
    "down-flagged": _flagged,
    "down-follow-up": lambda story: _followed(story, "closed"),
    "down-follow-up-late": lambda story: _followed(story, "closed"),
    "waitlisted": _waitlisted,
    "unanswered": _unanswered,
    "declined": _declined,
    "expired": _expired,
    "draft": lambda story: story.draft(),
    "out-approval": _out,
}
# How long ago a story that is open today began, in hours; finished ones began within the year.
BEGAN: dict[str, tuple[float, float]] = {
    "waiting": (0.1, 1.2),
    "waiting-late": (2.2, 3.7),
    "accepted": (10, 40),
    "in-transit": (10, 14),
    "arrived": (40, 50),
    "in-treatment": (50, 90),
    "down-asked": (24 * 16, 24 * 17),
    "down-objected": (24 * 16, 24 * 17),
    "down-not-come": (24 * 20, 24 * 21),
    "down-flagged": (24 * 26, 24 * 28),
    "down-follow-up": (24 * 20, 24 * 22),
    "down-follow-up-late": (24 * 36, 24 * 40),
    "waitlisted": (20, 40),
    "unanswered": (4, 8),
    "declined": (3, 12),
    "expired": (24 * 9, 24 * 10),
    "draft": (2, 20),
    "out-approval": (0.5, 1.5),
}


def stories(
    near: list[Person], far: list[Person], cast: Cast, count: int, rng: Random
) -> Iterator[None]:
    """Tell `count` stories, oldest first, each about another person; yields after each.

    What is open today is about those `near` the demo accounts as long as they last, so that
    each account finds work waiting; what is finished is about people from all over the county.
    """
    now = timezone.now()
    told: list[tuple[datetime, str, Person]] = []
    weights = [weight for _name, weight in ENDINGS]
    names = [name for name, _weight in ENDINGS]
    chosen = names + rng.choices(names, weights, k=max(0, count - len(names)))
    for ending in sorted(chosen, key=lambda ending: not ending.startswith("down-follow")):
        people = near if near and (ending in BEGAN or not far) else far
        if not people:
            break
        low, high = BEGAN.get(ending, (24 * 36, 24 * 350))
        told.append((now - timedelta(hours=rng.uniform(low, high)), ending, people.pop(0)))
    for began, ending, person in sorted(told, key=lambda story: story[0]):
        tell(Story(cast, rng, person, rng.choice(_fitting(ending)), began), ending)
        yield
    everything_due()
    answer_old_flags(cast.at, now)


def _fitting(ending: str) -> list[Case]:
    """The cases with which a story can end so: a routine request is late only after a day."""
    return [
        case
        for case in CASES
        if (ending not in ("waiting-late", "unanswered") or case.urgency == "urgent")
        and (ending != "waiting" or case.urgency != "emergency")
        and (not ending.startswith("out") or case.urgency != "emergency")
        and (not ending.startswith("down") or case.kind == "inpatient")
        and (ending not in ("expired", "expired-cancelled") or case.kind != "inpatient")
    ]
