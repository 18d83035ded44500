package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts that must fail say in one line which setting is in the way, and touch nothing. */
class RefusedStartTest {
  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();

  private Map<String, String> environment() {
    return new LoopbackSettings(ports).in(temp).environment();
  }

  private static ServerSocket listening() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
  }

  private static Throwable refusal(Map<String, String> environment) {
    return catchThrowable(() -> Broker.start(BrokerSettings.from(environment)).close());
  }

  @ParameterizedTest
  @ValueSource(strings = {"PORT", "HTTP_PORT", "RAFT_LISTEN_ADDR"})
  void aPortThatIsTakenIsNamed(String setting) throws IOException {
    try (ServerSocket taken = listening()) {
      Map<String, String> environment = environment();
      String address = "127.0.0.1:" + taken.getLocalPort();
      environment.put(
          setting,
          setting.equals("RAFT_LISTEN_ADDR") ? address : Integer.toString(taken.getLocalPort()));
      Throwable refusal = refusal(environment);
      assertThat(refusal).hasMessageStartingWith(setting + ": cannot listen on " + address);
      assertThat(refusal).message().hasLineCount(1);
      assertThat(Main.exitStatus(refusal)).isEqualTo(1);
      assertThat(temp.resolve("data")).doesNotExist();
    }
  }

  @Test
  void dataInUseComesBeforePortsInUse() throws IOException {
    Map<String, String> environment = environment();
    Path raft = temp.resolve("raft");
    Files.createDirectories(raft);
    try (ServerSocket taken = listening();
        FileChannel channel =
            FileChannel.open(
                raft.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      environment.put("HTTP_PORT", Integer.toString(taken.getLocalPort()));
      assertThat(channel.tryLock()).isNotNull();
      Throwable refusal = refusal(environment);
      assertThat(refusal).hasMessageContaining("is in use by another broker process");
      assertThat(Main.exitStatus(refusal)).isEqualTo(3);
    }
  }

  @Test
  void votersThatDoNotAnswerAreASettingThatCannotBeRight() {
    assertThat(Main.exitStatus(new MetadataUnavailableException("waited for broker 1")))
        .isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "PORT, abc",
    "PORT, 70000",
    "OBJECT_STORE_TYPE, tape",
    "OBJECT_STORE_TYPE, s3",
    "NUM_PARTITIONS, 0",
    "BROKER_ID, -1",
    "RAFT_LISTEN_ADDR, nowhere",
    "AUTO_CREATE_TOPICS, perhaps",
    "S3_ENDPOINT, nowhere:9000",
    "S3_ENDPOINT, http://no host",
    "HOST, 203.0.113.7",
    "RAFT_LISTEN_ADDR, 203.0.113.7:9093",
    "RAFT_PATH, /dev/null",
    "DATA_PATH, /dev/null/data"
  })
  void aWrongSettingIsNamedWithItsValue(String setting, String value) throws IOException {
    Map<String, String> environment = environment();
    environment.put(setting, value);
    Throwable refusal = refusal(environment);
    assertThat(refusal).isInstanceOf(InvalidSettingException.class).message().hasLineCount(1);
    assertThat(Main.exitStatus(refusal)).isEqualTo(2);
    assertThat(temp.resolve("data")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "RAFT_PATH, /proc/sediment",
    "DATA_PATH, /proc/sediment/data",
    "MEMORY_BUDGET, 100000g"
  })
  void whatTheMachineHasNotGotIsRefusedBeforeAnythingIsTouched(String setting, String value) {
    Map<String, String> environment = environment();
    environment.put(setting, value);
    Throwable refusal = refusal(environment);
    assertThat(refusal)
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith(setting + "='" + value + "' is not allowed")
        .message()
        .hasLineCount(1);
    assertThat(Main.exitStatus(refusal)).isEqualTo(2);
    assertThat(temp).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"RAFT_PATH", "DATA_PATH"})
  void aFolderWhoseNameIsTooLongIsNamed(String setting) {
    Map<String, String> environment = environment();
    String path = temp.resolve("missing").resolve("x".repeat(300)).toString();
    environment.put(setting, path);
    Throwable refusal = refusal(environment);
    assertThat(refusal)
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith(setting + "='" + path.substring(0, 200))
        .hasMessageContaining("cannot be made in " + temp + ": File name too long")
        .message()
        .hasLineCount(1);
    assertThat(Main.exitStatus(refusal)).isEqualTo(2);
    assertThat(temp).isEmptyDirectory();
  }

  @ParameterizedTest
  @CsvSource({"data, data", "data, data/raft", "both/data, both", "link/raft, both"})
  void theMetadataLogIsNoPartOfTheLocalStore(String data, String raft) throws IOException {
    Files.createDirectories(temp.resolve("both"));
    Files.createSymbolicLink(temp.resolve("link"), temp.resolve("both"));
    Map<String, String> environment = environment();
    environment.put("DATA_PATH", temp.resolve(data).toString());
    environment.put("RAFT_PATH", temp.resolve(raft).toString());
    Throwable refusal = refusal(environment);
    assertThat(refusal)
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith("RAFT_PATH='" + environment.get("RAFT_PATH") + "'")
        .hasMessageContaining("DATA_PATH")
        .hasMessageEndingWith("'" + environment.get("DATA_PATH") + "'")
        .message()
        .hasLineCount(1);
    assertThat(Main.exitStatus(refusal)).isEqualTo(2);
    assertThat(temp.resolve("both")).isEmptyDirectory();
    assertThat(temp.resolve("data")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP_PORT", "RAFT_LISTEN_ADDR"})
  void onePortForTwoThingsIsRefused(String setting) throws IOException {
    Map<String, String> environment = environment();
    String port = environment.get("PORT");
    environment.put(setting, setting.equals("HTTP_PORT") ? port : "0.0.0.0:" + port);
    Throwable refusal = refusal(environment);
    assertThat(refusal)
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith(setting + "='" + environment.get(setting) + "'")
        .hasMessageContaining("another port than PORT")
        .message()
        .hasLineCount(1);
    assertThat(temp.resolve("data")).doesNotExist();
  }
}
