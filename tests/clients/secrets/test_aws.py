"""The key in AWS Secrets Manager: by boto3, against moto's server."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.clients.secrets.benches import NEW, OLD, OTHER, THEIRS, Aws, refusal
from tests.clients.secrets.test_clouds import tells_nothing
from tests.support.between import LOSE, Between
from tui.clients.secrets import StoreError
from tui.model.secret import Secret

World = tuple[Aws, Between]


def target(name: str) -> Any:
    return lambda request, body: request.headers.get("X-Amz-Target") == f"secretsmanager.{name}"


async def test_the_label_is_moved_from_the_version_that_was_read_alone(aws: World) -> None:
    """Somebody stores between our put and our move: theirs stays, and ours is never in use."""
    bench, way = aws
    store = await bench.open()
    before = (await store.read()).version

    def theirs(request: Any, body: bytes) -> bool:
        if bench.writes(request, body) and bench.value("AWSCURRENT") == OLD:
            bench.somebody_writes(THEIRS)
        return False

    way.fault(theirs, LOSE)
    with pytest.raises(StoreError) as caught:
        await store.write(Secret(NEW), after=before, token="change-1")
    assert (caught.value.outcome, caught.value.sent) == ("conflict", False)
    assert bench.values() == [OLD, THEIRS]
    assert not bench.version("LEEWARD")  # AWS may delete what nobody uses


async def test_a_lost_answer_to_the_put_leaves_the_key_in_use_and_the_repeat_puts_nothing_twice(
    aws: World,
) -> None:
    bench, way = aws
    store = await bench.open()
    before = (await store.read()).version
    way.fault(target("PutSecretValue"), LOSE)
    with pytest.raises(StoreError) as caught:
        await store.write(Secret(NEW), after=before, token="change-1")
    assert caught.value.outcome == "unknown"
    assert (bench.value("AWSCURRENT"), bench.count()) == (OLD, 2)
    await store.write(Secret(NEW), after=before, token="change-1")
    assert (bench.value("AWSCURRENT"), bench.count()) == (NEW, 2)


async def test_the_same_token_with_another_key_is_refused(aws: World) -> None:
    bench, way = aws
    store = await bench.open()
    before = (await store.read()).version
    way.fault(target("PutSecretValue"), LOSE)
    with pytest.raises(StoreError):
        await store.write(Secret(NEW), after=before, token="change-1")
    with pytest.raises(StoreError, match="has a version of this change with another value"):
        await store.write(Secret(THEIRS), after=before, token="change-1")
    assert bench.value("AWSCURRENT") == OLD


async def test_who_may_put_and_not_move_is_told_that_the_key_lies_there_unused(aws: World) -> None:
    bench, way = aws
    store = await bench.open()
    before = (await store.read()).version
    way.fault(bench.writes, refusal("AccessDeniedException", "not authorized to perform: that"))
    with pytest.raises(StoreError) as caught:
        await store.write(Secret(NEW), after=before, token="change-1")
    assert (
        "secretsmanager:UpdateSecretVersionStage is missing. The current key is unchanged."
        in caught.value.said
    )
    assert "labelled LEEWARD" in caught.value.said
    assert bench.value("AWSCURRENT") == OLD


async def test_the_other_members_of_an_object_stay_in_their_order(aws: World) -> None:
    bench, _ = aws
    bench.somebody_writes(json.dumps({"url": "https://api.mistral.ai", "api-key": OLD, "other": OTHER}))
    bench.named = bench.in_json()
    store = await bench.open()
    before = await store.read()
    assert before.secret == Secret(OLD)
    await store.write(Secret(NEW), after=before.version, token="change-1")
    expected = {"url": "https://api.mistral.ai", "api-key": NEW, "other": OTHER}
    assert list(json.loads(bench.value("AWSCURRENT")).items()) == list(expected.items())
    previous = await store.previous()
    assert previous is not None
    assert previous.secret == Secret(OLD)
    assert "--rawfile key /dev/stdin" in store.by_hand()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no JSON " + OTHER, "holds no JSON object"),
        ('{"a": "b"}', "no text under api-key"),
        ("[1]", "no JSON"),
    ],
)
async def test_an_object_without_the_key_is_refused_without_quoting_it(
    aws: World, value: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench, _ = aws
    caplog.set_level(logging.DEBUG)
    bench.somebody_writes(value)
    caplog.clear()  # what the one who wrote it logs is not ours
    bench.named = bench.in_json()
    with pytest.raises(StoreError, match=said) as caught:
        await (await bench.open()).read()
    tells_nothing(caught.value, caplog)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal("ExpiredTokenException", "expired"), "The login for AWS Secrets Manager .* has expired"),
        (refusal("UnrecognizedClientException", "no"), "AWS does not know the credentials"),
        (refusal("InvalidRequestException", "deleted"), "cannot be changed as it is"),
        (refusal("DecryptionFailure", "kms"), "cannot use the KMS key"),
        (refusal("AccessDeniedException", "Access to KMS is not allowed"), "kms:Decrypt is missing"),
        (refusal("ThrottlingException", "Rate exceeded"), "was asked too often"),
        (refusal("InternalServiceError", "oops", 500), r"fails \(HTTP 500\)"),
        (refusal("ValidationException", "no"), r"refuses the request \(ValidationException\)"),
        (refusal(OLD, "no"), "fails"),
    ],
)
async def test_what_aws_refuses_is_told_with_a_remedy(
    aws: World, answer: tuple[int, bytes, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench, way = aws
    caplog.set_level(logging.DEBUG)
    way.fault(target("GetSecretValue"), answer)
    with pytest.raises(StoreError, match=said) as caught:
        await (await bench.open()).read()
    assert caught.value.remedy
    tells_nothing(caught.value, caplog)


async def test_a_secret_that_is_not_there(aws: World) -> None:
    bench, _ = aws
    where = msgspec.structs.replace(bench.named.aws, secret_id="prod/none")
    bench.named = msgspec.structs.replace(bench.named, aws=where)
    with pytest.raises(StoreError, match="There is no AWS Secrets Manager prod/none"):
        await (await bench.open()).read()


async def test_no_credentials_are_said_with_what_to_do(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, _ = aws
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match="There are no credentials for AWS") as caught:
        await (await bench.open()).read()
    assert "Log in to AWS" in caught.value.remedy


async def test_no_region_is_said_and_one_in_the_arn_is_enough(aws: World) -> None:
    bench, _ = aws
    where = msgspec.structs.replace(bench.named.aws, region="", endpoint_url="")
    bench.named = msgspec.structs.replace(bench.named, aws=where)
    with pytest.raises(StoreError, match="No region is known"):
        await (await bench.open()).read()
    arn = str(bench.client.describe_secret(SecretId=bench.id)["ARN"])
    url = bench.client.meta.endpoint_url
    where = msgspec.structs.replace(where, secret_id=arn, endpoint_url=url)
    bench.named = msgspec.structs.replace(bench.named, aws=where)
    assert (await (await bench.open()).read()).secret == Secret(OLD)


PROFILES = """
[profile asks]
role_arn = arn:aws:iam::123456789012:role/responder
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/ana
[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY
[profile runs]
credential_process = {program}
"""


@pytest.fixture
def pressed() -> Iterator[None]:
    """A key that was pressed waits at the process' standard input."""
    kept, (reads, writes) = os.dup(0), os.pipe()
    os.write(writes, b"y\n")
    os.dup2(reads, 0)
    yield
    os.dup2(kept, 0)
    for one in (kept, reads, writes):
        os.close(one)


@pytest.mark.usefixtures("pressed")
async def test_a_login_program_reads_nothing_of_the_terminal_and_no_code_is_asked_for(
    aws: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt in a thread would take the console's keys, or hang where nobody sees it."""
    bench, _ = aws
    program = tmp_path / "login"
    found = {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "abc"}
    # It gives credentials only where there is nothing to read and no terminal to ask at.
    program.write_text(
        "#!/bin/sh\nread line && exit 1\n(exec 3< /dev/tty) 2> /dev/null && exit 1\n"
        f"echo '{json.dumps(found)}'\n"
    )
    program.chmod(0o755)
    (tmp_path / "config").write_text(PROFILES.format(program=program))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for profile in ("runs", "asks"):
        where = msgspec.structs.replace(bench.named.aws, profile=profile)
        bench.named = msgspec.structs.replace(bench.named, aws=where)
        store = await bench.open()
        if profile == "runs":
            assert (await store.read()).secret == Secret(OLD)
            continue
        with pytest.raises(StoreError, match="wants a code of a second factor") as caught:
            await store.read()
        assert "in a shell" in caught.value.remedy


async def test_what_stands_in_the_way_is_named(aws: World) -> None:
    bench, way = aws
    store = await bench.open()
    assert await store.obstacles() == ()
    assert len(await store.notes()) == 1
    described = {
        "ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:a",
        "DeletedDate": 1.0,
        "OwningService": "rds",
        "PrimaryRegion": "us-east-1",
        "RotationEnabled": True,
    }
    answer = (200, json.dumps(described).encode(), "application/x-amz-json-1.1")
    way.fault(target("DescribeSecret"), answer)
    found = await store.obstacles()
    assert [line.split(" ")[0:3] for line in found] == [
        ["it", "is", "deleted,"],
        ["another", "AWS", "service"],
        ["it", "is", "a"],
    ]
    way.fault(target("DescribeSecret"), answer)
    assert "AWS rotates this secret by itself" in (await store.notes())[0]
    way.fault(target("DescribeSecret"), refusal("AccessDeniedException", "no"))
    assert await store.obstacles() == ()


async def test_the_permission_to_read_is_known_before_and_named(aws: World) -> None:
    bench, way = aws
    store = await bench.open()
    assert await store.permissions() == ()
    way.fault(target("GetSecretValue"), refusal("AccessDeniedException", "no"))
    assert await store.permissions() == ("secretsmanager:GetSecretValue",)


async def test_bytes_that_are_no_text_are_refused(aws: World) -> None:
    bench, _ = aws
    bench.client.put_secret_value(SecretId=bench.id, SecretBinary=b"\x00\xff")
    with pytest.raises(StoreError, match="holds bytes and no text"):
        await (await bench.open()).read()
