"""Files and batches of the server, through the real SDK: a class's homework, drawn overnight."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openai
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from serving import Server, connect, line, look, serving, wait_for

import dalle_nb as dn
from dalle_nb import ImageGenerator
from dalle_nb._serve import files
from dalle_nb._serve.running import Serving, open_server
from dalle_nb._serve.service import Service

ENDPOINT = "/v1/images/generations"
OVER = ("completed", "failed", "expired", "cancelled")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def client(server: Server) -> openai.OpenAI:
    return server.client()


def upload(client: openai.OpenAI, requests: Sequence[dict[str, Any]] | bytes, **more: Any) -> str:
    """Upload a file of requests and return its id."""
    data = requests if isinstance(requests, bytes) else "\n".join(map(json.dumps, requests)).encode()
    return client.files.create(file=("jobs.jsonl", data), purpose="batch", **more).id


def order(client: openai.OpenAI, source: str, endpoint: str = ENDPOINT, **more: Any) -> str:
    """Have a file of requests drawn, and return the batch's id."""
    made = client.batches.create(
        input_file_id=source,
        endpoint=endpoint,
        completion_window="24h",
        **more,  # type: ignore[arg-type]
    )
    return made.id


def finished(client: openai.OpenAI, batch: str) -> Any:
    """Return the batch when it is over."""
    wait_for(lambda: client.batches.retrieve(batch).status in OVER)
    return client.batches.retrieve(batch)


def results(client: openai.OpenAI, file: str | None) -> dict[str, Any]:
    """Return the lines of a result file by custom id."""
    assert file
    with client.files.with_streaming_response.content(file) as answer:
        rows = [json.loads(row) for row in answer.iter_lines()]
    return {row["custom_id"]: row for row in rows}


def test_a_batch_gives_each_request_its_picture_and_each_refusal_its_error(client: openai.OpenAI) -> None:
    """Requests are drawn in the background; every result carries its request's id, and errors have their own file."""
    asked = {f"r-{number}": f"一只猫 {number}" for number in range(5)}
    source = upload(
        client, [*(line(ident, words) for ident, words in asked.items()), line("bad", "[模拟:拒绝] 猫")]
    )
    batch = finished(client, order(client, source, metadata={"class": "3b"}))
    counts = batch.request_counts
    assert ("completed", 6, 5, 1) == (batch.status, counts.total, counts.completed, counts.failed)
    assert ({"class": "3b"}, "dall-e-2", source) == (batch.metadata, batch.model, batch.input_file_id)
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
    drawn = results(client, batch.output_file_id)
    for ident, row in drawn.items():
        assert (200, None) == (row["response"]["status_code"], row["error"])
        seen = look(base64.b64decode(row["response"]["body"]["data"][0]["b64_json"]))
        assert ((256, 256), asked[ident]) == (seen.size, seen.prompt)
    assert asked.keys() == drawn.keys()
    refused = results(client, batch.error_file_id)["bad"]
    assert (400, "content_policy_violation") == (
        refused["response"]["status_code"],
        refused["response"]["body"]["error"]["code"],
    )


def test_a_batch_edits_pictures_that_were_uploaded_before(client: openai.OpenAI, tmp_path: Path) -> None:
    """An edit names its inputs by the ids of uploaded files."""
    photo = tmp_path / "photo.png"
    Image.new("RGB", (1024, 1024), "olive").save(photo)
    picture = client.files.create(file=photo, purpose="vision")
    edit = line("e", "戴红帽子", model="gpt-image-2", images=[{"file_id": picture.id}], size="1024x1024")
    del edit["body"]["response_format"]
    lost = {**edit, "custom_id": "lost", "body": edit["body"] | {"images": [{"file_id": f"file-{'0' * 24}"}]}}
    source = upload(client, [edit | {"url": "/v1/images/edits"}, lost | {"url": "/v1/images/edits"}])
    batch = finished(client, order(client, source, "/v1/images/edits"))
    body = results(client, batch.output_file_id)["e"]["response"]["body"]
    assert (1024, 1024) == look(base64.b64decode(body["data"][0]["b64_json"])).size
    assert batch.usage.total_tokens == body["usage"]["total_tokens"] > 0
    assert 404 == results(client, batch.error_file_id)["lost"]["response"]["status_code"]


FAULTS: dict[str, tuple[Any, str, int | None]] = {
    "no JSON": (b'{"custom_id": "a"', "invalid_json_line", 1),
    "no object": (b"[1]", "invalid_json_line", 1),
    "deep": (b"[" * 100_000, "invalid_json_line", 1),
    "in a thousand pieces": ([line("a", "猫", extra=[[]] * 100_000)], "invalid_json_line", 1),
    "blanks": (b"\n \n", "empty_file", None),
    "no id": ([{**line("a", "猫"), "custom_id": ""}], "missing_required_parameter", 1),
    "no body": ([{**line("a", "猫"), "body": None}], "missing_required_parameter", 1),
    "twice": ([line("a", "猫"), line("b", "猫"), line("a", "狗")], "duplicate_custom_id", 3),
    "elsewhere": ([line("a", "猫") | {"url": "/v1/embeddings"}], "url_mismatch", 1),
    "two models": ([line("a", "猫"), line("b", "猫", model="dall-e-3")], "model_mismatch", 2),
    "a stream": ([line("a", "猫", stream=True)], "invalid_value", 1),
    "too many": ([line(str(number), "猫") for number in range(50_001)], "too_many_tasks", None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_with_a_fault_fails_before_anything_is_drawn(client: openai.OpenAI, fault: str) -> None:
    """A batch is made all the same, and fails: with the API's code, and the line at fault."""
    content, code, number = FAULTS[fault]
    batch = finished(client, order(client, upload(client, content)))
    assert ("failed", 0, None) == (batch.status, batch.request_counts.completed, batch.output_file_id)
    assert (code, number) == (batch.errors.data[0].code, batch.errors.data[0].line)


WRONG: dict[str, dict[str, Any]] = {
    "no such file": {"input_file_id": f"file-{'0' * 24}"},
    "a path": {"input_file_id": "../../../etc/passwd"},
    "no text": {"input_file_id": 7},
    "another endpoint": {"endpoint": "/v1/embeddings"},
    "a week": {"completion_window": "7d"},
    "much metadata": {"metadata": {str(number): "x" for number in range(17)}},
    "wide metadata": {"metadata": {"x": "y" * 513}},
    "a short life": {"output_expires_after": {"anchor": "created_at", "seconds": 1}},
    "unknown": {"priority": "high"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_order_that_no_batch_can_fill_is_refused(
    server: Server, client: openai.OpenAI, wrong: str
) -> None:
    """What is wrong with the order itself is said at once, and names the parameter."""
    said = {"input_file_id": "", "endpoint": ENDPOINT, "completion_window": "24h"}
    said["input_file_id"] = upload(client, [line("a", "猫")])
    answer = requests.post(f"{server.root}/v1/batches", json=said | WRONG[wrong], timeout=30)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["param"] in (*WRONG[wrong], "id")


def test_a_cancelled_batch_keeps_what_was_drawn(client: openai.OpenAI) -> None:
    """Cancelling lets what is being drawn come to its end and begins nothing more."""
    batch = order(client, upload(client, [line(str(number), "猫") for number in range(300)]))
    wait_for(lambda: client.batches.retrieve(batch).request_counts.completed > 0)
    assert "cancelling" == client.batches.cancel(batch).status
    over = finished(client, batch)
    assert ("cancelled", 300) == (over.status, over.request_counts.total)
    assert over.request_counts.completed == len(results(client, over.output_file_id)) < 300
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch)


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_batch_goes_on_after_the_server_starts_again(tmp_path: Path, kill: bool) -> None:
    """No request is lost or drawn into the results twice when the server ends in the middle, however it ends."""
    asked = {str(number) for number in range(40)}
    with serving(tmp_path) as server:
        batch = order(
            server.client(), upload(server.client(), [line(ident, "猫") for ident in sorted(asked)])
        )
        wait_for(lambda: server.client().batches.retrieve(batch).request_counts.completed >= 2)
        server.stop(kill=kill)
        server.start()
        over = finished(server.client(), batch)
        assert ("completed", 40, 40) == (
            over.status,
            over.request_counts.total,
            over.request_counts.completed,
        )
        with server.client().files.with_streaming_response.content(over.output_file_id) as answer:
            assert sorted(asked) == sorted(json.loads(row)["custom_id"] for row in answer.iter_lines())


def test_two_servers_in_one_home_draw_nothing_twice(tmp_path: Path) -> None:
    """A server leaves a batch alone that another one is at work on."""
    with serving(tmp_path) as first:
        batch = order(first.client(), upload(first.client(), [line(str(n), "猫") for n in range(20)]))
        wait_for(lambda: first.client().batches.retrieve(batch).request_counts.completed > 0)
        with serving(tmp_path) as second:
            assert 20 == len(results(second.client(), finished(second.client(), batch).output_file_id))
    assert 20 == ImageGenerator(home=tmp_path / "pictures").store.count()


def test_a_torn_line_is_drawn_anew_and_a_late_batch_expires(tmp_path: Path) -> None:
    """A line that a crash cut in two does not count; when the day is over, what is left is told as expired."""
    with serving(tmp_path) as server:
        asked = [line(str(number), "猫") for number in range(300)]
        batch = order(server.client(), upload(server.client(), asked))
        wait_for(lambda: server.client().batches.retrieve(batch).request_counts.completed >= 2)
        server.stop(kill=True)
        (note,) = tmp_path.glob(f"**/{batch}.json")
        draft = note.with_name(f"{batch}_output.jsonl")
        whole = draft.read_bytes()
        draft.write_bytes(whole + whole[:1000])
        note.write_text(json.dumps(json.loads(note.read_text()) | {"expires_at": 1}))
        server.start()
        over = finished(server.client(), batch)
        drawn = results(server.client(), over.output_file_id)
        late = results(server.client(), over.error_file_id)
        assert ("expired", whole.count(b"\n")) == (over.status, len(drawn))
        assert {"batch_expired"} == {row["error"]["code"] for row in late.values()}
        assert 300 == len(drawn.keys() | late.keys()) == len(drawn) + len(late)


def test_files_are_listed_in_pages_read_back_and_deleted(client: openai.OpenAI) -> None:
    """What was uploaded comes back byte for byte, the list is whole over its pages, and a deleted file is gone."""
    made = [client.files.create(file=(f"{n}.bin", bytes([n])), purpose="user_data").id for n in range(5)]
    listed = [file.id for file in client.files.list(limit=2, purpose="user_data")]
    assert sorted(made) == sorted(listed)
    assert [b"\0", b"\4"] == [client.files.content(made[place]).content for place in (0, 4)]
    for ident in made:
        assert client.files.delete(ident).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made[0])
    assert [] == list(client.files.list(purpose="user_data"))


def test_a_file_lives_as_long_as_it_was_told_to(client: openai.OpenAI) -> None:
    """A file for a batch lives thirty days unless another time was said, and pictures for ever."""
    short = client.files.create(
        file=("a", b"a"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    month = client.files.create(file=("a", b"a"), purpose="batch")
    ever = client.files.create(file=("a", b"a"), purpose="vision")
    assert (3600, 30 * 24 * 3600) == tuple(file.expires_at - file.created_at for file in (short, month))
    assert ever.expires_at is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=40), ident=st.text(max_size=40))
def test_no_name_and_no_id_leads_out_of_the_folder(server: Server, name: str, ident: str) -> None:
    """A file's name is only repeated, and an id that the server did not draw leads nowhere."""
    kept = requests.post(
        f"{server.root}/v1/files",
        files={"file": (name or "x", b"data")},
        data={"purpose": "user_data"},
        timeout=30,
    )
    assert kept.status_code in (200, 400)
    path = requests.utils.quote(ident, safe="")
    for method in ("GET", "DELETE"):
        assert requests.request(method, f"{server.root}/v1/files/x{path}", timeout=30).status_code == 404
    here = [path for path in server.folder.glob("**/served/**/*") if path.is_file()]
    assert all(path.suffix in (".bin", ".json", ".jsonl") for path in here)
    assert all(path.name.startswith(("file-", "batch_")) for path in here)


@pytest.mark.parametrize("path", ["../file", "%2e%2e%2f%2e%2e%2fpasswd", "file-" + "0" * 24 + "/../x"])
@pytest.mark.parametrize("place", ["files", "batches"])
def test_a_path_in_place_of_an_id_finds_nothing(server: Server, place: str, path: str) -> None:
    """Dots and slashes in an id are an id that is not there."""
    session = requests.Session()
    asked = session.prepare_request(requests.Request("GET", f"{server.root}/v1/{place}/x"))
    asked.url = f"{server.root}/v1/{place}/{path}"
    assert 404 == session.send(asked, timeout=30).status_code


def test_an_upload_that_is_no_form_or_too_large_is_refused(server: Server) -> None:
    """A body that is no form, has no file, is empty, or is larger than allowed is answered as OpenAI does."""
    url = f"{server.root}/v1/files"
    form = {"content-type": "multipart/form-data; boundary=x"}
    answers = [
        requests.post(url, json={}, timeout=30),
        requests.post(url, data=b"--y--", headers=form, timeout=30),
        requests.post(url, files={"other": b"a"}, data={"purpose": "batch"}, timeout=30),
        requests.post(url, files={"file": b""}, data={"purpose": "batch"}, timeout=30),
        requests.post(url, files={"file": b"a"}, data={"purpose": "../x"}, timeout=30),
    ]
    assert all(answer.status_code == 400 and answer.json()["error"]["message"] for answer in answers)


def test_a_client_has_only_so_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has as many files or bytes as a client may have is told so, and has room again after deleting some."""
    monkeypatch.setattr(files, "MOST_FILES", 2)
    monkeypatch.setattr(files, "MOST_ROOM", 100)
    with Serving(open_server(Service(generator=dn.ImageGenerator(backend="offline")), "127.0.0.1", 0)) as url:
        client = connect(url)
        first = upload(client, b"x" * 60)
        with pytest.raises(openai.APIStatusError, match="no room"):
            upload(client, b"x" * 60)
        upload(client, b"x")
        with pytest.raises(openai.APIStatusError, match="no room"):
            upload(client, b"x")
        client.files.delete(first)
        upload(client, b"x" * 60)


def test_each_client_sees_its_own_files_and_batches(tmp_path: Path) -> None:
    """One student's token neither lists, reads nor cancels what is another's."""
    tokens = tmp_path / "tokens.csv"
    tokens.write_text(f"name,token,cap\nanna,{'a' * 20},\n..,{'b' * 20},\n".replace("..", "b.."))
    tokens.chmod(stat.S_IRUSR | stat.S_IWUSR)
    with serving(tmp_path, "--tokens", str(tokens)) as server:
        anna, ben = server.client("a" * 20), server.client("b" * 20)
        source = upload(anna, [line("a", "猫")])
        batch = order(anna, source)
        assert [] == list(ben.files.list()) == list(ben.batches.list())
        for ask in (
            lambda: ben.files.content(source),
            lambda: ben.files.delete(source),
            lambda: ben.batches.retrieve(batch),
            lambda: ben.batches.cancel(batch),
            lambda: order(ben, source),
        ):
            with pytest.raises(openai.NotFoundError):
                ask()
        with pytest.raises(openai.AuthenticationError):
            server.client("c" * 20).files.list()
        assert "completed" == finished(anna, batch).status
