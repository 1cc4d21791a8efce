"""Logging in and out with a form, for browsers: they can't send a token, and their own dialog can't be left again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, render_template, request, url_for

from errtally.exporter.web.access import SESSION_COOKIE, remote, too_many
from errtally.exporter.web.openid import STATE_COOKIE, STATE_SECONDS, OpenIdError
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from errtally.exporter.web.access import Access
    from errtally.exporter.web.openid import OpenId

routes = Blueprint("login", __name__)

# A path of this exporter. Browsers read a backslash as a slash and skip control characters, so that "/\evil" and
# "/<tab>/evil" would lead to another site.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def local_path(asked: str | None, base: str = "") -> str:
    """Return where to go after the login: what was asked for, when it is a path of this exporter, else the issues."""
    home = f"{base}/"
    return asked if asked and _LOCAL_PATH.fullmatch(asked) and asked.startswith(home) else home


@routes.get("/login")
def form() -> Response | str:
    """Ask for name and password, or the token."""
    target = local_path(request.args.get("next"), request.script_root)
    config = part("config")
    if not config.has_web_auth or _access().principal() is not None:
        return redirect(target, 303)
    provider = config.people.provider
    if provider is not None and provider.auto_login and "next" in request.args:
        return redirect(url_for("login.openid", next=target), 303)
    return _form(target, "")


@routes.post("/login")
def begin() -> Response | tuple[str, int]:
    """Log a browser in."""
    target = local_path(request.form.get("next"), request.script_root)
    config, access = part("config"), _access()
    if not config.has_web_auth:
        return redirect(target, 303)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403, "this form was sent by another site")
    if wait_seconds := access.attempts.wait_seconds(remote()):
        return too_many(wait_seconds)
    username, password = request.form.get("username", "").strip(), request.form.get("password")
    if (known := access.password_kind(username, password)) is not None:
        kind = known
    elif (token := request.form.get("token", "").strip()) and (begun := access.session_kind(token)) is not None:
        kind = begun
    else:
        access.attempts.failed(remote())
        return _form(target, "That is not right. Check it and try again."), 401
    access.attempts.succeeded(remote())
    response = redirect(target, 303)
    _set_cookie(response, SESSION_COOKIE, access.new_session(kind), config.people.session_seconds)
    return response


@routes.get("/login/oidc")
def openid() -> Response | tuple[str, int]:
    """Lead to the OpenID provider, and take its answer, which it sends a browser back with."""
    access, provider = _access(), _provider()
    if not {"state", "code", "error"} & request.args.keys():
        target = local_path(request.args.get("next"), request.script_root)
        try:
            address, state = provider.begin(target)
        except OpenIdError as exc:
            return _form(target, str(exc)), 502
        response = redirect(address, 303)
        _set_cookie(response, STATE_COOKIE, state, STATE_SECONDS)
        return response
    try:
        found = provider.finish(request.cookies.get(STATE_COOKIE, ""), request.args)
    except OpenIdError as exc:
        return _form(request.script_root + "/", str(exc)), 403
    response = redirect(local_path(found.target, request.script_root), 303)
    _set_cookie(
        response,
        SESSION_COOKIE,
        access.new_session(access.provider_kind(found.name, found.role)),
        part("config").people.session_seconds,
    )
    response.delete_cookie(STATE_COOKIE, path=_cookie_path())
    return response


def _provider() -> OpenId:
    """Return what talks with the provider; 404 where none is configured."""
    provider: OpenId | None = part("openid")
    if provider is None:
        abort(404)
    return provider


def _set_cookie(response: Response, name: str, value: str, seconds: float) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(seconds),
        path=_cookie_path(),
        secure=str(part("config").external_url).startswith("https://"),
        httponly=True,
        samesite="Lax",  # not Strict: a link in a notification has to find the login
    )


@routes.post("/logout")
def end() -> Response:
    """Log a browser out."""
    if _access().is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")
    response = redirect(url_for("login.form"), 303)
    response.delete_cookie(SESSION_COOKIE, path=_cookie_path())
    return response


def _cookie_path() -> str:
    """Where the cookie is sent: behind a proxy, other programs of the same host do not get it."""
    return request.script_root or "/"


def _form(target: str, problem: str) -> str:
    config = part("config")
    return render_template(
        "login.html",
        target=target,
        problem=problem,
        with_password=config.web_password is not None or bool(config.people.users),
        provider=config.people.provider,
        with_proxy=config.people.proxy is not None,
        with_token=_access().has_tokens(),
    )


def _access() -> Access:
    access: Access = part("access")
    return access
