"""The login as a web service, with a client configured by the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from login import Login

from wikipayam_async import AsyncWikipayam


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open one client for the lifetime of the app."""
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
    """Return whether the code is correct."""
    correct: bool = app.state.login.finish(mobile, code)
    return correct
