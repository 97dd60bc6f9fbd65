"""Who is asking, in which post and language; and how a refusal reaches a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from xinglin.kernel.access import NOBODY, NONE, Actor
from xinglin.kernel.errors import Refused
from xinglin.registry.people.models import Person
from xinglin.registry.staff.models import Post, User
from xinglin.ui.pages import refused

Handler = Callable[[HttpRequest], HttpResponse]

# What may be asked for without signing in; everything else is a login page.
OPEN_ADDRESSES = (
    "/login/",
    "/language/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/favicon.ico",
)
# Doors that know their callers by token and answer in their own manner.
MACHINE_ADDRESSES = ("/api/", "/oauth/", "/fhir/")

# What somebody may still do who holds no post: everything else does not exist for them.
POSTLESS_ADDRESSES = ("/", "/account/", "/logout/")

SESSION_POST = "post"


class LanguageMiddleware:
    """The reader's language: their choice in a cookie, else the installation's.

    The browser's wish is not asked: a county's machines are often set to whatever.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.known = {code for code, _label in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen not in self.known and request.path.startswith(MACHINE_ADDRESSES):
            asked = request.headers.get("Accept-Language", "")[:2].lower()
            chosen = {"en": "en", "zh": "zh-hans"}.get(asked, "")
        language = chosen if chosen in self.known else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class ActorMiddleware:
    """`request.actor`: the signed-in person in the post they chose; NOBODY without one.

    Closed by default: without a session every page but the few open ones is the login page.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path
        if path.startswith(MACHINE_ADDRESSES):
            request.actor = NOBODY  # type: ignore[attr-defined]
            return self.get_response(request)
        if path.startswith(OPEN_ADDRESSES):
            request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        if request.actor.org_id == NONE and path not in POSTLESS_ADDRESSES:  # type: ignore[attr-defined]
            return refused(request, "", status=404)
        return self.get_response(request)


class RefusalMiddleware:
    """A refusal that no view caught becomes its sentence, on a page or in a part of one."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused) or request.path.startswith(MACHINE_ADDRESSES):
            return None
        return refused(request, str(error), status=error.status)


class MergedMiddleware:
    """The address of a registration that was merged leads to the one it lives on in.

    Whichever door it is: what was not found is asked for again under the survivor's id, with the
    same method. Merges can be undone, so nobody is told to remember the new address.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 404 or request.resolver_match is None:
            return response
        for value in request.resolver_match.kwargs.values():
            living = survivor_of(request, value)
            if living is not None:
                path = request.get_full_path().replace(str(value), str(living.pk), 1)
                return HttpResponseRedirectWithMethod(path)
        return response


class HttpResponseRedirectWithMethod(HttpResponseRedirect):
    status_code = 307


def survivor_of(request: HttpRequest, value: Any) -> Person | None:
    """Whom a merged registration lives on in, if the caller may know of either."""
    actor: Actor = getattr(request, "actor", NOBODY)
    try:
        pk = value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None
    merged = Person.objects.replaced_for(actor).filter(pk=pk).select_related("replaced_by").first()
    return merged.living if merged is not None else None


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a session: the chosen post if it is still in force, else the first one."""
    user: Any = request.user
    if not isinstance(user, User) and not getattr(user, "is_authenticated", False):
        return NOBODY
    held: list[Post] = user.held
    if not held:
        return Actor(user_id=user.pk, name=user.username)
    chosen = request.session.get(SESSION_POST)
    post = next((post for post in held if str(post.pk) == chosen), None)
    if post is None:
        post = held[0]
        request.session[SESSION_POST] = str(post.pk)
    return post.actor(user_id=user.pk, name=post.practitioner.name, address=address_of(request))
