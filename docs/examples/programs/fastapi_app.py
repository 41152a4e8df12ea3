"""A FastAPI service: one client for the application, and its errors as HTTP responses."""

from fastapi import FastAPI

from wikipayam_async import SentMessage
from wikipayam_async.integrations.fastapi import WikipayamDep, install_error_handlers, wikipayam_lifespan

app = FastAPI(lifespan=wikipayam_lifespan())
install_error_handlers(app)


@app.post("/orders/{order}/ready")
async def order_is_ready(order: str, mobile: str, client: WikipayamDep) -> SentMessage:
    return await client.sms.send(mobile, f"Your order {order} is ready.", track_id=order)
