"""The people's door to residents: find, register, correct; their numbers shown only on asking."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.kernel import parameters, trail
from xinglin.kernel.access import Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.people import actions, permissions, rules
from xinglin.registry.people.forms import (
    DeathForm,
    FilterForm,
    IdentifierForm,
    PersonForm,
    VoidForm,
)
from xinglin.registry.people.models import Identifier, Person, SearchKey, knows_card
from xinglin.ui.forms import options
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request

SUGGESTED = 12
SHOWN = "person.show"  # the trail's word for numbers read in full


@require_GET
def find(request: Request) -> HttpResponse:
    """One box over everybody in the county."""
    filters = FilterForm(request.GET)
    filters.is_valid()
    words = filters.cleaned_data.get("q", "").strip()
    keys = SearchKey.objects.visible_to(request.actor)
    asked = _long_enough(words)
    return page(
        request,
        "people/list.html",
        part="list",
        filters=filters,
        words=words,
        pager=paginate(
            request,
            keys.matching(asked),
            parameters.get("paging.page_size"),
            counting=keys.counting(asked),
        ),
        may_register=_may_register(request.actor),
    )


@require_GET
def suggest(request: Request) -> HttpResponse:
    """People for a PersonPicker."""
    words = _long_enough(request.GET.get("q", ""))
    found = list(SearchKey.objects.visible_to(request.actor).matching(words)[: SUGGESTED + 1])
    return options(
        request,
        [
            {
                "code": str(key.person_id),
                "name": key.person.name,
                "note": " ".join(
                    filter(
                        None,
                        (key.person.get_sex_display(), key.person.age, key.person.masked_id),
                    )
                ),
                "show_code": False,
            }
            for key in found[:SUGGESTED]
        ],
        more=len(found) > SUGGESTED,
    )


@require_http_methods(["GET", "POST"])
def register(request: Request) -> HttpResponse:
    """Make a resident known; one who is known already is offered instead."""
    actor = request.actor
    permissions.REGISTER.check(actor, Person(county_id=actor.county_id))
    form = PersonForm(
        actor,
        request.POST if request.method == "POST" else None,
        initial=_guessed(request.GET.get("q", "")),
    )
    known: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid():
        person = Person(county_id=actor.county_id, **form.cleaned_data)
        try:
            actions.register(person, by=actor)
        except Refused as error:
            error.put_on(form)
            known = error.links
        else:
            messages.success(request, _("已登记%(name)s。") % {"name": person.name})
            return redirect(person)
    return _person_form(request, form, known=known)


@require_POST
def card(request: Request) -> HttpResponse:
    """What a card tells: date of birth, sex, and whether its bearer is known."""
    actor = request.actor
    typed = request.POST.copy()
    known: list[tuple[str, str]] = []
    form = PersonForm(actor, typed)
    if typed.get("id_type") == actions.ID_CARD and typed.get("id_number", "").strip():
        try:
            number = rules.check_id_card(str(typed["id_number"]), field="id_number")
        except Refused as error:
            error.put_on(form)
        else:
            born, sex = rules.id_card_facts(number)
            typed["birth_date"], typed["sex"] = born.isoformat(), sex
            form = PersonForm(actor, typed)
            same = Person.objects.visible_to(actor).filter(id_type="01", id_number=number)
            known = [(person.name, person.get_absolute_url()) for person in same]
    return page(
        request, "people/register.html", part="from-card", form=form, known=known, from_card=True
    )


@require_http_methods(["GET", "POST"])
def correct(request: Request, pk: UUID) -> HttpResponse:
    """Correct what is known of a resident; the form shows the numbers, hence the trace."""
    actor = request.actor
    person = _person(actor, pk)
    permissions.CORRECT.check(actor, person)
    form = PersonForm(actor, request.POST if request.method == "POST" else None, instance=person)
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct(person, by=actor, **form.cleaned_data)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已更正%(name)s的信息。") % {"name": person.name})
            return redirect(person)
    trail.read(actor, SHOWN, person, basis=_("更正居民信息"), parts="numbers")
    return _person_form(request, form, person=person)


@require_POST
def show(request: Request, pk: UUID) -> HttpResponse:
    """The numbers in full, and a line in the trail that says who looked."""
    person = _person(request.actor, pk)
    trail.read(request.actor, SHOWN, person, basis=_("查看完整号码"), parts="numbers")
    return page(
        request,
        "people/show.html",
        part="numbers",
        person=person,
        full=True,
        card=knows_card(request.actor, person),
    )


@require_http_methods(["GET", "POST"])
def identifiers(request: Request, pk: UUID) -> HttpResponse:
    """The numbers by which others know the resident, and one more."""
    actor = request.actor
    person = _person(actor, pk)
    new = Identifier(person=person, county_id=person.county_id)
    permissions.IDENTIFY.check(actor, new)
    form = IdentifierForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(new, name, value)
        try:
            actions.identify(new, by=actor)
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已登记%(kind)s。") % {"kind": new.get_kind_display()})
            return redirect("people:identifiers", pk=person.pk)
    trail.read(actor, SHOWN, person, basis=_("登记标识号"), parts="numbers")
    return _act(
        request,
        person,
        form,
        heading=_("标识号"),
        verb=_("登记"),
        numbers=person.identifiers.order_by("kind", "issuer", "value"),
    )


@require_http_methods(["GET", "POST"])
def void(request: Request, pk: UUID) -> HttpResponse:
    """Strike out a registration made in error."""
    actor = request.actor
    person = _person(actor, pk)
    permissions.VOID.check(actor, person)
    form = VoidForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.void(person, by=actor, reason=form.words())
        messages.success(request, _("已作废%(name)s的登记。") % {"name": person.name})
        return redirect("people:list")
    return _act(
        request,
        person,
        form,
        heading=_("作废登记"),
        verb=_("作废"),
        warning=_("作废后不能再查到这份登记，证件号码可重新登记；已有病历保留。"),
    )


@require_http_methods(["GET", "POST"])
def report_death(request: Request, pk: UUID) -> HttpResponse:
    """Record a death."""
    actor = request.actor
    person = _person(actor, pk)
    permissions.REPORT_DEATH.check(actor, person)
    form = DeathForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.report_death(person, by=actor, died_on=form.cleaned_data["died_on"])
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已登记%(name)s死亡。") % {"name": person.name})
            return redirect(person)
    return _act(
        request,
        person,
        form,
        heading=_("登记死亡"),
        verb=_("登记死亡"),
        warning=_("登记后，该居民未完成的转诊等事项将终止。"),
    )


def _person(actor: Actor, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(actor), pk=pk)


def _may_register(actor: Actor) -> bool:
    return permissions.REGISTER.allows(actor, Person(county_id=actor.county_id))


def _long_enough(words: str) -> str:
    return words if len(words.strip()) >= parameters.get("person.search.min_chars") else ""


def _guessed(words: str) -> dict[str, Any]:
    """A search that found nobody fills the form: a number or a name."""
    key = rules.search_key(words)
    if key[:-1].isdigit() and len(key) in (15, 18):
        return {"id_number": words}
    if key.isdigit():
        return {"phone": words} if len(key) == 11 else {}
    return {"name": words}


def _person_form(request: Request, form: PersonForm, **context: Any) -> HttpResponse:
    return page(
        request,
        "people/register.html",
        part="form",
        status=422 if form.errors else 200,
        form=form,
        **context,
    )


def _act(request: Request, person: Person, form: Any, **context: Any) -> HttpResponse:
    return page(
        request,
        "people/act.html",
        part="form",
        status=422 if form.errors else 200,
        person=person,
        form=form,
        **context,
    )
