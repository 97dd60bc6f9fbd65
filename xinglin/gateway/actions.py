"""What people do with the machines that call."""

from __future__ import annotations

from django.utils.translation import gettext as _
from oauth2_provider.models import get_access_token_model, get_application_model

from xinglin.gateway import permissions
from xinglin.gateway.models import ClientPost
from xinglin.kernel import clock
from xinglin.kernel.access import Actor
from xinglin.kernel.actions import action
from xinglin.kernel.errors import Conflict, Refused, WrongState


class KnownClient(Conflict):
    code = "known-client"


@action(permissions.REGISTER_CLIENT)
def register_client(client: ClientPost, *, by: Actor, client_id: str, secret: str) -> ClientPost:
    """Let a machine call in a post; it signs in with its id and secret (client credentials).

        register_client(ClientPost(name="青山镇卫生院 HIS", post=post), by=admin,
                        client_id="demo-his", secret="xinglin-demo")

    Only a hash of the secret is kept.
    """
    application_model = get_application_model()
    client.clean_or_refuse(exclude=["application", "post"])
    for field, value in (("client_id", client_id), ("secret", secret)):
        if not value.strip() or not value.isprintable() or not value.isascii():
            raise Refused(_("客户端标识和密钥须为可打印的英文字符。"), field=field)
    if application_model.objects.filter(client_id=client_id).exists():
        raise KnownClient(_("客户端标识 %(id)s 已被使用。") % {"id": client_id}, field="client_id")
    client.application = application_model.objects.create(
        client_id=client_id,
        client_secret=secret,
        client_type=application_model.CLIENT_CONFIDENTIAL,
        authorization_grant_type=application_model.GRANT_CLIENT_CREDENTIALS,
        name=client.name,
    )
    client.save(force_insert=True)
    return client


@action(permissions.WITHDRAW_CLIENT)
def withdraw_client(client: ClientPost, *, by: Actor) -> ClientPost:
    """Stop a machine: its tokens end, its id stays taken; answered calls stay in the trail."""
    if client.withdrawn_at is not None:
        raise WrongState(_("该接口客户端已停用。"))
    client.withdrawn_at = clock.now()
    client.save()
    get_access_token_model().objects.filter(application_id=client.application_id).delete()
    return client
