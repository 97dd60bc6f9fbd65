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
from xinglin.kernel.models import Job
from xinglin.registry.people import (
    actions,
    comparing,
    duplicates,
    matching,
    permissions,
    rules,
)
from xinglin.registry.people.forms import (
    DeathForm,
    FilterForm,
    IdentifierForm,
    PersonForm,
    ReviewFilterForm,
    ReviewForm,
    UnmergeForm,
    VoidForm,
)
from xinglin.registry.people.models import (
    OPEN_STATES,
    Identifier,
    MatchReview,
    Merge,
    Person,
    SearchKey,
    knows_card,
)
from xinglin.ui.forms import options
from xinglin.ui.pages import form_page, page
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
        suspected=MatchReview.objects.visible_to(request.actor).open().count()
        if request.actor.may(permissions.REVIEW.code)
        else None,
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
    alike: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        person, numbers = Person(county_id=actor.county_id, **form.facts()), form.numbers()
        try:
            # The person still stands at the counter: the best moment to ask.
            found = [] if form.why_new() else actions.lookalikes(person, numbers)
            if not found:
                actions.register(person, by=actor, checked=form.why_new(), numbers=numbers)
        except Refused as error:
            error.put_on(form)
            known = error.links
        else:
            if not found:
                messages.success(request, _("已登记%(name)s。") % {"name": person.name})
                return redirect(person)
            form.add_error(
                "checked", _("系统中有相似的居民，请先核对；确为另一人的，选择依据后再登记。")
            )
            alike = [comparing.candidate(person, each) for each in found]
    return _person_form(request, form, known=known, alike=alike)


@require_POST
def card(request: Request) -> HttpResponse:
    """What a card tells: date of birth, sex, and whether its bearer is known."""
    actor = request.actor
    typed = request.POST.copy()
    known: list[tuple[str, str]] = []
    form = PersonForm(actor, typed)
    if typed.get("id_type") == rules.ID_CARD and typed.get("id_number", "").strip():
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
            actions.correct(person, by=actor, **form.facts())
        except Refused as error:
            error.put_on(form)
        else:
            messages.success(request, _("已更正%(name)s的信息。") % {"name": person.name})
            return redirect(person)
    trail.read(actor, SHOWN, person, basis=permissions.CORRECTING.kept(), parts="numbers")
    return _person_form(request, form, person=person)


@require_POST
def show(request: Request, pk: UUID) -> HttpResponse:
    """The numbers in full, and a line in the trail that says who looked."""
    person = _person(request.actor, pk)
    trail.read(request.actor, SHOWN, person, basis=permissions.SHOWING.kept(), parts="numbers")
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
    trail.read(actor, SHOWN, person, basis=permissions.IDENTIFYING.kept(), parts="numbers")
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


@require_GET
def reviews(request: Request) -> HttpResponse:
    """The pairs that may be one person, the likeliest first."""
    filters = ReviewFilterForm(request.GET)
    filters.is_valid()
    asked = filters.cleaned_data
    pairs = MatchReview.objects.visible_to(request.actor)
    pairs = pairs.exclude(state__in=OPEN_STATES) if asked.get("state") == "done" else pairs.open()
    if asked.get("source"):
        pairs = pairs.filter(source=asked["source"])
    return page(
        request,
        "people/reviews.html",
        part="list",
        filters=filters,
        pager=paginate(
            request,
            pairs.select_related("first", "second").order_by("-weight", "id"),
            parameters.get("paging.page_size"),
        ),
    )


@require_http_methods(["GET", "POST"])
def search_duplicates(request: Request) -> HttpResponse:
    """Start the search through the whole county, and see how far it is."""
    actor = request.actor
    permissions.REVIEW.check(actor, MatchReview(county_id=actor.county_id))
    last = duplicates.last(actor)
    busy = last is not None and last.state in (Job.State.WAITING, Job.State.RUNNING)
    if request.method == "POST":
        if not busy:
            duplicates.start(by=actor)
        return redirect("people:duplicates")
    return page(request, "people/duplicates.html", part="outcome", job=last, busy=busy)


@require_http_methods(["GET", "POST"])
def review(request: Request, pk: UUID) -> HttpResponse:
    """Both registrations side by side with the weight of each field; and the judgement."""
    actor = request.actor
    pair = get_object_or_404(
        MatchReview.objects.visible_to(actor).select_related(
            "first__replaced_by", "second__replaced_by", "merge"
        ),
        pk=pk,
    )
    # One of them may live on in a third registration by now.
    sides = (pair.first.living or pair.first, pair.second.living or pair.second)
    form = ReviewForm(
        request.POST if request.method == "POST" else None,
        may_merge=permissions.MERGE.allows(actor, pair),
    )
    if request.method == "POST" and form.is_valid():
        try:
            done = _judge(pair, sides, form.cleaned_data, actor)
        except Refused as error:
            form.add_error(next((n for n in error.fields if n in form.fields), None), str(error))
        else:
            messages.success(request, done)
            return redirect("people:reviews")
    for person in sides:
        trail.read(actor, SHOWN, person, basis=permissions.COMPARING.kept())
    return page(
        request,
        "people/review.html",
        part="form",
        status=422 if form.errors else 200,
        review=pair,
        sides=sides,
        compared=comparing.pair(*sides, matching.compare(*sides)),
        form=form,
    )


def _judge(
    pair: MatchReview, sides: tuple[Person, Person], told: dict[str, Any], actor: Actor
) -> str:
    decision, reason = told["decision"], told["reason"]
    if decision == "different":
        actions.distinguish(pair, by=actor, reason=reason)
        return _("已记为不是同一人。")
    if decision == "wait":
        actions.postpone(pair, by=actor, reason=reason)
        return _("已记下，留待以后核对。")
    if not pair.is_open:
        raise actions.judged(pair)
    survivor, loser = sides if decision == "first" else reversed(sides)
    merge = Merge(county_id=pair.county_id, survivor=survivor, loser=loser, reason=reason)
    actions.merge(merge, by=actor)
    return _("已合并，保留“%(name)s”的档案。") % {"name": survivor.name}


@require_http_methods(["GET", "POST"])
def merge(request: Request, pk: UUID) -> HttpResponse:
    """One merge: what was moved, and the way back."""
    actor = request.actor
    found = get_object_or_404(
        Merge.objects.visible_to(actor).select_related("survivor", "loser"), pk=pk
    )
    may_undo = found.undone_at is None and permissions.UNMERGE.allows(actor, found)
    form = UnmergeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.unmerge(found, by=actor, reason=form.cleaned_data["reason"])
        except Refused as error:
            form.add_error("reason", str(error))
        else:
            messages.success(request, _("已撤销合并，两份档案各自恢复。"))
            return redirect(found)
    return page(
        request,
        "people/merge.html",
        part="form",
        status=422 if form.errors else 200,
        merge=found,
        moves=comparing.moves(found),
        filled=[Person.label_of(name.removesuffix("_id")) for name in found.filled],
        form=form if may_undo else None,
    )


@require_GET
def merges(request: Request) -> HttpResponse:
    """What was merged in the county, the latest first."""
    return page(
        request,
        "people/merges.html",
        part="list",
        pager=paginate(
            request,
            Merge.objects.visible_to(request.actor)
            .select_related("survivor", "loser")
            .order_by("-created_at", "-id"),
            parameters.get("paging.page_size"),
        ),
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
    return form_page(request, "people/act.html", form, person=person, **context)
