"""The people's door to the houses of a county: the tree, one house, and who may change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.organisations import actions, catalogue, permissions
from xinglin.registry.organisations.forms import (
    CapabilityForm,
    ChangeForm,
    CloseForm,
    DepartmentForm,
    EndCapabilityForm,
    EstablishForm,
    FilterForm,
    TravelForm,
)
from xinglin.registry.organisations.models import (
    CARE_LEVELS,
    Capability,
    Department,
    Level,
    Organisation,
    TravelTime,
    profiles,
    travel,
)
from xinglin.registry.organisations.models import tree as known_houses
from xinglin.ui.forms import options
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

# Houses of these levels are folded away under the one above: a township has a dozen of them.
FOLDED = (Level.VILLAGE,)
SUGGESTED = 12


@dataclass
class Branch:
    """A house and what stands under it, as the tree page draws it."""

    house: Organisation
    open: list[Branch] = field(default_factory=list)
    folded: list[Branch] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.open and not self.folded


@require_GET
def tree(request: Request) -> HttpResponse:
    """The county as a tree, or as a list once it is searched."""
    actor = request.actor
    seen = Organisation.objects.visible_to(actor)
    filters = FilterForm(request.GET)
    filters.is_valid()
    words = filters.cleaned_data.get("q", "")
    level = filters.cleaned_data.get("level", "")
    closed = filters.cleaned_data.get("closed", False)
    rows = (seen if closed else seen.standing()).select_related("parent")
    counts = dict(
        rows.order_by()
        .values_list("level")
        .annotate(count=Count("pk"))
        .values_list("level", "count")
    )
    found = rows.matching(words)
    if level:
        found = found.filter(level=level)
    searched = bool(words or level or closed)
    return page(
        request,
        "organisations/list.html",
        part="list",
        filters=filters,
        searched=searched,
        tabs=_tabs(request, counts, level),
        total=sum(counts.values()),
        branches=[] if searched else branches(rows.in_order()),
        pager=paginate(request, found.in_order(), parameters.get("paging.page_size")),
        may_establish=_may_establish(actor),
    )


def branches(rows: Iterable[Organisation]) -> list[Branch]:
    """The trees that houses in the order of their paths make."""
    roots: list[Branch] = []
    above: dict[str, Branch] = {}
    for house in rows:
        branch = above[house.path] = Branch(house)
        over = above.get(house.path[:-5])
        if over is None:
            roots.append(branch)
        else:
            (over.folded if house.level in FOLDED else over.open).append(branch)
    return roots


def _tabs(request: Request, counts: dict[str, int], level: str) -> list[dict[str, Any]]:
    def address(value: str) -> str:
        asked = request.GET.copy()
        asked.pop("page", None)
        asked["level"] = value
        return f"{request.path}?{asked.urlencode()}" if value else request.path

    return [
        {
            "label": _("全部"),
            "url": address(""),
            "count": sum(counts.values()),
            "active": not level,
        },
        *(
            {"label": label, "url": address(key), "count": counts[key], "active": level == key}
            for key, label in Level.choices
            if counts.get(key)
        ),
    ]


@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """Everything that is known of one house."""
    actor = request.actor
    house = _house(actor, pk)
    departments = Department.objects.visible_to(actor).filter(organisation=house).order_by("code")
    below = Organisation.objects.visible_to(actor).filter(parent=house).standing().in_order()
    said = Capability.objects.visible_to(actor).filter(organisation=house)
    own = [house.pk, *(each.pk for each in departments), *(each.pk for each in said)]
    events = trail.story(trail.of(own))
    return page(
        request,
        "organisations/detail.html",
        house=house,
        above=Organisation.objects.visible_to(actor).above(house),
        below=below,
        departments=departments,
        events=events,
        facts=_facts(house),
        ways=_ways(house),
        may_time=permissions.MAINTAIN_TRAVEL.allows(actor, TravelTime(from_org=house)),
        abilities=_abilities(house),
        capabilities=_capabilities(actor, house),
        may_declare=house.level in CARE_LEVELS
        and permissions.MAINTAIN_CAPABILITY.allows(actor, Capability(organisation=house)),
        may_maintain=permissions.MAINTAIN.allows(actor, house),
        may_open=permissions.MAINTAIN_DEPARTMENT.allows(actor, Department(organisation=house)),
    )


def _abilities(house: Organisation) -> list[dict[str, Any]]:
    """What the house can do today, by kind."""
    if house.level not in CARE_LEVELS:
        return []
    profile = profiles([house], timezone.localdate())[house.pk]
    found = []
    for kind in (
        Capability.Kind.DEPARTMENT,
        Capability.Kind.TECHNIQUE,
        Capability.Kind.EQUIPMENT,
    ):
        names = [
            each.label
            for code, each in catalogue.abilities().items()
            if code in profile.has and each.kind == kind
        ]
        found.append({"label": kind.label, "value": _("、").join(names), "wide": True})
    return found


def _capabilities(actor: Actor, house: Organisation) -> list[Capability]:
    said = Capability.objects.visible_to(actor).filter(organisation=house)
    return list(said.in_force(timezone.localdate()).in_order())


@require_http_methods(["GET", "POST"])
def declare(request: Request, pk: UUID) -> HttpResponse:
    """Say what a house has more or less than its level."""
    actor = request.actor
    house = _house(actor, pk)
    permissions.MAINTAIN_CAPABILITY.check(actor, Capability(organisation=house))
    form = CapabilityForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        capability = Capability(organisation=house, **form.facts())
        try:
            actions.declare(capability, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已登记%(name)s。") % {"name": capability.label})
            return redirect(house)
    return _form(request, form, _("登记服务能力"), _("登记"), house=house)


@require_http_methods(["GET", "POST"])
def end_capability(request: Request, pk: UUID) -> HttpResponse:
    """Note the last day of what was said of a house."""
    actor = request.actor
    capability = get_object_or_404(
        Capability.objects.visible_to(actor).select_related("organisation"), pk=pk
    )
    permissions.MAINTAIN_CAPABILITY.check(actor, capability)
    house = capability.organisation
    form = EndCapabilityForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.end_capability(capability, by=actor, on=form.cleaned_data["on"])
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已终止%(name)s。") % {"name": capability.label})
            return redirect(house)
    return _form(
        request,
        form,
        _("终止服务能力"),
        _("终止"),
        house=house,
        warning=_("终止后按本级机构的默认能力判断：%(name)s。") % {"name": capability.label},
    )


def _facts(house: Organisation) -> list[dict[str, Any]]:
    parent = house.parent
    return [
        {"label": _("机构代码"), "value": house.code},
        {"label": _("统一社会信用代码"), "value": house.credit_code},
        {"label": _("医保机构编码"), "value": house.insurance_code},
        {"label": _("行政区划代码"), "value": house.area_code},
        {"label": _("机构类别"), "value": house.class_name},
        {
            "label": _("上级机构"),
            "value": parent.name if parent else "",
            "url": parent.get_absolute_url() if parent else "",
            "reason": _("县（市、区）没有上级"),
        },
        {"label": _("电话"), "value": house.phone},
        {"label": _("地址"), "value": house.address, "wide": True},
        {
            "label": _("纬度、经度"),
            "value": f"{house.latitude:.6f}, {house.longitude:.6f}" if house.position else "",
            "reason": _("未填，按距离估算路程时用不上"),
        },
        {"label": _("服务范围"), "value": _("、").join(house.services), "wide": True},
    ]


def _ways(house: Organisation) -> list[dict[str, Any]]:
    """The ways to the houses that patients are sent to from here, the nearest first."""
    if house.level not in CARE_LEVELS:
        return []
    goals = (Level.COUNTY, Level.CITY)
    found = []
    for other in known_houses.rows().values():
        if other.region_id != house.region_id or other.pk == house.pk or other.closed_on:
            continue
        if other.pk != house.parent_id and other.level not in goals:
            continue
        way = travel.between(house.pk, other.pk)
        if way is not None and other.level in CARE_LEVELS:
            found.append({"house": other, "way": way})
    return sorted(found, key=lambda line: (line["way"].minutes, line["house"].path))


@require_http_methods(["GET", "POST"])
def establish(request: Request) -> HttpResponse:
    """Enter a new house under one that stands."""
    actor = request.actor
    permissions.MAINTAIN.check(actor, Organisation(county_id=actor.county_id))
    form = EstablishForm(
        actor,
        request.POST if request.method == "POST" else None,
        initial={"parent": request.GET.get("parent")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            house = actions.establish(Organisation(**form.cleaned_data), by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已设立%(house)s。") % {"house": house.name})
            return redirect(house)
    return _form(request, form, _("设立机构"), _("设立"), back=reverse("organisations:list"))


@require_http_methods(["GET", "POST"])
def change(request: Request, pk: UUID) -> HttpResponse:
    """Correct what is known of a house."""
    actor = request.actor
    house = _house(actor, pk)
    permissions.MAINTAIN.check(actor, house)
    form = ChangeForm(actor, request.POST if request.method == "POST" else None, instance=house)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(house, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已保存%(house)s的信息。") % {"house": house.name})
            return redirect(house)
    return _form(request, form, _("修改机构信息"), _("保存"), house=house)


@require_http_methods(["GET", "POST"])
def close(request: Request, pk: UUID) -> HttpResponse:
    """Note the last day of a house."""
    actor = request.actor
    house = _house(actor, pk)
    permissions.MAINTAIN.check(actor, house)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.close(house, by=actor, on=form.cleaned_data["on"])
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("%(house)s已停办。") % {"house": house.name})
            return redirect(house)
    return _form(
        request,
        form,
        _("停办机构"),
        _("停办"),
        house=house,
        warning=_("停办后不能再接收转诊和预约；已有病历、单据和人员记录都保留。"),
    )


@require_http_methods(["GET", "POST"])
def open_department(request: Request, pk: UUID) -> HttpResponse:
    """Enter a department of a house."""
    actor = request.actor
    house = _house(actor, pk)
    permissions.MAINTAIN_DEPARTMENT.check(actor, Department(organisation=house))
    form = DepartmentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        department = Department(organisation=house, **form.cleaned_data)
        try:
            actions.open_department(department, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已设科室%(name)s。") % {"name": department.name})
            return redirect(house)
    return _form(request, form, _("设科室"), _("保存"), house=house)


@require_http_methods(["GET", "POST"])
def time_travel(request: Request, pk: UUID) -> HttpResponse:
    """Enter how long the way from this house to another takes."""
    actor = request.actor
    house = _house(actor, pk)
    permissions.MAINTAIN_TRAVEL.check(actor, TravelTime(from_org=house))
    form = TravelForm(actor, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        way = TravelTime(from_org=house, **form.cleaned_data)
        try:
            actions.time_travel(way, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(
                request,
                _("已登记到%(house)s的路程：%(minutes)d 分钟。")
                % {"house": way.to_org, "minutes": way.minutes},
            )
            return redirect(house)
    return _form(request, form, _("登记路程"), _("保存"), house=house)


@require_GET
def suggest(request: Request) -> HttpResponse:
    """Houses for a CodeInput: those that give care, or those of the `levels` asked for."""
    houses = Organisation.objects.visible_to(request.actor)
    levels = [level for level in request.GET.get("levels", "").split(",") if level]
    houses = houses.standing().filter(level__in=levels) if levels else houses.giving_care()
    found = list(
        houses.matching(request.GET.get("q", ""))
        .select_related("parent")
        .in_order()[: SUGGESTED + 1]
    )
    return options(
        request,
        [
            {
                "code": str(house.pk),
                "name": house.name,
                "note": " · ".join(
                    filter(None, (house.get_level_display(), str(house.parent or "")))
                ),
                "show_code": False,
            }
            for house in found[:SUGGESTED]
        ],
        more=len(found) > SUGGESTED,
    )


def _house(actor: Actor, pk: UUID) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(actor).select_related("parent"), pk=pk)


def _may_establish(actor: Actor) -> bool:
    return permissions.MAINTAIN.allows(actor, Organisation(county_id=actor.county_id))


def _form(
    request: Request, form: Any, heading: str, verb: str, *, back: str = "", **context: Any
) -> HttpResponse:
    house: Organisation | None = context.get("house")
    return page(
        request,
        "organisations/form.html",
        part="form",
        status=422 if form.errors else 200,
        form=form,
        heading=heading,
        verb=verb,
        back=house.get_absolute_url() if house else back,
        **context,
    )
