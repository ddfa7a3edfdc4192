"""Publishes one event to Freshet and asks for recommendations, with no Freshet code at all.

    pip install confluent-kafka==2.16.1 fastavro==1.13.1
    eval "$(npx freshet status)"
    python3 freshet_client.py 17850 home-feed 85123A
"""
import io
import json
import os
import struct
import sys
import time
import urllib.request
import uuid

import fastavro
from confluent_kafka import Consumer, Producer, TopicPartition

try:
    BROKERS = os.environ["FRESHET_KAFKA_BROKERS"]
    REGISTRY = os.environ["FRESHET_REGISTRY_URL"]
except KeyError as missing:
    sys.exit(f'{missing} is not set: eval "$(npx freshet status)"')
PREFIX = os.environ.get("FRESHET_PREFIX", "freshet")


def topic(thing):
    return f"{PREFIX}.{thing}.v1"


def registry(path):
    with urllib.request.urlopen(f"{REGISTRY}{path}", timeout=10) as reply:
        return json.load(reply)


def latest(thing):
    """Id and schema that values of a topic are written with: subject is topic name + '-value'."""
    found = registry(f"/subjects/{topic(thing)}-value/versions/latest")
    return found["id"], fastavro.parse_schema(json.loads(found["schema"]))


def encode(thing, value):
    """Confluent wire format: a zero byte, the schema id as four bytes big-endian, then Avro."""
    schema_id, schema = latest(thing)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, value)
    return struct.pack(">bI", 0, schema_id) + body.getvalue()


def decode(raw):
    magic, schema_id = struct.unpack(">bI", raw[:5])
    assert magic == 0
    schema = fastavro.parse_schema(json.loads(registry(f"/schemas/ids/{schema_id}")["schema"]))
    return fastavro.schemaless_reader(io.BytesIO(raw[5:]), schema, None)


def main(user, context, item=None):
    # Freshet computes a user's partition itself, so the producer's own partitioner will do.
    producer = Producer({"bootstrap.servers": BROKERS, "acks": "all"})
    if item is not None:
        # Every field; those with a default in the schema may be left out by other Avro libraries.
        event = {
            "event_id": str(uuid.uuid4()),
            "user_id": user,
            "item_id": item,
            "type": "purchase",
            "occurred_at": int(time.time() * 1000),
            "context_id": context,
            "answer_id": None,
            "session_id": None,
            "value": 2.55,
            "attributes": {"source": "python"},
        }
        producer.produce(topic("user-events"), encode("user-events", event), key=user)
        producer.flush(10)
        print(f"published {event['event_id']}")

    # Whoever wants answers listens from the end before asking, and knows its own by the
    # correlation id. A topic of one's own is possible too: see FRESHET_REPLY_TOPICS.
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": str(uuid.uuid4())})
    name = topic("recommendations")
    partitions = consumer.list_topics(name, timeout=10).topics[name].partitions
    ends = [TopicPartition(name, p) for p in partitions]
    for end in ends:
        end.offset = consumer.get_watermark_offsets(end, timeout=10)[1]
    consumer.assign(ends)

    correlation = uuid.uuid4().bytes
    request = {
        "user_id": user,
        "context_id": context,
        "count": 5,
        "exclude": [],
        "session": [],
        "deadline_at": int(time.time() * 1000) + 5_000,
    }
    headers = {"correlation-id": correlation}
    producer.produce(topic("requests"), encode("requests", request), key=user, headers=headers)
    producer.flush(10)
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        record = consumer.poll(0.5)
        if record is None or dict(record.headers() or []).get("correlation-id") != correlation:
            continue
        answer = decode(record.value())
        said = answer["reason"] or f"by {answer['answered_by']}"
        print(f"answer {answer['answer_id']}: {answer['status']}, {said}")
        for place in answer["items"]:
            print(f"  {place['item_id']}  {place['score']:.3f}")
        return
    sys.exit("no answer within 10 s: is serving running?")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: freshet_client.py USER CONTEXT [ITEM]")
    main(*sys.argv[1:])
