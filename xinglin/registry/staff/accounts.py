"""Accounts as sessions find them: with the posts one may act in, in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import F
from django.utils import timezone

from xinglin.kernel.prepared import SLOT, Cabinet, Prepared
from xinglin.registry.staff.models import Post, Practitioner, User

POST, PRACTITIONER, USER = (
    [field.attname for field in model._meta.concrete_fields] for model in (Post, Practitioner, User)
)

# By the day, for what is in force changes with it.
_queries: Cabinet[Prepared] = Cabinet()


def _prepare() -> Prepared:
    held = Post.objects.filter(practitioner__user=SLOT).held_on(timezone.localdate())
    beside = {f"p_{name}": F(f"practitioner__{name}") for name in PRACTITIONER}
    beside |= {f"u_{name}": F(f"practitioner__user__{name}") for name in USER}
    return Prepared(held.annotate(**beside).order_by("since", "id"))


class Accounts(ModelBackend):
    """Every page asks who is signed in and in which post: that is one question, not three."""

    def get_user(self, user_id: Any) -> User | None:
        query = _queries.get(timezone.localdate(), _prepare)
        held: list[Post] = []
        user: User | None = None
        for row in query.all(user_id):
            post = query.row(Post, POST, row[: len(POST)])
            rest = row[len(POST) :]
            post.practitioner = query.row(Practitioner, PRACTITIONER, rest[: len(PRACTITIONER)])
            user = user or query.row(User, USER, rest[len(PRACTITIONER) :])
            post.practitioner.user = user
            held.append(post)
        if user is None:
            found: User | None = super().get_user(user_id)
            return found
        user.held = held
        return user if self.user_can_authenticate(user) else None
