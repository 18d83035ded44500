package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.handler.FrontendSettings;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Kafka's own admin client on one broker for all; every test has topics of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class AdminClientTestCase {
  static final String OWN_CONFIG = "retention.budget.percent";

  TestBroker broker;
  Admin admin;

  @BeforeAll
  void start() throws Exception {
    broker =
        TestBroker.start(new FrontendSettings(false, 4, 1, 1 << 20, 100), UnaryOperator.identity());
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    admin = Admin.create(properties);
  }

  @AfterAll
  void stop() {
    admin.close();
    broker.close();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  static Errors errorOf(KafkaFuture<?> future) throws InterruptedException {
    try {
      future.get();
      return Errors.NONE;
    } catch (ExecutionException e) {
      return Errors.forException(e.getCause());
    }
  }

  static ConfigResource topic(String name) {
    return new ConfigResource(ConfigResource.Type.TOPIC, name);
  }

  final Config configOf(ConfigResource resource, boolean synonyms) throws Exception {
    return admin
        .describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(synonyms))
        .all()
        .get()
        .get(resource);
  }
}
