"""Who we are for a cluster, and what we may: its own reviews, which every login may ask for."""

from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.cluster_http import at
from tui.model.text import clean


async def whoami(connection: Connection) -> str:
    """Our name, by the server; the kubeconfig's name for us where it cannot tell (before 1.28)."""
    group = "authentication.k8s.io"
    try:
        answer = await connection.json(
            "POST",
            f"/apis/{group}/v1/selfsubjectreviews",
            connection.asked("create", "selfsubjectreviews", "a review of who we are", group),
            body={"apiVersion": f"{group}/v1", "kind": "SelfSubjectReview"},
        )
    except ClusterError as error:
        if error.reason in (Reason.MISSING, Reason.FORBIDDEN):
            return connection.user
        raise
    name = at(answer, "status", "userInfo", "username")
    if isinstance(name, str) and name:
        connection.user = clean(name, limit=120)
    return connection.user


async def may(
    connection: Connection, verb: str, group: str, resource: str, name: str = "", subresource: str = ""
) -> bool:
    """Whether we may do this in the connection's namespace, by the server's own access review."""
    attributes = {
        "namespace": connection.namespace,
        "verb": verb,
        "group": group,
        "resource": resource,
        "name": name,
        "subresource": subresource,
    }
    reviews = "authorization.k8s.io"
    answer = await connection.json(
        "POST",
        f"/apis/{reviews}/v1/selfsubjectaccessreviews",
        connection.asked("create", "selfsubjectaccessreviews", "an access review", reviews),
        body={
            "apiVersion": f"{reviews}/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        },
    )
    return at(answer, "status", "allowed") is True
