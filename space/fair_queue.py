"""Gradio's queue, in a fair order: whoever asks for little waits as if those who ask for much were not there.

Every job gets a turn when it comes: the one that is being answered, or the one after the last of the same visitor's,
whichever is later. Jobs run in the order of their turns, so visitors alternate and each one's jobs keep their order
(start-time fair queueing, Goyal, Vin and Cheng 1996, with jobs of equal cost).
"""

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field

from gradio.queueing import Event, EventQueue, Queue

from space.traffic import Traffic

MOST_REFUSED = 1000  # remembered, so that a page can be told why it got no answer


@dataclass
class _Turns:
    """now: of the job that was started last. last: each visitor's latest."""

    now: int = 0
    last: dict[str, int] = field(default_factory=dict)


class FairQueue(Queue):
    """Like the queue it takes the place of.

    Args:
        most_of_one: jobs that one visitor may have waiting.
    """

    def __init__(self, plain: Queue, most_of_one: int, traffic: Traffic):
        super().__init__(
            live_updates=plain.live_updates,
            concurrency_count=plain.max_thread_count,
            update_intervals=plain.update_intervals,
            max_size=plain.max_size,
            blocks=plain.blocks,
            default_concurrency_limit=plain.default_concurrency_limit,
        )
        self.most_of_one = most_of_one
        self.traffic = traffic
        self._turns: defaultdict[str, _Turns] = defaultdict(_Turns)
        self._turn_of: dict[str, int] = {}  # by the number of the event
        self._refused: OrderedDict[str, None] = OrderedDict()

    def _waiting(self) -> list[Event]:
        return [event for queue in self.event_queue_per_concurrency_id.values() for event in queue.queue]

    async def push(self, body, request, username):
        visitor = _visitor(request)
        if sum(_visitor(event.request) == visitor for event in self._waiting()) >= self.most_of_one:
            told = (False, "This visitor's other jobs have to be answered first.", "queue_full")
        else:
            told = await super().push(body, request, username)
        if told[2] == "queue_full":
            self.traffic.count("jobs", "refused")
            for ticket in _tickets(body):
                self._refused[ticket] = None
            while len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)
        elif told[0] and (event := self.event_ids_to_events.get(told[1])):
            self._line_up(event, visitor)
        return told

    def _line_up(self, event: Event, visitor: str) -> None:
        queue = self.event_queue_per_concurrency_id[event.concurrency_id]
        turns = self._turns[event.concurrency_id]
        turn = max(turns.now, turns.last.get(visitor, -1) + 1)
        turns.last[visitor] = self._turn_of[event._id] = turn
        before = list(queue.queue)
        queue.queue.sort(key=lambda one: self._turn_of.get(one._id, 0))
        if queue.queue != before:
            self.broadcast_estimations(event.concurrency_id)

    def get_events(self):
        found = super().get_events()
        if found:
            events, _, concurrency_id = found
            turns = self._turns[concurrency_id]
            turns.now = max([turns.now, *(self._turn_of.pop(event._id, 0) for event in events)])
            self._forget(turns, self.event_queue_per_concurrency_id[concurrency_id])
        return found

    def _forget(self, turns: _Turns, queue: EventQueue) -> None:
        """Whose last turn is over begins anew."""
        turns.last = {visitor: turn for visitor, turn in turns.last.items() if turn >= turns.now}
        waiting = {event._id for event in self._waiting()}
        self._turn_of = {number: turn for number, turn in self._turn_of.items() if number in waiting}

    def place(self, ticket: str) -> dict[str, int | bool]:
        """Where the job with a page's ticket stands: its place in the line, 0 if it does not wait, and whether it was
        refused because the line was full."""
        for queue in self.event_queue_per_concurrency_id.values():
            for place, event in enumerate(queue.queue, start=1):
                if ticket in _tickets(event.data):
                    return {"place": place, "refused": False}
        return {"place": 0, "refused": ticket in self._refused}


def _visitor(request) -> str:
    return getattr(request, "scope", {}).get("visitor", "")


def _tickets(body) -> list[str]:
    values = getattr(body, "data", None) or []
    return [one["ticket"] for one in values if isinstance(one, dict) and isinstance(one.get("ticket"), str)]


__all__ = ["FairQueue"]
