package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.metadata.Topic;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A group takes so many members and no more, and who is in it is not disturbed. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GroupSizeTest {
  private final List<RawGroups> clients = new ArrayList<>();
  private TestBroker broker;
  private Topic topic;

  @BeforeEach
  void start() throws Exception {
    broker =
        TestBroker.startWithGroups(Map.of("group.max.size", "1", "group.consumer.max.size", "1"));
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

  private RawGroups member() throws IOException {
    RawGroups client = new RawGroups(broker, topic, "small", null);
    clients.add(client);
    return client;
  }

  private static Errors join(RawGroups member) throws IOException {
    return Errors.forCode(member.join().errorCode());
  }

  private static Errors consumerJoin(RawGroups member) throws IOException {
    return Errors.forCode(member.consumerJoin("uniform").errorCode());
  }

  @Test
  void aClassicGroupThatIsFullRefusesOneMoreUntilAMemberLeaves() throws IOException {
    RawGroups inside = member();
    assertThat(join(inside)).isEqualTo(Errors.NONE);
    assertThat(inside.sync(inside.memberId())).isEqualTo(Errors.NONE);
    assertThat(join(member())).isEqualTo(Errors.GROUP_MAX_SIZE_REACHED);
    assertThat(inside.heartbeat()).as("no rebalance").isEqualTo(Errors.NONE);
    assertThat(inside.leave()).isEqualTo(Errors.NONE);
    assertThat(join(member())).isEqualTo(Errors.NONE);
  }

  @Test
  void aConsumerGroupThatIsFullRefusesOneMore() throws IOException {
    RawGroups inside = member();
    assertThat(consumerJoin(inside)).isEqualTo(Errors.NONE);
    int epoch = inside.generation();
    assertThat(consumerJoin(member())).isEqualTo(Errors.GROUP_MAX_SIZE_REACHED);
    assertThat(Errors.forCode(inside.consumerHeartbeat(epoch, null).errorCode()))
        .isEqualTo(Errors.NONE);
  }
}
