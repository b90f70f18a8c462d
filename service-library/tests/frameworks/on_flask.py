"""The service on Flask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, abort, request
from service_under_test import Answer, Asked, Service

from service_metrics.flask import instrument


def flask(service: Service) -> Any:
    app, blueprint = Flask("service"), Blueprint("mounted", "service")
    service.instrument(instrument, app, early=True)

    @app.get("/items/<item_id>")
    def item(item_id: str) -> str:
        service.during()
        return item_id

    @app.post("/items")
    def created() -> tuple[bytes, int]:
        return request.get_data(), 201

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("broken")

    @app.get("/gone")
    def gone() -> str:
        abort(404)

    @app.get("/streamed")
    def streamed() -> Iterator[bytes]:
        yield b"one"
        yield b"three"

    @blueprint.get("/things/<int:thing>")
    def thing(thing: int) -> str:
        return "thing"

    app.register_blueprint(blueprint, url_prefix="/mounted")
    service.instrument(instrument, app, early=False)

    def send(requests: list[Asked]) -> list[Answer]:
        answers = []
        for asked in requests:
            answer = app.test_client().open(
                asked.path, method=asked.method, data=asked.body or None, headers=dict(asked.headers)
            )
            headers = {name.lower(): value for name, value in answer.headers.items()}
            answers.append(Answer(answer.status_code, headers, answer.get_data()))
        return answers

    return send
