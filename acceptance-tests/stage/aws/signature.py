"""Signature version 4, from the side of the one who checks it."""

import hashlib
import hmac
from urllib.parse import parse_qsl, quote, urlsplit


def signing_key(secret, date, region, service):
    """The key for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def sign(secret, timestamp, region, service, canonical_request):
    """The signature of a canonical request; `timestamp` is X-Amz-Date."""
    date = timestamp[:8]
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{timestamp}\n{date}/{region}/{service}/aws4_request\n{digest}"
    return hmac.new(signing_key(secret, date, region, service), text.encode(), hashlib.sha256).hexdigest()


def canonical_query(pairs):
    """Query parameters, decoded, as signature version 4 writes them."""
    return "&".join(f"{name}={value}" for name, value in sorted((_encode(n), _encode(v)) for n, v in pairs))


def request_is_signed_by(call, secret):
    """Whether the Authorization header of a call was made with this secret."""
    parts = urlsplit(call.target)
    headers = "".join(f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in call.signed_headers)
    payload = call.headers.get("x-amz-content-sha256") or hashlib.sha256(call.body).hexdigest()
    query = canonical_query(parse_qsl(parts.query, keep_blank_values=True))
    signed = ";".join(call.signed_headers)
    canonical = f"{call.method}\n{parts.path or '/'}\n{query}\n{headers}\n{signed}\n{payload}"
    expected = sign(secret, call.headers.get("x-amz-date", ""), call.region, call.service, canonical)
    return hmac.compare_digest(expected, call.signature) and _payload_is(payload, call.body)


def _payload_is(declared, body):
    return declared == "UNSIGNED-PAYLOAD" or declared == hashlib.sha256(body).hexdigest()


def _encode(text):
    return quote(text, safe="-_.~")
