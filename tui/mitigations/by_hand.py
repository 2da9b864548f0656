"""The kubectl commands that do the same by hand."""

import shlex


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
