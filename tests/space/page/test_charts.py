"""Names in a scatter plot lie on no point, no other name and no other model's interval."""

import re

from space.page.charts import CHARACTER, Axis, Point, scatter

AXIS = Axis("share", 0.0, 1.0, {0.0: "0", 1.0: "1"})


def test_a_name_does_not_lie_on_the_interval_of_another_model():
    left = Point(0, "a long name", 0.4, 0.5, 0.45, 0.55)
    right = Point(1, "b", 0.48, 0.9, 0.2, 1.0)  # its interval crosses the place beside the left one
    chart = scatter(AXIS, AXIS, [left, right], "two models")
    bar = float(re.findall(r'class="interval"[^>]*d="M([\d.]+)', chart)[1])
    edge, anchor = re.search(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)"[^>]*>a long name', chart).groups()
    span = CHARACTER * len(left.label)
    start = float(edge) - (span if anchor == "end" else 0)
    assert not start < bar < start + span
