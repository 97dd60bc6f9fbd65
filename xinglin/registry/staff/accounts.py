"""Accounts as sessions find them: with the posts one may act in, in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.utils import timezone

from xinglin.registry.staff.models import Post, User


class Accounts(ModelBackend):
    """Every page asks who is signed in and in which post: that is one question, not three."""

    def get_user(self, user_id: Any) -> User | None:
        held = list(
            Post.objects.select_related("practitioner__user")
            .filter(practitioner__user=user_id)
            .held_on(timezone.localdate())
            .order_by("since", "id")
        )
        if not held:
            found: User | None = super().get_user(user_id)
            return found
        user = held[0].practitioner.user
        user.held = held
        return user if self.user_can_authenticate(user) else None
