package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.frontend.net.BrokerServer;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.net.RawClient;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.SystemPorts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ApiVersionsHandlerTest {
  private static final int BROKER = 0;

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(BROKER, "localhost", 9092);
  private HandlerRegistry registry;
  private BrokerServer server;

  @BeforeEach
  void start() throws InterruptedException {
    registry =
        new HandlerRegistry(List.of(new ApiVersionsHandler(() -> registry, metadata, BROKER)));
    server =
        BrokerServer.start(
            BrokerServerConfig.defaults("127.0.0.1", 0, 1),
            registry,
            MemoryBudget.forBroker(64 << 20),
            SystemPorts.ticker(),
            new SimpleMeterRegistry());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static ApiVersionsRequest request(int version) {
    return new ApiVersionsRequest(
        new ApiVersionsRequestData().setClientSoftwareName("raw").setClientSoftwareVersion("1.0"),
        (short) version);
  }

  @Test
  void everyVersionListsExactlyWhatIsServed() throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      for (short version : ApiKeys.API_VERSIONS.allVersions()) {
        ApiVersionsResponse response = (ApiVersionsResponse) client.call(request(version));
        assertThat(response.data().errorCode()).isEqualTo(Errors.NONE.code());
        assertThat(response.data().apiKeys())
            .extracting(ApiVersion::apiKey)
            .containsExactly(ApiKeys.API_VERSIONS.id);
      }
    }
  }

  @Test
  void aVersionFromTheFutureIsAnsweredInTheBodyOfVersionZero() throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      client.sendFrame(RawClient.header(ApiKeys.API_VERSIONS, 99, 7));
      ByteBuffer frame = client.receiveFrame();
      ApiVersionsResponse response =
          (ApiVersionsResponse)
              ApiVersionsResponse.parseResponse(
                  frame, new RequestHeader(ApiKeys.API_VERSIONS, (short) 0, "raw", 7));
      assertThat(response.data().errorCode()).isEqualTo(Errors.UNSUPPORTED_VERSION.code());
      assertThat(response.data().apiKeys())
          .extracting(ApiVersion::maxVersion)
          .containsExactly(ApiKeys.API_VERSIONS.latestVersion());
      assertThat(frame.hasRemaining()).isFalse();
    }
  }

  @Test
  void softwareNamesFollowTheRules() throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      ApiVersionsRequest bad =
          new ApiVersionsRequest(
              new ApiVersionsRequestData()
                  .setClientSoftwareName("-no!")
                  .setClientSoftwareVersion(""),
              (short) 3);
      ApiVersionsResponse response = (ApiVersionsResponse) client.call(bad);
      assertThat(response.data().errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }
  }

  @Test
  void aClientThatLooksForAnotherBrokerIsSentBackToItsBootstrapList() throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      ApiVersionsRequest lost = request(5);
      lost.data().setClusterId("another").setNodeId(BROKER);
      ApiVersionsResponse response = (ApiVersionsResponse) client.call(lost);
      assertThat(response.data().errorCode()).isEqualTo(Errors.REBOOTSTRAP_REQUIRED.code());
    }
  }
}
