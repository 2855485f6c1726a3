"""Refusals in the form AWS gives them."""

import secrets


class AwsError(Exception):
    """An error answer of an AWS service: code, message and HTTP status."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def access_denied(message):
    """The answer to a caller who is known but not allowed."""
    return AwsError("AccessDenied", message, 403)


def denied(call, action, resource, reason):
    """The answer to a caller who is known but not allowed, in full; `reason` begins with because or with."""
    json = "x-amz-target" in call.headers
    told = f"on resource: {resource}" if resource else "on the resource associated with this ciphertext"
    if resource is None and call.operation not in ("Decrypt", "ReEncrypt"):
        told = "on resource: *"
    message = f"User: {call.identity.arn} is not authorized to perform: {action} {told} {reason}"
    if call.service == "ec2":
        told = f"You are not authorized to perform this operation. {message}. Encoded authorization failure message: "
        return AwsError("UnauthorizedOperation", told + secrets.token_urlsafe(60), 403)
    return AwsError("AccessDeniedException", message) if json else access_denied(message)


def no_such_entity(kind, name):
    """IAM's answer when a named thing does not exist; `kind` is IAM's own word, such as "role"."""
    return AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
