package io.sediment.cluster.tools;

import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "fsck",
    description =
        "Prove from the bucket alone that no record is missing, double or altered: every checksum"
            + " of every object, and the invariants I1 to I10. Brokers may be at work meanwhile.")
final class FsckCommand extends BucketCommand {
  @Option(
      names = "--no-data",
      description = "Only what indexes say: is all there, once, and in its place?")
  private boolean noData;

  @Option(
      names = "--orphans",
      description = "List each object that is not live: garbage, unnamed, foreign.")
  private boolean listsOrphans;

  FsckCommand(ToolContext context) {
    super(context);
  }

  @Override
  int run(BucketView bucket, Output out) {
    Progress progress = new Progress(context().err(), context().ticker());
    Fsck fsck = new Fsck(bucket, finding -> out.row(finding.row()), progress);
    fsck.run(
        !noData,
        (role, object) -> {
          if (listsOrphans) {
            out.row(
                new Row("orphan")
                    .with("role", name(role))
                    .with("key", object.key())
                    .with("bytes", object.length()));
          }
        });
    fsck.counts()
        .forEach(
            (role, count) ->
                out.row(
                    new Row("objects")
                        .with("role", name(role))
                        .with("objects", count.objects)
                        .with("bytes", count.bytes)));
    out.row(
        new Row("fsck")
            .with("clean", fsck.damages() == 0)
            .with("damages", fsck.damages())
            .with("warnings", fsck.warnings())
            .with("data", !noData));
    return fsck.damages() == 0 ? Tools.EXIT_CLEAN : Tools.EXIT_DAMAGED;
  }

  private static String name(Fsck.Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }
}
