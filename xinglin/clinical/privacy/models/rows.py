"""Consent, codes, proofs, broken glass; and which people and facts are open to a post."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy import catalogue
from xinglin.kernel import clock
from xinglin.kernel.access import NONE, Actor, Reach
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people.models import CareLink, Person

# The parts of a record that a resident can open or close one by one.
PARTS = {
    "encounter": _("就诊"),
    "diagnosis": _("诊断"),
    "observation": _("检查结果"),
    "medication": _("用药"),
    "allergy": _("过敏"),
    "problem": _("健康问题"),
    "procedure": _("手术操作"),
    "immunization": _("接种"),
    "familyhistory": _("家族史"),
    "healthcover": _("健康档案"),
    "document": _("文档"),
}
# Pages over several parts, as the trail names them.
SHEETS = {
    "record": _("全部病历"),
    "own": _("本机构书写的内容"),
    "print": _("打印病历"),
    "summary": _("健康摘要"),
    "trends": _("结果趋势"),
    "order": _("医嘱"),
    "execution": _("医嘱执行"),
    "referral": _("转诊单"),
    "assessment": _("分诊建议"),
    "booking": _("预约"),
    "emergency": _("绿色通道"),
    "careplan": _("照护计划"),
    "list": _("列表"),
    "person": _("身份信息"),
    "numbers": _("证件号与电话"),
    "consent": _("授权"),
}
READ = "record.read"
OWN = "resident.read"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def visible_to(self, actor: Actor) -> Self:
        """The resident's own; of others, those of people whose record is open; all for review."""
        if actor.person_id is not None:
            return self.filter(person_id=actor.person_id)
        if actor.may("privacy.review") and actor.reach is Reach.COUNTY:
            return self.filter(county_id=actor.county_id)
        return self.filter(person__in=open_people(actor))

    def standing(self) -> Self:
        """Those that hold today."""
        today = timezone.localdate(clock.now())
        return self.filter(Q(until=None) | Q(until__gte=today), withdrawn_at=None, since__lte=today)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def covering(self, part: str) -> Self:
        return self.filter(Q(parts="") | Q(parts__contains=f",{part},"))


class Consent(Record):
    """What a resident allows or forbids: to whom, which parts, until when (FHIR Consent)."""

    class Effect(models.TextChoices):
        PERMIT = "permit", _("允许查阅")
        DENY = "deny", _("不允许查阅")

    class Method(models.TextChoices):
        PHONE = "phone", _("本人手机")
        PAPER = "paper", _("纸质签字")
        CODE = "code", _("授权码")

    class Relation(models.TextChoices):
        SELF = "self", _("本人")
        GUARDIAN = "guardian", _("监护人")
        AGENT = "agent", _("受托人")

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="consents", verbose_name=_("居民")
    )
    effect = models.CharField(_("意愿"), max_length=6, choices=Effect, default=Effect.PERMIT)
    house = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("机构"),
        help_text=_("不选即全部成员机构"),
    )
    # ",diagnosis,medication,"; empty: the whole record.
    parts = models.CharField(_("范围"), max_length=200, blank=True)
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)
    method = models.CharField(_("方式"), max_length=6, choices=Method)
    signer = models.CharField(_("签署人"), max_length=50)
    relation = models.CharField(
        _("与居民关系"), max_length=10, choices=Relation, default=Relation.SELF
    )
    recorded_by = models.CharField(_("记录人"), max_length=50, editable=False)
    recorded_at = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
        verbose_name=_("记录机构"),
    )
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True, blank=True, editable=False)
    withdrawn_by = models.CharField(_("撤回经手人"), max_length=50, blank=True, editable=False)

    objects: ClassVar[ConsentQuerySet] = ConsentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("授权")
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="consent_ends_after_it_starts",
            )
        ]
        indexes = [
            models.Index(
                fields=["person", "effect"],
                name="consent_standing",
                condition=Q(withdrawn_at=None),
            )
        ]

    def __str__(self) -> str:
        return gettext("%(effect)s：%(house)s，%(parts)s") % {
            "effect": self.get_effect_display(),
            "house": tree.name(self.house_id) if self.house_id else gettext("全部成员机构"),
            "parts": self.parts_said,
        }

    @property
    def part_list(self) -> list[str]:
        return [part for part in self.parts.split(",") if part]

    @property
    def parts_said(self) -> str:
        """The parts in words."""
        said = [str(PARTS[part]) for part in self.part_list if part in PARTS]
        return gettext("、").join(said) if said else gettext("全部病历")

    @property
    def stands(self) -> bool:
        today = timezone.localdate(clock.now())
        return (
            self.withdrawn_at is None
            and self.since <= today
            and (self.until is None or self.until >= today)
        )


class AccessCode(Record):
    """A code that the resident shows once, so that a house opens the record."""

    TRAIL_HIDES = frozenset({"digest"})

    class Medium(models.TextChoices):
        PHONE = "phone", _("手机")
        PAPER = "paper", _("纸质")

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="access_codes")
    medium = models.CharField(_("形式"), max_length=6, choices=Medium, default=Medium.PHONE)
    digest = models.CharField(max_length=64, editable=False)
    valid_until = models.DateTimeField(_("有效至"))
    used_at = models.DateTimeField(_("使用时间"), null=True, blank=True)
    used_by = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        verbose_name = _("授权码")
        indexes = [
            models.Index(
                fields=["person", "digest"], name="access_code_unused", condition=Q(used_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.get_medium_display()


class Presence(Record):
    """A try to prove that the resident is here: by their code or by the card in hand."""

    class Medium(models.TextChoices):
        CODE = "code", _("授权码")
        CARD = "card", _("身份证")

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("居民"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user_id = models.UUIDField(editable=False)
    medium = models.CharField(_("凭证"), max_length=4, choices=Medium)
    passed = models.BooleanField(_("通过"), default=False)

    class Meta:
        verbose_name = _("到场核验")
        indexes = [
            models.Index(
                fields=["person", "created_at"], name="presence_failed", condition=Q(passed=False)
            ),
            models.Index(
                fields=["user_id", "created_at"], name="presence_of_user", condition=Q(passed=False)
            ),
        ]

    def __str__(self) -> str:
        return self.get_medium_display()

    @property
    def evidence(self) -> CareLink.Evidence:
        return CareLink.Evidence(self.medium)


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own, the resident's own, and the officer's county."""
        if actor.person_id is not None:
            return self.filter(person_id=actor.person_id)
        if actor.may("privacy.review") and actor.reach is Reach.COUNTY:
            return self.filter(county_id=actor.county_id)
        return self.filter(user_id=actor.user_id, county_id=actor.county_id)

    def in_force(self) -> Self:
        return self.filter(until__gt=clock.now())


class BreakGlass(Record):
    """A record opened in an emergency by one user, for hours, with a reason (紧急查阅)."""

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="broken_glasses", verbose_name=_("居民")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("机构")
    )
    user_id = models.UUIDField(editable=False)
    user_name = models.CharField(_("查阅人"), max_length=100, editable=False)
    reason_code = models.CharField(_("原因"), max_length=30)
    reason = models.CharField(_("情况说明"), max_length=500)
    since = models.DateTimeField(_("打开时间"), editable=False)
    until = models.DateTimeField(_("关闭时间"), editable=False)

    objects: ClassVar[BreakGlassQuerySet] = BreakGlassQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("紧急查阅")
        indexes = [models.Index(fields=["user_id", "until"], name="break_glass_in_force")]

    def __str__(self) -> str:
        return f"{self.user_name} {self.since:%Y-%m-%d %H:%M}"

    @property
    def reason_said(self) -> str:
        return catalogue.reasons.label("break-glass", self.reason_code)


def treated(actor: Actor, person: str = "person_id") -> Exists:
    """Whether one of the post's houses and the person have acted together, and still do."""
    links = CareLink.objects.in_force(clock.now())
    return Exists(links.filter(person_id=OuterRef(person), organisation_id__in=actor.scope))


def _said(actor: Actor, effect: Consent.Effect, part: str, person: str) -> Exists:
    """Whether the resident has said yes, or no, to the post's house about a part."""
    words = Consent.objects.standing().filter(
        Q(house_id=None) | Q(house_id=actor.org_id), person_id=OuterRef(person), effect=effect
    )
    return Exists(words.covering(part) if part else words.filter(parts=""))


def _glass(actor: Actor, person: str) -> Q:
    """People whose glass this user has broken: few, hence asked once for a whole query."""
    return Q(**{f"{person}__in": broken(actor).values("person_id")})


def _carers(actor: Actor, part: str, person: str) -> Q:
    may = Q(treated(actor, person)) | Q(_said(actor, Consent.Effect.PERMIT, part, person))
    return may & ~Q(_said(actor, Consent.Effect.DENY, part, person))


def open_people(actor: Actor) -> models.QuerySet[Person]:
    """The people whose record the post may read: by treating, by consent, by broken glass.

    A resident reads their own. What a house wrote itself it reads besides (`seen`).
    """
    if actor.person_id is not None and actor.may(OWN):
        return Person.objects.filter(pk=actor.person_id, voided_at=None)
    if actor.county_id == NONE or not actor.may(READ):
        return Person.objects.none()
    return Person.objects.filter(
        _carers(actor, "", "pk") | _glass(actor, "pk"), county_id=actor.county_id, voided_at=None
    )


def cared_for(actor: Actor) -> models.QuerySet[Person]:
    """The people whom the post's houses treat, and who did not say no to it.

    Who reads by consent alone, or through broken glass, is not among those who may write down
    consents or print codes: they would open the record to themselves for longer.
    """
    if actor.county_id == NONE or not actor.may(READ):
        return Person.objects.none()
    no = _said(actor, Consent.Effect.DENY, "", "pk")
    return Person.objects.filter(
        Q(treated(actor, "pk")) & ~Q(no), county_id=actor.county_id, voided_at=None
    )


def held_domains(actor: Actor) -> list[str]:
    """The sensitive domains whose facts the post may read of those whom it treats."""
    return [code for code in catalogue.domains() if actor.may(f"sensitive.{code}")]


def broken(actor: Actor) -> models.QuerySet[BreakGlass]:
    """The glasses that this user has broken and that are still open."""
    return BreakGlass.objects.in_force().filter(user_id=actor.user_id)


def seen(actor: Actor, part: str, *, domain: str = "domain") -> Q:
    """The filter for facts of one kind (rows with person, organisation and domain).

    One's own house's facts; those of people in care or by consent, unless the resident says no;
    sensitive ones only where the house wrote them or the post has the domain's permission and
    treats; after break-glass, all. `domain` is the column of the domain, where it is another's.
    """
    if actor.person_id is not None and actor.may(OWN):
        return Q(person_id=actor.person_id)
    if actor.county_id == NONE or not actor.may(READ):
        return Q(pk__in=[])
    own = Q(organisation_id=actor.org_id)
    plain = Q(**{domain: ""}) | own
    if held := held_domains(actor):
        plain |= Q(treated(actor), **{f"{domain}__in": held})
    allowed = (own | _carers(actor, part, "person_id")) & plain
    return (allowed | _glass(actor, "person_id")) & Q(person__county_id=actor.county_id)
