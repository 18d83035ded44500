"""One member of a group on librdkafka: member_confluent.py BOOTSTRAP TOPIC GROUP. See members.md for what it prints."""
import signal
import sys
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

bootstrap, topic, group = sys.argv[1:4]
running = True


def stop(*_):
    global running
    running = False


def say(what, partition, offset, value):
    print(int(time.time() * 1000), what, partition, offset, value, flush=True)


def commit(*_):
    """Of what was given since the last time; also before partitions go to another member."""
    try:
        if given:
            consumer.commit(offsets=[TopicPartition(topic, partition, offset) for partition, offset in given.items()], asynchronous=False)
        for partition, offset in given.items():
            say("S", partition, offset, "-")
    except KafkaException as error:
        print("not committed:", error, file=sys.stderr)
    given.clear()


signal.signal(signal.SIGTERM, stop)
consumer = Consumer({
    "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest",
    "session.timeout.ms": 3000, "heartbeat.interval.ms": 300, "partition.assignment.strategy": "cooperative-sticky"})
consumer.subscribe([topic], on_revoke=commit)
given = {}
count = 0
while running:
    record = consumer.poll(0.1)
    if record and record.error():
        raise KafkaException(record.error())
    if record:
        say("R", record.partition(), record.offset(), record.value().decode())
        given[record.partition()] = record.offset() + 1
        count += 1
    if not record or count % 20 == 0:
        commit()
commit()
consumer.close()
