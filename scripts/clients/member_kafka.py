"""One member of a group on kafka-python: member_kafka.py BOOTSTRAP TOPIC GROUP. See members.md for what it prints."""
import signal
import sys
import time

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CommitFailedError
from kafka.structs import OffsetAndMetadata

bootstrap, topic, group = sys.argv[1:4]
running = True


def stop(*_):
    global running
    running = False


def say(what, partition, offset, value):
    print(int(time.time() * 1000), what, partition, offset, value, flush=True)


signal.signal(signal.SIGTERM, stop)
consumer = KafkaConsumer(
    topic, bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest",
    session_timeout_ms=3000, heartbeat_interval_ms=300, max_poll_records=20, max_poll_interval_ms=10000)
while running:
    done = {}
    for records in consumer.poll(timeout_ms=100).values():
        for record in records:
            say("R", record.partition, record.offset, record.value.decode())
            done[TopicPartition(record.topic, record.partition)] = OffsetAndMetadata(record.offset + 1, "")
    if done:
        try:
            consumer.commit(done)
            for partition, committed in done.items():
                say("S", partition.partition, committed.offset, "-")
        except CommitFailedError as error:
            print("not committed:", error, file=sys.stderr)
consumer.close(autocommit=False)
