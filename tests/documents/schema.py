"""Discord's official OpenAPI document as a judge of requests and answers, for any test that has some.

The document is not part of this repository: `Schema.from_environment` reads the file that
`COACHSYNC_DISCORD_SCHEMA` names. Two things are laid over it, both below and nowhere else: `SUPPLEMENT`, the routes
that the trimmed document lacks, and `_loosen`, where the document is known to be stricter than Discord.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

VARIABLE = "COACHSYNC_DISCORD_SCHEMA"
_URI = "urn:discord"

_NO_BODY: dict[str, Any] = {"description": "no body"}
_CHANNEL = {"$ref": "#/components/schemas/GuildChannelResponse"}
_COUNTS = {
    "type": "object",
    "propertyNames": {"pattern": "^[1-9][0-9]*$"},
    "additionalProperties": {"type": "integer", "minimum": 0},
}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


_REFUSALS = {
    "429": {"$ref": "#/components/responses/ClientRatelimitedResponse"},
    "4XX": {"$ref": "#/components/responses/ClientErrorResponse"},
}

_MEMBERS = {"type": "array", "items": {"$ref": "#/components/schemas/GuildMemberResponse"}}

SUPPLEMENT: dict[tuple[str, str], dict[str, Any]] = {
    # Documented on docs.discord.com, absent from the trimmed document.
    ("/channels/{channel_id}", "get"): {"responses": {"200": _json(_CHANNEL), **_REFUSALS}},
    ("/channels/{channel_id}/permissions/{overwrite_id}", "delete"): {"responses": {"204": _NO_BODY, **_REFUSALS}},
    ("/guilds/{guild_id}/roles/{role_id}", "get"): {
        "responses": {"200": _json({"$ref": "#/components/schemas/GuildRoleResponse"}), **_REFUSALS}
    },
    ("/guilds/{guild_id}/roles/member-counts", "get"): {"responses": {"200": _json(_COUNTS), **_REFUSALS}},
    ("/guilds/{guild_id}/members/search", "get"): {
        "responses": {"200": _json(_MEMBERS), **_REFUSALS},
    },
    ("/guilds/{guild_id}/voice-states/@me", "get"): {
        "responses": {"200": _json({"$ref": "#/components/schemas/VoiceStateResponse"}), **_REFUSALS}
    },
}

_BITS = {"type": ["integer", "string", "null"], "pattern": "^(0|[1-9][0-9]*)$", "minimum": 0}


class SchemaMismatchError(AssertionError):
    """A request or an answer that Discord's document does not allow; says where and why."""


class Schema:
    """The document with its supplement, ready to judge. Paths are concrete, without the API prefix."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = copy.deepcopy(document)
        for (path, method), operation in SUPPLEMENT.items():
            self._document["paths"].setdefault(path, {}).setdefault(method, operation)
        _loosen(self._document)
        resource = DRAFT202012.create_resource(self._document)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        self._validators: dict[str, Draft202012Validator] = {}

    @classmethod
    def load(cls, path: str | Path) -> Schema:
        """Read the document from a file."""
        return cls(json.loads(Path(path).read_text("utf-8")))

    @classmethod
    def from_environment(cls) -> Schema | None:
        """The document that `COACHSYNC_DISCORD_SCHEMA` names; None where it is unset."""
        path = os.environ.get(VARIABLE)
        return cls.load(path) if path else None

    def check_request(self, method: str, path: str, body: object) -> None:
        """Judge a request: its route exists, its body fits and has no field unknown to the route.

        Raises:
            SchemaMismatchError: it does not.
        """
        template, operation = self._operation(method, path)
        described = operation.get("requestBody")
        if described is None:
            if body is not None:
                raise SchemaMismatchError(f"{method} {path}: takes no body, got {body!r}")
            return
        pointer = f"/paths/{_escaped(template)}/{method.lower()}/requestBody/content/application~1json/schema"
        self._validate(f"{method} {path} request", pointer, body)
        known = self._fields(described["content"]["application/json"]["schema"])
        unknown = set(body) - known if isinstance(body, dict) else set()
        if unknown:
            raise SchemaMismatchError(f"{method} {path}: fields unknown to Discord: {sorted(unknown)}")

    def check_response(self, method: str, path: str, status: int, body: object) -> None:
        """Judge an answer by its route and status; statuses of 500 and above are not described.

        Raises:
            SchemaMismatchError: the status is not one of the route's, or the body does not fit.
        """
        if status >= 500:
            return
        template, operation = self._operation(method, path)
        key = str(status) if str(status) in operation["responses"] else f"{status // 100}XX"
        if key not in operation["responses"]:
            raise SchemaMismatchError(f"{method} {path}: {status} is none of {sorted(operation['responses'])}")
        at, response = self._followed(
            f"/paths/{_escaped(template)}/{method.lower()}/responses/{key}", operation["responses"][key]
        )
        if "content" not in response:
            if body is not None:
                raise SchemaMismatchError(f"{method} {path}: {status} has no body, got {body!r}")
            return
        self._validate(f"{method} {path} answer {status}", f"{at}/content/application~1json/schema", body)

    def _followed(self, at: str, node: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        while "$ref" in node:
            at = node["$ref"].removeprefix("#")
            node = self._at(at)
        return at, node

    def _at(self, pointer: str) -> dict[str, Any]:
        node: Any = self._document
        for part in pointer.strip("/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return dict(node)

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        parts = path.partition("?")[0].split("/")
        fits = [template for template in self._document["paths"] if _fits(template.split("/"), parts)]
        for template in sorted(fits, key=lambda t: t.count("{")):
            operation = self._document["paths"][template].get(method.lower())
            if operation is not None:
                return template, operation
        raise SchemaMismatchError(f"{method} {path}: no such route")

    def _validate(self, what: str, pointer: str, value: object) -> None:
        if pointer not in self._validators:
            schema = {"$ref": f"{_URI}#{pointer.replace('{', '%7B').replace('}', '%7D')}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        problems = [
            f"{'.'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:300]}"
            for error in self._validators[pointer].iter_errors(value)
        ]
        if problems:
            raise SchemaMismatchError(f"{what}: " + "; ".join(problems))

    def _fields(self, schema: dict[str, Any]) -> set[str]:
        _, schema = self._followed("", schema)
        found = set(schema.get("properties", ()))
        for union in ("anyOf", "oneOf", "allOf"):
            for part in schema.get(union, ()):
                found |= self._fields(part)
        return found


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        (want.startswith("{") and part.isdigit()) or want == part for want, part in zip(template, parts, strict=True)
    )


def _loosen(document: dict[str, Any]) -> None:
    """Allow what Discord is known to do beside its document.

    Permission sets are written as strings too; an ordinary 429 has no `code`; codes of nested errors are strings.
    """
    schemas = document["components"]["schemas"]
    for request in _permission_writers(document):
        for field in {"permissions", "allow", "deny"} & request.keys():
            request[field] = _BITS
    error = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
    limited = schemas["RatelimitedResponse"]["allOf"]
    schemas["RatelimitedResponse"]["allOf"] = [
        error,
        *(part for part in limited if part.get("$ref") != "#/components/schemas/Error"),
    ]
    nested = copy.deepcopy(schemas["Error"])
    nested["properties"]["code"] = {"type": ["string", "integer"]}
    schemas["InnerErrors"]["properties"]["_errors"]["items"] = nested


def _permission_writers(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schemas = document["components"]["schemas"]
    for name in ("CreateRoleRequest", "UpdateRoleRequestPartial", "ChannelPermissionOverwriteRequest"):
        yield schemas[name]["properties"]
    put = document["paths"]["/channels/{channel_id}/permissions/{overwrite_id}"]["put"]
    yield put["requestBody"]["content"]["application/json"]["schema"]["properties"]
