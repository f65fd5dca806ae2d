"""Access tokens that expire and refresh tokens that renew them: `apidocs.bitrix24.com settings/oauth`."""

import secrets
from typing import Any

from bitsheet_tui.portal.demo.calls import Failure

LIFETIME = 3600


class Tokens:
    """What an application uses instead of a webhook."""

    client_id = "local.demo.1"

    def __init__(self) -> None:
        self.client_secret = secrets.token_hex(16)
        self._expiry: dict[str, float] = {}  # by access token
        self._refresh: set[str] = set()

    def issue(self, now: float, endpoint: str, scopes: set[str]) -> dict[str, Any]:
        """A fresh pair of tokens, as the token endpoint answers."""
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        self._expiry[access] = now + LIFETIME
        self._refresh.add(refresh)
        return {
            "access_token": access,
            "client_endpoint": endpoint,
            "domain": "oauth.bitrix.info",
            "expires": int(now) + LIFETIME,
            "expires_in": LIFETIME,
            "member_id": "a223c6b3710f85df22e9377d6c4f7553",
            "refresh_token": refresh,
            "scope": ",".join(sorted(scopes)),
            "server_endpoint": "https://oauth.bitrix.info/rest/",
            "status": "L",
            "user_id": 1,
        }

    def renew(self, params: dict[str, Any], now: float, endpoint: str, scopes: set[str]) -> dict[str, Any]:
        """What the token endpoint does. Raises Failure."""
        if params.get("grant_type") != "refresh_token":
            raise Failure(400, "invalid_request", "Invalid grant_type parameter")
        if params.get("client_id") != self.client_id or params.get("client_secret") != self.client_secret:
            raise Failure(400, "invalid_client", "Client not found")
        if params.get("refresh_token") not in self._refresh:
            raise Failure(400, "invalid_grant", "Invalid refresh token")
        self._refresh.remove(params["refresh_token"])
        return self.issue(now, endpoint, scopes)

    def check(self, token: str, now: float) -> None:
        """Raises Failure unless the token may be used."""
        expiry = self._expiry.get(token)
        if expiry is None:
            raise Failure(401, "invalid_token", "Unable to get application by token")
        if expiry <= now:
            raise Failure(401, "expired_token", "The access token provided has expired")

    def expire(self) -> None:
        """Let every access token run out at once."""
        self._expiry = dict.fromkeys(self._expiry, 0.0)
