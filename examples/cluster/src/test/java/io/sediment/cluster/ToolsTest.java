package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.tools.Tools;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SampleBucketExtension.class)
class ToolsTest {
  private final Path bucket;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  @TempDir Path own;

  ToolsTest(Path bucket) {
    this.bucket = bucket;
  }

  private int run(Path where, String... arguments) {
    out.reset();
    err.reset();
    return Tools.run(
        arguments,
        new SettingsBucket(SampleBucket.environment(where)),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private List<String> lines(String... arguments) {
    assertThat(run(bucket, arguments)).as(err.toString(StandardCharsets.UTF_8)).isZero();
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void theProbeSaysWhoseBucketItIsAndHowLongReadsTake() {
    assertThat(lines("store", "probe", "--reads", "3"))
        .singleElement()
        .asString()
        .contains("name=" + bucket, "incarnation=2", "voters=[0]", "reads=3", "readMsMedian=");
  }

  @Test
  void lanesAreListedWithTheirStatesAndSizes() {
    List<String> lanes = lines("lane");
    assertThat(lanes).hasSize(2);
    assertThat(lanes.get(0))
        .contains("lane=0 ", "state=SEALED", "tailObjects=0", "incarnation=2")
        .doesNotContain("runs=0", "l0Objects=0");
    assertThat(lanes.get(1))
        .contains("lane=2 ", "state=ACTIVE", "tailEndsAt=gap")
        .doesNotContain("tailObjects=0", "l0Objects=0");
    assertThat(lines("lane", "2")).isEqualTo(lanes.subList(1, 2));
    assertThat(run(bucket, "lane", "7")).isEqualTo(Tools.EXIT_USAGE);
  }

  @Test
  void aManifestNamesEverythingTheLaneConsistsOf() {
    List<String> manifest = lines("manifest", "0", "--table");
    assertThat(manifest.get(0)).startsWith("manifest lane=0 id=");
    assertThat(manifest).anyMatch(line -> line.startsWith("run key=data/"));
    assertThat(manifest).anyMatch(line -> line.startsWith("l0 key=lanes/0/wal/"));
    assertThat(manifest)
        .anyMatch(line -> line.startsWith("partition partition=plain-0 nextOffset=60 "));
    assertThat(run(bucket, "manifest", "0", "1000000")).isEqualTo(Tools.EXIT_USAGE);
  }

  @Test
  void theLogIsListedByWhatItsObjectsAreForAndDumpedSlotBySlot() {
    assertThat(lines("wal", "list", "0"))
        .anyMatch(line -> line.contains("role=fence"))
        .anyMatch(line -> line.contains("role=\"level 0\""));
    List<String> tail =
        lines("wal", "list", "2").stream().filter(line -> line.contains("role=tail")).toList();
    assertThat(tail).isNotEmpty();
    List<String> dump = lines("wal", "dump", "2");
    assertThat(dump.stream().filter(line -> line.startsWith("object "))).hasSize(tail.size());
    assertThat(dump)
        .anyMatch(line -> line.startsWith("section "))
        .anyMatch(line -> line.startsWith("block "))
        .anyMatch(line -> line.startsWith("producer "));
    assertThat(lines("wal", "verify", "2")).hasSize(tail.size());
    assertThat(run(bucket, "wal", "dump", "2", "1.7")).isEqualTo(Tools.EXIT_USAGE);
  }

  @Test
  void everyObjectOfABucketCanBeDumpedAndIsSound() throws IOException {
    List<String> keys = keys();
    assertThat(keys).hasSizeGreaterThan(20);
    for (String key : keys) {
      assertThat(lines("object", "dump", key)).as(key).isNotEmpty();
      assertThat(lines("object", "verify", key))
          .containsExactly("verified key=" + key + " outcome=sound");
    }
  }

  @Test
  void aDamagedBlockIsReportedByKeyBlockAndOffsetsAndTheOthersAreReadOn() throws IOException {
    SampleBucket.copy(bucket, own.resolve("copy"));
    String key = keys().stream().filter(it -> it.endsWith(".l0")).findFirst().orElseThrow();
    Path object = own.resolve("copy").resolve(key);
    byte[] bytes = Files.readAllBytes(object);
    bytes[64 + 70] ^= 1; // the first record of the first block
    Files.write(object, bytes);
    assertThat(run(own.resolve("copy"), "object", "verify", key, keys().get(0)))
        .isEqualTo(Tools.EXIT_DAMAGED);
    List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0))
        .startsWith("damage key=" + key + " partition=")
        .contains(" position=64 length=", " fromOffset=", " toOffset=", "crc");
    assertThat(lines.get(1)).isEqualTo("verified key=" + key + " outcome=damaged");
    assertThat(lines.get(2)).endsWith("outcome=sound");
  }

  @Test
  void whatIsAskedWronglyIsSaidInOneLine() {
    assertThat(run(bucket, "object", "dump", "lanes/0/nothing")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(err.toString(StandardCharsets.UTF_8)).hasLineCount(1).contains("lanes/0/nothing");
    assertThat(run(bucket, "lane", "--frobnicate")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(run(own.resolve("missing"), "lane")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(run(own, "lane")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("no cluster in " + own);
    assertThat(
            Tools.run(
                new String[] {"lane"},
                new SettingsBucket(Map.of("OBJECT_STORE_TYPE", "memory")),
                new PrintStream(out),
                new PrintStream(err)))
        .isEqualTo(Tools.EXIT_USAGE);
  }

  @Test
  void eachLineIsAJsonObjectWhenAsked() {
    assertThat(lines("lane", "0", "--json"))
        .singleElement()
        .asString()
        .startsWith("{\"row\":\"lane\",\"lane\":0,\"state\":\"SEALED\",\"owner\":0,\"epoch\":")
        .endsWith("\"tailEndsAt\":\"gap\"}");
  }

  @Test
  void withoutACommandOfItsOwnTheBrokerIsMeant() {
    assertThat(Tools.know(new String[] {})).isFalse();
    assertThat(Tools.know(new String[] {"broker"})).isFalse();
    assertThat(Tools.know(new String[] {"lane", "0"})).isTrue();
    assertThat(Tools.know(new String[] {"--help"})).isTrue();
  }

  private List<String> keys() throws IOException {
    try (Stream<Path> files = Files.walk(bucket)) {
      List<String> keys = new ArrayList<>();
      files
          .filter(Files::isRegularFile)
          .map(file -> bucket.relativize(file).toString())
          .filter(key -> key.indexOf('~') < 0)
          .forEach(keys::add);
      keys.sort(null);
      return keys;
    }
  }
}
