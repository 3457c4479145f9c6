"""What a `/v1/videos` request brings: its key, its fields, its picture; from JSON or a form.

The invariant: never more in memory than the limits named here, and a body that breaks off or lies is refused whole.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from serve_app.graphql.request import read_bounded
from serve_app.http.uploads import bounded
from serve_app.http.videos_wire import ApiError

BODY_BYTES_MAX = 256 * 1024
PICTURE_BYTES_MAX = 20 * 1024 * 1024
KEY_CHARS_MAX = 150


def key_of(request: Request) -> str:
    """The caller's own key, or one nobody else has: then a retry is another video."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return f"v1.{secrets.token_hex(16)}"
    if not 1 <= len(given) <= KEY_CHARS_MAX or not given.isascii() or not given.isprintable():
        words = f"`Idempotency-Key` has 1 to {KEY_CHARS_MAX} printable characters."
        raise ApiError(400, "invalid_value", words, "Idempotency-Key")
    return f"v1:{given}"


async def body_of(request: Request) -> tuple[dict[str, Any], bytes | None]:
    """The fields and the picture, from JSON or a form. Raises `ApiError`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request)
    if kind not in ("application/json", ""):
        raise ApiError(415, "unsupported_media_type", "Send JSON or multipart/form-data.")
    try:
        data = json.loads(await read_bounded(request, BODY_BYTES_MAX))
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "invalid_json", "The body is not JSON.") from error
    if not isinstance(data, dict):
        raise ApiError(400, "invalid_json", "The body is a JSON object.")
    if data.pop("input_reference", None) is not None:
        words = "Send the picture as a file, in multipart/form-data."
        raise ApiError(400, "unsupported_parameter", words, "input_reference")
    return data, None


async def _form(request: Request) -> tuple[dict[str, Any], bytes | None]:
    stream = bounded(request.stream(), PICTURE_BYTES_MAX + BODY_BYTES_MAX)
    parser = MultiPartParser(request.headers, stream, max_files=1, max_fields=16)
    try:
        form: FormData = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise ApiError(400, "bad_request", "This is not a multipart form.") from error
    try:
        data: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        if "metadata" in data:
            data["metadata"] = json.loads(data["metadata"])
        file = form.get("input_reference")
        if isinstance(file, str):
            words = "Send `input_reference` as a file."
            raise ApiError(400, "unsupported_parameter", words, "input_reference")
        others = [name for name, value in form.items() if isinstance(value, UploadFile) and name != "input_reference"]
        if others:
            raise ApiError(400, "unknown_parameter", f"Unknown parameter: '{others[0][:64]}'.", others[0][:64])
        return data, await file.read() if file is not None else None
    except ValueError as error:
        raise ApiError(400, "invalid_value", "`metadata` is a JSON object.", "metadata") from error
    finally:
        await form.close()
