package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members that vanish, in ever new groups, do not fill the memory. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GroupMemoryTest {
  private static final int MAX = 1 << 20;
  private static final int SAID = 200 << 10;
  private static final int LONG_SESSION_MS = 60_000;

  private final List<RawGroups> clients = new ArrayList<>();
  private TestBroker broker;
  private Topic topic;

  @BeforeEach
  void start() throws Exception {
    broker =
        TestBroker.startWithGroups(
            Map.of("group.max.session.timeout.ms", Integer.toString(LONG_SESSION_MS)), MAX);
    topic = broker.createTopic("orders", 1);
    broker.startGroups();
  }

  @AfterEach
  void stop() throws IOException {
    for (RawGroups client : clients) {
      client.close();
    }
    broker.close();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private RawGroups member(String group) throws IOException {
    RawGroups client = new RawGroups(broker, topic, group, null).saying(SAID);
    clients.add(client);
    return client;
  }

  private static Errors join(RawGroups member) {
    try {
      return Errors.forCode(member.join().errorCode());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Errors consumerJoin(RawGroups member) throws IOException {
    return Errors.forCode(member.consumerJoin("uniform").errorCode());
  }

  private double memory() {
    return broker.meters.get("kafka.group.members.memory").gauge().value();
  }

  private double refused() {
    return broker.meters.counter("kafka.group.members.refused").count();
  }

  @Test
  void classicMembersOfManyGroupsAreRefusedUntilOthersAreGone() throws IOException {
    RawGroups stays = member("stays").withSession(LONG_SESSION_MS);
    assertThat(join(stays)).isEqualTo(Errors.NONE);
    assertThat(stays.sync(stays.memberId())).isEqualTo(Errors.NONE);
    int vanished = 0;
    while (join(member("vanishes-" + vanished)) == Errors.NONE) {
      vanished++;
      assertThat(vanished).isLessThan(MAX / SAID);
    }
    assertThat(memory()).isBetween(MAX / 2.0, (double) MAX);
    assertThat(refused()).isPositive();

    RawGroups refused = member("next").withSession(LONG_SESSION_MS);
    assertThat(join(stays)).as("who has its memory").isEqualTo(Errors.NONE);
    assertThat(stays.sync(stays.memberId())).isEqualTo(Errors.NONE);
    Await.until("sessions are over", () -> join(refused) == Errors.NONE);
    assertThat(stays.heartbeat()).isEqualTo(Errors.NONE);
    assertThat(refused.leave()).isEqualTo(Errors.NONE);
    assertThat(stays.leave()).isEqualTo(Errors.NONE);
    Await.until("all are gone", () -> memory() == 0);
  }

  @Test
  void consumersOfManyGroupsAreRefusedUntilOthersLeave() throws IOException {
    List<RawGroups> members = new ArrayList<>();
    for (RawGroups next = member("0");
        consumerJoin(next) == Errors.NONE;
        next = member(Integer.toString(members.size()))) {
      members.add(next);
      assertThat(members).hasSizeLessThanOrEqualTo(MAX / SAID);
    }
    assertThat(members).hasSizeGreaterThan(2);
    assertThat(consumerJoin(member("next"))).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
    assertThat(refused()).isEqualTo(2);
    RawGroups first = members.get(0);
    assertThat(first.consumerHeartbeat(first.generation(), List.of(0)).errorCode())
        .as("who has its memory")
        .isEqualTo(Errors.NONE.code());
    first.consumerHeartbeat(-1, null);
    assertThat(consumerJoin(member("next"))).isEqualTo(Errors.NONE);
  }
}
