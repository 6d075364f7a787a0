"""What the server says about itself: to hosts at /healthz and /metrics, to a page that waits at /place."""

from collections.abc import Callable, Iterable, Iterator

from starlette.responses import JSONResponse, Response

from space.cameras import Cameras
from space.fair_queue import FairQueue
from space.traffic import Places, Traffic


class Health:
    """Answers the addresses that are the Space's own.

    Args:
        queue: the one that runs; `None` before the server is there.
        models: names of those that answer.
        missing: names of those that could not be loaded.
        metrics: whether /metrics exists.
    """

    def __init__(
        self,
        queue: Callable[[], FairQueue | None],
        models: Iterable[str],
        missing: Iterable[str],
        traffic: Traffic,
        streams: Places,
        cameras: Cameras,
        metrics: bool = False,
    ):
        self.queue, self.models, self.missing = queue, list(models), list(missing)
        self.traffic, self.streams, self.cameras = traffic, streams, cameras
        self.text = _prometheus(self) if metrics else None

    async def __call__(self, path: str) -> Response | None:
        """The answer to a request for a path; `None` if it is not one of these."""
        if path == "/healthz":
            told = self.told()
            return JSONResponse(told, 200 if told["ready"] else 503)
        if path == "/metrics" and self.text:
            return Response(self.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
        if path == "/metrics":
            return JSONResponse({"detail": "FER_METRICS=1 opens this address."}, 404)
        if path.startswith("/place/"):
            queue = self.queue()
            told = queue.place(path.removeprefix("/place/")) if queue else {"place": 0, "refused": False}
            return JSONResponse(told, headers={"Cache-Control": "no-store"})
        return None

    def told(self) -> dict:
        """What /healthz says."""
        queue = self.queue()
        ready = queue is not None and not queue.stopped
        return {
            "live": True,
            "ready": ready,
            "models": self.models,
            "missing": self.missing,
            "waiting": len(queue) if queue else 0,
            "running": queue.get_active_worker_count() if queue else 0,
            "streams": len(self.streams),
            "cameras": len(self.cameras),
        }


def _prometheus(health: Health) -> Callable[[], bytes]:
    """What writes all numbers as Prometheus reads them."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.registry import Collector

    class Numbers(Collector):
        def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
            told = health.told()
            for name in ("waiting", "running", "streams", "cameras"):
                yield GaugeMetricFamily(f"space_{name}", f"{name} at this moment", told[name])
            yield GaugeMetricFamily("space_models", "models that answer", len(told["models"]))
            for what in ("requests", "jobs", "exceptions"):
                family = CounterMetricFamily(f"space_{what}", f"{what} since the start", labels=["how"])
                for (kind, how), times in sorted(health.traffic.counted.items()):
                    if kind == what:
                        family.add_metric([how], times)
                yield family

    registry = CollectorRegistry()
    registry.register(Numbers())
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return lambda: generate_latest(registry)


__all__ = ["Health"]
