"""What people of the demo's shop do, by the exporter's API: they tell of deploys, and resolve what the fix mends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.exporter.demo.sender import TIMEOUT_SECONDS

if TYPE_CHECKING:
    import requests

    from errtally.exporter.demo.services import Service
    from errtally.exporter.demo.story import Stage

_REFUSED = frozenset({401, 403})


@dataclass(slots=True)
class Team:
    """The people of one service.

    Args:
        url: address of the exporter.
        session: the connection to it.
        token: with the scopes `write` and `ingest-artifacts`; none is needed where no login is configured.

    Attributes:
        refused: whether the exporter wants a login that they don't have; the traffic goes on without them.
    """

    url: str
    session: requests.Session
    token: str = ""
    refused: bool = False
    _headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def act(self, service: Service, stage: Stage) -> None:
        """Do what a stage that begins asks for; the first one only goes on with what there is.

        Raises:
            requests.RequestException: nothing answers.
        """
        if not stage.begins or service.regression is None:
            return
        deploy = {
            "project": service.project,
            "release": stage.release(service),
            "environment": names.DEFAULT_ENVIRONMENT,
        }
        self._ask("POST", "/api/deploys", json=deploy)
        if stage.is_fixed:
            found = self._ask("GET", "/api/issues", params={"project": service.project, "limit": "100"})
            for issue in found.get("issues", []):
                if issue.get("type") == service.regression.type:
                    path = f"/api/issues/{issue['issue']}/resolve"
                    self._ask("POST", path, params={"project": service.project}, json={})

    def _ask(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 (of requests)
        if self.refused:
            return {}
        url = self.url.rstrip("/") + path
        answer = self.session.request(method, url, headers=self._headers, timeout=TIMEOUT_SECONDS, **arguments)
        self.refused = answer.status_code in _REFUSED
        return answer.json() if answer.ok else {}
