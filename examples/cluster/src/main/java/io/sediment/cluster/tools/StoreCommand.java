package io.sediment.cluster.tools;

import io.sediment.metadata.bucket.Incarnation;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.Ticker;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code store}: the store itself. */
final class StoreCommand {
  private StoreCommand() {}

  @Command(
      name = "probe",
      description =
          "Can the store be reached, whose cluster is in it, how long does a read take? Whether its"
              + " conditional writes can be trusted is proved by each broker at its start.")
  static final class Probe extends BucketCommand {
    private static final ObjectKey FIRST_INCARNATION =
        new ObjectKey("cluster/incarnation/00000000000000000001");

    @Option(
        names = "--reads",
        defaultValue = "20",
        description = "How many reads to time (default: ${DEFAULT-VALUE}).")
    private int reads;

    Probe(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      if (reads < 1) {
        throw new UsageException("--reads must be at least 1: " + reads);
      }
      List<Incarnation> incarnations = bucket.incarnations();
      Optional<Incarnation> newest =
          incarnations.isEmpty()
              ? Optional.empty()
              : Optional.of(incarnations.get(incarnations.size() - 1));
      long[] nanos = new long[reads];
      Ticker ticker = context().ticker();
      for (int i = 0; i < reads; i++) {
        long begin = ticker.nanoTime();
        bucket.await(bucket.store().get(FIRST_INCARNATION, ByteRange.all()));
        nanos[i] = ticker.nanoTime() - begin;
      }
      Arrays.sort(nanos);
      long begin = ticker.nanoTime();
      bucket.await(bucket.store().list("cluster/", "", 1_000));
      long listNanos = ticker.nanoTime() - begin;
      out.row(
          new Row("store")
              .with("name", bucket.name())
              .with("cluster", newest.map(Incarnation::clusterId))
              .with("incarnation", newest.map(Incarnation::number))
              .with("voters", newest.map(Incarnation::voters))
              .with("reads", reads)
              .with("readMsMin", millis(nanos[0]))
              .with("readMsMedian", millis(nanos[reads / 2]))
              .with("readMsMax", millis(nanos[reads - 1]))
              .with("listMs", millis(listNanos)));
      return Tools.EXIT_CLEAN;
    }

    private static double millis(long nanos) {
      return Math.round(nanos / 1e4) / 1e2;
    }
  }
}
