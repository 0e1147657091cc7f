"""A register is whole after a kill at any moment: really killed, many times."""

import random
import subprocess
import sys
import time
from collections import Counter

from rootcause.records import Week
from rootcause.register import Register, check

ROWS = 400
WRITER = f"""
import sys
import numpy as np
from rootcause.records import Week
from rootcause.register import Assignment, Exemplar, Register, WeekFacts

with Register.open(sys.argv[1], create=True) as register:
    register.bind(encoder_name="b", encoder_hash="h", dimension=8, timezone="UTC", where="",
                  min_voices=5)
    done = register.weeks()
    week = done[-1].week.shift(1) if done else Week(2020, 1)
    print("ready", flush=True)
    while True:
        with register.transaction():
            known = register.known(week)
            register.clear_run(week)
            cause = register.next_id()
            register.save_cause(cause_id=cause, born_in=week, title=cause, kind="complaint",
                                area="fees", radius=0.5)
            register.add_exemplars(cause, week, [
                Exemplar(f"{{week}}-{{i}}", i, "t" * 200, np.ones(8, np.float32))
                for i in range(50)])
            register.write_week(
                WeekFacts(week=week, run_id="r", mentions={ROWS}, complaints={ROWS},
                          complaint_voices={ROWS}, question_voices=0, isolated=0, unspecified=0,
                          duplicates=0, model_id="m"),
                [Assignment(week, f"{{week}}-{{i}}", cause, 0.5, "cause", i, i % 7, "x")
                 for i in range({ROWS})])
        print(week, flush=True)
        week = week.shift(1)
"""


def test_after_kills_every_committed_week_is_there_and_whole(tmp_path):
    path = tmp_path / "r.db"
    rng = random.Random(7)
    said: list[str] = []
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.25))
        process.kill()
        said += process.stdout.read().split()
        process.wait()
        process.stdout.close()
        with Register.open(path) as register:
            assert check.verify(register) == []
            weeks = [facts.week for facts in register.weeks()]
            causes = [cause.cause_id for cause in register.causes()]
            series = register.series()
            exemplars = Counter(
                cause for (cause,) in register.rows("SELECT cause_id FROM exemplars")
            )
        # nothing announced is lost; at most one commit had no time to be announced
        assert [str(week) for week in weeks][: len(said)] == said
        assert weeks == [Week(2020, 1).shift(i) for i in range(len(weeks))]
        # a week is there with its cause and all its rows, or not at all
        assert len(causes) == len(weeks) == len(series)
        assert all(points[0].mentions == ROWS for points in series.values())
        assert all(count == 50 for count in exemplars.values())
        said = [str(week) for week in weeks]
    assert len(said) > 3
