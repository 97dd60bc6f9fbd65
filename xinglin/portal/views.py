"""Sign-in, workbench, inbox, notices, search: the pages that belong to no one module."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.views import LoginView
from django.db import connection
from django.db.models import Count, Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinglin.clinical.privacy.models import listed
from xinglin.clinical.referral.models import Referral
from xinglin.kernel import inbox as kernel_inbox
from xinglin.kernel import parameters
from xinglin.kernel.models import InboxItem, Notice
from xinglin.portal import context
from xinglin.portal.forms import PasswordForm, SignInForm
from xinglin.portal.middleware import SESSION_POST
from xinglin.registry.people.models import SearchKey
from xinglin.registry.staff.models import Post
from xinglin.ui.pages import page
from xinglin.ui.paging import paginate
from xinglin.ui.requests import Request


class SignIn(LoginView):
    """The one open page of the house."""

    template_name = "portal/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(demo=settings.DEMO, **kwargs)


@require_POST
def sign_out(request: Request) -> HttpResponse:
    logout(request)
    return redirect("portal:login")


@require_POST
def choose_language(request: Request) -> HttpResponse:
    """Keep the chosen language in a cookie, on this machine, signed in or not."""
    chosen = request.POST.get("language", "")
    response = redirect(_back(request))
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=365 * 86400, samesite="Lax"
        )
    return response


@require_POST
def switch_post(request: Request) -> HttpResponse:
    """Act in another post of one's own from now on."""
    held = Post.objects.visible_to(request.actor).held_by(request.actor.practitioner_id)
    post = get_object_or_404(held.held_on(timezone.localdate()), pk=request.POST.get("post"))
    request.session[SESSION_POST] = str(post.pk)
    messages.success(request, _("已切换到%(post)s。") % {"post": post})
    return redirect("portal:workbench")


@require_GET
def workbench(request: Request) -> HttpResponse:
    """Overdue, today, waiting for others: what the day asks of this post."""
    actor = request.actor
    if actor.person_id is not None:
        return redirect("resident:home")
    now = timezone.now()
    mine = InboxItem.objects.waiting_for(actor)
    today = timezone.localtime(now).replace(hour=23, minute=59, second=59)
    counts = mine.order_by().aggregate(
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        today=Count("pk", filter=Q(due_at__gte=now, due_at__lte=today)),
        all=Count("pk"),
    )
    others = (
        Referral.objects.visible_to(actor)
        .sent_by(actor)
        .open()
        .exclude(owner_id=actor.org_id)
        .for_pages()
        .order_by("due_at")
    )
    items, away = list(mine[:8]), list(others[:6])
    listed(actor, "referral.read", [*items, *away])
    return page(
        request,
        "portal/workbench.html",
        part="work",
        items=_dressed(items),
        counts=counts,
        others=away,
        others_count=others.order_by().count(),
        no_post=actor.org_id.int == 0,
    )


@require_GET
def inbox(request: Request) -> HttpResponse:
    """Everything that waits for this post, the most overdue first."""
    now = timezone.now()
    items = InboxItem.objects.waiting_for(request.actor)
    chosen = request.GET.get("show", "all")
    if chosen == "overdue":
        items = items.filter(due_at__lt=now)
    elif chosen == "urgent":
        items = items.exclude(urgency="routine")
    pager = paginate(request, items, parameters.get("paging.page_size"))
    listed(request.actor, "referral.read", pager.items)
    return page(
        request,
        "portal/inbox.html",
        part="list",
        pager=pager,
        rows=_dressed(pager.items),
        chosen=chosen,
        live=30,
    )


def _dressed(items: Any) -> list[dict[str, Any]]:
    """Inbox items with the words and the page of their kind."""
    rows = []
    for item in items:
        kind = kernel_inbox.KINDS[item.kind]
        duty = item.audience
        rows.append(
            {
                "item": item,
                "kind": kind,
                "url": kind.url(item.subject_id),
                "waiting": kind.waiting.get(duty) or _("已超时，请协调"),
                "raised": item.level > 0,
            }
        )
    return rows


@require_GET
def notices(request: Request) -> HttpResponse:
    """News for this post; reading the page clears the bell."""
    news = Notice.objects.for_actor(request.actor)
    pager = paginate(request, news, parameters.get("paging.page_size"))
    user: Any = request.user
    seen = user.notices_seen_at
    rows = [
        {
            "notice": notice,
            "url": kernel_inbox.KINDS[notice.kind].url(notice.subject_id),
            "new": seen is None or notice.at > seen,
        }
        for notice in pager.items
    ]
    user.notices_seen_at = timezone.now()
    user.save(update_fields=["notices_seen_at"])
    return page(request, "portal/notices.html", part="list", pager=pager, rows=rows)


@require_GET
def bell(request: Request) -> HttpResponse:
    _waiting, unread = context.glance(request, request.actor)
    return page(request, "ui/components/bell.html", bell=context.bell(unread))


@require_GET
def search(request: Request) -> HttpResponse:
    """One box for people and referral numbers."""
    # PostgreSQL has no NUL in a text, and nothing has one in its name.
    words = request.GET.get("q", "").replace("\0", "").strip()
    actor = request.actor
    if words:
        numbered = Referral.objects.visible_to(actor).filter(number__iexact=words).first()
        if numbered is not None:
            return redirect(numbered)
    keys = SearchKey.objects.visible_to(actor)
    pager = paginate(
        request,
        keys.matching(words),
        parameters.get("paging.page_size"),
        counting=keys.counting(words),
    )
    return page(
        request, "portal/search.html", part="list", pager=pager, words=words, search_words=words
    )


@require_http_methods(["GET", "POST"])
def account(request: Request) -> HttpResponse:
    """One's own account: posts and password."""
    user: Any = request.user
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, user)
        messages.success(request, _("密码已更换。"))
        return redirect("portal:account")
    return page(request, "portal/account.html", form=form, status=422 if form.errors else 200)


@require_GET
def parameters_page(request: Request) -> HttpResponse:
    """Every threshold and time limit in force, with its source: nothing is hidden in code."""
    return page(request, "portal/parameters.html", parameters=parameters.every())


@require_GET
def healthz(request: Request) -> HttpResponse:
    """The process answers: the do-nothing view that speed is measured against."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def readyz(request: Request) -> HttpResponse:
    """The house can work: its database answers and its storage can be written."""
    found = {"database": _database_answers(), "storage": _storage_writable()}
    ready = all(found.values())
    return JsonResponse(
        {name: "ok" if fine else "failed" for name, fine in found.items()},
        status=200 if ready else 503,
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever is wrong with it, it is not ready
        return False
    return True


def _storage_writable() -> bool:
    try:
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        probe = settings.MEDIA_ROOT / ".ready"
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _back(request: Request) -> str:
    """The page one came from, if it is ours."""
    came_from = request.POST.get("next") or request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()}):
        parts = urlsplit(came_from)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return "/"
