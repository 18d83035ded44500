package io.sediment.cluster.simulation;

import io.sediment.cluster.tools.BucketSource;
import io.sediment.cluster.tools.Tools;
import io.sediment.compactor.CompactionOptions;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.SimObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A copy of a simulated bucket of one moment, to be looked at by the command that operators use.
 */
final class FrozenBucket implements BucketSource.Opened {
  private final MemoryObjectStore store = new MemoryObjectStore();

  private FrozenBucket(SimObjectStore bucket) {
    for (ObjectKey key : bucket.keys("")) {
      byte[] bytes = bucket.peek(key).orElseThrow();
      store.putIfAbsent(key, ObjectBody.of(ByteBuffer.wrap(bytes))).join();
    }
  }

  /** What {@code fsck} says of {@code bucket} as it is right now; empty without a finding. */
  static List<String> fsck(SimObjectStore bucket) {
    FrozenBucket frozen = new FrozenBucket(bucket);
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
    int status = Tools.run(new String[] {"fsck"}, scheduler -> frozen, out, out);
    List<String> lines = said.toString(StandardCharsets.UTF_8).lines().toList();
    boolean isClean =
        status == Tools.EXIT_CLEAN && lines.stream().noneMatch(FrozenBucket::isFinding);
    return isClean ? List.of() : lines;
  }

  private static boolean isFinding(String line) {
    return line.startsWith("finding ");
  }

  @Override
  public String name() {
    return "simulated";
  }

  @Override
  public ObjectStore store() {
    return store;
  }

  @Override
  public CompactionOptions compaction() {
    return CompactionOptions.DEFAULT;
  }

  @Override
  public TopicConfigs topicConfigs() {
    return (image, topic) -> Map.of();
  }

  @Override
  public void close() {}
}
