"""What people do with staff, posts and accounts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused
from xinglin.registry.people.models import Person
from xinglin.registry.people.rules import check_id_card, check_phone
from xinglin.registry.staff import catalogue, permissions
from xinglin.registry.staff.models import Post, Practitioner, User


class UnknownRole(Refused):
    code = "unknown-role"


class KnownStaff(Conflict):
    code = "known-staff"


@action(permissions.EMPLOY)
def employ(practitioner: Practitioner, *, by: Actor) -> Practitioner:
    """Enter somebody who works in the county."""
    _check(practitioner)
    if Practitioner.objects.filter(
        county_id=practitioner.county_id, code=practitioner.code
    ).exists():
        raise KnownStaff(_("工号 %(code)s 已存在。") % {"code": practitioner.code}, field="code")
    practitioner.save(force_insert=True)
    return practitioner


@action(permissions.EMPLOY)
def amend(practitioner: Practitioner, /, *, by: Actor, **facts: Any) -> Practitioner:
    """Correct what is known of a member of staff."""
    for name, value in facts.items():
        setattr(practitioner, name, value)
    _check(practitioner)
    if (
        Practitioner.objects.exclude(pk=practitioner.pk)
        .filter(county_id=practitioner.county_id, code=practitioner.code)
        .exists()
    ):
        raise KnownStaff(_("工号 %(code)s 已存在。") % {"code": practitioner.code}, field="code")
    practitioner.save()
    return practitioner


@action(permissions.APPOINT)
def appoint(post: Post, *, by: Actor) -> Post:
    """Give somebody a role at a house from a day on."""
    role = catalogue.roles().get(post.role)
    if role is None:
        raise UnknownRole(_("没有“%(role)s”这一岗位角色。") % {"role": post.role}, field="role")
    if role.levels and post.organisation.level not in role.levels:
        raise UnknownRole(
            _("岗位“%(role)s”不设在%(level)s。")
            % {"role": role.label, "level": post.organisation.get_level_display()},
            field="role",
        )
    if post.organisation.region_id != post.practitioner.county_id:
        raise Refused(_("人员与机构不在同一县。"), field="organisation")
    if post.until is not None and post.until < post.since:
        raise Refused(_("任职止不能早于任职起。"), field="until")
    if post.organisation.closed_on is not None:
        raise Refused(_("该机构已停办。"), field="organisation")
    if post.department is not None and post.department.organisation_id != post.organisation_id:
        raise Refused(_("该科室不属于所选机构。"), field="department")
    if Post.objects.filter(
        practitioner=post.practitioner,
        organisation=post.organisation,
        role=post.role,
        since=post.since,
    ).exists():
        raise KnownStaff(_("该岗位已任命。"), field="role")
    post.save(force_insert=True)
    return post


@action(permissions.DISMISS)
def dismiss(post: Post, *, by: Actor, until: date) -> Post:
    """Set the last day of a post."""
    if until < post.since:
        raise Refused(_("任职止不能早于任职起。"), field="until")
    post.until = until
    post.save()
    return post


@action(permissions.GIVE_ACCOUNT)
def give_account(
    practitioner: Practitioner, *, by: Actor, username: str, password: str | None
) -> Practitioner:
    """Let a member of staff sign in; without a password the account waits for one."""
    if User.objects.filter(username=username).exclude(practitioner=practitioner).exists():
        raise KnownStaff(_("账号 %(name)s 已被使用。") % {"name": username}, field="username")
    user = User.objects.filter(practitioner=practitioner).first() or User(practitioner=practitioner)
    user.username = username
    user.set_password(password)
    user.save()
    return practitioner


def open_account_of(person: Person, *, username: str, password: str) -> None:
    """A resident's own account, within an action that has made sure who asks for it."""
    assert transaction.get_connection().in_atomic_block
    if User.objects.filter(username=username).exclude(person=person).exists():
        raise KnownStaff(_("账号 %(name)s 已被使用。") % {"name": username}, field="username")
    user = User.objects.filter(person=person).first() or User(person=person)
    user.username = username
    user.set_password(password)
    user.save()


def _check(practitioner: Practitioner) -> None:
    if practitioner.id_number:
        practitioner.id_number = check_id_card(practitioner.id_number, field="id_number")
    if practitioner.phone:
        practitioner.phone = check_phone(practitioner.phone)
    practitioner.clean_or_refuse(exclude=["county"])
