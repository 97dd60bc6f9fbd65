"""Two registrations of one person become one, and two again; nothing is lost either way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.kernel import clock, trail
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict
from xinglin.kernel.outbox import publish
from xinglin.kernel.records import plain
from xinglin.registry.people import events, permissions, rules
from xinglin.registry.people.actions import indexing, moving
from xinglin.registry.people.actions.moving import CannotUnmerge
from xinglin.registry.people.actions.reviewing import NoReason, hand, suspect
from xinglin.registry.people.models import (
    OPEN_STATES,
    MatchReview,
    Merge,
    MergeMove,
    Person,
    ReviewState,
    SearchKey,
    Sex,
    merged_into,
)

# Filled in together or not at all: half of one address and half of another is neither.
TOGETHER = (
    ("id_type", "id_number"),
    ("province", "city", "district", "township", "village", "address_detail"),
    ("contact_name", "contact_phone"),
)
ALONE = (
    *("name", "sex", "birth_date", "health_record_no", "phone", "ethnicity", "payment_type"),
    *("managed_by", "deceased_on", "mother", "birth_order"),
)


class CannotMerge(Conflict):
    code = "cannot-merge"


Objection = Callable[[Person, Person], str]
# What apps above keep, and two registrations cannot bring together.
OBJECTIONS: list[Objection] = []


def objects_to_merging(find: Objection) -> Objection:
    """Ask an app before two become one: a sentence that says what must be settled first, or "".

    @people.objects_to_merging
    def two_places_at_once(survivor, loser): …
    """
    OBJECTIONS.append(find)
    return find


@action(permissions.MERGE)
def merge(merge: Merge, *, by: Actor) -> Merge:
    """Let one registration live on in another, with everything that is kept about the person.

    The survivor's empty fields take what the other says. Each row that was moved is remembered,
    so that `unmerge` gives back exactly those. A death that one of them says ends nothing that is
    open for the other: that could not be undone, and whoever owes the next step still does.
    """
    survivor, loser = _locked(merge)
    _refuse_impossible(merge, survivor, loser)
    before = {person: person.facts() for person in (survivor, loser)}
    loser.replaced_by = survivor
    loser.voided_at = clock.now()
    loser.void_reason = _("与另一份档案重复，已合并")
    loser.save()
    merge.filled = _fill(survivor, loser)
    survivor.save()
    merge.merged_by = by.name[:100]
    merge.reason = merge.reason.strip()
    merge.clean_or_refuse(exclude=["county", "survivor", "loser"])
    merge.save(force_insert=True)
    moving.move(merge)
    SearchKey.objects.filter(person=loser).delete()
    indexing.renew(survivor)
    for person in (survivor, loser):
        trail.record(by, permissions.MERGE.code, person, before=before[person])
    _settle(merge)
    told = {"merge_id": merge.pk, "county_id": merge.county_id}
    publish(events.PersonMerged(survivor_id=survivor.pk, loser_id=loser.pk, **told))
    return merge


@action(permissions.MERGE)
def gather(merge: Merge, *, by: Actor) -> Merge:
    """Fetch what somebody wrote to the merged registration while it was being merged."""
    if merge.undone_at is None:
        _locked(merge)
        moving.move(merge)
    return merge


@action(permissions.UNMERGE)
def unmerge(merge: Merge, *, by: Actor, reason: str) -> Merge:
    """Make two people of one again; what was written since stays with the survivor."""
    if merge.undone_at is not None:
        raise CannotUnmerge(_("这次合并已经撤销。"))
    if not reason.strip():
        raise NoReason(_("请写明撤销的原因。"), field="reason")
    survivor, loser = _locked(merge)
    _refuse_tangled(merge, survivor)
    before = {person: person.facts() for person in (survivor, loser)}
    _empty(survivor, merge.filled)
    survivor.save()
    loser.replaced_by = None
    loser.voided_at = None
    loser.void_reason = ""
    _refuse_taken(loser)
    loser.save()
    moving.move_back(merge)
    merge.undone_at = clock.now()
    merge.undo_reason = reason.strip()[:200]
    merge.save()
    indexing.renew(survivor)
    indexing.renew(loser)
    for person in (survivor, loser):
        trail.record(by, permissions.UNMERGE.code, person, before=before[person])
    _reopen(merge)
    told = {"merge_id": merge.pk, "county_id": merge.county_id}
    publish(events.PersonUnmerged(survivor_id=survivor.pk, loser_id=loser.pk, **told))
    return merge


# ------------------------------------------------------------------------------- what forbids it


def _locked(merge: Merge) -> tuple[Person, Person]:
    """Both registrations as they are now, locked in one order whoever survives."""
    rows = Person.objects.select_for_update().filter(pk__in=[merge.survivor_id, merge.loser_id])
    found = {person.pk: person for person in rows.order_by("pk")}
    merge.survivor, merge.loser = found[merge.survivor_id], found[merge.loser_id]
    return merge.survivor, merge.loser


def _refuse_impossible(merge: Merge, survivor: Person, loser: Person) -> None:
    if not merge.reason.strip():
        raise NoReason(_("请写明合并依据。"), field="reason")
    if survivor.pk == loser.pk:
        raise CannotMerge(_("这是同一份档案。"))
    if {survivor.county_id, loser.county_id} != {merge.county_id}:
        raise CannotMerge(_("只能合并本县的两份档案。"))
    for person in (survivor, loser):
        if person.replaced_by_id is not None:
            raise CannotMerge(_("“%(name)s”的这份档案已并入另一份。") % {"name": person.name})
        if person.voided_at is not None:
            raise CannotMerge(_("“%(name)s”的这份档案已作废。") % {"name": person.name})
    if loser in _mothers(survivor) or survivor in _mothers(loser):
        raise CannotMerge(_("母亲与子女的档案不能合并。"))
    for find in OBJECTIONS:
        sentence = find(survivor, loser)
        if sentence:
            raise CannotMerge(sentence)


def _mothers(person: Person) -> list[Person]:
    """Mother, grandmother and so on, as far as they are known."""
    found: list[Person] = []
    while person.mother is not None and person.mother not in found:
        person = person.mother
        found.append(person)
    return found


def _refuse_tangled(merge: Merge, survivor: Person) -> None:
    """What was merged later on top of this merge must be undone first."""
    later = survivor.replaced_by
    if later is not None:
        raise CannotUnmerge(
            _("保留的档案后来又并入“%(name)s”，请先撤销那次合并。") % {"name": later.name}
        )
    if survivor.voided_at is not None:
        raise CannotUnmerge(_("保留的档案已作废，不能撤销合并。"))
    widened = merge.moves.filter(kind=MergeMove.Kind.WIDENED).values("table", "row")
    for move in widened:
        again = MergeMove.objects.filter(
            **move,
            kind=MergeMove.Kind.WIDENED,
            merge__undone_at=None,
            merge__survivor=survivor,
            merge__created_at__gt=merge.created_at,
        )
        overlapping = again.select_related("merge__loser").first()
        if overlapping is not None:
            raise CannotUnmerge(
                _("之后又并入了“%(name)s”的同一条资料，请先撤销那次合并。")
                % {"name": overlapping.merge.loser.name}
            )


def _refuse_taken(loser: Person) -> None:
    """The numbers of whoever comes back must not be somebody else's by now."""
    living = Person.objects.filter(county_id=loser.county_id, voided_at=None).exclude(pk=loser.pk)
    for number, bearers in (
        (loser.id_number, living.filter(id_type=loser.id_type, id_number=loser.id_number)),
        (loser.source_id, living.filter(source=loser.source, source_id=loser.source_id)),
    ):
        bearer = bearers.first() if number else None
        if bearer is not None:
            raise CannotUnmerge(
                _("并入档案的号码现登记在“%(name)s”名下，请先更正后再撤销。")
                % {"name": bearer.name}
            )


# ------------------------------------------------------------------------------ what is filled in


def _fill(survivor: Person, loser: Person) -> dict[str, list[Any]]:
    """Take what the survivor does not say; each field's value before and after."""
    filled: dict[str, list[Any]] = {}
    for names in (*TOGETHER, *((name,) for name in ALONE)):
        told = ["id_number"] if "id_number" in names else names
        if any(_said(survivor, name) for name in told):
            continue
        for name in names:
            if _said(loser, name):
                field: Any = Person._meta.get_field(name)
                _take(survivor, filled, field.attname, getattr(loser, field.attname))
    if "id_number" in filled and rules.is_id_card(survivor.id_type, survivor.id_number):
        # The card knows better than whoever wrote the day down.
        born, sex = rules.id_card_facts(survivor.id_number)
        _take(survivor, filled, "birth_date", born)
        _take(survivor, filled, "sex", sex)
    return filled


def _take(survivor: Person, filled: dict[str, list[Any]], name: str, value: Any) -> None:
    before = getattr(survivor, name)
    if before != value:
        first = filled[name][0] if name in filled else plain(before)
        filled[name] = [first, plain(value)]
        setattr(survivor, name, value)


def _said(person: Person, name: str) -> bool:
    """Whether the registration tells it; a newborn's makeshift name and an unknown sex do not."""
    if name == "name":
        return not rules.is_provisional(person.name)
    if name == "sex":
        return person.sex in (Sex.MALE, Sex.FEMALE)
    field: Any = Person._meta.get_field(name)
    return getattr(person, field.attname) not in ("", None)


def _empty(survivor: Person, filled: dict[str, list[Any]]) -> None:
    """Give back what was filled in, where nobody has changed it, or what belongs to it, since."""
    changed = {
        name for name, (_old, new) in filled.items() if plain(getattr(survivor, name)) != new
    }
    for names in TOGETHER:
        if not changed.isdisjoint(names):
            changed |= set(names)
    for name, (before, _after) in filled.items():
        if name not in changed:
            field: Any = Person._meta.get_field(name)
            setattr(survivor, name, field.to_python(before))


# -------------------------------------------------------------------------------- what is settled


def _settle(merge: Merge) -> None:
    """Every open question whose two sides are one now is answered."""
    earlier = merged_into([merge.survivor_id])
    of_them = [merge.survivor_id, *(person.pk for person in earlier)]
    pair = Q(first__in=[merge.survivor_id, merge.loser_id]) & Q(
        second__in=[merge.survivor_id, merge.loser_id]
    )
    asked = MatchReview.objects.filter(first__in=of_them, second__in=of_them)
    for review in asked.filter(pair | Q(state__in=OPEN_STATES)):
        answer(review, by=system(merge.county_id), merge=merge)


@action(permissions.MERGE)
def answer(review: MatchReview, *, by: Actor, merge: Merge) -> MatchReview:
    """Close a question that a merge has answered."""
    review.state = ReviewState.MERGED
    review.merge = merge
    review.decided_at = clock.now()
    review.finish().save()
    return review


def _reopen(merge: Merge) -> None:
    """The pair was judged to be two; what the merge had answered besides is open again."""
    suspect(merge.survivor, merge.loser, 0, source=MatchReview.Source.CORRECTION)
    pair = [merge.survivor_id, merge.loser_id]
    answered = Q(merge=merge) | Q(first__in=pair, second__in=pair)
    for review in MatchReview.objects.filter(answered):
        part(review, by=system(merge.county_id), merge=merge)


@action(permissions.UNMERGE)
def part(review: MatchReview, *, by: Actor, merge: Merge) -> MatchReview:
    """Take back a merge's answer: the pair itself is two people, other pairs are open again."""
    review.merge = None
    if {review.first_id, review.second_id} == {merge.survivor_id, merge.loser_id}:
        review.state = ReviewState.DIFFERENT
        review.note = merge.undo_reason
        review.decided_at = clock.now()
        review.finish()
    else:
        review.state = ReviewState.OPEN
        review.decided_at = None
        hand(review, "people.review.due")
    review.save()
    return review
