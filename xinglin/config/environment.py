"""What the installation is told from outside, checked once at the start."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """The settings promised in the contract; a wrong value stops the start with a sentence."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    home: Path = Field(default=Path("var"), alias="XINGLIN_HOME")
    env: Literal["demo", "production"] = Field(default="demo", alias="XINGLIN_ENV")
    database_url: str = Field(default="", alias="DATABASE_URL")
    secret_key: str = Field(default="", alias="SECRET_KEY")
    catalogue: str = Field(default="", alias="XINGLIN_CATALOGUE")
    language_code: Literal["zh-hans", "en"] = Field(default="zh-hans", alias="LANGUAGE_CODE")
    allowed_hosts: str = Field(default="", alias="XINGLIN_HOSTS")
    origins: str = Field(default="", alias="XINGLIN_ORIGINS")
    metrics_token: str = Field(default="", alias="XINGLIN_METRICS_TOKEN")
    debug: bool = Field(default=False, alias="XINGLIN_DEBUG")

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("catalogue")
    @classmethod
    def _folder(cls, value: str) -> str:
        if value and not Path(value).is_dir():
            raise ValueError(f"XINGLIN_CATALOGUE names no folder: {value}")
        return value

    @field_validator("origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in filter(None, value.split(",")):
            if not origin.startswith(("https://", "http://")) or origin.endswith("/"):
                raise ValueError("XINGLIN_ORIGINS lists addresses such as https://xinglin.example")
        return value

    @field_validator("database_url")
    @classmethod
    def _known(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"sqlite", "postgres", "postgresql"}:
            raise ValueError("DATABASE_URL must start with sqlite: or postgres:")
        return value


def read() -> Environment:
    """The environment, or one sentence and exit code 2."""
    try:
        environment = Environment()
    except ValidationError as error:
        told = error.errors()[0]
        name = str(told["loc"][0]) if told["loc"] else "?"
        sys.exit(f"{name}: {told['msg']}")
    for folder in (environment.home, environment.home / "static"):
        folder.mkdir(parents=True, exist_ok=True)
    return environment


def secret_key(environment: Environment) -> str:
    """The given key; in a demo one is made and kept; production refuses to start without."""
    if environment.secret_key:
        return environment.secret_key
    if environment.env == "production":
        sys.exit("SECRET_KEY: required when XINGLIN_ENV is production")
    path = environment.home / "keys" / "secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50), "ascii")
    return path.read_text("ascii")


def database(environment: Environment) -> dict[str, object]:
    """Django's DATABASES entry for the URL; SQLite in the home folder by default.

    `?prepare=off` is for a pooler that hands a connection on after each transaction and does not
    carry prepared statements along.
    """
    url = urlsplit(environment.database_url)
    if url.scheme in {"", "sqlite"}:
        path = unquote(url.path)
        # sqlite:///relative and sqlite:////absolute, as the common URL form has it
        name = Path(path[1:]) if url.scheme and path else environment.home / "xinglin.sqlite3"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(name),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                    "PRAGMA mmap_size=134217728; PRAGMA cache_size=-16000; "
                    "PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    query = dict(parse_qsl(url.query))
    # None: the compiled queries of `kernel.prepared` are not prepared on the server either.
    options: dict[str, object] = {"prepare_threshold": None}
    if query.get("prepare") != "off":
        # Short queries over few rows cost less than compiling them to machine code; a pooler takes
        # no such wish with a connection.
        options = {"prepare_threshold": 0, "options": "-c jit=off"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or query.get("host", "")),
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
