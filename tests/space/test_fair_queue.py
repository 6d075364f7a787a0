"""The order in which jobs are answered, and who is told that the Space is busy."""

import asyncio
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.data_classes import PredictBodyInternal

from space.fair_queue import FairQueue
from space.traffic import Traffic


@pytest.fixture
def page() -> gr.Blocks:
    with gr.Blocks() as page:
        asked = gr.JSON()
        gr.Button().click(lambda value: value, asked, None, api_name="ask")
    page.queue(max_size=10)
    return page


def queue_of(page: gr.Blocks, most_of_one: int = 8) -> FairQueue:
    return FairQueue(page._queue, most_of_one, Traffic())


def ask(queue: FairQueue, visitor: str, ticket: str) -> tuple:
    request = SimpleNamespace(scope={"visitor": visitor})
    body = PredictBodyInternal(session_hash=visitor, data=[{"ticket": ticket}], fn_index=0)
    return asyncio.run(queue.push(body, request, None))


def order(queue: FairQueue) -> list[str]:
    """Tickets in the order in which their jobs are started."""
    started = []
    while found := queue.get_events():
        started.append(found[0][0].data.data[0]["ticket"])
    return started


def test_visitors_take_turns_and_each_ones_jobs_keep_their_order(page):
    queue = queue_of(page)
    for ticket in ("a1", "a2", "a3", "a4"):
        ask(queue, "a", ticket)
    ask(queue, "b", "b1")
    ask(queue, "b", "b2")
    ask(queue, "c", "c1")
    assert order(queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_who_comes_while_many_jobs_of_another_wait_is_next_but_one(page):
    queue = queue_of(page)
    for number in range(8):
        ask(queue, "greedy", f"g{number}")
    queue.get_events()  # the first is being answered
    ask(queue, "visitor", "v")
    assert queue.place("v") == {"place": 1, "refused": False}
    assert queue.place("g7") == {"place": 8, "refused": False}


def test_who_waited_has_no_debt_and_no_claim_later(page):
    queue = queue_of(page)
    for number in range(5):
        ask(queue, "a", f"a{number}")
    assert len(order(queue)) == 5
    ask(queue, "b", "b")
    ask(queue, "a", "a")
    assert order(queue) == ["b", "a"]
    assert queue._turn_of == {}


def test_one_visitor_may_have_so_many_jobs_waiting_and_others_still_find_a_place(page):
    queue = queue_of(page, most_of_one=3)
    told = [ask(queue, "greedy", f"g{number}") for number in range(6)]
    assert [state for *_, state in told] == 3 * ["success"] + 3 * ["queue_full"]
    assert ask(queue, "visitor", "v")[2] == "success"
    assert queue.place("g5") == {"place": 0, "refused": True}
    assert queue.traffic.counted == {("jobs", "refused"): 3}


def test_a_full_line_is_told_to_the_page_by_its_ticket(page):
    queue = queue_of(page, most_of_one=100)
    told = [ask(queue, f"visitor {number}", f"t{number}") for number in range(12)]
    assert [state for *_, state in told] == 10 * ["success"] + 2 * ["queue_full"]
    assert queue.place("t11")["refused"] and not queue.place("t9")["refused"]
    assert queue.place("nobody's") == {"place": 0, "refused": False}
