"""The only place of Celery's settings, each with its reason."""

from __future__ import annotations

from kombu import Exchange, Queue

from dispatcher import settings
from dispatcher.bell import QUEUES

_settings = settings.load()
broker_url = _settings.broker
_rabbit = broker_url.startswith(("amqp", "pyamqp"))

# A bell carries no payload: the tables are the queue of record, so JSON of nothing is enough.
task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True

# Quorum queues survive a node; they want a topic exchange and no global prefetch. Valkey keeps the
# routes of a named exchange as data, which an eviction or a flush takes away for good: there a bell
# goes straight to its queue.
_exchange = Exchange("dispatcher", type="topic") if _rabbit else Exchange("")
_arguments = {"x-queue-type": "quorum"} if _rabbit else None
task_queues = [
    Queue(name, _exchange, routing_key=name, queue_arguments=_arguments) for name in QUEUES
]
task_default_queue = "tidy"
task_default_exchange = _exchange.name
task_default_exchange_type = _exchange.type
task_default_routing_key = "tidy"
task_routes = {name: {"queue": name, "routing_key": name} for name in QUEUES}
task_routes["checkpoint"] = task_routes["tidy"]

# A bell is answered as soon as somebody gets up. A killed worker's bell needs no redelivery, since
# beat rings wherever work waits; and a late answer over a connection that is gone by then would end
# the whole worker.
task_acks_late = False
# One task at a time: a long campaign task must not hoard bells others could answer.
worker_prefetch_multiplier = 1
worker_concurrency = _settings.worker_processes

# SIGTERM lets running tasks settle what is on the wire; they stop fetching at once.
worker_soft_shutdown_timeout = 30
worker_cancel_long_running_tasks_on_connection_loss = False
broker_connection_retry_on_startup = True
broker_connection_max_retries = None

broker_transport_options: dict[str, object]
if _rabbit:
    broker_transport_options = {"confirm_publish": True}
else:
    # kombu's default gives a lost worker's bell back only after minutes.
    broker_transport_options = {
        "visibility_timeout": 120,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
    }
# Of an app that only rings while somebody waits, at a prompt or for a web page: a late bell is
# better than six seconds. `dispatcher.wiring.ringing_app` takes these instead.
impatient_transport_options = broker_transport_options | {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
}

imports = ("workers.tasks",)

# Beat only rings. A tick nobody took in time is dropped: the next one does its work.
beat_schedule = {
    "tidy": {"task": "tidy", "schedule": 1.0, "options": {"queue": "tidy", "expires": 5}},
    "checkpoint": {
        "task": "checkpoint",
        "schedule": 60.0,
        "options": {"queue": "tidy", "expires": 60},
    },
}
# The schedule never changes, so there is nothing to remember in a file.
beat_scheduler = "celery.beat:Scheduler"
worker_hijack_root_logger = False
worker_send_task_events = False
timezone = "UTC"
