"""Residents, the numbers they are known by, and the keys they are found by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar
from uuid import UUID

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator

from xinglin.kernel import clock
from xinglin.kernel.access import NONE, Actor, Reach
from xinglin.kernel.lookups import InPrefixOrder
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Organisation, tree
from xinglin.registry.people import rules

if TYPE_CHECKING:
    from typing import Self


class Sex(models.TextChoices):
    """GB/T 2261.1."""

    UNKNOWN = "0", _("未知")
    MALE = "1", _("男")
    FEMALE = "2", _("女")
    UNSTATED = "9", _("未说明")


SEXES = dict(Sex.choices)


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor) -> Self:
        """Who a person is may be known in the whole county; what they suffer from may not."""
        if actor.county_id == NONE or not actor.may("person.search"):
            return self.none()
        return self.filter(county_id=actor.county_id, voided_at=None)

    def replaced_for(self, actor: Actor) -> Self:
        """Registrations that live on in another one, so that old addresses lead there."""
        if actor.county_id == NONE or not actor.may("person.search"):
            return self.none()
        return self.filter(county_id=actor.county_id, replaced_by__isnull=False)

    def known(self) -> Self:
        """Whoever a number may lead to: the living, and those who live on in another one."""
        return self.filter(Q(voided_at=None) | Q(replaced_by__isnull=False))


def standing(pk: UUID) -> UUID:
    """The id of the registration that stands for this one today; itself, unless it was merged.

    For ids that come from outside: who kept an old one means the survivor. It tells nothing of
    who may see either.
    """
    found = pk
    while later := Person.objects.filter(pk=found).values_list("replaced_by", flat=True).first():
        found = later
    return found


# The id of a resident as other systems send it: one that was merged means the survivor.
PersonId = Annotated[UUID, AfterValidator(standing)]


def standing_for(ids: Iterable[UUID]) -> dict[UUID, Person]:
    """The registration that stands for each of these ids today; itself, unless it was merged."""
    found: dict[UUID, Person] = {}
    for part in _parts(set(ids)):
        for person in Person.objects.filter(pk__in=part).select_related("replaced_by"):
            found[person.pk] = person.living or person
    return found


def merged_into(ids: Iterable[UUID]) -> list[Person]:
    """Every registration that lives on in one of these, at any distance."""
    found: list[Person] = []
    layer = list(ids)
    while layer:
        earlier = [
            each
            for part in _parts(layer)
            for each in Person.objects.filter(replaced_by_id__in=part)
        ]
        found += earlier
        layer = [each.pk for each in earlier]
    return found


def _parts(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    """In parts that every database takes as one list."""
    rest = iter(ids)
    while part := list(islice(rest, 500)):
        yield part


class SearchKeyQuerySet(models.QuerySet["SearchKey"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.county_id == NONE or not actor.may("person.search"):
            return self.none()
        return self.filter(county_id=actor.county_id)

    def matching(self, text: str) -> Self:
        """People found by name (Chinese, pinyin, initials), phone, ID card or tail, or number.

        One line a person, in the order of the index, so that the first page costs the same
        in a county of ten thousand and in one of a million.
        """
        key = rules.asked_key(text)
        if not key:
            return self.none()
        found = self.filter(key__prefix=key)
        if key.isascii():
            # A person may match twice (spelling and initials, phone and ID card).
            earlier = SearchKey.objects.filter(
                person_id=OuterRef("person_id"), key__prefix=key, id__lt=OuterRef("id")
            )
            found = found.exclude(Exists(earlier))
        return found.select_related("person").order_by(InPrefixOrder(F("key")), "person_id")

    def counting(self, text: str) -> Callable[[int | None], tuple[int, bool]]:
        """Counts the people whom `matching` finds, from the index alone.

        Looking for an earlier key of each, as the lines do, would make counting ten thousand a
        hundred times dearer than showing twenty.
        """
        key = rules.asked_key(text)
        keys = self.filter(key__prefix=key) if key else self.none()

        def count(limit: int | None) -> tuple[int, bool]:
            read = keys.order_by().values("person_id")
            if limit is not None:
                read = read[: limit + 1]
            told = read.aggregate(keys=Count("*"), people=Count("person_id", distinct=True))
            return told["people"], limit is None or told["keys"] <= limit

        return count


class Person(Record):
    """A resident. Two living rows never bear the same ID card in one county."""

    TRAIL_HIDES = frozenset({"id_number", "phone", "contact_phone", "address_detail"})

    county = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("所属县")
    )
    name = models.CharField(_("姓名"), max_length=50)
    sex = models.CharField(_("性别"), max_length=1, choices=Sex, default=Sex.UNKNOWN)
    birth_date = models.DateField(_("出生日期"), null=True, blank=True)
    id_type = models.CharField(_("身份证件类别"), max_length=2, default="01", blank=True)
    id_number = models.CharField(_("身份证件号码"), max_length=18, blank=True)
    health_record_no = models.CharField(_("居民健康档案编号"), max_length=17, blank=True)
    phone = models.CharField(_("电话"), max_length=20, blank=True)
    contact_name = models.CharField(_("联系人"), max_length=50, blank=True)
    contact_phone = models.CharField(_("联系人电话"), max_length=20, blank=True)
    ethnicity = models.CharField(_("民族"), max_length=2, blank=True)
    payment_type = models.CharField(_("医疗费用来源"), max_length=2, blank=True)
    province = models.CharField(_("省"), max_length=70, blank=True)
    city = models.CharField(_("市"), max_length=70, blank=True)
    district = models.CharField(_("县（区）"), max_length=70, blank=True)
    township = models.CharField(_("乡镇（街道）"), max_length=70, blank=True)
    village = models.CharField(_("村（居委会）"), max_length=70, blank=True)
    address_detail = models.CharField(_("门牌号"), max_length=70, blank=True)
    managed_by = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("管理机构"),
    )
    deceased_on = models.DateField(_("死亡日期"), null=True, blank=True)
    mother = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="children",
        null=True,
        blank=True,
        verbose_name=_("母亲"),
    )
    birth_order = models.PositiveSmallIntegerField(
        _("多胞胎次序"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(9)],
    )
    source = models.CharField(_("来源系统"), max_length=120, blank=True, editable=False)
    source_id = models.CharField(_("来源编号"), max_length=120, blank=True, editable=False)
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True, editable=False)
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="replaced",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("并入的档案"),
    )

    objects: ClassVar[PersonQuerySet] = PersonQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("居民")
        constraints = [
            models.UniqueConstraint(
                fields=["county", "id_type", "id_number"],
                condition=Q(voided_at=None) & ~Q(id_number=""),
                name="person_id_card_once",
            ),
            models.UniqueConstraint(
                fields=["county", "source", "source_id"],
                condition=Q(voided_at=None) & ~Q(source_id=""),
                name="person_source_once",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by=None)
                | (Q(voided_at__isnull=False) & ~Q(replaced_by=F("id"))),
                name="person_replaced_is_void",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("record:person", args=[self.pk])

    def trail_person_id(self) -> UUID | None:
        return self.pk

    @property
    def living(self) -> Person | None:
        """The registration that stands for this one today; None if it was struck out."""
        # Each step of the chain was merged later than the one before, so it comes to an end.
        found: Person = self
        while found.replaced_by is not None:
            found = found.replaced_by
        return found if found.voided_at is None else None

    def get_sex_display(self) -> str:  # type: ignore[no-redef]
        """Django's own builds a table of all choices anew, for every row of a list."""
        return str(SEXES.get(self.sex, self.sex))

    @property
    def age(self) -> str:
        """The age in words that fit it, "" when the birth date is not known."""
        if self.birth_date is None:
            return ""
        return rules.age_text(self.birth_date, self.deceased_on or timezone.localdate())

    @property
    def masked_name(self) -> str:
        return rules.mask_name(self.name)

    @property
    def masked_id(self) -> str:
        return rules.mask_id_card(self.id_number)

    @property
    def masked_phone(self) -> str:
        return rules.mask_phone(self.phone)

    @property
    def custodian(self) -> str:
        """The name of the house that keeps the health record."""
        return tree.name(self.managed_by_id)

    @property
    def address(self) -> str:
        return "".join(
            [
                self.province,
                self.city,
                self.district,
                self.township,
                self.village,
                self.address_detail,
            ]
        )

    def age_years(self, on: date) -> int | None:
        born = self.birth_date
        if born is None:
            return None
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


class Identifier(Record):
    """A number by which some issuer knows a person (health card, insurance, local record)."""

    class Kind(models.TextChoices):
        HEALTH_CARD = "health-card", _("电子健康卡")
        INSURANCE = "insurance", _("医保个人编号")
        LOCAL = "local", _("本地病案号")
        BIRTH = "birth-cert", _("出生医学证明编号")
        PASSPORT = "passport", _("护照")
        DOCUMENT = "document", _("其他证件")
        OTHER = "other", _("其他")

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="identifiers", verbose_name=_("居民")
    )
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    issuer = models.CharField(_("签发方"), max_length=120, blank=True)
    value = models.CharField(_("号码"), max_length=64)
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("标识号")
        constraints = [
            models.UniqueConstraint(
                fields=["county", "kind", "issuer", "value"],
                condition=Q(voided_at=None),
                name="identifier_once",
            )
        ]

    def __str__(self) -> str:
        return self.value


class SearchKey(models.Model):
    """One way to find a person, in an index that answers prefixes on every database."""

    class Kind(models.TextChoices):
        NAME = "name", _("姓名")
        PINYIN = "pinyin", _("拼音")
        INITIALS = "initials", _("首字母")
        NUMBER = "number", _("号码")

    id = models.BigAutoField(primary_key=True)
    county_id = models.UUIDField()
    person = models.ForeignKey(Person, models.CASCADE, related_name="search_keys")
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=64)

    objects: ClassVar[SearchKeyQuerySet] = SearchKeyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("检索键")
        indexes = [
            models.Index(
                name="search_key_prefix",
                fields=["county_id", "key", "person"],
                opclasses=["uuid_ops", "varchar_pattern_ops", "uuid_ops"],
            )
        ]

    def __str__(self) -> str:
        return self.key


class CareLinkQuerySet(models.QuerySet["CareLink"]):
    def in_force(self, now: datetime | None = None) -> Self:
        """Relations that still stand; those that have run out keep their row."""
        return self.filter(Q(until=None) | Q(until__gt=now or clock.now()))


class CareLink(Record):
    """Why a house may read a person's clinical data: an act in which both had a part.

    Registry keeps the noun, so that record, referral and later programmes can each write
    the acts they know and every reader asks one table. No house makes one by itself alone:
    `evidence` says what the other party gave. After `until` the relation is history.
    """

    class Basis(models.TextChoices):
        CUSTODY = "custody", _("健康档案管理")
        ENCOUNTER = "encounter", _("就诊")
        REFERRAL = "referral", _("转诊")
        PRESENCE = "presence", _("居民到场")

    class Evidence(models.TextChoices):
        CODE = "code", _("居民出示授权码")
        CARD = "card", _("核对身份证")
        REFERRAL = "referral", _("转诊已接收并到诊")
        EMERGENCY = "emergency", _("绿色通道到院")
        SYSTEM = "system", _("本院系统登记到院")
        REGISTRATION = "registration", _("首次建档")
        TRANSFER = "transfer", _("移交管理")

    person = models.ForeignKey(Person, models.CASCADE, related_name="care_links")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    basis = models.CharField(max_length=12, choices=Basis)
    evidence = models.CharField(max_length=12, choices=Evidence)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[CareLinkQuerySet] = CareLinkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("诊疗关系")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organisation", "basis"], name="care_link_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.organisation_id} {self.basis}"

    def widen(self, person: Person) -> CareLink | None:
        """The same ground as another registration of this person has it, made to hold for both.

        A merge asks when both have one; what it returns is not yet saved.
        """
        twin = CareLink.objects.filter(
            person=person, organisation=self.organisation_id, basis=self.basis
        ).first()
        if twin is not None:
            twin.since = min(twin.since, self.since)
            if twin.until is None or self.until is None:
                twin.until = None
            else:
                twin.until = max(twin.until, self.until)
        return twin


def caring(actor: Actor) -> Exists:
    """For a query of people: whether one of the post's houses is in care of each."""
    links = CareLink.objects.in_force().filter(person_id=OuterRef("pk"))
    return Exists(links.filter(organisation_id__in=actor.scope))


def knows_card(actor: Actor, person: Person) -> bool:
    """Whether the post may see the whole number of the card: the county's office, or in care.

    The number opens a record (`clinical.privacy`), so nobody else reads it off a page.
    """
    if actor.role == "system" or actor.reach is Reach.COUNTY:
        return actor.county_id == person.county_id
    links = CareLink.objects.in_force().filter(person=person, organisation_id__in=actor.scope)
    return links.exists()
