"""Two registrations of one person become one, and two again; nothing is lost either way.

Whatever any app keeps about a person by a foreign key is found through the model, not by a
list: an app that comes later is taken in without a change here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from xinglin.kernel import bulk, clock, inbox, trail
from xinglin.kernel.access import Actor, system
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict
from xinglin.kernel.outbox import publish
from xinglin.kernel.records import Record, Workflow, plain
from xinglin.registry.people import events, permissions
from xinglin.registry.people.actions import indexing
from xinglin.registry.people.actions.reviewing import NoReason, hand, suspect
from xinglin.registry.people.models import (
    OPEN_STATES,
    MatchKey,
    MatchReview,
    Merge,
    MergeMove,
    Person,
    ReviewState,
    SearchKey,
)

# The index's own: derived anew, or told of both registrations as they were.
STAYING = {SearchKey, MatchKey, MatchReview, Merge}
# Filled in together or not at all: half of one address and half of another is neither.
TOGETHER = (
    ("id_type", "id_number"),
    ("province", "city", "district", "township", "village", "address_detail"),
    ("contact_name", "contact_phone"),
)
ALONE = (
    *("sex", "birth_date", "health_record_no", "phone", "ethnicity", "payment_type"),
    *("managed_by", "deceased_on", "mother", "birth_order"),
)
# Says nothing although something stands there.
NOTHING_SAID = {"", None, "0", "9"}


class CannotMerge(Conflict):
    code = "cannot-merge"


class CannotUnmerge(Conflict):
    code = "cannot-unmerge"


@action(permissions.MERGE)
def merge(merge: Merge, *, by: Actor) -> Merge:
    """Let one registration live on in another, with everything that is kept about the person.

    The survivor's empty fields take what the other says. Each row that was moved is remembered,
    so that `unmerge` gives back exactly those.
    """
    survivor, loser = _locked(merge)
    _refuse_impossible(merge, survivor, loser)
    before = {person: person.facts() for person in (survivor, loser)}
    dies = loser.deceased_on if survivor.deceased_on is None else None
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
    _move(merge)
    SearchKey.objects.filter(person=loser).delete()
    indexing.renew(survivor)
    for person in (survivor, loser):
        trail.record(by, permissions.MERGE.code, person, before=before[person])
    _settle(merge)
    told = {"merge_id": merge.pk, "county_id": merge.county_id}
    publish(events.PersonMerged(survivor_id=survivor.pk, loser_id=loser.pk, **told))
    if dies is not None:
        publish(events.PersonDied(person_id=survivor.pk, county_id=merge.county_id, died_on=dies))
    return merge


@action(permissions.MERGE)
def gather(merge: Merge, *, by: Actor) -> Merge:
    """Fetch what somebody wrote to the merged registration while it was being merged."""
    if merge.undone_at is None:
        _locked(merge)
        _move(merge)
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
    _move_back(merge)
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
    if survivor.mother_id == loser.pk or loser.mother_id == survivor.pk:
        raise CannotMerge(_("母亲与子女的档案不能合并。"))


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


# --------------------------------------------------------------------------------- what is moved


def links() -> Iterator[tuple[type[models.Model], models.ForeignKey[Any, Any]]]:
    """Every foreign key of every app that leads to a person and moves in a merge."""
    for relation in Person._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete):
            continue
        field: Any = getattr(relation, "field", None)
        if not isinstance(field, models.ForeignKey) or field.model in STAYING:
            continue
        if field.model is Person and field.name == "replaced_by":
            continue
        yield field.model, field


def _move(merge: Merge) -> None:
    known = set(merge.moves.values_list("table", "field", "row"))
    for model, field in links():
        table = model._meta.label
        rows = model._base_manager.filter(**{field.name: merge.loser_id})
        keys = [
            pk
            for pk in rows.select_for_update().values_list("pk", flat=True)
            if (table, field.name, str(pk)) not in known
        ]
        if not keys:
            continue
        moved = set(_turn(model, field, keys, merge.survivor_id))
        left = [pk for pk in keys if pk not in moved]
        _remember(merge, field, MergeMove.Kind.MOVED, [pk for pk in keys if pk in moved])
        _remember(merge, field, MergeMove.Kind.LEFT, left)
        for row in model._base_manager.filter(pk__in=left):
            _widen(merge, field, row)
        _follow(model, moved)


def _turn(
    model: type[models.Model], field: models.ForeignKey[Any, Any], keys: list[Any], to: Any
) -> list[Any]:
    """Let rows lead to another person; those that the database refuses stay. Which were turned."""
    rows = model._base_manager
    try:
        with transaction.atomic():
            for start in range(0, len(keys), 500):
                rows.filter(pk__in=keys[start : start + 500]).update(**{field.name: to})
        return keys
    except IntegrityError:
        # The survivor has one of them already.
        if len(keys) == 1:
            return []
    half = len(keys) // 2
    return [
        *_turn(model, field, keys[:half], to),
        *_turn(model, field, keys[half:], to),
    ]


def _widen(merge: Merge, field: models.ForeignKey[Any, Any], row: models.Model) -> None:
    """What the survivor has already takes in what the row that stays says more."""
    into = getattr(row, "widen", None)
    twin: Record | None = into(merge.survivor) if into is not None else None
    if twin is None:
        return
    before = type(twin)._base_manager.get(pk=twin.pk)
    assert isinstance(before, Record)
    if before.facts() == twin.facts():
        return
    twin.save()
    MergeMove(
        merge=merge,
        kind=MergeMove.Kind.WIDENED,
        table=twin._meta.label,
        field=field.name,
        row=str(twin.pk),
        before=before.facts(),
        after=twin.facts(),
    ).save(force_insert=True)


def _remember(
    merge: Merge, field: models.ForeignKey[Any, Any], kind: MergeMove.Kind, keys: Iterable[Any]
) -> None:
    table = field.model._meta.label
    bulk.insert(
        MergeMove,
        ("merge_id", "kind", "table", "field", "row", "before", "after"),
        [(merge.pk, kind.value, table, field.name, str(pk), {}, {}) for pk in keys],
    )


def _move_back(merge: Merge) -> None:
    moves = merge.moves.filter(kind=MergeMove.Kind.MOVED).order_by("table", "field", "id")
    for (table, name), group in groupby(moves, key=lambda move: (move.table, move.field)):
        model = apps.get_model(table)
        field: Any = model._meta.get_field(name)
        key: Any = model._meta.pk
        keys = [key.to_python(move.row) for move in group]
        # What has gone elsewhere since, or is no more, stays as it is.
        still = model._base_manager.filter(pk__in=keys, **{name: merge.survivor_id})
        here = list(still.values_list("pk", flat=True))
        if len(_turn(model, field, here, merge.loser_id)) != len(here):
            raise CannotUnmerge(
                _("“%(table)s”中有资料不能退回并入的档案，请先核对。")
                % {"table": model._meta.verbose_name}
            )
        _follow(model, here)
    for move in merge.moves.filter(kind=MergeMove.Kind.WIDENED).order_by("-id"):
        _narrow(move)


def _narrow(move: MergeMove) -> None:
    """Undo a widening, if nobody has touched the row since."""
    row = apps.get_model(move.table)._base_manager.filter(pk=move.row).first()
    if not isinstance(row, Record) or row.facts() != move.after:
        return
    for field in row._meta.concrete_fields:
        if field.attname in move.before:
            setattr(row, field.attname, field.to_python(move.before[field.attname]))
    row.save()


def _follow(model: type[models.Model], keys: Iterable[Any]) -> None:
    """The inbox names the person as the rows now do."""
    if issubclass(model, Workflow):
        for row in model._base_manager.filter(pk__in=list(keys), due_at__isnull=False):
            inbox.follow(row)


# ------------------------------------------------------------------------------ what is filled in


def _fill(survivor: Person, loser: Person) -> dict[str, list[Any]]:
    """Take what the survivor does not say; each field's value before and after."""
    filled: dict[str, list[Any]] = {}
    for names in (*TOGETHER, *((name,) for name in ALONE)):
        main = names[-1] if names[-1] == "id_number" else ""
        told = [main] if main else list(names)
        if any(_said(survivor, name) for name in told):
            continue
        for name in names:
            if _said(loser, name):
                field: Any = Person._meta.get_field(name)
                value = getattr(loser, field.attname)
                filled[field.attname] = [plain(getattr(survivor, field.attname)), plain(value)]
                setattr(survivor, field.attname, value)
    return filled


def _said(person: Person, name: str) -> bool:
    field: Any = Person._meta.get_field(name)
    return getattr(person, field.attname) not in (NOTHING_SAID if name == "sex" else {"", None})


def _empty(survivor: Person, filled: dict[str, list[Any]]) -> None:
    """Give back what was filled in, where nobody has changed it since."""
    for name, (before, after) in filled.items():
        if plain(getattr(survivor, name)) == after:
            field: Any = Person._meta.get_field(name)
            setattr(survivor, name, field.to_python(before))


# -------------------------------------------------------------------------------- what is settled


def _settle(merge: Merge) -> None:
    """Every open question whose two sides are one now is answered."""
    everybody = [merge.survivor, *indexing.merged_into(merge.survivor)]
    of_them = [person.pk for person in everybody]
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
