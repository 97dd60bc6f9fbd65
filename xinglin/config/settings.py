"""Django's settings: one file; what differs between installations is in `environment`."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from xinglin.config import environment as _environment

ENVIRONMENT = _environment.read()
PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent
HOME = ENVIRONMENT.home
DEMO = ENVIRONMENT.env == "demo"
DEBUG = ENVIRONMENT.debug
SECRET_KEY = _environment.secret_key(ENVIRONMENT)
ALLOWED_HOSTS = (
    ENVIRONMENT.allowed_hosts.split(",") if ENVIRONMENT.allowed_hosts else (["*"] if DEMO else [])
)

# The addresses under which people reach the house through a proxy that ends TLS.
CSRF_TRUSTED_ORIGINS = [origin for origin in ENVIRONMENT.origins.split(",") if origin]
if any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
METRICS_TOKEN = ENVIRONMENT.metrics_token

CATALOGUE = ROOT / "catalogue" if (ROOT / "catalogue").is_dir() else PACKAGE / "catalogue"
CATALOGUE_OVERLAY = ENVIRONMENT.catalogue

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "oauth2_provider",
    "xinglin.kernel",
    "xinglin.ui",
    "xinglin.registry.organisations",
    "xinglin.registry.terminology",
    "xinglin.registry.people",
    "xinglin.registry.agreements",
    "xinglin.registry.staff",
    "xinglin.clinical.privacy",
    "xinglin.clinical.record",
    "xinglin.clinical.capacity",
    "xinglin.clinical.orders",
    "xinglin.clinical.triage",
    "xinglin.clinical.emergency",
    "xinglin.clinical.careplans",
    "xinglin.clinical.referral",
    "xinglin.gateway",
    "xinglin.gateway.fhir",
    "xinglin.gateway.imports",
    "xinglin.gateway.demo",
    "xinglin.portal",
    # After ui, whose templates of widgets come first.
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "xinglin.portal.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "xinglin.portal.middleware.ActorMiddleware",
    "xinglin.portal.middleware.RefusalMiddleware",
    "xinglin.portal.middleware.MergedMiddleware",
]

ROOT_URLCONF = "xinglin.config.urls"
WSGI_APPLICATION = "xinglin.config.wsgi.application"

_LOADERS = [
    (
        "template_partials.loader.Loader",
        [
            (
                "django.template.loaders.cached.Loader",
                [
                    "django.template.loaders.filesystem.Loader",
                    "django.template.loaders.app_directories.Loader",
                ],
            )
        ],
    )
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": _LOADERS,
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "xinglin.ui.templatetags.ui",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.messages.context_processors.messages",
                "xinglin.portal.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "xinglin.ui.forms.Renderer"

DATABASES = {"default": _environment.database(ENVIRONMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["xinglin.registry.staff.accounts.Accounts"]
LOGIN_URL = "portal:login"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["xinglin.registry.staff.hashers.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
SESSION_COOKIE_AGE = 12 * 3600
SESSION_ENGINE = "xinglin.portal.sessions"
CSRF_FAILURE_VIEW = "xinglin.portal.errors.stale_page"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = ENVIRONMENT.language_code
LANGUAGES = [("zh-hans", _("中文")), ("en", _("英文"))]
LANGUAGE_COOKIE_NAME = "xinglin_language"
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
MEDIA_ROOT = HOME / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "xinglin.ui.assets.Storage"},
}
# An attachment may be larger than this; it then goes to a file instead of to memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
SILENCED_SYSTEM_CHECKS = ["fields.W342"]

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "api": _("读写本岗位可见的数据"),
        # SMART's names for reading by FHIR alone, in its first and second edition.
        "system/*.read": _("只读本岗位可见的 FHIR 资源"),
        "system/*.rs": _("只读本岗位可见的 FHIR 资源"),
    },
    "DEFAULT_SCOPES": ["api"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
