"""The portal's door: from a URL and a body to a method, its parameters and somebody's rights.

`apidocs.bitrix24.com settings/how-to-call-rest-api`, `modules/rest/classes/general/rest_util.php`.
"""

import gzip
import math
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct, field

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.batches import batch
from bitsheet_tui.portal.demo.calls import Failure
from bitsheet_tui.portal.demo.desk import Desk
from bitsheet_tui.portal.demo.faults import Faults
from bitsheet_tui.portal.demo.http import Deliver, Request, Response
from bitsheet_tui.portal.demo.meters import Bucket, Operating
from bitsheet_tui.portal.demo.oauth import Tokens
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.stats import Stats
from bitsheet_tui.portal.demo.trouble import damaged, gateway, instead

_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Access-Control-Allow-Origin": "*",
    "X-Bitrix-Rest-Application": "demo",
}


class Door(Struct):
    """Answers requests."""

    office: Office
    bucket: Bucket
    operating: Operating
    faults: Faults
    stats: Stats
    tokens: Tokens = field(default_factory=Tokens)

    async def answer(self, request: Request) -> Response | Deliver:
        """What to send back."""
        self.stats.requests += 1
        params = parameters(request)
        fault = self.faults.of_request(_called(request.path, params))
        if fault is not None:
            self.stats.faults += 1
            spoiled = instead(fault)
            if spoiled is not None:
                return spoiled
        response = gateway(self.office.settings.limits, request, params)
        response = response or await self._answer(request, params)
        self.stats.bytes_out += len(response.body)
        return response if fault is None else damaged(fault, response)

    async def _answer(self, request: Request, params: dict[str, Any]) -> Response:
        try:
            if request.path.rstrip("/") == "/oauth/token":
                return Response(body=php.encode(self._renew(params)), headers=dict(_HEADERS))
            self._admit()
            name = self._authorise(request, params)
            desk = Desk(self.office, self.operating, self.faults, self.stats)
            body = await (batch(desk, params) if name.lower() == "batch" else desk.call(name, params))
        except Failure as failure:
            return self._failed(failure)
        headers = dict(_HEADERS)
        if self.office.settings.gzip and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        return Response(body=body, headers=headers)

    def _failed(self, failure: Failure) -> Response:
        limits, headers = self.office.settings.limits, dict(_HEADERS)
        if failure.status == 503 and limits.retry_after and limits.rate:
            headers["Retry-After"] = str(math.ceil(1 / limits.rate))
        return Response(status=failure.status, body=php.encode(failure.told), headers=headers)

    def _renew(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.tokens.renew(params, self.office.now(), f"{self.office.origin}/rest/", self.office.scopes)

    def _admit(self) -> None:
        if not self.bucket.admits(self.office.now()):
            self.stats.refused += 1
            raise Failure(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")

    def _authorise(self, request: Request, params: dict[str, Any]) -> str:
        """The method that is called, if the caller may call anything. Raises Failure."""
        parts = _parts(request.path)
        if len(parts) == 4 and parts[0] == "rest" and parts[1].isdigit():
            right = parts[1] == str(self.office.settings.user_id) and parts[2] == self.office.code
            if not right or self.office.revoked:
                status = self.office.settings.refused_status
                raise Failure(status, "INVALID_CREDENTIALS", "Invalid request credentials")
            return _bare(parts[3])
        if len(parts) == 2 and parts[0] == "rest":
            token = params.pop("auth", None) or params.pop("access_token", None) or _bearer(request)
            if not token:
                raise Failure(401, "NO_AUTH_FOUND", "Wrong authorization data")
            self.tokens.check(php.text(token), self.office.now())
            return _bare(parts[1])
        raise Failure(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")


def _parts(path: str) -> list[str]:
    return [unquote(part) for part in path.strip("/").split("/")]


def _bare(name: str) -> str:
    return name.removesuffix(".json").removesuffix(".xml")


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def parameters(request: Request) -> dict[str, Any]:
    """Query and body together; the body wins. A broken JSON body says nothing at all."""
    params = php.parse_str(request.query)
    if not request.body:
        return params
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        try:
            sent = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return params
        return params | (
            {key: php.listed(value) for key, value in sent.items()} if isinstance(sent, dict) else {}
        )
    return params | php.parse_str(request.body.decode("utf-8", "replace"))


def _called(path: str, params: dict[str, Any]) -> Iterable[str]:
    """The method of a request and those inside its batch, in lower case."""
    name = _bare(_parts(path)[-1]).lower()
    commands = params.get("cmd") if name == "batch" else None
    inside = php.members(commands) if commands else []
    return [name, *(command.partition("?")[0].lower() for command in inside if isinstance(command, str))]
