"""What the bench's server answers, and what it refuses, each time with a problem and what to do."""

import http.client
import json
import os
import time

import pytest

from spingan.bench.jobs import MOST_RUNNING
from spingan.bench.server import FILES, PAGES, listening
from spingan.errors import UserError

SETTINGS = {"model": "clothes-longer"}


def assert_refused(answer, status: int, *words: str) -> None:
    """A status, and a problem and a remedy in words."""
    found, said, _ = answer
    assert found == status, said
    assert said["problem"] and "remedy" in said
    for word in words:
        assert word in f"{said['problem']} {said['remedy']}"


def test_the_page_and_its_parts_are_served_and_stay_under_300_kilobytes(served):
    sizes = []
    for path in FILES:
        status, content, headers = served.ask(path)
        assert status == 200 and headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        sizes.append(len(content))
    start = served.ask("/api/start")
    assert start[0] == 200 and start[1]["settings"]["model"] == "clothes-longer"
    assert sum(sizes) + len(json.dumps(start[1])) < 300_000


def test_every_file_of_the_page_is_served_and_names_no_other_machine():
    assert {name for name, _ in FILES.values()} == {file.name for file in PAGES.iterdir()}
    for file in PAGES.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text and "//cdn" not in text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8123", "", "0.0.0.0"])
def test_another_host_is_refused(served, host):
    assert_refused(served.ask("/", headers={"Host": host}), 403, "loopback")
    assert_refused(served.ask("/api/draw", {"settings": SETTINGS}, headers={"Host": host}), 403, "loopback")


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:1", "[::1]:8123", "LOCALHOST"])
def test_the_loopback_by_any_name_and_port_is_served(served, host):
    assert served.ask("/", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://localhost", "http://localhost:1", "file://"]
)
def test_another_origin_is_refused(served, origin):
    answer = served.ask("/api/jobs", {"kind": "evaluate", "settings": SETTINGS}, headers={"Origin": origin})
    assert_refused(answer, 403, "may not use the bench")
    assert served.ask("/api/jobs")[1]["jobs"] == []


def test_the_own_origin_is_served_and_a_page_of_another_site_may_only_lead_to_the_bench(served):
    own = {"Origin": f"http://127.0.0.1:{served.port}", "Sec-Fetch-Site": "same-origin"}
    assert served.ask("/api/draw", {"settings": SETTINGS}, headers=own)[0] == 200
    other = {"Sec-Fetch-Site": "cross-site"}
    assert served.ask("/", headers=other | {"Sec-Fetch-Mode": "navigate"})[0] == 200
    assert_refused(served.ask("/api/start", headers=other), 403, "another site")
    assert_refused(served.ask("/bench.js", headers=other), 403, "another site")


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/static/../server.py",
        "/server.py",
        "//etc/passwd",
        "/bench.js/../../server.py",
        "/%2e%2e/server.py",
        "/api/nothing",
        "/index.html",
    ],
)
def test_a_path_out_of_the_page_s_files_is_refused(served, path):
    assert_refused(served.ask(path), 404, "no such page")


def test_a_body_of_over_20_megabytes_is_refused_and_the_answer_arrives(served):
    assert_refused(served.ask("/api/files?name=a.csv", bytes(20_000_001)), 413, "20 MB")
    assert_refused(served.ask("/api/draw", bytes(25_000_000)), 413, "20 MB")


def test_a_body_of_over_20_megabytes_in_pieces_is_refused(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    pieces = (bytes(1_000_000) for _ in range(21))
    connection.request("POST", "/api/files?name=a.csv", pieces, {"Content-Type": "text/csv"}, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status in (400, 413)
    connection.close()


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "not JSON"),
        (b"[1]", 400, "no JSON object"),
        (b'{"settings": NaN}', 400, "no number"),
        (b'{"settings": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, ""),
        (b"\xff\xfe", 400, "not JSON"),
        (b'{"settings": {"model": "../../etc/passwd"}}', 400, "offers no model"),
        (b'{"settings": {"technology": "/etc/passwd"}}', 400, "offers no technology"),
        (b'{"settings": {"secret": 1}}', 400, "unknown key secret"),
        (b'{"settings": 1}', 400, "unknown key"),
        (b"{}", 400, "unknown key"),
    ],
)
def test_what_is_no_setting_is_refused(served, body, status, word):
    assert_refused(served.ask("/api/draw", body), status, word)


def test_a_form_of_another_page_is_refused_since_it_is_no_json(served):
    answer = served.ask("/api/draw", b"settings=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert_refused(answer, 415, "application/json")


@pytest.mark.parametrize("name", ["", "a", ".csv", "../../x", "a.yaml", "a.csv.exe", "..csv"])
def test_a_file_that_is_no_table_by_its_name_is_refused(served, name):
    assert_refused(served.ask(f"/api/files?name={name}", b"a,b\n1,2\n"), 400, "no table")


def test_a_file_s_name_cannot_lead_out_of_the_bench_s_folder(served):
    status, said, _ = served.ask("/api/files?name=..%2F..%2Fetc%2Fevil%20name.csv", b"a,b\n1,2\n")
    assert status == 200 and said["called"] == "evil_name.csv"
    (place,) = served.bench.uploads.paths.values()
    assert place.is_relative_to(served.bench.uploads.folder) and place.read_bytes() == b"a,b\n1,2\n"


def test_files_and_jobs_that_are_not_there_are_refused(served):
    fit = {"x": "a", "y": "b", "function": "relu"}
    assert_refused(served.ask(f"/api/files/{'0' * 16}/fit", fit), 400, "not here any more")
    assert_refused(served.ask(f"/api/files/{'0' * 16}/fit", fit | {"function": "../x"}), 400, "function")
    assert_refused(served.ask(f"/api/files/{'0' * 16}/fit", fit | {"states": "many"}), 400, "states")
    assert_refused(served.ask("/api/jobs/5/cancel", {}), 400, "no job 5")
    assert_refused(served.ask("/api/jobs/5"), 400, "no job 5")


def test_more_jobs_than_may_run_are_refused_and_a_cancelled_one_makes_room(served):
    job = {"kind": "evaluate", "settings": SETTINGS}
    numbers = [served.ask("/api/jobs", job)[1]["number"] for _ in range(MOST_RUNNING)]
    assert_refused(served.ask("/api/jobs", job), 400, "the most at once")
    begun = time.monotonic()
    while served.ask("/api/jobs")[1]["jobs"][0]["progress"][2] != 4:
        assert time.monotonic() - begun < 20
        time.sleep(0.05)
    assert_refused(served.ask(f"/api/jobs/{numbers[0]}/forget", {}), 400, "is running")
    children = [served.bench.jobs.find(number).child for number in numbers]
    listed = served.ask(f"/api/jobs/{numbers[0]}/cancel", {})[1]["jobs"]
    assert {one["number"]: one["state"] for one in listed} == {numbers[0]: "cancelled", numbers[1]: "running"}
    assert not children[0].runs and children[1].runs
    assert served.ask("/api/jobs", job)[0] == 200
    left = served.ask(f"/api/jobs/{numbers[0]}/forget", {})[1]["jobs"]
    assert numbers[0] not in [one["number"] for one in left]


@pytest.mark.parametrize(
    ("job", "word"),
    [
        ({"kind": "shell", "settings": SETTINGS}, "kind"),
        ({"kind": "study", "settings": SETTINGS}, "without a name"),
        ({"kind": "study", "settings": SETTINGS, "name": "../x"}, "name"),
        ({"kind": "evaluate", "settings": SETTINGS, "count": 10**9}, "count"),
        ({"kind": "evaluate", "settings": {"model": "x"}}, "offers no model"),
        ({"kind": "evaluate", "settings": SETTINGS, "folder": "/etc"}, "unknown key folder"),
    ],
)
def test_a_job_that_is_none_is_refused(served, job, word):
    assert_refused(served.ask("/api/jobs", job), 400, word)


def test_a_method_that_the_bench_has_not_is_refused(served):
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        status, said, headers = served.ask("/api/jobs", method=method)
        assert status == 405 and said["problem"] and "Access-Control-Allow-Origin" not in headers


def test_a_port_in_use_is_refused_and_without_one_a_free_one_is_taken():
    first = listening(0)[0]
    port = first.getsockname()[1]
    with pytest.raises(UserError, match=f"port {port} is in use"):
        listening(port)
    assert first.getsockname()[0] == "127.0.0.1"
    first.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="only a user is refused a low port")
def test_a_port_that_may_not_be_used_is_refused():
    with pytest.raises(UserError, match="cannot be used"):
        listening(1)
