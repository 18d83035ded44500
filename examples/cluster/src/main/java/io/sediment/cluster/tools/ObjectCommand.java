package io.sediment.cluster.tools;

import io.sediment.objectstore.ObjectKey;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code object}: what one object says, and whether it is as it was written. */
final class ObjectCommand {
  private ObjectCommand() {}

  @Command(name = "dump", description = "Show what an object says of itself: index, not records.")
  static final class Dump extends BucketCommand {
    @Parameters(paramLabel = "KEY", description = "As listed, like lanes/0/boundary.")
    private String key = "";

    Dump(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      new ObjectDump(bucket, out).dump(Arguments.key(key));
      return Tools.EXIT_CLEAN;
    }
  }

  @Command(
      name = "verify",
      description = "Read objects whole and verify every checksum, block by block.")
  static final class Verify extends BucketCommand {
    @Parameters(arity = "1..*", paramLabel = "KEY", description = "As listed.")
    private List<String> keys = List.of();

    Verify(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      List<ObjectKey> objects = keys.stream().map(Arguments::key).toList();
      return new VerifiedRows(bucket, out).verify(objects);
    }
  }
}
