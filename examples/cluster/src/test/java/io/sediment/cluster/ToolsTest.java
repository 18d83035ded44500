package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.sediment.cluster.tools.Tools;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
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
  void anOffsetIsFoundInWhicheverLayerItLies() {
    assertThat(lines("partition", "locate", "plain", "1", "5"))
        .singleElement()
        .asString()
        .startsWith("block offset=5 leaderEpoch=0 lane=0 laneEpoch=1 level=1 key=data/");
    assertThat(lines("partition", "locate", "plain", "1", "45"))
        .singleElement()
        .asString()
        .contains(" lane=0 laneEpoch=4 level=0 key=lanes/0/wal/");
    assertThat(lines("partition", "locate", "plain", "1", "65"))
        .singleElement()
        .asString()
        .contains(" lane=2 laneEpoch=1 level=0 key=data/", ".l0 position=");
    assertThat(lines("partition", "locate", "plain", "1", "95"))
        .singleElement()
        .asString()
        .contains(" lane=2 laneEpoch=2 level=log key=lanes/2/wal/");
    assertThat(run(bucket, "partition", "locate", "plain", "1", "100")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(run(bucket, "partition", "locate", "trimmed", "0", "29"))
        .isEqualTo(Tools.EXIT_USAGE);
    assertThat(run(bucket, "partition", "locate", "plain", "3", "0")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(run(bucket, "partition", "locate", "deleted", "0", "0")).isEqualTo(Tools.EXIT_USAGE);
  }

  @Test
  void aScanShowsEveryRecordOnceAndInOrder() {
    List<String> plain = lines("partition", "scan", "plain", "1", "--values");
    assertThat(plain).hasSize(100);
    for (int i = 0; i < plain.size(); i++) {
      assertThat(plain.get(i))
          .startsWith("record offset=" + i + " timestamp=")
          .endsWith(" value=value-" + (3 * i + 1));
    }
    assertThat(lines("partition", "scan", "trimmed", "0", "--limit", "2"))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("record offset=30 timestamp=")
        .doesNotContain("value=");
    assertThat(lines("partition", "scan", "plain", "1", "--from", "38", "--to", "62")).hasSize(24);
    assertThat(lines("partition", "scan", "compacted", "0", "--to", "120"))
        .hasSizeLessThan(100)
        .isNotEmpty();
  }

  @Test
  void aScanGoesOnBehindADamagedBlock() throws IOException {
    SampleBucket.copy(bucket, own.resolve("copy"));
    String located = lines("partition", "locate", "plain", "1", "45").get(0);
    Path object = own.resolve("copy").resolve(value(located, "key"));
    byte[] bytes = Files.readAllBytes(object);
    bytes[Integer.parseInt(value(located, "position")) + 30] ^= 4;
    Files.write(object, bytes);
    assertThat(run(own.resolve("copy"), "partition", "scan", "plain", "1"))
        .isEqualTo(Tools.EXIT_DAMAGED);
    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .anyMatch(line -> line.startsWith("damage key=" + value(located, "key")))
        .noneMatch(line -> line.startsWith("record offset=45 "))
        .anyMatch(line -> line.startsWith("record offset=99 "));
  }

  private static String value(String line, String name) {
    int from = line.indexOf(" " + name + "=") + name.length() + 2;
    int to = line.indexOf(' ', from);
    return to < 0 ? line.substring(from) : line.substring(from, to);
  }

  @Test
  void whatTheCollectorWouldDeleteIsCountedAndListed() {
    List<String> plan = lines("gc", "plan", "--list");
    List<String> deletes = plan.stream().filter(line -> line.startsWith("delete ")).toList();
    assertThat(deletes).anyMatch(line -> line.startsWith("delete key=lanes/2/wal/")); // flushed
    assertThat(plan).filteredOn(line -> line.startsWith("gc lane=")).hasSize(2);
    List<String> orphans = lines("fsck", "--no-data", "--orphans");
    for (String delete : deletes) {
      assertThat(orphans).contains("orphan role=garbage" + delete.substring("delete".length()));
    }
  }

  @Test
  void whatACompactorWouldDoNextIsSaidByItsOwnPolicy() {
    List<String> plan = lines("compact", "plan");
    assertThat(plan).hasSize(2);
    assertThat(plan.get(0)) // a sealed lane is clustered to its last object
        .startsWith("compact lane=0 sealed=true manifest=")
        .contains(" next=cluster bytes=", " takesL0=[lanes/0/wal/");
    assertThat(plan.get(1))
        .startsWith("compact lane=2 sealed=false manifest=")
        .endsWith(" next=nothing");
  }

  @Test
  void costsAreMeasuredOrSaidToBeAssumed() throws IOException {
    long bytes = 0;
    for (String key : keys()) {
      bytes += Files.size(bucket.resolve(key));
    }
    List<String> assumed = lines("cost", "--puts-per-second", "10", "--gets-per-second", "1");
    assertThat(assumed.get(0)).startsWith("prices name=\"S3 Standard\" perThousandPuts=0.005 ");
    assertThat(assumed.get(1))
        .startsWith(
            "cost item=storage basis=measured objects=" + keys().size() + " bytes=" + bytes);
    assertThat(assumed.get(2)) // 10 a second are 25.92 million a month
        .contains("item=requests basis=assumed ")
        .endsWith(" dollarsPerMonth=130.6368");
    assertThat(assumed.get(3)).contains("item=total dollarsPerMonth=130.636");
    assertThat(run(bucket, "cost", "--seconds", "0")).isEqualTo(Tools.EXIT_USAGE);
  }

  @Test
  void requestsAreMeasuredAtTheBrokers() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/metrics",
        exchange -> {
          int n = asked.incrementAndGet();
          byte[] body =
              ("sediment_store_requests_seconds_count{client=\"main\",op=\"put_if_absent\"} "
                      + 100 * n
                      + "\nsediment_store_requests_seconds_count{client=\"main\",op=\"get\"} "
                      + 7.0 * n
                      + "\nsediment_store_bytes_total{client=\"main\",direction=\"up\"} 1.5E6\n")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try {
      String url = "http://127.0.0.1:" + server.getAddress().getPort();
      assertThat(lines("cost", "--metrics", url + "/metrics", "--seconds", "1"))
          .anyMatch(
              line ->
                  line.startsWith("cost item=requests basis=\"measured, and assumed to go on so\"")
                      && line.contains(" put_if_absent=100 get=7 uploadedBytes=0 "));
      assertThat(run(bucket, "cost", "--metrics", url + "/nothing")).isEqualTo(Tools.EXIT_USAGE);
    } finally {
      server.stop(0);
    }
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
  void whatIsNoCommandIsRefused() {
    assertThat(run(bucket, "compactr")).isEqualTo(Tools.EXIT_USAGE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("'compactr'");
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
