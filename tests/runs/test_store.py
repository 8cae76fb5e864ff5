"""The rows of the history: begun, resumed, found again, sorted, renamed, deleted and brought back."""

import pytest

from side_core.runs import store
from side_core.runs.run import NewRun, Run
from side_core.runs.workspace import Workspace

MARKUP = "<script>alert(1)</script> **bold** $x$ :material/star: [link](http://x) \u202e 你好"


def new(number: int = 0, **settings: object) -> NewRun:
    return NewRun("extract", "model", {"number": number, **settings}, {"model": "print"}, 4, f"key{number}")


def begun(workspace: Workspace, count: int) -> list[Run]:
    return [store.begin(workspace, new(number)) for number in range(count)]


def ids(runs: list[Run]) -> list[int]:
    return [run.id for run in runs]


def test_a_run_begins_as_it_was_noted(workspace: Workspace) -> None:
    run = store.begin(workspace, new(3, steps=10))
    assert (run.kind, run.state, run.model, run.asked, run.finished) == ("extract", "running", "model", 4, 0)
    assert (run.settings, run.fingerprints) == ({"number": 3, "steps": 10}, {"model": "print"})
    assert (run.pinned, run.deleted, run.share, run.headline) == (False, None, None, "")
    assert store.find(workspace, run.id) == run and store.summary_of(workspace, run.id) is None


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        (None, "extract 1: model"),
        ("", "extract 1: model"),
        ("portrait of Ada", 'extract 1: model, "portrait of Ada"'),
        ("a" * 80, f'extract 1: model, "{"a" * 80}"'),
        ("a" * 40 + "b" * 41, f'extract 1: model, "{"a" * 40}…{"b" * 39}"'),
        (MARKUP[:30], f'extract 1: model, "{MARKUP[:30]}"'),
    ],
)
def test_a_run_of_a_prompt_is_called_by_it(workspace: Workspace, prompt: str | None, title: str) -> None:
    run = store.begin(workspace, new(prompt=prompt))
    assert run.title == run.own_title == title
    renamed = store.rename(workspace, run.id, "mine")
    assert (renamed.title, renamed.own_title) == ("mine", title)


def test_the_equal_run_goes_on_with_what_was_written_about_it(workspace: Workspace) -> None:
    first = store.begin(workspace, new())
    store.rename(workspace, first.id, "mine")
    store.end(workspace, first.id, "cancelled", 2)
    again = store.begin(workspace, new())
    assert (again.id, again.state, again.name) == (first.id, "running", "mine")
    assert store.equal(workspace, new()) == again and store.equal(workspace, new(1)) is None


def test_a_deleted_equal_run_stays_in_the_bin(workspace: Workspace) -> None:
    first = store.begin(workspace, new())
    store.delete(workspace, [first.id])
    assert store.equal(workspace, new()) is None
    assert store.begin(workspace, new()).id != first.id
    store.restore(workspace, [first.id])
    assert store.counted(workspace) == 2


def test_an_ended_run_has_its_summary_and_picture(workspace: Workspace) -> None:
    run = store.begin(workspace, new())
    summary = {"versions": {"torch": "2"}, "scores": {}}
    ended = store.end(workspace, run.id, "finished", 4, summary, "4 of 4", 1.0, b"png")
    assert (ended.state, ended.finished, ended.headline, ended.share) == ("finished", 4, "4 of 4", 1.0)
    assert ended.versions == {"torch": "2"} and ended.ended is not None
    assert store.summary_of(workspace, run.id) == summary
    assert store.thumbnails_of(workspace, [run.id, 99]) == {run.id: b"png"} and store.thumbnails_of(workspace, []) == {}


def test_forgotten_runs_leave_nothing_and_their_numbers_are_not_used_again(workspace: Workspace) -> None:
    run = store.begin(workspace, new())
    store.end(workspace, run.id, "finished", 4, {"versions": {}}, thumbnail=b"png")
    store.forget(workspace, [run.id])
    assert store.summary_of(workspace, run.id) is None and not store.thumbnails_of(workspace, [run.id])
    assert store.begin(workspace, new()).id > run.id
    with pytest.raises(ValueError, match=f"There is no run {run.id}: it was deleted for good"):
        store.end(workspace, run.id, "finished", 4, {"versions": {}})


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("night", {0, 1}),
        ("NIGHT 100%", {0}),
        ("100", {0, 1}),
        ("a_b", {1}),
        ("a%b", set()),
        ("'; DROP TABLE runs; --", {2}),
        ('"quoted" \\back', {2}),
        ("ärger 你好", {3}),
        ("model", {0, 1, 2, 3}),
        ("steps=10", {1}),
        ("steps=1", {1, 2}),
        ("folder=größe", {3}),
        ("surrogate", {2}),  # of those that are set, not of every run that could have one
        ("cancelled", {3}),
        ("  ", {0, 1, 2, 3}),
        ("night model nothing", set()),
    ],
)
def test_search_wants_all_words_and_takes_each_literally(workspace: Workspace, search: str, found: set[int]) -> None:
    settings = [
        {"surrogate": None, "foreign_surrogate": False},
        {"steps": 10},
        {"steps": 1, "surrogate": "x"},
        {"folder": "Größe"},
    ]
    runs = [store.begin(workspace, new(place, **chosen)) for place, chosen in enumerate(settings)]
    names = ["Night 100%", "night 1000 a_b", '\'; DROP TABLE runs; -- "quoted" \\back', "ÄRGER"]
    for run, name in zip(runs, names, strict=True):
        store.rename(workspace, run.id, name)
    store.annotate(workspace, runs[3].id, "你好")
    store.end(workspace, runs[3].id, "cancelled", 1)
    listed = {ids(runs).index(run.id) for run in store.listed(workspace, search)}
    assert listed == found and store.counted(workspace, search) == len(found)


def test_pages_hold_every_run_once_whatever_the_order(workspace: Workspace) -> None:
    runs = begun(workspace, 23)
    for order in ("created", "share", "finished", "model", "name"):
        pages = [store.listed(workspace, order=order, first=first, most=5) for first in range(0, 25, 5)]  # type: ignore[arg-type]
        assert sorted(run.id for page in pages for run in page) == ids(runs)


def test_orders_sort_and_what_has_no_value_comes_last(workspace: Workspace) -> None:
    runs = begun(workspace, 4)
    for run, share, finished, name in zip(runs, (0.5, None, 0.9, 0.1), (3, 1, 2, 4), "dacb", strict=True):
        store.end(workspace, run.id, "finished", finished, share=share)
        store.rename(workspace, run.id, name)
    assert ids(store.listed(workspace)) == [4, 3, 2, 1]
    assert ids(store.listed(workspace, ascending=True)) == [1, 2, 3, 4]
    assert ids(store.listed(workspace, order="share")) == [3, 1, 4, 2]
    assert ids(store.listed(workspace, order="share", ascending=True)) == [4, 1, 3, 2]
    assert ids(store.listed(workspace, order="finished")) == [4, 1, 3, 2]
    assert ids(store.listed(workspace, order="name", ascending=True)) == [2, 4, 3, 1]
    with pytest.raises(ValueError, match="cannot be sorted by 'id; DROP TABLE runs': choose created, share"):
        store.listed(workspace, order="id; DROP TABLE runs")  # type: ignore[arg-type]


def test_pinned_runs_come_first_in_every_order(workspace: Workspace) -> None:
    begun(workspace, 4)
    assert store.pin(workspace, 2).pinned
    assert ids(store.listed(workspace)) == [2, 4, 3, 1]
    assert ids(store.listed(workspace, ascending=True)) == [2, 1, 3, 4]
    assert not store.pin(workspace, 2, pinned=False).pinned
    assert ids(store.listed(workspace)) == [4, 3, 2, 1]


def test_the_bin_keeps_runs_whole_until_they_come_back(workspace: Workspace) -> None:
    begun(workspace, 3)
    store.rename(workspace, 2, "mine")
    before = store.find(workspace, 2)
    store.delete(workspace, [2, 3])
    assert (store.counted(workspace), store.counted(workspace, deleted=True)) == (1, 2)
    assert ids(store.listed(workspace, "mine", deleted=True)) == [2] and not store.listed(workspace, "mine")
    store.restore(workspace, [2])
    assert store.find(workspace, 2) == before
    assert ids(store.listed(workspace)) == [2, 1]


def test_markup_is_kept_as_it_was_typed(workspace: Workspace) -> None:
    (run,) = begun(workspace, 1)
    note = f"  {MARKUP}\n\n  second line\t"
    assert store.rename(workspace, run.id, MARKUP).title == MARKUP
    assert store.annotate(workspace, run.id, note).note == note
    assert store.rename(workspace, run.id, "  two\n words\t ").name == "two words"
    assert store.rename(workspace, run.id, " \n ").title == "extract 1: model"


def test_names_and_notes_have_their_limits(workspace: Workspace) -> None:
    (run,) = begun(workspace, 1)
    assert len(store.rename(workspace, run.id, "x" * 200).name) == 200
    with pytest.raises(ValueError, match=r"The name 'x{20}…' has 201 characters: give at most 200"):
        store.rename(workspace, run.id, "x" * 201)
    assert len(store.annotate(workspace, run.id, "y" * 10_000).note) == 10_000
    with pytest.raises(ValueError, match="has 10,001 characters: give at most 10,000"):
        store.annotate(workspace, run.id, "y" * 10_001)
    assert (store.find(workspace, run.id).name, len(store.find(workspace, run.id).note)) == ("x" * 200, 10_000)


@pytest.mark.parametrize("change", ["find", "rename", "annotate", "pin", "delete", "restore"])
def test_an_unknown_run_gets_a_sentence(workspace: Workspace, change: str) -> None:
    work = {
        "find": lambda: store.find(workspace, 7),
        "rename": lambda: store.rename(workspace, 7, "x"),
        "annotate": lambda: store.annotate(workspace, 7, "x"),
        "pin": lambda: store.pin(workspace, 7),
        "delete": lambda: store.delete(workspace, [7]),
        "restore": lambda: store.restore(workspace, [7]),
    }
    with pytest.raises(ValueError, match="There is no run 7: it was deleted for good, perhaps in another tab"):
        work[change]()


def test_a_run_is_touched_by_whatever_a_person_does_to_it(workspace: Workspace) -> None:
    runs = begun(workspace, 3)
    assert not any(run.touched for run in runs)
    assert store.pin(workspace, 1).touched
    assert store.rename(workspace, 2, "x").touched
    assert store.annotate(workspace, 3, "x").touched


def test_the_digest_stands_for_kind_settings_and_fingerprints() -> None:
    digests = [
        new().digest,
        new(1).digest,
        NewRun("extract", "model", {"number": 0}, {"model": "other"}, 4, "key0").digest,
        NewRun("score", "model", {"number": 0}, {"model": "print"}, 4, "key0").digest,
    ]
    assert len(set(digests)) == 4
    assert new().digest == NewRun("extract", "renamed", {"number": 0}, {"model": "print"}, 9).digest
