"""The kubectl commands that do the same by hand; quoted for a shell."""

import shlex
from collections.abc import Mapping

from tui.clients.cluster import Cluster


def set_env(
    *,
    context: str,
    namespace: str,
    deployment: str,
    variable: str,
    value: str | None,
    container: str = "",
    kubeconfig: str = "",
) -> str:
    """`kubectl … set env deployment/NAME VAR=value`, or `VAR-` to unset it; quoted for a shell.

    Args:
        container: only where the pod has several, since kubectl sets it in all of them otherwise.
        kubeconfig: only where the settings name one, since kubectl would use another.
    """
    argv = ["kubectl"]
    if kubeconfig:
        argv += ["--kubeconfig", kubeconfig]
    argv += ["--context", context, "-n", namespace, "set", "env", f"deployment/{deployment}"]
    if container:
        argv += ["-c", container]
    argv.append(f"{variable}-" if value is None else f"{variable}={value}")
    return shlex.join(argv)


def resume(*, context: str, namespace: str, deployment: str, kubeconfig: str = "") -> str:
    """`kubectl … rollout resume deployment/NAME`."""
    chosen = ["--kubeconfig", kubeconfig] if kubeconfig else []
    argv = ["kubectl", *chosen, "--context", context, "-n", namespace]
    return shlex.join([*argv, "rollout", "resume", f"deployment/{deployment}"])


def of(cluster: Cluster, *verb: str) -> str:
    """`kubectl … VERB deployment/NAME …`: the name goes after the verb's words that are no option."""
    chosen = ["--kubeconfig", cluster.kubeconfig] if cluster.kubeconfig else []
    words = [word for word in verb if not word.startswith("-")]
    options = [word for word in verb if word.startswith("-")]
    argv = ["kubectl", *chosen, "--context", cluster.context, "-n", cluster.namespace]
    return shlex.join([*argv, *words, f"deployment/{cluster.deployment_name}", *options])


def set_variables(cluster: Cluster, values: Mapping[str, str | None], container: str = "") -> str:
    """As `set_env`, of several variables at once."""
    (first, value), *more = values.items()
    command = set_env(
        context=cluster.context,
        namespace=cluster.namespace,
        deployment=cluster.deployment_name,
        variable=first,
        value=value,
        container=container,
        kubeconfig=cluster.kubeconfig,
    )
    rest = [f"{name}-" if text is None else f"{name}={text}" for name, text in more]
    return f"{command} {shlex.join(rest)}" if rest else command
