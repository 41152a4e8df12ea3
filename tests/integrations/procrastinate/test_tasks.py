"""The tasks in an application that has an App of its own."""

from __future__ import annotations

import inspect

import anyio
import pytest
from procrastinate import App, PsycopgConnector

from tests.campaigns.shared_place import STALLED_AFTER, SharedPlace
from wikipayam_async.integrations.procrastinate import campaign_tasks
from wikipayam_async.integrations.procrastinate.engine import TASK

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that procrastinate needs."""
    return "asyncio"


async def test_an_applications_worker_sends_campaigns(place: SharedPlace) -> None:
    """Beside its own tasks; it sweeps, too."""
    await place.plan(20)
    app = App(connector=PsycopgConnector(conninfo=place.url, min_size=1, max_size=3))
    app.add_tasks_from(campaign_tasks(place.client, place.url, stalled_after=STALLED_AFTER), namespace="wikipayam")
    assert {TASK, "wikipayam:sweep"} <= set(app.tasks)
    async with place.open() as campaign, app.open_async():
        await campaign.enqueue()
        await app.configure_task("wikipayam:sweep").defer_async(timestamp=0)
        await app.run_worker_async(wait=False, concurrency=2, install_signal_handlers=False)
        with anyio.fail_after(20):
            progress = await place.ended(campaign)
        jobs = list(await app.job_manager.list_jobs_async(task="wikipayam:sweep", status="succeeded"))
    work = inspect.getclosurevars(app.tasks[TASK].func).nonlocals["work"]
    await work._database.aclose()
    assert (progress.accepted, place.emulator.accepted, len(jobs) > 0) == (20, 20, True)
