package io.sediment.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.Batches;
import io.sediment.metadata.Topic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All that ApiVersions promises is kept, in each version; all else is refused. */
class EveryApiTest {
  private static final int FUZZED_REQUESTS = 300;

  private TestBroker broker;
  private RawClient client;

  @BeforeEach
  void start() throws Exception {
    broker =
        TestBroker.start(new FrontendSettings(false, 1, 1, 1 << 20, 100), UnaryOperator.identity());
    client = broker.connect();
    broker.startGroups();
  }

  @AfterEach
  void noHandlerFailed() throws IOException {
    client.close();
    broker.close();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
    assertThat(broker.lane.slicesOut()).as("slices that were read and not closed").isZero();
  }

  private ApiVersionCollection advertised() throws IOException {
    RequestHeader header =
        client.send(
            new ApiVersionsRequestData()
                .setClientSoftwareName("raw")
                .setClientSoftwareVersion("1.0"),
            ApiKeys.API_VERSIONS.latestVersion());
    return ((ApiVersionsResponse) client.receive(header)).data().apiKeys();
  }

  /** Versions with messages to parse: Produce is advertised from 0 on, for librdkafka's sake. */
  private static short firstVersion(ApiVersion api) {
    short parsable = ApiKeys.forId(api.apiKey()).messageType.lowestSupportedVersion();
    return api.minVersion() < parsable ? parsable : api.minVersion();
  }

  private ValidRequests.Subject newTopic(String name) {
    Topic topic = broker.createTopic(name, 1);
    Uuid id = new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits());
    return new ValidRequests.Subject(name, id, 1, Batches.plain(1));
  }

  private static ValidRequests.Subject nothing(String name) {
    return new ValidRequests.Subject(name, new Uuid(4, 4), 1, Batches.plain(1));
  }

  private AbstractResponse call(ApiMessage message, short version) throws IOException {
    RequestHeader header = client.send(message, version);
    ByteBuffer frame = client.receiveFrame();
    AbstractResponse response = AbstractResponse.parseResponse(frame, header);
    assertThat(frame.remaining()).as("bytes behind the response to " + header).isZero();
    return response;
  }

  @Test
  void everyAdvertisedVersionAnswersAValidRequest() throws IOException {
    for (ApiVersion api : advertised()) {
      ApiKeys key = ApiKeys.forId(api.apiKey());
      for (short version = firstVersion(api); version <= api.maxVersion(); version++) {
        ValidRequests.Subject topic = newTopic(key.name + "-" + version);
        AbstractResponse response = call(ValidRequests.of(key, version, topic), version);
        assertThat(response.errorCounts())
            .as(key + " version " + version + ": " + response)
            .isNotEmpty()
            .allSatisfy((error, count) -> assertThat(error).isIn(ValidRequests.answersTo(key)));
      }
    }
  }

  @Test
  void everyAdvertisedVersionHasAnAnswerForWhatIsNotThere() throws IOException {
    for (ApiVersion api : advertised()) {
      ApiKeys key = ApiKeys.forId(api.apiKey());
      for (short version = firstVersion(api); version <= api.maxVersion(); version++) {
        for (String name : new String[] {"missing", "", "no/name", "x".repeat(300)}) {
          AbstractResponse response = call(ValidRequests.of(key, version, nothing(name)), version);
          assertThat(response.errorCounts())
              .as(key + " version " + version + ": " + response)
              .doesNotContainKeys(Errors.UNKNOWN_SERVER_ERROR);
        }
      }
    }
    assertThat(broker.metadata.image().topics())
        .extracting(Topic::name)
        .filteredOn(name -> !org.apache.kafka.common.internals.Topic.isInternal(name))
        .as("only CreateTopics creates, what it may")
        .allMatch(name -> name.matches("(missing)?-[0-9]+"));
  }

  @Test
  void versionsAndKeysThatAreNotAdvertisedCloseTheConnection() throws IOException {
    ApiVersionCollection advertised = advertised();
    for (int key = -1; key < 100; key++) {
      ApiVersion api = advertised.find((short) key);
      if (api == null) {
        assertRefused(header(key, 0));
      } else if (key != ApiKeys.API_VERSIONS.id) {
        assertRefused(header(key, api.maxVersion() + 1));
        assertRefused(header(key, firstVersion(api) - 1));
        assertRefused(header(key, Short.MIN_VALUE));
      }
    }
    assertThat(advertised()).isNotEmpty();
  }

  private static ByteBuffer header(int key, int version) {
    return ByteBuffer.allocate(40)
        .putShort((short) key)
        .putShort((short) version)
        .putInt(1)
        .putShort((short) -1)
        .clear();
  }

  private void assertRefused(ByteBuffer frame) throws IOException {
    try (RawClient other = broker.connect()) {
      other.sendFrame(frame);
      assertThat(other.isClosedByPeer())
          .as("refused: key=" + frame.getShort(0) + " version=" + frame.getShort(2))
          .isTrue();
    }
  }

  @Test
  void aRequestCutOffAnywhereIsRefused() throws IOException {
    for (ApiVersion api : advertised()) {
      ApiKeys key = ApiKeys.forId(api.apiKey());
      short version = api.maxVersion();
      byte[] whole =
          RawClient.serialize(
                  new RequestHeader(key, version, "raw", 1),
                  ValidRequests.of(key, version, nothing("t")))
              .array();
      for (int length = 0; length < whole.length; length += 1 + length / 7) {
        try (RawClient other = broker.connect()) {
          other.sendFrame(ByteBuffer.wrap(whole, 0, length));
          assertThat(other.isClosedByPeer())
              .as(key + " with " + length + " of " + whole.length + " bytes")
              .isTrue();
        }
      }
    }
    assertThat(advertised()).isNotEmpty();
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void spoiltRequestsNeverMakeAHandlerFail(long seed) throws IOException {
    Random random = new Random(seed);
    ValidRequests.Subject topic = newTopic("t");
    ApiVersion[] apis = advertised().toArray(ApiVersion[]::new);
    for (int i = 0; i < FUZZED_REQUESTS; i++) {
      ApiVersion api = apis[random.nextInt(apis.length)];
      ApiKeys key = ApiKeys.forId(api.apiKey());
      int first = firstVersion(api);
      short version = (short) (first + random.nextInt(api.maxVersion() + 1 - first));
      RequestHeader header = new RequestHeader(key, version, "raw", 1);
      ByteBuffer whole = RawClient.serialize(header, ValidRequests.of(key, version, topic));
      byte[] bytes = Arrays.copyOfRange(whole.array(), whole.position(), whole.limit());
      for (int spoilt = 1 + random.nextInt(3); spoilt > 0; spoilt--) {
        int at = 8 + random.nextInt(bytes.length - 8); // behind key, version and correlation id
        bytes[at] = (byte) (random.nextBoolean() ? random.nextInt() : bytes[at] ^ 0x80);
      }
      try (RawClient other = broker.connect()) {
        other.sendFrame(ByteBuffer.wrap(bytes));
        other.finishAndDrain();
      }
    }
    assertThat(advertised()).isNotEmpty();
  }
}
