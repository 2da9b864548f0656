"""What the cluster and the protocol refuse, as a SessionError."""

from tui.session.errors import SessionError


class in_words:  # noqa: N801 - read as a phrase, `with in_words():`
    """Turn what the cluster and the protocol refuse into a SessionError."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from tui.clients.cluster import ClusterError
        from tui.mitigations.refusal import Refused
        from tui.model.keys import StoreError

        if isinstance(error, ClusterError | Refused | StoreError):
            raise SessionError(error.said, error.remedy) from error
