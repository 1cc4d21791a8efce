"""Who asks, the organisation, its projects, keys and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.exporter.web import connect, parts
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers, objects, places

if TYPE_CHECKING:
    from errtally.exporter.config import ExporterConfig

routes = Blueprint("sentry_organizations", __name__, url_prefix=answers.PREFIX)


@routes.get("/")
def index() -> Response:
    """Say who asks and what the token may."""
    return answers.answer({"version": "0", "auth": {"scopes": _scopes()}, "user": _user()})


@routes.get("/auth/")
@routes.get("/users/me/")
def who() -> Response:
    """Say who asks."""
    return answers.answer(_user())


@routes.get("/organizations/")
def organizations() -> Response:
    """List the one organisation."""
    return answers.listed([objects.organization(_url())])


@routes.get("/organizations/<organization>/")
def organization(organization: str) -> Response:
    """Return the organisation with its projects and team."""
    places.check_organization(organization)
    projects = [objects.project(place, _url()) for place in places.projects()]
    own = {**objects.organization(_url()), "projects": projects, "teams": [objects.team()], "orgRole": "member"}
    return answers.answer({**own, "access": _scopes()})


@routes.get("/projects/")
def projects() -> Response:
    """List the projects; ``query`` may hold the key of a DSN."""
    return answers.listed([objects.project(place, _url()) for place in _projects(request.args.get("query", ""))])


@routes.get("/organizations/<organization>/projects/")
def projects_of_organization(organization: str) -> Response:
    """List the projects."""
    places.check_organization(organization)
    return projects()


@routes.get("/teams/<organization>/<team>/projects/")
def projects_of_team(organization: str, team: str) -> Response:
    """List the projects of the one team: all of them."""
    places.check_organization(organization)
    if team not in {places.ORGANIZATION, "1"}:
        abort(404)
    return projects()


@routes.get("/projects/<organization>/<project>/")
def project(organization: str, project: str) -> Response:
    """Return a project."""
    places.check_organization(organization)
    return answers.answer(objects.project(places.project(project), _url()))


@routes.get("/organizations/<organization>/teams/")
@routes.get("/projects/<organization>/<project>/teams/")
def teams(organization: str, project: str = "") -> Response:
    """List the one team."""
    places.check_organization(organization)
    if project:
        places.project(project)
    return answers.listed([objects.team()])


@routes.get("/organizations/<organization>/environments/")
@routes.get("/projects/<organization>/<project>/environments/")
def environments(organization: str, project: str = "") -> Response:
    """List the environments of a project, or of all."""
    places.check_organization(organization)
    chosen = [places.project(project)] if project else places.projects()
    names = dict.fromkeys(name for place in chosen for name in place.environments)
    return answers.listed(
        [{"id": str(number), "name": name, "isHidden": False} for number, name in enumerate(names, 1)]
    )


@routes.get("/projects/<organization>/<project>/keys/")
def keys(organization: str, project: str) -> Response:
    """List the keys of a project: those that are configured, told to whoever may read the API."""
    places.check_organization(organization)
    place = places.project(project)
    config: ExporterConfig = part("config")
    known = next((one for one in config.projects if one.name == place.name), None)
    public = sorted(known.keys) if known is not None else [connect.ANY_KEY]
    if known is not None and not config.has_web_auth:
        public = []  # nobody had to say who they are
    return answers.listed([_key(place, number, key) for number, key in enumerate(public, 1)])


@routes.get("/organizations/<organization>/monitors/")
@routes.get("/projects/<organization>/<project>/monitors/")
def monitors(organization: str, project: str = "") -> Response:
    """List the scheduled jobs whose schedule is known."""
    places.check_organization(organization)
    name = places.project(project).name if project else None
    jobs: dict[tuple[str, str], dict[str, Any]] = {}
    for job in parts.reader().jobs():
        if name is not None and job["project"] != name:
            continue
        shown = jobs.setdefault((job["project"], job["monitor"]), _monitor(job))
        due = objects.iso8601(job["judged_next"])
        environment = {"name": job["environment"], "status": "active", "lastCheckIn": None, "nextCheckIn": due}
        shown["environments"].append(environment)
    return answers.listed(list(jobs.values()))


@routes.get("/users/me/regions/")
def regions() -> Response:
    """List the one region: this exporter."""
    return answers.answer({"regions": [{"name": places.ORGANIZATION, "url": _url()}]})


def _projects(query: str) -> list[places.ProjectPlace]:
    found = places.projects()
    if query.startswith("dsn:"):
        key = query.removeprefix("dsn:")
        owners = {project.name for project in part("config").projects if key in project.keys}
        return [place for place in found if place.name in owners]
    return [place for place in found if query.casefold() in place.name.casefold()]


def _key(place: places.ProjectPlace, number: int, key: str) -> dict[str, Any]:
    dsn = f"{_url().replace('://', f'://{key}@', 1)}/{place.id}"
    return {
        "id": f"{place.id}{number}",
        "name": f"Key {number}",
        "label": f"Key {number}",
        "public": key,
        "secret": "",
        "projectId": int(place.id),
        "isActive": True,
        "rateLimit": None,
        "dsn": {"public": dsn, "secret": dsn, "csp": f"{_url()}/api/{place.id}/security/?sentry_key={key}"},
        "dateCreated": objects.project(place, _url())["dateCreated"],
        "browserSdkVersion": "latest",
        "dynamicSdkLoaderOptions": {"hasReplay": False, "hasPerformance": False, "hasDebug": False},
    }


def _monitor(job: dict[str, Any]) -> dict[str, Any]:
    place, schedule = places.project(job["project"]), job["schedule"]
    is_interval = schedule["kind"] == "interval"
    return {
        "id": str(places.project_id(f"{job['project']}\0{job['monitor']}")),
        "slug": job["monitor"],
        "name": job["monitor"],
        "status": "active",
        "isMuted": False,
        "type": "cron_job",
        "config": {
            "schedule_type": schedule["kind"],
            "schedule": [int(float(schedule["value"])), schedule["unit"]] if is_interval else schedule["value"],
            "checkin_margin": int(schedule["margin_seconds"] // 60),
            "max_runtime": int(schedule["max_runtime_seconds"] // 60),
            "timezone": schedule["timezone"],
        },
        "project": objects.project(place, _url()),
        "environments": [],
        "dateCreated": objects.iso8601(0.0),
    }


def _user() -> dict[str, Any]:
    return objects.user(part("access").who())


def _url() -> str:
    url: str = part("config").external_url
    return url


def _scopes() -> list[str]:
    principal = part("access").principal()
    return objects.scopes(principal.scopes if principal is not None else ())
