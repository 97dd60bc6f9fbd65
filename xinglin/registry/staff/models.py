"""Practitioners, their posts, and the accounts they sign in with."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import NONE, Actor, Reach
from xinglin.kernel.ids import new_id
from xinglin.kernel.records import Record
from xinglin.registry.organisations.models import Department, Organisation, tree
from xinglin.registry.people.models import Person
from xinglin.registry.staff import catalogue

if TYPE_CHECKING:
    from typing import Self


class PractitionerQuerySet(models.QuerySet["Practitioner"]):
    def visible_to(self, actor: Actor) -> Self:
        """Colleagues of the county know each other's names."""
        if actor.county_id == NONE:
            return self.none()
        return self.filter(county_id=actor.county_id)

    def matching(self, text: str) -> Self:
        """By part of the name, or the beginning of the staff number."""
        words = text.strip()
        if not words:
            return self
        return self.filter(Q(name__contains=words) | Q(code__istartswith=words))

    def holding(self, day: date, *, role: str = "", house: Organisation | None = None) -> Self:
        """Those with a post on a day: in a role, at a house or one under it."""
        posts = Post.objects.held_on(day).filter(practitioner=OuterRef("pk"))
        if role:
            posts = posts.filter(role=role)
        if house is not None:
            posts = posts.filter(organisation__path__prefix=house.path)
        return self.filter(Exists(posts)) if role or house is not None else self


class Practitioner(Record):
    """Somebody who works in a house of the county."""

    TRAIL_HIDES = frozenset({"id_number", "phone"})

    county = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    code = models.CharField(_("工号"), max_length=30)
    name = models.CharField(_("姓名"), max_length=50)
    sex = models.CharField(_("性别"), max_length=1, blank=True)
    id_number = models.CharField(_("身份证号码"), max_length=18, blank=True)
    phone = models.CharField(_("电话"), max_length=20, blank=True)
    licence_no = models.CharField(_("执业证书编号"), max_length=30, blank=True)
    title = models.CharField(_("职称"), max_length=30, blank=True)

    objects: ClassVar[PractitionerQuerySet] = PractitionerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("人员")
        constraints = [
            models.UniqueConstraint(fields=["county", "code"], name="practitioner_code_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("staff:detail", args=[self.pk])


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.county_id == NONE:
            return self.none()
        return self.filter(practitioner__county_id=actor.county_id)

    def held_by(self, practitioner_id: UUID | None) -> Self:
        """The posts of one member of staff; an account without one has none."""
        return self.filter(practitioner_id=practitioner_id) if practitioner_id else self.none()

    def held_on(self, day: date) -> Self:
        """Posts in force on a day."""
        return self.filter(Q(until=None) | Q(until__gte=day), since__lte=day)


class Post(Record):
    """A role at a house, from a day, until a day: what one acts in."""

    practitioner = models.ForeignKey(
        Practitioner, models.PROTECT, related_name="posts", verbose_name=_("人员")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="posts", verbose_name=_("机构")
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("科室"),
    )
    role = models.CharField(_("岗位角色"), max_length=40)
    since = models.DateField(_("任职起"))
    until = models.DateField(_("任职止"), null=True, blank=True)

    objects: ClassVar[PostQuerySet] = PostQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("岗位")
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="post_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["practitioner", "organisation", "role", "since"], name="post_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{tree.name(self.organisation_id)} · {self.role_label}"

    @property
    def role_label(self) -> str:
        role = catalogue.roles().get(self.role)
        return role.label if role else self.role

    def trail_county_id(self) -> UUID | None:
        return self.organisation.region_id

    def in_force(self, on: date | None = None) -> bool:
        day = on or timezone.localdate()
        return self.since <= day and (self.until is None or self.until >= day)

    def actor(self, *, user_id: UUID, name: str, address: str = "") -> Actor:
        """Whoever acts in this post now."""
        role = catalogue.roles().get(self.role)
        house = tree.get(self.organisation_id)
        if role is None or house is None:
            return Actor(user_id=user_id, name=name)
        return Actor(
            user_id=user_id,
            name=name,
            post_id=self.pk,
            role=role.code,
            org_id=house.pk,
            org_name=str(house),
            county_id=house.region_id,
            codes=role.permissions,
            reach=role.reach,
            scope=(
                tree.subtree(house.pk) if role.reach is Reach.SUBTREE else frozenset({house.pk})
            ),
            practitioner_id=self.practitioner_id,
            address=address,
        )


class UserManager(BaseUserManager["User"]):
    pass


class User(AbstractBaseUser):
    """An account. What it may do comes from the posts of its practitioner, never from itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(_("账号"), max_length=60, unique=True)
    practitioner = models.OneToOneField(
        Practitioner, models.PROTECT, null=True, blank=True, related_name="user"
    )
    # A resident's own account; nobody works in the house under it.
    person = models.OneToOneField(
        Person, models.PROTECT, null=True, blank=True, related_name="user"
    )
    is_active = models.BooleanField(_("启用"), default=True)
    language = models.CharField(_("界面语言"), max_length=10, blank=True)
    notices_seen_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "username"
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("账号")
        constraints = [
            models.CheckConstraint(
                condition=Q(practitioner=None) | Q(person=None), name="account_of_one_kind"
            )
        ]

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return reverse("portal:workbench")

    def resident(self, *, address: str = "") -> Actor:
        """The resident behind the account: no post, no house, only their own record."""
        role = catalogue.resident()
        # A merge leaves accounts where they are; whichever one signs in with is the survivor's.
        person = self.person.living if self.person is not None else None
        if person is None:
            return Actor(user_id=self.pk, name=self.username)
        return Actor(
            user_id=self.pk,
            name=person.name,
            role=role.code,
            county_id=person.county_id,
            codes=role.permissions,
            address=address,
            person_id=person.pk,
        )

    @cached_property
    def held(self) -> list[Post]:
        """The posts in force today, the oldest first; a session brings them along."""
        posts = Post.objects.select_related("practitioner").held_by(self.practitioner_id)
        return list(posts.held_on(timezone.localdate()).order_by("since", "id"))
