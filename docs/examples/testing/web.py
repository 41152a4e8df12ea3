"""The login as a service, whose client is built from the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from login import Login

from wikipayam_async import AsyncWikipayam


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client for as long as the app runs."""
    async with AsyncWikipayam(otp_pattern_id=13) as client:
        app.state.login = Login(client)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/login/{mobile}")
async def begin(mobile: str) -> None:
    """Send a code."""
    await app.state.login.begin(mobile)


@app.post("/login/{mobile}/{code}")
async def finish(mobile: str, code: str) -> bool:
    """Tell whether the code is the right one."""
    right: bool = app.state.login.finish(mobile, code)
    return right
