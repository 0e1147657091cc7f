"""The lines in docs/scaling.md run the batch callable in a real Spark."""

import re
import shutil
import sys
import warnings
from pathlib import Path

import pyarrow as pa
import pytest

from rootcause.score import BatchScorer
from score_help import MODEL, TEXTS

pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed")
pytestmark = pytest.mark.skipif(not shutil.which("java"), reason="Java is not installed")


@pytest.mark.filterwarnings("ignore")
def test_spark_gives_the_rows_of_the_batch_callable(monkeypatch, tmp_path):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    page = (Path(__file__).parents[1] / "docs" / "scaling.md").read_text(encoding="utf-8")
    lines = page.split("test_score_spark.py -->")[1]
    code = "\n".join(re.findall(r"```python\n(.*?)```", lines, re.DOTALL))
    expected = BatchScorer(MODEL)(
        pa.table({"mention_id": [str(i) for i in range(len(TEXTS))], "text": list(TEXTS)})
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        spark = builder.config("spark.sql.warehouse.dir", str(tmp_path)).getOrCreate()
        try:
            rows = [(str(i), text) for i, text in enumerate(TEXTS)]
            names = {
                "MODEL": MODEL,
                "mentions": spark.createDataFrame(rows, ["mention_id", "text"]),
            }
            exec(code, names)
            found = [
                {r.mention_id: (r.label, r.confidence) for r in names[name].collect()}
                for name in ("labels", "framed_labels")
            ]
        finally:
            spark.stop()
    columns = [expected[c].to_pylist() for c in ("mention_id", "label", "confidence")]
    rows = {i: (label, sure) for i, label, sure in zip(*columns, strict=True)}
    assert found == [rows, rows]
