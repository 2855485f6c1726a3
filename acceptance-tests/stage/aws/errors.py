"""Refusals in the form AWS gives them."""


class AwsError(Exception):
    """An error answer of an AWS service: code, message and HTTP status."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def access_denied(message):
    """The answer to a caller who is known but not allowed."""
    return AwsError("AccessDenied", message, 403)


def no_such_entity(kind, name):
    """IAM's answer when a named thing does not exist; `kind` is IAM's own word, such as "role"."""
    return AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
