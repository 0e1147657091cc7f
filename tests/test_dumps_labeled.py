"""Labeled exports: labels counted, mapped, and questioned in one line."""

from __future__ import annotations

import json

import pytest

from dumps_helpers import write
from rootcause.dumps import read_labeled
from rootcause.dumps.labeled import LABELED_SCHEMA
from rootcause.errors import DataError, UsageError


def test_labels_are_trimmed_folded_and_counted(tmp_path) -> None:
    body = (
        "text,label,complaint,cause,area,date,brand\n"
        "no signal, Venting ,1,no coverage at home,outage,2026-01-02,Bramble\n"
        "can you help,SERVICE REQUEST,0,-,,2026-01-03,Bramble\n"
        "thanks,praise,0,,,,\n"
    )
    found = read_labeled(write(tmp_path, "d.csv", body))
    assert found.table.schema == LABELED_SCHEMA
    assert found.table.column("label").to_pylist() == ["venting", "service_request", "praise"]
    assert found.counts == {"venting": 1, "service_request": 1, "praise": 1, "other": 0}
    assert found.table.column("complaint").to_pylist() == [True, False, False]
    assert found.table.column("cause").to_pylist() == ["no coverage at home", None, None]
    assert found.table.column("area").to_pylist() == ["outage", None, None]
    assert found.table.column("brand").to_pylist()[0] == "Bramble"


def test_unknown_labels_are_listed_with_counts_and_the_way_out(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text,label\na b,Moan\nc d,moan\ne f,venting\n")
    with pytest.raises(DataError, match=r"'moan' 2, 'venting' 1.*--label-map 'moan=venting'"):
        read_labeled(path)
    found = read_labeled(path, label_map={"MOAN": "venting"})
    assert found.counts["venting"] == 3
    with pytest.raises(UsageError, match="mapped to 'moaning'"):
        read_labeled(path, label_map={"Moan": "moaning"})


def test_a_label_mapped_to_nothing_is_left_out(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text,label\na b,spam\ne f,venting\n")
    found = read_labeled(path, label_map={"spam": ""})
    assert found.table.num_rows == 1
    assert "1 rows were left out by the label map" in found.notes


def test_one_text_under_two_labels_is_told(tmp_path) -> None:
    body = "text,label\nNo signal!,venting\nno signal,other\nhi there,other\n"
    found = read_labeled(write(tmp_path, "d.csv", body))
    assert found.conflicts == (("No signal!", ("other", "venting")),)
    assert any("1 texts appear with different labels" in note for note in found.notes)


def test_missing_columns_name_the_way_out(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "words,kind\na b,venting\n")
    with pytest.raises(DataError, match=r"no column of labels.*'words', 'kind'.*--column label="):
        read_labeled(path)
    with pytest.raises(DataError, match=r"no column of texts.*--column text=HEADER"):
        read_labeled(path, columns={"label": "kind"})
    found = read_labeled(path, columns={"label": "kind", "text": "words"})
    assert found.counts["venting"] == 1


def test_rows_without_label_or_text_are_rejects(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text,label\na b,\n,venting\nc d,other\n")
    found = read_labeled(path)
    assert found.read == 3
    assert found.table.num_rows == 1
    assert sorted(reject.reason for reject in found.rejects) == ["no label", "no text"]


def test_several_files_and_formats_together(tmp_path) -> None:
    write(tmp_path, "a.csv", "text,label\na b,venting\n")
    write(tmp_path, "b.jsonl", json.dumps({"text": "c d", "label": "praise", "complaint": 0}))
    found = read_labeled(str(tmp_path / "*"))
    assert found.table.column("complaint").to_pylist() == [None, False]


def test_a_complaint_column_that_holds_words_is_refused(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text,label,complaint\na b,venting,my bill\n")
    with pytest.raises(DataError, match="'my bill' in its complaint column"):
        read_labeled(path)
