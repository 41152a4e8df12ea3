"""The login as a web service, with a client configured by the environment."""

from __future__ import annotations

from fastapi import FastAPI
from login import make_verifier

from wikipayam_async.integrations.fastapi import verification_router, wikipayam_lifespan

app = FastAPI(lifespan=wikipayam_lifespan(verifier=make_verifier))
app.include_router(verification_router(), prefix="/login")
