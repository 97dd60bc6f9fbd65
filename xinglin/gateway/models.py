"""The machines that may call, and the answers that are kept so that a call can be repeated."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import NONE, Actor
from xinglin.kernel.ids import new_id
from xinglin.kernel.records import Record
from xinglin.registry.staff.models import Post

if TYPE_CHECKING:
    from typing import Self


class ClientPostQuerySet(models.QuerySet["ClientPost"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.county_id == NONE:
            return self.none()
        return self.filter(post__practitioner__county_id=actor.county_id)


class ClientPost(Record):
    """That a machine, known by its OAuth2 client, acts in a post: at a house, in a role."""

    application = models.OneToOneField(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
        models.PROTECT,
        related_name="client_post",
        editable=False,
        verbose_name=_("接口客户端"),
    )
    post = models.ForeignKey(
        Post, models.PROTECT, related_name="client_posts", verbose_name=_("岗位")
    )
    name = models.CharField(_("系统名称"), max_length=100)
    withdrawn_at = models.DateTimeField(_("停用时间"), null=True, blank=True, editable=False)

    objects: ClassVar[ClientPostQuerySet] = ClientPostQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("接口客户端")

    def __str__(self) -> str:
        return self.name

    def trail_county_id(self) -> UUID | None:
        return self.post.trail_county_id()


class StoredAnswerQuerySet(models.QuerySet["StoredAnswer"]):
    def visible_to(self, actor: Actor) -> Self:
        """A caller sees its own answers."""
        return self.filter(caller_id=actor.user_id, post_id=actor.post_id)

    def claim(self, actor: Actor, key: str, digest: str) -> tuple[StoredAnswer, bool]:
        """The row of a key, and whether it is ours to fill.

        Within a transaction: whoever comes second waits for the first to commit.
        """
        mine = StoredAnswer(caller_id=actor.user_id, post_id=actor.post_id, key=key, digest=digest)
        self.bulk_create([mine], ignore_conflicts=True)
        standing = self.visible_to(actor).get(key=key)
        return standing, standing.pk == mine.pk

    def fill(self, pk: UUID, *, status: int, headers: dict[str, str], content: bytes) -> None:
        self.filter(pk=pk).update(status=status, headers=headers, content=content)

    def purge(self, before: datetime) -> int:
        """Forget what is old; how many answers were."""
        return self.filter(created_at__lt=before).delete()[0]


class StoredAnswer(models.Model):
    """What was answered to a request with an idempotency key, kept to be given again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    caller_id = models.UUIDField()
    post_id = models.UUIDField()
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    content = models.BinaryField(default=b"")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[StoredAnswerQuerySet] = StoredAnswerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("已存应答")
        constraints = [
            models.UniqueConstraint(fields=["caller_id", "post_id", "key"], name="answer_key_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="answer_age")]

    def __str__(self) -> str:
        return self.key
